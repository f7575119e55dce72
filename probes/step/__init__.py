"""One training step as snapshots: what the layers returned, their gradients, and what the update did to the weights."""
