"""Sees every layer call of a training step and keeps the tensors that some probe needs."""
