"""Relative entropies of two softmaxes: `Σ p·(log p − log q)` is of second order where they are near each
other, its terms are of first order.

Both add up to one, so that q − p may be added to each term: p·(u + exp(−u) − 1) with u = log p − log q
is never negative, and is p·u²/2 and more by a series where u is small. Only the value is the same, entry
by entry it is another function: no derivatives are taken of it.
"""

from __future__ import annotations

from dataclasses import replace
from math import factorial
from typing import Any

import sympy

from objc.atoms import Branch, expm1, maximum
from objc.ir.program import Let, Program
from objc.ir.symbols import Expression, indices_of
from objc.passes.evaluation.divergences.log_ratios import LogRatios
from objc.passes.stable.entries import totals_over

_TERMS = 10
EXCESS_NEAR = sympy.Rational(1, 8)
"""Below it 10 terms are exact to 2⁻⁵⁷; beyond, four bits cancel."""
_VANISHING = sympy.Integer(-1024)
"""The exponential of less is zero, and so is it times a u that has left the range."""
ONE, ZERO = sympy.Integer(1), sympy.Integer(0)


def entropies_by_parts(program: Program) -> Program:
    """The program with relative entropies of softmaxes as sums of what is never negative."""
    ratios = LogRatios(program)
    if len(ratios.normalizers) < 2:
        return program
    for let in program.lets:
        ratios.lets.append(_changed(let, ratios) if let.reduction == "sum" else let)
    return program.with_lets(ratios.lets)


def _changed(let: Let, ratios: LogRatios) -> Let:
    """A sum in which some addends are such entropies by what has a sum for each of them: without what it
    is weighed with, which others may have as well."""
    rest: list[Expression] = []
    whole: list[Expression] = []
    for addend in sympy.Add.make_args(let.body):
        found = _parts(addend, let, ratios)
        if found is None:
            rest.append(addend)
            continue
        weight, a, b, u = found
        name = ratios.names.fresh(f"{let.name}_entropy")
        ratios.lets.append(replace(let, name=name, body=never_negative(a, b, u)))
        whole.append(weight * ratios.lets[-1].read(*let.free))
    if not whole:
        return let
    if rest:
        name = ratios.names.fresh(f"{let.name}_rest")
        ratios.lets.append(replace(let, name=name, body=sympy.Add(*rest)))
        whole.append(ratios.lets[-1].read(*let.free))
    return replace(let, reduction=None, over=(), guard=sympy.true, body=sympy.Add(*whole))


def never_negative(a: Any, b: Any, u: Any) -> Expression:
    """exp(a)·u + exp(b) − exp(a), with u = a − b as it is exact: of the greater exponential, by what is
    below one."""
    less = expm1(-sympy.Abs(u))
    above = sympy.Gt(u, 0)
    near = Branch(above, ONE, 1 + less) * (u**2 * series_of_excess(u))
    far = Branch(above, u + less, (1 + less) * maximum(u, _VANISHING) - less)
    return sympy.exp(maximum(a, b)) * Branch(sympy.Lt(sympy.Abs(u), EXCESS_NEAR), near, far)


def series_of_excess(u: Any) -> Expression:
    """(u + exp(−u) − 1)/u², for small u."""
    series: Expression = ZERO
    for n in reversed(range(_TERMS)):
        series = sympy.Rational((-1) ** n, factorial(n + 2)) + u * series
    return series


def _parts(
    addend: Any, let: Let, ratios: LogRatios
) -> tuple[Expression, Expression, Expression, Expression] | None:
    """(c, a, b, a − b) of `c·(a − b)·exp(a)` in a sum over all of the softmaxes exp(a) and exp(b)."""
    factors = sympy.Mul.make_args(addend)
    for power in factors:
        a = ratios.opened(power.args[0]) if isinstance(power, sympy.exp) else None
        if a is None or not any(totals_over(a, let, ratios.normalizers)):
            continue
        for one in factors:
            weight = sympy.Mul(*(f for f in factors if f is not power and f is not one))
            if isinstance(one, sympy.exp) or indices_of(weight) & set(let.over):
                continue
            for sign in (1, -1):
                u = ratios.opened(sign * one)
                b = sympy.expand(a - u)
                if u.is_Add and any(totals_over(b, let, ratios.normalizers)):
                    named = ratios.named(u, let)
                    if named is not None:
                        return sign * weight, a, b, named
    return None
