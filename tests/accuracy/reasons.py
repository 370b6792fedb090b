"""Why some losses of the library miss the aim at the edges of their domains."""

from __future__ import annotations

from collections.abc import Mapping

PARALLEL = "what is left of a projection on a nearly parallel vector, or of a coordinate that is nearly all"
HALF = "p·(1 − p)·(1 − 2p) where p is a half but for a difference of logits of 1e-4: 1 − 2p has its rounding"
LEAD = "the lead of the best path is a difference of nearly equal sums over paths"
SMALLEST = (
    "numbers next to the smallest normal one, or below it, keep fewer digits, or none, on the way"
)
PULLS = "as many pairs pull a score up as down, each by a half but for what a sigma of 1e-17 leaves of scores"

ROOTS: Mapping[str, str] = {
    "cosface": SMALLEST,
    "ctc": SMALLEST,
    "cosine_embedding": PARALLEL,
    "gradient_penalty": SMALLEST,
    "ranknet": PULLS,
    "structured_hinge": LEAD,
    "supcon": PARALLEL,
    "symmetric_cross_entropy": HALF,
}
"""By name, those of which only an entry that is nearly a root, beside others that are not, misses the aim:
its error is bounded by a rounding of the largest entry of the result, or of each input."""

PATHS = (
    "sums over paths that are nearly equal, of weights beside which what tells them apart is lost: of"
    " emissions of 1e20 beside transitions of 1e36 that agree any path is the best after a rounding"
)
CURVED = "products with a Hessian that is zero, or nearly, as a whole: its parts are not"
COLUMNS = (
    "centered columns that are parallel but for 1e-3: the gradient is what a projection of the one on the"
    " other leaves, 1e-4 of which is the rounding of centered numbers, but not that of the inputs"
)
TEMPERED = (
    "logits of 1e28 over a temperature of 1e-14 leave the range of float32, of which the divergence times"
    " the temperature's square, the value, does not"
)
PRODUCTS = "products of vectors leave the range, of which a difference is asked"
RANKS = (
    "what equal scores are apart by over the square of a temperature of 1e-259 is no number beside a sigmoid"
    " that has vanished, in products with the Hessian; where the ranks are the ideal ones one less the share"
    " is what tells them from the ideal ones, 1e-304"
)
EXPONENTIAL = (
    "a scale of exp(125) leaves the range of float32, of which slopes by images of 1e32 do not"
)
POTENTIALS = (
    "potentials as large as the costs, each rounded, are exponents over the regularization: rows are sent"
    " what is not their share; products with a Hessian that is zero, or nearly, have parts that are not"
)
SHORTEST = (
    "second derivatives by a vector of length 1e-203, which are over the square of the length"
)
SCALED = "by the logarithm of the scale: scores of any size, each rounded, less their mean under a softmax"

REASONS: Mapping[str, str] = {
    "approx_ndcg": RANKS,
    "barlow_twins": COLUMNS,
    "clip": SCALED,
    "crf": PATHS,
    "distillation": TEMPERED,
    "info_nce": PRODUCTS,
    "nt_xent": SHORTEST,
    "siglip": EXPONENTIAL,
    "sinkhorn": POTENTIALS,
    "soft_dtw": CURVED,
}
"""By name, those that miss it by that measure too; one that has come to meet the aim is to go."""
