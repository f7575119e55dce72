"""The model as a picture: a row per block, a cell per layer coloured by one quantity, and lines for shortcuts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import quote

import numpy as np
import pandas as pd

from diagnostics.figures import colour_scale
from diagnostics.figures.columns import quantity
from diagnostics.figures.layer_names import Block
from diagnostics.figures.layer_rows import Rows, has_readings
from diagnostics.figures.scales import Scale
from diagnostics.pages.model_layers import Net, Node, nets_of, summary
from diagnostics.runs.run import Run
from diagnostics.wording.numerals import short

LEVELS = 16
"""Colours of the cells; each is a class of the style sheet, because the page allows no ``style`` attribute."""
MOST_LANES = 5
"""Most lines beside each other; further shortcuts share the outermost."""
TRUNK, LANE = 8, 9
"""Width of the column for the chain and of each lane, in CSS pixels."""


@dataclass(frozen=True)
class Cell:
    """A layer in the picture.

    Args:
        path: its path.
        link: the fragment that chooses it.
        level: its colour, 0 to 15; −1 if it has no reading, 16 if the reading is not finite, 17 if it is 0 on a scale of decades.
        facts: its path, kind, shape and parameters.
        value: the quantity's name and value; empty without a reading.
        marked: the severity of the finding that concerns it; empty if none does.
    """

    path: str
    link: str
    level: int
    facts: str
    value: str
    marked: str


@dataclass(frozen=True)
class Row:
    """A block in the picture: its name, its kinds of layer, its size, and its cells."""

    name: str
    kinds: str
    shape: str
    parameters: str
    cells: tuple[Cell, ...]
    note: str
    marked: str


@dataclass(frozen=True)
class Diagram:
    """One model in the picture.

    Args:
        name: the model's name; empty if there is only one.
        rows: its blocks, input first.
        wires: shortcuts as SVG paths, in units of a row vertically and of a CSS pixel horizontally.
        room: width of the wires, in CSS pixels.
    """

    name: str
    rows: tuple[Row, ...]
    wires: tuple[str, ...]
    room: int


@dataclass(frozen=True)
class Picture:
    """The models of a run.

    Args:
        diagrams: one for each model.
        column: the quantity that colours the cells; empty if nothing was measured.
        label: its name and unit.
        low: the value of the darkest colour.
        high: the value of the brightest one.
        step: the step of the values.
        counted: whether any block holds several layers.
        shaped: whether the shape of any output is known.
    """

    diagrams: tuple[Diagram, ...]
    column: str = ""
    label: str = ""
    low: str = ""
    high: str = ""
    step: str = ""
    counted: bool = False
    shaped: bool = False


def link_to(path: str) -> str:
    """The fragment that chooses a layer in the page."""
    return f"#layer={quote(path, safe='')}"


def picture_of(run: Run, layers: pd.DataFrame, column: str, marked: Mapping[str, str]) -> Picture | None:
    """The picture of a run's models; ``None`` if their layers are unknown.

    Args:
        run: a stored run.
        layers: its ``layers``, with infinity where NaN was measured.
        column: the quantity that colours the cells, at each layer's last reading.
        marked: severity of the findings by the layers that they concern.
    """
    nets = [net for net in nets_of(run) if net.nodes]
    if not nets:
        return None
    values = last_values(layers, column)
    levels, low, high = levels_of(values, column)
    label = quantity(column).label if values else ""
    diagrams = tuple(_diagram(net, values, levels, label, marked) for net in nets)
    step = f"{int(layers['step'].to_numpy().max()):,}" if values else ""
    counted = any(len(row.cells) > 1 for diagram in diagrams for row in diagram.rows)
    shaped = any(row.shape for diagram in diagrams for row in diagram.rows)
    return Picture(diagrams, column if values else "", label, low, high, step, counted, shaped)


def last_values(layers: pd.DataFrame, column: str) -> dict[str, float]:
    """Each layer's last reading of a quantity."""
    if not has_readings(layers, column):
        return {}
    rows = Rows.of(layers, column)
    last = rows.values.shape[1] - 1 - (~np.isnan(rows.values))[:, ::-1].argmax(axis=1)
    return dict(zip(rows.names, rows.values[np.arange(len(last)), last].tolist(), strict=True))


def colour_limits(scale: Scale, values: np.ndarray) -> tuple[float, float]:
    """The values of the darkest and the brightest colour; an axis leaves room around shares, a key of colours does not."""
    low, high = scale.limits(values)
    known = values[np.isfinite(values)]
    if known.size and known.min() >= 0 and known.max() <= 1 and low < 0:
        return 0.0, min(high, 1.0)
    return low, high


def levels_of(values: Mapping[str, float], column: str) -> tuple[dict[str, int], str, str]:
    """Colours by layer, and the values of the darkest and the brightest one."""
    if not values:
        return {}, "", ""
    scale = quantity(column).scale
    limits = colour_limits(scale, np.array([*values.values()]))
    place = colour_scale.norm(scale, limits)
    levels = {}
    for path, value in values.items():
        if not np.isfinite(value):
            levels[path] = LEVELS
        elif scale.name == "log" and value <= 0:
            levels[path] = LEVELS + 1
        else:
            levels[path] = min(int(float(np.clip(place(value), 0, 1)) * LEVELS), LEVELS - 1)
    return levels, short(limits[0], 2), short(limits[1], 2)


def _diagram(
    net: Net, values: Mapping[str, float], levels: Mapping[str, int], label: str, marked: Mapping[str, str]
) -> Diagram:
    wires, room = _wires(net)
    rows = tuple(_row(net, block, values, levels, label, marked) for block in net.blocks)
    return Diagram(net.name, rows, wires, room)


def _row(
    net: Net,
    block: Block,
    values: Mapping[str, float],
    levels: Mapping[str, int],
    label: str,
    marked: Mapping[str, str],
) -> Row:
    nodes = net.nodes[block.first : block.last + 1]
    parameters = sum(node.parameters for node in nodes)
    words = {marked[node.path] for node in nodes if node.path in marked}
    return Row(
        name=_name(net, block, nodes),
        kinds=summary(nodes),
        shape=nodes[-1].shape,
        parameters=f"{parameters:,}" if parameters else "",
        cells=tuple(_cell(node, values, levels, label, marked.get(node.path, "")) for node in nodes),
        note=_note(net, block, nodes),
        marked=next((word for word in ("error", "warning") if word in words), ""),
    )


def _name(net: Net, block: Block, nodes: Sequence[Node]) -> str:
    """The block's name; for a part of the layer above, such as its cell, what it is called inside."""
    holder, _, inner = nodes[0].path.rpartition("/")
    inside = len(nodes) == 1 and nodes[0].inbound == (holder,) and any(node.path == holder for node in net.nodes)
    # Under the net's own heading its name is no part of the layer's.
    return f"└ {inner}" if inside else block.name.removeprefix(f"{net.name}/") if net.name else block.name


def _cell(node: Node, values: Mapping[str, float], levels: Mapping[str, int], label: str, marked: str) -> Cell:
    facts = [
        node.path,
        node.kind,
        *([node.shape] if node.shape else []),
        *([f"{node.parameters:,} parameters"] if node.parameters else []),
        *(["frozen"] if node.frozen else []),
        *([node.status] if node.status != "measured" else []),
    ]
    value = f"{label}: {short(values[node.path])}" if node.path in values else ""
    return Cell(node.path, link_to(node.path), levels.get(node.path, -1), " · ".join(facts), value, marked)


def _note(net: Net, block: Block, nodes: Sequence[Node]) -> str:
    """What a row says besides its kinds: frozen weights, and a shortcut that stays inside the block."""
    own = {node.path: place for place, node in enumerate(nodes)}
    inside = any(
        place - own.get(path, place) > 1 for node in nodes for path in node.inbound for place in [own[node.path]]
    )
    weighted = [node for node in nodes if node.parameters]
    frozen = bool(weighted) and all(node.frozen for node in weighted)
    some = any(node.trained is not None for node in nodes)
    trained = sum(node.trained if node.trained is not None else 0 if node.frozen else node.parameters for node in nodes)
    said = {"with a shortcut": inside, "frozen": frozen, f"{trained:,} trained": some}
    return ", ".join(text for text, holds in said.items() if holds)


def _wires(net: Net) -> tuple[tuple[str, ...], int]:
    """Lines beside the chain for connections that leave out a row."""
    spans = sorted(set(_spans(net)), key=lambda span: (span[1] - span[0], span))
    lanes: list[list[tuple[int, int]]] = []
    paths = []
    for start, end in spans:
        free = (lane for lane in lanes if all(end <= other[0] or start >= other[1] for other in lane))
        lane = next(free, None)
        if lane is None:
            lane = lanes[-1] if len(lanes) == MOST_LANES else []
            if not any(lane is known for known in lanes):
                lanes.append(lane)
        lane.append((start, end))
        paths.append((start, end, next(number for number, known in enumerate(lanes) if known is lane)))
    room = TRUNK + LANE * len(lanes)
    return tuple(
        _wire(start, end, room - TRUNK - LANE * (lane + 0.5), room - TRUNK / 2) for start, end, lane in paths
    ), room


def _spans(net: Net) -> Iterator[tuple[int, int]]:
    row_of = {
        net.nodes[place].path: row
        for row, block in enumerate(net.blocks)
        for place in range(block.first, block.last + 1)
    }
    for node in net.nodes:
        for path in node.inbound:
            start = row_of.get(path)
            if start is not None and row_of[node.path] - start > 1 and not _only_parts(net, path, node.path):
                yield start, row_of[node.path]


def _only_parts(net: Net, start: str, end: str) -> bool:
    """Whether nothing but parts of the first layer lies between two: a cell inside an LSTM is no step of the chain."""
    paths = [node.path for node in net.nodes]
    between = paths[paths.index(start) + 1 : paths.index(end)]
    return bool(between) and all(path.startswith(f"{start}/") for path in between)


def _wire(start: int, end: int, lane: float, trunk: float) -> str:
    top, bottom = start + 0.5, end + 0.5
    return (
        f"M{trunk:g} {top:g}C{lane:g} {top:g} {lane:g} {top:g} {lane:g} {top + 0.5:g}"
        f"V{bottom - 0.5:g}C{lane:g} {bottom:g} {lane:g} {bottom:g} {trunk:g} {bottom:g}"
    )
