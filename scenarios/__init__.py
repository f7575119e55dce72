"""Scenarios: ready experiments, each of which puts a statement about training to the test. One file each."""
