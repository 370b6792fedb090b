"""Lipschitz constants of norms, strong convexity of a square with something convex beside it, and what a
number more or less makes of them."""

from __future__ import annotations

import pytest

from tests.analysis.claimed import decided

_VECTORS = "q: real[D] | y: real[D]; l: positive = 1"
_NUMBER = "q: real; a: nonnegative = 1, l: positive = 1"
_PAIR = "q: real, r: real; l: positive = 1"


@pytest.mark.parametrize(
    ("head", "body", "holds", "fails"),
    [
        (_VECTORS, "norm(q - y)", "lipschitz 1 in q", "lipschitz 0.999 in q"),
        (_VECTORS, "norm(2 * q - y)", "lipschitz 2 in q", "lipschitz 1.9 in q"),
        (_VECTORS, "l * norm(q - y)", "lipschitz l in q", "lipschitz 0.99 * l in q"),
        (_VECTORS, "sqrt(sum((q - y)^2) + 1)", "lipschitz 1 in q", "lipschitz 0.99 in q"),
        (_VECTORS, "sqrt(sum((q - y)^2) + sum(q^2))", "lipschitz sqrt(2) in q", "lipschitz 1.4 in q"),
        (_VECTORS, "norm(q - y) + norm(q)", "lipschitz 2 in q", "lipschitz 1.9 in q"),
        (_VECTORS, "log(1 + norm(q - y))", "lipschitz 1 in q", "lipschitz 0.99 in q"),
        (_VECTORS, "norm(q - y)", "convex in q", "lipschitz 0 in q"),
        (_VECTORS, "sum(q^2) * l / 2 + sum(abs(q))", "strongly_convex l in q",
         "strongly_convex 1.01 * l in q"),
        (_VECTORS, "sum(q^2) * l / 2 + norm(q)", "strongly_convex l in q",
         "strongly_convex 1.01 * l in q"),
        (_NUMBER, "l / 2 * q^2 + abs(q)", "strongly_convex l in q", "strongly_convex 1.01 * l in q"),
        (_NUMBER, "sqrt(q^2 + a^2) - a", "lipschitz 1 in q", "lipschitz 0.99 in q"),
        (_NUMBER, "sqrt(q^2 + a^2) - a", "nonnegative", "bounded 0.001 inf"),
        (_NUMBER, "1 - exp(-q^2 / 2)", "lipschitz 0.607 in q", "lipschitz 0.606 in q"),
        (_PAIR, "sqrt(1 + q^2 + r^2)", "lipschitz 1 in q, r", "lipschitz 0.99 in q, r"),
        (_PAIR, "q^2 + r^2 + q * r", "smooth 3 in q, r", "smooth 2.99 in q, r"),
        # Lengths in each input add up by their squares.
        (_PAIR, "log(1 + exp(q - r))", "lipschitz sqrt(2) in q, r", "lipschitz 1.41 in q, r"),
        ("q: real, r: real | w: sign", "log(1 + exp(-w * (q - r)))", "lipschitz sqrt(2) in q, r",
         "lipschitz 1.41 in q, r"),
        ("q: real[D], r: real[D]", "norm(q - r)", "lipschitz sqrt(2) in q, r",
         "lipschitz 1.41 in q, r"),
        (_PAIR, "q^2 + r^2 + q * r", "strongly_convex 1 in q, r", "strongly_convex 1.01 in q, r"),
        (_PAIR, "q^2 + r^2 + q * r", "strictly_convex in q, r", "concave in q, r"),
        (_PAIR, "l * (q - r)^2 + l * (q + r)^2", "strongly_convex 4 * l in q, r",
         "strongly_convex 4.01 * l in q, r"),
    ],
)  # fmt: skip
def test_constants(head: str, body: str, holds: str, fails: str) -> None:
    assert decided(head, body, holds) == "proved"
    assert decided(head, body, fails) != "proved"


@pytest.mark.parametrize(
    ("head", "body", "claim"),
    [
        (_VECTORS, "norm(q - y)^2", "lipschitz 2 in q"),
        (_VECTORS, "sum(q^2) * l / 2 - norm(q)", "strongly_convex l in q"),
        (_NUMBER, "l / 2 * q^2 - abs(q)", "strongly_convex l in q"),
        (_NUMBER, "sqrt(q^2 + a^2) - 1.001 * a", "nonnegative"),
        (_PAIR, "q^2 + r^2 + 2 * q * r", "strictly_convex in q, r"),
        (_PAIR, "q^2 + l * r", "strictly_convex in q, r"),
        (_PAIR, "abs(q) + r^2", "smooth 100 in q, r"),
    ],
)
def test_what_just_fails(head: str, body: str, claim: str) -> None:
    assert decided(head, body, claim) != "proved"
