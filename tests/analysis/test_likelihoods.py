"""`likelihood`: losses that are negative logarithms of densities, and losses that are none."""

from __future__ import annotations

import pytest

from tests.analysis.claimed import verdict

_REAL = "q: real | y: real; a: positive = 1, t: interval(1/10, 9/10) = 0.3"
_TWO = "m: real, v: real | y: real"
_COUNT = "q: real | y: count"
_POSITIVE = "q: real | y: positive; a: positive = 2"
_SIGN = "s: real | y: sign"


@pytest.mark.parametrize(
    ("head", "body", "family", "expected"),
    [
        (_REAL, "(y - q)^2", "gaussian", "proved"),
        (_REAL, "(y - 2 * q)^2 / a", "gaussian", "proved"),
        # Times exp(y) it is one; a factor of the target is free.
        (_REAL, "(y - q)^2 + q", "gaussian", "unknown"),
        (_REAL, "(y - q)^2 + q^2 / 1000", "gaussian", "unknown"),
        (_TWO, "abs(y - m) * exp(-v) + v", "gaussian", "refuted"),
        (_REAL, "abs(y - q)", "asymmetric_laplace", "proved"),
        (_COUNT, "exp(q) - y * q", "gamma", "refuted"),
        (_REAL, "(y - q)^2 + q^4", "gaussian", "refuted"),
        (_REAL, "(y - q)^2 + sqrt(1 + q^2)", "gaussian", "refuted"),
        (_REAL, "(y - q)^2", "laplace", "refuted"),
        (_REAL, "log(cosh(y - q))", "laplace", "refuted"),
        (_REAL, "abs(y - q)", "cauchy", "refuted"),
        (_REAL, "1 - exp(-(y - q)^2)", "cauchy", "refuted"),
        (_REAL, "(y - q)^4", "gaussian", "refuted"),
        (_REAL, "abs(y - q)", "gaussian", "refuted"),
        (_REAL, "-(y - q)^2", "gaussian", "unknown"),
        (_TWO, "exp(-v) * (y - m)^2 / 2 + v / 2", "gaussian", "proved"),
        (_TWO, "exp(-v) * (y - m)^2 / 2 + v", "gaussian", "refuted"),
        (_TWO, "exp(-v) * (y - m)^2 / 2", "gaussian", "refuted"),
        (_REAL, "abs(y - q)", "laplace", "proved"),
        (_REAL, "a * max(y - q, q - y) + 3", "laplace", "proved"),
        (_REAL, "abs(y - q) + q^2", "laplace", "unknown"),
        (_REAL, "max(t * (y - q), (t - 1) * (y - q))", "asymmetric_laplace", "proved"),
        (_REAL, "max(t * (y - q), (t - 1) * (y - q))", "laplace", "unknown"),
        (_TWO, "abs(y - m) * exp(-v) + v", "laplace", "proved"),
        (_TWO, "abs(y - m) * exp(-v) + 2 * v", "laplace", "unknown"),
        (_REAL, "log(1 + (y - q)^2 / a^2)", "cauchy", "proved"),
        (_REAL, "2 * log(1 + (y - q)^2 / a^2)", "cauchy", "refuted"),
        (_REAL, "2 * log(1 + (y - q)^2 / a^2)", "student", "proved"),
        (_REAL, "log(1 + (y - q)^2) / 2", "student", "unknown"),
        (_REAL, "(y - q)^2 / (1 + (y - q)^2)", "cauchy", "refuted"),
        (_COUNT, "exp(q) - y * q", "poisson", "proved"),
        (_COUNT, "exp(q) - 2 * y * q", "poisson", "unknown"),
        (_COUNT, "exp(q) + y * q", "poisson", "unknown"),
        (_COUNT, "(q - y)^4", "poisson", "refuted"),
        (_POSITIVE, "q + y * exp(-q)", "gamma", "proved"),
        (_POSITIVE, "q + y * exp(-q)", "exponential", "proved"),
        (_POSITIVE, "a * (q + y * exp(-q))", "gamma", "proved"),
        (_POSITIVE, "a * (q + y * exp(-q))", "exponential", "unknown"),
        (_POSITIVE, "y * exp(-q) - q", "gamma", "unknown"),
        (_SIGN, "log(1 + exp(-y * s))", "bernoulli", "proved"),
        (_SIGN, "max(0, 1 - y * s)", "bernoulli", "refuted"),
        (_SIGN, "exp(-y * s)", "bernoulli", "refuted"),
        ("q: real | y: nonnegative; r: interval(1, 2) = 1.5",
         "exp((2 - r) * q) / (2 - r) - y * exp((1 - r) * q) / (1 - r)", "tweedie", "proved"),
        ("q: real | y: nonnegative; r: interval(1, 2) = 1.5",
         "exp((2 - r) * q) / (2 - r) + y * exp((1 - r) * q) / (1 - r)", "tweedie", "unknown"),
    ],
)  # fmt: skip
def test_families(head: str, body: str, family: str, expected: str) -> None:
    assert verdict(head, body, f"likelihood {family}") == expected
