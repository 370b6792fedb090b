"""`divergence in X, Y`: true, false, and not decided."""

from __future__ import annotations

import pytest

from tests.analysis.claimed import verdict

_SIMPLEX = "q: simplex[K] | p: simplex[K]"
_REAL = "q: real | p: real"
_VECTOR = "q: real[K] | p: real[K]; a: positive = 1"


@pytest.mark.parametrize(
    ("head", "body", "expected"),
    [
        (_SIMPLEX, "sum[k | p[k] > 0](p[k] * log(p[k] / q[k]))", "proved"),
        (_SIMPLEX, "sum[k | p[k] > 0](p[k] * log(q[k] / p[k]))", "refuted"),
        (_SIMPLEX, "sum[k | q[k] + p[k] > 0](q[k] * log(q[k] / p[k]))", "proved"),
        # Where p is zero, q is left out: what is left may be negative.
        (_SIMPLEX, "sum[k | p[k] > 0](q[k] * log(q[k] / p[k]))", "refuted"),
        (_SIMPLEX, "sum[k](abs(p[k] - q[k]))", "proved"),
        (_SIMPLEX, "sum[k](p[k] - q[k])", "refuted"),
        (_SIMPLEX, "sqrt(sum[k | p[k] != q[k]]((sqrt(p[k]) - sqrt(q[k]))^2))", "proved"),
        (_SIMPLEX, "sum[k | p[k] != q[k]]((p[k] - q[k])^2 / q[k])", "proved"),
        (_SIMPLEX, "sum[k | p[k] != q[k]]((p[k] - q[k])^3 / q[k])", "refuted"),
        (_SIMPLEX, "sum[k | p[k] > 1/2]((p[k] - q[k])^2)", "refuted"),
        (_SIMPLEX, "sum[k]((p[k] - q[k])^2) + 1/1000", "refuted"),
        (_SIMPLEX, "-sum[k | p[k] > 0](p[k] * log(q[k]))", "refuted"),
        (_REAL, "(q - p)^2", "proved"),
        (_REAL, "abs(q - p) + (q - p)^4", "proved"),
        (_REAL, "q - p", "refuted"),
        (_REAL, "max(0, abs(q - p) - 1/10)", "refuted"),
        (_REAL, "(q - p)^2 * q^2", "refuted"),
        (_REAL, "q^2 - p^2", "refuted"),
        (_VECTOR, "a * sum[k]((q[k] - p[k])^2)", "proved"),
        (_VECTOR, "sum[k](max(0, q[k] - p[k]))", "refuted"),
        ("q: positive | p: positive", "q / p - log(q / p) - 1", "unknown"),
    ],
)
def test_divergences(head: str, body: str, expected: str) -> None:
    assert verdict(head, body, "divergence in q, p") == expected


def test_a_divergence_is_nonnegative() -> None:
    body = "sum[k | p[k] > 0](p[k] * log(p[k] / q[k]))"
    assert verdict(_SIMPLEX, body, "nonnegative") == "proved"
    assert verdict("q: real[K] | p: simplex[K]", "sum[k](p[k] * q[k])", "nonnegative") == "refuted"
