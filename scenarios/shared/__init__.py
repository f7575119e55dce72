"""Models, claims and calculations that scenarios import."""
