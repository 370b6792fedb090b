"""What a gather contributes, written at the place where it lands.

`p[k]·f[k] − [k = y]·f[y]` cancels where p is nearly one. Where `k = y` holds f[y] is f[k], so that it is
`f[k]·(p[k] − [k = y])`, of which the rewrites know a form that keeps its digits.
"""

from __future__ import annotations

from typing import Any

import sympy

from objc.ir.index import Index, Position
from objc.ir.symbols import Condition, Expression, IndexValue, Read, indices_of
from objc.passes.delta import split_guard, under

Addend = tuple[Expression, Condition]
"""A body, and the condition outside of which it is zero."""


def at_own_place(addends: list[Addend]) -> list[Addend]:
    """The addends of one entry, with gathers at their own place where another addend has all of their
    factors: only there may something cancel."""
    everywhere = [_factors(body) for body, guard in addends if guard == sympy.true]
    if not everywhere:
        return addends
    return [_moved(body, guard, everywhere) for body, guard in addends]


def _moved(body: Expression, guard: Condition, others: list[set[Expression]]) -> Addend:
    body, inner = split_guard(body)
    guard = sympy.And(guard, inner)
    for part in sympy.And.make_args(guard):
        place = _place(part)
        if place is None:
            continue
        here = _at(body, *place)
        wanted = {one for one in _factors(here) if indices_of(one)}  # an adjoint may have the rest
        if here != body and wanted and any(wanted <= other for other in others):
            # The bracket stays a factor, so that the common ones can be taken out.
            return under(guard, sympy.Integer(1)) * here, sympy.true
    return under(guard, body), sympy.true


def _place(part: Condition) -> tuple[Read, Index] | None:
    """(y, k) of a condition `k = y` with a gathered place y."""
    if not isinstance(part, sympy.Eq):
        return None
    for left, right in (part.args, part.args[::-1]):
        if isinstance(left, IndexValue) and isinstance(right, Read):
            return right, left.index
    return None


def _at(expression: Any, gathered: Read, index: Index) -> Any:
    """An expression with the index wherever a read is at the gathered place itself."""
    mapping = {}
    for read in expression.atoms(Read):
        positions = [
            Position(index, one.offset) if one.base == gathered else one for one in read.positions
        ]
        if tuple(positions) != read.positions:
            mapping[read] = read.at(positions)
    return expression.xreplace(mapping) if mapping else expression


def _factors(body: Expression) -> set[Expression]:
    """The factors that are no numbers, powers opened."""
    found = set()
    for factor in sympy.Mul.make_args(body):
        base, exponent = factor.as_base_exp()
        if not factor.is_number:
            found.add(factor)
            if exponent.is_Integer and exponent > 1:
                found.add(base)
    return found
