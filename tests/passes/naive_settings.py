"""Naive forms with hyperparameters of any size, which leave the range with their squares, or with what they
multiply, where the whole does not.

The texts are those of papers: preferences at a sharpness (Rafailov 2023), focal terms (Lin 2017), penalties,
weighted cross-entropies, the mixed divergences of Lin (1991). Hyperparameters come last at a point.
"""

from __future__ import annotations

from .form import Form, two

FAR_UP = (1e-250, 1e-9, 0.3, 2.0, 1e13, 1e200)

SETTINGS = (
    two("log(1 + exp(-b * (x - y)))",
        [(x, y, b) for b in FAR_UP for x, y in ((0.3, 0.1), (-1.5, 2.0), (1e-13, 0.0), (-1e-200, 0.0))],
        "x: real, y: real ; b: positive"),
    two("-(1 - 1 / (1 + exp(-x)))^g * log(1 / (1 + exp(-x)))",
        [(x, g) for g in (0.5, 2.0, 1e13, 1e200) for x in (0.3, -1.5, 40.0, -1e100, 700.0)],
        "x: real ; g: nonnegative", oracle="exp(-g * log(1 + exp(x))) * log(1 + exp(-x))"),
    two("c * x^2", [(x, c) for c in FAR_UP for x in (0.3, -1e160, 1e-170)], "x: real ; c: positive"),
    Form("penalty of any weight", "w / 2 * sum[d](x[d]^2)",
         [((3e160, 4e160, 0.0), 1e-200), ((3e-160, 4e-160, 0.0), 1e200), ((3.0, 4.0, 12.0), 0.1),
          ((0.0, 0.0, 0.0), 2.0), ((3e-160, 4e-160, 0.0), 1e-9), ((1e150, 3.0, 0.0), 0.0)],
         "x: real[D] ; w: nonnegative", oracle="w / 2 * total(one * one for one in x)"),
    two("w * t * log(1 + exp(-z)) + (1 - t) * log(1 + exp(z))",
        [(z, t, w) for w in (1e-14, 1e-200, 3.0, 1e20) for z, t in ((0.3, 1.0), (-2.0, 1.0), (40.0, 0.25))],
        "z: real | t: probability ; w: positive"),
    two("1 - (x + s) / (x + a * y + s)",
        [(x, y, a, s) for a in (1e-200, 0.3, 1e200) for x, y, s in ((0.5, 2.0, 1.0), (1e-9, 0.3, 0.0))],
        "x: positive, y: positive ; a: nonnegative, s: nonnegative"),
    two("1 - (p * t + s) / (p * t + a * p * (1 - t) + b * (1 - p) * t + s)",
        [(z, t, a, b, 1.0) for z, t in ((0.3, 1.0), (-2.0, 0.0)) for a, b in ((1e200, 0.7), (0.3, 1e-30))],
        "z: real | t: binary ; a: nonnegative, b: nonnegative, s: positive", where="p = 1 / (1 + exp(-z))",
        oracle="1 - (t + s * (1 + exp(-z))) / (t + a * (1 - t) + b * exp(-z) * t + s * (1 + exp(-z)))"),
    Form("mixed divergence of any weight",
         "sum[k](b * p[k] * log(p[k] / m[k]) + (1 - b) * q[k] * log(q[k] / m[k]))",
         [(q, p, b) for b in (1e-200, 1e-19, 0.5)
          for q, p in (((0.25, 0.75), (0.5, 0.5)), ((0.5, 0.5), (0.0, 1.0)))],
         "q: simplex[K] | p: simplex[K] ; b: interval(0, 1)",
         where="m[k] = b * p[k] + (1 - b) * q[k]",
         oracle="total(b * times_log(v, v / (b * v + (1 - b) * u))"
         " + (1 - b) * times_log(u, u / (b * v + (1 - b) * u)) for u, v in zip(q, p))"),
)  # fmt: skip
