"""The state of a training as named arrays: weights, optimizer, statistics, random generators; captured, restored, on disk.

``variables`` has `capture`, `restore` and `held`; ``files`` has `save` and `load`.
"""
