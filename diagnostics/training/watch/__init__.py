"""Watches the training of a script that does not know about it."""
