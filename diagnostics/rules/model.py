"""What the recorded architecture says about a model: its output, its hidden layers, what the input meets first."""

from __future__ import annotations

from diagnostics.runs.facts import Layer

BETWEEN = (
    "Sequential",
    "Functional",
    "Dropout",
    "BatchNormalization",
    "LayerNormalization",
    "Flatten",
    "Reshape",
    "InputLayer",
    "Activation",
)
BETWEEN += (
    "SpatialDropout1D",
    "SpatialDropout2D",
    "GaussianDropout",
    "AlphaDropout",
    "GaussianNoise",
    "ActivityRegularization",
)
LINEAR_MAPS = ("Dense", "Conv1D", "Conv2D", "Conv3D", "SeparableConv2D", "DepthwiseConv2D", "EinsumDense")
ACTIVATION_LAYERS = {"ReLU": "relu", "LeakyReLU": "leaky_relu", "PReLU": "prelu", "ELU": "elu", "Softmax": "softmax"}
RECURRENT = ("LSTM", "GRU", "SimpleRNN", "RNN", "Bidirectional", "ConvLSTM1D", "ConvLSTM2D", "TimeDistributed")
SETTLED = 5.0
RECURRENT_CELLS = ("LSTMCell", "GRUCell", "SimpleRNNCell", "StackedRNNCells")
"""What holds the weights of a recurrent layer."""


def activation_of(layer: Layer) -> str:
    """The activation that a layer applies: its ``activation``, or that which the layer itself is; ``"linear"`` for none."""
    return ACTIVATION_LAYERS.get(layer.class_name) or layer.activation or "linear"


def output_of(layers: tuple[Layer, ...]) -> Layer | None:
    """The model's output layer; ``None`` if it has several, or none is known."""
    outputs = [layer for layer in layers if layer.is_output]
    return outputs[0] if len(outputs) == 1 else None


def output_activation(layers: tuple[Layer, ...]) -> str | None:
    """The activation of the output; ``None`` where it cannot be told, because no simple layer makes it."""
    output = output_of(layers)
    if output is None:
        return None
    known = (*LINEAR_MAPS, *ACTIVATION_LAYERS, "Activation")
    return activation_of(output) if output.class_name in known else None


def output_units(layers: tuple[Layer, ...]) -> int | None:
    """The size of the output's last axis; ``None`` if unknown."""
    output = output_of(layers)
    if output is None or not output.output_shape:
        return None
    return output.output_shape[-1]


def hidden(layers: tuple[Layer, ...]) -> list[Layer]:
    """The layers with weights that are no output, from input to output."""
    last = _last_with_weights(layers)
    return [layer for layer in layers if layer.parameters and not layer.is_output and layer is not last]


def _last_with_weights(layers: tuple[Layer, ...]) -> Layer | None:
    """The layer whose weights make the output where the output itself has none, as before an activation layer."""
    if any(layer.is_output and layer.parameters for layer in layers):
        return None
    return next((layer for layer in reversed(layers) if layer.parameters), None)


def averages_lag(layers: tuple[Layer, ...], steps: int) -> bool:
    """Whether a batch normalisation was trained for too few steps to know the data's moments, which inference uses.

    Its moving averages keep momentum^steps of their first values: 300 steps at Keras' 0.99 leave 5 %, and the moments move
    themselves while the weights do, so that ``SETTLED`` time constants are asked for.
    """
    norms = [layer for layer in layers if layer.class_name == "BatchNormalization" and layer.trainable]
    momenta = [float(layer.settings.get("momentum") or 0.99) for layer in norms]
    return bool(momenta) and steps * (1 - max(momenta)) < SETTLED


def first_layers(layers: tuple[Layer, ...]) -> list[Layer]:
    """The layers that the input meets before, and including, the first one with weights."""
    found: list[Layer] = []
    for layer in layers:
        if layer.class_name != "InputLayer":
            found.append(layer)
        if layer.parameters:
            break
    return found
