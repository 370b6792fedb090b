"""Where the largest is of entries of which some have a number added, as the margin of a hinge: those that
have it are compared with each other without it.

`1 + x[j]` and `1 + x[k]` are the same after rounding where x is small, and the derivative goes to the first
of both, though x tells which it is. Between those with and those without the number one comparison is left.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import sympy

from objc.atoms import Branch
from objc.ir.domain import REAL, Domain
from objc.ir.index import Index, Position
from objc.ir.program import Let, Names, Program
from objc.ir.recurrence import members
from objc.ir.symbols import (
    Condition,
    Expression,
    IndexValue,
    Read,
    indices_of,
    iverson,
    substitute_positions,
)

_EXTREMES = {"argmax": ("max", sympy.Gt), "argmin": ("min", sympy.Lt)}


def compare_without_offsets(program: Program) -> Program:
    """The program with such places by those of the extremes of both kinds of entries, where several are the
    greatest or least after rounding: other rows do not ask."""
    inside = members(program)
    names = Names.of(program)
    lets: list[Let] = []
    for let in program.lets:
        found = None if let.name in inside else _parts(let, program)
        if found is None:
            lets.append(let)
            continue
        entry, condition, number, same = found
        reduction, is_ahead = _EXTREMES[str(let.reduction)]
        top = replace(let, name=names.fresh("top"), reduction=reduction, domain=REAL)
        plain = replace(let, name=names.fresh(let.name))
        ties = replace(
            let,
            name=names.fresh("ties"),
            reduction="sum",
            body=iverson(sympy.Eq(let.body, top.read(*let.free))),
            domain=Domain("count"),
        )
        lets += [top, plain, ties]
        several = sympy.Gt(ties.read(*let.free), 1)
        asked = replace(let, body=entry, guard=sympy.And(let.guard, several))
        moved, first = _extreme(asked, condition, names, lets)
        other, second = _extreme(asked, sympy.Not(condition), names, lets)
        both = Branch(sympy.Lt(first, second), first, second)
        ahead, other = moved + same + number, other + same
        behind = Branch(sympy.Eq(ahead, other), both, second)
        place = Branch(is_ahead(ahead, other), first, behind)
        body = Branch(several, place, plain.read(*let.free))
        lets.append(replace(let, body=body, reduction=None, over=(), guard=sympy.true))
    return program.with_lets(lets)


def _extreme(
    asked: Let, condition: Condition, names: Names, lets: list[Let]
) -> tuple[Expression, Expression]:
    """The greatest or least of the entries of which a condition holds, and its place; new lets go to
    `lets`."""
    (index,) = asked.over
    there = _only_place(condition, index)
    if there is not None:
        return substitute_positions(asked.body, {index: Position(there)}), there
    reduction = _EXTREMES[str(asked.reduction)][0]
    guard = sympy.And(asked.guard, condition)
    name = names.fresh(f"{reduction}_{asked.name}")
    extreme = replace(asked, name=name, reduction=reduction, guard=guard, domain=REAL)
    value = extreme.read(*asked.free)
    here = sympy.And(guard, sympy.Eq(asked.body, value))
    place = replace(asked, name=names.fresh(asked.name), guard=here)
    lets += [extreme, place]
    return value, place.read(*asked.free)


def _only_place(condition: Condition, index: Index) -> Read | None:
    """y of a condition `k = y`."""
    place = IndexValue(index)
    if not isinstance(condition, sympy.Eq) or place not in condition.args:
        return None
    (there,) = (one for one in condition.args if one != place)
    return there if isinstance(there, Read) and index not in indices_of(there) else None


def _parts(let: Let, program: Program) -> tuple[Read, Condition, Expression, Expression] | None:
    """(x, c, b, a) of the place of the greatest or least `x + (if c then b else 0) + a`, with an input x and
    numbers b and a that are the same for all."""
    if let.reduction not in _EXTREMES or let.guard != sympy.true:
        return None
    if not isinstance(let.body, sympy.Add):
        return None
    over = set(let.over)
    same = [one for one in let.body.args if not over & indices_of(one)]
    varied = [one for one in let.body.args if one not in same]
    entries = [one for one in varied if isinstance(one, Read)]
    others = [one for one in varied if one not in entries]
    if len(entries) != 1 or len(others) != 1 or entries[0].tensor not in program.input:
        return None
    number, branch = others[0].as_coeff_Mul()
    if not isinstance(branch, Branch) or not over <= indices_of(entries[0]):
        return None
    condition, then, otherwise = branch.args
    if then == 0:
        condition, then, otherwise = sympy.Not(condition), otherwise, then
    offset: Any = number * then
    is_one = otherwise == 0 and not indices_of(offset) & over
    return (entries[0], condition, offset, sympy.Add(*same)) if is_one else None
