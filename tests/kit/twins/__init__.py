"""A slow NumPy reference for every probe, written from its definition: float64, one entry at a time.

Each module has the name of the probe's file and one function ``columns(steps)``: the columns of one layer over a
window of steps. ``KIND`` names the layer class of a probe that looks at some kinds only.
"""
