"""Where an extreme stands, found by looking for it once it is known.

The derivative of a maximum needs its first place as well. Beside the maximum itself that is::

    best := argmax[k] z[k]          best := min[k](k where z[k] = most or z[k] is NaN, else K)

two loops in which no entry waits for the one before it, in place of one in which each does.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import sympy

from objc.atoms import Branch
from objc.ir.index import Index, Position, at
from objc.ir.program import Let, Program
from objc.ir.recurrence import members
from objc.ir.symbols import Extent, IndexValue, Read, substitute_positions

_EXTREMES = {"argmax": "max", "argmin": "min"}


def search_places(program: Program) -> Program:
    """Every argmax and argmin beside the extreme itself as a search for it, where it is only compared: of
    nothing it has no place, and who reads at it is to be told so."""
    if not any(let.reduction in _EXTREMES for let in program.lets):
        return program
    inside = members(program)
    read_at = {
        position.base.tensor
        for let in program.lets
        for read in let.reads
        for position in read.positions
        if isinstance(position.base, Read)
    } | set(program.outputs.values())
    known: dict[Any, Let] = {}
    lets: list[Let] = []
    for let in program.lets:
        if let.reduction in _EXTREMES and let.name not in inside | read_at:
            extreme = known.get(_key(let, _EXTREMES[let.reduction]))
            let = let if extreme is None else _searched(let, extreme)
        known[_key(let, let.reduction)] = let
        lets.append(let)
    return program.with_lets(lets)


def _key(let: Let, reduction: str | None) -> Any:
    """What a reduction is of, whatever its indices are called."""
    dimensions = tuple(index.dimension for index in let.indices)
    moves = _renamed(let)
    body = substitute_positions(let.body, moves)
    return reduction, len(let.free), dimensions, body, substitute_positions(let.guard, moves)


def _renamed(let: Let) -> Mapping[Index, Position]:
    return {index: at(Index(f"·{n}", index.dimension)) for n, index in enumerate(let.indices)}


def _searched(let: Let, extreme: Let) -> Let:
    (index,) = let.over
    here, nowhere = IndexValue(index), Extent(index.dimension)
    unless_number = Branch(
        sympy.Gt(let.body, 0), nowhere, Branch(sympy.Le(let.body, 0), nowhere, here)
    )
    body = Branch(sympy.Eq(let.body, extreme.read(*let.free)), here, unless_number)
    if let.guard != sympy.true:  # a minimum of nothing is no index
        body = Branch(let.guard, body, nowhere)
    return replace(let, body=body, reduction="min", guard=sympy.true)
