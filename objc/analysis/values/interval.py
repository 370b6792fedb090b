"""Intervals with exact ends: rational numbers or infinities, always rounded outward.

An interval is the closed hull of what a value may be. A function at a rational end is exact where SymPy
finds a rational value, else mpmath's moved outward by far more than its error.
"""

from __future__ import annotations

import functools
import itertools
import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, TypeAlias

import mpmath
import sympy

from objc.atoms import (
    BENT_WITH_SIZE,
    BY_FUNCTION,
    PRINCIPAL,
    RISING_WITH_SIZE,
    Atom,
    Curvature,
    Monotone,
)

End: TypeAlias = "Fraction | float"  # a float is an infinity
INFINITY = math.inf
_DIGITS = 40
_SLACK = Fraction(1, 10**25)
_HUGE = Fraction(10**300)
_GREATEST_POWER = 64
_MOST_BITS = 2048
_KEPT_BITS = 256
_OPAQUE = frozenset(one for one in BY_FUNCTION if getattr(one, "__module__", "").startswith("objc"))
"""The functions that are this compiler's own."""


def _shortened(end: End, rounded: Callable[[Fraction], int]) -> End:
    """An end that is not too long to calculate with: a chain of squares has more digits than there is
    room for. Moved outward, by `math.floor` or `math.ceil`."""
    if isinstance(end, float):
        return end
    size = end.numerator.bit_length() - end.denominator.bit_length()
    if max(end.numerator.bit_length(), end.denominator.bit_length()) <= _MOST_BITS:
        return end
    up = rounded is math.ceil
    if size > _MOST_BITS:
        if (end > 0) == up:
            return INFINITY if up else -INFINITY
        return Fraction(2**_MOST_BITS if end > 0 else -(2**_MOST_BITS))
    if size < -_MOST_BITS:
        nearest = Fraction(1 if end > 0 else -1, 2**_MOST_BITS)
        return nearest if (end > 0) == up else Fraction(0)
    unit = Fraction(2) ** (size - _KEPT_BITS)
    return rounded(end / unit) * unit


@dataclass(frozen=True)
class Interval:
    """All values between `low` and `high`, both included."""

    low: End = -INFINITY
    high: End = INFINITY

    def __post_init__(self) -> None:
        object.__setattr__(self, "low", _shortened(self.low, math.floor))
        object.__setattr__(self, "high", _shortened(self.high, math.ceil))

    @staticmethod
    def point(value: int | Fraction) -> Interval:
        return Interval(Fraction(value), Fraction(value))

    @staticmethod
    def hull(parts: Iterable[Interval]) -> Interval:
        found = list(parts)
        return Interval(min(one.low for one in found), max(one.high for one in found))

    def meet(self, other: Interval) -> Interval:
        """What lies in both; where they don't meet (a branch that is never taken), this one."""
        low, high = max(self.low, other.low), min(self.high, other.high)
        return Interval(low, high) if low <= high else self

    @property
    def is_nonnegative(self) -> bool:
        return self.low >= 0

    @property
    def is_nonpositive(self) -> bool:
        return self.high <= 0

    @property
    def is_bounded(self) -> bool:
        return self.low > -INFINITY and self.high < INFINITY

    def within(self, low: End, high: End) -> bool:
        return self.low >= low and self.high <= high

    def __add__(self, other: Interval) -> Interval:
        return Interval(_plus(self.low, other.low), _plus(self.high, other.high))

    def __neg__(self) -> Interval:
        return Interval(-self.high, -self.low)

    def __mul__(self, other: Interval) -> Interval:
        ends = [_times(a, b) for a in (self.low, self.high) for b in (other.low, other.high)]
        return Interval(min(ends), max(ends))

    def absolute(self) -> Interval:
        if self.low >= 0:
            return self
        if self.high <= 0:
            return -self
        return Interval(Fraction(0), max(-self.low, self.high))

    def reciprocal(self) -> Interval:
        if self.low < 0 < self.high:
            return LINE
        low = _over(self.high) if self.high != 0 else -INFINITY
        high = _over(self.low) if self.low != 0 else INFINITY
        return Interval(low, high)

    def power(self, exponent: int) -> Interval:
        """To a whole power."""
        if exponent == 0:
            return Interval.point(1)
        if exponent < 0:
            return self.power(-exponent).reciprocal()
        if exponent > _GREATEST_POWER:
            if self.within(0, 1):
                return UNIT
            return NONNEGATIVE if exponent % 2 == 0 or self.is_nonnegative else LINE
        base = self.absolute() if exponent % 2 == 0 else self
        return Interval(_raised(base.low, exponent), _raised(base.high, exponent))

    def raised(self, exponent: Interval) -> Interval:
        """To any real power; what of the base is negative has no value and is left out."""
        low = max(self.low, Fraction(0))
        if self.high < low:
            return LINE
        ends: list[End] = []
        for base, power in itertools.product((low, self.high), (exponent.low, exponent.high)):
            ends += _corner(base, power)
        return Interval(min(ends), max(ends)).meet(NONNEGATIVE)

    def __str__(self) -> str:
        left = "(-∞" if self.low == -INFINITY else f"[{self.low}"
        right = "∞)" if self.high == INFINITY else f"{self.high}]"
        return f"{left}, {right}"


LINE = Interval()
NONNEGATIVE = Interval(Fraction(0), INFINITY)
UNIT = Interval(Fraction(0), Fraction(1))


def apply(atom: Atom, argument: Interval) -> Interval:
    """The range of an atom of one argument over an interval."""
    total = _hull_of(atom.range)
    domain = _hull_of(atom.domain[0])
    argument = domain.meet(argument)
    if atom.name in RISING_WITH_SIZE:
        argument = argument.absolute()
        result = Interval(at(atom, argument.low, False), at(atom, argument.high, True))
    elif monotone_over(atom, argument) == "increasing":
        result = Interval(at(atom, argument.low, False), at(atom, argument.high, True))
    elif atom.monotone == "decreasing":
        result = Interval(at(atom, argument.high, False), at(atom, argument.low, True))
    else:
        result = total
    return total.meet(result)


def monotone_over(atom: Atom, values: Interval) -> Monotone:
    """How an atom of one argument goes over an interval."""
    if atom.name in RISING_WITH_SIZE and values.is_nonnegative:
        return "increasing"
    if atom.name in RISING_WITH_SIZE and values.is_nonpositive:
        return "decreasing"
    is_principal = atom.name in PRINCIPAL and values.within(*PRINCIPAL[atom.name])
    return "increasing" if is_principal else atom.monotone


def curvature_over(atom: Atom, values: Interval) -> Curvature:
    """How an atom of one argument bends over an interval."""
    above = BENT_WITH_SIZE.get(atom.name)
    is_turned = atom.name in PRINCIPAL and not values.within(*PRINCIPAL[atom.name])
    if above is None or is_turned:
        return atom.curvature
    if values.is_nonnegative:
        return above
    below: Curvature = "concave" if above == "convex" else "convex"
    return below if values.is_nonpositive else atom.curvature


@functools.cache
def _hull_of(ends: tuple[Any, Any]) -> Interval:
    return Interval(rounded(ends[0], False), rounded(ends[1], True))


def at(atom: Atom, end: End, up: bool) -> End:
    """An atom's value at an end, rounded up or down; an infinity where it isn't known."""
    outward = INFINITY if up else -INFINITY
    if isinstance(end, float):
        return outward
    exact: Any = None
    if atom.name != "digamma":  # a row of SymPy's polygamma, which takes the order first
        exact = atom.function(sympy.Rational(end.numerator, end.denominator))
    if getattr(exact, "is_Rational", False):
        return Fraction(int(exact.p), int(exact.q))
    return _outward(lambda: atom.reference(_mpf(end)), up)


def rounded(number: Any, up: bool) -> End:
    """A SymPy number (or an int) as an end."""
    number = sympy.sympify(number)
    if number in (sympy.oo, -sympy.oo):
        return INFINITY if number == sympy.oo else -INFINITY
    if number.is_Rational:
        return Fraction(int(number.p), int(number.q))
    return _outward(lambda: mpmath.mpf(sympy.N(number, _DIGITS)._mpf_), up)


@functools.cache
def of_number(number: Any) -> Interval:
    """The interval of a SymPy number; the whole line where it has no finite real value, or where a
    function stands in it that SymPy can't evaluate."""
    if not is_evaluable(number):
        return LINE
    if number in (sympy.oo, -sympy.oo):
        return Interval(rounded(number, False), rounded(number, True))
    if not (number.is_real and number.is_finite):
        return LINE
    return Interval(rounded(number, False), rounded(number, True))


def is_evaluable(number: Any) -> bool:
    """Whether a number is made of functions that SymPy evaluates."""
    return not any(one.func in _OPAQUE for one in _nodes(number))


def _nodes(number: Any) -> Iterable[Any]:
    nodes: Iterable[Any] = sympy.preorder_traversal(number)
    return nodes


def atom_of(expression: Any) -> Atom | None:
    return BY_FUNCTION.get(expression.func)


def _outward(value: Callable[[], Any], up: bool) -> End:
    """A computed value, moved outward: by a part in 10²⁵, or by what twice the digits change in it
    where it is lost in rounding."""
    outward = INFINITY if up else -INFINITY
    found = []
    for digits in (_DIGITS, 2 * _DIGITS):
        with mpmath.workdps(digits):
            try:
                one = value()
            except (ArithmeticError, ValueError):
                return outward
            if isinstance(one, mpmath.mpc) or mpmath.isnan(one):
                return outward
            if mpmath.isinf(one):
                return INFINITY if one > 0 else -INFINITY
            found.append(one)
    rough, fine = found
    if abs(fine) > 1e300:
        return outward if (fine > 0) == up else (_HUGE if fine > 0 else -_HUGE)
    if abs(fine) < 1e-300 and abs(rough) < 1e-300:
        return (1 if up else -1) / _HUGE
    exact = _fraction(fine)
    slack = abs(exact) * _SLACK + 2 * abs(exact - _fraction(rough))
    return exact + slack if up else exact - slack


def _mpf(value: Fraction) -> Any:
    return mpmath.mpf(value.numerator) / value.denominator


def _fraction(value: Any) -> Fraction:
    sign, mantissa, exponent, _ = value._mpf_
    whole = -int(mantissa) if sign else int(mantissa)
    return whole * Fraction(2) ** exponent


def _plus(a: End, b: End) -> End:
    """a + b. A fraction is never made a float to be added to an infinity: it may be too large for one."""
    if isinstance(a, float) == isinstance(b, float):
        return a + b
    return a if isinstance(a, float) else b


def _times(a: End, b: End) -> End:
    """The product of two ends, where zero times infinity is zero: the hull of the products."""
    if a == 0 or b == 0:
        return Fraction(0)
    if isinstance(a, float) or isinstance(b, float):
        # A fraction may be too large for a float.
        return INFINITY if (a > 0) == (b > 0) else -INFINITY
    return a * b


def _over(end: End) -> End:
    return Fraction(0) if isinstance(end, float) else 1 / end


def _raised(end: End, exponent: int) -> End:
    if isinstance(end, float):
        return end if exponent % 2 else INFINITY
    return end**exponent


def _corner(base: End, power: End) -> list[End]:
    """The values that base^power comes near, for a base of at least zero."""
    if base == 1 or power == 0:
        # 0^0 and ∞^0 are limits of everything between the neighbors.
        near_zero: list[End] = [Fraction(0)] if base == 0 else []
        return [Fraction(1), *near_zero, *([INFINITY] if base == INFINITY else [])]
    is_growing = (base > 1) == (power > 0)
    if isinstance(power, float) or isinstance(base, float) or base == 0:
        return [INFINITY if is_growing else Fraction(0)]

    def value() -> Any:
        return _mpf(base) ** _mpf(power)

    exact = (
        sympy.Pow(
            sympy.Rational(base.numerator, base.denominator),
            sympy.Rational(power.numerator, power.denominator),
        )
        if max(abs(power), abs(base)) < 1000
        else None
    )
    if exact is not None and exact.is_Rational:
        return [Fraction(int(exact.p), int(exact.q))]
    return [_outward(value, False), _outward(value, True)]
