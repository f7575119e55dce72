"""Why training came to what it did: one rule for each cause."""
