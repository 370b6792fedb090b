"""Places among loops, such as `t - k`, which are written where they are read.

A table of them has an entry for every pair of indices, and a position that is fetched from a table may lie
anywhere: what is read there is read one by one, behind a test. Written out, it is an operation, and the
loops around say where it lies.
"""

from __future__ import annotations

from collections.abc import Iterator

import sympy

from objc.ir.index import Position
from objc.ir.program import Input, Let, Program
from objc.ir.recurrence import members
from objc.ir.symbols import (
    Expression,
    IndexValue,
    Read,
    conjuncts,
    position_value,
    reads,
    substitute_positions,
)
from objc.schedule.cost import operations_of
from objc.schedule.orders import rows_along

_FEW = 8
"""Operations on integers that take no longer than to fetch one."""


def written(program: Program) -> frozenset[str]:
    """The lets that no loop makes, since they are written where they are read."""
    whole = (
        let for let in program.lets if let.free and let.domain.is_integer and let.reduction is None
    )
    found = {let.name for let in whole if _is_at_hand(let, program)}
    if not found:
        return frozenset()
    found &= program.gathered | set(_scattered(program))
    found -= {*program.outputs.values(), *members(program)}
    return frozenset(found - _rows(program) if found else found)


def _is_at_hand(let: Let, program: Program) -> bool:
    """Whether a let is made in a few steps of its indices and of integers that are given for fewer."""
    return operations_of(let.body) <= _FEW and all(
        isinstance(program.tensor(read.tensor), Input)
        and read.is_integer
        and len(read.positions) < len(let.free)
        and all(position.index is not None for position in read.positions)
        for read in reads(let.body)
    )


def _scattered(program: Program) -> Iterator[str]:
    """What says in a guard at which place of a free index a sum takes its term."""
    for let in program.lets:
        for part in conjuncts(let.guard) if let.reduction else ():
            if isinstance(part, sympy.Eq) and any(isinstance(one, IndexValue) for one in part.args):
                yield from (read.tensor for read in reads(part))


def _rows(program: Program) -> frozenset[str]:
    """What others run along: a row of an array."""
    return rows_along(program) | rows_along(program, in_place=True)


def written_out(read: Read, let: Let) -> Expression:
    """What such a let is where it is read."""
    return substitute_positions(let.body, dict(zip(let.free, read.positions, strict=True)))


def value_of(position: Position, program: Program, names: frozenset[str]) -> Expression:
    """A position as an integer, with what is written where it is read."""
    value = position_value(position)
    base = position.base
    if isinstance(base, Read) and base.tensor in names:
        return value.xreplace({base: written_out(base, program.let[base.tensor])})
    return value
