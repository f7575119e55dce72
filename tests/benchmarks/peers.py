"""What looking inside costs in PyTorch: ``python -m tests.benchmarks.peers [MODEL ...]``, where torch is installed.

The dense nets of ``overhead`` in PyTorch, each step compared with the same step bare: medians of paired rounds in one
process. ``wandb`` (offline) and ``cockpit-for-pytorch`` with ``backpack-for-pytorch`` are measured where they are installed.
TensorFlow is not needed, so that an environment of its own will do.
"""

from __future__ import annotations

import argparse
import importlib.util
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from typing import Any

import numpy as np

Loop = Callable[[], object]
"""Takes one training step."""

MODELS = {"mlp-20x100-b32": (20, 100, 32), "mlp-20x100-b256": (20, 100, 256), "mlp-4x1024-b256": (4, 1024, 256)}
"""Hidden layers, their units, and the examples of a batch."""
INPUTS, CLASSES, EVERY = 64, 10, 10


class Training:
    """A dense net with SGD, as in ``tests.benchmarks.models``."""

    def __init__(self, name: str) -> None:
        import torch  # noqa: PLC0415 - installed where this is run

        depth, width, batch = MODELS[name]
        sizes = [INPUTS, *[width] * depth]
        stack = [each for n in range(depth) for each in (torch.nn.Linear(sizes[n], sizes[n + 1]), torch.nn.ReLU())]
        self.torch, self.number = torch, 0
        self.net = torch.nn.Sequential(*stack, torch.nn.Linear(width, CLASSES))
        self.loss = torch.nn.CrossEntropyLoss()
        self.optimizer = torch.optim.SGD(self.net.parameters(), lr=1e-3)
        self.x, self.y = torch.randn(batch, INPUTS), torch.randint(0, CLASSES, (batch,))

    def step(self, around: AbstractContextManager[Any] | None = None, create_graph: bool = False) -> Any:
        """One step; ``around`` is entered for the backward pass."""
        self.optimizer.zero_grad()
        loss = self.loss(self.net(self.x), self.y)
        with around or ExitStack():
            loss.backward(create_graph=create_graph)
        self.optimizer.step()
        self.number += 1
        return loss


@contextmanager
def bare(name: str) -> Iterator[Loop]:
    """The step as it is."""
    yield Training(name).step


@contextmanager
def hooks(name: str, every: int) -> Iterator[Loop]:
    """As people write them: mean, variance and zeros of each output, norms of each gradient, as numbers at each measured step."""
    training = Training(name)
    torch, found = training.torch, []

    def seen(module: Any, given: Any, output: Any) -> None:
        if training.number % every == 0:
            found.extend([output.mean(), output.var(), (output == 0).float().mean()])
            output.register_hook(lambda gradient: found.append(gradient.norm()))

    for module in training.net:
        module.register_forward_hook(seen)

    def step() -> object:
        is_due = training.number % every == 0
        training.step()
        if is_due:
            norms = [parameter.grad.norm() for parameter in training.net.parameters()]
            numbers = torch.stack([each.detach() for each in (*found, *norms)]).tolist()
            found.clear()
            return numbers
        return None

    yield step


@contextmanager
def wandb_watch(name: str, every: int) -> Iterator[Loop]:
    """``wandb.watch(net, log="all")``: histograms of gradients and weights, with the loss logged at every step."""
    import wandb  # noqa: PLC0415 - installed where this is run

    training = Training(name)
    with tempfile.TemporaryDirectory() as folder:
        settings = wandb.Settings(silent=True, console="off")
        run = wandb.init(mode="offline", dir=folder, settings=settings, reinit="create_new")
        run.watch(training.net, log="all", log_freq=every)
        yield lambda: run.log({"loss": training.step().item()})
        run.finish()


@contextmanager
def cockpit_economy(name: str, every: int) -> Iterator[Loop]:
    """Cockpit's configuration "economy", its cheapest."""
    from backpack import extend  # noqa: PLC0415
    from cockpit import Cockpit  # noqa: PLC0415 - installed where this is run
    from cockpit.utils.configuration import configuration  # noqa: PLC0415

    training = Training(name)
    extend(training.net)
    extend(training.loss)
    single = extend(training.torch.nn.CrossEntropyLoss(reduction="none"))
    schedule = lambda number: number >= 0 and number % every == 0  # noqa: E731
    cockpit = Cockpit(training.net.parameters(), quantities=configuration("economy", track_schedule=schedule))

    def step() -> object:
        number, training_loss = training.number, training.loss
        training.optimizer.zero_grad()
        outputs = training.net(training.x)
        loss = training_loss(outputs, training.y)
        info = {
            "batch_size": len(training.y),
            "individual_losses": single(outputs, training.y),
            "loss": loss,
            "optimizer": training.optimizer,
        }
        with cockpit(number, info=info):
            loss.backward(create_graph=cockpit.create_graph(number))
        training.optimizer.step()
        training.number += 1
        return loss

    yield step


VARIANTS: dict[str, tuple[tuple[str, ...], Callable[[str], AbstractContextManager[Loop]]]] = {
    "bare": ((), bare),
    "hooks, every step": ((), lambda name: hooks(name, 1)),
    f"hooks, every {EVERY}": ((), lambda name: hooks(name, EVERY)),
    f"wandb.watch, every {EVERY}": (("wandb",), lambda name: wandb_watch(name, EVERY)),
    "wandb.watch, every step": (("wandb",), lambda name: wandb_watch(name, 1)),
    f"Cockpit economy, every {EVERY}": (("cockpit", "backpack"), lambda name: cockpit_economy(name, EVERY)),
    "Cockpit economy, every step": (("cockpit", "backpack"), lambda name: cockpit_economy(name, 1)),
}
"""What each needs beside torch, and how it is made."""


def timed(name: str, rounds: int) -> dict[str, np.ndarray]:
    """Seconds a step, ``[rounds]`` for each variant, in turns of whole cadences."""
    with ExitStack() as open_ones:
        loops = {
            variant: open_ones.enter_context(make(name))
            for variant, (needs, make) in VARIANTS.items()
            if all(importlib.util.find_spec(each) for each in needs)
        }
        seconds = {variant: [] for variant in loops}
        for loop in loops.values():
            _turn(loop)
        for _ in range(rounds):
            for variant, loop in loops.items():
                seconds[variant].append(_turn(loop))
    return {variant: np.array(values) for variant, values in seconds.items()}


def _turn(loop: Loop, steps: int = 3 * EVERY) -> float:
    start = time.perf_counter()
    for _ in range(steps):
        loop()
    return (time.perf_counter() - start) / steps


def main() -> None:
    """Print one line for each model and variant."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("models", nargs="*", default=[*MODELS], metavar="MODEL", help=", ".join(MODELS))
    parser.add_argument("--rounds", type=int, default=9)
    options = parser.parse_args()
    if importlib.util.find_spec("torch") is None:
        parser.error("torch is not installed here: pip install torch wandb cockpit-for-pytorch backpack-for-pytorch")
    for name in options.models:
        seconds = timed(name, options.rounds)
        print(f"{name}: bare step {1e3 * np.median(seconds['bare']):.2f} ms", flush=True)
        for variant, values in seconds.items():
            low, middle, high = np.percentile(values / seconds["bare"], [25, 50, 75])
            print(f"  {variant:30} {middle:.2f} ({low:.2f}-{high:.2f})", flush=True)


if __name__ == "__main__":
    main()
