"""Places that stay where they are while a loop runs, such as the true class `y` while one goes over all, or
the first of a row.

What is read there is fetched once, before the loop::

    sum[k] max(0, 1 + s[k] - s[y])          s_at := s[y];  sum[k] max(0, 1 + s[k] - s_at)

and what is added there is summed first and then put there::

    d[k] := sum[j | k = y] e(j)             total := sum[j] e(j);  d[k] := [k = y] · total

A loop without them has neither a check of an index nor a store whose place is in the data.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import sympy

from objc.ir.conditions import taken_reads
from objc.ir.index import BATCH, Dimension, Index, Position, at
from objc.ir.program import Let, Names, Program
from objc.ir.recurrence import recurrence_of
from objc.ir.symbols import (
    Condition,
    Expression,
    Extent,
    IndexValue,
    Read,
    conjuncts,
    indices_of,
    substitute_positions,
)
from objc.passes.delta import under


def sum_before_landing(program: Program) -> Program:
    """Sums whose guard says where they land, and nothing else of their loop, are summed first."""
    names, inside = Names.of(program), recurrence_of(program)
    lets: list[Let] = []
    for let in program.lets:
        lets += [let] if let.name in inside else _landed(let, names)
    return program.with_lets(lets)


def _landed(let: Let, names: Names) -> Sequence[Let]:
    parts = conjuncts(let.guard) if let.reduction == "sum" else ()
    landing = {part: place for part in parts if (place := _landing(part, let)) is not None}
    places = dict(landing.values())
    if not places:
        return [let]
    rest = [substitute_positions(one, places) for one in parts if one not in landing]
    body = substitute_positions(let.body, places)
    needed = indices_of(body).union(*map(indices_of, rest))
    free = tuple(one for one in let.free if one in needed)
    total = replace(
        let, name=names.fresh(f"{let.name}_total"), free=free, body=body, guard=sympy.And(*rest)
    )
    put = under(sympy.And(*landing), total.read(*free))
    return [total, Let(let.name, let.free, put, domain=let.domain, span=let.span)]


def _landing(part: Condition, let: Let) -> tuple[Index, Position] | None:
    """(k, y) of a condition `k = y`, with k a free index and y a place that the loop doesn't move."""
    if not isinstance(part, sympy.Eq):
        return None
    for left, right in (part.args, part.args[::-1]):
        if isinstance(left, IndexValue) and left.index in let.free:
            moved = indices_of(right) & {left.index, *let.over}
            place = None if moved else _place(right)
            if place is not None:
                return left.index, place
    return None


def _place(value: Expression) -> Position | None:
    """What the data say, a number, or one counted from the end of an axis."""
    if isinstance(value, Read):
        return Position(value)
    offset, base = value.as_coeff_Add()
    if not offset.is_Integer or not (base == 0 or isinstance(base, Extent)):
        return None
    return Position(None if base == 0 else base.dimension, int(offset))


def fetch_once(program: Program) -> Program:
    """What a loop reads at a fixed place of the data becomes a let before it, where the loop is certain to
    read it: an index that nothing reads may be out of range."""
    names, inside = Names.of(program), recurrence_of(program)
    fetched: dict[Expression, Let] = {}
    lets: list[Let] = []
    for let in program.lets:
        for read in () if let.name in inside else _fixed_reads(let):
            of_read = (one for one in let.indices if one in indices_of(read))
            free = tuple(sorted(of_read, key=lambda one: one.dimension != BATCH))
            known = substitute_positions(
                read, {one: at(Index(str(n), one.dimension)) for n, one in enumerate(free)}
            )
            if known not in fetched:
                domain = program.tensor(read.tensor).domain
                name = names.fresh(f"{read.tensor}_at")
                fetched[known] = Let(name, free, read, domain=domain, span=let.span)
                lets.append(fetched[known])
            instead = {read: fetched[known].read(*free)}
            let = replace(let, body=let.body.xreplace(instead), guard=let.guard.xreplace(instead))
        lets.append(let)
    return program.with_lets(lets)


def _fixed_reads(let: Let) -> Sequence[Read]:
    """The reads at a place of the data that stays while the innermost loop of a let runs, or at a place by
    number that stays while any does."""
    found = dict.fromkeys(
        read
        for read, known in taken_reads(let)
        if let.indices
        and (_is_gathered(read, let) or _is_numbered(read, let))
        and all(_holds_somewhere(one, read) for one in known)
    )
    return tuple(found)


def _is_gathered(read: Read, let: Let) -> bool:
    gathered = any(isinstance(one.base, Read) for one in read.positions)
    return gathered and let.indices[-1] not in indices_of(read)


def _is_numbered(read: Read, let: Let) -> bool:
    numbered = any(one.base is None or isinstance(one.base, Dimension) for one in read.positions)
    return numbered and indices_of(read) < set(let.indices)


def _holds_somewhere(condition: Condition, read: Read) -> bool:
    """Whether a loop is certain to come to where a condition holds, or to read at the place all the same:
    `k != y` fails everywhere only where y is the one position that there is."""
    bases = {one.base for one in read.positions}
    return isinstance(condition, sympy.Ne) and (
        (isinstance(condition.lhs, IndexValue) and condition.rhs in bases)
        or (isinstance(condition.rhs, IndexValue) and condition.lhs in bases)
    )
