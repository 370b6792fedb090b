"""`estimates`, `proper`, `strictly_proper`: losses for which they are true, false, and not decided."""

from __future__ import annotations

import pytest

from tests.analysis.claimed import verdict

_REAL = "q: real | y: real; a: positive = 1, t: probability = 0.3"


@pytest.mark.parametrize(
    ("body", "claim", "expected"),
    [
        ("(q - y)^2", "estimates mean", "proved"),
        ("a * (q - y)^2 + exp(y)", "estimates mean", "proved"),
        ("abs(q - y)^2", "estimates mean", "proved"),
        ("(q - y)^2", "estimates expectile 1/2", "proved"),
        ("(q - y)^2", "estimates median", "refuted"),
        ("(q - y + 1)^2", "estimates mean", "refuted"),
        ("(q - 2 * y)^2", "estimates mean", "refuted"),
        ("(q - y)^2 + q^2 / 1000", "estimates mean", "refuted"),
        ("(q - y)^2 + abs(q) / 1000", "estimates mean", "unknown"),
        ("(q - y)^4", "estimates mean", "refuted"),
        # A one-to-one function of the prediction is the mean: the cube, and no square.
        ("q^4 / 4 - q * y", "estimates mean", "proved"),
        ("(q^3 - y)^2", "estimates mean", "proved"),
        ("(q + y)^2", "estimates mean", "refuted"),
        ("(q^2 - y)^2", "estimates mean", "unknown"),
        ("(q^3 - y)^4", "estimates mean", "refuted"),
        ("q^3 / 3 - q * y", "estimates mean", "refuted"),
        ("-q^2 / 2 + q^4 / 4 + y * q^3 / 3", "estimates mean", "unknown"),
        ("abs(q^3 - y)", "estimates median", "unknown"),
        ("abs(q^3 - y)", "estimates mean", "refuted"),
        ("-(q - y)^2", "estimates mean", "refuted"),
        ("t * (q - y)^2", "estimates mean", "refuted"),  # at t = 0 it is constant
        # A Bregman loss, of the exponential.
        ("-exp(q) - (y - q) * exp(q)", "estimates mean", "proved"),
        ("log(cosh(q - y))", "estimates mean", "refuted"),
        # Affine functions of a statistic are on its scale, and other numbers.
        ("2 * (q - y)^2 - 3 * q + 3 * y", "estimates mean", "refuted"),
        ("(q - y)^2 + a * q^2", "estimates mean", "refuted"),
        ("abs(q - y - 1)", "estimates median", "refuted"),
        ("max(t * (y - 2 * q), (t - 1) * (y - 2 * q))", "estimates quantile t", "refuted"),
        ("abs([y < q - 1] - t) * (q - y - 1)^2", "estimates expectile t", "refuted"),
        ("abs(q - y)", "estimates median", "proved"),
        ("abs(q - y)", "estimates quantile 1/2", "proved"),
        ("abs(q - y)", "estimates quantile 2/5", "refuted"),
        ("abs(exp(q) - exp(y))", "estimates median", "proved"),
        ("abs(q - y) + q / 1000", "estimates median", "refuted"),
        ("sqrt(abs(q - y))", "estimates median", "refuted"),
        ("max(t * (y - q), (t - 1) * (y - q))", "estimates quantile t", "proved"),
        ("max(t * (q - y), (t - 1) * (q - y))", "estimates quantile t", "refuted"),
        ("a * max((1 - t) * (q - y), -t * (q - y))", "estimates quantile t", "proved"),
        ("([y < q] - t) * (q - y)", "estimates quantile t", "proved"),
        ("[y < q] - t * q", "estimates quantile t", "refuted"),
        ("abs([y < q] - t) * (q - y)^2", "estimates expectile t", "proved"),
        ("abs([y > q] - t) * (q - y)^2", "estimates expectile t", "refuted"),
        ("abs([y < q] - t) * (q - y)^2", "estimates mean", "refuted"),
        ("(q - y)^2", "estimates mode", "refuted"),
        ("1 - exp(-(q - y)^2)", "estimates mode", "refuted"),
        ("abs(q - y)", "estimates mode", "refuted"),
        ("sqrt(abs(q - y))", "estimates mode", "refuted"),
        ("[abs(q - y) > 1]", "estimates mode", "refuted"),
        # Of a target with a density every prediction is wrong.
        ("[q != y]", "estimates mode", "unknown"),
        ("if abs(q - y) <= a then (q - y)^2 / 2 else a * (abs(q - y) - a / 2)", "estimates mean",
         "refuted"),
    ],
)  # fmt: skip
@pytest.mark.share(1 / 2)
def test_statistics_of_a_real_target(body: str, claim: str, expected: str) -> None:
    assert verdict(_REAL, body, claim) == expected


@pytest.mark.parametrize(
    ("head", "body", "claim", "expected"),
    [
        ("q: real | y: count", "[q != y]", "estimates mode", "proved"),
        ("q: real | y: count", "[q != y + 1]", "estimates mode", "refuted"),
        ("q: positive | y: positive", "q - 2 * y * log(q)", "estimates mean", "refuted"),
        ("q: positive | y: positive", "(q - 1 - y)^2", "estimates mean", "unknown"),
        ("q: real | y: count", "3 * [q != y] + y^2", "estimates mode", "proved"),
        ("q: real | y: count", "[q == y]", "estimates mode", "refuted"),
        ("q: real | y: count", "[q != y] * (1 + y)", "estimates mode", "refuted"),
        ("q: real | y: count", "[q != y] + q / 1000", "estimates mode", "refuted"),
        ("q: positive | y: count", "[q != y]", "estimates mode", "unknown"),
        # A median of 0 is out of reach.
        ("q: positive | y: count", "abs(q - y)", "estimates median", "unknown"),
        ("q: nonnegative | y: count", "abs(q - y)", "estimates median", "proved"),
        ("q: positive | y: positive", "abs(q - y)", "estimates median", "proved"),
        ("q: real | y: count", "exp(q) - y * q", "estimates mean", "proved"),
        ("q: real | y: real", "exp(q) - y * q", "estimates mean", "refuted"),
        ("q: real | y: count", "exp(q) - 2 * y * q", "estimates mean", "proved"),
        ("q: real | y: positive", "q + y * exp(-q)", "estimates mean", "proved"),
        ("q: positive | y: positive", "log(q) + y / q", "estimates mean", "proved"),
        ("q: positive | y: positive", "(q - y)^2 / y", "estimates mean", "refuted"),
        ("q: positive | y: positive", "(log(q) - log(y))^2", "estimates mean", "refuted"),
        ("q: real | y: binary", "log(1 + exp(q)) - y * q", "estimates mean", "proved"),
        ("q: real | y: binary", "log(1 + exp(q)) - y * q", "estimates log_odds", "proved"),
        ("q: real | y: binary", "log(1 + exp(2 * q)) - 2 * y * q", "estimates log_odds", "refuted"),
        ("q: real | y: sign", "log(1 + exp(-y * q))", "estimates log_odds", "proved"),
        ("q: real | y: sign", "exp(-y * q)", "estimates log_odds", "refuted"),
        ("q: real | y: sign", "exp(-y * q / 2)", "estimates log_odds", "proved"),
        ("q: positive | y: binary", "log(1 + q) - y * log(q)", "estimates ratio", "proved"),
        ("q: positive | y: binary", "if y == 1 then -q else q^2 / 2", "estimates ratio", "proved"),
        ("q: positive | y: binary", "if y == 1 then -q else q^2", "estimates ratio", "refuted"),
        ("q: positive | y: binary", "if y == 1 then -log(q) else q", "estimates ratio", "proved"),
        ("m: real, v: real | y: real", "exp(-v) * (m - y)^2 + v", "estimates mean", "proved"),
    ],
)  # fmt: skip
def test_statistics_through_a_link(head: str, body: str, claim: str, expected: str) -> None:
    assert verdict(head, body, claim) == expected


@pytest.mark.parametrize(
    ("head", "body", "proper", "strictly"),
    [
        ("p: probability | y: binary", "(p - y)^2", "proved", "proved"),
        ("p: probability | y: binary", "-y * log(p) - (1 - y) * log(1 - p)", "proved", "proved"),
        ("p: probability | y: binary", "-2 * y * log(p) - (1 - y) * log(1 - p)", "refuted",
         "refuted"),
        ("p: probability | y: binary; w: positive = 1", "-w * y * log(p) - (1 - y) * log(1 - p)",
         "refuted", "refuted"),
        ("p: probability | y: binary", "abs(p - y)", "refuted", "refuted"),
        ("p: probability | y: binary", "(p - y)^4", "refuted", "refuted"),
        ("p: probability | y: binary", "-(y * p + (1 - y) * (1 - p)) / sqrt(p^2 + (1 - p)^2)",
         "proved", "proved"),
        ("p: probability | y: binary", "(p - y)^2 + p / 1000", "refuted", "refuted"),
        ("p: probability | y: binary", "-(p - y)^2", "refuted", "refuted"),
        ("p: probability | y: binary", "y", "proved", "refuted"),
        ("s: real | y: binary", "log(1 + exp(s)) - y * s", "proved", "proved"),
        ("s: real | y: sign", "log(1 + exp(-y * s))", "proved", "proved"),
        ("s: real | y: binary", "(sigmoid(s) - y)^2", "proved", "proved"),
        ("s: real | y: sign", "max(0, 1 - y * s)", "refuted", "refuted"),
        ("s: real | y: sign", "max(0, 2 - y * s)", "refuted", "refuted"),
        # Proper, by links of their own: the logistic function of 2 s; (1 + s) / 2.
        ("s: real | y: sign", "exp(-y * s)", "refuted", "refuted"),
        ("s: real | y: sign", "log(1 + exp(-2 * y * s))", "refuted", "refuted"),
        ("s: real | y: sign", "(1 - y * s)^2", "refuted", "refuted"),
        ("s: real | y: sign", "max(0, 1 - y * s)^2", "refuted", "refuted"),
    ],
)  # fmt: skip
def test_propriety(head: str, body: str, proper: str, strictly: str) -> None:
    assert verdict(head, body, "proper") == proper
    assert verdict(head, body, "strictly_proper") == strictly


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("-log(p[k])", "proved"),
        ("-log(p[k]) - p[k]", "refuted"),
        ("sum[j]((p[j] - [j == k])^2)", "proved"),
        ("a * sum[j]((p[j] - [j == k])^2) + 1", "proved"),
        ("-a * sum[j]((p[j] - [j == k])^2)", "refuted"),
        ("1 - 2 * p[k] + sum[j](p[j]^2)", "proved"),
        ("1 - 2 * p[k] + 2 * sum[j](p[j]^2)", "refuted"),
        ("-3 * p[k]^2 + 2 * sum[j](p[j]^3)", "proved"),
        ("3 * p[k]^2 - 2 * sum[j](p[j]^3)", "refuted"),
        ("1 / p[k] + sum[j](log(p[j]))", "proved"),
        ("1 / p[k] - sum[j](log(p[j]))", "refuted"),
        ("1 - p[k]", "refuted"),
        ("sum[j](abs(p[j] - [j == k]))", "refuted"),
        # Of a class of its own weight: not decided by entries.
        ("-[k == 0] * log(p[k]) - log(p[k])", "refuted"),
    ],
)  # fmt: skip
def test_propriety_of_distributions(body: str, expected: str) -> None:
    head = "p: simplex[K] | k: index(K); a: positive = 1"
    assert verdict(head, body, "strictly_proper") == expected


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("-p[k] / norm(p)", "proved"),
        ("1 - p[k] / sqrt(dot(p, p))", "proved"),
        ("-p[k]^2 / sum[j](p[j]^3)^(2/3)", "proved"),
        ("-2 * p[k] * sum[j](p[j]^2) + 3/2 * sum[j](p[j]^2)^2", "proved"),
        ("p[k] / norm(p)", "refuted"),
        ("-p[k] / norm(p)^2", "refuted"),
        ("-p[k]^2 / norm(p)", "refuted"),
        ("-p[k]^2 / sum[j](p[j]^3)^(1/3)", "refuted"),
        ("4 * p[k] * sum[j](p[j]^2) - 3 * sum[j](p[j]^2)^2", "refuted"),
        ("-p[k] / norm(p) + norm(p) / 1000", "refuted"),
        # Not a power of more than 1: the entropy of Σ √p is no norm, and convex besides.
        ("p[k]^(-1/2) * sum[j](p[j]^(1/2))", "unknown"),
        ("-a * p[k] / norm(p)", "proved"),
        ("-log(p[k]) + sum[j](p[j]^2) / 100", "refuted"),
    ],
)
def test_propriety_by_an_entropy(body: str, expected: str) -> None:
    """Spherical and power scores beside others that differ by a sign, a power or a small term."""
    head = "p: simplex[K] | k: index(K); a: positive = 1"
    assert verdict(head, body, "strictly_proper") == expected


@pytest.mark.parametrize(
    ("body", "proper", "strictly"),
    [
        ("y * sqrt((1 - p) / p) + (1 - y) * sqrt(p / (1 - p))", "proved", "proved"),
        ("y * sqrt((1 - p) / p) + 2 * (1 - y) * sqrt(p / (1 - p))", "refuted", "refuted"),
        ("[p < 1/2] * y + [p >= 1/2] * (1 - y)", "proved", "refuted"),
        ("3 * [p < 1/4] * y + [p >= 1/4] * (1 - y)", "proved", "refuted"),
        ("2 * [p < 1/4] * y + [p >= 1/4] * (1 - y)", "refuted", "refuted"),
        ("[p < 1/2] * (1 - y) + [p >= 1/2] * y", "refuted", "refuted"),
        ("3 * [p <= 1/4] * y + [p > 1/4] * (1 - y) + (p - y)^2", "proved", "proved"),
        ("if p < 1/2 then (p - y)^2 else 2 * (p - y)^2 - 1/4", "proved", "proved"),
        ("if p < 1/2 then (p - y)^2 else 2 * (p - y)^2", "refuted", "refuted"),
        ("if p < 1/2 then (p - y)^2 else 2 * (p - y)^2 - 1/4 - (1 - 2 * y) / 10", "refuted", "refuted"),
        # At the threshold alone, or at an end: costs that are of no side.
        ("[p < 1/2] * y + [p > 1/2] * (1 - y)", "refuted", "refuted"),
        ("[p < 1/2] * y + [p > 1/2] * (1 - y) + [p == 1/2]", "refuted", "refuted"),
        ("[p < 1/2] * y + [p > 1/2] * (1 - y) + [p == 1/2] / 2", "proved", "refuted"),
        ("[p < 1/2] * y + [p >= 1/2] * (1 - y) - [p == 1] / 10", "unknown", "unknown"),
        ("[p < 1/2] * y + [p >= 1/2] * (1 - y) + [p == 1/3]", "unknown", "unknown"),
        ("abs(p - y)", "refuted", "refuted"),
    ],
)  # fmt: skip
def test_propriety_by_pieces(body: str, proper: str, strictly: str) -> None:
    head = "p: probability | y: binary"
    assert verdict(head, body, "proper") == proper
    assert verdict(head, body, "strictly_proper") == strictly


@pytest.mark.parametrize(
    ("head", "body", "claim", "expected"),
    [
        ("q: positive | y: positive", "abs(log(q) - log(y))", "median", "proved"),
        ("q: positive | y: positive", "abs(1 / q - 1 / y)", "median", "proved"),
        ("q: positive | y: positive", "abs(log(q) - log(y))", "quantile 2/5", "refuted"),
        ("q: positive | y: positive", "max(3 * (log(y) - log(q)), 7 * (log(q) - log(y)))",
         "quantile 3/10", "proved"),
        ("q: positive | y: positive", "max(3 * (log(y) - log(q)), 7 * (log(q) - log(y)))", "median",
         "refuted"),
        ("q: real | y: real", "abs(tanh(q) - tanh(y))", "median", "proved"),
        # One-to-one on a half of the line only; moved; and with a term of its own.
        ("q: real | y: real", "abs(q^2 - y^2)", "median", "unknown"),
        ("q: positive | y: positive", "abs(log(q) - log(y) - 1)", "median", "unknown"),
        ("q: positive | y: positive", "abs(log(q) - log(y)) + (q - y)^2", "median", "refuted"),
    ],
)  # fmt: skip
def test_quantiles_of_what_increases(head: str, body: str, claim: str, expected: str) -> None:
    assert verdict(head, body, f"estimates {claim}") == expected
