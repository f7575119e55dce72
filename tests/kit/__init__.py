"""Small models and training steps for the tests of ``probes``."""
