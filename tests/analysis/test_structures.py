"""Bounds by structure: paths through chains, kernels, ranks. What a slip makes of each is never proved."""

from __future__ import annotations

import pytest

from tests.analysis.claimed import decided

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
    assert decided(_HEAD, body, "nonnegative") == "proved"


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
    assert decided(_HEAD, body.replace(old, new), "nonnegative") != "proved"


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
    assert decided(_POINTS, _MEANS.format(kernel=kernel), "nonnegative") == "proved"


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
    assert decided(_POINTS, body, "nonnegative") != "proved"


_RANKED = "score: real[N] | relevance: count[N], level: real[N]; k: count = 3, c: positive = 1"
_HARD = """if ideal == 0 then 0 else sum[i | rank[i] <= k](gain[i] / log2(1 + rank[i])) / ideal
    where rank[i] = 1 + count[j](score[j] > score[i] or (score[j] == score[i] and j < i))
          gain[i] = 2^relevance[i] - 1
          best[i] = 1
              + count[j](relevance[j] > relevance[i] or (relevance[j] == relevance[i] and j < i))
          ideal = sum[i | best[i] <= k](gain[i] / log2(1 + best[i]))"""
_SOFT = (
    _HARD.replace("1 + count[j](score[j] > score[i] or (score[j] == score[i] and j < i))",
                  "1 + sum[j | j != i](sigmoid((score[j] - score[i]) / c))")
    .replace("sum[i | rank[i] <= k]", "sum[i]").replace("sum[i | best[i] <= k]", "sum[i]")
)  # fmt: skip


@pytest.mark.parametrize(
    ("body", "claim"),
    [
        (_HARD, "bounded 0 1"), (_SOFT, "bounded 0 1"), (_HARD, "nonnegative"),
        (_HARD.replace("else sum", "else 1 - sum"), "bounded 0 1"),
        (_HARD.replace("log2(1 + rank[i])", "rank[i]").replace("log2(1 + best[i])", "best[i]"),
         "bounded 0 1"),
        (_HARD.replace("2^relevance[i] - 1", "relevance[i]"), "bounded 0 1"),
    ],
)  # fmt: skip
def test_gains_are_at_most_those_of_the_best_order(body: str, claim: str) -> None:
    assert decided(_RANKED, body, claim) == "proved"


@pytest.mark.parametrize(
    ("body", "old", "new"),
    [
        (_HARD, "gain[i] / log2(1 + rank[i])", "gain[i] * log2(1 + rank[i])"),
        (_HARD, "gain[i] / log2(1 + rank[i])", "2 * gain[i] / log2(1 + rank[i])"),
        (_HARD, "gain[i] / log2(1 + rank[i])", "gain[i] / log2(2 + rank[i]) * 2"),
        (_HARD, "2^relevance[i] - 1", "2^relevance[i] - 2"),
        (_HARD, "2^relevance[i] - 1", "2^(-relevance[i])"),
        (_HARD, "relevance[j] > relevance[i]", "relevance[j] < relevance[i]"),
        (_HARD, "relevance[j] > relevance[i]", "level[j] > level[i]"),
        (_HARD, "sum[i | rank[i] <= k]", "sum[i]"),
        (_HARD, "sum[i | rank[i] <= k]", "sum[i | rank[i] >= k]"),
        (_HARD, "(score[j] == score[i] and j < i)", "(score[j] == score[i] and j > i and j > 5)"),
        (_HARD, "score[j] > score[i] or (score[j] == score[i] and j < i)", "score[j] > score[i]"),
        (_HARD, "score[j] > score[i] or", "score[j] > score[i] + 1 or"),
        (_HARD, "1 + count[j](score", "count[j](score"),
        (_SOFT, "sigmoid((score[j] - score[i]) / c)", "sigmoid((score[j] - score[i]) / c - 1)"),
        (_SOFT, "sigmoid((score[j] - score[i]) / c)", "sigmoid(score[j] / c)"),
        (_SOFT, "sum[j | j != i](sigmoid", "sum[j | j < i](sigmoid"),
        (_SOFT, "sum[i](gain[i] / log2(1 + rank[i]))", "sum[i | rank[i] <= k](gain[i] / log2(1 + rank[i]))"),
        (_SOFT, "sum[i](gain[i] / log2(1 + best[i]))", "sum[i | best[i] <= k](gain[i] / log2(1 + best[i]))"),
    ],
)  # fmt: skip
def test_another_order_is_not(body: str, old: str, new: str) -> None:
    assert old in body
    assert decided(_RANKED, body.replace(old, new), "bounded 0 1") != "proved"


@pytest.mark.parametrize(
    "weight", ["exp(-{0}^2 / 50)", "max(0, 3 - {0})^0.5", "1 / (1 + ({0} - 1)^2)"]
)
def test_soft_ranks_need_convex_weights(weight: str) -> None:
    body = _SOFT
    for rank in ("rank[i]", "best[i]"):
        body = body.replace(f"gain[i] / log2(1 + {rank})", f"gain[i] * ({weight.format(rank)})")
    assert decided(_RANKED, body, "bounded 0 1") != "proved"
