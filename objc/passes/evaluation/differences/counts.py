"""Quotients of counts that are subtracted, over one denominator: a/b − c/d is (a·d − c·b)/(b·d).

What one entry adds to a share, as the next pixel to Jaccard's index, is a difference of two quotients that
agree but for a part of 1/n, and in float32 nothing is left of it among a million. Above the common
denominator there are whole numbers, which are multiplied and subtracted without a rounding.
"""

from __future__ import annotations

from typing import Any

import sympy

from objc.atoms import Branch, quotient
from objc.ir.program import Program
from objc.ir.symbols import Expression, Extent, IndexValue, Read
from objc.passes.evaluation.nodes import change_nodes
from objc.passes.stable.differences import written_out

_MOST_FRACTIONS = 2
"""The product of so many counts, of entries that are in memory, is a whole number of 64 bits."""


def counts_over_counts(program: Program) -> Program:
    """The program with such differences as one fraction each."""
    whole: set[str] = set()
    for let in program.lets:
        if let.reduction == "count" or (let.reduction is None and _is_whole(let.body, whole)):
            whole.add(let.name)
    if not whole:
        return program
    return change_nodes(program, lambda node: _joined(written_out(node, program), whole))


def _joined(node: Any, whole: set[str]) -> Expression | None:
    """The sum with its fractions of counts as one, in each arm of a branch that has one."""
    addends = sympy.Add.make_args(node)
    for one in addends:
        number, branch = one.as_coeff_Mul()
        if isinstance(branch, Branch) and any(_has_quotient(arm, whole) for arm in branch.args[1:]):
            rest = sympy.Add(*(other for other in addends if other is not one))
            arms = [_joined(rest + number * arm, whole) for arm in branch.args[1:]]
            if all(arm is None for arm in arms):
                return None
            made = zip(arms, branch.args[1:], strict=True)
            return Branch(branch.args[0], *(a or rest + number * arm for a, arm in made))
    fractions = {one: found for one in addends if (found := _fraction(one, whole)) is not None}
    divisors = [below for _, below in fractions.values() if not below.is_number]
    if not 0 < len(dict.fromkeys(divisors)) <= _MOST_FRACTIONS or len(fractions) < 2:
        return None
    below = sympy.Mul(*dict.fromkeys(divisors))
    above = sympy.expand(sympy.Add(*(a * sympy.cancel(below / b) for a, b in fractions.values())))
    rest = sympy.Add(*(one for one in addends if one not in fractions))
    return rest + above / below


def _has_quotient(node: Any, whole: set[str]) -> bool:
    found = _fraction(node, whole)
    return found is not None and not found[1].is_number


def _fraction(node: Any, whole: set[str]) -> tuple[Expression, Expression] | None:
    """A quotient of whole numbers."""
    if isinstance(node, quotient):
        above, below = node.args
    else:
        above, below = sympy.fraction(node)
    return (above, below) if _is_whole(above, whole) and _is_whole(below, whole) else None


def _is_whole(node: Any, whole: set[str]) -> bool:
    """Whether an expression is a whole number that is computed as one."""
    if isinstance(node, Read):
        return node.tensor in whole
    if isinstance(node, Branch):
        return all(_is_whole(one, whole) for one in node.args[1:])
    if isinstance(node, sympy.Add | sympy.Mul):
        return all(_is_whole(one, whole) for one in node.args)
    return bool(node.is_Integer) or isinstance(node, IndexValue | Extent)
