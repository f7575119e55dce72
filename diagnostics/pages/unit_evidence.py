"""Which units died and came back in a run, as figures with the captions that tell how to read them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial

import pandas as pd

from diagnostics.figures import time_to_revival, units_by_layer
from diagnostics.pages.page import Exhibit
from diagnostics.survival import spells

RASTER = (
    "Each line across a panel is a unit, coloured while it was dead: silent on every example of the check. Grey spells had an "
    "end, the unit came back; orange ones last to the last check."
)
CURVE = (
    "Of the spells that units were dead for, the share that lasts longer (Kaplan-Meier): a curve that falls fast is of units "
    "that come back soon. Ticks mark spells that the end of the run cut off. Those of units that were born dead are left out: "
    "when they began is not known."
)


def unit_exhibits(
    layers: pd.DataFrame, events: pd.DataFrame | None, units: Mapping[str, int], name: str
) -> Iterator[Exhibit]:
    """The figures that a run's events of units allow.

    Args:
        layers: a run's ``layers``, with ``dead_fraction``.
        events: a run's ``units``.
        units: number of units by layer.
        name: what the run is called in its figures.
    """
    checks = layers.loc[layers["dead_fraction"].notna() & layers["layer"].astype(str).isin(list(units))]
    if events is None or events.empty or checks.empty:
        return
    yield _exhibit(
        "unit-raster", partial(units_by_layer, events, checks, units), RASTER, "Units over checks, by layer."
    )
    table = spells(events, int(checks["step"].max()))
    died = table.loc[~table["born_dead"].to_numpy(bool)]
    if len(died):
        died = died.assign(arm=pd.Categorical([name] * len(died)), seed=0)
        yield _exhibit("time-to-revival", partial(time_to_revival, died), CURVE, "Kaplan-Meier curve of spells.")


def _exhibit(name: str, draw: partial, caption: str, what: str) -> Exhibit:
    return Exhibit(name=name, draw=draw, caption=caption, alt=f"{what} {caption}")
