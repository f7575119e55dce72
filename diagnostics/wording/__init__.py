"""Numbers and statements as text, the same on pages, in the terminal and in notebooks."""
