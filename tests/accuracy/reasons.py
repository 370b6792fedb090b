"""Why some losses of the library miss the aim at the edges of their domains, and which are not measured."""

from __future__ import annotations

from collections.abc import Mapping

PARALLEL = "what is left of a projection on a nearly parallel vector, or of a coordinate that is nearly all"
COMPLEMENT = "a sum of probabilities less a sum that nearly is it"
LEAD = "the lead of the best path is a difference of nearly equal sums over paths"
SMALLEST = (
    "numbers next to the smallest normal one, or below it, keep fewer digits, or none, on the way"
)

ROOTS: Mapping[str, str] = {
    "cosine_embedding": PARALLEL,
    "dice": COMPLEMENT,
    "gradient_penalty": PARALLEL,
    "grpo": SMALLEST,
    "grpo_token_mean": SMALLEST,
    "group_lasso": PARALLEL,
    "structured_hinge": LEAD,
    "symmetric_cross_entropy": COMPLEMENT,
    "tversky": COMPLEMENT,
}
"""By name, those of which only an entry that is nearly a root, beside others that are not, misses the aim:
its error is bounded by a rounding of the largest entry of the result, or of each input."""

PATHS = (
    "sums over paths that are nearly equal, of weights beside which what tells them apart is lost"
)
SEAM = "a decision between numbers that agree after a rounding"
CURVED = "products with a Hessian that is zero, or nearly, as a whole: its parts are not"
ALIKE = "both views are nearly the same: the gradient is nearly zero as a whole"

REASONS: Mapping[str, str] = {
    "arcface": CURVED,
    "barlow_twins": ALIKE,
    "crammer_singer": SEAM,
    "crf": PATHS,
    "info_nce": CURVED,
    "soft_dtw": CURVED,
    "supcon": SMALLEST,
}
"""By name, those that miss it by that measure too; one that has come to meet the aim is to go."""

LONG = "an example takes minutes in hundreds of digits"

DATA = "a place that follows from counts leaves its axis for most counts that are drawn"

NOT_MEASURED: Mapping[str, str] = {
    **dict.fromkeys(("approx_ndcg", "clip", "lambdarank", "nt_xent", "siglip", "sinkhorn"), LONG),
    "ctc": DATA,
}
