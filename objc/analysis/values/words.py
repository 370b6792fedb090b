"""Ranges in words: what is printed as proved is never inside of what was."""

from __future__ import annotations

from decimal import ROUND_CEILING, ROUND_FLOOR, Context, Decimal
from fractions import Fraction

from objc.analysis.values.interval import Interval


def in_words(values: Interval) -> str | None:
    """A range in the words of claims where there are some; None where nothing is known."""
    if values.is_bounded:
        return f"bounded {end(values.low, ROUND_FLOOR)} {end(values.high, ROUND_CEILING)}"
    if values.low == 0:
        return "nonnegative"
    if values.high == 0:
        return "nonpositive"
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
