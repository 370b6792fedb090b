"""Powers of which sums are taken, and that may all vanish: by exponentials, which are compared before.

`u[k]/sum(u)` with u = (1 + d/a)^(−(a + 1)/2), the shares of t-distributions (Xie, Girshick and Farhadi 2016),
is 0/0 in float32 for an a of a hundred. As exp(−(a + 1)/2·log1p(d/a)) it is a softmax, whatever the distances
are. A small power does not vanish, and stays.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import sympy

from objc.atoms import log1p
from objc.ir.parts import found_in
from objc.ir.program import Let, Program
from objc.ir.recurrence import members
from objc.ir.symbols import Expression, Read
from objc.passes.rewrites.forms import ONE

_STEEP = 16
"""A power beyond this one may leave the range of float32 where its base is a few hundred."""


def exponentials_of_powers(program: Program) -> Program:
    """The program with exponentials for such powers where a sum of them is divided by or has a logarithm."""
    inside = members(program)
    sums = {
        let.name
        for let in program.lets
        if let.reduction == "sum" and let.name not in inside
        if any(power.exp.is_negative for power in _steep(let))
    }
    compared = {
        read.tensor for let in program.lets for read in _compared(let.body) if read.tensor in sums
    }
    if not compared:
        return program
    return program.with_lets(
        replace(let, body=let.body.xreplace(_steep(let))) if let.name not in inside else let
        for let in program.lets
    )


def _compared(body: Any) -> set[Read]:
    """What is read within logarithms and below fractions."""
    found: set[Read] = set()
    for one in found_in(body, sympy.log, sympy.Pow):
        if isinstance(one, sympy.log) or one.exp.is_negative:
            found |= one.atoms(Read)
    return found


def _steep(let: Let) -> dict[Expression, Expression]:
    """The steep powers in a let, of what is at least one, and what they are as exponentials."""
    found = {}
    for power in found_in(let.body, sympy.Pow):
        one, rest = power.base.as_coeff_Add()
        steep = abs(power.exp) > _STEEP if power.exp.is_number else power.exp.is_nonzero
        if one == ONE and steep and rest.is_nonnegative:
            found[power] = sympy.exp(power.exp * log1p(rest))
    return found
