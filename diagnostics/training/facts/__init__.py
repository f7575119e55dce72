"""What a run records besides statistics: how it is trained, the model's layers, and what its data look like."""
