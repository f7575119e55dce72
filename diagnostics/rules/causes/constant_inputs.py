"""Do the inputs say anything about the examples?"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

from diagnostics.rules.case import Case
from diagnostics.rules.finding import ALL_FACTS, Finding, NotEvaluated, Remedy
from diagnostics.rules.rule import Rule
from diagnostics.wording.numerals import short


@dataclass(frozen=True)
class ConstantInputs(Rule):
    """Inputs that are the same for every example.

    Formula: minimum = maximum; or at least ``share`` of its features constant.

    Args:
        share: of the features. Nine in ten: images have constant borders, and tables a few unused columns.
    """

    share: float = 0.9

    rank: ClassVar[int] = 12
    explains: ClassVar[frozenset[str]] = frozenset(
        {"no_learning", "stuck_loss", "diverging_loss", "constant_predictions", "non_finite", "constant_signal"}
        | {"dead_units", "vanishing_gradient", "learning_rate_too_low", "learning_rate_too_high", "exploding_gradient"}
        | {"weights_do_not_move", "update_ratio"}
    )

    def judge(self, case: Case) -> Finding | NotEvaluated:
        """Warning or clean; not evaluated without a record of the inputs."""
        if not case.data.inputs:
            return NotEvaluated(("a record of the inputs",), (), ALL_FACTS)
        for one in case.data.inputs:
            name = f"Input {one.name!r}" if one.name else "The input"
            if one.minimum is not None and one.minimum == one.maximum:
                return self._found(
                    f"{name} is {short(one.minimum)} in every entry of every example",
                    "check how it is loaded and rescaled",
                )
            if one.features and one.features > 1 and (one.constant_features or 0) >= self.share * one.features:
                if _are_tokens(case):
                    return self._padded(one.constant_features or 0, one.features)
                told = f"{one.constant_features} of {one.features} features of the input are the same for every example"
                return self._found(told, "check how they are loaded and rescaled")
        return Finding(self.name, "clean", "The inputs vary.")

    def _padded(self, constant: int, positions: int) -> Finding:
        return replace(
            self._found(f"{constant} of {positions} positions of the input hold the same token in every example", ""),
            means="What they say of the example is lost among them, most of all if they come last before a recurrent layer.",
            do="If they are padding, let the model skip them: Embedding(mask_zero=True), padding on the left, or a shorter length.",
        )

    def _found(self, what: str, do: str) -> Finding:
        return Finding(
            self.name,
            "warning",
            f"{what}.",
            "The model cannot tell examples apart by them.",
            f"Look at one batch as the model gets it; {do}.",
            remedies=(Remedy("inputs"),),
        )


def _are_tokens(case: Case) -> bool:
    """Whether the input is a sequence of tokens."""
    first = next((layer for layer in case.architecture if layer.parameters), None)
    return first is not None and first.class_name == "Embedding"
