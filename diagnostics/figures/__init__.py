"""Figures by kind of evidence: each takes a tidy table and returns a matplotlib figure, and knows nothing of runs.

A figure's `width` is in CSS pixels; the same figure drawn narrow has fewer panels side by side, for a phone.
"""

from __future__ import annotations

from diagnostics.figures.before_after import before_after
from diagnostics.figures.by_arm import by_arm
from diagnostics.figures.by_layer import by_layer
from diagnostics.figures.by_setting import by_setting
from diagnostics.figures.curves import curves
from diagnostics.figures.depth_profile import depth_profile
from diagnostics.figures.effects import effects
from diagnostics.figures.gap import gap
from diagnostics.figures.heat_map import heat_map
from diagnostics.figures.histogram_pair import histogram_pair
from diagnostics.figures.layer_courses import layer_courses
from diagnostics.figures.layer_maps import layer_maps
from diagnostics.figures.layer_overlay import layer_overlay
from diagnostics.figures.layer_profile import layer_profile
from diagnostics.figures.overlay import overlay
from diagnostics.figures.seed_pairs import seed_pairs
from diagnostics.figures.stability import stability
from diagnostics.figures.time_to_revival import time_to_revival
from diagnostics.figures.unit_raster import unit_raster
from diagnostics.figures.units_by_layer import units_by_layer
from diagnostics.figures.value_bands import value_bands

__all__ = [
    "before_after",
    "by_arm",
    "by_layer",
    "by_setting",
    "curves",
    "depth_profile",
    "effects",
    "gap",
    "heat_map",
    "histogram_pair",
    "layer_courses",
    "layer_maps",
    "layer_overlay",
    "layer_profile",
    "overlay",
    "seed_pairs",
    "stability",
    "time_to_revival",
    "unit_raster",
    "units_by_layer",
    "value_bands",
]
