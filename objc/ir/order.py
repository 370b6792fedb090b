"""The order in which the addends of a sum are computed.

`logsumexp` is expanded to two lets, the maximum m and the small rest r. Where both stand in a sum
with the data, `(z - m) - r` is accurate although `z - (m + r)` is not: first what cancels exactly,
then what is small. Ordering by definition does this: numbers, inputs, lets as they were defined, and
a copy of an entry, or the greatest of some, like the entries. In a recurrence what an earlier step has
computed comes before what this step makes of it.
"""

from __future__ import annotations

from collections.abc import Callable

import sympy

from objc.ir.index import Index
from objc.ir.program import Program
from objc.ir.recurrence import groups
from objc.ir.spelling import spelled
from objc.ir.symbols import Expression, Read

Rank = tuple[int, tuple[int, ...], int]
"""Of a read: where its let's group begins, how far its step lies in the direction of the recurrence,
and the let's own number."""

_last: tuple[Program | None, Callable[[Read], Rank]] = (None, lambda read: (0, (), 0))


def ordered_addends(expression: Expression, program: Program) -> list[Expression]:
    """The addends of a sum (one of anything else) in the order of evaluation."""
    rank_of = _ranks(program)

    def rank(addend: Expression) -> tuple[Rank, int, str]:
        latest = max((rank_of(read) for read in addend.atoms(Read)), default=(-1, (), 0))
        return latest, _leading_sign(addend), spelled(addend)

    return sorted(sympy.Add.make_args(expression), key=rank)


def _ranks(program: Program) -> Callable[[Read], Rank]:
    """The rank of any read, remembered for the program that was last asked about."""
    global _last
    known, ranks = _last
    if known is not program:
        ranks = _ranks_of(program)
        _last = (program, ranks)
    return ranks


def _ranks_of(program: Program) -> Callable[[Read], Rank]:
    number = dict.fromkeys(program.input, 0)
    for count, let in enumerate(program.lets, start=1):
        is_copy = let.reduction is None and isinstance(let.body, Read)
        read = {one.tensor for one in let.body.atoms(Read)}
        is_entry = bool(read) and (is_copy or let.reduction in ("max", "min"))
        number[let.name] = max(number.get(one, count) for one in read) if is_entry else count
    begins = dict(number)
    axes: dict[str, tuple[tuple[int, int], ...]] = {}
    for group in groups(program):
        for let in group.lets:
            begins[let.name] = min(number[one.name] for one in group.lets)
            pairs = zip(group.indices, group.steps, strict=True)
            axes[let.name] = tuple((let.free.index(index), step) for index, step in pairs)

    def rank(read: Read) -> Rank:
        positions = [read.positions[axis] for axis, _ in axes.get(read.tensor, ())]
        steps = (step for _, step in axes.get(read.tensor, ()))
        ahead = tuple(
            step * one.offset if isinstance(one.base, Index) else 0
            for step, one in zip(steps, positions, strict=True)
        )
        return begins.get(read.tensor, 0), ahead, number.get(read.tensor, 0)

    return rank


def _leading_sign(addend: Expression) -> int:
    """Positive addends before negative ones of the same rank: `a - b`, not `-b + a`."""
    return 1 if addend.could_extract_minus_sign() else 0
