"""Power series with rational coefficients, around zero, as far as some number of terms.

They tell whether a sum cancels at zero, since its first coefficient is then of a higher order than
those of its addends, and they are what it is computed by near zero.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import sympy

from objc.atoms import expm1, log1p, log_cosh, quotient, sigmoid, sqrt1pm1, xlog1py


@dataclass(frozen=True)
class Series:
    """uᵒʳᵈᵉʳ·(c₀ + c₁u + …): c₀ isn't zero, unless all coefficients are, as far as they are known."""

    order: int
    coefficients: tuple[Fraction, ...]

    @property
    def is_zero(self) -> bool:
        return not any(self.coefficients)

    def __add__(self, other: Series) -> Series:
        low = min(self.order, other.order)
        count = (
            min(self.order + len(self.coefficients), other.order + len(other.coefficients)) - low
        )
        both = [[Fraction(0)] * (one.order - low) + list(one.coefficients) for one in (self, other)]
        return normal(low, [a + b for a, b in zip(*both, strict=False)][: max(count, 0)])

    def __mul__(self, other: Series) -> Series:
        count = min(len(self.coefficients), len(other.coefficients))
        product = [Fraction(0)] * count
        for k, one in enumerate(self.coefficients[:count]):
            for n, another in enumerate(other.coefficients[: count - k]):
                if one and another:
                    product[k + n] += one * another
        return normal(self.order + other.order, product)

    def inverse(self) -> Series | None:
        """1 over the series; None for what is zero as far as it is known."""
        if self.is_zero:
            return None
        first, *rest = self.coefficients
        found = [1 / first]
        for n in range(1, len(self.coefficients)):
            found.append(-sum((rest[k] * found[n - 1 - k] for k in range(n)), Fraction(0)) / first)
        return normal(-self.order, found)

    def taylor(self) -> list[Fraction]:
        """The coefficients from u⁰ on, of a series without negative powers."""
        return [Fraction(0)] * self.order + list(self.coefficients)


def normal(order: int, coefficients: list[Fraction]) -> Series:
    """The series without leading zeros."""
    for skipped, one in enumerate(coefficients):
        if one:
            return Series(order + skipped, tuple(coefficients[skipped:]))
    return Series(order + len(coefficients), ())


class Expansion:
    """Series in one symbol, as far as some number of terms; what was expanded once is remembered."""

    def __init__(self, symbol: Any, terms: int) -> None:
        self.symbol = symbol
        self.terms = terms
        self.known: dict[Any, Series | None] = {}

    def of(self, node: Any) -> Series | None:
        """The series of an expression of the symbol; None where it has none that is known here."""
        if node not in self.known:
            self.known[node] = self._of(node)
        return self.known[node]

    def _of(self, node: Any) -> Series | None:
        if node == self.symbol:
            return normal(1, [Fraction(1)] + [Fraction(0)] * (self.terms - 1))
        if node.is_Rational:
            return self._constant(Fraction(int(node.p), int(node.q)))
        if isinstance(node, (sympy.Add, sympy.Mul)):
            parts = [self.of(one) for one in node.args]
            found = parts[0]
            for part in parts[1:]:
                if found is None or part is None:
                    return None
                found = found + part if isinstance(node, sympy.Add) else found * part
            return found
        if isinstance(node, sympy.Pow):
            return self._power(self.of(node.base), node.exp)
        if isinstance(node, quotient):
            above, below = (self.of(one) for one in node.args)
            over = None if below is None else below.inverse()
            return None if above is None or over is None else above * over
        if isinstance(node, xlog1py):
            weight, log = self.of(node.args[0]), self.of(log1p(node.args[1]))
            return None if weight is None or log is None else weight * log
        if isinstance(node, sympy.log):
            inner = self.of(node.args[0])
            if inner is None or inner.order != 0 or inner.is_zero or inner.coefficients[0] != 1:
                return None
            return self._composed(
                _taylor(log1p, self.terms + 2), inner + self._constant(Fraction(-1))
            )
        if node.func in _TAYLOR and len(node.args) == 1:
            return self._composed(_taylor(node.func, self.terms + 2), self.of(node.args[0]))
        return None

    def _constant(self, value: Fraction) -> Series:
        return normal(0, [value] + [Fraction(0)] * (self.terms - 1))

    def _power(self, base: Series | None, exponent: Any) -> Series | None:
        if base is None or not exponent.is_Rational or abs(exponent) > 8:
            return None
        if exponent.is_Integer:
            one = base if exponent > 0 else base.inverse()
            found = self._constant(Fraction(1))
            for _ in range(abs(int(exponent))):
                if one is None:
                    return None
                found = found * one
            return found
        if base.order != 0 or base.is_zero or base.coefficients[0] != 1:
            return None
        power = Fraction(int(exponent.p), int(exponent.q))
        return self._composed(_binomial(power, self.terms + 2), base + self._constant(Fraction(-1)))

    def _composed(self, outer: list[Fraction], inner: Series | None) -> Series | None:
        """The outer series at the inner one, which vanishes at zero."""
        if inner is None or inner.order < 1:
            return None
        if len([one for one in inner.coefficients if one]) == 1:
            return self._at_power(outer, inner)
        found = self._constant(outer[-1])
        for coefficient in reversed(outer[:-1]):
            found = found * inner + self._constant(coefficient)
        return found

    def _at_power(self, outer: list[Fraction], inner: Series) -> Series:
        """The outer series at c·uᵏ."""
        found = [Fraction(0)] * self.terms
        for n, coefficient in enumerate(outer):
            if n * inner.order < self.terms:
                found[n * inner.order] = coefficient * inner.coefficients[0] ** n
        return normal(0, found)


@functools.cache
def _taylor(function: Any, terms: int) -> list[Fraction]:
    return _TAYLOR[function](terms)


def _exponential(terms: int) -> list[Fraction]:
    return [Fraction(1, math.factorial(n)) for n in range(terms)]


def _part(remainder: int, sign: int) -> Callable[[int], list[Fraction]]:
    """The even or odd part of the exponential, with alternating signs or without."""

    def taylor(terms: int) -> list[Fraction]:
        return [
            Fraction(sign ** (n // 2), math.factorial(n)) if n % 2 == remainder else Fraction(0)
            for n in range(terms)
        ]

    return taylor


def _binomial(power: Fraction, terms: int) -> list[Fraction]:
    """(1 + u)ᵖ."""
    found = [Fraction(1)]
    for n in range(1, terms):
        found.append(found[-1] * (power - n + 1) / n)
    return found


def _integral(taylor: list[Fraction]) -> list[Fraction]:
    return [Fraction(0)] + [one / (n + 1) for n, one in enumerate(taylor)]


def _at_square(taylor: list[Fraction]) -> list[Fraction]:
    return [taylor[n // 2] if n % 2 == 0 else Fraction(0) for n in range(len(taylor))]


def _ratio(above: Any, below: Any) -> Callable[[int], list[Fraction]]:
    def taylor(terms: int) -> list[Fraction]:
        over = normal(0, below(terms)).inverse()
        assert over is not None
        return (normal(0, above(terms)) * over).taylor()

    return taylor


_sine, _cosine = _part(1, -1), _part(0, -1)
_sinh, _cosh = _part(1, 1), _part(0, 1)
_tanh = _ratio(_sinh, _cosh)

_TAYLOR: Mapping[Any, Callable[[int], list[Fraction]]] = {
    sympy.exp: _exponential,
    expm1: lambda terms: [Fraction(0), *_exponential(terms)[1:]],
    log1p: lambda terms: _integral(_binomial(Fraction(-1), terms)),
    sympy.sin: _sine,
    sympy.cos: _cosine,
    sympy.tan: _ratio(_sine, _cosine),
    sympy.sinh: _sinh,
    sympy.cosh: _cosh,
    sympy.tanh: _tanh,
    sympy.atan: lambda terms: _integral(_at_square(_binomial(Fraction(-1), terms))),
    sympy.asinh: lambda terms: _integral(_at_square(_binomial(Fraction(-1, 2), terms))),
    sigmoid: _ratio(_exponential, lambda terms: [Fraction(2), *_exponential(terms)[1:]]),
    log_cosh: lambda terms: _integral(_tanh(terms)),
    sqrt1pm1: lambda terms: [Fraction(0), *_binomial(Fraction(1, 2), terms)[1:]],
}
"""The coefficients at zero of functions of one argument."""
