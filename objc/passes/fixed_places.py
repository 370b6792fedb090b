"""Places that stay where they are while a loop runs, such as the true class `y` while one goes over all.

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
from objc.ir.index import Index, Position
from objc.ir.program import Let, Names, Program
from objc.ir.recurrence import recurrence_of
from objc.ir.symbols import (
    Condition,
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
    places = {index: Position(read) for index, read in landing.values()}
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


def _landing(part: Condition, let: Let) -> tuple[Index, Read] | None:
    """(k, y) of a condition `k = y`, with k a free index and y a place that the loop doesn't move."""
    if not isinstance(part, sympy.Eq):
        return None
    for left, right in (part.args, part.args[::-1]):
        if isinstance(left, IndexValue) and isinstance(right, Read) and left.index in let.free:
            moved = indices_of(right) & {left.index, *let.over}
            return None if moved else (left.index, right)
    return None


def fetch_once(program: Program) -> Program:
    """What a loop reads at a fixed place of the data becomes a let before it, where the loop is certain to
    read it: an index that nothing reads may be out of range."""
    names, inside = Names.of(program), recurrence_of(program)
    fetched: dict[Read, Let] = {}
    lets: list[Let] = []
    for let in program.lets:
        for read in () if let.name in inside else _fixed_reads(let):
            if read not in fetched:
                free = tuple(one for one in let.indices if one in indices_of(read))
                domain = program.tensor(read.tensor).domain
                name = names.fresh(f"{read.tensor}_at")
                fetched[read] = Let(name, free, read, domain=domain, span=let.span)
                lets.append(fetched[read])
            let = _reading(let, read, fetched[read])
        lets.append(let)
    return program.with_lets(lets)


def _fixed_reads(let: Let) -> Sequence[Read]:
    """The reads at a place of the data that stays while the innermost loop of a let runs."""
    found = dict.fromkeys(
        read
        for read, known in taken_reads(let)
        if let.indices
        and let.indices[-1] not in indices_of(read)
        and any(isinstance(one.base, Read) for one in read.positions)
        and all(_holds_somewhere(one, read) for one in known)
    )
    return tuple(found)


def _holds_somewhere(condition: Condition, read: Read) -> bool:
    """Whether a loop is certain to come to where a condition holds, or to read at the place all the same:
    `k != y` fails everywhere only where y is the one position that there is."""
    bases = {one.base for one in read.positions}
    return isinstance(condition, sympy.Ne) and (
        (isinstance(condition.lhs, IndexValue) and condition.rhs in bases)
        or (isinstance(condition.rhs, IndexValue) and condition.lhs in bases)
    )


def _reading(let: Let, read: Read, fetched: Let) -> Let:
    instead = {read: fetched.read(*fetched.free)}
    return replace(let, body=let.body.xreplace(instead), guard=let.guard.xreplace(instead))
