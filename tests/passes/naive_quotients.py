"""Naive forms of quotients of which both sides vanish, or overflow, together: divided differences of powers
and roots, which are the slopes of secants, and shares of three exponentials.

They belong to the list of `tests.passes.naive_definitions`: the table of `tests.passes.frameworks` does not
have them.
"""

from __future__ import annotations

from .form import Form, Row, scalars, two

APART = (1e-9, -1e-6, 1e-3, 0.1, 1.0, -0.5)
REAL: tuple[Row, ...] = tuple(
    (x, x * (1 + by)) for x in (-3e100, -3.0, -0.7, 1e-3, 0.3, 30.0, 1e160) for by in APART
)
POSITIVE: tuple[Row, ...] = tuple((x, y) for x, y in REAL if x > 0)
NEAR: tuple[Row, ...] = tuple((x, y) for x, y in REAL if 1e-2 < abs(x) < 1e2)
LEARNED, RATES = "x: real, y: real", "x: positive, y: positive"

LINE = (-800.0, -90.0, -30.0, -1.0, 1e-9, 0.3, 20.0, 89.0, 300.0, 720.0, 1e4)
CHOICES: tuple[Row, ...] = tuple(
    (a, b, c)
    for a in (-90.0, 0.0, 1.0, 89.0, 720.0)
    for b in (-1.0, 88.0, 800.0)
    for c in (0.5, 700.0)
)
SHARES = (
    scalars("exp(x) / (1 + exp(x) + exp(2 * x))", LINE, tolerance=1e-12),
    scalars("1 / (1 + exp(x) + exp(2 * x))", LINE, tolerance=1e-12),
    two(
        "exp(a) / (exp(a) + exp(b) + exp(c))", CHOICES, "a: real, b: real, c: real", tolerance=1e-11
    ),
)

EVIDENCE: tuple[Row, ...] = tuple(
    (d, v, a, b)
    for d in (-1e-5, 0.25, 3.0)
    for v in (0.5, 1e3, 1e8)
    for a in (1.5, 1e8)
    for b in (0.5, 30.0)
)
SLOPES = tuple(
    two(text, EVIDENCE, "d: real | v: positive, a: positive, b: positive", oracle=oracle, tolerance=1e-9)
    for text, oracle in (
        ("(2 * a + 1) * (2 * b + d^2) / (2 * (2 * b * (v + 1) + d^2 * v)) - a / (v + 1) - 1 / (2 * v)",
         "(a * d^2 * v - b * (v + 1)) / (v * (v + 1) * (2 * b * (v + 1) + d^2 * v))"),
        ("(2 * a + 1) * (v + 1) / (2 * b * (v + 1) + d^2 * v) - a / b",
         "(b * (v + 1) - a * d^2 * v) / (b * (2 * b * (v + 1) + d^2 * v))"),
    )
)  # fmt: skip

QUOTIENT_FORMS: tuple[Form, ...] = (
    *SHARES,
    *SLOPES,
    two("(x^2 - y^2) / (x - y)", REAL, LEARNED, oracle="x + y"),
    two("(x^3 - y^3) / (x - y)", NEAR, LEARNED, oracle="x^2 + x * y + y^2"),
    two("(x - y) / (x^2 - y^2)", POSITIVE, RATES, oracle="1 / (x + y)", tolerance=1e-12),
    two("(1 / x - 1 / y) / (x - y)", [one for one in POSITIVE if one[0] < 1e2], RATES, oracle="-1 / (x * y)"),
    two("(sqrt(x) - sqrt(y)) / (x - y)", POSITIVE, RATES, oracle="1 / (sqrt(x) + sqrt(y))"),
    two("(x - y) / (sqrt(x) - sqrt(y))", POSITIVE, RATES, oracle="sqrt(x) + sqrt(y)"),
)  # fmt: skip
