"""Curvature up to the ends of a domain: where a formula has no value there, where it turns there, and where
the sign of the argument tells how it bends."""

from __future__ import annotations

import pytest

from tests.analysis.claimed import decided

_S = "p: simplex[K], q: simplex[K] |"
_X = "x: nonnegative, y: nonnegative |"


@pytest.mark.parametrize(
    ("head", "body", "claim", "expected"),
    [
        (_S, "sum[k]((p[k] - q[k])^2 / q[k])", "convex in p, q", "proved"),
        (_S, "sum[k]((p[k] - q[k])^2 / (p[k] + q[k]))", "convex in p, q", "proved"),
        (_S, "sum[k](p[k] * log(p[k]))", "strictly_convex in p", "proved"),
        (_S, "sum[k](p[k] * log(p[k]))", "strongly_convex 1 in p", "proved"),
        ("p: nonnegative[K] |", "sum[k](p[k] * log(p[k]))", "strictly_convex in p", "proved"),
        ("p: positive[K] |", "sum[k](p[k] * log(p[k]))", "strongly_convex 1/10 in p", "refuted"),
        (_X, "x^2 / y", "convex in x, y", "proved"),
        (_X, "x^2 / y + x / y", "convex in x, y", "refuted"),
        (_X, "(x - y)^2 / (x + y)", "convex in x, y", "proved"),
        (_X, "(x - y)^2 / (x + y)^2", "convex in x, y", "refuted"),
        (_X, "x * y / (x + y)", "concave in x, y", "proved"),
        # A value of its own at the edge.
        (_X, "if x == 0 then -1 else y^2 / x", "convex in x, y", "refuted"),
        ("x: nonnegative, y: real |", "if x == 0 then 0 else y^2 / x", "convex in x, y", "refuted"),
        ("x: interval(0, 1), y: nonnegative |", "y^2 / (1 - x)", "convex in x, y", "proved"),
        ("x: interval(0, 1), y: nonnegative |", "y^2 / (1 - x) - [x == 1]", "convex in x, y",
         "unknown"),
    ],
)  # fmt: skip
def test_at_an_edge(head: str, body: str, claim: str, expected: str) -> None:
    assert decided(head, body, claim) == expected


@pytest.mark.parametrize(
    ("low", "high", "body", "convex", "concave"),
    [
        ("0", "1.5", "tan(x)", "proved", "refuted"),
        ("-1.5", "0", "tan(x)", "refuted", "proved"),
        ("-1", "1.5", "tan(x)", "refuted", "refuted"),
        ("-1.5", "1.5", "tan(x)", "refuted", "refuted"),
        ("0", "1.5", "sin(x)", "refuted", "proved"),
        ("0", "3.5", "sin(x)", "refuted", "refuted"),
        ("0", "1", "asin(x)", "proved", "refuted"),
        ("-1", "1", "asin(x)", "refuted", "refuted"),
        ("-1", "0", "acos(x)", "proved", "refuted"),
        ("0", "2", "erfc(x)", "proved", "refuted"),
        ("0", "2", "sigmoid(1 - x)", "refuted", "refuted"),
        ("1", "2", "sigmoid(1 - x)", "proved", "refuted"),
        ("0", "2", "sinh(exp(x))", "proved", "refuted"),
        ("0", "2", "atan(exp(x))", "refuted", "proved"),
    ],
)
def test_where_the_argument_has_one_sign(
    low: str, high: str, body: str, convex: str, concave: str
) -> None:
    head = f"x: interval({low}, {high}) |"
    assert decided(head, body, "convex in x") == convex
    assert decided(head, body, "concave in x") == concave


@pytest.mark.parametrize(
    ("body", "claim", "expected"),
    [
        ("log(sum[k](exp(z[k]))) - z[c]", "nonnegative", "proved"),
        ("log(sum[k](exp(z[k]))) - z[c]", "lipschitz sqrt(2) in z", "proved"),
        ("log(sum[k](exp(z[k]))) - z[c]", "smooth 1/2 in z", "proved"),
        ("log(sum[k](exp(z[k]))) - z[c]", "proper", "proved"),
        ("-log(p[c]) where p[k] = exp(z[k]) / sum[j](exp(z[j]))", "smooth 1/2 in z", "proved"),
        ("-log(p[c]) where p[k] = exp(z[k]) / sum[j](exp(z[j]))", "smooth 1/3 in z", "refuted"),
        ("log(sum[k](exp(2 * z[k]))) - z[c]", "invariant shift in z", "refuted"),
        ("log(mean[k](exp(z[k]))) - z[c]", "nonnegative", "refuted"),
        ("log(sum[k | k != c](exp(z[k]))) - z[c]", "nonnegative", "refuted"),
        ("log(3 * sum[k](exp(z[k]))^2) - 2 * z[c]", "nonnegative", "proved"),
        ("sum[k](abs(z[k] - z[c])^3)", "convex in z", "proved"),
        ("sum[k](abs(z[k] - z[c]) * (z[k] - z[c]))", "convex in z", "refuted"),
    ],
)
def test_forms_of_a_logsumexp(body: str, claim: str, expected: str) -> None:
    assert decided("z: real[K] | c: index(K)", body, claim) == expected


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("-log(erfc(-y * s) / 2)", "proved"),
        ("-log(1/2 + erf(y * s / sqrt(2)) / 2)", "proved"),
        ("log(erfc(-y * s) / 2)", "refuted"),
        ("-log(1 + erf(y * s) / 2)", "refuted"),
    ],
)
def test_forms_of_the_normal_tail(body: str, expected: str) -> None:
    assert decided("s: real | y: sign", body, "convex in s") == expected


@pytest.mark.parametrize(
    ("low", "high", "body", "claim", "expected"),
    [
        ("0", "c", "x^2", "bounded 0 c^2", "proved"),
        ("0", "c", "x^2", "bounded 0 c", "refuted"),
        ("0", "c", "x^2", "lipschitz 2 * c in x", "proved"),
        ("0", "c", "x^2", "lipschitz c in x", "refuted"),
        ("-c", "c", "x^2 * (c^2 - x^2)", "nonnegative", "proved"),
        ("-c", "c", "x^2 * (c^2 - 2 * x^2)", "nonnegative", "refuted"),
        ("-c", "c", "x^3", "bounded (-c^3) c^3", "proved"),
        ("0", "1 / c", "-log(1 - c * x / 2)", "bounded 0 0.6931471805599454", "proved"),
        ("0", "1 / c", "-log(1 - c * x / 2)", "bounded 0 0.69", "refuted"),
        ("d", "c", "(x - d) * (c - x)", "bounded 0 (c - d)^2 / 4", "proved"),
        ("d", "c", "(x - d) * (c - x)", "bounded 0 (c - d)^2 / 5", "refuted"),
    ],
)
def test_between_ends_that_are_symbols(
    low: str, high: str, body: str, claim: str, expected: str
) -> None:
    head = f"x: interval({low}, {high}) |; c: positive = 1, d: positive = 1/2"
    assert decided(head, body, claim) == expected
