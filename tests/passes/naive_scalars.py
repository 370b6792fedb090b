"""Naive forms of scalars: likelihoods, deviances, divergences and quotients as papers write them.

Points are pairs that all but agree, and magnitudes at which a part of the text leaves the range of which
the result does not. They belong to the list of `tests.passes.naive`.
"""

from __future__ import annotations

from collections.abc import Mapping

from .form import Form, Row, scalars, two

CLOSE = (1e-3, 1.0, 1 + 2**-52, 1 + 1e-9, 1.0001, 1.5)
RATES: tuple[Row, ...] = (
    *((a, a * factor) for a in (0.99, 60.0, 1e-3, 1e20) for factor in CLOSE),
    (1e100, 1e-100), (1e-100, 1e100), (3.0, 1e-12),
)  # fmt: skip
GAPS: tuple[Row, ...] = tuple((a, b) for a in (-745.0, -12.0, -0.9, 0.0, 1.0, 100.0, 710.0)
                              for b in (0.5, 1.1, 0.01))  # fmt: skip

LIKELIHOODS = (
    scalars("-log(1 - exp(-exp(x)))",
            (-746, -710, -104, -40, -30, -12, -5, -0.7, -1e-3, 0.0, 1e-20, 0.7, 3, 5, 6.5)),
    scalars("log(exp(x) - exp(-x))", (1e-300, 1e-16, 1e-9, 1e-3, 0.7, 5, 89, 360, 710, 1e5, 1e300),
            "x: positive"),
    scalars("log(x) - log(exp(x) - exp(-x))", (1e-16, 1e-9, 1e-3, 0.7, 5, 89, 360, 710, 1e5), "x: positive"),
    two("-log(sigmoid(x + y + 1) - sigmoid(x - y))", GAPS, "x: real, y: positive"),
    two("-log(sigmoid(x) - sigmoid(x - y))", GAPS, "x: real, y: positive"),
    two("-log(sigmoid(x) + (1 - sigmoid(x)) * exp(-l))",
        ((-1e6, 720), (12, 0.7), (-30, 1e-3), (36.5, 0.01), (-1e17, 800), (0.0, 1.0), (-3.0, 5.0),
         (2.0, 1e-9)),
        "x: real, l: positive", oracle="log(1 + exp(x)) - log(exp(x) + exp(-l))"),
    two("-log(0.5 * exp(-(y - m)^2 / 2) + 0.5 * exp(-(y + m)^2 / 2))",
        ((0.3, 0.2), (100, 3.0), (-0.01, 1e5), (-1e-4, 12), (1.0, 0.0), (7.0, 7.0)), "m: real, y: real",
        oracle="-log(exp(-(y - m)^2 / 2) / 2 + exp(-(y + m)^2 / 2) / 2)"),
    two("-log(0.3 * exp(u) + 0.7 * exp(v))", ((0.0, 0.0), (1e-9, 0.0), (800, 0), (-800, -900), (3, 40)),
        "u: real, v: real", oracle="-log(3 * exp(u) / 10 + 7 * exp(v) / 10)"),
    two("-log(w * exp(u) + (1 - w) * exp(v))",
        ((0.3, 0.0, 0.5), (1e-9, 800, 0), (0.5, -800, -900), (0.99, 3, 40)),
        "w: probability, u: real, v: real"),
    two("(x * exp(x) + y * exp(y)) / (exp(x) + exp(y))",
        ((100, 0.5), (720, 12), (-2, 40), (1.0, 1.0), (-800, 3), (1e5, -800), (3.0, 3.0 + 1e-9)),
        "x: real, y: real", oracle="x / (1 + exp(y - x)) + y / (1 + exp(x - y))"),
    two("sigmoid(y) * (log(sigmoid(y)) - log(sigmoid(x)))"
        " + (1 - sigmoid(y)) * (log(1 - sigmoid(y)) - log(1 - sigmoid(x)))",
        ((-0.9, -0.9 + 1e-9), (1.0, 1.0001), (2.0, 2.0), (-30.0, 0.5), (40.0, 35.0), (3.0, -40.0)),
        "x: real | y: real",
        oracle="sigmoid(y) * (log(1 + exp(-x)) - log(1 + exp(-y)))"
        " + sigmoid(-y) * (log(1 + exp(x)) - log(1 + exp(y)))"),
    two("log(exp(x) + exp(y)) - max(x, y)", ((12, -1.5), (-1, 30), (3.0, -740)), "x: real, y: real"),
)  # fmt: skip

DEVIANCES = (
    two("2 * ((y - mu) / mu - log(y / mu))", RATES, "mu: positive | y: positive"),
    two("2 * (-log(y / mu) + (y - mu) / mu)", RATES, "y: positive | mu: positive"),
    two("y / mu + log(mu / y) - 1", RATES, "y: positive | mu: positive"),
    two("q / p - log(q / p) - 1", RATES, "q: positive | p: positive"),
    two("q * log(q / p) - q + p", RATES, "q: positive, p: positive"),
    two("q * (log(q) - log(p)) - q + p", RATES, "q: positive, p: positive"),
    two("2 * (y * log(y / mu) - (y - mu))", RATES, "mu: positive | y: positive"),
    two("2 * (mu - y - y * log(mu / y))", RATES, "mu: positive | y: positive"),
    two("4 * (y / sqrt(mu) - 2 * sqrt(y) + sqrt(mu))", RATES, "mu: positive | y: positive"),
    two("p * log(2 * p / (p + q)) + q * log(2 * q / (p + q))", RATES, "p: positive, q: positive"),
    two("(sqrt(p) - sqrt(q))^2", RATES, "p: positive, q: positive"),
    two("sqrt(p) - sqrt(q)", RATES, "p: positive, q: positive"),
    two("log(p) - log(q)", RATES, "p: positive, q: positive"),
    scalars("log(1 + a) - a / (1 + a)", (1e-300, 1e-20, 1e-8, 1e-6, 0.3, 5, 1e5), "a: nonnegative"),
    scalars("log(1 + abs(x)) - abs(x) / (1 + abs(x))", (1e-300, -1e-20, 1e-8, -1e-6, 0.3, 5, -1e5)),
)  # fmt: skip

QUOTIENTS = (
    two("sqrt(x^2 + y^2)",
        ((0.5, 709.5), (0.0, 709.5), (-709.5, -0.9), (-700, 1e-4), (1e-310, 1e-310), (3, 4)),
        "x: real, y: real"),
    two("x^2 / (x^2 + y^2 + 1)",
        ((100, -1e10), (1e8, -720), (-1e150, -1e17), (-1e155, 1.0), (1.0, 2.0), (1e-200, 1e200)),
        "x: real, y: real"),
    scalars("(exp(x) - 1 - x) / x^2", (1e-100, 1e-9, 1e-3, 0.7, -5, 89, 700, -1e5, -1e150)),
    scalars("x / 2 * (1 + tanh(sqrt(2 / pi) * (x + 0.044715 * x^3)))",
            (-1e300, -1e103, -1e38, -5, -0.7, 0.0, 0.3, 1e38, 1e300),
            oracle="x / (1 + exp(-2 * sqrt(2 / pi) * (x + HyperDual(44715) / 1000000 * x^3)))"),
    scalars("1 / tanh(x) - 1 / x", (1e-100, 1e-9, 1e-3, 0.7, -0.7, 5, 1e5)),
    scalars("acos(x)^2", (-0.9, -1e-9, 0.0, 0.3, 0.9, 1 - 1e-6, 1 - 2**-30, 1 - 2**-53),
            "x: interval(-1, 1)"),
)  # fmt: skip

LARGE = (
    scalars("(n + 1) * log(n + 1) - n * log(n) - 1",
            (5e-324, 1e-9, 0.7, 5, 1e5, 1e15, 1e17, 1e200), "n: positive"),
    scalars("log(1 + x) - log(x)", (5e-324, 1e-310, 1e-9, 3, 1e200), "x: positive"),
    scalars("(1 - z^(1/1000)) * 1000", (1e-300, 0.3, 0.99, 1 + 1e-9, 1e100), "z: positive",
            oracle="(1 - z^(HyperDual(1) / 1000).value) * 1000"),
    two("lgamma(x + s) - lgamma(x)",
        ((1e-9, 1.0), (3.0, 1.0), (60, 0.5), (1e8, 2.5), (1e17, 60.0), (5.0, 1e20)),
        "x: positive | s: positive"),
    two("lgamma(a) + lgamma(b) - lgamma(a + b)",
        ((60, 1e17), (1e20, 5), (1e8, 1e-6), (0.5, 0.5), (1e6, 1e6)),
        "a: positive, b: positive"),
    two("(nu + 1) / 2 * log(1 + r^2 / nu) - lgamma((nu + 1) / 2) + lgamma(nu / 2) + log(nu * pi) / 2",
        ((-0.9, 1e15), (-1, 1e6), (-2, 1e8), (100, 1e-3), (3.0, 4.0)), "r: real, nu: positive"),
)  # fmt: skip

SCALARS: tuple[Form, ...] = (*LIKELIHOODS, *DEVIANCES, *QUOTIENTS, *LARGE)

UNMENDED_SCALARS: Mapping[str, str] = {
    "acos(x)^2": "the curvature at one is a difference of powers of the distance from it",
}  # fmt: skip
"""By name, those that are not mended, each with what is missing."""
