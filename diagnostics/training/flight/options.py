"""The settings of a flight recorder."""

from __future__ import annotations

from dataclasses import dataclass

from probes.errors import UsageError, unknown_name

ANSWERS = ("continue", "stop", "skip")


@dataclass(frozen=True)
class FlightRecorder:
    """Keeps what is needed to repeat the last steps, and writes it to ``RUN/flight`` when a loss or gradient is not finite.

    ``python -m diagnostics.replay RUN`` then names the layer and operation where that began.

    Args:
        steps: how many steps before the fault can be repeated.
        every: steps between two copies of weights, optimizer and random generators; steps in between are repeated from there.
            The copy costs about as much as half a step of an optimizer such as Adam, so 100 keeps it below 1 %.
        on_nonfinite: what happens after the record is written: ``"continue"``, ``"stop"``, or ``"skip"``, which undoes the step
            as if its batch had not come (it reads all gradients, and copies the state at every step).
        memory: bytes that batches may take between two copies; larger batches mean more copies. The default, 256 MiB, holds
            14 batches of 32 photographs of 224 × 224 pixels.
        scale_skips: steps in a row that loss scaling may leave out before they count as a fault. Keras begins at a scale of
            2¹⁵, from where a healthy model in half precision leaves out fewer.
        most: records that a run may write, so that one that fails again and again does not fill the disk.

    Raises:
        UsageError: numbers below 1, or another word.
    """

    steps: int = 20
    every: int = 100
    on_nonfinite: str = "continue"
    memory: int = 2**28
    scale_skips: int = 8
    most: int = 3

    def __post_init__(self) -> None:
        if self.on_nonfinite not in ANSWERS:
            raise unknown_name("answer", str(self.on_nonfinite), ANSWERS, "FlightRecorder(on_nonfinite=...)")
        for name, least in (("steps", 1), ("every", 1), ("memory", 1), ("scale_skips", 0), ("most", 1)):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int) or value < least:
                do = f"give a whole number of at least {least}"
                raise UsageError(what="invalid number", where=f"FlightRecorder({name}=...)", got=repr(value), do=do)


def options_of(given: FlightRecorder | bool | None, where: str) -> FlightRecorder | None:
    """The settings for what was passed: ``True`` stands for the defaults; ``None`` for no recorder.

    Raises:
        UsageError: something else.
    """
    if given is None or isinstance(given, bool):
        return FlightRecorder() if given else None
    if isinstance(given, FlightRecorder):
        return given
    do = "give True, or diagnostics.FlightRecorder(...)"
    raise UsageError(what="this is no flight recorder", where=f"{where}(flight_recorder=...)", got=repr(given), do=do)
