"""Functions of several inputs, and what they are in all of them together.

What is true was decided by hand (perspectives, means, quadratic forms, entropies), before any prover saw
it; each that is `neither` differs from one that holds by a number, a sign or a power, or holds inside only.
"""

from __future__ import annotations

from tests.analysis.truths import rows

CONVEX = """
q: real, y: positive                    | q^2 / y
q: real, y: positive                    | q^4 / y^3
q: real, y: positive                    | q^4 / y^2
q: positive, y: positive                | q^3 / y^2
q: real[K], y: positive[K]              | sum[k](q[k]^2 / y[k])
x: positive, y: positive                | -sqrt(x * y)
x: nonnegative, y: nonnegative          | -sqrt(x * y)
x: positive, y: positive                | -x^0.3 * y^0.7
x: positive, y: positive                | -x^0.3 * y^0.6
x: positive, y: positive, z: positive   | -(x * y * z)^(1/3)
x: interval(0, 1), y: interval(0, 1)    | -sqrt(x * (1 - y))
x: real, y: real                        | x^2 + y^2 + 2 * x * y
x: real, y: real                        | x^2 + y^2 - x * y + 3 * x
x: real, y: real, z: real               | x^2 + y^2 + z^2 - x * y - y * z - z * x
x: real, y: real                        | x^2 + y^4
x: real, y: real                        | x^4 + y^4 + x^2 * y^2
x: real, y: real                        | x^4 + y^4 + 6 * x^2 * y^2
x: real, y: real                        | sqrt(1 + x^2 + y^2 - x * y)
x: real, y: real                        | log(exp(x) + exp(y))
x: real, y: real                        | exp(x - y) + exp(y - x)
x: real, y: real                        | abs(x - y) + (x + y)^2
x: positive, y: positive                | x * log(x / y)
x: positive, y: positive                | x * log(x / y) - x + y
x: positive, y: positive                | x * log(x) - x * log(y) + (x - y)^2
p: simplex[K], q: simplex[K]            | sum[k](p[k] * log(p[k] / q[k]))
p: simplex[K]                           | sum[k](p[k] * log(p[k]))
p: positive[K]                          | sum[k](p[k] * log(p[k]) - p[k])
p: probability, q: probability          | p * log(p / q) + (1 - p) * log((1 - p) / (1 - q))
x: positive, y: positive                | 1 / (x * y)
x: positive, y: positive                | y * exp(x / y)
x: real, y: positive                    | y * log(1 + exp(x / y))
x: real, y: positive                    | y * log(1 + exp(-x / y))
x: real, y: positive                    | y * (sqrt(1 + (x / y)^2) - 1)
x: real, y: positive                    | sqrt(x^2 + y^2)
m: real, t: positive                    | (2 * t - m)^2 / 2 - log(t)
m: real, s: positive                    | (2 - m)^2 / s
v: real[K]                              | mean[k](v[k]^2) - mean[k](v[k])^2
v: real[K]                              | sum[k](v[k]^2) - sum[k](v[k])^2 / K
v: positive[K]                          | sum[k](v[k]^3)^(1/3)
v: real[K]                              | sum(v)^2
v: real[K]                              | sum[k](w[k] * v[k]^2) - sum[k](w[k] * v[k])^2
v: real[K]                              | logsumexp(v) + mean(v^2) - mean(v)^2
v: real[K]                              | norm(v)
v: real[K], y: positive                 | sum(v^2) / y
v: positive[K], y: positive             | y * sum[k](exp(v[k] / y))
"""

CONCAVE = """
x: positive, y: positive                | sqrt(x * y)
x: positive, y: positive                | x * log(y / x)
x: positive, y: positive                | x * y / (x + y)
x: positive, y: positive                | log(x) + log(y) - x * log(x / y)
p: simplex[K]                           | -sum[k](p[k] * log(p[k]))
v: positive[K]                          | exp(mean[k](log(v[k])))
v: positive[K]                          | 1 / sum[k](1 / v[k])
v: positive[K]                          | -log(sum[k](1 / v[k]))
v: positive[K]                          | sum[k](sqrt(v[k]))^2
v: real[K]                              | mean[k](v[k])^2 - mean[k](v[k]^2)
x: real, y: real                        | 2 * x * y - x^2 - y^2
"""

AFFINE = """
x: real, y: real                        | (x + y)^2 - x^2 - y^2 - 2 * x * y + x
x: positive, y: positive                | x * log(exp(y / x))
v: real[K]                              | mean[k](v[k]^2) - mean[k](v[k]^2) + sum(v)
"""

NEITHER = """
q: real, y: positive                    | q^2 / y^2
q: real, y: positive                    | q^3 / y^2
q: real, y: real                        | q^2 / (1 + y^2)
x: positive, y: positive                | -(x * y)^0.6
x: positive, y: positive                | -x^0.3 * y^0.8
x: real, y: real                        | x^2 + y^2 + 2.001 * x * y
x: real, y: real, z: real               | x^2 + y^2 + z^2 - 1.001 * (x * y + y * z + z * x)
x: real, y: real                        | x^4 + y^4 + 7 * x^2 * y^2
x: real, y: real                        | x * y
x: real, y: real                        | exp(x - y) + exp(y - x) - x * y / 100
x: positive, y: positive                | x * log(x * y)
x: positive, y: positive                | x / y
x: probability, y: probability          | x * y
m: real, s: positive                    | (2 - m)^2 / (2 * s) + log(s) / 2
x: interval(0, 1), y: interval(0, 1)    | x^2 + y^2 - [x == 1]
x: nonnegative, y: nonnegative          | x^2 + y^2 - [x == 0]
v: real[K]                              | mean[k](v[k]^2) - 1.001 * mean[k](v[k])^2
v: real[K]                              | sum(v^2) - mean(v)^2 * 4.5
v: positive[K]                          | sum[k](v[k]^3)^(1/4)
v: real[K], y: positive                 | sum(v)^3 / y
v: real[K], y: positive                 | sum(v^2) / y^2
v: real[K]                              | sum[k](w[k] * v[k]^2) - sum[k](u[k] * v[k])^2
v: real[K]                              | sum[k](w[k] * v[k]^2) - sum[k](v[k])^2
v: positive[K]                          | exp(mean[k](log(v[k])) * 1.01)
p: simplex[K], q: simplex[K]            | sum[k](p[k] * log(q[k] / p[k])) + sum[k](q[k] * log(q[k]))
"""

TRUTHS: list[tuple[str, str, str]] = [
    (head, formula, kind)
    for kind, text in (
        ("convex", CONVEX), ("concave", CONCAVE), ("affine", AFFINE), ("neither", NEITHER),
    )
    for head, formula in rows(text)
]  # fmt: skip
