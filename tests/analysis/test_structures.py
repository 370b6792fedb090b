"""Bounds by structure: paths through chains, kernels. What a slip makes of each is never proved."""

from __future__ import annotations

import pytest

from tests.analysis.claimed import verdict

_CHAIN = """{end} - score
    where alpha[0, k] = e[0, k]
          alpha[t, k] = e[t, k] + {fold}[j](alpha[t-1, j] + r[j, k])
          score = sum[t](e[t, tag[t]]) + sum[t | t > 0](r[tag[t-1], tag[t]])"""
_HEAD = "e: real[T, K], r: real[K, K] | tag: index(K)[T], other: index(K)[T], length: count"
_PARTITION = _CHAIN.format(end="logsumexp[k](alpha[T-1, k])", fold="logsumexp")
_BEST = _CHAIN.format(end="max[k](alpha[T-1, k])", fold="max")
_PADDED = """if length > 0 then logsumexp[k](alpha[T-1, k]) - score else 0
    where alpha[0, k] = if length > 0 then e[0, k] else 0
          alpha[t, k] = if t < length
              then e[t, k] + logsumexp[j](alpha[t-1, j] + r[j, k])
              else alpha[t-1, k]
          score = sum[t | t < length](e[t, tag[t]])
              + sum[t | t > 0 and t < length](r[tag[t-1], tag[t]])"""


@pytest.mark.parametrize("body", [_PARTITION, _BEST, _PADDED])
def test_a_fold_over_paths_is_at_least_each(body: str) -> None:
    assert verdict(_HEAD, body, "nonnegative") == "proved"


@pytest.mark.parametrize(
    ("body", "old", "new"),
    [
        (_PARTITION, "r[tag[t-1], tag[t]]", "r[tag[t], tag[t-1]]"),
        (_PARTITION, "r[tag[t-1], tag[t]]", "r[other[t-1], tag[t]]"),
        (_PARTITION, "sum[t](e[t, tag[t]])", "sum[t](e[t, other[t]])"),
        (_PARTITION, "sum[t](e[t, tag[t]])", "2 * sum[t](e[t, tag[t]])"),
        (_PARTITION, "sum[t](e[t, tag[t]])", "sum[t | t > 0](e[t, tag[t]])"),
        (_PARTITION, "sum[t | t > 0]", "sum[t | t > 1]"),
        (_PARTITION, "alpha[0, k] = e[0, k]", "alpha[0, k] = e[0, k] - 1"),
        (_PARTITION, "+ r[j, k])", "- r[j, k])"),
        (_PARTITION, "e[t, k] + logsumexp", "e[t, k] - 1/100 + logsumexp"),
        (_PARTITION, "logsumexp[j](alpha", "logsumexp[j | j != tag[t-1]](alpha"),
        (_PARTITION, "logsumexp[k](alpha", "logsumexp[k | k != tag[T-1]](alpha"),
        (_PARTITION, "e[t, k] + logsumexp[j](alpha[t-1, j] + r[j, k])",
         "e[t, k] + min[j](alpha[t-1, j] + r[j, k])"),
        (_PARTITION, "e[t, k] + logsumexp[j](alpha[t-1, j] + r[j, k])",
         "e[t, k] + max[j](r[j, k]) - max[j](r[k, j]) + logsumexp[j](alpha[t-1, j] + r[j, k])"),
        (_PARTITION, "- score", "- score - 1/100"),
        (_BEST, "- score", "- 2 * score"),
        (_PADDED, "t > 0 and t < length", "t > 0 and t <= length"),
        (_PADDED, "sum[t | t < length]", "sum[t | t < length + 1]"),
        (_PADDED, "sum[t | t < length]", "sum[t]"),
        (_PADDED, "if t < length", "if other[t] == 0"),
        (_PADDED, "else alpha[t-1, k]", "else alpha[t-1, k] - 1/10"),
    ],
)  # fmt: skip
def test_another_chain_is_not(body: str, old: str, new: str) -> None:
    assert old in body
    assert verdict(_HEAD, body.replace(old, new), "nonnegative") != "proved"


_POINTS = "x: real[N, D] | y: real[M, D]; c: positive = 1"
_MEANS = """mean[i, j](k(x[i], x[j])) - 2 * mean[i, m](k(x[i], y[m])) + mean[m, n](k(y[m], y[n]))
    where far(a, b) = sum[d]((a[d] - b[d])^2)
          k(a, b) = {kernel}"""
_GAUSSIAN = _MEANS.format(kernel="exp(-far(a, b) / (2 * c^2))")


@pytest.mark.parametrize(
    "kernel",
    ["exp(-far(a, b) / (2 * c^2))", "1 / (c + far(a, b))", "exp(-sqrt(far(a, b)))",
     "exp(-far(a, b)) + exp(-c * far(a, b)) / 2"],
)  # fmt: skip
def test_means_in_the_space_of_a_kernel(kernel: str) -> None:
    assert verdict(_POINTS, _MEANS.format(kernel=kernel), "nonnegative") == "proved"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("- 2 * mean", "- 2.01 * mean"),
        ("+ mean[m, n]", "+ 0.99 * mean[m, n]"),
        ("mean[i, j](k", "mean[i, j | i != j](k"),
        ("k(y[m], y[n])", "k(x[m], y[n])"),
        ("exp(-far(a, b) / (2 * c^2))", "-far(a, b)"),
        ("exp(-far(a, b) / (2 * c^2))", "exp(-far(a, b)^2)"),
        ("exp(-far(a, b) / (2 * c^2))", "exp(far(a, b))"),
        ("exp(-far(a, b) / (2 * c^2))", "1 - far(a, b)"),
        ("mean[m, n](k(y[m], y[n]))", "mean[m, n](exp(-far(y[m], y[n]) / c^2))"),
    ],
)
def test_what_is_no_distance_there(old: str, new: str) -> None:
    body = _GAUSSIAN.replace(old, new)
    if "k(x[m], y[n])" in body:
        body = body.replace("mean[m, n](k(x[m], y[n]))", "mean[i, n](k(x[i], y[n]))")
    assert body != _GAUSSIAN
    assert verdict(_POINTS, body, "nonnegative") != "proved"
