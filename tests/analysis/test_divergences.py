"""`divergence in X, Y`: true, false, and not decided."""

from __future__ import annotations

import pytest

from tests.analysis.claimed import verdict

_SIMPLEX = "q: simplex[K] | p: simplex[K]"
_REAL = "q: real | p: real"
_POSITIVE = "q: positive | p: positive"
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
        (_POSITIVE, "q / p - log(q / p) - 1", "proved"),
        (_POSITIVE, "p / q - log(p / q) - 1", "proved"),
        (_POSITIVE, "q / p + log(q / p) - 1", "refuted"),
        (_POSITIVE, "q / p - log(q / p) - 1 + 1/1000", "refuted"),
        (_POSITIVE, "q / p - 2 * log(q / p) - 1", "refuted"),
        (_POSITIVE, "q * log(q / p) - q + p", "proved"),
        (_POSITIVE, "q * log(q / p) - q + 2 * p", "refuted"),
        (_POSITIVE, "q * log(q / p) + q - p", "refuted"),
        # An end of the domain at which the term has no value is not looked at.
        ("q: nonnegative | p: nonnegative", "q * log(q / p) - q + p", "unknown"),
        (_REAL, "exp(q - p) - (q - p) - 1", "proved"),
        (_REAL, "exp(q) - exp(p) - exp(p) * (q - p)", "proved"),
        (_REAL, "exp(q) - exp(p) - exp(q) * (q - p)", "refuted"),
        (_REAL, "exp(q - p) - (q - p)", "refuted"),
        ("q: positive[K] | p: positive[K]", "sum[k](q[k] / p[k] - log(q[k] / p[k]) - 1)", "proved"),
        (
            "q: positive[K] | p: positive[K]",
            "sum[k](q[k] / p[k] - log(q[k] / p[k])) - 3",
            "refuted",
        ),
        # Zero elsewhere too, exactly.
        (_REAL, "abs(q^2 - p^2)", "refuted"),
        (_REAL, "(q^2 - p^2)^2", "refuted"),
        (_REAL, "abs(q^3 - p^3)", "unknown"),
        ("q: real[K] | p: real[K]", "1 - dot(q, p) / (norm(q) * norm(p))", "refuted"),
        ("q: real[K] | p: real[K]", "(sum[k](q[k]) - sum[k](p[k]))^2", "refuted"),
        # Several sums.
        ("q: positive[K] | p: positive[K]",
         "sum[k](q[k] * log(q[k] / p[k])) - sum[k](q[k]) + sum[k](p[k])", "proved"),
        ("q: positive[K] | p: positive[K]",
         "sum[k](q[k] * log(q[k] / p[k])) - sum[k](q[k]) + 2 * sum[k](p[k])", "refuted"),
        (_VECTOR, "sum[k](q[k]^2) - 2 * sum[k](q[k] * p[k]) + sum[k](p[k]^2)", "proved"),
        (_VECTOR, "sum[k](q[k]^2) * sum[k](p[k]^2) - sum[k](q[k] * p[k])^2", "refuted"),
        (_SIMPLEX, "sum[k | p[k] > 0](p[k] * log(p[k] / m[k])) + sum[k | q[k] > 0](q[k] * log(q[k] / m[k]))"
         "\n    where m[k] = (p[k] + q[k]) / 2", "proved"),
        (_SIMPLEX, "sum[k | p[k] > 0](p[k] * log(p[k] / q[k])) - sum[k | q[k] > 0](q[k] * log(q[k] / p[k]))",
         "refuted"),
        (_SIMPLEX, "sum[k | p[k] > 1/4](p[k] * log(p[k] / q[k])) + sum[k](q[k] * log(q[k] / p[k]))",
         "unknown"),
        (_SIMPLEX, "1 - sum[k](sqrt(q[k] * p[k]))", "proved"),
        (_SIMPLEX, "-log(sum[k](sqrt(q[k] * p[k])))", "proved"),
        (_SIMPLEX, "log(sum[k](q[k]^2 / p[k]))", "proved"),
        (_SIMPLEX, "(1 - sum[k](q[k]^(3/10) * p[k]^(7/10))) / (21/100)", "proved"),
        (_SIMPLEX, "(1 - sum[k](q[k]^(3/10) * p[k]^(6/10))) / (21/100)", "refuted"),
        (_SIMPLEX, "log(sum[k](sqrt(q[k] * p[k])))", "refuted"),
        (_SIMPLEX, "-log(sum[k](q[k] * p[k]))", "refuted"),
        (_SIMPLEX, "1001/1000 - sum[k](sqrt(q[k] * p[k]))", "refuted"),
        # It rises with the sum at first only.
        (
            _SIMPLEX,
            "(1 - sum[k](sqrt(q[k] * p[k]))) * (sum[k](sqrt(q[k] * p[k])) - 1/2)",
            "refuted",
        ),
        (_SIMPLEX, "exp(-sum[k](sqrt(q[k] * p[k])))", "refuted"),
    ],
)  # fmt: skip
def test_divergences(head: str, body: str, expected: str) -> None:
    assert verdict(head, body, "divergence in q, p") == expected


def test_a_divergence_is_nonnegative() -> None:
    for head, body in (
        (_POSITIVE, "q / p - log(q / p) - 1"),
        (_REAL, "exp(q - p) - (q - p) - 1"),
        (_SIMPLEX, "-log(sum[k](sqrt(q[k] * p[k])))"),
    ):
        assert verdict(head, body, "nonnegative") == "proved"
        assert verdict(head, f"{body} - 1/1000", "nonnegative") == "refuted"
    body = "sum[k | p[k] > 0](p[k] * log(p[k] / q[k]))"
    assert verdict(_SIMPLEX, body, "nonnegative") == "proved"
    assert verdict("q: real[K] | p: simplex[K]", "sum[k](p[k] * q[k])", "nonnegative") == "refuted"
