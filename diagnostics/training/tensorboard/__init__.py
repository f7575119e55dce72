"""TensorBoard event files, written live or from a stored run."""
