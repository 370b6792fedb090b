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
from objc.ir.domain import REAL
from objc.ir.program import Let, Names, Program
from objc.ir.recurrence import members
from objc.ir.symbols import Condition, Expression, Read, indices_of

_EXTREMES = {"argmax": ("max", sympy.Ge), "argmin": ("min", sympy.Le)}
ONE, ZERO = sympy.Integer(1), sympy.Integer(0)


def compare_without_offsets(program: Program) -> Program:
    """The program with such places by the extremes of both kinds of entries."""
    names = Names.of(program)
    inside = members(program)
    lets: list[Let] = []
    for let in program.lets:
        found = None if let.name in inside else _parts(let, program)
        if found is None:
            lets.append(let)
            continue
        entry, condition, number = found
        reduction, is_ahead = _EXTREMES[str(let.reduction)]
        guards = (condition, sympy.Not(condition))
        tops = [
            replace(
                let,
                name=names.fresh(f"{reduction}_{word}_{let.name}"),
                reduction=reduction,
                body=entry,
                guard=sympy.And(let.guard, guard),
                domain=REAL,
            )
            for word, guard in zip(("moved", "other"), guards, strict=True)
        ]
        moved, other = (one.read(*one.free) for one in tops)
        ahead = sympy.And(sympy.Eq(entry, moved), is_ahead(moved + number, other))
        behind = sympy.And(sympy.Eq(entry, other), is_ahead(other, moved + number))
        chosen = Branch(condition, Branch(ahead, ONE, ZERO), Branch(behind, ONE, ZERO))
        lets += [*tops, replace(let, reduction="argmax", body=chosen)]
    return program.with_lets(lets)


def _parts(let: Let, program: Program) -> tuple[Read, Condition, Expression] | None:
    """(x, c, b) of the place of the greatest or least `x + (if c then b else 0)`, with an input x and a
    number b that is the same for all."""
    if let.reduction not in _EXTREMES or not isinstance(let.body, sympy.Add):
        return None
    entries = [one for one in let.body.args if isinstance(one, Read)]
    others = [one for one in let.body.args if not isinstance(one, Read)]
    if len(entries) != 1 or len(others) != 1 or entries[0].tensor not in program.input:
        return None
    number, branch = others[0].as_coeff_Mul()
    if not isinstance(branch, Branch) or not set(let.over) <= indices_of(entries[0]):
        return None
    condition, then, otherwise = branch.args
    if then == 0:
        condition, then, otherwise = sympy.Not(condition), otherwise, then
    offset: Any = number * then
    is_one = otherwise == 0 and not indices_of(offset) & set(let.over)
    return (entries[0], condition, offset) if is_one else None
