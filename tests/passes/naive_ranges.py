"""Naive forms of which a part leaves the range at one end or the other: products of powers, ratios of entries
to sums of sizes, roots of sums of powers, differences of powers and of logarithms far out.

The texts are those of robust losses and errors as papers write them (Fair 1974; Geman and McClure 1987;
Makridakis 1993), of generalized means, and of Herbie's benchmarks. They belong to the list of
`tests.passes.naive_definitions`: the table of `tests.passes.frameworks` does not have them.
"""

from __future__ import annotations

from .form import Form, Row, scalars, two

SIDES = (-1e250, -1e100, -30.0, -0.3, -1e-9, -1e-160, -1e-250, 0.0,
         1e-250, 1e-100, 1e-5, 0.7, 2.0, 1e8, 1e160, 1e250)  # fmt: skip
PAIRS: tuple[Row, ...] = tuple((a, b) for a in SIDES[1::2] for b in SIDES[::3])
AWAY: tuple[Row, ...] = tuple((a, b) for a, b in PAIRS if a and b and abs(a) != abs(b))
SCALED: tuple[Row, ...] = tuple(
    (a, b) for a in SIDES if a for b in (1e-250, 1e-5, 0.3, 1e8, 1e160) if abs(a) != b
)
RATES: tuple[Row, ...] = tuple((a, b) for a, b in SCALED if a > 0)
BEYOND_ONE = (1 + 2**-52, 1 + 2**-20, 1.5, 30.0, 1e8, 1e17, 1e100, 1e250)
LEARNED, SCALE = "x: real, y: real", "x: real | c: positive"
BOTH = "x: positive, y: positive"

PRODUCTS = (
    *(two(text, PAIRS, LEARNED) for text in ("x^2 * y", "x^2 * y^2", "(x * y)^2", "x^3 * y^3")),
    two("w * (x - y)^2", ((1e200, 1.0, 0.0), (1e200, -1e200, 1e-150), (1e-170, 0.0, 1e20), (3.0, 1.0, 0.5)),
        "x: real | y: real, w: nonnegative"),
    scalars("x^4 - x^2", SIDES),
    scalars("x^2 - 3 * x^3", SIDES),
    *(scalars(text, [x for x in SIDES if abs(x) < 1e200]) for text in ("exp(-x^4 + x^2)", "exp(x^2 - x^4)")),
)  # fmt: skip

RATIOS = (
    *(two(text, SCALED, SCALE) for text in (
        "x^2 / (abs(x) + c)", "c * x^2 / (abs(x) + c)", "x^2 / 2 / (1 + abs(x) / c)",
        "abs(x) - c * log(1 + abs(x) / c)",
    )),
    two("c * abs(x) - c^2 * log(1 + abs(x) / c)", [(x, c) for x, c in SCALED if abs(x) < 1e100 and c < 1e100],
        SCALE),
    *(two(text, RATES, BOTH) for text in (
        "x * y / (x + y)", "x^2 / (x + y)", "1 / (1 / x + 1 / y)", "2 / (3 / x + 1 / y)",
    )),
    two("(y - m)^2 / (2 * v) + log(v) / 2",
        ((1e155, 1e10, 0.0), (3.0, 2.0, 1.0), (1e-170, 1e-100, 0.0), (-1e100, 1e160, 3.0)),
        "m: real, v: positive | y: real"),
    two("abs(x - y) / (abs(x) + abs(y))", [(x, y) for x, y in AWAY if 1e-120 < abs(x * y) < 1e120], LEARNED),
)  # fmt: skip

ROOTS = (
    two("(x^4 + y^4)^(1/4)", AWAY, LEARNED, oracle="sqrt(length([x * x, y * y]))"),
    two("(x^2 + y^2)^(1/4)", AWAY, LEARNED, oracle="sqrt(length([x, y]))"),
    two("(abs(x)^3 + abs(y)^3)^(1/3)", AWAY[::2], LEARNED,
        oracle="exp(log(absolute(x)^3 + absolute(y)^3) / 3)", tolerance=1e-12),
    Form("norm of two of any degree", "(abs(x)^p + abs(y)^p)^(1/p)",
         [(*pair, p) for pair in AWAY[::5] for p in (4.0, 10.0)], "x: real, y: real | p: positive",
         "exp(log(exp(p * log(absolute(x))) + exp(p * log(absolute(y)))) / p)", tolerance=1e-11),
)  # fmt: skip

DIFFERENCES = (
    two("sqrt(x + y) - sqrt(x)", [(x, y) for x, y in RATES if y / x < 1e200], BOTH),
    scalars("(x + 1)^(1/4) - x^(1/4)", [x for x in SIDES if 0 < x < 1e200], "x: positive",
            oracle="sqrt(sqrt(x + 1)) - sqrt(sqrt(x))"),
    *(scalars(text, BEYOND_ONE, "x: interval(1, inf)") for text in (
        "log(x + 1) - log(x - 1)", "log((x + 1) / (x - 1))", "log(x) - log(x - 1)",
    )),
)  # fmt: skip

OVERLAPS = tuple(
    (tuple(x * by for x in a), tuple(y * times for y in b))
    for a, b in (((1.0, 2.0, 3.0), (2.0, -1.0, 3.5)), ((1.0, 0.0, -0.3), (1.0, 1e-5, 4.0)))
    for by, times in ((1.0, 1.0), (1e160, 1e160), (1e-150, 1e-150), (1e250, 1e160), (1.0, 1e200))
)
VECTORS = tuple(
    Form(text, text, OVERLAPS, "a: real[D] | b: real[D]", oracle, tolerance=1e-12)
    for text, oracle in (
        ("1 - 2 * dot(a, b) / (dot(a, a) + dot(b, b))",
         "total((u - v)^2 for u, v in zip(a, b)) / total(u * u + v * v for u, v in zip(a, b))"),
        ("dot(a, b) / (dot(a, a) + dot(b, b) - dot(a, b))",
         "total(u * v for u, v in zip(a, b)) / total(u * u + v * v - u * v for u, v in zip(a, b))"),
        ("dot(a, b) / (1 + dot(a, a) + dot(b, b))",
         "total(u * v for u, v in zip(a, b)) / (1 + total(u * u + v * v for u, v in zip(a, b)))"),
    )
)  # fmt: skip
INTERACTIONS = two(
    "log(1 + x * y)",
    tuple((a, b) for a in SIDES if a > 0 for b in (1e-250, 1e-100, 0.7, 1e8, 1e160, 1e250)), BOTH,
)  # fmt: skip

RANGE_FORMS: tuple[Form, ...] = (
    *PRODUCTS, *RATIOS, *ROOTS, *DIFFERENCES, *VECTORS, INTERACTIONS
)  # fmt: skip
