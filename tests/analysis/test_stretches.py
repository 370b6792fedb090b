"""Functions of one variable in pieces: bounds on values and derivatives, and what holds at an end alone."""

from __future__ import annotations

import pytest

from tests.analysis.claimed import verdict

_MARGIN = "if y * x >= -1 then max(0, 1 - y * x)^2 else -4 * y * x"


@pytest.mark.parametrize(
    ("head", "body", "claim", "expected"),
    [
        ("x: real | y: sign", _MARGIN, "lipschitz 4 in x", "proved"),
        ("x: real | y: sign", _MARGIN, "lipschitz 3.99 in x", "refuted"),
        ("x: real | y: sign", _MARGIN, "smooth 2 in x", "proved"),
        ("x: real | y: sign", _MARGIN, "differentiable 1 in x", "proved"),
        ("x: real | y: sign", _MARGIN, "differentiable 2 in x", "unknown"),
        ("x: real | y: sign", _MARGIN.replace("-4 *", "1 - 4 *"), "lipschitz 4 in x", "refuted"),
        ("x: real | y: sign", _MARGIN.replace("-4 *", "-5 *"), "smooth 5 in x", "refuted"),
        ("x: real | y: sign", _MARGIN, "nonnegative", "proved"),
        ("x: real | y: real", "exp(x - y) - 1 - (x - y)", "nonnegative", "proved"),
        ("x: real | y: real", "exp(x - y) - 1 - 1.01 * (x - y)", "nonnegative", "unknown"),
        ("x: real |", "x^4 - x^3 + x^2 / 4", "nonnegative", "proved"),
        ("x: real |", "x^4 - x^3 + 0.249 * x^2", "nonnegative", "unknown"),
        ("x: interval(0, 3) |", "sin(x)", "nonnegative", "proved"),
        ("x: interval(0, 4) |", "sin(x)", "nonnegative", "refuted"),
        ("x: real |", "x / (1 + x^2)", "bounded -1 / 2 1 / 2", "proved"),
        ("x: real |", "x / (1 + x^2)", "bounded -1 / 2 0.4999", "refuted"),
        # One point at the end of the domain is enough to make a claim false.
        ("x: nonnegative |", "if x > 0 then x^2 else -1", "nonnegative", "refuted"),
        ("x: nonnegative |", "if x > 0 then x^2 else -1", "convex in x", "refuted"),
        ("x: nonnegative |", "if x > 0 then x else 1", "lipschitz 1 in x", "refuted"),
        ("x: probability |", "if x < 1 then x else 2", "bounded 0 1", "refuted"),
        ("x: nonnegative |", "if x > 0 then x^2 else 0", "convex in x", "proved"),
        ("x: positive |", "if x > 0 then x^2 else -1", "nonnegative", "proved"),
        ("x: probability |", "max(x * log(x), x - 1)", "convex in x", "proved"),
        ("x: probability |", "max(x * log(x), x - 1) + [x == 0]", "concave in x", "refuted"),
        # A single point inside, and poles.
        ("x: real |", "if x == 1 then -1 else x^2", "nonnegative", "refuted"),
        ("x: real |", "if x == 1 then 7 else x^2", "convex in x", "refuted"),
        ("x: real |", "if x > 0 then 1 / x else 0", "nonnegative", "proved"),
        ("x: real |", "if x > 0 then 1 / x else 0", "convex in x", "refuted"),
        ("x: real |", "max(1 / x, 0)", "convex in x", "refuted"),
    ],
)  # fmt: skip
def test_pieces(head: str, body: str, claim: str, expected: str) -> None:
    assert verdict(head, body, claim) == expected
