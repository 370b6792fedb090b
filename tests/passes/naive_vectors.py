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

MODERATE = (((1.0, 0.5, -1.0),), ((5.0, 0.0, 1.0),), ((0.0, 3.0, -2.0),))
ONE_HOT = tuple((*z, t) for z in MODERATE[:3] for t in ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0)))
COMPLEMENTS = (
    Form("one less the sum of squares of the softmax", "1 - sum[k](softmax(z)[k]^2)", MODERATE,
         "z: real[K]", "total(p * (1 - p) for p in softmax(z))"),
    Form("one less the largest of the softmax", "1 - max[k](softmax(z)[k])",
         (*MODERATE, ((60.0, 0.0, 0.0),), ((-3.0, 800.0, 1.0),)), "z: real[K]",
         "1 - max(*softmax(z))"),
    Form("squares of the softmax less the target", "sum[k]((softmax(z)[k] - t[k])^2)", ONE_HOT,
         "z: real[K] | t: real[K]", "total((p - q)^2 for p, q in zip(softmax(z), t))"),
)  # fmt: skip
MEANS = (
    Form("mean under exponentials", "sum[i](x[i] * exp(x[i])) / sum[i](exp(x[i]))",
         (((100.0, 99.0, 98.0),), ((720.0, 719.5, -3.0),), ((1.0, 2.0, 3.0),)), "x: real[K]",
         "total(a * p for a, p in zip(x, softmax(x)))"),
    Form("mean of another under exponentials", "sum[i](w[i] * exp(2 * x[i])) / sum[i](exp(2 * x[i]))",
         (((100.0, 99.0, 98.0), (1.0, -3.0, 1e9)), ((720.0, 719.5, -3.0), (2.0, 1.0, 0.5))),
         "x: real[K] | w: real[K]",
         "total(a * p for a, p in zip(w, softmax(2 * one for one in x)))"),
    Form("logarithm of a mean less the mean", "log(mean[i](exp(z[i]))) - mean[i](z[i])",
         (((1e-5, 0.0, -2e-5),), ((1e-8, 0.0, -1e-9),), ((1.0, 2.0, 4.0),), ((1000.0, 0.0, 2.0),),
          ((5.0, 5.0 + 2**-30, 5.0),)), "z: real[K]",
         "log(total(exp(a) for a in z) / 3) - total(z) / 3"),
    Form("KL from the uniform", "sum[k](log(1 / K / softmax(z)[k])) / K",
         (((1e-5, 0.0, -2e-5),), ((1e-8, 0.0, -1e-9),), ((1.0, 2.0, 4.0),)), "z: real[K]",
         "log(total(exp(a) for a in z) / 3) - total(z) / 3"),
    Form("KL from the uniform by logarithms", "-mean[k](log(softmax(z)[k])) - log(K)",
         (((1e-5, 0.0, -2e-5),), ((1e-8, 0.0, -1e-9),), ((1.0, 2.0, 4.0),)), "z: real[K]",
         "log(total(exp(a) for a in z) / 3) - total(z) / 3"),
    Form("logsumexp less the largest", "logsumexp[k](x[k]) - max[k](x[k])",
         (((12.0, -1.5, 3.0),), ((-1.0, 30.0, 2.0),), ((700.0, 0.0, 3.0),)), "x: real[K]",
         "log(total(exp(a) for a in x)) - max(*x)"),
)  # fmt: skip
NEAR = (((1.0, 2.0), (1.0, 2.0 + 2**-40)), ((1.0, 2.0), (1.0 + 2**-50, 2.0 - 2**-50)),
        ((3.0, -1.0), (1.0, 7.0)), ((1e150, 2.0), (1e150, 3.0)))  # fmt: skip
DISTANCES = (
    Form("distance by products", "sqrt(sum[i](x[i]^2) + sum[i](y[i]^2) - 2 * sum[i](x[i] * y[i]))", NEAR,
         "x: real[D] | y: real[D]", "length([a - b for a, b in zip(x, y)])"),
    Form("squared distance by inner products", "dot(x, x) - 2 * dot(x, y) + dot(y, y)", NEAR,
         "x: real[D] | y: real[D]", "total((a - b)^2 for a, b in zip(x, y))"),
    Form("distance by norms", "sqrt(norm(x)^2 + norm(y)^2 - 2 * dot(y, x))", NEAR,
         "x: real[D] | y: real[D]", "length([a - b for a, b in zip(x, y)])"),
    Form("half a squared distance", "sum[i](x[i]^2) / 2 - dot(x, y) + sum[i](y[i]^2) / 2", NEAR,
         "x: real[D] | y: real[D]", "total((a - b)^2 for a, b in zip(x, y)) / 2"),
)  # fmt: skip

PRODUCTS = (
    Form("product", "prod[i](x[i])",
         [(one,) for one in ((1e-200, 1e-200, 1e200, 1e200), (1e200, 1e200, 1e-200, 1e-200),
                             (2.0, 3.0, -4.0, 5.0), (0.0, 1e200, 1e200, 3.0), (1e300, 1e300, 1.0, 0.0),
                             (-1e150, 1e150, 1e-300, 2.0))], "x: real[D]", "x[0] * x[1] * x[2] * x[3]"),
)  # fmt: skip

NEARLY_ALL = (
    ((1e-3, 0.0, 30.0),),
    ((1e-10, 0.0, -30.0),),
    ((1e-3, 1.5, 1500.0),),
    ((3.0, 4.0, 12.0),),
)
"""Vectors of which a coordinate is nearly all."""
BESIDE = tuple((x, y) for (x,) in NEARLY_ALL for y in ((1.0, 2.0, 3.0), (1e-3, -2e-3, 3.0)))
MARGINS = (
    Form("softmax with a margin for the label", "logsumexp[k](l[k]) - l[y]",
         [((0.875, 0.0, 0.125), 0), ((0.5, 0.25, -0.25), 1), ((1.0, 0.25, -0.5), 0)],
         "z: real[K] | y: index(K)",
         "log(total(exp(a - (24 if k == y else 0)) for k, a in enumerate(64 * one for one in z)))"
         " - 64 * z[y] + 24",
         "l[k] = 64 * (z[k] - 0.375 * [k == y])"),
)  # fmt: skip
LENGTHS = (
    Form("norm that one coordinate nearly is", "norm(x)", NEARLY_ALL, "x: real[D]", "length(x)"),
    Form("root of a sum of squares that one nearly is", "sqrt(sum[d](x[d]^2))", NEARLY_ALL,
         "x: real[D]", "length(x)"),
    Form("squared distance of a norm from one", "(norm(x) - 1)^2", NEARLY_ALL, "x: real[D]",
         "(length(x) - 1)^2"),
    Form("direction against another", "dot(normalize(x), y)", BESIDE, "x: real[D] | y: real[D]",
         "total(a * b for a, b in zip(x, y)) / length(x)"),
    Form("cosine of a vector that one coordinate nearly is", "cosine(x, y)", BESIDE,
         "x: real[D] | y: real[D]",
         "total(a * b for a, b in zip(x, y)) / (length(x) * length(y))"),
    Form("norm as a recurrence", "d[T-1]", NEARLY_ALL, "x: real[T]", "length(x)",
         "d[0] = abs(x[0])\n          d[t] = sqrt(d[t-1]^2 + x[t]^2)"),
)  # fmt: skip

VECTOR_FORMS = (*DIVERGENCES, *COMPLEMENTS, *MEANS, *DISTANCES, *PRODUCTS, *MARGINS, *LENGTHS)
