"""The claims of ``dropout_variance``: what each kind of dropout changes, what theory predicts, and what α′ is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Protocol

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


KS = {"ks_distance": "as measured", "standardised_ks": "standardised"}

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
        "short": f"{label} at rate {rate}",
    }
    return Arm(f"{stack}-{kind}-{rate}", f"{series}, rate {rate}", settings)


def standard_keeps_the_mean(knobs: Knobs) -> Claim:
    """Standard dropout and the mean."""
    return Claim(
        name="standard_keeps_the_mean",
        statement="Standard dropout keeps the mean of the activations.",
        parts=_parts(knobs, STANDARD, "relative_gap", MEAN, expects="equal", margin=knobs.same_mean, unit="deviations"),
        threshold=f"supported when the mean after dropout is within {knobs.same_mean} standard deviations of the mean before",
        outcomes={
            "supported": f"It moves by less than {knobs.same_mean} standard deviations, because the kept activations are scaled up.",
            "": "Kept: {supported}. Not kept: {refuted}.",
        },
    )


def standard_changes_the_variance(knobs: Knobs) -> Claim:
    """Standard dropout and the variance."""
    return Claim(
        name="standard_changes_the_variance",
        statement="Standard dropout raises the variance of the activations.",
        parts=_parts(
            knobs, STANDARD, "relative_gap", VARIANCE, threshold=knobs.same_theory, unit="share of the variance"
        ),
        threshold=f"supported when the variance grows by more than {100 * knobs.same_theory:g} % at every rate",
        outcomes={
            "supported": "It raises the variance by {low} to {high} of what it was, more at higher rates: where a share p is "
            "dropped, by p / (1 − p), and by more where the mean is not 0.",
            "": "Increased: {supported}. Not increased: {refuted}.",
        },
    )


def alpha_keeps_two_moments(knobs: Knobs) -> Claim:
    """The two moments that alpha dropout is designed to keep, behind SELU."""
    return Claim(
        name="alpha_keeps_two_moments_behind_selu",
        statement="Alpha dropout keeps mean and variance behind SELU.",
        parts=_two_moments(knobs, "selu"),
        threshold=f"supported when {_kept(knobs)} at every rate",
        outcomes={
            "supported": "Both are kept, because its input already has mean 0 and variance 1.",
            "refuted": "Not kept: {refuted}. Its input does not have mean 0 and variance 1.",
            "": "Kept: {supported}. Not kept: {refuted}.",
        },
    )


def alpha_keeps_one_behind_relu(knobs: Knobs) -> Claim:
    """The same two moments behind ReLU, where neither is to be expected."""
    return Claim(
        name="alpha_keeps_one_behind_relu",
        statement="Alpha dropout keeps mean or variance behind ReLU, at some rate.",
        parts=_two_moments(knobs, "relu"),
        threshold=f"one of them kept at one rate is enough: {_kept(knobs)}",
        outcomes={
            "refuted": "Neither is kept at any rate, because its input does not have mean 0 and variance 1.",
            "": "Kept: {supported}. Not kept: {refuted}.",
        },
        quantifier="any",
    )


def _two_moments(knobs: Knobs, stack: str) -> tuple[Part, ...]:
    arms, held = ((stack, "alpha"),), {"expects": "equal"}
    mean = _parts(knobs, arms, "relative_gap", MEAN, margin=knobs.same_mean, unit="deviations", **held)
    variance = _parts(knobs, arms, "relative_gap", VARIANCE, margin=knobs.same_variance, unit="share of it", **held)
    return (*_named(mean, "mean of"), *_named(variance, "variance of"))


def _kept(knobs: Knobs) -> str:
    return (
        f"the mean moves by less than {knobs.same_mean} standard deviations and the variance by less than "
        f"{100 * knobs.same_variance:g} %"
    )


def alpha_keeps(knobs: Knobs, number: str, what: str, margin: float, why: str) -> Claim:
    """Alpha dropout and a property that it is not designed to keep."""
    held = {"expects": "equal", "margin": margin, "unit": "distance" if number == "ks_distance" else ""}
    return Claim(
        name=f"alpha_keeps_{number}",
        statement=f"Alpha dropout behind SELU keeps the {what}.",
        parts=_parts(knobs, (("selu", "alpha"),), "recorded", {"name": number}, **held),
        threshold=f"kept when it changes by less than {margin}{why}",
        outcomes={
            "supported": "Kept: it changes by {low} to {high}.",
            "refuted": "Not kept: {refuted}. It changes by {low} to {high}.",
            "": "Kept: {supported}. Not kept: {refuted}. It changes by {low} to {high}.",
        },
    )


def alpha_moves_less(knobs: Knobs) -> Claim:
    """The distance that values must move, compared with standard dropout."""
    return Claim(
        name="alpha_moves_less",
        statement="Behind SELU, alpha dropout changes the shape less than standard dropout by the Wasserstein distance: how far "
        "values must move.",
        parts=tuple(_against_standard(rate, "wasserstein", f"rate {rate}", expects="less") for rate in knobs.rates),
        threshold="supported when the distance between input and output, in deviations of the input, is smaller at every rate; "
        "both kinds drop from the same activations of the network with alpha dropout; the sign decides",
        outcomes={"": "Less: {supported}. More: {refuted}. Alpha minus standard: {low} to {high} deviations."},
    )


def alpha_gathers_more(knobs: Knobs) -> Claim:
    """The largest difference between distributions, compared with standard dropout."""
    return Claim(
        name="alpha_gathers_more",
        statement="Behind SELU, alpha dropout changes the shape more than standard dropout by the Kolmogorov-Smirnov (KS) "
        "distance: the largest difference between cumulative distributions.",
        parts=tuple(
            _against_standard(rate, name, f"{how} at rate {rate}") for name, how in KS.items() for rate in knobs.rates
        ),
        threshold="supported when the distance between input and output is larger at every rate, as measured and after both have "
        "been given mean 0 and deviation 1; both kinds drop from the same activations; the sign decides",
        outcomes={"": "More: {supported}. Less: {refuted}. Alpha minus standard: {low} to {high}."},
    )


def _against_standard(rate: float, name: str, label: str, **judged: Any) -> Part:
    arm = arm_of("selu", "alpha", rate).name
    return recorded(
        label, f"{name}_beyond_standard", arm, **judged, unit="deviations" if name == "wasserstein" else "distance"
    )


def alpha_prime_is_constant(knobs: Knobs) -> Claim:
    """Whether the value to which dropped activations are set is a constant."""
    held = {"expects": "equal", "threshold": ALPHA_DROPPED, "margin": 1e-3, "method": "check"}
    return Claim(
        name="alpha_prime_is_constant",
        statement="The value α′ to which alpha dropout sets dropped activations is a constant.",
        parts=_parts(knobs, ALPHA, "recorded", {"name": "alpha_prime"}, **held),
        threshold="holds by construction; a check of the instrument: α′, recovered from the inputs and outputs of every layer, "
        f"equals −{-ALPHA_DROPPED:.4f} to three decimals in every replicate, even in the layer where it is farthest off",
        outcomes={
            "supported": f"It is −{-ALPHA_DROPPED:.4f}, the value at which SELU saturates, in all layers, at all rates, behind "
            "both activations and in every replicate. It does not depend on the data.",
            "": "Constant: {supported}. Varies: {refuted}.",
        },
    )


def output_value_varies(knobs: Knobs) -> Claim:
    """The value that the constant becomes in the output."""
    least, most = knobs.rates[0], knobs.rates[-1]
    return Claim(
        name="output_value_varies",
        statement="What alpha dropout returns for dropped activations, a α′ + b with constants a and b, depends on the rate.",
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
        threshold="holds by construction; a check of the instrument: it differs by more than 0.1 in every replicate, since a and b "
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
    of = ("relative_gap", worst | {"over_layers": "largest"})
    return Claim(
        name="theory_holds",
        statement="The variance after dropout is what theory predicts from the mean and the variance before it.",
        parts=(
            *_named(_parts(knobs, STANDARD, *of, **held), "standard behind"),
            *_named(_parts(knobs, ALPHA, *of, **held), "alpha behind"),
        ),
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
    return tuple(replace(part, label=f"{what} {part.label}") for part in parts)
