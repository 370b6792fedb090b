"""`symmetric in X, Y` of tensors: true, false, and not decided."""

from __future__ import annotations

import pytest

from tests.analysis.claimed import verdict

_HEAD = "a: real[N, D], b: real[N, D] | ; t: positive = 1"


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("sum[i, d]((a[i, d] - b[i, d])^2)", "proved"),
        ("sum[i, d | a[i, d] != b[i, d]](abs(a[i, d] - b[i, d]))", "proved"),
        ("sum[i, d | a[i, d] < b[i, d]](abs(a[i, d] - b[i, d]))", "refuted"),
        ("mean[i](dot(a[i], b[i]) / (norm(a[i]) * norm(b[i])))", "proved"),
        ("mean[i](dot(a[i], b[i]) / norm(a[i]))", "refuted"),
        # Of all pairs: the exchange turns rows into columns.
        ("sum[i](logsumexp[j](dot(a[i], b[j]))) + sum[j](logsumexp[i](dot(a[i], b[j])))", "proved"),
        ("sum[i](logsumexp[j](dot(a[i], b[j])))", "refuted"),
        ("sum[i](logsumexp[j](dot(a[i], b[j]))) + 2 * sum[j](logsumexp[i](dot(a[i], b[j])))", "refuted"),
        ("sum[i, d](a[i, d]) + t * sum[i, d](b[i, d])", "refuted"),
        ("sum[i, d](a[i, d]) + sum[i, d](b[i, d])", "proved"),
    ],
)  # fmt: skip
def test_exchange(body: str, expected: str) -> None:
    assert verdict(_HEAD, body, "symmetric in a, b") == expected
