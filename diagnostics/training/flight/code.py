"""Where in the code an operation runs: the user's line, or the part of Keras that it belongs to."""

from __future__ import annotations

import inspect
import os
import sysconfig

import probes

PARTS = {
    os.path.join("optimizers", "loss_scale_optimizer"): "loss scale",
    os.path.join("optimizers", "base_optimizer") + ".py:scale_loss": "loss scale",
    os.path.join("keras", "src", "losses"): "loss",
    os.path.join("keras", "src", "regularizers"): "weight penalty",
    os.path.join("keras", "src", "metrics"): "metric",
    os.path.join("keras", "src", "optimizers"): "optimizer",
}
"""Parts of Keras that are no layers, by where their code is; the first that is on the stack counts."""

LIBRARIES = (
    os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))),
    os.path.dirname(os.path.abspath(str(probes.__file__))),
)
INSTALLED = (sysconfig.get_paths()["purelib"], sysconfig.get_paths()["stdlib"])


def part_of() -> str:
    """The part of Keras that is running; empty if none of those above."""
    places = [f"{frame.filename}:{frame.function}" for frame in inspect.stack(context=0)]
    return next((part for piece, part in PARTS.items() if any(piece in place for place in places)), "")


def user_code() -> str:
    """The innermost line of the user's own, such as ``model.py:12``; empty if there is none."""
    for frame in inspect.stack(context=0):
        own = not frame.filename.startswith((*LIBRARIES, *INSTALLED, "<", "/tmp/__autograph"))
        if own and "site-packages" not in frame.filename:
            return f"{frame.filename}:{frame.lineno}"
    return ""
