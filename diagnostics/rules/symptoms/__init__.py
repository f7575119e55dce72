"""What training came to: one rule for each way in which it can go wrong."""
