"""Interval arithmetic never loses a value."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

import mpmath
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from objc.analysis.values.interval import Interval, apply
from objc.atoms import ATOMS

numbers = st.fractions(min_value=-50, max_value=50, max_denominator=20)
ends = st.one_of(numbers, st.just(math.inf), st.just(-math.inf))


@st.composite
def intervals(draw: st.DrawFn) -> tuple[Interval, Fraction]:
    """An interval and a number in it."""
    inside = draw(numbers)
    low, high = draw(ends), draw(ends)
    return Interval(min(low, inside), max(high, inside)), inside


@given(intervals(), intervals())
def test_sums_and_products(
    first: tuple[Interval, Fraction], second: tuple[Interval, Fraction]
) -> None:
    (one, a), (other, b) = first, second
    for interval, value in ((one + other, a + b), (one * other, a * b), (-one, -a)):
        assert interval.low <= value <= interval.high


@given(intervals(), st.integers(-5, 70))
def test_whole_powers(found: tuple[Interval, Fraction], exponent: int) -> None:
    interval, value = found
    if value == 0 and exponent < 0:
        return
    result = interval.power(exponent)
    assert result.low <= value**exponent <= result.high


@given(intervals(), intervals())
@settings(deadline=None)
def test_real_powers(first: tuple[Interval, Fraction], second: tuple[Interval, Fraction]) -> None:
    (base, a), (exponent, p) = first, second
    if a < 0 or (a == 0 and p < 0):
        return
    result = base.raised(exponent)
    with mpmath.workdps(200):
        value = mpmath.mpf(a.numerator) / a.denominator
        power = value ** (mpmath.mpf(p.numerator) / p.denominator)
        assert _at_most(result.low, power) and _at_most(power, result.high)


@pytest.mark.parametrize("name", [n for n, atom in ATOMS.items() if atom.arity == 1])
@given(found=intervals())
@settings(deadline=None, max_examples=60)
def test_atoms(name: str, found: tuple[Interval, Fraction]) -> None:
    interval, value = found
    atom = ATOMS[name]
    with mpmath.workdps(200):
        argument = mpmath.mpf(value.numerator) / value.denominator
        (low, high), *_ = atom.domain
        if not (float(low) < argument < float(high)):
            return
        result = apply(atom, interval)
        exact = atom.reference(argument)
        assert _at_most(result.low, exact) and _at_most(exact, result.high)


def _at_most(one: object, other: object) -> bool:
    """Up to the rounding of 200 digits."""
    left, right = _number(one), _number(other)
    return bool(left <= right) or bool(abs(left - right) <= abs(right) * mpmath.mpf(10) ** -190)


def _number(value: object) -> Any:
    if isinstance(value, Fraction):
        return mpmath.mpf(value.numerator) / value.denominator
    return mpmath.mpf(value)


def test_fractions_beyond_the_floating_range_meet_infinities() -> None:
    huge = Interval.point(10**400)
    above = Interval(Fraction(1), math.inf)
    assert huge * above == Interval(Fraction(10**400), math.inf)
    assert -huge * above == Interval(-math.inf, Fraction(-(10**400)))
    assert huge + above == Interval(Fraction(10**400 + 1), math.inf)
