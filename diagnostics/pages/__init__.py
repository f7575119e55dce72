"""Turns stored runs and verdicts into pages, and renders pages as HTML or for the terminal. Never loads TensorFlow."""
