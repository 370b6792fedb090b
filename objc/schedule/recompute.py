"""What would be kept whole although it is computed as fast as it is fetched is put into its readers.

The difference of all pairs `x[i, d] - x[j, d]` is as large as the data times the number of items; whoever
reads it subtracts again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from objc.ir.parts import found_in
from objc.ir.program import Let, Program
from objc.ir.symbols import Read, indices_of, substitute_positions
from objc.schedule.cost import operations_of
from objc.schedule.loops import Loops
from objc.schedule.orders import rows_along
from objc.schedule.repeat import is_whole

_FREE = 4
"""Operations that take no longer than to fetch a number from memory."""


def without_large(program: Program, loops: Loops, in_place: bool = False) -> Program | None:
    """The program with what its loops would keep whole in its readers; None if there is nothing."""
    rows = rows_along(program, in_place)
    large = {
        let.name: let
        for let in program.lets
        if let.name in loops.storage
        and let.name not in rows
        and is_whole(let, loops.storage[let.name])
        and _is_light(let, program)
    }
    if not large:
        return None
    lets: list[Let] = []
    for let in program.lets:
        let = with_bodies(let, large)
        if let.name in large:
            large[let.name] = let
        else:
            lets.append(let)
    return program.with_lets(lets)


def _is_light(let: Let, program: Program) -> bool:
    """Whether a let has more axes than anything it reads, and costs next to nothing."""
    if let.reduction is not None or operations_of(let.body) > _FREE or let.domain.is_integer:
        return False
    if let.name in program.gathered:
        return False
    return all(
        len(indices_of(read)) < len(let.free)
        and all(position.index is not None or position.base is None for position in read.positions)
        for read in let.reads
    )


def with_bodies(let: Let, inlined: Mapping[str, Let]) -> Let:
    """A let that reads, in place of others, what these are."""
    swaps = {}
    for read in {*found_in(let.body, Read), *found_in(let.guard, Read)}:
        if read.tensor in inlined:
            one = inlined[read.tensor]
            moves = dict(zip(one.free, read.positions, strict=True))
            swaps[read] = substitute_positions(one.body, moves)
    if not swaps:
        return let
    return replace(let, body=let.body.xreplace(swaps), guard=let.guard.xreplace(swaps))
