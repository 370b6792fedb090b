"""Naive forms as papers write them, with points far out: factors that fall exponentially beside those that
grow, logarithms of what vanishes, rates that are nearly zero.

They belong to the list of `tests.passes.naive_definitions`: the table of `tests.passes.frameworks` does not
have them.
"""

from __future__ import annotations

from .form import Form, Row, scalars, two

FAR = (-1e300, -1e160, -1e38, -1e13, -1e4, -200, -30, -5.3, -0.7, -1e-3, -1e-20, 0.0,
       1e-300, 1e-9, 0.7, 3, 20, 60, 1e3, 1e13, 1e37, 1e200, 1e300)  # fmt: skip
NEAR = tuple(x for x in FAR if abs(x) < 1e4)
AWAY = tuple(x for x in FAR if x != 0)
UP = tuple(x for x in FAR if x > 0)
PAIRS: tuple[Row, ...] = tuple(
    (a, b)
    for a in (1e-300, -1e-20, 0.7, -3.0, 1e15, 1e300)
    for b in (1e-20, 0.3, -30.0, 1e13, 1e160)
)
SCALED: tuple[Row, ...] = tuple((abs(a), abs(b)) for a, b in PAIRS if abs(a / b) < 1e300)

GATES = (
    *(scalars(text, FAR) for text in (
        "exp(-x^4)", "log(1 + exp(-x^2))", "x^2 * exp(-x^2)", "sigmoid(x^3)", "x * sigmoid(x^3)",
        "1 / cosh(x^2)", "x^2 / cosh(x)^2", "x^2 * sigmoid(-x)", "sigmoid(x)^2 * x^3",
        "x^2 / (1 + exp(x^2))", "exp(-x^2) / (1 + exp(-x^2))", "exp(-x^2) * (exp(x) - 1)",
        "exp(-(x^2 - 1)^2)", "x^2 * exp(x) / (1 + exp(x))^2",
    )),
    scalars("x^2 * (1 + erf(x))", FAR, oracle="x^2 * erfc(-x)"),
    *(scalars(text, NEAR) for text in (
        "exp(-exp(x))", "exp(x - exp(x))", "1 - exp(-exp(x))", "exp(-cosh(x))", "exp(-sinh(x)^2)",
    )),
    *(scalars(text, AWAY) for text in ("exp(-1 / x^2)", "exp(-1 / x^2) / x^2", "x / (exp(x) - 1)")),
    *(scalars(text, UP, "x: positive") for text in (
        "exp(-1 / x) / x", "x^3 / (exp(x) - 1)", "x * exp(-x) * log(1 + x^2)",
    )),
    *(two(text, PAIRS, "x: real, y: real") for text in (
        "tanh(x * y)^2", "sigmoid(x * y)^2", "exp(-(x - y)^4)",
    )),
    two("exp(-(x / s)^4)", SCALED, "x: positive | s: positive"),
    two("(x / s)^3 * exp(-x / s)", SCALED, "x: positive, s: positive"),
    two("1 - exp(-(x / s)^2 / 2)", SCALED, "x: positive | s: positive"),
)  # fmt: skip

ROWS = (((0.0, 0.0, 0.0),), ((20.0, 0.0, -1.0),), ((-120.0, -130.0, -110.0),), ((-800.0, -810.0, -805.0),),
        ((1000.0, -1000.0, 0.0),), ((1e4, 1e4, 1e4 - 1),), ((90.0, 88.7, -100.0),))  # fmt: skip
VANISHING = (
    scalars("log(log(1 + exp(x)))", (-800, -100, -40, -30, -6, -5, -4.9, -1, 0.0, 1e-9, 30, 1e10),
            oracle="x + log(log(1 + exp(x)) * exp(-x))"),
    Form("ranked probability of a normal by its log-scale",
         "exp(t) * (x / exp(t) * erf(x / exp(t) / sqrt(2)) + sqrt(2 / pi) * exp(-(x / exp(t))^2 / 2)"
         " - 1 / sqrt(pi))",
         tuple((x, t) for x in (0.0, 1e-9, -0.3, 7.0, -1e5, 1e8, 1e15) for t in (-2.0, 0.0, 3.0)),
         "x: real, t: real"),
    two("log(b * log(1 + exp(x / b)))",
        tuple((x, b) for x in (-300.0, -30.0, -1.0, 0.0, 30.0) for b in (1.0, 10.0)),
        "x: real | b: positive"),
    Form("list of three by their exponentials",
         "log(exp(z[0]) + exp(z[1]) + exp(z[2])) - z[0] + log(exp(z[1]) + exp(z[2])) - z[1]", ROWS,
         "z: real[K]", tolerance=1e-12),  # the rounding of an exponent of ten thousand
    two("log(1 + exp(b) * t)",
        tuple((b, t) for b in (-800.0, -30.0, 0.0, 3.0, 88.0, 800.0) for t in (1e-20, 0.3, 1e10)),
        "b: real | t: positive", tolerance=1e-12),
    two("a * b * exp(-a * x) / (1 + b * exp(-a * x))^2",
        tuple((a, b, x) for a in (0.5, 3.0) for b in (1.0, 1e5) for x in (-800.0, -30.0, 0.7, 30.0, 1e4)),
        "a: positive, b: positive, x: real", tolerance=1e-12),
    two("(a - 1) * log(x) + (b - 1) * log(1 - x^a)",
        tuple((a, b, x) for a in (1e-6, 0.5, 50.0) for b in (0.5, 3.0) for x in (1e-20, 0.3, 0.99999)),
        "a: positive, b: positive | x: probability", tolerance=1e-12),
)  # fmt: skip

WEIGHTS = ((1.0, 1.0, 1.0), (1.0, 0.0, 1.0), (1.0, 0.5, 3.0))
CHANCES: tuple[Row, ...] = tuple(
    (p, x) for p in (1e-9, 0.25, 0.9) for x in (-800.0, -30.0, -1.0, 0.0, 0.7, 20.0, 100.0)
)
SUMS = (
    Form("partial likelihood with weights", "log(sum[k](w[k] * exp(z[k]))) - z[0]",
         [(z, w) for (z,) in (ROWS[0], *ROWS[3:6:2]) for w in WEIGHTS],
         "z: real[K] | w: nonnegative[K]", "log(total(b * exp(a) for a, b in zip(z, w))) - z[0]",
         tolerance=1e-12),  # the rounding of an exponent of ten thousand
    Form("log of a sum of softpluses", "log(sum[k](log(1 + exp(z[k]))))", ROWS[:-2], "z: real[K]",
         "log(total(log(1 + exp(a)) for a in z))", tolerance=1e-11),  # the same
    scalars("atan(exp(x))", (-800, -30, -1, 0.0, 1e-9, 0.7, 20, 100, 1e4)),
    scalars("exp(3 * x) / (1 + exp(2 * x))^3", (-300, -30, -1, 0.0, 1e-9, 0.7, 20, 100, 1e4)),
    two("-log(c + (1 - c) / (1 + exp(-x)))", CHANCES, "c: probability, x: real",
        oracle="-log((1 + c * exp(-x)) / (1 + exp(-x)))"),
    two("-log(p + (1 - p) * exp(-l))",
        tuple((p, rate) for p in (1e-3, 0.3, 0.999) for rate in (1e-20, 1e-5, 1.0, 30.0, 800.0)),
        "p: probability, l: positive", tolerance=1e-10),  # one less a probability near one
)  # fmt: skip

TIMES: tuple[Row, ...] = tuple(
    (w, t) for w in (1e-12, -1e-6, 0.3, -3.0, 1e-30) for t in (1e-3, 1.0, 50.0)
)
RATES = (
    two("(exp(w * t) - 1) / w", TIMES, "w: real | t: positive"),
    two("(1 - exp(-w * t)) / (w * t)", TIMES, "w: real | t: positive"),
    Form("compensator of an exponential kernel", "sum[i](a / b * (1 - exp(-b * d[i])))",
         [(a, b, d) for a, b in ((0.3, 1.0), (2.0, 1e3), (1.0, 1e-9))
          for d in ((0.1, 1.0, 5.0), (1e3, 2e3, 1e4), (0.0, 1e-12, 1e-9))],
         "a: positive, b: positive | d: nonnegative[I]",
         "total(a / b * (1 - exp(-b * one)) for one in d)"),
    two("k * log(t / l) - (t / l)^k",
        tuple((t, s, k) for t in (1e-20, 0.3, 2.0, 1e10) for s in (0.5, 1e-3) for k in (0.5, 1.0, 3.0)),
        "t: positive, l: positive, k: positive"),
)  # fmt: skip

NORMALS: tuple[Row, ...] = tuple(
    (m, s, n, t)
    for m, n in ((0.0, 1.0), (1.0, 1.0000001), (2.0, 2.0), (0.0, 1e-5))
    for s, t in ((1.0, 1.0), (1.0, 1.0000001), (1e-10, 3.0), (3.0, 1e-3), (5.0, 5.3))
)
DIVERGENCES = (
    two("log(t / s) + (s^2 + (m - n)^2) / (2 * t^2) - 1/2", NORMALS,
        "m: real, s: positive | n: real, t: positive"),
    two("log(t) - log(s) + s^2 / (2 * t^2) + (m - n)^2 / (2 * t^2) - 0.5", NORMALS,
        "m: real, s: positive | n: real, t: positive",
        oracle="log(t / s) + (s^2 + (m - n)^2) / (2 * t^2) - HyperDual(1) / 2"),
)  # fmt: skip

PAPER_FORMS: tuple[Form, ...] = (*GATES, *VANISHING, *SUMS, *RATES, *DIVERGENCES)
