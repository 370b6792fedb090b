"""Why some losses of the library miss the aim at the edges of their domains, and which are not measured."""

from __future__ import annotations

from collections.abc import Mapping

RANGE = "squares, powers or products of numbers of this size leave the range on the way to a result in it"
PARALLEL = "for nearly parallel or zero vectors what is left of a projection is a difference of equal numbers"
PATHS = "the lead of the best path is a difference of nearly equal sums over paths"
SEAM = "a decision between numbers that agree after a rounding"
POWER = "a power multiplies the rounding of its base by the exponent"
NORMAL = "next to the smallest normal number: what is below it on the way keeps fewer digits"
NEAR = "a difference of probabilities that nearly agree, or of sums of them"
SATURATED = "a probability that is one after its rounding, of which the complement is wanted"

REASONS: Mapping[str, str] = {
    "alpha_divergence": RANGE,
    "arcface": RANGE,
    "barlow_twins": PARALLEL,
    "chi_squared": NORMAL,
    "cosine_embedding": PARALLEL,
    "crammer_singer": SEAM,
    "crf": PATHS,
    "dice": NEAR,
    "distillation": NEAR,
    "focal": POWER,
    "gradient_penalty": NORMAL,
    "group_lasso": PARALLEL,
    "grpo": RANGE,
    "grpo_token_mean": RANGE,
    "info_nce": PARALLEL,
    "jensen_shannon": NEAR,
    "listmle": NEAR,
    "listnet": NEAR,
    "lovasz_hinge": SEAM,
    "min_snr": RANGE,
    "mmd_gaussian": RANGE,
    "orpo": SATURATED,
    "soft_dtw": PATHS,
    "structured_hinge": PATHS,
    "supcon": PARALLEL,
    "symmetric_cross_entropy": NEAR,
    "triplet": RANGE,
    "tversky": NEAR,
}
"""By name; a loss that has come to meet the aim is to be taken out."""

LONG = "an example takes minutes in hundreds of digits"

DATA = "a place that follows from counts leaves its axis for most counts that are drawn"

NOT_MEASURED: Mapping[str, str] = {
    **dict.fromkeys(("approx_ndcg", "clip", "lambdarank", "nt_xent", "siglip", "sinkhorn"), LONG),
    "ctc": DATA,
}
