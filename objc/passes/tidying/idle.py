"""Shares of a mean are made once: 1/N is one number, and not one for each of N.

So it is seen to be what another adjoint is multiplied with too, and what cancels with that is joined with it.
"""

from __future__ import annotations

from dataclasses import replace

import sympy

from objc.ir.program import Let, Program
from objc.ir.recurrence import members
from objc.ir.symbols import Expression, Extent, Read, indices_of


def without_idle_indices(program: Program) -> Program:
    """The program in which what hangs on sizes and not on an index has no index."""
    kept = {*program.outputs.values(), *(term.let for term in program.terms)}
    kept |= members(program) | program.gathered
    made: set[str] = set()
    lets = []
    for let in program.lets:
        let = _read_once(let, made)
        if let.reduction is None and let.free and let.name not in kept and _is_share(let, made):
            made.add(let.name)
            let = replace(let, free=())
        lets.append(let)
    return program.with_lets(lets) if made else program


def _is_share(let: Let, made: set[str]) -> bool:
    """Whether a let is a number that a size, or such a let, is a part of."""
    sized = let.body.has(Extent) or any(read.tensor in made for read in let.reads)
    return sized and not indices_of(let.body) and let.guard == sympy.true


def _read_once(let: Let, made: set[str]) -> Let:
    swaps: dict[Expression, Expression] = {
        read: read.at(())
        for read in let.body.atoms(Read) | let.guard.atoms(Read)
        if read.tensor in made
    }
    if not swaps:
        return let
    return replace(let, body=let.body.xreplace(swaps), guard=let.guard.xreplace(swaps))
