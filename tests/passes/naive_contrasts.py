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

WEIGHTED = [
    (z, y, w)
    for z, y in (
        ((50.0, -60.0, 2.0), 0),
        ((30.0, 0.0, 2.0), 0),
        ((0.0, 40.0, 1.0), 1),
        ((0.3, 0.2, -0.4), 2),
    )
    for w in ((1e-5, 3.0, 3.0), (0.5, 0.7, 0.3), (1.0, 1.0, 100.0))
]

CONTRAST_FORMS: tuple[Form, ...] = (
    # Ren (2020), Menon (2021): frequencies of the classes; of proposals, Bengio and Senécal (2008)
    Form("softmax weighed by hand", "-log(w[y] * exp(z[y]) / sum[k](w[k] * exp(z[k])))", WEIGHTED,
         "z: real[K] | y: index(K), w: positive[K]",
         oracle="log(total(b * exp(a) for a, b in zip(z, w))) - z[y] - log(w[y])"),
    Form("softmax divided by proposals", "-log(exp(z[y]) / q[y] / sum[k](exp(z[k]) / q[k]))", WEIGHTED,
         "z: real[K] | y: index(K), q: positive[K]",
         oracle="log(total(exp(a) / b for a, b in zip(z, q))) - z[y] + log(q[y])"),
    Form("weighed scores against one", "log(1 + sum[j | j != y](w[j] * exp(s[j] - s[y])))", WEIGHTED,
         "s: real[N] | y: index(N), w: positive[N]",
         oracle="log(1 + total(w[j] * exp(s[j] - s[y]) for j in range(3) if j != y))"),
    # Lee (2018), DeepHit, Kvamme and Borgan (2021): what is left of the time after a place
    Form("probability to survive", "-log(1 - sum[k | k <= y](softmax(z)[k]))", CHOSEN,
         "z: real[T] | y: index(T)",
         oracle="log(total(exp(one) for one in z)) - log(total(exp(one) for one in z[y + 1:]))"),
    Form("probability of other classes", "-log(1 - sum[k | k == y or k == 2](softmax(z)[k]))", CHOSEN[:4],
         "z: real[K] | y: index(K)",
         oracle="log(total(exp(one) for one in z)) - log(exp(z[1 - y]))"),
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
