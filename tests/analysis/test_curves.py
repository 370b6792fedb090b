"""Strict convexity by algebra: hidden by its form, false on a sliver, not decided."""

from __future__ import annotations

import pytest

from tests.analysis.claimed import verdict


@pytest.mark.parametrize(
    ("head", "body", "convex", "strictly"),
    [
        ("s: real | y: probability; w: positive = 1",
         "-w * y * log(sigmoid(s)) - (1 - y) * log(1 - sigmoid(s))", "proved", "proved"),
        ("s: real | y: probability", "-y * log(sigmoid(s))", "proved", "unknown"),
        ("s: real | y: probability; w: real = 1", "w * log(1 + exp(s)) - s * y", "refuted", "refuted"),
        ("p: probability | y: probability", "-y * log(p) - (1 - y) * log(1 - p)", "proved", "proved"),
        ("q: real | y: nonnegative; r: interval(1, 2) = 1.5",
         "exp((2 - r) * q) / (2 - r) - y * exp((1 - r) * q) / (1 - r)", "proved", "proved"),
        ("q: real | y: nonnegative; r: interval(1, 3) = 1.5",
         "(r - 2) * exp(q) + y", "refuted", "refuted"),
        ("q: positive | y: positive", "q * log(q / y) - q + y", "proved", "proved"),
        ("q: positive | y: positive", "q^2 * log(q / y)", "refuted", "refuted"),
        ("q: real | y: real", "q^4 - q^2 / 1000000 + 0 * y", "refuted", "refuted"),
        ("q: real | y: real", "1 / q^2 + 0 * y", "refuted", "refuted"),
        ("q: real | y: real", "log(exp(q - y) + exp(y - q))", "proved", "proved"),
    ],
)  # fmt: skip
def test_curves(head: str, body: str, convex: str, strictly: str) -> None:
    name = head[0]
    assert verdict(head, body, f"convex in {name}") == convex
    assert verdict(head, body, f"strictly_convex in {name}") == strictly
