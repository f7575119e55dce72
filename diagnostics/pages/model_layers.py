"""The layers of a run's model in the order of its tables: names, kinds, shapes, connections, and how they form blocks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from diagnostics.figures import layer_names
from diagnostics.figures.layer_names import Block
from diagnostics.runs.facts import Layer
from diagnostics.runs.order import MODEL
from diagnostics.runs.run import Run

MOST_ROWS, MOST_BLOCKS = 32, 48
"""Most layers with a row of their own, which fit on a screen, and most blocks: fewer would each be a bar code of dozens of layers."""
MOST_KINDS = 3
"""Most kinds of layer that a block's row names, beside a number for the rest."""
LONGEST_PERIOD, FEWEST_REPEATS = 24, 3
"""The longest sequence of kinds, in layers, that counts as a block when it repeats at least so many times."""


@dataclass(frozen=True)
class Node:
    """One layer in the picture.

    Args:
        path: its path.
        kind: its class.
        shape: its output's shape as text, without the batch; empty if unknown.
        parameters: how many it has itself.
        frozen: whether it has parameters and none of them is trained.
        trained: how many of them are; ``None`` where that is all of them, or all but the averages of a normalisation.
        status: ``measured``, or why it is not.
        inbound: paths of the layers whose outputs it takes.
        net: the model that it belongs to, if the run trains several.
    """

    path: str
    kind: str
    shape: str = ""
    parameters: int = 0
    frozen: bool = False
    trained: int | None = None
    status: str = "measured"
    inbound: tuple[str, ...] = ()
    net: str = ""


@dataclass(frozen=True)
class Net:
    """A chain of layers, and the blocks that it is folded into.

    Args:
        name: the model's name; empty if there is only one.
        nodes: its layers from input to output.
        blocks: consecutive layers that are shown in one row.
        known: whether connections were recorded.
    """

    name: str
    nodes: tuple[Node, ...]
    blocks: tuple[Block, ...] = field(default=())
    known: bool = False


def nets_of(run: Run) -> list[Net]:
    """The run's models, each from input to output, with their layers folded into blocks.

    Connections come from the recorded architecture; a run without one shows each model as a chain.
    """
    nodes = list(_nodes(run))
    measured = list(run.layers[MODEL].astype(str).unique()) if MODEL in run.layers else []
    # As in the figures: in the order of the tables, and nets without a row behind them.
    names = [*dict.fromkeys([*measured, *(node.net for node in nodes)])]
    chains = [tuple(node for node in nodes if node.net == name) for name in names]
    return [
        Net(name if len(names) > 1 else "", chain, tuple(folded(chain)), any(node.inbound for node in chain))
        for name, chain in zip(names, chains, strict=True)
        if chain
    ]


def folded(nodes: Sequence[Node], most: int = MOST_ROWS) -> list[Block]:
    """Consecutive layers as blocks: by their names, or by a sequence of kinds that repeats.

    Args:
        nodes: layers from input to output.
        most: with at most so many layers, each is a block of its own.
    """
    paths = [node.path for node in nodes]
    if len(nodes) <= most:
        return [Block(path, place, place) for place, path in enumerate(paths)]
    by_name = layer_names.blocks(paths, MOST_BLOCKS)
    if len(by_name) > 3 and max(block.last - block.first for block in by_name) < len(nodes) / 2:
        return by_name
    by_kind = list(_repeats(nodes))
    return by_kind if len(by_kind) < len(nodes) / 2 else list(_even(paths, most))


def summary(nodes: Sequence[Node]) -> str:
    """The kinds of some layers with their number, the most frequent first: ``3 Conv2D, 2 BatchNormalization, Add``."""
    if len(nodes) == 1:
        return nodes[0].kind
    counts = Counter(node.kind for node in nodes).most_common()
    # A single kind that is left takes no more room than the number of those that are left.
    most = len(counts) if len(counts) <= MOST_KINDS + 1 else MOST_KINDS
    shown = ", ".join(f"{count} {kind}" if count > 1 else kind for kind, count in counts[:most])
    return shown + (f" and {sum(count for _, count in counts[most:])} more" if counts[most:] else "")


def _repeats(nodes: Sequence[Node]) -> Iterator[Block]:
    kinds, place = [node.kind for node in nodes], 0
    while place < len(kinds):
        period, repeats = _longest(kinds, place)
        for _ in range(repeats):
            last = place + period - 1
            name = nodes[place].path if period == 1 else f"{nodes[place].path} … {nodes[last].path}"
            yield Block(name, place, last)
            place = last + 1


def _longest(kinds: Sequence[str], start: int) -> tuple[int, int]:
    """Length and number of the repeated sequence that covers most layers from `start` on; (1, 1) without one."""
    best = (1, 1)
    for period in range(2, LONGEST_PERIOD + 1):
        first, repeats = kinds[start : start + period], 1
        while kinds[start + repeats * period : start + (repeats + 1) * period] == first:
            repeats += 1
        if repeats >= FEWEST_REPEATS and repeats * period > best[0] * best[1]:
            best = (period, repeats)
    return best


def _even(paths: Sequence[str], most: int) -> Iterator[Block]:
    """Blocks of one size, where neither names nor kinds show any."""
    size = -(-len(paths) // most)
    for first in range(0, len(paths), size):
        last = min(first + size, len(paths)) - 1
        yield Block(f"{paths[first]} … {paths[last]}" if last > first else paths[first], first, last)


def _nodes(run: Run) -> Iterator[Node]:
    facts = {layer.path: layer for layer in run.architecture}
    table = {str(entry["layer"]): entry for entry in run.layer_table if "layer" in entry}
    parts = _parts(table)
    paths = [path for path in table or facts if not _holds_others(path, table, facts)]
    nets, depths, last = _nets(paths, table, facts), {}, 0.0
    for path in paths:
        # A layer that is not measured has depth 0 and goes behind the one that was defined before it.
        last = float(table.get(path, {}).get("depth") or last + 1e-3)
        depths[path] = last
    # What is measured with the layer that holds it follows that layer: its place in the chain is inside.
    order = sorted(paths, key=lambda path: (depths[parts.get(path, path)], path in parts))
    for path in order:
        node = _node(path, table.get(path, {}), facts.get(path), nets.get(path, ""))
        holder = parts.get(path)
        inbound = (holder,) if holder else dict.fromkeys(parts.get(each, each) for each in node.inbound)
        yield replace(node, inbound=tuple(each for each in inbound if each != path))


def _parts(table: Mapping[str, Mapping[str, Any]]) -> dict[str, str]:
    """Layers whose output is only measured with the layer that holds them, such as the cell of an LSTM, and that layer."""
    measured = {path for path, entry in table.items() if entry.get("status", "measured") == "measured"}
    outer = {path: path.rpartition("/")[0] for path in table if path not in measured}
    return {path: holder for path, holder in outer.items() if holder in measured}


def _holds_others(path: str, table: Mapping[str, Mapping[str, Any]], facts: Mapping[str, Layer]) -> bool:
    """Whether a layer is only a container: it has no row of its own, and others are inside it."""
    entry = table.get(path)
    measured = entry is None or entry.get("status", "measured") == "measured"
    return not measured and any(other.startswith(f"{path}/") for other in (*table, *facts))


def _nets(paths: Sequence[str], table: Mapping[str, Mapping[str, Any]], facts: Mapping[str, Layer]) -> dict[str, str]:
    """The net of each layer; in runs that did not record it, the model, or the outermost container if every layer is inside one."""
    known = {path: str(table[path]["model"]) for path in paths if table.get(path, {}).get("model")}
    if known:
        return known
    recorded = {path: facts[path].model for path in paths if path in facts}
    if len(set(recorded.values())) > 1:
        return recorded
    outer = {path: path.partition("/")[0] for path in paths if "/" in path}
    return outer if len(outer) == len(paths) and 1 < len(set(outer.values())) <= 6 else {}


def _in_part(layer: Layer) -> bool:
    """Whether some of a layer's weights are trained and others not, as with adapters; a normalisation's averages are no weights."""
    return 0 < layer.trainable_parameters < layer.parameters and not layer.class_name.endswith("Normalization")


def _node(path: str, entry: Mapping[str, Any], layer: Layer | None, net: str) -> Node:
    kind, parameters = str(entry.get("kind", "")), int(entry.get("parameters") or 0)
    units = entry.get("units")
    status = str(entry.get("status", "measured"))
    if layer is None:
        return Node(path, kind or "layer", f"{units}" if units else "", parameters, status=status, net=net)
    return Node(
        path,
        layer.class_name or kind or "layer",
        "×".join("?" if side is None else f"{side:,}" for side in (layer.output_shape or ())[1:]),
        layer.parameters or parameters,
        frozen=bool(layer.parameters) and not layer.trainable_parameters,
        trained=layer.trainable_parameters if _in_part(layer) else None,
        status=status,
        inbound=layer.inbound,
        net=net,
    )
