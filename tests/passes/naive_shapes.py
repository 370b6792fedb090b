"""Naive forms of shapes that may be nearly zero: tails that become exponential there (Pickands 1975;
Jenkinson 1955), counts that become Poisson's (negative binomial regression by its dispersion),
transformations by a learned power of one more than a number (Yeo and Johnson 2000);
of widths that are learned, and what is nothing at an equilibrium.

Points are small and moderate shapes of both signs. They belong to the list of `tests.passes.naive`.
"""

from __future__ import annotations

from .form import Form, scalars, two

SHAPES = (1e-12, 1e-9, 1e-5, 1e-2, 0.05, 0.2, 0.5, -1e-6, -0.1)
SMALL = tuple(k for k in SHAPES if k > 0)

TAILS = (
    two("log(s) + (1 / k + 1) * log(1 + k * y / s)",
        [(s, k, y) for s, y in ((0.5, 0.1), (2.0, 0.3), (0.5, 3.0)) for k in SHAPES],
        "s: positive, k: real | y: positive"),
    two("log(1 + k * y) * (1 + 1 / k)", [(k, y) for k in SMALL for y in (0.1, 1.0, 30.0)],
        "k: positive | y: nonnegative"),
    two("log(s) + (1 + k) * z + exp(-z)",
        [(s, k, y) for s, y in ((2.0, 0.1), (2.0, -0.6)) for k in SHAPES],
        "s: positive, k: real | y: real", where="z = log(1 + k * y / s) / k",
        oracle="log(s) + (1 + k) * log(1 + k * y / s) / k + exp(-log(1 + k * y / s) / k)"),
    two("log(1 + a * exp(x)) / a", [(a, x) for a in SMALL for x in (0.1, 3.0, -5.0)],
        "a: positive, x: real"),
    two("(y + 1 / a) * log(1 + a * exp(x)) - y * x",
        [(a, x, y) for a in SMALL for x, y in ((0.1, 0), (0.1, 3), (5.0, 3), (-3.0, 3))],
        "a: positive, x: real | y: count"),
    two("(y + 1 / a) * log(1 + a * mu) - y * log(mu)",
        [(a, mu, y) for a in SMALL for mu, y in ((0.1, 0), (0.1, 3), (1.5, 3))],
        "a: positive, mu: positive | y: count"),
)  # fmt: skip

POWERS = (
    two("if x >= 0 then ((x + 1)^l - 1) / l else -((1 - x)^(2 - l) - 1) / (2 - l)",
        [(x, l) for x in (0.3, -30.0, 30.0, -0.3) for l in (1e-12, 1e-6, 0.5, 1.9, 0.01)],
        "x: real, l: real",
        oracle="(exp(l * log(x + 1)) - 1) / l if x.value >= 0"
        " else -(exp((2 - l) * log(1 - x)) - 1) / (2 - l)"),
)  # fmt: skip

HAND_WRITTEN = tuple(
    Form(f"share of some classes by hand, {text}", text,
         [(z, m) for z in ((0.3, -2.0, 1.0), (3.0, 800.0, -800.0), (100.0, 99.0, -5.0),
                             (-900.0, -901.0, -905.0))
          for m in ((1, 0, 0), (0, 1, 1))],
         "z: real[K] | m: binary[K]", oracle)
    for text, oracle in (
        ("sum[k | m[k] == 1](exp(z[k])) / sum[k](exp(z[k]))",
         "total(m[k] * exp(a) for k, a in enumerate(z)) / total(exp(a) for a in z)"),
        ("1 - sum[k | m[k] == 1](exp(z[k])) / sum[k](exp(z[k]))",
         "total((1 - m[k]) * exp(a) for k, a in enumerate(z)) / total(exp(a) for a in z)"),
    )
)  # fmt: skip

WIDTHS = tuple((x, c) for x in (0.0, 1e-8, 1e-3, 0.7, 30.0, -1e8) for c in (1e-3, 1.0, 1e3, 1e10))
LEARNED_WIDTHS = (
    two("sqrt(x^2 + c^2) - c", WIDTHS, "x: real, c: positive",
        oracle="c * (x / c)^2 / (1 + sqrt(1 + (x / c)^2))"),
    two("c^2 * (sqrt(1 + (x / c)^2) - 1)", WIDTHS, "x: real, c: positive",
        oracle="c^2 * (x / c)^2 / (1 + sqrt(1 + (x / c)^2))"),
)  # fmt: skip
"""Charbonnier et al. (1994) and Huber's loss made smooth, by a width that is learned."""

AT_EQUILIBRIUM = (
    scalars("log(2) - log(1 + exp(-x))", (-1e300, -800, -30, -1e-3, -1e-8, 1e-8, 1e-3, 0.7, 30, 800, 1e300)),
    two("2 * log(2) + log(sigmoid(x)) + log(1 - sigmoid(g))",
        ((1e-8, 3.0), (1e-8, 1e-9), (-30.0, 1e-3), (1e-3, 40.0)), "x: real, g: real",
        oracle="2 * log(2) - log(1 + exp(-x)) - log(1 + exp(g))"),
)  # fmt: skip
"""Games between two networks (Goodfellow et al. 2014), bounds of mutual information (Hjelm et al. 2019)."""

APART = tuple(
    (x, y) for x in (1.0, 0.3, -40.0, 1e-3) for y in (1.0, x + 1e-9, x - 1e-6, x * (1 + 1e-12), 7.0)
)
LINEX = (
    two("exp(a * (x - y)) - a * (x - y) - 1", [(x, y, a) for x, y in APART[::2] for a in (0.3, -2.0)],
        "x: real | y: real; a: real = 1"),
    two("b * (exp(a * (x - y)) - a * (x - y) - 1)",
        [(x, a, y, 3.0) for x, y in APART[1::3] for a in (0.3, -1e-4)],
        "x: real, a: real | y: real; b: positive = 1"),
    two("exp(0.3 * (x - y)) - 0.3 * (x - y) - 1", APART, "x: real | y: real",
        oracle="exp(3 * (x - y) / 10) - 3 * (x - y) / 10 - 1"),
)  # fmt: skip
"""Asymmetric losses for decisions (Varian 1975; Zellner 1986), by a hyperparameter or a number."""

NARROW = ((0.0, -400.0), (0.0, -720.0), (-2.0, 300.0), (-40.0, 1.0))
COLLAPSED = (
    Form("mixture density with a part as narrow as nothing",
         "-log(sum[k](softmax(z)[k] * exp(-((x - m[k]) / exp(v[k]))^2 / 2) / exp(v[k])))",
         [((0.3, -0.5), (0.1, 1.0), v, 0.7) for v in NARROW],
         "z: real[K], m: real[K], v: real[K] | x: real",
         "-log(total(exp(z[k] - ((x - m[k]) / exp(v[k]))**2 / 2 - v[k]) for k in range(2)))"
         " + log(total(exp(a) for a in z))"),
    Form("mixture density by widths",
         "-log(sum[k](softmax(z)[k] * exp(-(x - m[k])^2 / (2 * s[k]^2)) / s[k]))",
         [((0.3, -0.5), (0.1, 1.0), s, 0.7) for s in ((1.0, 1e-100), (0.1, 3.0))],
         "z: real[K], m: real[K], s: positive[K] | x: real",
         "-log(total(exp(z[k] - ((x - m[k]) / s[k])**2 / 2) / s[k] for k in range(2)))"
         " + log(total(exp(a) for a in z))"),
)  # fmt: skip
"""Bishop (1994): the likelihood of a mixture grows without bound as a part falls onto an example."""

OVERLAPS = (
    two("(m - n)^2 / (4 * (s^2 + t^2)) + log((s^2 / t^2 + t^2 / s^2 + 2) / 4) / 4",
        [(m, s, 0.7, t) for m in (0.3, 0.7) for s, t in (
            (0.3, 0.7), (0.7, 0.7000000001), (1e-3, 1.000001e-3), (3.0, 1e-30), (1e-100, 1e100))],
        "m: real, s: positive | n: real, t: positive"),
    two("log(x / y + y / x + 2)", [(x, y) for x in (0.3, 1e-9, 1e200) for y in (0.3 + 1e-9, 1.0, 1e-200)],
        "x: positive, y: positive"),
)  # fmt: skip
"""Bhattacharyya (1943), of two normal distributions, as it is found in textbooks."""

SHAPED: tuple[Form, ...] = (
    *TAILS, *POWERS, *HAND_WRITTEN, *LEARNED_WIDTHS, *AT_EQUILIBRIUM, *LINEX, *COLLAPSED, *OVERLAPS,
)  # fmt: skip
