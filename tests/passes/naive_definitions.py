"""Naive forms that are spelled out by hand: a mean as a sum over its size, a maximum taken out, a likelihood
by its exponentials. The table of `tests.passes.frameworks` does not have them.
"""

from __future__ import annotations

from .form import LOGITS, Form, Row, two
from .naive_contrasts import CONTRAST_FORMS
from .naive_counts import COUNT_FORMS
from .naive_domains import DOMAIN_FORMS
from .naive_exponents import SMALL_FORMS
from .naive_losses import LOSS_FORMS
from .naive_papers import PAPER_FORMS
from .naive_quotients import QUOTIENT_FORMS
from .naive_ranges import RANGE_FORMS
from .naive_recent import RECENT
from .naive_scales import SURE

NEAR_PAIRS: tuple[Row, ...] = (
    (0.3, 0.3001), (0.3, 0.3 + 1e-9), (-5.0, 5.0), (40.0, 40.01), (-30.0, -31.0), (2.0, 2.0), (20.0, 19.0),
)  # fmt: skip
SHARES: tuple[Row, ...] = ((0.3, 0.3 + 1e-9), (0.3, 0.5), (1e-9, 2e-9), (0.75, 0.75))
SAMPLES = (((1e4, 1e4 + 1, 1e4 + 2),), ((1.0, 2.0, 4.0),))
LABELED = [(z, y) for z in LOGITS for y in (0, 1)]
CROSS_ENTROPY = "log(total(exp(one) for one in z)) - z[y]"

BY_HAND = (
    Form("variance by sums over their size", "sum[i](x[i]^2) / N - (sum[i](x[i]) / N)^2", SAMPLES,
         "x: real[N]", "total((one - total(x) / 3)^2 for one in x) / 3"),
    Form("variance of a sample by sums", "(sum[i](x[i]^2) - sum[i](x[i])^2 / N) / (N - 1)", SAMPLES,
         "x: real[N]", "total((one - total(x) / 3)^2 for one in x) / 2"),
    Form("covariance by sums over their size", "sum[i](x[i] * y[i]) / N - a * b",
         [(*SAMPLES[0], (3.0, 4.0, -1.0)), (*SAMPLES[1], (1.0, 0.0, 1.0))], "x: real[N], y: real[N]",
         "total((a - total(x) / 3) * (b - total(y) / 3) for a, b in zip(x, y)) / 3",
         "a = sum[i](x[i]) / N\n          b = sum[i](y[i]) / N"),
    Form("softmax with the maximum taken out by hand", "-log(e[y] / sum[k](e[k]))", LABELED,
         "z: real[K] | y: index(K)", CROSS_ENTROPY,
         "m = max[k](z[k])\n          e[k] = exp(z[k] - m)"),
    Form("odds of a softmax", "log(p / (1 - p))", LABELED, "z: real[K] | y: index(K)",
         "z[y] - log(total(exp(one) for k, one in enumerate(z) if k != y))", "p = softmax(z)[y]"),
    Form("softmax with a maximum that is held", "-log(exp(z[y] - m) / sum[k](exp(z[k] - m)))", LABELED,
         "z: real[K] | y: index(K)", CROSS_ENTROPY, "m = stop_gradient(max[k](z[k]))"),
    Form("geometric mean", "prod[i](x[i])^(1/N)",
         [((1.0, 2.0, 4.0),), ((1e200, 2e200, 1e180),), ((1e-200, 1e-200, 2e-200),)], "x: positive[N]",
         "exp(total(log(one) for one in x) / 3)"),
    Form("affinity of distributions", "1 - sum[k](sqrt(p[k] * q[k]))",
         [((0.25, 0.25, 0.5), (0.25 + 2**-30, 0.25 - 2**-30, 0.5))], "| p: simplex[K], q: simplex[K]",
         "total((sqrt(a) - sqrt(b))^2 for a, b in zip(p, q)) / 2"),
)  # fmt: skip

AT_NEAR_PLACES = (
    two("log(1 + exp(a)) - log(1 + exp(b))", NEAR_PAIRS, oracle="log((1 + exp(a)) / (1 + exp(b)))"),
    two("tanh(a) - tanh(b)", NEAR_PAIRS, oracle="sinh(a - b) / (cosh(a) * cosh(b))"),
    two("(sigmoid(a) - sigmoid(b))^2", NEAR_PAIRS,
        oracle="((exp(a) - exp(b)) / ((1 + exp(a)) * (1 + exp(b))))^2"),
    two("(exp(a) - exp(b))^2", NEAR_PAIRS),
    two("log((exp(a) + exp(b)) / 2) - (a + b) / 2", (*NEAR_PAIRS, (800.0, 3.0), (1e-6, 0.0)),
        oracle="log((exp((a - b) / 2) + exp((b - a) / 2)) / 2)"),
)  # fmt: skip

DIVERGENCES = (
    two("t - s + (exp(2 * s) + (m - n)^2) / (2 * exp(2 * t)) - 0.5",
        ((0.0, 0.0, 0.0, 0.0), (1e-9, 1e-9, 0.0, 0.0), (1.0, -2.0, 0.5, 1.0), (0.0, 1e-5, 0.0, 0.0)),
        "m: real, s: real | n: real, t: real"),
    two("p * log(p / q) + (1 - p) * log((1 - p) / (1 - q))", SHARES, "q: probability | p: probability"),
    two("(a + b) / 2 - sqrt(a * b)", ((1.0, 1 + 1e-9), (3.0, 5.0), (1e-9, 1.0), (1e200, 1e199)),
        "a: positive, b: positive"),
    two("1 - sqrt(p * q) - sqrt((1 - p) * (1 - q))", SHARES, "| p: probability, q: probability"),
    two("log(1 + (x / g)^2) + log(g)", ((1.0, 1e-3), (1e5, 1e-3), (1e-9, 1.0), (3.0, 1e3)),
        "x: real, g: positive"),
    two("0.5 * log(pi / v) - a * log(2 * b * (1 + v)) + (a + 0.5) * log(y^2 * v + 2 * b * (1 + v))"
        " + lgamma(a) - lgamma(a + 0.5)", ((1.0, 2.0, 1.0, 0.5), (1e3, 1e4, 1.0, 0.125)),
        "v: positive, a: positive, b: positive | y: real"),
)  # fmt: skip

LOGITS_OF_TWO: tuple[Row, ...] = (
    (-0.9, -0.9 + 1e-9), (1.0, 1.0001), (2.0, 2.0), (-30.0, 0.5), (40.0, 35.0), (3.0, -40.0), (1e-6, 9.99e-7),
)  # fmt: skip
BETWEEN_LOGITS = (
    "sigmoid(y) * (log(1 + exp(-x)) - log(1 + exp(-y)))"
    " + sigmoid(-y) * (log(1 + exp(x)) - log(1 + exp(y)))"
)
DISTILLED = (
    Form("distillation between probabilities", "p * log(p / q) + (1 - p) * log((1 - p) / (1 - q))",
         LOGITS_OF_TWO, "x: real | y: real", BETWEEN_LOGITS, "p = sigmoid(y)\n          q = sigmoid(x)"),
    Form("divergence of softplus", "log(1 + exp(x)) - log(1 + exp(y)) - sigmoid(y) * (x - y)",
         LOGITS_OF_TWO, "x: real | y: real", BETWEEN_LOGITS),
    Form("logarithm over a number", "log(1 + x) / x", [(x,) for x in (1e-300, -1e-9, 1e-3, -0.3, 0.9)],
         "x: interval(-1, 1)"),
)  # fmt: skip

CHOICES = (
    Form("squares over expected ones, where they differ", "sum[k | p[k] != q[k]]((p[k] - q[k])^2 / q[k])",
         [((0.5, 0.25, 0.25), (1e-12, 0.5, 0.5)), ((0.125, 0.5, 0.375), (1e-30, 1.0, 1e-20))],
         "q: simplex[K] | p: simplex[K]", oracle="total((a - b)^2 / b for a, b in zip(p, q))"),
    Form("product of choices", "-log(prod[i](exp(s[i]) / sum[j | j >= i](exp(s[j]))))",
         [(z,) for z in SURE], "s: real[N]",
         oracle="total(log(total(exp(one) for one in s[i:])) - s[i] for i in range(len(s)))"),
    Form("weighted squares that overflow", "min(w, 5) / w * sum[d](r[d]^2)",
         [((1e160, 1.0, 1e155), 1e100), ((3.0, 4.0, 0.0), 10.0), ((1e-3, 0.0, 0.0), 1e-300)],
         "r: real[D] | w: positive", oracle="min(w, 5) / w * total(one * one for one in r)"),
)  # fmt: skip

DEFINITIONS: tuple[Form, ...] = (
    *CHOICES, *BY_HAND, *AT_NEAR_PLACES, *DIVERGENCES, *DISTILLED, *SMALL_FORMS, *PAPER_FORMS, *RECENT,
    *RANGE_FORMS, *COUNT_FORMS, *QUOTIENT_FORMS, *LOSS_FORMS, *DOMAIN_FORMS,
    *CONTRAST_FORMS,
)  # fmt: skip
