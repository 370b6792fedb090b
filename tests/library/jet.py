"""Numbers that carry a first and a second derivative along one coordinate, in mpmath.

The kinks follow the documented conventions: abs has derivative 0 at 0, max(0, x) too, and of equal
arguments the first is the greatest. Nothing here knows of objc.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeAlias

from mpmath import mp, mpf

Scalar: TypeAlias = "Jet | mpf | int"


ZERO = mpf(0)


class Jet:
    """A value with its first and second derivative."""

    def __init__(self, value: mpf, first: mpf = ZERO, second: mpf = ZERO) -> None:
        self.value, self.first, self.second = value, first, second

    def __add__(self, other: Scalar) -> Jet:
        b = lift(other)
        return Jet(self.value + b.value, self.first + b.first, self.second + b.second)

    __radd__ = __add__

    def __neg__(self) -> Jet:
        return Jet(-self.value, -self.first, -self.second)

    def __sub__(self, other: Scalar) -> Jet:
        return self + (-lift(other))

    def __rsub__(self, other: Scalar) -> Jet:
        return lift(other) + (-self)

    def __mul__(self, other: Scalar) -> Jet:
        b = lift(other)
        return Jet(
            self.value * b.value,
            _product(self.first, b.value) + _product(self.value, b.first),
            _product(self.second, b.value)
            + 2 * _product(self.first, b.first)
            + _product(self.value, b.second),
        )

    __rmul__ = __mul__

    def __truediv__(self, other: Scalar) -> Jet:
        return self * lift(other) ** -1

    def __rtruediv__(self, other: Scalar) -> Jet:
        return lift(other) * self**-1

    def __pow__(self, exponent: mpf | int) -> Jet:
        return power(self, mpf(exponent))


def _product(a: mpf, b: mpf) -> mpf:
    """A derivative that is exactly zero stays so beside an infinity."""
    return mpf(0) if a == 0 or b == 0 else a * b


def lift(x: Scalar) -> Jet:
    return x if isinstance(x, Jet) else Jet(mpf(x))


def _chain(x: Jet, value: mpf, first: Callable[[], mpf], second: Callable[[], mpf]) -> Jet:
    """f(x) from the value and derivatives of f, which are asked for only where x varies."""
    if x.first == 0 and x.second == 0:
        return Jet(value)
    slope = first()
    return Jet(
        value,
        _product(slope, x.first),
        _product(second(), x.first**2) + _product(slope, x.second),
    )


def exp(x: Scalar) -> Jet:
    x = lift(x)
    value = mp.exp(x.value)
    return _chain(x, value, lambda: value, lambda: value)


def log(x: Scalar) -> Jet:
    x = lift(x)
    if x.value == 0:
        return _chain(x, mpf("-inf"), lambda: mpf("inf"), lambda: mpf("-inf"))
    return _chain(x, mp.log(x.value), lambda: 1 / x.value, lambda: -1 / x.value**2)


def sqrt(x: Scalar) -> Jet:
    return power(lift(x), mpf(1) / 2)


def power(x: Scalar, exponent: mpf) -> Jet:
    """x^exponent, with 0^0 = 1 and a derivative of zero where the exponent has run out."""
    x = lift(x)

    def term(coefficient: mpf, degree: mpf) -> mpf:
        if coefficient == 0:
            return mpf(0)
        if x.value == 0:
            return mpf(coefficient) if degree == 0 else mpf(0) if degree > 0 else mpf("inf")
        return coefficient * x.value**degree

    n = mpf(exponent)
    return _chain(x, term(mpf(1), n), lambda: term(n, n - 1), lambda: term(n * (n - 1), n - 2))


def absolute(x: Scalar) -> Jet:
    x = lift(x)
    return x if x.value > 0 else -x if x.value < 0 else Jet(mpf(0))


def positive_part(x: Scalar) -> Jet:
    x = lift(x)
    return x if x.value > 0 else Jet(mpf(0))


def greatest(entries: Iterable[Scalar]) -> Jet:
    """The first of the greatest."""
    found, *rest = [lift(x) for x in entries]
    for x in rest:
        if x.value > found.value:
            found = x
    return found


def total(entries: Iterable[Scalar]) -> Jet:
    result = Jet(mpf(0))
    for x in entries:
        result = result + x
    return result


def times_log(weight: Scalar, x: Scalar) -> Jet:
    """weight · log x with 0 log 0 = 0, for a constant weight."""
    weight = lift(weight)
    return Jet(mpf(0)) if weight.value == 0 else weight * log(x)
