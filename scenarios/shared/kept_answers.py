"""The sentences with which ``dropout_variance`` may answer its question."""

from __future__ import annotations

from scenarios.scenario import Answer

ANSWERS = (
    Answer(
        "No, but behind SELU it keeps the mean and the variance, which are already 0 and 1.",
        {"alpha_keeps_two_moments_behind_selu": "supported", "alpha_keeps_ks_distance": "refuted|mixed"},
    ),
    Answer(
        "No: it changes the shape of the distribution, and mean and variance were not shown to be kept behind SELU.",
        {
            "alpha_keeps_two_moments_behind_selu": "refuted|mixed|open",
            "alpha_keeps_ks_distance": "refuted|mixed",
        },
    ),
    Answer(
        "By the largest difference between cumulative distributions, no change was shown behind SELU.",
        {"alpha_keeps_ks_distance": "supported|open"},
    ),
    Answer("Behind ReLU it keeps neither, at any of the rates.", {"alpha_keeps_one_behind_relu": "refuted"}),
    Answer(
        "Behind ReLU it keeps only this: {alpha_keeps_one_behind_relu.supported}.",
        {"alpha_keeps_one_behind_relu": "supported"},
    ),
    Answer(
        "Behind ReLU it was not shown to keep either; whether it does is not settled for {alpha_keeps_one_behind_relu.open}.",
        {"alpha_keeps_one_behind_relu": "open"},
    ),
    Answer(
        "Behind SELU, it changes the shape less than standard dropout by how far values must move (Wasserstein, by "
        "{alpha_moves_less.size} deviations), but more by the largest difference between cumulative distributions "
        "(Kolmogorov-Smirnov, by {alpha_gathers_more.size}).",
        {"alpha_moves_less": "supported", "alpha_gathers_more": "supported"},
    ),
    Answer(
        "Behind SELU, values must move less far than with standard dropout (Wasserstein, by {alpha_moves_less.size} deviations).",
        {"alpha_moves_less": "supported", "alpha_gathers_more": "mixed|refuted|open"},
    ),
    Answer(
        "The value to which it sets dropped activations, α′, is a constant.",
        {"alpha_prime_is_constant": "supported"},
    ),
)
"""Sentences and the verdicts that each one needs, in the order in which a report shows them."""
