"""Runs and experiments on disk: written a part at a time, read back as tables. Never loads TensorFlow."""
