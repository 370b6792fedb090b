"""Reading an expression as exponentials: what several rules ask."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Iterator
from typing import Any

import sympy

from objc.ir.spelling import spelled
from objc.ir.symbols import Expression

Rewrite = Callable[[Any], Any]
"""The whole rewriting, for rules that look one step ahead."""

ZERO, ONE, HALF = sympy.Integer(0), sympy.Integer(1), sympy.Rational(1, 2)


def two_exponentials(total: Any, *, powers: bool = False) -> tuple[Any, Any] | None:
    """(a, b) where a sum is exp(a) + exp(b); a constant comes first. With `powers`, bⁿ is an exponential too,
    for b > 0 and an exponent that is no number."""
    if not isinstance(total, sympy.Add) or len(total.args) != 2:
        return None
    first, second = (log_of_positive_term(one, powers=powers) for one in total.args)
    if first is None or second is None:
        return None
    return (first, second) if first.is_number or not second.is_number else (second, first)


def log_of_positive_term(term: Any, *, powers: bool = False) -> Expression | None:
    """log of c·exp(u) with a number c > 0, of a positive number too; else None."""
    coefficient, rest = term.as_coeff_Mul()
    if not coefficient.is_positive:
        return None
    if rest == 1:
        return sympy.log(coefficient)
    exponent = exponent_of(rest, powers=powers)
    return None if exponent is None else sympy.log(coefficient) + exponent


def exponent_of(product: Any, *, powers: bool = False) -> Expression | None:
    """u where the product is exp(u), of one or several exponentials, or of powers too; beside them, a
    positive factor has its logarithm there."""
    exponents, weights = [], []
    for factor in sympy.Mul.make_args(product):
        base, power = factor.as_base_exp()
        if isinstance(factor, sympy.exp):
            exponents.append(factor.args[0])
        elif isinstance(base, sympy.exp):
            exponents.append(base.args[0] * power)
        elif powers and base.is_positive and power.is_real and not power.is_number:
            exponents.append(power * sympy.log(base))
        elif base.is_positive and power.is_real and not base.is_number:
            weights.append(power * sympy.log(base))
        else:
            return None
    return sympy.Add(*exponents, *weights) if exponents else None


MOST_TERMS = 300
"""What multiplying out may make of an expression: beyond, it is left as it stands."""

_LARGE_NUMBER = 1000
"""In a sum under a power, what nobody means: the fourth power of it is beyond a million million."""


def is_short(expression: Any) -> bool:
    """Whether an expression, and all inside of it, can be multiplied out in few terms."""
    return _terms(expression, {}) <= MOST_TERMS


def _terms(expression: Any, known: dict[Any, int]) -> int:
    """A bound on the number of terms, up to a little over the one that matters."""
    if not expression.args:
        return 1
    if expression not in known:
        inner = [_terms(part, known) for part in expression.args]
        if isinstance(expression, sympy.Add):
            terms = sum(inner)
        elif isinstance(expression, sympy.Mul):
            terms = math.prod(inner)
        elif isinstance(expression, sympy.Pow) and expression.exp.is_Integer:
            terms = inner[0] ** min(abs(int(expression.exp)), MOST_TERMS) if inner[0] > 1 else 1
        else:
            terms = max(inner)
        known[expression] = min(terms, MOST_TERMS + 1)
    return known[expression]


def factored(expression: Any) -> Expression:
    """What all addends of a sum have in common is taken out. An exponential is left whole: of exp(a − m) and
    exp(b − m) either part may leave the range. (exp(2u) is a power of exp(u).)"""
    powers = {one: one.args[0].primitive() for one in expression.atoms(sympy.exp)}
    exponents = sorted({rest for _, rest in powers.values()}, key=spelled)
    known, whole = dict[Any, Any](), dict[Any, Any]()
    for number, rest in enumerate(exponents):
        symbol = sympy.Symbol(f"exp {number}", positive=True)
        alike = {one: times for one, (times, other) in powers.items() if other == rest}
        least = functools.reduce(sympy.gcd, alike.values())
        known |= {one: symbol ** (times / least) for one, times in alike.items()}
        whole[symbol] = sympy.exp(least * rest)
    return _with_small_numbers(sympy.factor_terms(expression.xreplace(known))).xreplace(whole)


def _with_small_numbers(expression: Any) -> Expression:
    """`10²⁴·x·(10⁶·s + 1)⁻⁴` as `x·(s + 10⁻⁶)⁻⁴`: what SymPy makes whole numbers of may leave the range."""
    large = {
        one
        for one in expression.atoms(sympy.Pow)
        if one.exp.is_Integer and _greatest_number(one.base) >= _LARGE_NUMBER
    }
    if not large:
        return expression

    def changed(node: Any) -> Any:
        if not node.args or not node.has(*large):
            return node
        if node in large:
            greatest = _greatest_number(node.base)
            base = sympy.Add(*(changed(one) / greatest for one in node.base.args))
            return sympy.Mul(greatest**node.exp, base**node.exp)
        return node.func(*map(changed, node.args))

    return changed(expression)


def _greatest_number(total: Any) -> Any:
    """That an addend of a sum is multiplied by, or that is added."""
    if not isinstance(total, sympy.Add):
        return ZERO
    return max(abs(one.as_coeff_Mul()[0]) for one in total.args)


def parts_with(node: Any, *kinds: Any) -> Iterator[tuple[Any, Expression, Any]]:
    """Every factor of these kinds in an addend of a sum: the addend, what the factor is multiplied by there,
    and the factor."""
    for addend in node.args:
        factors = sympy.Mul.make_args(addend)
        for factor in factors:
            if isinstance(factor, kinds):
                yield addend, _beside(addend, factor), factor


@functools.lru_cache(2**12)
def _beside(product: Any, factor: Any) -> Expression:
    """What a factor is multiplied by: rules that fail ask the same of all addends, one after the other."""
    return sympy.Mul(*(one for one in sympy.Mul.make_args(product) if one is not factor))


def without_factor(product: Any, factor: Any) -> Expression:
    """A product without one of its factors; SymPy would leave exp(a + b) over exp(a + b) as it stands."""
    factors = list(sympy.Mul.make_args(product))
    factors.remove(factor)
    return sympy.Mul(*factors)


def without(node: Any, *removed: Any) -> list[Expression] | None:
    """The addends of a sum without these, or None if one of them isn't there."""
    rest = list(node.args)
    for one in removed:
        if one not in rest:
            return None
        rest.remove(one)
    return rest
