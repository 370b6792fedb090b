"""Losses for classification, from their papers, in mpmath."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from jet import Jet, exp, greatest, lift, log, positive_part, power, times_log, total
from mpmath import mpf

from .record import EXPONENT, ROOT, Exact, Excuse, by_condition

SCORE = "score: real | label: sign"
LOGITS = "logits: real[K] | label: index(K)"


def sigma(z):
    return 1 / (1 + exp(-lift(z)))


def softmax(logits):
    shift = max(lift(z).value for z in logits)
    weights = [exp(z - shift) for z in logits]
    return [w / total(weights) for w in weights]


def hinge(score, label):
    return positive_part(1 - label * score)


def squared_hinge(score, label):
    return positive_part(1 - label * score) ** 2


def logistic(score, label):
    return log(1 + exp(-label * score))


def exponential(score, label):
    return exp(-label * score)


def perceptron(score, label):
    return positive_part(-label * score)


def savage(score, label):
    return (1 / (1 + exp(2 * label * score))) ** 2


def modified_huber(score, label):
    m = lift(label * score)
    return -4 * m if m.value < -1 else positive_part(1 - m) ** 2


def binary_cross_entropy(logit, target, positive_weight):
    return positive_weight * target * log(1 + exp(-logit)) + (1 - target) * log(1 + exp(logit))


def binary_cross_entropy_probability(p, target):
    return -times_log(target, p) - times_log(1 - target, 1 - p)


def brier(p, target):
    return (p - target) ** 2


def cross_entropy(logits, label):
    return -log(softmax(logits)[label])


def soft_cross_entropy(logits, target):
    return -total(q * log(p) for q, p in zip(target, softmax(logits), strict=True))


def label_smoothed(logits, label, smoothing):
    mixed = [smoothing / len(logits)] * len(logits)
    mixed[label] += 1 - smoothing
    return soft_cross_entropy(logits, mixed)


def others(logits, label):
    """1 - p[label], to the last digit."""
    return total(p for k, p in enumerate(softmax(logits)) if k != label)


def focal(logits, label, gamma):
    return -(power(others(logits, label), gamma) * log(softmax(logits)[label]))


def binary_focal(logit, target, gamma, alpha):
    toward, weight = (logit, alpha) if target == 1 else (-logit, 1 - alpha)
    return weight * power(sigma(-toward), gamma) * log(1 + exp(-toward))


def poly1(logits, label, epsilon):
    return cross_entropy(logits, label) + epsilon * others(logits, label)


def crammer_singer(score, label):
    return greatest(s + (k != label) for k, s in enumerate(score)) - score[label]


def weston_watkins(score, label):
    rivals = [s for k, s in enumerate(score) if k != label]
    return total(positive_part(1 - (score[label] - s)) for s in rivals)


def generalized_cross_entropy(logits, label, q):
    return (1 - power(softmax(logits)[label], q)) / q


def symmetric_cross_entropy(logits, label, alpha, beta, log_zero):
    return alpha * cross_entropy(logits, label) - beta * log_zero * others(logits, label)


def asymmetric(logits, target, gamma_positive, gamma_negative, margin):
    def one(z, y):
        if y == 1:
            return power(sigma(-z), gamma_positive) * log(1 + exp(-z))
        shifted = positive_part(sigma(z) - margin)
        rest = sigma(-z) + margin if shifted.value > 0 else 1  # 1 - shifted, to the last digit
        return -(power(shifted, gamma_negative) * log(rest))

    return total(one(lift(z), y) for z, y in zip(logits, target, strict=True))


def dice(logits, target, smoothing):
    p = [sigma(z) for z in logits]
    overlap = total(a * b for a, b in zip(p, target, strict=True))
    size = total(a**2 for a in p) + sum(b**2 for b in target)
    return 1 - (2 * overlap + smoothing) / (size + smoothing)


def tversky(logits, target, alpha, beta, smoothing):
    p = [sigma(z) for z in logits]
    pairs = list(zip(p, target, strict=True))
    hit = total(a * b for a, b in pairs)
    false_alarm = total(a * (1 - b) for a, b in pairs)
    miss = total((1 - a) * b for a, b in pairs)
    return 1 - (hit + smoothing) / (hit + alpha * false_alarm + beta * miss + smoothing)


def lovasz_hinge(score, label):
    """Berman et al. 2018, algorithm 1: sort the errors, weigh each by the gain in Jaccard's loss."""
    error = [1 - y * lift(s) for s, y in zip(score, label, strict=True)]
    order = sorted(range(len(error)), key=lambda i: (-error[i].value, i))
    positives = sum(y == 1 for y in label)
    intersection, union, before, result = positives, positives, mpf(0), Jet(mpf(0))
    for i in order:
        if label[i] == 1:
            intersection -= 1
        else:
            union += 1
        jaccard = 1 - mpf(intersection) / union
        result = result + positive_part(error[i]) * (jaccard - before)
        before = jaccard
    return result


def _slope_over_size(example: Mapping[str, Any], entry: int | None) -> Any:
    """What dice and tversky add up for one pixel: the sigmoid's slope over the least denominator."""
    assert entry is not None
    z, smoothing = example["logits"][entry], example["smoothing"]
    size = smoothing + sum(sigma(x).value ** 2 for x in example["logits"])
    size += sum(example["target"])
    slope = (sigma(z) * sigma(-z)).value
    return slope / size + (slope / size) ** 2


FROM_ONE = "one less a ratio, as the paper states it, which cancels near perfect agreement"
DICE = {
    "per_example": Excuse(FROM_ONE, lambda example, entry: 1, always=True),
    "gradient": Excuse(FROM_ONE, _slope_over_size, always=True),
    "hessian_diagonal": Excuse(FROM_ONE, _slope_over_size, always=True),
}
TVERSKY = {"hessian_diagonal": Excuse("changes sign with 1 - 2p", _slope_over_size, always=True)}


JACCARD = "each pixel's weight is the difference of two Jaccard losses between 0 and 1"
LOVASZ = {
    "gradient": Excuse(JACCARD, lambda example, entry: 1),
}

FOCAL = by_condition(EXPONENT, "per_example", "gradient")
FOCAL["hessian_diagonal"] = Excuse(
    "below a gamma of one, (1 - p)^(gamma - 1) leaves the range where p_k^2 that it meets underflows",
    beyond=lambda e: 0 < e["gamma"] < 1 and others(e["logits"], e["label"]).value < mpf(10) ** -15,
    always=True,
)

POLY1 = by_condition(
    f"{EXPONENT}; with epsilon = -1 the terms meet as p tends to one",
    *("per_example", "gradient", "hessian_diagonal"),
    always=True,
)

GENERALIZED = by_condition(EXPONENT, "gradient")
GENERALIZED |= by_condition(f"{EXPONENT}; {ROOT}", "hessian_diagonal", always=True)


def _without_margin(most: float) -> Callable[[Mapping[str, Any]], bool]:
    """Where a negative's logit exceeds `most`, with a margin of zero."""
    return lambda e: (
        e["margin"] == 0
        and any(z > most and y == 0 for z, y in zip(e["logits"], e["target"], strict=True))
    )


ASYMMETRIC = {
    result: Excuse(f"{EXPONENT}; {ROOT}; {why}", beyond=_without_margin(most), always=True)
    for result, most, why in (
        ("per_example", 100, "log(1 - p) where 1 - p underflows"),
        ("gradient", 100, "log(1 - p) where 1 - p underflows"),
        ("hessian_diagonal", 3, "a bend that vanishes as p tends to one"),
    )
}

ROWS = (
    Exact("hinge", SCORE, hinge),
    Exact("squared_hinge", SCORE, squared_hinge),
    Exact("logistic", SCORE, logistic),
    Exact("exponential", SCORE, exponential),
    Exact("perceptron", SCORE, perceptron),
    Exact("savage", SCORE, savage,
           excuses=by_condition(ROOT, "hessian_diagonal")),
    Exact("modified_huber", SCORE, modified_huber),
    Exact("binary_cross_entropy", "logit: real | target: probability; positive_weight: positive = 1",
           binary_cross_entropy, [{"positive_weight": 3.0}],
           excuses=by_condition(ROOT, "gradient")),
    Exact("binary_cross_entropy_probability", "p: probability | target: probability",
          binary_cross_entropy_probability, excuses=by_condition(ROOT, "gradient", always=True)),
    Exact("brier", "p: probability | target: probability", brier),
    Exact("cross_entropy", LOGITS, cross_entropy,
           excuses=by_condition(EXPONENT, "gradient", "hessian_diagonal")),
    Exact("soft_cross_entropy", "logits: real[K] | target: simplex[K]", soft_cross_entropy,
           excuses=by_condition(f"{EXPONENT}; {ROOT}", "gradient", "hessian_diagonal")),
    Exact("label_smoothed", f"{LOGITS}; smoothing: probability = 0.1",
           label_smoothed, [{"smoothing": 0.0}],
           excuses=by_condition(f"{EXPONENT}; {ROOT}", "gradient", "hessian_diagonal")),
    Exact("focal", f"{LOGITS}; gamma: nonnegative = 2", focal,
           [{"gamma": 0.0}, {"gamma": 1.0}, {"gamma": 0.5}], excuses=FOCAL),
    Exact("binary_focal", "logit: real | target: binary; gamma: nonnegative = 2, alpha: probability = 0.25",
           binary_focal, [{"gamma": 0.0, "alpha": 0.5}, {"gamma": 0.5, "alpha": 0.25}],
           excuses=by_condition(ROOT, "hessian_diagonal")),
    Exact("poly1", f"{LOGITS}; epsilon: interval(-1, inf) = 2", poly1,
           [{"epsilon": -1.0}],
           excuses=POLY1),
    Exact("crammer_singer", "score: real[K] | label: index(K)",
           crammer_singer),
    Exact("weston_watkins", "score: real[K] | label: index(K)",
           weston_watkins),
    Exact("generalized_cross_entropy", f"{LOGITS}; q: positive = 0.7",
           generalized_cross_entropy, [{"q": 1.0}],
           excuses=GENERALIZED),
    Exact("symmetric_cross_entropy", f"{LOGITS}; alpha: nonnegative = 0.1, beta: nonnegative = 1,"
           " log_zero: interval(-inf, 0) = -4",
           symmetric_cross_entropy, [{"alpha": 1.0, "beta": 0.0, "log_zero": -4.0}],
           excuses=by_condition(f"{EXPONENT}; {ROOT}", "gradient", "hessian_diagonal")),
    Exact("asymmetric", "logits: real[K] | target: binary[K]; gamma_positive: nonnegative = 0,"
           " gamma_negative: nonnegative = 4, margin: probability = 0.05",
           asymmetric,
           [{"gamma_positive": 1.0, "gamma_negative": 2.0, "margin": 2.0**-7},
            {"gamma_positive": 1.0, "gamma_negative": 2.0, "margin": 0.0}],
           excuses=ASYMMETRIC),
    Exact("dice", "logits: real[N] | target: binary[N]; smoothing: nonnegative = 1", dice,
           [{"smoothing": 0.0}],
           excuses=DICE),
    Exact("tversky", "logits: real[N] | target: binary[N]; alpha: nonnegative = 0.3,"
           " beta: nonnegative = 0.7, smoothing: nonnegative = 1",
           tversky, [{"alpha": 0.5, "beta": 0.5, "smoothing": 0.0}],
           excuses=TVERSKY),
    Exact("lovasz_hinge", "score: real[N] | label: sign[N]",
           lovasz_hinge,
           excuses=LOVASZ),
)  # fmt: skip
