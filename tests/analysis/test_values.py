"""`nonnegative` of sums: parts of a guarded extreme, and terms that are at least zero on their lines."""

from __future__ import annotations

import pytest

from tests.analysis.claimed import verdict

_LIST = "x: real[N] | t: real[N], e: binary[N]; c: positive = 1"


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("sum[i](logsumexp[j | t[j] >= t[i]](x[j]) - x[i])", "proved"),
        ("sum[i | e[i] == 1](logsumexp[j | t[j] >= t[i]](x[j]) - x[i])", "proved"),
        ("sum[i](max[j | j != i or t[j] >= t[i]](x[j]) - x[i])", "proved"),
        # The element itself is left out, or the one taken is another.
        ("sum[i](logsumexp[j | t[j] > t[i]](x[j]) - x[i])", "unknown"),
        ("sum[i](logsumexp[j | j != i](x[j]) - x[i])", "unknown"),
        ("sum[i](logsumexp[j | t[j] >= t[i]](c * x[j]) - x[i])", "refuted"),
        ("sum[i, k | k != i](logsumexp[j | j != i](x[j]) - x[k])", "proved"),
        ("sum[i, k | k != i and t[k] > 0](max[j | j != i](x[j]) - x[k])", "proved"),
        ("sum[i, k | t[k] > 0](max[j | j != i](x[j]) - x[k])", "refuted"),
        ("sum[i, k | k != i](max[j | j != k](x[j]) - x[k])", "unknown"),
        ("sum(exp(x) - x - 1 + t^2)", "proved"),
        ("c * sum(exp(x) - x - 1) / 2 + sum(t^2)", "proved"),
        ("sum(exp(x) - x - 1.001 + t^2)", "refuted"),
        ("sum(exp(x) - x - c + t^2)", "refuted"),
        ("sum(exp(x) - t * x - 1)", "refuted"),
        ("sum[i | e[i] == 1](x[i]^4 - 2 * x[i]^2 + 1)", "proved"),
        ("sum(x^4 - 2 * x^2 + 0.999)", "refuted"),
        ("max[i | e[i] == 1](exp(x[i]) - x[i] - 1)", "unknown"),
        ("-sum(exp(x) - x - 1)", "refuted"),
    ],
)  # fmt: skip
def test_values(body: str, expected: str) -> None:
    assert verdict(_LIST, body, "nonnegative") == expected
