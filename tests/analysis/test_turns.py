"""Quasiconvex by the signs of the slope, strictly convex piece by piece; jumps refute both."""

from __future__ import annotations

from fractions import Fraction

import mpmath
import pytest

from objc.analysis.claims import decide
from objc.analysis.statements import stated
from objc.analysis.subject import Subject
from objc.analysis.values.evaluation import outputs
from objc.passes.lower import lower
from objc.source import Source
from objc.syntax import parse
from tests.analysis.claimed import decided


@pytest.mark.parametrize(
    ("head", "body", "expected"),
    [
        ("x: real", "1 - exp(-x^2 / 2)", "proved"),
        ("x: real", "x^2 / (1 + x^2)", "proved"),
        ("x: real", "x * tanh(x)", "proved"),
        ("x: real", "abs(x) / (1 + abs(x))", "proved"),
        ("x: positive", "log(x)^2", "proved"),
        ("x: real", "min(x^2, 1)", "proved"),
        ("x: real | y: sign", "max(0, min(1, 1 - y * x))", "proved"),
        ("x: real", "x^4 - x^3", "proved"),
        ("x: probability", "x^3 - x", "proved"),
        ("x: interval(-2, 2)", "x^3 - x", "refuted"),
        ("x: real", "x^2 * exp(-x)", "refuted"),
        ("x: real", "x^4 - x^2", "refuted"),
        ("x: real", "if abs(x) < 1 then x^2 else 1 / 2", "refuted"),
        ("x: real", "x^2 + [x == 5]", "refuted"),
        ("x: real, y: real", "x * y", "refuted"),
    ],
)
def test_quasiconvex(head: str, body: str, expected: str) -> None:
    assert decided(head, body, f"quasiconvex in {'x, y' if 'y: real' in head else 'x'}") == expected


@pytest.mark.parametrize(
    ("head", "body", "holds"),
    [
        ("x: real", "x^2 + sin(x)^2", True),
        ("x: real", "abs(x) - log(1 + abs(x))", True),
        ("x: real", "max(x^2, 2 * x^2 - 1)", True),
        ("x: real", "if x < 0 then x^2 else x^4", True),
        ("x: real", "if x >= 0 then x^2 + x else x^2", True),
        ("x: real", "log(exp(x))", False),
        ("x: real", "log(1 + exp(x)) - log(1 + exp(-x))", False),
        ("x: real", "max(x^2, x)", False),
        ("x: real", "if x < 0 then x^2 else if x < 1 then 0 else (x - 1)^2", False),
        ("x: real", "if x >= 0 then x^2 - x else x^2 + x", False),
        ("x: nonnegative", "if x > 0 then x^2 else -1", False),
    ],
)
def test_strictly_convex(head: str, body: str, holds: bool) -> None:
    assert (decided(head, body, "strictly_convex in x") == "proved") == holds


@pytest.mark.parametrize(
    "body",
    [
        "if abs(x) <= 1 then x^2 else 2 * abs(x) - 1.0000001",
        "if abs(x) <= 1 then x^2 else 1.999 * abs(x) - 0.999",
        "x^2 + [x == 5]",
        "x^2 - [x == 5] / 1000",
        "if x < 3 then x^2 else x^2 + 1/100",
        "max(0, x) - max(0, x - 1) / 100000",
    ],
)
def test_jumps_and_falling_slopes_refute(body: str) -> None:
    """The chord across is below its midpoint, in 50 digits."""
    (program,) = lower(parse(Source("seam.objc", f"loss f(x: real) = {body}\n"))).programs.values()
    subject = Subject(program)
    found = decide(subject, stated("convex", "x"))
    assert found.verdict == "refuted"
    with mpmath.workdps(50):
        places = [
            mpmath.mpf(one.numerator) / one.denominator
            for one in (Fraction(str(each["x"])) for each in found.places)
        ]
        one, other, middle = (
            (outputs(subject.program, {"x": x}, 50) or {})["total"] for x in places
        )
        assert places[2] == (places[0] + places[1]) / 2
        assert middle > (one + other) / 2 + mpmath.mpf(10) ** -30


@pytest.mark.parametrize(
    "body", ["if q > y then 3 * (q - y) else (y - q)^2", "max(abs(q - y), (q - y)^2)"]
)
def test_seams_that_rise_are_convex(body: str) -> None:
    assert decided("q: real | y: real", body, "convex in q") == "proved"
