"""Checkpoints of a training, and how it goes on from one: ``place`` says where it was, ``store`` has the files.

``inputs`` repeats the batches that were seen, and refuses data that cannot be repeated; ``session`` brings it together.
"""
