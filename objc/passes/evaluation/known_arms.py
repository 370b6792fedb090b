"""What is read under a condition that decides what it is: p − p² is −p·expm1(log p) where both have names.

The second derivatives of a row in which one place is unlike the others, as the label's with a margin, are
lets with an arm for that place and one for the others. Their difference is taken in one arm, where p and p²
nearly cancel though neither let says so by itself.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from typing import Any

import sympy

from objc.atoms import Branch
from objc.ir.parts import found_in
from objc.ir.program import Program
from objc.ir.recurrence import members
from objc.ir.spelling import spelled
from objc.ir.symbols import Expression, Read, conjuncts, substitute_positions
from objc.passes.rewrites import rewrite
from objc.passes.tidying.inline import size
from objc.passes.tidying.untaken import sink_conditions

_MOST_NODES = 400
_DEEPEST = 4


def open_known_arms(program: Program) -> Program:
    """The program with such differences in the arms that they are taken in."""
    opening = _Opening(program)
    return program.with_lets(
        replace(let, body=opening.changed(let.body)) if let.name in opening.split else let
        for let in program.lets
    )


class _Opening:
    def __init__(self, program: Program) -> None:
        inside = members(program)
        self.plain = {
            let.name: let
            for let in program.lets
            if let.reduction is None and let.name not in inside
        }
        self.split = {let.name for let in self.plain.values() if let.body.has(Branch)}

    def changed(self, body: Any) -> Any:
        """A body with its arms as one expression each, where that saves a difference."""
        if not any(read.tensor in self.split for read in body.atoms(Read)):
            return body
        sunk = sink_conditions(body)
        swaps = {}
        for branch in sunk.atoms(Branch):
            condition, then, otherwise = branch.args
            known = conjuncts(condition)
            if not any(read.tensor in self.split for read in then.atoms(Read)):
                continue
            arm = self._arm(then, known)
            if arm is not None:
                swaps[branch] = Branch(condition, arm, otherwise)
        return sunk.xreplace(swaps) if swaps else body

    def _arm(self, arm: Any, known: Collection[Any]) -> Expression | None:
        for _ in range(_DEEPEST):
            bodies = {}
            for read in arm.atoms(Read):
                let = self.plain.get(read.tensor)
                if let is not None:
                    places = dict(zip(let.free, read.positions, strict=True))
                    bodies[read] = substitute_positions(sink_conditions(let.body), places)
            if not bodies:
                break
            arm = _decided(arm.xreplace(bodies), known)
            if size(arm) > _MOST_NODES:
                return None
        opened = _multiplied_out(arm)
        found = rewrite(opened)
        addends, left = (len(sympy.Add.make_args(one)) for one in (opened, found))
        return found if left < addends and not found.has(Branch) else None


def _multiplied_out(arm: Any) -> Expression:
    """An expression as a sum of products; what divides stays a product."""
    powers = sorted(found_in(arm, sympy.Pow), key=spelled)
    below = [one.base for one in powers if one.exp.could_extract_minus_sign()]
    sums = {
        factor: sympy.Dummy(positive=True)
        for base in below
        for factor in sympy.Mul.make_args(base)
        if isinstance(factor, sympy.Add)
    }
    opened = sympy.expand(arm.xreplace(sums), func=False, log=False, power_exp=False)
    return opened.xreplace({symbol: one for one, symbol in sums.items()})


def _decided(expression: Any, known: Collection[Any]) -> Any:
    told = dict.fromkeys(known, sympy.true) | {sympy.Not(one): sympy.false for one in known}
    return expression.xreplace(told)
