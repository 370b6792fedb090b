"""The order of the loops of one let.

The batch index comes first, so that everything of one example stays together. A reduction follows the
lets that it reads while these have two or more axes left, so that a large let is consumed where it is
made. What remains is ordered such that the innermost loop runs along memory.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

import sympy

from objc.ir.index import BATCH, Index, Position
from objc.ir.program import Let
from objc.ir.recurrence import Group
from objc.ir.symbols import Condition, IndexValue, Read, conjuncts, indices_of, reads
from objc.schedule.written import written_out

if TYPE_CHECKING:
    from objc.schedule.blocks import Factors
    from objc.schedule.orders import Ordering


@dataclass(frozen=True)
class Plan:
    """A let with the order of its loops. `scattered` maps free indices that have no loop to the
    gathered position that a guard gives them, and `guard` is what is left of it. The first `together`
    loops are those that a recurrence, `group`, runs in as a whole. `factors` are those of a matrix
    product in blocks of the first loop, and an `ordering` says how it runs along an order, without a loop
    over its last index. Where it `is_whole`, no point of it may be made later. Where it
    `is_copy`, it is made in the loop of who reads it."""

    let: Let
    path: tuple[Index, ...]
    scattered: Mapping[Index, Position]
    guard: Condition
    group: Group
    together: int = 0
    factors: Factors | None = None
    ordering: Ordering | None = None
    is_whole: bool = False
    is_copy: bool = False

    @cached_property
    def reads(self) -> tuple[Read, ...]:
        """What is to be there before: also the order that a let runs along."""
        orders = () if self.ordering is None else self.ordering.orders
        return (*self.let.reads, *orders)

    @cached_property
    def first_over(self) -> int:
        """The place in the path where the reduction starts (the path's length if there is none)."""
        overs = [place for place, index in enumerate(self.path) if index in self.let.over]
        return overs[0] if overs else len(self.path)

    @cached_property
    def axes(self) -> tuple[Index, ...]:
        """Free indices inside the reduction's loops: the axes of its accumulator."""
        outside = self.path[: self.first_over]
        return tuple(index for index in self.let.free if index not in outside)


def plan(
    let: Let, group: Group, plans: Mapping[str, Plan], places: Mapping[str, Let] | None = None
) -> Plan:
    """The loops of a let of a group, given those of the lets before it, and what is written where it is
    read."""
    places = places or {}
    leading = _leading(group)
    if let.reduction is None:
        rest = tuple(index for index in let.free if index not in leading)
        return Plan(let, (*leading, *rest), {}, sympy.true, group, len(leading))
    scattered, guard = _scatter(let, leading)
    remaining = [index for index in let.indices if index not in scattered]
    path: list[Index] = []

    def take(index: Index) -> None:
        path.append(index)
        remaining.remove(index)

    for index in leading or [one for one in remaining if one.dimension == BATCH]:
        take(index)
    if let.reduction in ("argmax", "argmin"):  # its accumulator is a pair, of which there is one
        path += [index for index in remaining if index in let.free] + list(let.over)
        return Plan(let, tuple(path), scattered, guard, group, len(leading))
    for index in _followed(let, plans, remaining, path):
        take(index)
    moving = (
        _moving(let, scattered, places) & set(remaining) if path or len(remaining) > 2 else set()
    )
    innermost = _along_memory(let, [one for one in remaining if one in moving] or remaining)
    outer = [index for index in remaining if index != innermost]
    outer.sort(key=lambda index: index in let.over)  # free before over, each in its own order
    path += outer
    if innermost is not None:
        path.append(innermost)
    return Plan(let, tuple(path), scattered, guard, group, len(leading))


def as_copy(plan: Plan) -> Plan:
    """The plan of what is made where it is read: row by row, in the order of its axes."""
    if plan.group.is_recurrence or plan.scattered:
        return replace(plan, is_copy=True)
    over = [index for index in plan.path if index in plan.let.over]
    return replace(plan, path=(*plan.let.free, *over), is_copy=True)


def along(plan: Plan, ordering: Ordering) -> Plan:
    """The plan of what runs along an order, for each of its rows."""
    return replace(plan, path=plan.let.free[:-1], scattered={}, ordering=ordering)


def _leading(group: Group) -> tuple[Index, ...]:
    """The indices that a recurrence runs along, behind those before it along which nothing steps
    (the batch, for one): each of these has a recurrence of its own."""
    if not group.is_recurrence:
        return ()
    outer: list[Index] = []
    for index in group.lets[0].free:
        if index in group.indices:
            break
        if _stands_still(index, group):
            outer.append(index)
    return (*outer, *group.indices)


def _stands_still(index: Index, group: Group) -> bool:
    lets = {let.name: let for let in group.lets}
    if any(index not in let.free for let in group.lets):
        return False
    return all(
        read.positions[lets[read.tensor].free.index(index)].index == index
        for let in group.lets
        for read in let.reads
        if read.tensor in lets
    )


def _scatter(let: Let, leading: tuple[Index, ...]) -> tuple[dict[Index, Position], Condition]:
    """Guards `v == label[i]` with v free: the positions to add to, and the rest of the guard."""
    found: dict[Index, Position] = {}
    rest = []
    for part in conjuncts(let.guard) if let.reduction == "sum" else ():
        match = _equality(part, let)
        if match is not None and match[0] not in found and match[0] not in leading:
            found[match[0]] = match[1]
        else:
            rest.append(part)
    for position in found.values():  # a position that hangs on a free index without a loop
        if isinstance(position.base, Read) and indices_of(position.base) & set(found):
            return {}, let.guard
    return (found, sympy.And(*rest)) if found else ({}, let.guard)


def _equality(part: Condition, let: Let) -> tuple[Index, Position] | None:
    if not isinstance(part, sympy.Eq):
        return None
    for left, right in (part.args, part.args[::-1]):
        if not isinstance(left, IndexValue) or left.index not in let.free:
            continue
        offset, base = right.as_coeff_Add()
        if not offset.is_Integer:
            continue
        if isinstance(base, Read) and base.is_integer and left.index not in indices_of(base):
            return left.index, Position(base, int(offset))
        if isinstance(base, IndexValue) and base.index in let.over:
            return left.index, Position(base.index, int(offset))
    return None


def _followed(
    let: Let, plans: Mapping[str, Plan], remaining: list[Index], path: list[Index]
) -> list[Index]:
    """The longest stretch of a producer's loops that the let can share with it; of several, that along the
    first of its own indices."""
    best: list[Index] = []
    own = {index: place for place, index in enumerate(let.indices)}
    for read in let.reads:
        if read.tensor not in plans:
            continue
        producer = plans[read.tensor]
        free = producer.let.free
        stretch: list[Index] = []
        for place, index in enumerate(producer.path[: producer.first_over]):
            if index not in free or len(free) - place < 2:
                break
            mine = read.positions[free.index(index)].index
            if place < len(path):
                if mine != path[place]:
                    break
                continue
            if mine is None or mine not in remaining or mine in stretch:
                break
            stretch.append(mine)
        rank, highest = ((-len(one), [own[index] for index in one]) for one in (stretch, best))
        if rank < highest:
            best = stretch
    return best


def _moving(let: Let, scattered: Mapping[Index, Position], places: Mapping[str, Let]) -> set[Index]:
    """Indices of whose next turn the place along memory is the next, where places are written out."""
    ends = [read.positions[-1] for read in let.reads if read.positions]
    ends += [scattered[index] for index in let.free[-1:] if index in scattered]
    written = {one.base for one in ends if isinstance(one.base, Read) and one.base.tensor in places}
    values = [written_out(base, places[base.tensor]) for base in written]
    return {
        one.index
        for value in values
        for one in value.atoms(IndexValue)
        if one in value.args and one.index in let.indices
    }


def _is_fetched(place: Read, read: Read) -> bool:
    """Whether a read is at a row that another says."""
    return any(position.base == place for position in read.positions[:-1])


def _along_memory(let: Let, candidates: list[Index]) -> Index | None:
    """The index that most reads have as their last axis, and fewest as another; but for what a guard reads
    that can be asked outside of some loop, and for a place that is fetched where all of a row is read."""
    if not candidates:
        return None
    score = dict.fromkeys(candidates, 0)
    is_outside = not set(candidates) <= indices_of(let.guard)
    found = reads(let.body) if is_outside else let.reads
    for read in found:
        if any(_is_fetched(read, one) and one.positions[-1].index in score for one in found):
            continue
        for axis, position in enumerate(read.positions):
            if position.base in score and isinstance(position.base, Index):
                score[position.base] += 1 if axis == len(read.positions) - 1 else -1
    for axis, index in enumerate(let.free):  # the accumulator is read and written as well
        if index in score and axis < len(let.free) - 1:
            score[index] -= 1
    return max(candidates, key=lambda index: (score[index], index in let.over))
