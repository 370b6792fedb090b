"""The forms that people write, with points at which the text as it stands goes wrong.

Forms are from framework issue trackers, from Herbie's benchmarks (Panchekha et al. 2015; Hamming 1987)
and from the losses of papers. The oracle is the same text, read by Python on numbers of 1000 digits, so
that every form is exact there; where the text isn't Python, `oracle` says it again.
"""

from __future__ import annotations

from collections.abc import Mapping

from .form import (
    AB,
    BALL,
    DOWN,
    LINE,
    LOGITS,
    NOT_ZERO,
    PLANE,
    UNIT,
    UP,
    VECTORS,
    WIDE,
    WIDE_UP,
    Form,
)
from .form import scalars as _scalars
from .form import two as _two
from .naive_scalars import SCALARS, UNMENDED_SCALARS
from .naive_scales import SCALE_FORMS
from .naive_vectors import VECTOR_FORMS

SOFTPLUS = (
    _scalars("log(1 + exp(x))", LINE),
    _scalars("log(exp(x) + 1)", LINE),
    _scalars("log(1 + exp(-x))", LINE),
    _scalars("-log(1 / (1 + exp(-x)))", LINE),
    _scalars("-log(exp(x) / (1 + exp(x)))", LINE),
    _scalars("x + log(1 + exp(-x))", LINE),
    _scalars("log(1 + exp(x)) - x", LINE),
    _scalars("log(1 + 1 / exp(x))", LINE),
    _scalars("log(1 + exp(3 * x)) / 3", LINE),
    _scalars("log(2 + 2 * exp(x))", LINE),
    _scalars("log(3 + exp(x))", LINE),
    _scalars("log((1 + exp(x)) / 2)", LINE),
    _scalars("max(x, 0) + log(1 + exp(-abs(x)))", LINE, oracle="log(1 + exp(x))"),
    _scalars("max(0, x) - 0.3 * x + log(1 + exp(-abs(x)))", LINE,
             oracle="log(1 + exp(x)) - HyperDual(3) / 10 * x"),
    _scalars("if x > 0 then x + log(1 + exp(-x)) else log(1 + exp(x))", LINE,
             oracle="log(1 + exp(x))"),
    Form("softplus through a definition", "log(s)", [(x,) for x in LINE], where="s = 1 + exp(-x)",
         oracle="log(1 + exp(-x))"),
    _scalars("log(1 + exp(x))^2", LINE),
    _scalars("x * tanh(log(1 + exp(x)))", LINE),
)  # fmt: skip

SIGMOID = (
    _scalars("1 / (1 + exp(-x))", LINE),
    _scalars("exp(x) / (1 + exp(x))", LINE),
    _scalars("exp(-x) / (1 + exp(-x))", LINE),
    _scalars("1 - 1 / (1 + exp(x))", LINE),
    _scalars("1 / (1 + exp(x))^2", LINE),
    _scalars("log(sigmoid(x))", LINE),
    _scalars("log(1 - sigmoid(x))", LINE, oracle="-log(1 + exp(x))"),
    _scalars("log(1 - 1 / (1 + exp(-x)))", LINE, oracle="-log(1 + exp(x))"),
    _scalars("sigmoid(x) * (1 - sigmoid(x))", LINE),
    _scalars(
        "log(sigmoid(x) * (1 - sigmoid(x)))", LINE, oracle="-log(1 + exp(x)) - log(1 + exp(-x))"
    ),
    _scalars("log(sigmoid(x) / (1 - sigmoid(x)))", LINE, oracle="x"),
    _scalars("-(1 - sigmoid(x))^2 * log(sigmoid(x))", LINE),
    _scalars(
        "-0.7 * log(sigmoid(x)) - 0.3 * log(1 - sigmoid(x))",
        LINE,
        oracle="(7 * log(1 + exp(-x)) + 3 * log(1 + exp(x))) / 10",
    ),
    _scalars("x * sigmoid(x)", LINE),
    _scalars("x / (1 + exp(-1.5 * x))", LINE),
    _two("log(sigmoid(a) * sigmoid(b))", AB),
    _two("1 / (1 + exp(a - b))", AB),
    _two("exp(a) / (exp(a) + exp(b))", AB),
)

HYPERBOLIC = (
    _scalars("(exp(x) - exp(-x)) / (exp(x) + exp(-x))", LINE),
    _scalars("(exp(2 * x) - 1) / (exp(2 * x) + 1)", LINE),
    _scalars("(1 - exp(-x)) / (1 + exp(-x))", LINE),
    _scalars("2 / (1 + exp(-2 * x)) - 1", LINE),
    _scalars("2 * sigmoid(2 * x) - 1", LINE),
    _scalars("1 - tanh(x)", LINE),
    _scalars("1 - tanh(x)^2", LINE),
    _scalars("log(1 - tanh(x)^2)", LINE,
             oracle="log(4) - 2 * log(1 + exp(2 * x)) + 2 * x"),
    _scalars("(1 + tanh(x)) / 2", LINE),
    _scalars("log(cosh(x))", LINE),
    _scalars("log((exp(x) + exp(-x)) / 2)", LINE),
    _scalars("log(exp(x) + exp(-x))", LINE),
    _scalars("x + log(1 + exp(-2 * x)) - log(2)", LINE),
    _scalars("(exp(x) - exp(-x)) / 2", LINE),
    _scalars("exp(x) - 2 + exp(-x)", LINE),
    _scalars("cosh(x) - 1", LINE),
    _scalars("log((1 + x) / (1 - x)) / 2", BALL, "x: interval(-1, 1)"),
    _scalars("(log(1 + x) - log(1 - x)) / 2", BALL, "x: interval(-1, 1)"),
    _scalars("log(x + sqrt(x^2 + 1))", LINE),
    _scalars("log(x + sqrt(x^2 - 1))", (1.001, 1.5, 20, 1e5, 1e200, 1e300),
             "x: interval(1, inf)"),
)  # fmt: skip

EXPONENTIALS = (
    _scalars("exp(x) - 1", LINE),
    _scalars("1 - exp(-x^2)", (*LINE[3:-3],)),
    _scalars("(exp(x) - 1) / x", NOT_ZERO),
    _scalars("(1 - exp(-x)) / x", NOT_ZERO),
    _scalars("exp(x) / (exp(x) - 1)", NOT_ZERO),
    _scalars("1 / (exp(x) - 1)", NOT_ZERO),
    _scalars("exp(x) - 1 - x", LINE),
    _scalars("log(exp(x) - 1)", UP, "x: positive"),
    _scalars("x + log(1 - exp(-x))", UP, "x: positive"),
    _scalars("log(1 - exp(-x))", UP, "x: positive"),
    _scalars("log(1 - exp(x))", DOWN, "x: interval(-inf, 0)"),
    _scalars("log(exp(2 * x) - exp(x))", UP, "x: positive"),
    _two("log(exp(a) + exp(b))", AB),
    _two("log(0.25 * exp(a) + 0.75 * exp(b))", AB,
         oracle="log((exp(a) + 3 * exp(b)) / 4)"),
    _two("log(exp(2 * a) + exp(2 * b)) / 2", AB),
    _two("log(1 + exp(a) + exp(b))", AB),
    _two("(exp(a) - exp(b)) / (exp(a) + exp(b))", AB),
    _two("exp(a - b) / (1 + exp(a - b))", AB),
    _scalars("(1 + x)^100 - 1", (1e-300, 1e-20, 1e-9, 1e-3, 0.5), "x: positive"),
    _two("((1 + x / n)^n - 1) / (x / n)", ((1e-300, 3.0), (1e-12, 5.5), (0.1, 100.0), (1.0, 2.0)),
         "x: positive | n: positive"),
)  # fmt: skip

LOGARITHMS = (
    _scalars("log(1 + x)", (*UP,), "x: nonnegative"),
    _scalars("log(1 - x)", BALL, "x: interval(-1, 1)"),
    _scalars("log(x + 1) - log(x)", WIDE_UP, "x: positive"),
    _scalars("log((x + 1) / x)", WIDE_UP, "x: positive"),
    _scalars("log(1 + 1 / x)", WIDE_UP, "x: positive"),
    _scalars("log(1 + x^2)", WIDE),
    _scalars("log(1 + (x / 2)^2 / 2)", WIDE, oracle="log(1 + x^2 / 8)"),
    _scalars("log(1 + x) - x", (*UP,), "x: nonnegative"),
    _scalars("log(p / (1 - p))", UNIT, "p: probability"),
    _scalars("log(p) - log(1 - p)", UNIT, "p: probability"),
    _scalars("-log(1 / p - 1)", UNIT, "p: probability"),
    _scalars("x * log(x)", (0.0, *WIDE_UP), "x: nonnegative", oracle="xlogx(x)"),
    _scalars("p * log(p) + (1 - p) * log(1 - p)", (0.0, *UNIT, 1.0), "p: probability",
             oracle="xlogx(p) + xlogx(1 - p)"),
    _two("p * log(p / q)", ((0.0, 0.0), (0.3, 0.0), (0.3, 1e-300), (1e-300, 0.3), (0.2, 0.9)),
         "q: probability | p: probability", oracle="times_log(p, p / q) if p.value else HyperDual(0)"),
    _two("p * (log(p) - log(q))", ((0.0, 0.0), (0.3, 0.0), (1e-300, 0.3), (0.3, 1e-300)),
         "q: probability | p: probability",
         oracle="times_log(p, p / q) if p.value else HyperDual(0)"),
    _two("-y * log(p) - (1 - y) * log(1 - p)",
         ((1.0, 1.0), (0.0, 0.0), (0.3, 0.5), (1e-300, 0.0), (1 - 2**-53, 1.0), (0.5, 1.0)),
         "p: probability | y: probability", oracle="-times_log(y, p) - times_log(1 - y, 1 - p)"),
    _two("log(a / b)^2", ((1.0, 1e300), (1e-300, 2.0), (1e-300, 1e300)),
         "a: positive | b: positive"),
    _two("lgamma(x + n) - lgamma(x)", ((3.0, 1.0), (0.5, 2.0), (1e-9, 1.0)),
         "x: positive | n: positive"),
)  # fmt: skip

ROOTS = (
    _scalars("sqrt(x + 1) - sqrt(x)", WIDE_UP, "x: positive"),
    _scalars("1 / sqrt(x) - 1 / sqrt(x + 1)", WIDE_UP, "x: positive"),
    _scalars("sqrt(1 + x) - 1", (*WIDE_UP,), "x: nonnegative"),
    _scalars("sqrt(x^2 + 1) - 1", WIDE),
    _scalars("1 - sqrt(1 - x^2)", BALL, "x: interval(-1, 1)"),
    _scalars("sqrt(x^2 + 1)", WIDE),
    _scalars("sqrt(1 + (x / 3)^2)", WIDE, oracle="sqrt(1 + x^2 / 9)"),
    _scalars("x / sqrt(1 + x^2)", WIDE),
    _scalars("1 / sqrt(1 + x^2)", WIDE),
    _scalars("1 / (1 + x^2)", WIDE),
    _scalars("x^2 / (1 + x^2)", WIDE),
    _scalars("x / (1 + x^2)", WIDE),
    _scalars("1 - 1 / (1 + x^2)", WIDE),
    _two("sqrt(a^2 + b^2)", PLANE, oracle="length([a, b])"),
    _two("sqrt(a * a + b * b)", PLANE, oracle="length([a, b])"),
    _two("a / sqrt(a^2 + b^2)", PLANE[:1] + PLANE[2:]),
    _scalars("(x + 1)^(1/3) - x^(1/3)", WIDE_UP, "x: positive",
             oracle="(x + 1)^(HyperDual(1) / 3).value - x^(HyperDual(1) / 3).value"),
    _scalars("abs(x)^1.5", tuple(x for x in WIDE if x), oracle="absolute(x)^(HyperDual(3) / 2).value"),
    _scalars("sqrt(abs(x))", NOT_ZERO),
    _two("(sqrt(b^2 + 4 * c) - b) / 2", ((3.0, 1.0), (1e9, 1.0), (-1e9, 1.0), (1e-9, 1e-300),
                                         (1e200, 1.0), (0.0, 4.0)),
         "b: real | c: positive"),
)  # fmt: skip

RATIONAL = (
    _scalars("1 / (x + 1) - 1 / x", WIDE_UP, "x: positive"),
    _scalars("1 / x - 1 / (x + 1)", WIDE_UP, "x: positive"),
    _scalars("1 / x - 2 / (x + 1) + 1 / (x + 2)", WIDE_UP, "x: positive"),
    _scalars("x / (x + 1) - 1", WIDE_UP, "x: positive"),
    _scalars("(1 + x)^2 - 1", (*WIDE_UP,), "x: nonnegative"),
    _scalars("(1 + x)^3 - 1", (*WIDE_UP[:-2],), "x: nonnegative"),
    _scalars("1 - (1 - x)^2", BALL, "x: interval(-1, 1)"),
    _two("(a + b)^2 - a^2", ((1.0, 1e-20), (1e9, 1e-9), (3.0, 2.0))),
    _two("(a - b)^2 / (a + b)", ((1.0, 3.0), (1e200, 1e100), (1e-200, 2e-200)),
         "a: positive | b: positive"),
)  # fmt: skip

TRIGONOMETRIC = (
    _scalars("1 - cos(x)", (1e-300, -1e-20, 1e-9, 1e-3, 0.7, 5, 700, 1e5)),
    _scalars("(1 - cos(x)) / x^2", (1e-20, 1e-9, 1e-3, 0.7, -5, 700)),
    _scalars(
        "(1 - cos(x)) / sin(x)",
        (1e-300, -1e-20, 1e-9, 1e-3, 0.7, 5, 700),
        oracle="sin(x / 2) / cos(x / 2)",
    ),
    _scalars("sin(x) / x", (1e-300, 1e-9, 1e-3, 0.7, -5, 700)),
    _scalars("x - sin(x)", (1e-9, 1e-3, 0.7, -5, 700)),
    _two("sin(a + b) - sin(a)", ((1.0, 1e-9), (0.7, 1e-20), (2.0, -3.0)), "a: real | b: real"),
    _two("cos(a + b) - cos(a)", ((1.0, 1e-9), (0.7, 1e-20), (2.0, -3.0)), "a: real | b: real"),
    _scalars("atan(x + 1) - atan(x)", WIDE_UP, "x: positive"),
)

GAUSSIAN = (
    _scalars("1 - erf(x)", (-5, 0.0, 1e-9, 0.7, 5, 20, 26)),
    _scalars(
        "x * (1 + erf(x / sqrt(2))) / 2", (-1e100, -37, -20, -5, -0.9, -1e-9, 0.0, 0.7, 5, 1e100)
    ),
    _scalars(
        "0.5 * x * (1 + tanh(sqrt(2 / 3) * (x + 0.044715 * x^3)))",
        (-1e30, -20, -5, -0.7, -1e-9, 0.0, 1e-300, 0.7, 5, 1e30),
        oracle="x * (1 + tanh(sqrt(HyperDual(2) / 3) * (x + HyperDual(44715) / 1000000 * x^3))) / 2",
        tolerance=1e-12,  # the rounding of an exponent of 600
    ),
    _scalars(
        "-log((1 + erf(x / sqrt(2))) / 2)",
        (-1e5, -37, -20, -5, -0.7, 0.0, 1e-9, 0.7, 5, 20),
        oracle="-log(erfc(-x / sqrt(2)) / 2)",
    ),
    _scalars(
        "log(1 - erf(x))",
        (-5, -0.7, -1e-9, 0.0, 1e-20, 1e-3, 0.4, 0.7, 5, 30, 1e4),
        oracle="log(erfc(x))",
    ),
    _scalars("log(erfc(x))^2", (-5, -0.7, -1e-9, 1e-20, 1e-3, 0.4, 0.7, 5, 30, 1e4)),
    _two(
        "-log((1 + erf(a / sqrt(2))) / 2 * b)",
        ((-40.0, 0.3), (0.5, 1e-3), (8.0, 1.0)),
        "a: real | b: positive",
        oracle="-log(erfc(-a / sqrt(2)) / 2) - log(b)",
    ),
    _scalars(
        "exp(-x^2 / 2) / (1 - erf(x / sqrt(2)))",
        (-8.0, -0.7, 0.0, 1e-9, 0.7, 5),
        oracle="exp(-x^2 / 2) / erfc(x / sqrt(2))",
    ),
)

ROWS = (
    Form("-log(softmax(z)[y])", "-log(softmax(z)[y])",
         [(z, y) for z in LOGITS for y in (0, 1)], "z: real[K] | y: index(K)",
         oracle="log(total(exp(one) for one in z)) - z[y]"),
    Form("-log(exp(z[y]) / sum[k](exp(z[k])))", "-log(exp(z[y]) / sum[k](exp(z[k])))",
         [(z, y) for z in LOGITS for y in (0, 1)], "z: real[K] | y: index(K)",
         oracle="log(total(exp(one) for one in z)) - z[y]"),
    Form("log(sum exp) with the maximum taken out by hand",
         "m + log(sum[k](exp(z[k] - m))) - z[y]",
         [(z, y) for z in LOGITS for y in (0, 1)], "z: real[K] | y: index(K)",
         where="m = max[k](z[k])",
         oracle="log(total(exp(one) for one in z)) - z[y]"),
    Form("log(1 - softmax(z)[y])", "log(1 - softmax(z)[y])",
         [(z, y) for z in LOGITS for y in (0, 1)], "z: real[K] | y: index(K)",
         oracle="log(total(exp(one) for k, one in enumerate(z) if k != y))"
         " - log(total(exp(one) for one in z))"),
    Form("1 - softmax(z)[y]", "1 - softmax(z)[y]",
         [(z, y) for z in LOGITS for y in (0, 1)], "z: real[K] | y: index(K)",
         oracle="total(exp(one) for k, one in enumerate(z) if k != y)"
         " / total(exp(one) for one in z)"),
    Form("log of a mean of exponentials", "log(mean[k](exp(z[k] / 2)))", [(z,) for z in LOGITS],
         "z: real[K]", oracle="log(total(exp(one / 2) for one in z) / 3)"),
    Form("log of the softmax with a temperature", "-log(softmax(w)[y])",
         [(z, y) for z in LOGITS for y in (0, 1)], "z: real[K] | y: index(K)",
         where="w[k] = z[k] / 0.5",
         oracle="log(total(exp(2 * one) for one in z)) - 2 * z[y]"),
    Form("focal loss of the softmax", "-(1 - p)^2 * log(p)",
         [(z, y) for z in LOGITS for y in (0, 1)], "z: real[K] | y: index(K)",
         where="p = softmax(z)[y]",
         oracle="(total(exp(one) for k, one in enumerate(z) if k != y) / total(exp(one) for one in z))^2"
         " * (log(total(exp(one) for one in z)) - z[y])"),
    Form("entropy of the softmax", "-sum[k](softmax(z)[k] * log(softmax(z)[k]))",
         [(z,) for z in (*LOGITS, (1.0, 0.5, -2.0))], "z: real[K]",
         oracle="total(exp(one) * (log(total(exp(o) for o in z)) - one) for one in z)"
         " / total(exp(one) for one in z)"),
    Form("soft targets", "-sum[k](q[k] * log(softmax(z)[k]))",
         [(z, q) for z in LOGITS for q in ((1.0, 0.0, 0.0), (0.25, 0.25, 0.5))],
         "z: real[K] | q: simplex[K]",
         oracle="total(one * (log(total(exp(o) for o in z)) - w) for one, w in zip(q, z))"),
    Form("log of a product of sigmoids", "-log(prod[k](sigmoid(z[k])))", [(z,) for z in LOGITS],
         "z: real[K]", oracle="total(log(1 + exp(-one)) for one in z)"),
    Form("log of a product", "log(prod[k](w[k]))",
         [((1e-200, 1e-200, 3.0),), ((1e200, 1e200, 1e-300),), ((2.0, 3.0, 4.0),)], "w: positive[K]",
         oracle="total(log(one) for one in w)"),
    Form("KL with zeros", "sum[k](p[k] * log(p[k] / q[k]))",
         [((0.5, 0.25, 0.25), (0.0, 0.5, 0.5)), ((0.0, 0.5, 0.5), (0.0, 0.25, 0.75)),
          ((0.2, 0.3, 0.5), (1.0, 0.0, 0.0))], "q: simplex[K] | p: simplex[K]",
         oracle="total(times_log(a, a / b) for a, b in zip(p, q) if a.value)"),
    Form("norm", "sqrt(sum[d](x[d]^2))", [(v,) for v in (*VECTORS, (0.0, 0.0, 0.0))], "x: real[D]",
         oracle="length(x)"),
    Form("norm of the prelude", "norm(x)", [(v,) for v in (*VECTORS, (0.0, 0.0, 0.0))], "x: real[D]",
         oracle="length(x)"),
    Form("root of the inner product", "sqrt(dot(x, x))", [(v,) for v in VECTORS], "x: real[D]",
         oracle="length(x)"),
    Form("root mean square", "sqrt(mean[d](x[d]^2))", [(v,) for v in VECTORS], "x: real[D]",
         oracle="length(x) / sqrt(3)"),
    Form("distance", "sqrt(sum[d]((x[d] - y[d])^2))",
         [(v, (0.0, 0.0, 0.0)) for v in (*VECTORS, (0.0, 0.0, 0.0))],
         "x: real[D] | y: real[D]", oracle="length([a - b for a, b in zip(x, y)])"),
    Form("norm with an epsilon", "sqrt(sum[d](x[d]^2) + 1)", [(v,) for v in VECTORS], "x: real[D]",
         oracle="length([*x, 1])"),
    Form("cosine", "cosine(a, b)",
         [(v, w) for v in VECTORS[:2] for w in ((1.0, 2.0, 4.0), (1e200, -2e200, 1e199))],
         "a: real[D] | b: real[D]",
         oracle="total(x * y for x, y in zip(a, b)) / (length(a) * length(b))", tolerance=1e-12),
    Form("normalize", "normalize(x)[1]", [(v,) for v in VECTORS[:2]], "x: real[D]",
         oracle="x[1] / length(x)"),
    Form("covariance as a difference", "mean[d](x[d] * y[d]) - mean[d](x[d]) * mean[d](y[d])",
         [((1e9, 1e9 + 1, 1e9 + 2), (-3.0, 1.0, 4.0)), ((1.0, 2.0, 3.0), (4.0, -1.0, 7.0))],
         "x: real[D] | y: real[D]",
         oracle="total((a - total(x) / 3) * (b - total(y) / 3) for a, b in zip(x, y)) / 3"),
    Form("difference of squared distances", "sum[d]((a[d] - p[d])^2) - sum[d]((a[d] - n[d])^2)",
         [((1e9, 3.0), (1.0, 2.0), (1.5, 2.5)), ((1e-9, 3.0), (1e100, 2.0), (0.0, 2.5))],
         "a: real[D] | p: real[D], n: real[D]",
         oracle="total((u - v)^2 - (u - w)^2 for u, v, w in zip(a, p, n))"),
    Form("normal likelihood with a log-variance", "r^2 * exp(-s) / 2 + s / 2",
         [(1e200, 1000.0), (1.0, 0.0), (1e-200, -800.0), (3.0, 40.0), (0.0, -2000.0)],
         "r: real, s: real", oracle="r^2 * exp(-s) / 2 + s / 2"),
    Form("variance as a difference", "mean[d](x[d]^2) - mean[d](x[d])^2",
         [((1e9, 1e9 + 1, 1e9 + 2),), ((1.0, 2.0, 3.0),)], "x: real[D]",
         oracle="total((one - total(x) / 3)^2 for one in x) / 3"),
)  # fmt: skip

FORMS = (
    *SOFTPLUS, *SIGMOID, *HYPERBOLIC, *EXPONENTIALS, *LOGARITHMS, *ROOTS, *RATIONAL, *TRIGONOMETRIC,
    *GAUSSIAN, *ROWS, *VECTOR_FORMS, *SCALARS, *SCALE_FORMS,
)  # fmt: skip

SERIES = "cancels to a higher order around zero, where only a series in two variables is exact"
EXPONENTIAL = "the exponential leaves the range, of which its quotient by x does not"

UNMENDED: Mapping[str, str] = {
    "(exp(x) - 1) / x": EXPONENTIAL,
    "(1 - exp(-x)) / x": EXPONENTIAL,
    "((1 + x / n)^n - 1) / (x / n)": SERIES,
    **UNMENDED_SCALARS,
}  # fmt: skip
"""By name, the forms that are not mended yet, each with what is missing."""

UNMENDED_IN_FLOAT32: Mapping[str, str] = {
    "(exp(x) - 1 - x) / x^2": "the numerator leaves the range at 89, of which the quotient does not",
    "log(1 + (x / s)^2 / 2)": "x/s leaves the range, of which the logarithm does not",
}
"""The same for what is right in float64 only."""
