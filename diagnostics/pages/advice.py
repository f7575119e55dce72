"""What to try, as code to paste: a finding's remedies, written for the run's own optimizer, layers and data."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from diagnostics.pages.page import Advice
from diagnostics.rules import Remedy
from diagnostics.runs.facts import Layer
from diagnostics.runs.run import Run
from diagnostics.wording.numerals import short

MATCHING = {
    "relu": "he_normal",
    "leaky_relu": "he_normal",
    "gelu": "he_normal",
    "silu": "he_normal",
    "selu": "lecun_normal",
}
"""The initialisation that keeps the signal's size; Glorot's for all others."""
KEPT = ("momentum", "nesterov", "beta_1", "beta_2", "weight_decay")
USUAL: Mapping[str, object] = {"momentum": 0.0, "nesterov": False, "beta_1": 0.9, "beta_2": 0.999, "weight_decay": None}
"""Settings of optimizers that the code repeats where they differ from Keras' defaults."""
SHORT_LINE = 28
"""Longest call that stands in one line behind the name that it is given to."""
UNKNOWN_RATE = 1e-3
"""The rate in code for a run that did not record its own: Keras' default."""


@dataclass(frozen=True)
class Patient:
    """A run as advice needs to know it.

    Args:
        run: the run.
        layers: paths of the layers that the finding concerns.
    """

    run: Run
    layers: tuple[str, ...]

    @property
    def rate(self) -> float | None:
        """The learning rate when training began; ``None`` if it is unknown."""
        optimizer, scalars = self.run.training.optimizer, self.run.scalars
        if optimizer and optimizer.learning_rate:
            return float(optimizer.learning_rate)
        rates = scalars["learning_rate"].dropna().to_numpy(float) if "learning_rate" in scalars else np.empty(0)
        return float(rates[0]) if rates.size and rates[0] > 0 else None

    @property
    def layer(self) -> Layer | None:
        """The first layer concerned that has weights, or else the first one."""
        known = [layer for layer in self.run.architecture if layer.path in self.layers]
        return next((layer for layer in known if layer.parameters), known[0] if known else None)

    def optimizer(self, kind: str = "", rate: float | None = None, **more: object) -> str:
        """The run's optimizer as code, with changes."""
        known = self.run.training.optimizer
        settings = {key: known.settings.get(key, USUAL[key]) for key in KEPT} if known and not kind else {}
        changed = {key: value for key, value in settings.items() if value != USUAL[key]}
        clips = dict(known.clips or {}) if known and not kind else {}
        texts = [f"{key}={value!r}" for key, value in {**changed, **clips, **more}.items()]
        name = kind or (known.class_name if known and known.class_name else "Adam")
        used = rate or self.rate or UNKNOWN_RATE
        return _call(f"keras.optimizers.{name}", [f"learning_rate={used:.3g}", *texts])


def _call(name: str, arguments: list[str]) -> str:
    """A call in one line, or with a line for each argument where that is too long for a phone."""
    line = f"{name}({', '.join(arguments)})"
    below = "".join(f"    {argument},\n" for argument in arguments)
    return line if len(line) <= SHORT_LINE else f"{name}(\n{below})"


def advice_on(run: Run, layers: tuple[str, ...], remedies: tuple[Remedy, ...]) -> Iterator[Advice]:
    """Sentences and code for a finding's remedies; a change that no line of code makes is left to the finding's own words.

    Args:
        run: the run.
        layers: paths of the layers concerned.
        remedies: from the finding.
    """
    patient = Patient(run, layers)
    # Another activation comes with its own initialisation: code for the old one's beside it would contradict it.
    replaced = {"initialization"} if any(remedy.change == "activation" for remedy in remedies) else set()
    for remedy in remedies:
        if remedy.change in WRITERS and remedy.change not in replaced:
            yield WRITERS[remedy.change](patient, dict(remedy.settings))


Settings = dict[str, Any]


def _learning_rate(patient: Patient, settings: Settings) -> Advice:
    factor, rate = float(settings.get("factor", 0.1)), patient.rate
    word = "Lower" if factor < 1 else "Raise"
    if rate is None or patient.run.training.optimizer is None:
        code = f"model.optimizer.learning_rate.assign({factor:g} * model.optimizer.learning_rate)"
        return Advice(f"{word} the learning rate by a factor of {short(max(factor, 1 / factor))}.", code)
    text = f"{word} the learning rate from {short(rate)} to {short(rate * factor)}."
    return Advice(text, f"optimizer = {patient.optimizer(rate=rate * factor)}")


def _clipping(patient: Patient, settings: Settings) -> Advice:
    limit = float(settings.get("clipnorm", 1.0))
    return Advice(f"Clip gradients to a norm of {short(limit)}.", f"optimizer = {patient.optimizer(clipnorm=limit)}")


def _optimizer(patient: Patient, settings: Settings) -> Advice:
    name = str(settings.get("class", "Adam"))
    return Advice(
        f"Use {name}, which scales each weight's step.", f"optimizer = {patient.optimizer(name, UNKNOWN_RATE)}"
    )


def _initialization(patient: Patient, settings: Settings) -> Advice:
    if "bias" in settings:
        return _biases(patient, str(settings["bias"]), str(settings.get("layer", "")))
    return Advice("Match the initialisation to the activation.", _layer_code(patient))


def _biases(patient: Patient, start: str, path: str) -> Advice:
    """Other first biases of one layer."""
    text = f'Use bias_initializer="{start}", and assign no other biases afterwards.'
    layer = next((one for one in patient.run.architecture if one.path == path), None)
    if layer is None or layer.class_name != "Dense" or not layer.units:
        return Advice(text)
    activation = f'    activation="{layer.activation}",\n' if layer.activation else ""
    head = f"# {_comment(path)}\nkeras.layers.Dense(\n    {layer.units},\n"
    return Advice(text, f'{head}{activation}    bias_initializer="{start}",\n)')


def _activation(patient: Patient, settings: Settings) -> Advice:
    name = str(settings.get("activation", "relu"))
    present = patient.layer.activation if patient.layer else None
    instead = f" instead of {present}" if present not in (None, "", "linear", name) else ""
    return Advice(f"Use {name}{instead} as the activation of these layers.", _layer_code(patient, name))


def _layer_code(patient: Patient, activation: str = "") -> str:
    """A layer like the first concerned one, with the activation and its matching initialisation."""
    layer = patient.layer
    name = activation or (layer.activation if layer and layer.activation else "") or "relu"
    kernel = MATCHING.get(name, "glorot_uniform")
    texts = f'activation="{name}", kernel_initializer="{kernel}"'
    if layer is None or layer.class_name != "Dense" or not layer.units:
        return f"{texts}  # in the layers named above"
    lines = texts.replace(", ", ",\n    ")
    others = _others(len(patient.layers) - 1)
    return f"# {_comment(layer.path)}{others}\nkeras.layers.Dense(\n    {layer.units},\n    {lines},\n)"


def _others(count: int) -> str:
    return f"; the same for the other {f'{count} layers' if count > 1 else 'one'}" if count else ""


def _comment(path: str) -> str:
    """A layer's name for a comment: one line, whatever the name contains."""
    return " ".join(path.split())


def _normalization(patient: Patient, settings: Settings) -> Advice:
    if "momentum" in settings:
        momentum = f"{float(settings['momentum']):g}"
        code = f"keras.layers.BatchNormalization(momentum={momentum})"
        return Advice(f"Lower the momentum of the batch normalisation to {momentum}.", code)
    name = str(settings.get("class", "BatchNormalization"))
    return Advice("Normalise between the layers.", f"x = keras.layers.{name}()(x)")


def _precision(patient: Patient, settings: Settings) -> Advice:
    policy = str(settings.get("policy", "float32"))
    return Advice(f"Compute in {policy}.", f'keras.mixed_precision.set_global_policy("{policy}")')


def _early_stopping(patient: Patient, settings: Settings) -> Advice:
    code = "callbacks=[keras.callbacks.EarlyStopping(patience=5, restore_best_weights=True)]"
    return Advice("Stop when validation no longer improves.", code)


def _regularization(patient: Patient, settings: Settings) -> Advice:
    return Advice("Add dropout or weight decay.", "x = keras.layers.Dropout(0.3)(x)")


def _penalty(patient: Patient, settings: Settings) -> Advice:
    return Advice("Weaken the penalty on the weights.", "kernel_regularizer=keras.regularizers.L2(1e-4)")


def _dropout(patient: Patient, settings: Settings) -> Advice:
    if "after" in settings:
        return Advice("Put dropout behind the last normalisation.", "")
    rate = float(settings.get("rate", 0.3))
    return Advice(f"Drop a share of {short(rate)}.", f"x = keras.layers.Dropout({rate:g})(x)")


def _scale_inputs(patient: Patient, settings: Settings) -> Advice:
    code = "scale = keras.layers.Normalization()\nscale.adapt(x_train)\nx = scale(inputs)"
    return Advice("Bring each feature to mean 0 and standard deviation 1.", code)


def _scale_targets(patient: Patient, settings: Settings) -> Advice:
    code = "mean, std = y_train.mean(0), y_train.std(0)\ny_train = (y_train - mean) / std"
    return Advice("Scale the targets to mean 0 and standard deviation 1, and predictions back.", code)


def _batch_size(patient: Patient, settings: Settings) -> Advice:
    size = int(settings.get("size", 32))
    return Advice(f"Use batches of {size} examples.", f"model.fit(x_train, y_train, batch_size={size})")


def _shuffle(patient: Patient, settings: Settings) -> Advice:
    if patient.run.training.input_pipeline.kind == "arrays":
        return Advice("Shuffle the examples in each epoch.", "model.fit(x_train, y_train, shuffle=True)")
    return Advice("Shuffle the examples before they are batched.", "dataset = dataset.shuffle(10_000).batch(32)")


def _epochs(patient: Patient, settings: Settings) -> Advice:
    factor, known = float(settings.get("factor", 4.0)), patient.run.training.epochs
    count = f"{int(known * factor)}" if known else f"int({factor:g} * epochs)"
    return Advice("Train longer.", f"model.fit(x_train, y_train, epochs={count})")


def _unfreeze(patient: Patient, settings: Settings) -> Advice:
    return Advice(
        "Let the frozen layers train, then compile again.", "for layer in model.layers:\n    layer.trainable = True"
    )


WRITERS: Mapping[str, Callable[[Patient, Settings], Advice]] = {
    "activation": _activation,
    "batch_size": _batch_size,
    "clipping": _clipping,
    "dropout": _dropout,
    "early_stopping": _early_stopping,
    "epochs": _epochs,
    "initialization": _initialization,
    "learning_rate": _learning_rate,
    "normalization": _normalization,
    "optimizer": _optimizer,
    "penalty": _penalty,
    "precision": _precision,
    "regularization": _regularization,
    "scale_inputs": _scale_inputs,
    "scale_targets": _scale_targets,
    "shuffle": _shuffle,
    "unfreeze": _unfreeze,
}
"""The changes that code can make, by their names in remedies."""
