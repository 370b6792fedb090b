"""Naive forms of counts: log-gamma functions beside the logarithms that they cancel with, where a rate is
near the count, a negative binomial near a Poisson probability, or Student's t near a normal density.

The texts are those of textbooks on regression of counts (Cameron and Trivedi 1998; Hilbe 2011). They belong
to the list of `tests.passes.naive_definitions`: the table of `tests.passes.frameworks` does not have them.
"""

from __future__ import annotations

from .form import Form, Row, two

RATES = (0.1, 1.0, 3.0, 29.5, 300.0, 301.0, 1e6)
COUNTS = (0.0, 1.0, 3.0, 30.0, 300.0, 1e6)
NEAR: tuple[Row, ...] = tuple((m, y) for m in RATES for y in COUNTS)
SIZES = (0.3, 3.0, 20.0, 150.0, 1e4, 1e8, 1e20, 1e80)
SPREAD: tuple[Row, ...] = tuple((m, r, y) for m, y in NEAR[:-1:2] for r in SIZES)
LOGGED: tuple[Row, ...] = tuple(
    (m, r, y)
    for m in (-2.0, 1.0, 3.4, 5.7)
    for r in (0.0, 3.5, 9.0, 20.0)
    for y in (0.0, 1.0, 30.0, 300.0)
)

POISSON = (
    two("m - y * log(m) + lgamma(y + 1)", NEAR, "m: positive | y: nonnegative"),
    two("exp(m) - y * m + lgamma(y + 1)",
        tuple((m, y) for m in (-700.0, -3.0, 0.1, 3.4, 5.7, 13.8, 700.0) for y in COUNTS),
        "m: real | y: nonnegative"),
)  # fmt: skip

NEGATIVE_BINOMIAL = (
    *(two(text, SPREAD, "m: positive, r: positive | y: nonnegative", tolerance=1e-12) for text in (
        "lgamma(y + 1) - lgamma(y + r) + lgamma(r) - r * log(r / (r + m)) - y * log(m / (r + m))",
        "lgamma(y + 1) - lgamma(y + r) + lgamma(r) - r * log(r) + (r + y) * log(r + m) - y * log(m)",
    )),
    two("lgamma(y + 1) - lgamma(y + 1/a) + lgamma(1/a) + 1/a * log(1 + a * m) - y * log(a * m / (1 + a * m))",
        tuple((m, 1 / r, y) for m, r, y in SPREAD), "m: positive, a: positive | y: nonnegative",
        tolerance=1e-11),
    two("lgamma(y + 1) - lgamma(y + exp(r)) + lgamma(exp(r)) - exp(r) * r - y * m"
        " + (y + exp(r)) * log(exp(r) + exp(m))",
        LOGGED, "m: real, r: real | y: nonnegative", tolerance=1e-10),
)  # fmt: skip

STUDENT = (
    two("(nu + 1) / 2 * log(1 + r^2 / nu) - lgamma((nu + 1) / 2) + lgamma(nu / 2) + log(nu) / 2",
        tuple((r, v) for r in (0.0, 1e-5, -0.7, 3.0, 30.0, 1e8) for v in (0.3, 3.0, 60.0, 1e4, 1e9, 1e17)),
        "r: real, nu: positive", tolerance=1e-11),
)  # fmt: skip

TRIALS = ((10.0, 3.0), (10.0, 0.0), (10.0, 10.0), (300.0, 30.0), (1.0, 1.0))
SHAPES: tuple[Row, ...] = tuple(
    (a, b, n, y)
    for a, b in ((0.3, 0.7), (8.0, 12.0), (15.0, 9.0), (30.0, 50.0), (1e4, 3e4), (1e8, 1e8))
    for n, y in TRIALS
)
SCALED: tuple[Row, ...] = tuple(
    (m, s, n, y)
    for m in (0.25, 0.0625)
    for s in (0.5, 8.0, 20.0, 1e3, 1e5, 1e8)
    for n, y in TRIALS[:-1]
)
BETA_BINOMIAL = (
    two("-(lgamma(n + 1) - lgamma(y + 1) - lgamma(n - y + 1) + lgamma(y + a) + lgamma(n - y + b)"
        " - lgamma(n + a + b) - lgamma(a) - lgamma(b) + lgamma(a + b))", SHAPES,
        "a: positive, b: positive | n: nonnegative, y: nonnegative", tolerance=1e-11),
    two("-(lgamma(y + m * s) + lgamma(n - y + (1 - m) * s) - lgamma(n + s) - lgamma(m * s)"
        " - lgamma((1 - m) * s) + lgamma(s))", SCALED,
        "m: probability, s: positive | n: nonnegative, y: nonnegative", tolerance=1e-11),
)  # fmt: skip

COUNT_FORMS: tuple[Form, ...] = (*POISSON, *NEGATIVE_BINOMIAL, *BETA_BINOMIAL, *STUDENT)
