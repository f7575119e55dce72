"""The claims of ``dropout_variance``: what each kind of dropout changes, what theory predicts, and whether α′ varies."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Protocol

from probes.dropout_variance import ALPHA_DROPPED
from scenarios.scenario import Arm, Claim, Part
from scenarios.shared.parts import recorded


class Knobs(Protocol):
    """The scenario's fields that the claims use; see ``DropoutVariance``."""

    @property
    def rates(self) -> tuple[float, ...]: ...  # noqa: D102
    @property
    def same_mean(self) -> float: ...  # noqa: D102
    @property
    def same_variance(self) -> float: ...  # noqa: D102
    @property
    def same_theory(self) -> float: ...  # noqa: D102


DISTANCES = {"ks_distance": "KS", "wasserstein": "Wasserstein", "standardised_ks": "KS of the standardised"}

STACKS = {"selu": ("SELU", "lecun_normal"), "relu": ("ReLU", "he_normal")}
DROPOUTS = "dropout_*"
STANDARD = (("selu", "standard"), ("relu", "standard"))
ALPHA = (("selu", "alpha"), ("relu", "alpha"))
MEAN = {"column": "dropout_output_mean", "reference": "dropout_input_mean", "layers": DROPOUTS}
MEAN |= {"over": "dropout_input_variance", "root": True}
VARIANCE = {"column": "dropout_output_variance", "reference": "dropout_input_variance", "layers": DROPOUTS}


def arm_of(stack: str, kind: str, rate: float) -> Arm:
    """The arm with this activation, kind of dropout and rate."""
    label, initializer = STACKS[stack]
    series = f"{label}, {kind}"
    settings = {
        "activation": stack,
        "initializer": initializer,
        "kind": kind,
        "rate": rate,
        "series": series,
        "short": f"{label} {rate}",
    }
    return Arm(f"{stack}-{kind}-{rate}", f"{series}, {rate}", settings)


def standard_moves_the_mean(knobs: Knobs) -> Claim:
    """Ordinary dropout and the mean."""
    return Claim(
        name="standard_moves_the_mean",
        statement="Ordinary dropout changes the mean of the activations.",
        parts=_parts(knobs, STANDARD, "relative_gap", MEAN, expects="equal", margin=knobs.same_mean, unit="deviations"),
        negated=True,
        threshold=f"refuted when the mean after dropout is within {knobs.same_mean} standard deviations of the mean before",
        outcomes={
            "refuted": "It keeps the mean ({low} to {high} standard deviations apart), because the kept activations are scaled up.",
            "": "Changed: {supported}. Kept: {refuted}.",
        },
    )


def standard_changes_the_variance(knobs: Knobs) -> Claim:
    """Ordinary dropout and the variance."""
    return Claim(
        name="standard_changes_the_variance",
        statement="Ordinary dropout changes the variance of the activations.",
        parts=_parts(
            knobs, STANDARD, "relative_gap", VARIANCE, threshold=knobs.same_theory, unit="share of the variance"
        ),
        threshold=f"supported when the variance grows by more than {100 * knobs.same_theory:g} % at every rate",
        outcomes={
            "supported": "It raises the variance in every layer, by a share of {low} to {high}: by 1/q − 1, and by more where the "
            "mean is not 0.",
            "": "Increased: {supported}. Not increased: {refuted}.",
        },
    )


def alpha_keeps_two_moments(knobs: Knobs, stack: str) -> Claim:
    """The two moments that alpha dropout is designed to keep, behind one activation."""
    label = STACKS[stack][0]
    mean = _parts(knobs, ((stack, "alpha"),), "relative_gap", MEAN, expects="equal", margin=knobs.same_mean)
    variance = _parts(knobs, ((stack, "alpha"),), "relative_gap", VARIANCE, expects="equal", margin=knobs.same_variance)
    return Claim(
        name=f"alpha_keeps_two_moments_behind_{stack}",
        statement=f"Alpha dropout keeps mean and variance behind {label}.",
        parts=(*_named(mean, "mean"), *_named(variance, "variance")),
        threshold=f"kept when the mean moves by less than {knobs.same_mean} standard deviations and the variance by less than "
        f"{100 * knobs.same_variance:g} %",
        outcomes={
            "supported": "Both are kept, because its input already has mean 0 and variance 1 (changes of {low} to {high}).",
            "refuted": "Neither is kept (changes of {low} to {high}), because its input does not have mean 0 and variance 1.",
            "": "Kept: {supported}. Not kept: {refuted}. Changes: {low} to {high}.",
        },
    )


def alpha_keeps(knobs: Knobs, number: str, what: str, margin: float) -> Claim:
    """Alpha dropout and a property that it is not designed to keep."""
    held = {"expects": "equal", "margin": margin}
    return Claim(
        name=f"alpha_keeps_{number}",
        statement=f"Alpha dropout behind SELU keeps the {what}.",
        parts=_parts(knobs, (("selu", "alpha"),), "recorded", {"name": number}, **held),
        threshold=f"kept when it changes by less than {margin}",
        outcomes={
            "supported": "Kept: it changes by {low} to {high}.",
            "refuted": "Not kept at any rate: it changes by {low} to {high}.",
            "": "Kept: {supported}. Not kept: {refuted}. It changes by {low} to {high}.",
        },
    )


def alpha_changes_shape_less(knobs: Knobs) -> Claim:
    """The shape, compared with ordinary dropout."""
    return Claim(
        name="alpha_changes_shape_less",
        statement="Behind SELU, alpha dropout changes the shape of the distribution less than ordinary dropout does.",
        parts=tuple(
            recorded(
                f"{label}, rate {rate}",
                name,
                *(arm_of("selu", kind, rate).name for kind in ("alpha", "standard")),
                expects="less",
                unit="distance",
            )
            for name, label in DISTANCES.items()
            for rate in knobs.rates
        ),
        threshold="supported when the distance between input and output is smaller by all three measures at every rate: "
        "Kolmogorov-Smirnov, Wasserstein in deviations of the input, and Kolmogorov-Smirnov after both are standardised",
        outcomes={
            "refuted": "By no measure less at every rate: the distance changes by {low} to {high}.",
            "": "Less: {supported}. More: {refuted}. Differences range from {low} to {high}.",
        },
    )


def alpha_prime_varies(knobs: Knobs) -> Claim:
    """Whether the value to which dropped activations are set is a constant."""
    held = {"expects": "equal", "threshold": ALPHA_DROPPED, "margin": 1e-3, "method": "check"}
    return Claim(
        name="alpha_prime_varies",
        statement="The value α′ to which alpha dropout sets dropped activations varies.",
        parts=_parts(knobs, ALPHA, "recorded", {"name": "alpha_prime"}, **held),
        negated=True,
        threshold=f"refuted when α′, recovered from the inputs and outputs of every layer, equals −λα = −{-ALPHA_DROPPED:.4f} to "
        "three decimals in every replicate, even in the layer where it is farthest off",
        outcomes={
            "refuted": "α′ is a constant, −λα ({low} to {high}): it is the same in all layers, at all rates, behind both "
            "activations, in every replicate. It does not depend on the data.",
            "": "Varies: {supported}. Constant: {refuted}.",
        },
    )


def output_value_varies(knobs: Knobs) -> Claim:
    """The value that the constant becomes in the output."""
    least, most = knobs.rates[0], knobs.rates[-1]
    return Claim(
        name="output_value_varies",
        statement="The output value of dropped activations behind alpha dropout, a α′ + b, depends on the rate.",
        parts=tuple(
            Part(
                label=f"{STACKS[stack][0]}, {most} against {least}",
                measure="recorded",
                parameters={"name": "output_value"},
                treated=arm_of(stack, "alpha", most).name,
                control=arm_of(stack, "alpha", least).name,
                threshold=0.1,
                method="check",
            )
            for stack in STACKS
            if least != most
        ),
        threshold="supported when it differs by more than 0.1 in every replicate; a check of the instrument, since a and b "
        "follow from the rate alone",
        outcomes={
            "supported": f"It is higher by {{low}} at a rate of {most} than at {least}. This value does vary, but only with the "
            "rate.",
            "": "Varies: {supported}. Does not: {refuted}.",
        },
    )


def theory_holds(knobs: Knobs) -> Claim:
    """The closed forms for the variance."""
    worst = {"column": "dropout_output_variance", "reference": "dropout_expected_variance", "layers": DROPOUTS}
    held = {"expects": "equal", "margin": knobs.same_theory, "unit": "share of the theory"}
    return Claim(
        name="theory_holds",
        statement="The variance after dropout is what theory predicts from the mean and the variance before it.",
        parts=_parts(knobs, (*STANDARD, *ALPHA), "relative_gap", worst | {"over_layers": "largest"}, **held),
        threshold=f"within {100 * knobs.same_theory:g} % in the layer where it is farthest off, median over the steps",
        outcomes={
            "supported": "In the worst layer the relative error is {low} to {high}.",
            "": "As predicted: {supported}. Not as predicted: {refuted}. Relative errors range from {low} to {high}.",
        },
    )


def _parts(
    knobs: Knobs, kinds: tuple[tuple[str, str], ...], measure: str, parameters: Mapping, **held
) -> tuple[Part, ...]:
    return tuple(
        Part(arm.settings["short"], measure, parameters, treated=arm.name, **held)
        for stack, kind in kinds
        for arm in (arm_of(stack, kind, rate) for rate in knobs.rates)
    )


def _named(parts: tuple[Part, ...], what: str) -> tuple[Part, ...]:
    return tuple(replace(part, label=f"{part.label}: {what}") for part in parts)
