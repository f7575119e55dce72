"""Which parts of a model are nets of their own: generator and discriminator, teacher and student, two towers.

Depth is counted, and gradients are followed, along one chain of layers. A model that merely holds others is no such chain.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import keras

Links = Mapping[int, set[int]]
"""By the ``id`` of a layer, the ids of the layers whose outputs it takes."""


@dataclass(eq=False)
class Part:
    """A layer directly inside the model.

    Args:
        layer: the layer.
        path: its path.
        update: the number of the last update in the step that changed any of its weights; ``None`` if none did.
    """

    layer: keras.Layer
    path: str
    update: int | None

    @property
    def has_weights(self) -> bool:
        """Whether it has weights, trained or not; other layers separate nothing."""
        return bool(self.layer.weights)

    @property
    def is_model(self) -> bool:
        """Whether it can be a net of its own."""
        return isinstance(self.layer, keras.Model) and self.has_weights


@dataclass(eq=False)
class _Group:
    """Parts that feed one another and are changed by one update."""

    parts: list[Part] = field(default_factory=list)
    update: int | None = None


def nets_of(whole: str, parts: Sequence[Part], links: Links) -> dict[str, str]:
    """The net that each part belongs to.

    Parts belong together if one feeds another and no other update changes it. A generator feeds a discriminator, but each has
    an update of its own; a frozen backbone has none, and belongs to the head behind it. Of parts that belong together, a model
    that runs beside others, such as one of two towers, is a net of its own; the rest is one net.

    Args:
        whole: the model's name.
        parts: the layers directly inside it, in the order in which they ran.
        links: which of them feed one another.

    Returns:
        Path of the part to the name of its net; empty if the model is a single net.
    """
    if not any(part.is_model for part in parts):
        return {}
    groups = [group for group in _groups(parts, links) if any(part.is_model for part in group.parts)]
    before = _before(parts, links)
    nets: dict[str, str] = {}
    for group in groups:
        alone = [part for part in group.parts if part.is_model and _runs_beside(part, group.parts, before)]
        rest = [part for part in parts if part in group.parts and part not in alone]  # in the order in which they ran
        nets |= {part.path: part.path for part in alone}
        nets |= dict.fromkeys((part.path for part in rest), whole if len(groups) == 1 else _name(rest))
    others = [part for part in parts if part.path not in nets]
    nets |= dict.fromkeys((part.path for part in others), whole)
    named = {nets[part.path] for part in parts if part.has_weights}
    return nets if len(named) > 1 else {}


def _groups(parts: Sequence[Part], links: Links) -> list[_Group]:
    group_of = {id(part.layer): _Group([part], part.update) for part in parts}
    by_id = {id(part.layer): part for part in parts}
    pairs = [(one, by_id[other]) for one in parts for other in links.get(id(one.layer), ()) if other in by_id]
    # What one update changes belongs together first; only then may frozen layers join one side or the other.
    for one, other in sorted(pairs, key=lambda pair: pair[0].update != pair[1].update):
        mine, its = group_of[id(one.layer)], group_of[id(other.layer)]
        if mine is its or (None not in (mine.update, its.update) and mine.update != its.update):
            continue
        mine.parts += its.parts
        mine.update = its.update if mine.update is None else mine.update
        group_of |= {id(part.layer): mine for part in its.parts}
    found = {id(group_of[id(part.layer)]): group_of[id(part.layer)] for part in parts}
    return [*found.values()]


def _before(parts: Sequence[Part], links: Links) -> dict[int, set[int]]:
    """By the ``id`` of a layer, those of all layers that it depends on, near or far."""
    before: dict[int, set[int]] = {}
    for part in parts:
        waiting, seen = [id(part.layer)], set[int]()
        while waiting:
            waiting += links.get(waiting.pop(), set()) - seen
            seen.update(waiting)
        before[id(part.layer)] = seen
    return before


def _runs_beside(part: Part, others: Sequence[Part], before: Mapping[int, set[int]]) -> bool:
    own = id(part.layer)
    return any(
        other is not part
        and other.has_weights
        and own not in before[id(other.layer)]
        and id(other.layer) not in before[own]
        for other in others
    )


def _name(parts: Sequence[Part]) -> str:
    names = [*_names(parts)]
    return " + ".join(names) if len(names) <= 3 else f"{names[0]} … {names[-1]}"


def _names(parts: Sequence[Part]) -> Iterator[str]:
    return (part.path for part in parts if part.has_weights)
