"""Did training end as intended, and is the run long enough to be judged?"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import ClassVar

from diagnostics.rules.case import Case
from diagnostics.rules.finding import Finding
from diagnostics.rules.outcome import FEWEST_READINGS
from diagnostics.rules.rule import Rule


@dataclass(frozen=True)
class Ended(Rule):
    """A run that failed, was interrupted, or is too short.

    Formula: the run's status, and the number of finite readings of its loss against ``fewest``.

    Args:
        fewest: readings of the loss. Five: below that, neither a level nor its noise can be told.
    """

    fewest: int = FEWEST_READINGS

    is_symptom: ClassVar[bool] = True
    rank: ClassVar[int] = 98

    def judge(self, case: Case) -> Finding:
        """Warning for an exception, info for an interrupt or a short run, else clean."""
        readings = 0 if case.loss is None else len(case.loss)
        at = f"after {case.steps:,} step{'s' * (case.steps != 1)}"
        numbers = {"steps": case.steps, "readings": readings}
        status = case.metadata.get("status", "finished")
        if status == "failed":
            return Finding(
                self.name,
                "warning",
                f"Training failed {at}: {case.failure}.",
                "The run ends where the program failed; the other findings concern the steps before.",
                _remedy(case.failure),
                numbers=numbers,
            )
        if status in ("interrupted", "running"):
            how = "was interrupted" if status == "interrupted" else "is still running or was killed"
            return Finding(
                self.name, "info", f"Training {how} {at}.", "The findings concern the steps so far.", numbers=numbers
            )
        if case.loss is not None and readings < self.fewest:
            return Finding(
                self.name,
                "info",
                f"The run has {readings} of the {self.fewest} readings of the loss that a judgement needs.",
                "Whether the model learns cannot be told yet.",
                "Train for more steps.",
                numbers=numbers,
                value=readings,
                threshold=self.fewest,
            )
        return Finding(self.name, "clean", f"The run was not cut short: it ended {at}.", numbers=numbers)


_KNOWN = (
    (
        r"indices\[.*\] = (-?\d+) is not in \[0, (\d+)\)",
        "An Embedding has input_dim={1} and gets the index {0}: give it the largest index + 1.",
    ),
    (
        r"is incompatible with the layer|Input 0 of layer",
        "Give the model's Input the shape of one example, without the batch; images and sequences need a last axis for channels or "
        "features (x[..., None]).",
    ),
    (r"OOM|ResourceExhausted|out of memory", "Use a smaller batch or a smaller model."),
    (
        r"Unsupported object type|could not convert string|Invalid dtype: object",
        'Turn text and missing values into numbers before training: x.astype("float32") shows where it fails.',
    ),
)
"""What an exception says, as a regular expression, and what to do."""


def _remedy(failure: str) -> str:
    for pattern, told in _KNOWN:
        if found := re.search(pattern, failure):
            return told.format(*found.groups())
    return "Mend the program first."
