"""The index of all trainings of one script: a row for each, with its model, how it ended, and a link to its report."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from diagnostics.pages.html import rendered
from diagnostics.runs.files import written_whole
from diagnostics.runs.run import Run

UNKNOWN = "–"


@dataclass(frozen=True)
class Training:
    """One training in the index.

    Args:
        run: its record.
        answer: what its report says first.
        report: the report; ``None`` if there is none.
    """

    run: Run
    answer: str
    report: Path | None = None

    @property
    def about(self) -> str:
        """Model, loss and optimizer, and which ``fit`` of the model it was, as far as they are known."""
        facts = self.run.config.get("model"), loss_of(self.run), self.run.config.get("optimizer"), self._fit
        return ", ".join(str(fact) for fact in facts if fact)

    @property
    def _fit(self) -> str:
        number = self.run.config.get("fit")
        return f"fit {number}" if number else "loop" if self.run.config.get("training") else ""

    def row(self, directory: Path) -> dict[str, str]:
        """The cells of the table; links are relative to ``directory``."""
        config, scalars = self.run.config, self.run.scalars
        steps = f"{int(scalars['step'].to_numpy().max()) + 1:,}" if len(scalars) else UNKNOWN
        known = {"model": config.get("model"), "loss": loss_of(self.run), "optimizer": config.get("optimizer")}
        known |= {"training": self._fit, "steps": steps, "status": self.run.status, "answer": self.answer}
        known["link"] = os.path.relpath(self.report, directory) if self.report else ""
        return {name: str(value) if value is not None else UNKNOWN for name, value in known.items()}


def loss_of(run: Run) -> str | None:
    """What the loss is called: its class, or the variable that holds it in the script."""
    loss = (run.metadata.get("training") or {}).get("loss") or {}
    known = loss.get("class") if isinstance(loss, dict) else None
    return known or run.config.get("loss_name")


def write_trainings(trainings: Sequence[Training], script: str, path: Path) -> Path:
    """Write the index.

    Args:
        trainings: in the order in which they began.
        script: the command line, for the heading.
        path: the HTML file.

    Returns:
        The file's path.
    """
    rows = [each.row(path.parent) for each in trainings]
    page = rendered("trainings.html.j2", title=f"{len(rows)} trainings", script=script, trainings=rows)
    with written_whole(path) as file:
        file.write(page.encode())
    return path
