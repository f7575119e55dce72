"""Probes inside ``keras.Model.fit``: the callback, and what it replaces while training goes on."""
