"""Ranges in words: what is printed as proved is never inside of what was."""

from __future__ import annotations

from decimal import ROUND_CEILING, ROUND_FLOOR, Context, Decimal
from fractions import Fraction
from typing import Any

import sympy

from objc.analysis.values.interval import Interval

_DIGITS = 50
_MOST_OPERATIONS = 8
"""Of a number that is said exactly."""


def in_words(values: Interval) -> str | None:
    """A range in the words of claims where there are some; None where nothing is known."""
    if values.is_bounded:
        return f"bounded {end(values.low, ROUND_FLOOR)} {end(values.high, ROUND_CEILING)}"
    if values.low == 0:
        return "nonnegative"
    if values.high == 0:
        return "at most 0"
    if values.low > -float("inf"):
        return f"at least {end(values.low, ROUND_FLOOR)}"
    if values.high < float("inf"):
        return f"at most {end(values.high, ROUND_CEILING)}"
    return None


def end(value: Fraction | float, outward: str) -> str:
    """An end of a range in six digits: what is printed as proved is never inside of what was."""
    if not isinstance(value, Fraction):
        return f"{value}"
    if value.denominator < 1000 and abs(value.numerator) < 10**12:
        return str(value)
    digits = Context(prec=6, rounding=outward, Emin=-(10**6), Emax=10**6)
    rounded = digits.divide(Decimal(value.numerator), Decimal(value.denominator))
    return f"{rounded.normalize(digits):g}"


def readable(value: Any, outward: str) -> Any:
    """A bound that is a long number in six digits, no less than it or no more: all others as they are."""
    if not (value.is_number and value.is_extended_real and value.is_finite) or _is_short(value):
        return value
    digits = Context(prec=6, rounding=outward, Emin=-(10**6), Emax=10**6)
    exact = value if value.is_Rational else sympy.Rational(str(sympy.N(value, _DIGITS)))
    rounded = digits.divide(Decimal(int(exact.p)), Decimal(int(exact.q)))
    if not value.is_Rational:  # the last of fifty digits is not known, the sixth is
        rounded = (
            digits.next_plus(rounded) if outward == ROUND_CEILING else digits.next_minus(rounded)
        )
    return sympy.Rational(str(rounded))


def _is_short(value: Any) -> bool:
    numbers = value.atoms(sympy.Rational)
    few = value.count_ops() <= _MOST_OPERATIONS
    return few and all(one.q < 1000 and abs(one.p) < 10**12 for one in numbers)
