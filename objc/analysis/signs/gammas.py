"""Lower bounds of formulas with derivatives of log Γ: rational ones, by Stirling's series.

For x > 0 and n ≥ 1, (−1)ⁿ⁺¹·ψ⁽ⁿ⁾(x) = (n − 1)!/xⁿ + n!/(2·xⁿ⁺¹) + Σ B₂ₖ·(2k + n − 1)!/((2k)!·x²ᵏ⁺ⁿ) lies
between any two sums of it that end one after the other (Alzer 1997): an even number of Bernoulli terms is
below it, an odd one above. ψ(x) itself is log x − 1/(2x) − Σ B₂ₖ/(2k·x²ᵏ) in the same way.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import sympy

_MOST_TERMS = 3


def beneath(expression: Any) -> Iterator[Any]:
    """Formulas that are at most this one, without polygamma functions, the shortest first: itself where it
    has none. Nothing where one of them doesn't stand by itself, times a factor of known sign."""
    if not expression.has(sympy.polygamma):
        yield expression
        return
    for number in range(_MOST_TERMS):
        total = sympy.Integer(0)
        for addend in sympy.Add.make_args(sympy.expand(expression)):
            least = _beneath_term(addend, number)
            if least is None:
                return
            total += least
        yield total


def _beneath_term(addend: Any, number: int) -> Any:
    found = [one for one in sympy.Mul.make_args(addend) if isinstance(one, sympy.polygamma)]
    factor = addend / sympy.Mul(*found)
    if not found:
        return None if addend.has(sympy.polygamma) else addend
    if len(found) > 1 or factor.has(sympy.polygamma):
        return None
    (order, x), is_above = found[0].args, factor.is_nonnegative
    if not (order.is_Integer and x.is_positive) or (is_above is None and not factor.is_nonpositive):
        return None
    return factor * _bound(int(order), x, number, is_lower=bool(is_above))


def _bound(order: int, x: Any, number: int, is_lower: bool) -> Any:
    """A bound of ψ⁽ⁿ⁾ from below or above, with about so many Bernoulli terms."""
    sign = 1 if order % 2 == 1 else -1
    # Sums of an even number of terms are below the series, whose sign may be −1.
    terms = 2 * number if (sign > 0) == is_lower else 2 * number + 1
    if order == 0:
        tail = sum(sympy.bernoulli(2 * k) / (2 * k * x ** (2 * k)) for k in range(1, terms + 1))
        return sympy.log(x) - 1 / (2 * x) - tail
    series = sympy.factorial(order - 1) / x**order + sympy.factorial(order) / (2 * x ** (order + 1))
    for k in range(1, terms + 1):
        size = sympy.factorial(2 * k + order - 1) / sympy.factorial(2 * k)
        series += sympy.bernoulli(2 * k) * size / x ** (2 * k + order)
    return sign * series
