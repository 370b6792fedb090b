"""Differences of log-odds of probabilities that are given by their logarithms (Hong, Lee and Thorne 2024).

`log(1 + exp(u))` with u = log A − log B, A = exp(−c) − 1, B = exp(−d) − 1, arrives with the logarithm of a
complement in each. Where a probability is nearly one the slope of that is infinite, and its square is lost
from the second derivative: of the side that is small the ratio A/B is taken instead.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import sympy

from objc.atoms import Branch, expm1, log1mexp, log1p, softplus
from objc.ir.program import Program
from objc.ir.spelling import spelled
from objc.ir.symbols import Expression, Read
from objc.passes.rewrites.odds import complements_of

_NEAR = -1
"""The logarithm of a probability above which its odds are no small number."""


def ratios_of_odds(program: Program) -> Program:
    """The program with such differences by ratios, before any derivative is taken."""
    lets = []
    for let in program.lets:
        changed = {
            node: form
            for node in sorted(let.body.atoms(softplus, log1p), key=spelled)
            if (form := _by_ratio(_as_softplus(node))) is not None
        }
        lets.append(replace(let, body=let.body.xreplace(changed)) if changed else let)
    return program.with_lets(lets)


def _as_softplus(node: Any) -> Any:
    """log(1 + A/B) by the difference of their logarithms, of which neither leaves the range."""
    split = complements_of(node.args[0]) if isinstance(node, log1p) else None
    if split is None:
        return node
    (sizes, number), complements = split
    if not all(a.is_positive or a.is_negative for a, _ in complements) or abs(number) != 1:
        return node
    logarithms = (
        exponent * (log1mexp(a) if a.is_negative else a + log1mexp(-a))
        for a, exponent in complements
    )
    return softplus(sympy.Add(sizes, *logarithms))


def _by_ratio(node: Any) -> Expression | None:
    (u,) = node.args
    sign, rest = u.as_coeff_Mul()
    if isinstance(rest, Branch):
        condition, *arms = rest.args
        ratios = [_by_ratio(softplus(sign * arm)) for arm in arms]
        if not any(ratios):
            return None
        return Branch(
            condition,
            *(form or softplus(sign * arm) for form, arm in zip(ratios, arms, strict=True)),
        )
    sides = {}
    for addend in sympy.Add.make_args(u):
        sign, rest = addend.as_coeff_Mul()
        if isinstance(rest, log1mexp) and _is_entry(rest.args[0]):
            sides[sign] = rest.args[0]
    if set(sides) != {1, -1}:
        return None
    c, d = sides[1], sides[-1]
    if u != log1mexp(c) - c - log1mexp(d) + d:
        return None
    above, below = expm1(-c), expm1(-d)
    falls = sympy.And(sympy.Lt(u, 0), sympy.Gt(c, _NEAR))
    rises = sympy.And(sympy.Ge(u, 0), sympy.Gt(d, _NEAR))
    return Branch(falls, log1p(above / below), Branch(rises, u + log1p(below / above), node))


def _is_entry(exponent: Any) -> bool:
    return isinstance(exponent.as_coeff_Mul()[1], Read) and abs(exponent.as_coeff_Mul()[0]) == 1
