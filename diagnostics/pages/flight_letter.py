"""A replayed step as a letter: what made the first value that is not finite, where, since when, and what to try."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from diagnostics.pages.page import Advice, Letter, Place
from diagnostics.runs.flight import Origin, Repeated
from diagnostics.wording.numerals import short


class Cause(NamedTuple):
    """What an operation that makes NaN or infinity has in common with others of its kind.

    Args:
        means: why it does.
        do: what to try.
        code: the same as code.
    """

    means: str
    do: str
    code: str = ""


ROOT = Cause(
    "The root of a negative number is NaN, and at 0 the gradient of a root is infinite.",
    "Keep what it takes above 0.",
    "tf.sqrt(tf.maximum(x, 1e-12))",
)
LOG = Cause(
    "The logarithm of 0 is infinite, and that of a negative number is NaN.",
    "Keep what it takes above 0. In a loss on probabilities, let Keras do it: give it logits.",
    "tf.math.log(tf.maximum(x, 1e-7))\n\n# or, for a cross-entropy, without softmax or sigmoid in the model\n"
    "keras.losses.CategoricalCrossentropy(from_logits=True)",
)
DIVISION = Cause(
    "A division by 0, such as by the standard deviation of values that are all equal.",
    "Keep the divisor away from 0, or decide what the result is there.",
    "x / (y + 1e-7)\n\n# or, with 0 where y is 0\ntf.math.divide_no_nan(x, y)",
)
EXPONENTIAL = Cause(
    "e to the power of more than 88 overflows in float32, and of more than 11 in float16.",
    "Use the function that TensorFlow keeps from overflowing, or subtract the largest value first.",
    "tf.nn.softmax(x)    # for exp(x) / sum(exp(x))\ntf.nn.softplus(x)   # for log(1 + exp(x))",
)
GROWN = Cause(
    "The numbers that went in were too large: no operation is at fault, the values had grown before.",
    "The table below says what went in. If weights are large, lower the learning rate or clip the gradient; if the batch is, scale "
    "the inputs.",
    "optimizer = keras.optimizers.Adam(1e-4, clipnorm=1.0)\n\n# inputs\nx = (x - x.mean(axis=0)) / (x.std(axis=0) + 1e-7)",
)
ARC = Cause(
    "An arc sine or cosine exists between −1 and 1 only, and its gradient is infinite at both ends.",
    "Clip what it takes.",
    "tf.acos(tf.clip_by_value(x, -1 + 1e-6, 1 - 1e-6))",
)
CAST = Cause(
    "The number does not fit into the smaller type: float16 ends at 65,504.",
    "With mixed_float16, a step that the loss scale skips now and then is no fault. If it happens often, use mixed_bfloat16.",
    'keras.mixed_precision.set_dtype_policy("mixed_bfloat16")',
)
BATCH = Cause(
    "The batch held NaN or infinity before the model saw it.",
    "Find the examples, and drop or repair them.",
    "good = np.isfinite(x).reshape(len(x), -1).all(axis=1)\nx, y = x[good], y[good]",
)
UPDATE = Cause(
    "Loss and gradients were finite, and the step that the optimizer made of them was not.",
    "Lower the learning rate, and clip the gradient.",
    "optimizer = keras.optimizers.Adam(1e-4, clipnorm=1.0)",
)
CAUSES: Mapping[str, Cause] = {
    **dict.fromkeys(("Log", "Log1p", "Xlogy"), LOG),
    **dict.fromkeys(("Sqrt", "Rsqrt", "Pow"), ROOT),
    **dict.fromkeys(("RealDiv", "Div", "Reciprocal", "Xdivy"), DIVISION),
    **dict.fromkeys(("Exp", "Expm1", "Sinh", "Cosh"), EXPONENTIAL),
    **dict.fromkeys(("MatMul", "BatchMatMulV2", "Conv2D", "Square", "SquaredDifference", "Mul", "Sum", "AddV2"), GROWN),
    **dict.fromkeys(("Acos", "Asin"), ARC),
    "Cast": CAST,
}
"""By TensorFlow's name of the operation."""
PHASES: Mapping[str, Cause] = {"input": BATCH, "update": UPDATE}
"""Where the phase says it all."""


def letter_of(step: int, origin: Origin, repeated: Sequence[Repeated], *, differs: bool) -> Letter:
    """The letter about what a replayed step found.

    Args:
        step: the step.
        origin: where its first value that is not finite was made.
        repeated: the repeated steps.
        differs: whether the repeat was not the recording in every bit.
    """
    cause = PHASES.get(origin.phase) or (None if origin.message else CAUSES.get(origin.operation))
    before = sum(each.finite for each in repeated if each.step < step)
    since = f"step {step:,}" + (f"; the {before} repeated steps before it are finite" if before > 1 else "")
    sure = "a fact: the repeat is equal to the recording in every bit"
    return Letter(
        name="an error of TensorFlow" if origin.message else "NaN or infinite values",
        word="error",
        statement=origin.message or f"The first value that is not finite comes from {origin.sentence}.",
        means=cause.means if cause else "",
        where=(Place(f"{origin.place}, {origin.phase} pass" + (f", {origin.code}" if origin.code else ""), "#"),),
        since=since,
        sure="the repeat differs from the recording, so that the training may have had another cause"
        if differs
        else sure,
        bound=_measured(origin),
        advice=(Advice(cause.do, cause.code),) if cause else (),
        rule="non_finite",
    )


def _measured(origin: Origin) -> str:
    """What went in and how much of what came out is not finite."""
    ranges = [f"{short(each.low)} to {short(each.high)}" for each in origin.inputs if each.low == each.low]
    bad = sum(each.bad for each in origin.outputs)
    examples = sorted({example for each in (*origin.inputs, *origin.outputs) for example in each.examples})
    parts = [f"in: {' and '.join(ranges)}"] if ranges else []
    parts += [f"out: {bad:,} value{'s' * (bad != 1)} not finite"] if bad else []
    parts += [f"in the batch: example{'s' * (len(examples) > 1)} {', '.join(map(str, examples))}"] if examples else []
    return "; ".join(parts)
