"""What grows without bound where its inputs do, and what a number or an entry less keeps from it."""

from __future__ import annotations

import pytest

from tests.analysis.claimed import decided

_VECTORS = "q: real[D] | y: real[D], k: index(D)"

HOLDS = [
    (_VECTORS, "norm(q - y)"),
    (_VECTORS, "log(1 + norm(q - y))"),
    (_VECTORS, "sum(abs(q - y)) - 1"),
    (_VECTORS, "max[d](abs(q[d] - y[d]))"),
    (_VECTORS, "sum(log(1 + (q - y)^2))"),
    ("q: real, r: real", "q^2 + r^2 + abs(q)"),
    ("q: real, r: real", "q^2 + abs(r)"),
    ("q: real, r: real", "q^2 + r^2 - q * r"),
    ("q: real", "q^2 + sin(q)^2"),
    ("q: real", "q^2 / 2 + cos(q)"),
    ("q: real", "q * tanh(q)"),
    ("q: real", "sqrt(q^2 + 1) - 0.99 * abs(q)"),
    ("q: real", "abs(q) - log(1 + abs(q))"),
    ("q: real", "log(1 + q^2) - 1.99 * log(1 + abs(q))"),
]
FAILS = [
    (_VECTORS, "norm(q - y) - norm(q)"),
    (_VECTORS, "sum(q * y)"),
    (_VECTORS, "max[d](q[d] - y[d])"),
    (_VECTORS, "q[k]^2"),
    (_VECTORS, "sum[d | d != k](q[d]^2)"),
    (_VECTORS, "sum(q^2 * y^2)"),
    (_VECTORS, "sum((q - y)^2 / (1 + (q - y)^2))"),
    ("q: real, r: real", "(q - r)^2"),
    ("q: real, r: real", "q^2 + r^2 - 2 * q * r"),
    ("q: real, r: real", "q^2 + abs(q * r)"),
    ("q: real, r: real", "q^2 * (1 + r^2)"),
    ("q: real", "sin(q)"),
    ("q: real", "q * sin(q)"),
    ("q: real", "q^2 * sin(q) + q"),
    ("q: real", "q^2 * sin(q) + q^2"),
    ("q: real", "abs(q) + abs(q) * cos(q)"),
    ("q: real", "sqrt(q^2 + 1) - abs(q)"),
    ("q: real", "sqrt(q^2 + 1) - 1.01 * abs(q)"),
    ("q: real", "sqrt(q^2 + q) - abs(q)"),
    ("q: real", "log(1 + q^2) - 2 * log(1 + abs(q))"),
    ("q: real", "log(1 + q^2) - 2.01 * log(1 + abs(q))"),
]


@pytest.mark.parametrize(("head", "body"), HOLDS)
def test_what_grows_is_coercive(head: str, body: str) -> None:
    names = "q, r" if "r: real" in head else "q"
    assert decided(head, body, f"coercive in {names}") == "proved"


@pytest.mark.parametrize(("head", "body"), FAILS)
def test_what_stays_somewhere_is_not(head: str, body: str) -> None:
    names = "q, r" if "r: real" in head else "q"
    assert decided(head, body, f"coercive in {names}") != "proved"
