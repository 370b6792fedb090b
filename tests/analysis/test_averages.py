"""Means beside extremes, second moments, relative entropies in several sums: true bounds, and such as differ
by a constant, a sign, a weight or a guard."""

from __future__ import annotations

import pytest

from tests.analysis.claimed import decided

_X = "x: real[N] | q: simplex[N], m: binary[N]; t: positive = 1"


@pytest.mark.parametrize(
    ("body", "claim", "expected"),
    [
        ("mean(x^2) - mean(x)^2", "nonnegative", "proved"),
        ("mean(x)^2 - mean(x^2)", "nonnegative", "refuted"),
        ("sum(x^2) - sum(x)^2 / N", "nonnegative", "proved"),
        ("sum(x^2) - 1.01 * sum(x)^2 / N", "nonnegative", "refuted"),
        ("sum[i](q[i] * x[i]^2) - sum[i](q[i] * x[i])^2", "nonnegative", "proved"),
        ("sum[i](m[i] * x[i]^2) - sum[i](m[i] * x[i])^2", "nonnegative", "refuted"),
        ("max(x) - min(x)", "nonnegative", "proved"),
        ("max(x) - mean(x) - min(x)", "nonnegative", "refuted"),
        ("2 * max(x) - mean(x) - min(x)", "nonnegative", "proved"),
        ("max(x) - sum(x)", "nonnegative", "refuted"),
        ("max[i | m[i] == 1](x[i]) - mean[i | m[i] == 1](x[i])", "nonnegative", "proved"),
        ("max[i | m[i] == 1](x[i]) - mean(x)", "nonnegative", "refuted"),
        # Over nothing, extremes are infinite.
        ("max[i | m[i] == 1](x[i]) - min[i | m[i] == 1](x[i])", "nonnegative", "unknown"),
        ("t * logsumexp[i](x[i] / t) - max(x)", "bounded 0 t * log(N)", "proved"),
        ("logsumexp[i](x[i]) - max(x)", "bounded 0 log(N) / 2", "refuted"),
        ("t * logsumexp[i](x[i] / t) - max[i](t * x[i])", "nonnegative", "refuted"),
        ("mean(exp(x)) - exp(mean(x))", "nonnegative", "proved"),
        ("exp(mean(x)) - mean(exp(x))", "nonnegative", "refuted"),
        ("mean(abs(x)) - abs(mean(x))", "nonnegative", "proved"),
        ("log(mean(exp(x))) - mean(x)", "nonnegative", "proved"),
        # Beside a mean above zero there may be terms below, of which there is no logarithm.
        ("log(mean(x)) - mean(log(x))", "nonnegative", "unknown"),
        ("log(sum(exp(x))) - mean(x) - log(N)", "nonnegative", "proved"),
        ("logsumexp[i](x[i]) - dot(q, x) - log(N)", "nonnegative", "refuted"),
        ("logsumexp[i](x[i]) - dot(q, x)", "nonnegative", "proved"),
        ("logsumexp[i](x[i]) - 2 * dot(q, x)", "nonnegative", "refuted"),
        ("logsumexp[i](x[i]) - dot(m, x)", "nonnegative", "refuted"),
        ("logsumexp[i](x[i]) - dot(q, x) + sum[i](q[i] * log(q[i]))", "nonnegative", "proved"),
        ("t * (logsumexp[i](x[i]) - dot(q, x) + sum[i](q[i] * log(q[i])))", "nonnegative",
         "proved"),
        ("logsumexp[i](x[i]) - dot(q, x) + 2 * sum[i](q[i] * log(q[i]))", "nonnegative", "refuted"),
        ("sum[i](q[i] * log(q[i]))", "bounded (-log(N)) 0", "proved"),
        ("sum[i](q[i] * log(q[i]))", "bounded (-log(N) / 2) 0", "refuted"),
        ("sum[i](x[i]^2 * (max(x) - mean(x)))", "nonnegative", "proved"),
        ("sum[i](x[i] * (max(x) - mean(x)))", "nonnegative", "refuted"),
    ],
)  # fmt: skip
def test_bounds(body: str, claim: str, expected: str) -> None:
    assert decided(_X, body, claim) == expected


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("mean(x^2) - mean(x)^2", "proved"),
        ("mean(x^2) - 1.001 * mean(x)^2", "refuted"),
        ("sum(x^2) - N * mean(x)^2", "proved"),
        ("sum(x^2) - mean(x)^2", "refuted"),
        ("mean(x^3) - 3 * mean(x) * mean(x^2) + 2 * mean(x)^3", "proved"),
        ("mean(x^3) - 3 * mean(x) * mean(x^2) + 3 * mean(x)^3", "refuted"),
        ("logsumexp[i](x[i]) - dot(q, x)", "proved"),
        ("logsumexp[i](x[i]) - dot(m, x)", "refuted"),
        ("mean[i | m[i] == 1](x[i]^2) - mean[i | m[i] == 1](x[i])^2", "proved"),
        ("mean[i | m[i] == 1](x[i]^2) - mean(x)^2", "refuted"),
        ("sum[i | m[i] == 1](x[i]^2) - sum[i | m[i] == 1](x[i])^2 / N", "refuted"),
    ],
)
def test_shifts_of_moments(body: str, expected: str) -> None:
    assert decided(_X, body, "invariant shift in x") == expected


def test_moments_of_each_row() -> None:
    head = "x: real[B, K] |"
    body = "mean[b](mean[k](x[b, k]^2) - mean[k](x[b, k])^2)"
    assert decided(head, body, "invariant shift in x") == "proved"
    assert decided(head, body, "nonnegative") == "proved"
    crossed = "mean[b](mean[k](x[b, k]^2)) - mean[b](mean[k](x[b, k])) * mean[k](x[0, k])"
    assert decided(head, crossed, "invariant shift in x") == "refuted"
