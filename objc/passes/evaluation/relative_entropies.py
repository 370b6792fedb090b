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

from objc.atoms import Branch
from objc.ir.domain import REAL
from objc.ir.program import Let, Names, Program
from objc.ir.symbols import Expression, indices_of
from objc.passes.probabilities import is_whole, written_out

_TERMS = 10
_NEAR = sympy.Rational(1, 8)
"""Below it 10 terms are exact to 2⁻⁵⁷; beyond, four bits cancel."""


def entropies_by_parts(program: Program) -> Program:
    """The program with relative entropies of softmaxes as sums of what is never negative."""
    if sum(let.reduction == "logsumexp" for let in program.lets) < 2:
        return program
    names = Names.of(program)
    lets: list[Let] = []
    for let in program.lets:
        lets += _changed(let, program, names)
    return program.with_lets(lets)


def _changed(let: Let, program: Program, names: Names) -> list[Let]:
    """The sum and, before it, the logarithms of the ratios, if it is such an entropy."""
    found = _parts(let, program)
    if found is None:
        return [let]
    weight, a, u = found
    log_ratio = Let(names.fresh("log_ratio"), let.indices, u, domain=REAL, span=let.span)
    ratio = log_ratio.read(*log_ratio.free)
    series: Expression = sympy.Integer(0)
    for n in reversed(range(_TERMS)):
        series = sympy.Rational((-1) ** n, factorial(n + 2)) + ratio * series
    near = sympy.exp(a) * ratio**2 * series
    far = ratio * sympy.exp(a) + (sympy.exp(a - u) - sympy.exp(a))
    body = weight * Branch(sympy.Lt(sympy.Abs(ratio), _NEAR), near, far)
    return [log_ratio, replace(let, body=body)]


def _parts(let: Let, program: Program) -> tuple[Expression, Expression, Expression] | None:
    """(c, a, a − b) of `sum c·(a − b)·exp(a)` over all of the softmaxes exp(a) and exp(b)."""
    if let.reduction != "sum" or not isinstance(let.body, sympy.Mul):
        return None
    normalizers = {one.name: one for one in program.lets if one.reduction == "logsumexp"}
    for power in let.body.args:
        a = written_out(power.args[0], program) if isinstance(power, sympy.exp) else None
        if a is None or not _is_log_softmax(a, let, normalizers):
            continue
        for one in let.body.args:
            u = written_out(one, program)
            weight = sympy.Mul(*(f for f in let.body.args if f is not power and f is not one))
            fits = isinstance(u, sympy.Add) and not indices_of(weight) & set(let.over)
            for sign in (1, -1) if fits else ():
                if _is_log_softmax(sympy.expand(a - sign * u), let, normalizers):
                    return sign * weight, a, sign * u
    return None


def _is_log_softmax(exponent: Any, let: Let, normalizers: dict[str, Let]) -> bool:
    reads = (one for one in exponent.free_symbols if getattr(one, "tensor", "") in normalizers)
    return any(is_whole(exponent, read, let, normalizers) for read in reads)
