"""Remedies that are tried: each is a change of a program, which is trained again from the same seeds."""
