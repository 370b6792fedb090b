"""Naive forms with a scale, a temperature or a degree beside what leaves the range, and of choices that are
nearly certain.

They belong to the list of `tests.passes.naive`; the texts are robust losses and densities as papers write
them (Student 1908; Hill 1910; Plackett 1975), with their parameters where they stand there.
"""

from __future__ import annotations

from .form import WIDE, WIDE_UP, Form, scalars, two

SHAPES = ((0.3, 2.0, 3.0), (1e200, 1e200, 3.0), (1e-160, 1e-160, 3.0), (1e155, 1e-3, 3.0), (-1e16, 3.13, 0.5),
          (0.0, 1e-20, 1e9))  # fmt: skip
SCALES = ((0.3, 2.0), (1e200, 1e200), (1e155, 1e-3), (1e-160, 1.0), (-1e16, 3.13), (40.0, 1e-12))
SURE = (
    (40.0, 0.0, 0.0, 1.0),
    (20.0, -0.9, 3.5, 0.0),
    (0.3, 0.1, -2.0, 1.0),
    (800.0, 0.0, 1.0, 2.0),
)

LONG = (
    ((3.0, 4.0, 12.0), 2.0),
    ((3e200, -4e200, 12e200), 3.0),
    ((1e155, 1.0, -2e155), 1e-3),
    ((1e-145, 2e-145, 0.0), 1.0),
    ((1e80, -3e79, 2.0), 1e-30),
    ((1e200, 3e199, 2e199), 1e250),
)
ROWS = tuple((row,) for row, _ in LONG)
PAIRS = (
    ((3.0, 4.0, 12.0), (1.0, -2.0, 0.5)),
    ((3e200, -4e200, 12e200), (1e200, 2e200, -3e200)),
    ((1e155, 1.0, -2e155), (1e-3, 4.0, 1e150)),
    ((3e-200, 1e-200, 2e-200), (1e-200, -3e-200, 5e-200)),
)

LENGTH_FORMS = (
    Form("Student's t of several", "log(1 + sum[d](x[d]^2) / nu)", LONG, "x: real[D] | nu: positive",
         oracle="log(1 + total(one * one for one in x) / nu)"),
    Form("Cauchy's of several", "log(1 + sum[d](x[d]^2))", ROWS, "x: real[D]",
         oracle="log(1 + total(one * one for one in x))"),
    Form("Student's kernel", "1 / (1 + sum[d]((x[d] - y[d])^2))", PAIRS, "x: real[D] | y: real[D]",
         oracle="1 / (1 + total((a - b) * (a - b) for a, b in zip(x, y)))"),
    Form("bounded square of a length", "sum[d](x[d]^2) / (1 + sum[d](x[d]^2))", ROWS, "x: real[D]",
         oracle="1 - 1 / (1 + total(one * one for one in x))"),
    Form("ratio of sums of squares", "sum[d](x[d]^2) / sum[d](y[d]^2)", PAIRS,
         "x: real[D] | y: real[D]",
         oracle="total(one * one for one in x) / total(one * one for one in y)"),
    Form("log of a sum of squares", "log(sum[d](x[d]^2))", ROWS, "x: real[D]",
         oracle="log(total(one * one for one in x))"),
    Form("log of one over a square and one", "log(1 + s) - log(s)",
         PAIRS[:3], "x: real[D] | y: real[D]", where="s = sum[d]((x[d] - y[d])^2)",
         oracle="log(1 + 1 / total((a - b) * (a - b) for a, b in zip(x, y)))"),
    two("log(1 + ((x - t) / s)^2 / nu)",
        ((0.3, 2.0, -0.7, 3.0), (1e200, 1e200, 3e199, 3.0), (1e-160, 1e-150, -1e-155, 1e-9),
         (1e80, 1e-30, 0.0, 5.0), (1000.001, 1e-3, 1000.0, 2.0)),
        "x: real, s: positive | t: real, nu: positive"),
    two("2 * (x / s)^2 / ((x / s)^2 + 4)", (*SCALES, (1e-10, 1e-22), (1e-3, 1e-22)),
        "x: real | s: positive"),
    two("log(1 + (x / s)^2 / 2)", (*SCALES, (1e-10, 1e-22), (-1e25, 1e-20)), "x: real | s: positive"),
)  # fmt: skip

SCALE_FORMS = (
    *LENGTH_FORMS,
    two("s^2 * (sqrt(1 + (r / s)^2) - 1)",
        ((0.3, 2.0), (-3.0, 1e200), (1e100, 1e-200), (-1e155, 0.25), (1e-170, 1e-150)),
        "r: real | s: positive"),
    two("(y - m)^2 / (m^2 * y)", ((1e8, 1.5), (2.4, 1e-160), (88.0, 0.1), (1e30, 0.1), (3.0, 2.0)),
        "m: positive | y: positive"),
    scalars("log(1 + x) - x / (1 + x)", WIDE_UP, "x: positive"),
    scalars("1 - 1 / sqrt(1 + x^2)", WIDE),
    two("(nu + 1) / 2 * log(1 + (x / s)^2 / nu) + log(s)", SHAPES, "x: real, s: positive | nu: positive"),
    two("log(1 + x^2 / nu)", ((0.3, 2.0), (1e200, 3.0), (-1e155, 0.1), (1e-160, 1.0)),
        "x: real | nu: positive"),
    two("log(1 + c * x^2)", SCALES, "x: real | c: positive"),
    two("log(pi * g * (1 + (x / g)^2))", SCALES, "x: real, g: positive"),
    two("(x / v)^3 / (1 + (x / v)^3)", ((2.0, 1.0), (1e80, 1.0), (1e-80, 1.0), (1e90, 1e-90)),
        "x: positive, v: positive"),
    two("log(x + y) - log(x)", ((1e20, 1e20), (3.0, 1e-17), (1e-30, 1e30), (0.5, 2.0)),
        "x: positive, y: positive"),
    two("(1 + x)^n - 1", ((1e20, 1.5), (1e155, 1.5), (1e-9, 2.5), (1e155, 3.02)),
        "x: positive | n: positive"),
    two("sqrt(x^2 + y^2) - abs(x)", ((1e9, 1.0), (-1e9, 1.0), (1.0, 2.0), (-1e90, 1e80)),
        "x: real | y: real"),
    two("(x + y)^2 - x^2 - y^2", ((1e10, 1e-5), (3.0, -4.0), (1e160, 1e-5)), "x: real, y: real",
        oracle="2 * x * y"),
    two("sqrt(p * q)", ((1e-200, 1e-190), (1e200, 1e190), (0.3, 0.7), (1e-300, 1e-299)),
        "p: positive | q: positive"),
    scalars("1 / (exp(x) + exp(-x))", (-710.0, -89.0, -1.0, 0.0, 20.0, 89.0, 700.0, 1e5)),
    scalars("1 - ((exp(x) - exp(-x)) / (exp(x) + exp(-x)))^2", (-300.0, -6.2, 1e-9, 0.3, 20.0, 300.0)),
    Form("temperature of a mean of exponentials", "t * log(mean[k](exp(x[k] / t)))",
         [((0.9, -0.9, -0.9), 2.0**20), ((0.3, 0.3, -0.5), 1e10), ((-1e-8, -1e-30, -1e-8), 2.0**20),
          ((3.0, 0.0, 1.0), 1.0)],
         "x: real[K] | t: positive", oracle="t * log(total(exp(one / t) for one in x) / 3)"),
    Form("noisy or under a mask", "1 - prod[k](1 - p[k] * y[k])",
         [((1e-8, 0.5, 1e-4), (1.0, 0.0, 0.0)), ((0.3, 0.5, 1e-4), (1.0, 1.0, 0.0)),
          ((1e-9, 1e-12, 1e-4), (1.0, 1.0, 1.0))],
         "p: probability[K] | y: binary[K]",
         oracle="1 - (1 - p[0] * y[0]) * (1 - p[1] * y[1]) * (1 - p[2] * y[2])"),
    Form("root of a root of squares", "sum[d](x[d]^2)^0.25",
         [((3e160, 4e160, 0.0),), ((3e-160, 4e-160, 0.0),), ((3.0, 4.0, 12.0),)], "x: real[D]",
         oracle="sqrt(sqrt(total(one * one for one in x)))"),
    Form("negative entropy", "sum[k](softmax(z)[k] * log(softmax(z)[k]))",
         [(z,) for z in SURE], "z: real[K]",
         oracle="total(exp(one) * (one - log(total(exp(o) for o in z))) for one in z)"
         " / total(exp(one) for one in z)"),
    two("-log(sigmoid(c - log(1 - exp(c)) - r + log(1 - exp(r))))",
        ((-1e-40, -4.7), (-1e-10, -0.3), (-5.0, -1e-12), (-0.7, -0.6), (-700.0, -3.0), (-1e-3, -1e-3)),
        "c: interval(-inf, 0), r: interval(-inf, 0)", oracle="log(1 + (exp(-c) - 1) / (exp(-r) - 1))"),
    Form("log of the rest of a softmax", "log(1 - softmax(z)[0])",
         [(z,) for z in ((800.0, 0.0, 0.0), (100.0, 0.0, -1.0), (1.0, 2.0, 3.0))], "z: real[K]",
         oracle="log(total(exp(one) for one in z[1:])) - log(total(exp(one) for one in z))"),
)  # fmt: skip
