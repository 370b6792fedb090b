"""Every loss of the two library files as a plain function of one example, from its paper.

`ORACLES` is the table: the signature that is the interface, the function, further settings of the
hyperparameters, and what excuses a result from the strict tolerance, with the reason.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from jet import (
    Jet,
    absolute,
    exp,
    greatest,
    lift,
    log,
    positive_part,
    power,
    sqrt,
    times_log,
    total,
)
from mpmath import mp, mpf

DIGITS = 400
"""Enough for differences as small as 1e-380 to keep their leading digits."""


@dataclass(frozen=True)
class Argument:
    name: str
    domain: str
    shape: str  # "", "K" or "N"
    role: str  # differentiable, data, hyperparameter
    default: str | None


@dataclass(frozen=True)
class Excuse:
    """Why a result may miss the relative tolerance, and by how much: `ulps` units of roundoff of
    `magnitude(example, entry)`, or, where that is None, of what moving each input and hyperparameter
    by itself would change (the condition of the problem, which no arithmetic can better). `entry` is
    the place in a row of what the derivative is taken to, None where it is no row. Where
    `beyond(example)` holds, the formula leaves the floating range on its way, and anything goes.
    It holds in float32, whose 1e-6 is only some eight units of roundoff, and in float64 if `always`.
    """

    reason: str
    magnitude: Callable[[Mapping[str, Any], int | None], Any] | None = None
    ulps: float = 4
    always: bool = False
    beyond: Callable[[Mapping[str, Any]], bool] = lambda example: False


@dataclass(frozen=True)
class Oracle:
    name: str
    file: str
    signature: str
    value: Callable[..., Any]
    settings: Sequence[Mapping[str, float]] = ()
    excuses: Mapping[str, Excuse] = field(default_factory=dict)

    @property
    def arguments(self) -> tuple[Argument, ...]:
        return tuple(_arguments(self.signature))

    def of_role(self, role: str) -> tuple[Argument, ...]:
        return tuple(one for one in self.arguments if one.role == role)


def _arguments(signature: str) -> Any:
    groups, _, parameters = signature.partition(";")
    inputs, _, data = groups.partition("|")
    for role, group in (("differentiable", inputs), ("data", data), ("hyperparameter", parameters)):
        for text in re.split(r",\s*(?![^(]*\))", group.strip()) if group.strip() else []:
            found = re.fullmatch(
                r"(\w+): (\w+(?:\([^)]*\))?)(?:\[(\w)\])?(?: = (\S+))?", text.strip()
            )
            assert found, text
            name, domain, shape, default = found.groups()
            yield Argument(name, domain, shape or "", role, default)


def by_condition(reason: str, *results: str, always: bool = False) -> dict[str, Excuse]:
    return dict.fromkeys(results, Excuse(reason, always=always))


EXPONENT = (
    "exp of a difference, a product or a square: the argument's rounding, of the size of its"
    " operands, is the result's relative error"
)
ROOT = "addends of opposite sign, which nearly cancel near a root that the inputs' rounding moves"

# --------------------------------------------------------------------------- regression

PAIR = "prediction: real | target: real"


def squared_error(prediction, target):
    return (prediction - target) ** 2


def half_squared_error(prediction, target):
    return (prediction - target) ** 2 / 2


def absolute_error(prediction, target):
    return absolute(prediction - target)


def huber(prediction, target, delta):
    r = lift(prediction - target)
    return r**2 / 2 if abs(r.value) <= delta else delta * (absolute(r) - delta / 2)


def smooth_l1(prediction, target, beta):
    r = lift(prediction - target)
    return r**2 / (2 * beta) if abs(r.value) <= beta else absolute(r) - beta / 2


def pseudo_huber(prediction, target, delta):
    return delta * sqrt((prediction - target) ** 2 + delta**2) - delta**2


def pinball(prediction, target, tau):
    # Equal: the derivative from below, -tau, is the documented one.
    u = lift(target - prediction)
    return tau * u if u.value >= 0 else (tau - 1) * u


def expectile(prediction, target, tau):
    u = lift(target - prediction)
    return (tau if u.value >= 0 else 1 - tau) * u**2


def log_cosh(prediction, target):
    r = lift(prediction - target)
    r = r if r.value >= 0 else -r
    return r + log((1 + exp(-2 * r)) / 2)


def epsilon_insensitive(prediction, target, epsilon):
    return positive_part(absolute(prediction - target) - epsilon)


def cauchy(prediction, target, scale):
    return log(1 + ((prediction - target) / scale) ** 2 / 2)


def geman_mcclure(prediction, target, scale):
    x = ((prediction - target) / scale) ** 2
    return 2 * x / (x + 4)


def welsch(prediction, target, scale):
    return 1 - exp(((prediction - target) / scale) ** 2 / -2)


def tukey(prediction, target, scale):
    x = (prediction - target) / scale
    inside = abs(lift(x).value) <= 1
    return (1 - (1 - x**2) ** 3) / 6 if inside else Jet(mpf(1) / 6)


def charbonnier(prediction, target, epsilon):
    return sqrt((prediction - target) ** 2 + epsilon**2)


def gaussian_nll(mean, log_variance, target):
    return (log_variance + (target - mean) ** 2 * exp(-log_variance) + mp.log(2 * mp.pi)) / 2


def laplace_nll(location, log_scale, target):
    return absolute(target - location) * exp(-log_scale) + log_scale + mp.log(2)


def poisson(log_rate, count):
    return exp(log_rate) - count * log_rate


def gamma(log_mean, target):
    return log_mean + target * exp(-log_mean)


def tweedie(log_mean, target, power):
    return exp((2 - power) * log_mean) / (2 - power) + target * exp((1 - power) * log_mean) / (
        power - 1
    )


def mean_absolute_percentage(prediction, target):
    return absolute((prediction - target) / target)


def squared_log_error(prediction, target):
    return log((1 + prediction) / (1 + target)) ** 2


# ----------------------------------------------------------------------- classification

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


# ------------------------------------------------------------------------------ excuses


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

ASYMMETRIC = {
    result: Excuse(
        f"{EXPONENT}; {ROOT}; without a margin, 1 - p of a p that was rounded near one",
        beyond=lambda e: (
            e["margin"] == 0
            and any(z > 3 and y == 0 for z, y in zip(e["logits"], e["target"], strict=True))
        ),
        always=True,
    )
    for result in ("per_example", "gradient", "hessian_diagonal")
}

# -------------------------------------------------------------------------------- table

ORACLES = {
    one.name: one
    for one in (
        Oracle("squared_error", "regression", PAIR, squared_error),
        Oracle("half_squared_error", "regression", PAIR, half_squared_error),
        Oracle("absolute_error", "regression", PAIR, absolute_error),
        Oracle("huber", "regression", f"{PAIR}; delta: positive = 1", huber, [{"delta": 0.3}]),
        Oracle("smooth_l1", "regression", f"{PAIR}; beta: positive = 1", smooth_l1,
               [{"beta": 0.3}]),
        Oracle("pseudo_huber", "regression", f"{PAIR}; delta: positive = 1", pseudo_huber,
               [{"delta": 0.3}]),
        Oracle("pinball", "regression", f"{PAIR}; tau: probability = 0.5", pinball,
               [{"tau": 0.1}]),
        Oracle("expectile", "regression", f"{PAIR}; tau: probability = 0.5", expectile,
               [{"tau": 0.1}]),
        Oracle("log_cosh", "regression", PAIR, log_cosh,
               excuses=by_condition(EXPONENT, "hessian_diagonal")),
        Oracle("epsilon_insensitive", "regression", f"{PAIR}; epsilon: nonnegative = 0.1",
               epsilon_insensitive, [{"epsilon": 0.0}]),
        Oracle("cauchy", "regression", f"{PAIR}; scale: positive", cauchy,
               [{"scale": 1.0}, {"scale": 2.385}],
               excuses=by_condition(ROOT, "hessian_diagonal")),
        Oracle("geman_mcclure", "regression", f"{PAIR}; scale: positive", geman_mcclure,
               [{"scale": 1.0}, {"scale": 0.3}],
               excuses=by_condition(ROOT, "hessian_diagonal")),
        Oracle("welsch", "regression", f"{PAIR}; scale: positive", welsch,
               [{"scale": 1.0}, {"scale": 2.985}],
               excuses=by_condition(EXPONENT, "gradient", "hessian_diagonal")),
        Oracle("tukey", "regression", f"{PAIR}; scale: positive", tukey,
               [{"scale": 1.0}, {"scale": 4.685}],
               excuses=by_condition(ROOT, "gradient", "hessian_diagonal")),
        Oracle("charbonnier", "regression", f"{PAIR}; epsilon: positive = 1e-3", charbonnier,
               [{"epsilon": 1.0}]),
        Oracle("gaussian_nll", "regression", "mean: real, log_variance: real | target: real",
               gaussian_nll,
               excuses=by_condition(ROOT, "gradient")),
        Oracle("laplace_nll", "regression", "location: real, log_scale: real | target: real",
               laplace_nll,
               excuses=by_condition(ROOT, "gradient")),
        Oracle("poisson", "regression", "log_rate: real | count: count", poisson,
               excuses=by_condition(ROOT, "per_example", "gradient")),
        Oracle("gamma", "regression", "log_mean: real | target: positive", gamma,
               excuses=by_condition(ROOT, "per_example", "gradient")),
        Oracle("tweedie", "regression",
               "log_mean: real | target: nonnegative; power: interval(1, 2) = 1.5", tweedie,
               [{"power": 1.25}, {"power": 1.9}],
               excuses=by_condition(f"{EXPONENT}; {ROOT}", "per_example", "gradient", "hessian_diagonal")),
        Oracle("mean_absolute_percentage", "regression", "prediction: real | target: positive",
               mean_absolute_percentage),
        Oracle("squared_log_error", "regression",
               "prediction: nonnegative | target: nonnegative", squared_log_error,
               excuses=by_condition(ROOT, "per_example", "gradient", "hessian_diagonal")),
        Oracle("hinge", "classification", SCORE, hinge),
        Oracle("squared_hinge", "classification", SCORE, squared_hinge),
        Oracle("logistic", "classification", SCORE, logistic),
        Oracle("exponential", "classification", SCORE, exponential),
        Oracle("perceptron", "classification", SCORE, perceptron),
        Oracle("savage", "classification", SCORE, savage,
               excuses=by_condition(ROOT, "hessian_diagonal")),
        Oracle("modified_huber", "classification", SCORE, modified_huber),
        Oracle("binary_cross_entropy", "classification",
               "logit: real | target: probability; positive_weight: positive = 1",
               binary_cross_entropy, [{"positive_weight": 3.0}],
               excuses=by_condition(ROOT, "gradient")),
        Oracle("binary_cross_entropy_probability", "classification",
               "p: probability | target: probability", binary_cross_entropy_probability,
               excuses=by_condition(ROOT, "gradient", always=True)),
        Oracle("brier", "classification", "p: probability | target: probability", brier),
        Oracle("cross_entropy", "classification", LOGITS, cross_entropy,
               excuses=by_condition(EXPONENT, "gradient", "hessian_diagonal")),
        Oracle("soft_cross_entropy", "classification",
               "logits: real[K] | target: simplex[K]", soft_cross_entropy,
               excuses=by_condition(f"{EXPONENT}; {ROOT}", "gradient", "hessian_diagonal")),
        Oracle("label_smoothed", "classification", f"{LOGITS}; smoothing: probability = 0.1",
               label_smoothed, [{"smoothing": 0.0}],
               excuses=by_condition(f"{EXPONENT}; {ROOT}", "gradient", "hessian_diagonal")),
        Oracle("focal", "classification", f"{LOGITS}; gamma: nonnegative = 2", focal,
               [{"gamma": 0.0}, {"gamma": 1.0}, {"gamma": 0.5}], excuses=FOCAL),
        Oracle("binary_focal", "classification",
               "logit: real | target: binary; gamma: nonnegative = 2, alpha: probability = 0.25",
               binary_focal, [{"gamma": 0.0, "alpha": 0.5}, {"gamma": 0.5, "alpha": 0.25}],
               excuses=by_condition(ROOT, "hessian_diagonal")),
        Oracle("poly1", "classification", f"{LOGITS}; epsilon: interval(-1, inf) = 2", poly1,
               [{"epsilon": -1.0}],
               excuses=POLY1),
        Oracle("crammer_singer", "classification", "score: real[K] | label: index(K)",
               crammer_singer),
        Oracle("weston_watkins", "classification", "score: real[K] | label: index(K)",
               weston_watkins),
        Oracle("generalized_cross_entropy", "classification", f"{LOGITS}; q: positive = 0.7",
               generalized_cross_entropy, [{"q": 1.0}],
               excuses=GENERALIZED),
        Oracle("symmetric_cross_entropy", "classification",
               f"{LOGITS}; alpha: nonnegative = 0.1, beta: nonnegative = 1,"
               " log_zero: interval(-inf, 0) = -4",
               symmetric_cross_entropy, [{"alpha": 1.0, "beta": 0.0, "log_zero": -4.0}],
               excuses=by_condition(f"{EXPONENT}; {ROOT}", "gradient", "hessian_diagonal")),
        Oracle("asymmetric", "classification",
               "logits: real[K] | target: binary[K]; gamma_positive: nonnegative = 0,"
               " gamma_negative: nonnegative = 4, margin: probability = 0.05",
               asymmetric,
               [{"gamma_positive": 1.0, "gamma_negative": 2.0, "margin": 2.0**-7},
                {"gamma_positive": 1.0, "gamma_negative": 2.0, "margin": 0.0}],
               excuses=ASYMMETRIC),
        Oracle("dice", "classification",
               "logits: real[N] | target: binary[N]; smoothing: nonnegative = 1", dice,
               [{"smoothing": 0.0}],
               excuses=DICE),
        Oracle("tversky", "classification",
               "logits: real[N] | target: binary[N]; alpha: nonnegative = 0.3,"
               " beta: nonnegative = 0.7, smoothing: nonnegative = 1",
               tversky, [{"alpha": 0.5, "beta": 0.5, "smoothing": 0.0}],
               excuses=TVERSKY),
        Oracle("lovasz_hinge", "classification", "score: real[N] | label: sign[N]",
               lovasz_hinge,
               excuses=LOVASZ),
    )
}  # fmt: skip
