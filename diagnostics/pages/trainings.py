"""The index of all trainings of one script: a row for each, with its model, how it ended, and a link to its report."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from diagnostics.pages.html import rendered, sheet
from diagnostics.runs.files import written_whole
from diagnostics.runs.run import Run

UNKNOWN, WIDE = "–", ".wide { overflow-x: auto; }"


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
        facts = self.run.config.get("model"), loss_of(self.run), optimizer_of(self.run), self._fit
        return ", ".join(str(fact) for fact in facts if fact)

    @property
    def _fit(self) -> str:
        number = self.run.config.get("fit")
        return f"fit {number}" if number else "loop" if self.run.config.get("training") else ""

    def row(self, directory: Path) -> dict[str, str]:
        """The cells of the table; links are relative to ``directory``."""
        config, scalars = self.run.config, self.run.scalars
        steps = f"{int(scalars['step'].to_numpy().max()) + 1:,}" if len(scalars) else UNKNOWN
        known = {"model": config.get("model"), "loss": loss_of(self.run), "optimizer": optimizer_of(self.run)}
        known |= {"training": self._fit, "steps": steps, "status": self.run.status, "answer": self.answer}
        known["link"] = os.path.relpath(self.report, directory) if self.report else ""
        return {name: str(value) if value is not None else UNKNOWN for name, value in known.items()}


def loss_of(run: Run) -> str | None:
    """What the loss is called: its class, or the variable that holds it in the script."""
    loss = (run.metadata.get("training") or {}).get("loss") or {}
    known = loss.get("class") if isinstance(loss, dict) else None
    return known or run.config.get("loss_name")


def optimizer_of(run: Run) -> str | None:
    """The class of the optimizer; of several, the classes of all, by the part of the model that each trains."""
    known = run.metadata.get("training") or {}
    if several := known.get("optimizers"):
        return " and ".join(f"{each['class']} ({part})" for part, each in several.items())
    return (known.get("optimizer") or {}).get("class") or run.config.get("optimizer")


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
    shown = {"title": f"{len(rows)} trainings", "command": script, "trainings": rows}
    page = rendered("trainings.html.j2", sheet("report.css") + WIDE, **shown)
    with written_whole(path) as file:
        file.write(page.encode())
    return path
