"""Write ``docs/models.md``: for each kind of model, what is captured, and how equal training stays.

Every entry of the table is measured: ``python -m tests.kit.model_table docs/models.md`` (takes minutes).
"""

from __future__ import annotations

import sys
from pathlib import Path

import keras
import pandas as pd
import tensorflow as tf

from probes.capture.capture import MEASURED
from tests.kit.steps import rows, statuses
from tests.kit.training import Trained, differing, graph_optimizer, largest_difference, paths, train
from tests.kit.zoo import MODELS, SETTINGS, Kind

STEPS = 10
HEADINGS = ["kind of model", "outputs seen", "own weights seen", "not seen, and why", "graph optimizer off",
            "default options", "XLA"]  # fmt: skip

HEAD = """# Kinds of models: what is captured, and how equal training stays

`python -m tests.kit.model_table docs/models.md` measured this table with TensorFlow {tensorflow} and Keras {keras} on a CPU:
{steps} steps of a small model of each kind, with `probes.default()` at every second step. The same cases run as tests
(`tests/probes/test_any_model.py`).

- **outputs seen**: how many of the model's layers have their output read (and its gradient, where the loss depends on it). **own
  weights seen**: how many of the layers with trained weights have the gradients of these weights read.
- **not seen, and why**: what `monitor.layer_table` says about the other layers.
- The last three columns compare training with probes to the same training without. **bit-equal**: weights, optimizer state, losses
  and random generators are the same to the last bit. A number is the largest difference in any weight, relative to the largest
  weight of the same variable; 0e+00 stands where only losses differ. XLA may fuse a step differently when anything is added to it,
  and does not promise equal bits.

The models are small and the steps few. With TensorFlow's graph optimizer on, as by default, anything that reads a tensor can change
which operations are fused. A prototype that read every output changed the weights of MobileNetV3 and ResNet50V2 by rounding errors;
this table does not cover models of that size, so expect equality up to rounding there. To tell rounding from a fault, train with
`tf.config.optimizer.set_experimental_options({{"disable_meta_optimizer": True}})`; every kind listed here is then bit-equal.

"""

TAIL = """
Other cases, each with a test; bit-equal here means with the graph optimizer off:

- **`tf.Module`, or a bare list of variables**: statistics of gradients, weights and updates, with a row for each module or variable.
  There are no outputs, because no Keras layer reports them. Bit-equal (`tests/probes/capture/test_modules.py`).
- **Two monitors on one model, monitors in threads**: each reads its own model; bit-equal (`tests/probes/test_any_model.py`).
- **Many steps inside one `tf.function`** (`tf.range`): same as steps called one by one; bit-equal
  (`tests/probes/test_any_model.py`).
- **Eager steps**: bit-equal, tested on a network with dropout (`tests/probes/test_identity.py`).
- **Cells of recurrent layers, the layer inside `TimeDistributed`**: their weights are seen. Their outputs are not: they exist only
  inside a loop of the enclosing layer, or the layer is not called through its `__call__`. The enclosing layer's output is seen.
- **A softmax or sigmoid output with a Keras loss**: the output is seen, its gradient is missing, because the loss is computed from
  the logits before the activation (`tests/probes/capture/test_capture_keras.py`).
- **Layers that Keras does not track**, held in plain Python objects: seen when called. Their weights are not seen, because they are
  not trained (`tests/probes/capture/test_capture.py`). Layers of another model called in the same block are left out.
- **Frozen layers**: outputs and their gradients are seen, weights are not, because they are not trained.
- **A WGAN with a gradient penalty**, critic and generator with an optimizer each, one tape inside another: bit-equal, in `fit` and as a
  watched loop (`tests/diagnostics/training/fit/test_second_order.py`).
"""


def row(name: str, kind: Kind) -> list[str]:
    """One line of the table."""
    with graph_optimizer(on=False):
        off, seen = compared(kind)
    assert seen is not None
    return [name, *what_is_seen(seen), off, compared(kind)[0], compared(kind, jit_compile=True)[0]]


def compared(kind: Kind, **options) -> tuple[str, Trained | None]:
    """How equal training with and without a monitor is, and the training with the monitor."""
    try:
        bare = train(kind, steps=STEPS, **options)
    except (tf.errors.InvalidArgumentError, tf.errors.UnimplementedError):
        return "does not compile it", None
    watched = train(kind, monitors=1, steps=STEPS, **options)
    equal = not differing(bare, watched)
    return "bit-equal" if equal else f"{largest_difference(bare, watched):.0e}", watched


def what_is_seen(watched: Trained) -> list[str]:
    """Layers with outputs, layers with gradients, and the others with their reasons."""
    (monitor,) = watched.monitors
    layers, said = [path for path, _ in paths(watched.model)], statuses(monitor)
    table = rows(monitor.read())
    owning = [path for path, layer in paths(watched.model) if any(v.trainable for v in layer._trainable_variables)]
    gradients = [path for path in owning if path in table.index and not pd.isna(table.loc[path, "gradient_norm"])]
    unseen = {path: said[path] for path in layers if said[path] != MEASURED}
    silent = {path: "weights not connected to the loss" for path in owning if path not in gradients}
    reasons = [f"`{path}`: {reason}" for path, reason in {**silent, **unseen}.items()]
    measured, connected = len(layers) - len(unseen), len(owning) - len(silent)
    return [f"{measured} of {len(layers)}", f"{connected} of {len(owning)}", "; ".join(reasons) or "-"]


def main(path: Path) -> None:
    """Measure every kind of model and write the page."""
    lines = [HEADINGS, ["---"] * len(HEADINGS)]
    for name, kind in (MODELS | SETTINGS).items():
        lines.append(row(name, kind))
        print(*lines[-1], sep=" | ", flush=True)
    table = "\n".join(f"| {' | '.join(line)} |" for line in lines)
    head = HEAD.format(tensorflow=tf.__version__, keras=keras.__version__, steps=STEPS)
    path.parent.mkdir(exist_ok=True)
    path.write_text(f"{head}{table}\n{TAIL}")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
