"""Formats numbers and statements as text, for pages, terminal and notebooks alike."""
