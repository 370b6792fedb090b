"""Balls for the interpreter: every number lies between two of mpmath's, rounded outward.

Fifty digits alone certify nothing: in (1 + exp(x))·log(1 + exp(x)) − x·exp(x) a hundred of them cancel.
What a comparison of two balls doesn't tell is `Undecided`; whoever asks tries again with more digits.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

import mpmath

from objc.atoms import ATOMS, RISING_WITH_SIZE, Atom
from objc.ir.numbers import Arbitrary

_SPARE_BITS = 12
"""Bits at the end of a number that are not believed: references err by a few units."""
_PLAIN = frozenset({"exp", "log", "sqrt", "abs", "sin", "cos"})
"""Atoms whose references are single functions of mpmath's."""
_SLOPES_OF_AT_MOST_ONE = frozenset({"sin", "cos"})


class Undecided(ValueError):
    """The balls overlap, or a function has no value on all of one."""


@dataclass(frozen=True, eq=False)
class Ball:
    """All numbers between `low` and `high`; `exact` is the one number that is meant, where it is known."""

    low: Any
    high: Any
    exact: Fraction | None = None

    @property
    def is_point(self) -> bool:
        return bool(self.low == self.high)

    @property
    def middle(self) -> Any:
        return self.low if self.is_point else (self.low + self.high) / 2

    @property
    def radius(self) -> Any:
        return mpmath.mpf(0) if self.is_point else self.high - self.low

    def __add__(self, other: Any) -> Ball:
        one = _ball(other)
        if self.is_point and one.is_point and _is_sum_exact(self.low, one.low):
            return _ball(self.low + one.low)
        return _widened(self.low + one.low, self.high + one.high)

    __radd__ = __add__

    def __neg__(self) -> Ball:
        return Ball(-self.high, -self.low, None if self.exact is None else -self.exact)

    def __sub__(self, other: Any) -> Ball:
        return self + -_ball(other)

    def __rsub__(self, other: Any) -> Ball:
        return _ball(other) - self

    def __mul__(self, other: Any) -> Ball:
        one = _ball(other)
        if (self.is_point and self.low == 0 and _is_finite(one)) or (
            one.is_point and one.low == 0 and _is_finite(self)
        ):
            return _ball(0)
        if self.is_point and one.is_point and _is_product_exact(self.low, one.low):
            return _ball(self.low * one.low)
        ends = [a * b for a in (self.low, self.high) for b in (one.low, one.high)]
        return _widened(min(ends), max(ends)) if _known(ends) else _refuse()

    __rmul__ = __mul__

    def __truediv__(self, other: Any) -> Ball:
        one = _ball(other)
        if one.low <= 0 <= one.high:
            raise Undecided
        if self.is_point and one.is_point:
            found = self.low / one.low
            if _is_product_exact(found, one.low) and found * one.low == self.low:
                return _ball(found)
        ends = [a / b for a in (self.low, self.high) for b in (one.low, one.high)]
        return _widened(min(ends), max(ends)) if _known(ends) else _refuse()

    def __pow__(self, exponent: int) -> Ball:
        return functools.reduce(lambda a, b: a * b, [self] * exponent)

    def __abs__(self) -> Ball:
        if self.low >= 0:
            return self
        return -self if self.high <= 0 else Ball(mpmath.mpf(0), max(-self.low, self.high))

    def _sign_of_difference(self, other: Any) -> int:
        one = _ball(other)
        if self.low > one.high:
            return 1
        if self.high < one.low:
            return -1
        if self.is_point and one.is_point:
            return 0
        if self.exact is not None and one.exact is not None:
            return (self.exact > one.exact) - (self.exact < one.exact)
        raise Undecided

    def __eq__(self, other: object) -> bool:
        return self is other or self._sign_of_difference(other) == 0

    def __hash__(self) -> int:
        return id(self)

    def __lt__(self, other: Any) -> bool:
        one = _ball(other)
        return False if self.low >= one.high else self._sign_of_difference(one) < 0

    def __gt__(self, other: Any) -> bool:
        one = _ball(other)
        return False if self.high <= one.low else self._sign_of_difference(one) > 0

    def __le__(self, other: Any) -> bool:
        return not self > other

    def __ge__(self, other: Any) -> bool:
        return not self < other

    def __int__(self) -> int:
        if not self.is_point:
            raise Undecided
        return int(self.low)

    def _mpmath_(self, precision: int, rounding: str) -> Any:
        return self.middle


class Enclosing(Arbitrary):
    """The numbers of the interpreter as balls, computed in `digits` decimal digits."""

    def number(self, value: Any) -> Any:
        if isinstance(value, Ball):
            return value
        if not isinstance(value, Fraction):
            return _ball(value)
        return replace(_ball(value.numerator) / value.denominator, exact=value)

    def constant(self, value: Any) -> Any:
        if value.is_Rational:
            return self.number(Fraction(int(value.p), int(value.q)))
        found = super().constant(value)
        return _ball(found) if mpmath.isinf(found) else _widened(found, found)

    def divide(self, left: Any, right: Any) -> Any:
        return _ball(left) / right

    def power(self, base: Any, exponent: Any) -> Any:
        if exponent.is_point and exponent.low == 0:
            return _ball(1)
        if exponent.is_point and exponent.low == int(exponent.low) and abs(exponent.low) <= 64:
            count = int(exponent.low)
            power = (base if count % 2 else abs(base)) ** abs(count)
            return power if count > 0 else _ball(1) / power
        if base.low < 0 or (base.low == 0 and exponent.low <= 0):
            raise Undecided
        ends = [a**b for a in (base.low, base.high) for b in (exponent.low, exponent.high)]
        return _widened(min(ends), max(ends)) if _known(ends) else _refuse()

    def root(self, value: Any) -> Any:
        if value.low < 0:
            raise Undecided
        return _widened(mpmath.sqrt(value.low), mpmath.sqrt(value.high))

    def function(self, name: str) -> Callable[..., Any]:
        if name in ("maximum", "minimum"):
            choose = max if name == "maximum" else min
            return lambda a, b: Ball(choose(a.low, b.low), choose(a.high, b.high))
        atom = ATOMS[name]
        if atom.arity == 1:
            return lambda one: self._of_one(atom, one)
        return lambda *arguments: self._at_points(atom, arguments)

    def _of_one(self, atom: Atom, one: Ball) -> Ball:
        low, high = atom.domain[0]
        if not (float(low) <= one.low and one.high <= float(high)):
            raise Undecided
        if atom.name == "sign":
            return _ball(one._sign_of_difference(0))
        if atom.name in ("abs", "stop_gradient"):
            return abs(one) if atom.name == "abs" else one
        if atom.name in RISING_WITH_SIZE:
            one = abs(one)
        elif atom.monotone == "decreasing":
            one = Ball(one.high, one.low)
        elif atom.name in _SLOPES_OF_AT_MOST_ONE:
            middle = self._value(atom, one.middle)
            return _widened(middle - one.radius, middle + one.radius)
        elif atom.monotone != "increasing":
            return self._at_points(atom, (one,))
        return _widened(self._value(atom, one.low), self._value(atom, one.high))

    def _value(self, atom: Atom, *arguments: Any) -> Any:
        """A reference at exact arguments. Most lose digits somewhere; twice as many tell."""
        value = super().function(atom.name)
        rough = value(*arguments)
        if atom.name in _PLAIN or mpmath.isinf(rough):
            return rough
        with mpmath.workprec(2 * mpmath.mp.prec):
            fine = value(*arguments)
            if abs(fine - rough) > mpmath.ldexp(abs(fine), _SPARE_BITS // 2 - mpmath.mp.prec // 2):
                raise Undecided
        return +fine

    def _at_points(self, atom: Atom, arguments: Sequence[Ball]) -> Ball:
        if atom.name in ("xlogy", "xlog1py"):
            x, y = arguments
            if x.is_point and x.low == 0:
                return _ball(0)
            return x * self.function("log" if atom.name == "xlogy" else "log1p")(y)
        if not all(one.is_point for one in arguments):
            raise Undecided
        found = self._value(atom, *(one.low for one in arguments))
        return _widened(found, found)

    def polygamma(self, order: int) -> Callable[[Any], Any]:
        value = super().polygamma(order)

        def at(one: Ball) -> Ball:
            # The sign of the derivative of ψ⁽ⁿ⁾ is that of (−1)ⁿ on the positive half-line.
            if not one.low > 0:
                raise Undecided
            ends = sorted((value(one.low), value(one.high)))
            return _widened(*ends)

        return at

    def total(self, values: Iterable[Any]) -> Any:
        return sum(values, _ball(0))

    def reduction(self, name: str) -> Callable[[Any, list[Any]], Any] | None:
        return {"max": _greatest, "min": _least, "logsumexp": _logsumexp, "norm": _norm}.get(name)


def _greatest(numbers: Enclosing, values: list[Ball]) -> Ball:
    return functools.reduce(numbers.function("maximum"), values, _ball("-inf"))


def _least(numbers: Enclosing, values: list[Ball]) -> Ball:
    return functools.reduce(numbers.function("minimum"), values, _ball("inf"))


def _logsumexp(numbers: Enclosing, values: list[Ball]) -> Ball:
    if len(values) < 2:
        return _greatest(numbers, values)
    exp, log = numbers.function("exp"), numbers.function("log")
    most = max(one.middle for one in values)
    if not mpmath.isfinite(most):
        raise Undecided
    return log(numbers.total([exp(one - most) for one in values])) + most


def _norm(numbers: Enclosing, values: list[Ball]) -> Ball:
    return numbers.root(numbers.total([abs(one) * abs(one) for one in values]))


def _ball(value: Any) -> Ball:
    if isinstance(value, Ball):
        return value
    found = mpmath.mpf(value)
    return Ball(found, found)


def _is_finite(one: Ball) -> bool:
    return bool(mpmath.isfinite(one.low) and mpmath.isfinite(one.high))


def _known(ends: Iterable[Any]) -> bool:
    return not any(mpmath.isnan(one) for one in ends)


def _refuse() -> Ball:
    raise Undecided


def _is_sum_exact(one: Any, other: Any) -> bool:
    """Whether a sum fits into the digits in force."""
    if not (mpmath.isfinite(one) and mpmath.isfinite(other)):
        return True
    parts = [each._mpf_ for each in (one, other) if each != 0]
    if len(parts) < 2:
        return True
    top = max(exponent + bits for _, _, exponent, bits in parts)
    return bool(top + 1 - min(exponent for _, _, exponent, _ in parts) <= mpmath.mp.prec)


def _is_product_exact(one: Any, other: Any) -> bool:
    """Whether a product of finite numbers does."""
    if not (mpmath.isfinite(one) and mpmath.isfinite(other)):
        return False
    return bool(one._mpf_[3] + other._mpf_[3] <= mpmath.mp.prec)


def _widened(low: Any, high: Any) -> Ball:
    """A ball around computed ends."""
    if mpmath.isnan(low) or mpmath.isnan(high):
        raise Undecided
    slack = mpmath.ldexp(1, _SPARE_BITS - mpmath.mp.prec)
    return Ball(low - abs(low) * slack, high + abs(high) * slack)
