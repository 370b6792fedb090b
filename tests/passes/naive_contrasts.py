"""Naive forms of metric learning and retrieval, as papers print them: one score against several others, with
scores that are far apart. What one score moves is then a small part of what others do.

They belong to the list of `tests.passes.naive_definitions`: the table of `tests.passes.frameworks` does not
have them.
"""

from __future__ import annotations

from .form import Form

SCORES = (
    (0.0, -40.0, -41.0),
    (0.0, 40.0, 1.0),
    (30.0, 0.0, 2.0),
    (0.3, 0.2, -0.4),
    (100.0, -100.0, 2.0),
)
CHOSEN = [(s, y) for s in SCORES for y in (0, 1)]
BINARY = [(s, y) for s in SCORES for y in ((1.0, 0.0, 0.0), (1.0, 0.0, 1.0))]

CONTRAST_FORMS: tuple[Form, ...] = (
    # Sohn (2016)
    Form("one score against the others", "log(1 + sum[j | j != y](exp(s[j] - s[y])))", CHOSEN,
         "s: real[N] | y: index(N)",
         oracle="log(total(exp(one) for one in s)) - s[y]"),
    Form("one score against the others at a temperature",
         "log(1 + sum[j | j != y](exp((s[j] - s[y]) / t)))", [(*one, 0.5) for one in CHOSEN],
         "s: real[N] | y: index(N) ; t: positive",
         oracle="log(total(exp(one / t) for one in s)) - s[y] / t"),
    Form("each score against those before", "sum[i](log(1 + sum[j | j < i](exp(s[j] - s[i]))))",
         [(s,) for s in SCORES], "s: real[N]",
         oracle="total(log(1 + total(exp(s[j] - s[i]) for j in range(i))) for i in range(3))"),
    Form("each score against those of larger keys",
         "sum[i](log(1 + sum[j | t[j] > t[i]](exp(s[j] - s[i]))))",
         [(s, t) for s in SCORES for t in ((3.0, 1.0, 2.0), (1.0, 1.0, 2.0))], "s: real[N] | t: real[N]",
         oracle="total(log(1 + total(exp(s[j] - s[i]) for j in range(3) if t[j].value > t[i].value))"
         " for i in range(3))"),
    # Song (2016), Sun (2020)
    Form("some scores against others by two sums",
         "log(1 + sum[j | y[j] == 0](exp(s[j])) * sum[i | y[i] == 1](exp(-s[i])))", BINARY,
         "s: real[N] | y: binary[N]",
         oracle="log(1 + total(exp(a) for a, c in zip(s, y) if not c.value)"
         " * total(exp(-a) for a, c in zip(s, y) if c.value))"),
    Form("each score against those of other classes",
         "mean[i](log(1 + sum[j | y[j] != y[i]](exp(s[j] - s[i]))))", BINARY[:-2],
         "s: real[N] | y: binary[N]",
         oracle="total(log(1 + total(exp(s[j] - s[i]) for j in range(3) if y[j].value != y[i].value))"
         " for i in range(3)) / 3"),
)  # fmt: skip
