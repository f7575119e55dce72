"""The claims about the parameters of a batch normalisation layer."""

from __future__ import annotations

from scenarios.scenario import Claim
from scenarios.shared.parts import CHECK, recorded


def parameter_claims(channels: int, arm: str) -> tuple[Claim, Claim]:
    """How many parameters a layer has, and whether all of them are learned; both are counted on the layer.

    Args:
        channels: units that are normalised.
        arm: an arm that records ``parameters`` and ``trained``.
    """
    held = CHECK | {"threshold": 4.0 * channels, "unit": "parameters"}
    return (
        Claim(
            name="four_for_each_unit",
            statement=f"Batch normalisation behind {channels} units has {4 * channels} parameters.",
            parts=(recorded("all", "parameters", arm, **held),),
            threshold="holds by construction; a check of the instrument: counted on the layer",
            outcomes={"": f"The layer has {{low}}: {channels} each for γ, β, the moving mean and the moving variance."},
        ),
        Claim(
            name="second_pair_is_trained",
            statement=f"All {4 * channels} parameters are learned, and the second {2 * channels} restore what the network can express.",
            parts=(recorded("trained", "trained", arm, **held),),
            threshold="decided by construction; a check of the instrument: refuted unless all are trainable variables of the layer",
            outcomes={
                "refuted": "Only {low} are trained, γ and β, and these restore what the network can express. The others are moving "
                "means and variances for inference; they get no gradient.",
                "": "Number of trained parameters: {low}.",
            },
        ),
    )
