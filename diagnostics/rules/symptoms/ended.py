"""Did training end as intended, and is the run long enough to be judged?"""

from __future__ import annotations

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
            error = _in_a_line(str(case.metadata.get("error") or "an exception"))
            return Finding(
                self.name,
                "warning",
                f"Training failed {at}: {error.rstrip('.')}.",
                "The run ends where the program failed; the other findings concern the steps before.",
                "Mend the program first.",
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
        return Finding(self.name, "clean", f"Training ended as intended {at}.", numbers=numbers)


def _in_a_line(error: str) -> str:
    """The exception's type and the line that says what was wrong: in TensorFlow's errors the last one, after the traceback."""
    first, *rest = [line.strip() for line in error.splitlines() if line.strip()] or ["an exception"]
    said = [line for line in rest if not line.startswith(("File ", "[[", "Detected at node", "Original stack trace"))]
    return f"{first.partition(':')[0]}: {said[-1]}" if first.endswith(":") and said else first
