"""Naive forms of vectors: divergences of softmaxes, means under a softmax, distances, as papers write them.

Points are vectors that all but agree, and those of which a sum leaves the range of which the result does
not. They belong to the list of `tests.passes.naive`.
"""

from __future__ import annotations

from .form import Form, Row

Z: Row = (1.0, 2.0, 3.0)
APART = (1e-12, 1e-8, 1e-4, 1e-2, 0.3, 3.0)
"""How far the one logits are from the others."""
LOGIT_PAIRS = (
    *((Z, (1.0 + d, 2.0, 3.0 - d)) for d in APART),
    ((1.0, 2.0, 3.0), (6.0 + 2**-30, 7.0, 8.0)),
    ((0.0, 0.0, 0.0), (1e-9, 4e-9, -1e-9)),
)
TWO = "a: real[K], b: real[K]"
STUDENT = "p = softmax(b)\n          q = softmax(a)"
PARTS = "p = softmax(a)\n          q = softmax(b)\n          m[k] = (p[k] + q[k]) / 2"
KL = "total(p * log(p / q) for p, q in zip(softmax(b), softmax(a)))"
JENSEN_SHANNON = (
    "total(p * log(2 * p / (p + q)) + q * log(2 * q / (p + q))"
    " for p, q in zip(softmax(a), softmax(b))) / 2"
)
DIVERGENCES = (
    Form("KL of softmaxes", "sum[k](p[k] * (log(p[k]) - log(q[k])))", LOGIT_PAIRS, TWO, KL, STUDENT),
    Form("KL of softmaxes by a quotient", "sum[k](p[k] * log(p[k] / q[k]))", LOGIT_PAIRS, TWO, KL,
         STUDENT),
    Form("KL of exponentials over their sums", "sum[k](p[k] * log(p[k] / q[k]))", LOGIT_PAIRS, TWO, KL,
         "p[k] = exp(b[k]) / sum[j](exp(b[j]))\n          q[k] = exp(a[k]) / sum[j](exp(a[j]))"),
    Form("cross-entropy less entropy", "sum[k](p[k] * log(p[k])) - sum[k](p[k] * log(q[k]))", LOGIT_PAIRS,
         TWO, KL, STUDENT),
    Form("distillation at a temperature", "4 * sum[k](p[k] * (log(p[k]) - log(q[k])))", LOGIT_PAIRS, TWO,
         "4 * total(p * log(p / q)"
         " for p, q in zip(softmax(x / 2 for x in b), softmax(x / 2 for x in a)))",
         "p = softmax(u)\n          q = softmax(v)\n          u[k] = b[k] / 2\n"
         "          v[k] = a[k] / 2"),
    Form("Jeffreys of softmaxes", "sum[k](p[k] * log(p[k] / q[k]) + q[k] * log(q[k] / p[k]))",
         LOGIT_PAIRS, TWO, "total((p - q) * log(p / q) for p, q in zip(softmax(b), softmax(a)))", STUDENT),
    Form("Jensen-Shannon of softmaxes",
         "sum[k](p[k] * log(p[k] / m[k]) + q[k] * log(q[k] / m[k])) / 2", LOGIT_PAIRS, TWO,
         JENSEN_SHANNON, PARTS),
    Form("Jensen-Shannon by log-softmaxes",
         "sum[k](exp(u[k]) * (u[k] - w[k]) + exp(v[k]) * (v[k] - w[k])) / 2", LOGIT_PAIRS, TWO,
         JENSEN_SHANNON,
         "u[k] = a[k] - logsumexp[j](a[j])\n          v[k] = b[k] - logsumexp[j](b[j])\n"
         "          w[k] = log(0.5 * exp(u[k]) + 0.5 * exp(v[k]))"),
    Form("Jensen-Shannon by entropies", "h(m) - h(p) / 2 - h(q) / 2", LOGIT_PAIRS, TWO, JENSEN_SHANNON,
         PARTS + "\n          h(v) = -sum[k](v[k] * log(v[k]))"),
    Form("generalized Jensen-Shannon of softmaxes",
         "sum[k](0.1 * p[k] * log(p[k] / m[k]) + 0.9 * q[k] * log(q[k] / m[k]))", LOGIT_PAIRS, TWO,
         "total(p * log(10 * p / (p + 9 * q)) + 9 * q * log(10 * q / (p + 9 * q))"
         " for p, q in zip(softmax(a), softmax(b))) / 10",
         "p = softmax(a)\n          q = softmax(b)\n          m[k] = 0.1 * p[k] + 0.9 * q[k]"),
)  # fmt: skip

VECTOR_FORMS = DIVERGENCES
