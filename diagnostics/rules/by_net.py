"""Judges each net of a model by itself: a gradient does not flow from one net's chain of layers into the next one's."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from diagnostics.measures.grid import Grid
from diagnostics.rules.finding import LOUD, Finding, NotEvaluated

Judge = Callable[[Grid, Grid], Finding | NotEvaluated]


def worst_net(gradient: Grid, update: Grid, judge: Judge) -> Finding | NotEvaluated:
    """The most severe finding of all nets, which names its net and those that have the same fault.

    Args:
        gradient: ``activation_gradient_rms``.
        update: ``update_ratio``.
        judge: judges one net by both.

    Returns:
        The finding; that a net lacks the data counts only if all do.
    """
    gradients, updates = gradient.by_net(), update.by_net()
    answers = {net: judge(own, updates[net]) for net, own in gradients.items() if net in updates}
    if not answers:
        return NotEvaluated(("a net with both gradient and update of its layers",))
    found = {net: answer for net, answer in answers.items() if isinstance(answer, Finding)}
    if not found or len(gradients) == 1:
        return next(iter((found or answers).values()))
    faulty = {net: one for net, one in found.items() if one.severity in LOUD}
    worst = max(faulty or found, key=lambda net: found[net].confidence)
    also = [net for net in faulty if net != worst]
    return replace(
        found[worst],
        what=f"{worst}: {found[worst].what}" + (f" The same is found in {', '.join(also)}." if also else ""),
        layers=tuple(layer for net in (worst, *also) for layer in found[net].layers),
    )
