"""The cases, one file a family; every `Case` that a file here defines belongs to the benchmark."""
