"""Is a hidden layer so narrow that what the task needs cannot pass?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from diagnostics.rules.case import Case
from diagnostics.rules.finding import ALL_FACTS, Finding, NotEvaluated
from diagnostics.rules.losses import family_of
from diagnostics.rules.model import RECURRENT_CELLS, hidden, output_units
from diagnostics.rules.rule import LEARNS_LITTLE, Rule


@dataclass(frozen=True)
class NarrowLayer(Rule):
    """A hidden layer of one or two units in a model that should tell classes apart or predict a number.

    Formula: the fewest units of a hidden dense or recurrent layer, at most ``few``. Models with several real outputs are left out,
    as a narrow layer in the middle is what an autoencoder is about. It is a fault only if training is known to
    have a bad outcome.

    Args:
        few: units. Two: whatever comes after them knows each example by two numbers.
    """

    few: int = 2

    rank: ClassVar[int] = 47
    explains: ClassVar[frozenset[str]] = LEARNS_LITTLE | {"dead_units", "stopped_early", "constant_signal"}

    def judge(self, case: Case) -> Finding | NotEvaluated:
        """Warning or clean; not evaluated without a record of the architecture."""
        if not case.architecture:
            return NotEvaluated(("a record of the architecture",), (), ALL_FACTS)
        layers = [
            one for one in hidden(case.architecture) if one.class_name in ("Dense", *RECURRENT_CELLS) and one.units
        ]
        narrow = min(layers, key=lambda one: one.units or 0, default=None)
        decodes = family_of(case.training.loss) not in ("categorical", "sparse", "binary") and (
            (output_units(case.architecture) or 1) > 1
        )
        unknown = case.outcome.skill is None  # the nets of a GAN meet in narrow layers, too
        if narrow is None or (narrow.units or 0) > self.few or decodes or unknown:
            return Finding(self.name, "clean", "No hidden layer is as narrow as one or two units.")
        units = f"{narrow.units} unit{'s' * (narrow.units != 1)}"
        return Finding(
            self.name,
            "warning",
            f"The hidden layer {narrow.path} has {units}.",
            f"All that the model can tell of an example passes through {units}.",
            "Use 16 to 128 units in each hidden layer.",
            layers=(narrow.path,),
            value=float(narrow.units or 0),
            threshold=float(self.few),
            confidence=0.9,
        )
