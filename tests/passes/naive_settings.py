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
    Form("weighted overlap", "1 - (hit + s) / (hit + a * alarm + b * miss + s)",
         [((0.3, -0.5), (1.0, 0.0), 1e200, 0.7, 1.0), ((0.3, -0.5), (1.0, 0.0), 0.3, 1e-30, 1.0),
          ((0.3, 2.0), (1.0, 1.0), 1.0, 1e-30, 1.0), ((0.3, 2.0), (0.0, 0.0), 1e200, 0.7, 0.5)],
         "z: real[K] | t: binary[K] ; a: nonnegative, b: nonnegative, s: nonnegative",
         where="p[k] = sigmoid(z[k])\n          hit = sum[k](p[k] * t[k])"
         "\n          alarm = sum[k](p[k] * (1 - t[k]))\n          miss = sum[k]((1 - p[k]) * t[k])",
         oracle="1 / (1 + total(sigmoid(x) * y + s / 2 for x, y in zip(z, t))"
         " / total(a * sigmoid(x) * (1 - y) + b * sigmoid(-x) * y for x, y in zip(z, t)))"),
    Form("distilled softmax",
         "-(1 - a) * log(softmax(z)[0]) + a * t^2 * sum[k](p[k] * (log(p[k]) - log(softmax(soft)[k])))",
         [((38.0, -11.0, 18.0), (0.0, 1.0, -53.0), 0.5, 1e-17),
          ((1.0, -0.5, 2.0), (0.3, 1.0, 0.1), 0.25, 4.0)],
         "z: real[K] | y: real[K] ; a: probability, t: positive",
         where="p[k] = softmax(hard)[k]\n          hard[k] = y[k] / t\n          soft[k] = z[k] / t",
         oracle="(1 - a) * log(1 + exp(z[1] - z[0]) + exp(z[2] - z[0])) + a * t * t * total("
         "exp(v / t) * ((v - u) / t + log(total(exp(one / t) for one in z))"
         " - log(total(exp(one / t) for one in y))) for u, v in zip(z, y))"
         " / total(exp(one / t) for one in y)"),
    Form("angular margin", "logsumexp[k](l[k]) - l[y]",
         [((1e-8, 1e-8, 1.4e-8), 0, 4.0, 64.0), ((-0.1, 0.9, 0.3), 0, 0.5, 64.0),
          ((0.5, 0.2, 0.1), 0, 0.3, 2.0)],
         "z: real[K] | y: index(K) ; m: nonnegative, s: positive",
         where="l[k] = s * (if k == y then cos(acos(clip(z[y], -1, 1)) + m) else z[k])",
         oracle="log(1 + exp(s * (z[1] - cos(acos(z[0]) + m))) + exp(s * (z[2] - cos(acos(z[0]) + m))))"),
    two("abs(a - 2) / a * (((x / c)^2 / abs(a - 2) + 1)^(a / 2) - 1)",
        [(x, a, c) for a, c in ((0.25, 1.0), (1.5, 1e-9), (1.25, 1e9)) for x in (0.3, -1e14, 1e160, 1e-9)],
        "x: real ; a: interval(0.1, 1.9), c: positive",
        oracle="(2 - a) / a * (exp(a / 2 * log(1 + x * x / (c * c * (2 - a)))) - 1)"),
    two("(x^2 / s + 1)^0.75", [(x, s) for s in (1.0, 1e-9, 1e100) for x in (0.3, -1e16, 1e200, 1e-9)],
        "x: real ; s: positive", oracle="exp(0.75 * log(1 + x * x / s))"),
    Form("mixed divergence of any weight",
         "sum[k](b * p[k] * log(p[k] / m[k]) + (1 - b) * q[k] * log(q[k] / m[k]))",
         [(q, p, b) for b in (1e-200, 1e-19, 0.5)
          for q, p in (((0.25, 0.75), (0.5, 0.5)), ((0.5, 0.5), (0.0, 1.0)))],
         "q: simplex[K] | p: simplex[K] ; b: interval(0, 1)",
         where="m[k] = b * p[k] + (1 - b) * q[k]",
         oracle="total(b * times_log(v, v / (b * v + (1 - b) * u))"
         " + (1 - b) * times_log(u, u / (b * v + (1 - b) * u)) for u, v in zip(q, p))"),
)  # fmt: skip
