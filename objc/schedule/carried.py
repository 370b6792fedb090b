"""What the steps of recurrences choose for a row, once for it.

`max[j](a[j, i] + (if t = 1 then p[j] else f[t-1, j]))` chooses for every i anew what hangs on j alone, and a
loop with choices takes no vectors. The choice as a row of its own leaves the loop without one.
"""

from __future__ import annotations

from dataclasses import replace

import sympy

from objc.atoms import Branch
from objc.ir.index import BATCH, Index, at
from objc.ir.parts import found_in
from objc.ir.program import Let, Names, Program
from objc.ir.recurrence import recurrence_of
from objc.ir.spelling import spelled
from objc.ir.symbols import Expression, indices_of, substitute_positions
from objc.schedule.cost import operations_of

_LEAST = 3
"""Operations of a choice that is worth a row."""


def with_carried(program: Program) -> Program:
    """The program in which such choices are lets."""
    if not any(index.dimension == BATCH for let in program.lets for index in let.free):
        return program
    inside = recurrence_of(program)
    steps = [one for group in inside.values() for one in group.indices]
    names, lets = Names.of(program), list[Let]()
    made: dict[Expression, Let] = {}
    for let in program.lets:
        if let.reduction is not None and any(read.tensor in inside for read in let.reads):
            swaps = {}
            for branch in _choices(let, steps):
                asked = indices_of(branch) | indices_of(let.guard)
                axes = tuple(sorted(asked, key=lambda one: _rank(one, steps, let)))
                body = (
                    branch
                    if let.guard == sympy.true
                    else Branch(let.guard, branch, sympy.Integer(0))
                )
                places = {one: at(Index(f" {n}", one.dimension)) for n, one in enumerate(axes)}
                key = substitute_positions(body, places)
                if key not in made:
                    made[key] = Let(names.fresh(f"choice_{let.name}"), axes, body)
                    lets.append(made[key])
                swaps[branch] = made[key].read(*axes)
            if swaps:
                let = replace(let, body=let.body.xreplace(swaps))
        lets.append(let)
    return program.with_lets(lets) if made else program


def _rank(index: Index, steps: list[Index], let: Let) -> tuple[int, int]:
    """Examples first, then the steps, so that a row is made with the state that it is of."""
    if index.dimension == BATCH:
        return 0, 0
    if index in steps:
        return 1, steps.index(index)
    return 2, let.indices.index(index)


def _choices(let: Let, steps: list[Index]) -> list[Expression]:
    """The largest choices in a reduction that hang on some of its rows, and not on all."""
    rows = {one for one in let.indices if one.dimension != BATCH and one not in steps}
    found = [
        one
        for one in found_in(let.body, Branch)
        if operations_of(one) >= _LEAST
        and indices_of(one) & rows
        and not rows <= indices_of(one) | indices_of(let.guard)
    ]
    inner = {part for one in found for arg in one.args for part in found_in(arg, Branch)}
    return sorted((one for one in found if one not in inner), key=spelled)
