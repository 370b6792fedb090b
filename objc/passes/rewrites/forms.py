"""Reading an expression as exponentials: what several rules ask."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import sympy

from objc.ir.symbols import Expression

Rewrite = Callable[[Any], Any]
"""The whole rewriting, for rules that look one step ahead."""

ZERO, ONE, HALF = sympy.Integer(0), sympy.Integer(1), sympy.Rational(1, 2)


def two_exponentials(total: Any) -> tuple[Any, Any] | None:
    """(a, b) where a sum is exp(a) + exp(b); a constant comes first."""
    if not isinstance(total, sympy.Add) or len(total.args) != 2:
        return None
    first, second = (_log_of_positive_term(one) for one in total.args)
    if first is None or second is None:
        return None
    return (first, second) if first.is_number or not second.is_number else (second, first)


def _log_of_positive_term(term: Any) -> Expression | None:
    """log of c·exp(u) with a number c > 0, of a positive number too; else None."""
    coefficient, rest = term.as_coeff_Mul()
    if not coefficient.is_positive:
        return None
    if rest == 1:
        return sympy.log(coefficient)
    exponent = exponent_of(rest)
    return None if exponent is None else sympy.log(coefficient) + exponent


def exponent_of(product: Any) -> Expression | None:
    """u where the product is exp(u), of one or several exponentials."""
    exponents = []
    for factor in sympy.Mul.make_args(product):
        base, power = factor.as_base_exp()
        if isinstance(factor, sympy.exp):
            exponents.append(factor.args[0])
        elif isinstance(base, sympy.exp):
            exponents.append(base.args[0] * power)
        else:
            return None
    return sympy.Add(*exponents) if exponents else None
