"""Naive forms with an exponent that may be nearly zero, or one: transformations, divergences and losses of a
degree (Box and Cox 1964; Tsallis 1988; Zhang and Sabuncu 2018; Barron 2019); logarithms of differences of
exponentials, of which poles cancel; zeros of quadratics.

They belong to the list of `tests.passes.naive_definitions`: the table of `tests.passes.frameworks` does not
have them.
"""

from __future__ import annotations

from .form import Form, Row, scalars, two

SMALL = (1e-30, 1e-16, 1e-9, 1e-3, 0.3, 1.0, 2.0, 7.5)
PLACES = (1e-20, 1e-3, 0.3, 0.99, 1.0001, 3.0, 50.0, 1e8)
DEGREES: tuple[Row, ...] = tuple((x, a) for x in PLACES for a in SMALL)
BESIDE_ONE: tuple[Row, ...] = tuple(
    (x, 1 + d) for x in PLACES for d in (-0.5, 1.0, 2.0**-20, -(2.0**-21), 2.0**-45, -1.0)
)
SHARES: tuple[Row, ...] = tuple((x, a) for x, a in DEGREES if x < 1)
LOGITS: tuple[Row, ...] = tuple(
    (x, q) for x in (-800.0, -30.0, -1.0, 0.0, 1.0, 30.0) for q in (1e-30, 1e-9, 1e-3, 0.7, 2.0)
)
RESIDUALS: tuple[Row, ...] = tuple(
    (r, c, a) for r in (-30.0, -1e-3, 0.3, 5.0) for c in (1.0, 3.0) for a in (1e-9, 1e-3, 0.5, 1.5)
)
PAIRS: tuple[Row, ...] = tuple(
    (q, p, a)
    for q, p in ((0.2, 0.3), (0.5, 0.4), (3.0, 1.0), (1e-3, 2.0))
    for a in (0.5, 1e-3, 1e-9, 1e-16, 2.0)
)

COUNTS = (1e-30, 1e-12, 1e-8, 1e-4, 1e-2, 0.3, 3.0, 50.0, 800.0)
APART: tuple[Row, ...] = tuple(
    (x, y) for x in (-800.0, -3.0, 1e-9, 3.0, 355.0, 800.0) for y in (-700.0, -3.0001, 1.0, 400.0)
)
QUADRATICS = ((-0.5, 3.52, 1e-30), (1.0, -3.0, 1.0), (2.0, 1e8, 1.0), (1e5, 1.0, 2.0), (-0.5, -3.52, 1e-30),
              (3.0, 0.0, 2.0))  # fmt: skip
COEFFICIENTS = (
    (1.0, 1e8, 1.0),
    (1.0, -1e8, 1.0),
    (1e-8, 3.0, 2.0),
    (2.0, 0.5, -3.0),
    (1.0, 1e-8, -1e8),
)
RATES: tuple[Row, ...] = tuple(
    (x, q) for x in (0.0, 1e-12, 1e-3, 0.3, 2.0, 20.0) for q in (1e-16, 1e-9, 1e-3, 0.5, 2.0)
)
STRENGTHS: tuple[Row, ...] = tuple(
    (x, y, n) for x in (1e-25, 1.0, 3.0, 1e25) for y in (1.0, 3.0) for n in (1e-9, 0.5, 3.0, 20.0)
)

COPULAS = ((0.99999988, 0.9998999, 2.0), (0.3, 0.5, 1e-9), (0.999, 0.5, 1e-3), (0.3, 0.9, 2.0))

STEPS: tuple[Row, ...] = tuple(
    (x, n) for x in (1e-3, 1.0, 30.0, 1e9, 1e20) for n in (0.5, 3.0, 7.0)
)
NEARBY: tuple[Row, ...] = tuple(
    (x, x * (1 + by), p)
    for x in (1e-5, 0.3, 20.0)
    for by in (0.0, 2.0**-30, 2.0**-10, 2.0)
    for p in (0.5, 1.7, 3.0, -0.7)
)

EXPONENT_FORMS = (
    two("(x + 1)^(1 / n) - x^(1 / n)", STEPS, "x: positive | n: positive", tolerance=1e-12),
    two("x^p - y^p", NEARBY, "x: positive, y: positive | p: real", tolerance=1e-12),
    two("(x^a - 1) / a", DEGREES, "x: positive | a: positive"),
    Form("power of degree nearly zero, by both", "(x^a - 1) / a",
         [(x, a) for x, a in DEGREES if 1e-9 <= a <= 2 and x > 1e-9], "x: positive, a: positive"),
    two("(1 - x^a) / a", SHARES, "x: probability | a: positive"),
    two("(x^(1 - q) - 1) / (1 - q)", BESIDE_ONE, "x: positive | q: real"),
    two("((1 + u)^(a / 2) - 1) / a", DEGREES, "u: nonnegative | a: positive"),
    two("(1 - sigmoid(x)^q) / q", LOGITS, "x: real | q: positive",
        oracle="(1 - exp(-q * log(1 + exp(-x)))) / q"),
    two("abs(a - 2) / a * (((r / c)^2 / abs(a - 2) + 1)^(a / 2) - 1)", RESIDUALS,
        "r: real | c: positive, a: positive"),
    two("(a * p + (1 - a) * q - p^a * q^(1 - a)) / a", PAIRS, "q: positive | p: positive, a: positive"),
    two("(1 + q * x)^(1 / q)", RATES, "x: nonnegative | q: positive"),
    two("log(u^(-t) + v^(-t) - 1) / t", COPULAS, "u: positive, v: positive | t: positive"),
    two("log(1 + x^n)", tuple((x, n) for x, y, n in STRENGTHS if y == 1), "x: positive | n: positive"),
    two("-log(x^n / (x^n + y^n))", STRENGTHS, "x: positive, y: positive | n: positive",
        oracle="log(1 + (y / x)^n)", tolerance=1e-12),  # the rounding of an exponent of a thousand
)  # fmt: skip

POLES = (
    scalars("log((exp(x) - 1) / x)", COUNTS, "x: positive"),
    scalars("log((1 - exp(-x)) / x)", COUNTS, "x: positive"),
    scalars("log(exp(x) - 1) - log(x)", COUNTS, "x: positive"),
    two("log((exp(x) - exp(y))^2)", APART, "x: real, y: real"),
    two("log(abs(exp(x) - exp(y)))", APART, "x: real, y: real"),
    scalars("log((exp(x) - 1)^2)", (*(-x for x in COUNTS), *COUNTS)),
    two("if x > y then log(exp(x) - exp(y)) else y - x", APART, "x: real, y: real",
        oracle="log(exp(x) - exp(y)) if x > y else y - x"),
)  # fmt: skip

ZEROS = (
    two("(sqrt(b^2 + 4 * c * a^2) - b) / (2 * c)", QUADRATICS, "a: real, b: real | c: positive"),
    two("(-b + sqrt(b^2 - 4 * a * c)) / (2 * a)", COEFFICIENTS, "a: positive, b: real | c: real"),
    two("(-b - sqrt(b^2 - 4 * a * c)) / (2 * a)", COEFFICIENTS, "a: positive, b: real, c: real"),
)  # fmt: skip

SMALL_FORMS: tuple[Form, ...] = (*EXPONENT_FORMS, *POLES, *ZEROS)
