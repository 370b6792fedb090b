"""Counterexamples are certified: what cancels in fifty digits is no counterexample."""

from __future__ import annotations

import mpmath
import pytest

from objc.analysis.values.enclosures import Ball, Enclosing, Undecided
from objc.analysis.values.evaluation import certified, outputs
from objc.passes.lower import lower
from objc.source import Source
from objc.syntax import parse
from tests.analysis.claimed import verdict

_CANCELS = "(1 + exp(x)) * log(1 + exp(x)) - x * exp(x)"


def test_a_chord_of_rounding_errors_is_none() -> None:
    assert verdict("x: real", _CANCELS, "convex in x") == "proved"


def test_certified_values_are_right_where_fifty_digits_are_not() -> None:
    text = f"loss f(x: real) = {_CANCELS}"
    program = lower(parse(Source("cancels.objc", text))).programs["f"]
    found, plain = certified(program, {"x": 280.0}), outputs(program, {"x": 280.0}, 50)
    assert found is not None and plain is not None
    with mpmath.workdps(400):
        power = mpmath.exp(280)
        exact = (1 + power) * mpmath.log(1 + power) - 280 * power
        (value,), (rounded,) = found.values(), plain.values()
        assert abs(value - exact) < 1e-20
        assert abs(rounded - exact) > 100


@pytest.mark.parametrize("name", ["exp", "log1p", "tanh", "cos", "lgamma", "sqrt1pm1", "erfc"])
def test_balls_hold_the_value(name: str) -> None:
    numbers = Enclosing(30)
    with numbers.working():
        at = numbers.divide(numbers.number(7), numbers.number(3))
        if name == "lgamma":
            at = numbers.number(2.5)
        ball = numbers.function(name)(at)
    with mpmath.workdps(80):
        exact = Enclosing(80).function(name)(Ball(at.low, at.low)).middle
        assert ball.low <= exact <= ball.high
        assert ball.radius < mpmath.mpf(10) ** -25


def test_a_tie_of_rounded_numbers_is_not_decided() -> None:
    numbers = Enclosing(30)
    with numbers.working():
        third = numbers.number(1) / 3
        assert third * 2 > third
        with pytest.raises(Undecided):
            assert third * 3 == 1
        assert numbers.number(0.5) + 0.25 == 0.75
