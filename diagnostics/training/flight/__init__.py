"""Records what led to a value that is not finite, and repeats the step that made it."""
