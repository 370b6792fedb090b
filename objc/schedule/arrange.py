"""Putting lets under common loops.

At every level the lets are taken in order. A let that still has loops joins the first loop over the
same dimension that comes after all it depends on, or at whose very point its dependencies are made;
else it opens a loop of its own. The lets of a recurrence go together, down to the loop of its steps.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from objc.ir.index import Dimension, Index, Position, at
from objc.ir.symbols import (
    Condition,
    Expression,
    Read,
    conjuncts,
    indices_of,
    reads,
    substitute_positions,
)
from objc.schedule.loops import (
    Accumulate,
    Assign,
    Block,
    Finish,
    Item,
    Loop,
    Ordered,
    Peeled,
    Product,
    Start,
)
from objc.schedule.order import Plan
from objc.schedule.peel import deltas, otherwise, reads_in_range


@dataclass(frozen=True)
class Member:
    """A let on its way down the loops: `depth` of its path are bound, `names` says to which loops."""

    plan: Plan
    depth: int = 0
    names: Mapping[Index, Index] = field(default_factory=dict)

    @property
    def name(self) -> str:
        return self.plan.let.name

    @property
    def next(self) -> Index | None:
        path = self.plan.path
        return path[self.depth] if self.depth < len(path) else None

    @property
    def is_led(self) -> bool:
        """The next loop is one in which a recurrence runs as a whole."""
        return self.depth < self.plan.together

    @property
    def direction(self) -> Literal[-1, 0, 1]:
        """That of the next loop, if it is the loop of a recurrence's steps."""
        group = self.plan.group
        if self.next not in group.indices:
            return 0
        return 1 if group.steps[group.indices.index(self.next)] > 0 else -1

    @property
    def wants_order(self) -> bool:
        """The first of several equal values is looked for along the next loop."""
        return self.plan.let.reduction in ("argmax", "argmin") and self.next in self.plan.let.over

    @property
    def reduces_here(self) -> bool:
        return self.plan.let.reduction is not None and self.depth == self.plan.first_over

    @property
    def follows_free(self) -> bool:
        """The next loop is over a free index and outside the let's reduction."""
        return self.depth < min(self.plan.first_over, len(self.plan.path))

    def under(self, index: Index) -> Member:
        assert self.next is not None
        return replace(self, depth=self.depth + 1, names={**self.names, self.next: index})

    def bound(self, indices: Sequence[Index]) -> tuple[Index, ...]:
        return tuple(self.names[index] for index in indices if index in self.names)

    def renamed(self, expression: Expression) -> Expression:
        moves = {old: at(new) for old, new in self.names.items() if old != new}
        return substitute_positions(expression, moves)

    def moved(self, position: Position) -> Position:
        base = position.base
        if isinstance(base, Index):
            return Position(self.names.get(base, base), position.offset)
        if isinstance(base, Read):
            return Position(self.renamed(base), position.offset)
        return position


@dataclass
class _Slot:
    """A loop being filled (or statements, where `dimension` is None)."""

    dimension: Dimension | None
    members: list[Member] = field(default_factory=list)
    direction: Literal[-1, 0, 1] = 0
    waits: frozenset[Condition] = frozenset()

    @property
    def has_products(self) -> bool:
        """Whether there are products to be made in blocks of this loop."""
        return not self.direction and any(
            one.plan.factors is not None and one.plan.factors.rows == one.next
            for one in self.members
        )

    def takes(self, unit: Sequence[Member], waits: frozenset[Condition] = frozenset()) -> bool:
        """Whether a unit may share the loop. What waits for the same goes into loops of its own, which
        aren't run where it doesn't hold."""
        first = unit[0]
        if first.next is None or self.dimension is None:
            # What hangs on no loop stands before all, so that it ends none that others could join.
            return first.next is None and self.dimension is None
        if self.dimension != first.next.dimension or self.waits != waits:
            return False
        direction = _direction(unit)
        if direction and self.direction and direction != self.direction:
            return False
        downwards = -1 in (direction, self.direction)
        return not (downwards and any(one.wants_order for one in (*unit, *self.members)))


def arrange(
    members: Sequence[Member],
    around: tuple[Index, ...],
    kept: frozenset[str] = frozenset(),
    in_block: bool = False,
) -> tuple[Item, ...]:
    """The items of one level. `kept` are lets that have an array anyway (outputs). What is `in_block` are
    rows beside products of them."""
    slots: list[_Slot] = [_Slot(None)]
    place: dict[str, tuple[int, Member]] = {}
    for unit in _with_copies(list(_units(members))):
        number = _slot_for(unit, slots, place, in_block)
        slots[number].members += unit
        slots[number].direction = slots[number].direction or _direction(unit)
        for member in unit:
            place[member.name] = number, member
    items: list[Item] = []
    for one in slots:
        if one.dimension is None:
            for member in one.members:
                items.append(_statement(member))
        else:
            if one.has_products:
                items += _blocks(one, around, kept)
            else:
                items += _loop(one, around, kept, in_block=in_block)
    return tuple(items)


def _units(members: Sequence[Member]) -> Iterator[list[Member]]:
    """What goes into one loop whatever happens: the lets of a recurrence, else one let."""
    unit: list[Member] = []
    for member in members:
        if unit and not (member.is_led and member.plan.group is unit[0].plan.group):
            yield unit
            unit = []
        unit.append(member)
    if unit:
        yield unit


def _direction(unit: Sequence[Member]) -> Literal[-1, 0, 1]:
    """That of a recurrence in the unit: a copy for it may stand before."""
    return next((one.direction for one in unit if one.direction), 0)


def _with_copies(units: list[list[Member]]) -> list[list[Member]]:
    """Units in which a copy goes into the loop of the first that reads it, row by row."""
    found: list[list[Member]] = []
    for unit in reversed(units):
        if unit[0].plan.is_copy:
            reader = next((other for other in found[::-1] if _reads(other, unit[0])), None)
            if reader is not None and all(_pointwise(one, unit[0]) for one in reader):
                reader.insert(0, unit[0])
                continue
        found.append(list(unit))
    return found[::-1]


def _reads(unit: Sequence[Member], made: Member) -> bool:
    return any(read.tensor == made.name for one in unit for read in one.plan.let.reads)


def _slot_for(
    unit: Sequence[Member],
    slots: list[_Slot],
    place: Mapping[str, tuple[int, Member]],
    in_block: bool,
) -> int:
    lowest = 0
    index = unit[0].next
    read_slots = set()
    for member in unit:
        for read in member.plan.reads:
            if read.tensor not in place:
                continue
            slot, producer = place[read.tensor]
            if _is_of_another_step(read, member, producer):
                continue
            read_slots.add(slot)
            statement = slots[slot].dimension is None  # these follow in the order of the lets
            together = index is None if statement else _pointwise(member, producer)
            lowest = max(lowest, slot if together else slot + 1)
    waits = _waits(unit, place)
    is_flat = _is_flat(unit, in_block)
    for number in range(lowest, len(slots)):
        # In a step of a recurrence a loop that holds others would end the vectors of one that holds none,
        # and so it would in a row beside products, where what is held is for few entries.
        is_apart = is_flat is not None and _is_flat(slots[number].members, in_block) == (
            not is_flat
        )
        joins = not is_apart or (number in read_slots and not in_block)
        if joins and slots[number].takes(unit, waits):
            return number
    slots.append(_Slot(None if index is None else index.dimension, waits=waits))
    return len(slots) - 1


def _is_flat(members: Sequence[Member], in_block: bool) -> bool | None:
    """Whether the next loop of members is the last of each; None where that is no matter, or where there is
    none."""
    stepping = all(one.plan.group.is_recurrence and one.direction == 0 for one in members)
    if not stepping and not (in_block and all(map(_is_flat_or_seldom, members))):
        return None
    left = [len(one.plan.path) - one.depth for one in members]
    return None if not left or min(left) == 0 else max(left) == 1


def _is_flat_or_seldom(member: Member) -> bool:
    """Whether the next loop of a member is its last, or what follows is for those of its entries alone that a
    guard names."""
    _, *inner = member.plan.path[member.depth :] or (None,)
    asked = indices_of(member.plan.guard)
    return not inner or (member.next in asked and asked.isdisjoint(inner))


def _waits(unit: Sequence[Member], place: Mapping[str, tuple[int, Member]]) -> frozenset[Condition]:
    """What the guards of a unit ask of what was computed before its next loop."""
    return frozenset(
        part
        for member in unit
        for part in conjuncts(member.plan.guard)
        if member.next is not None and member.next not in indices_of(part)
        if any(read.tensor in place for read in reads(part))
    )


def _is_of_another_step(read: Read, member: Member, producer: Member) -> bool:
    """Whether an earlier step of the loops around has made what is read."""
    group = member.plan.group
    if producer.plan.group is not group:
        return False
    free = producer.plan.let.free
    return any(
        index in member.names and read.positions[free.index(index)].offset != 0
        for index in group.indices
    )


def _pointwise(member: Member, producer: Member) -> bool:
    """Whether the reader takes, in every iteration of a common loop, what that iteration makes."""
    index, made = member.next, producer.next
    if index is None or made is None or not producer.follows_free:
        return False
    if index.dimension != made.dimension:
        return False
    axis = producer.plan.let.free.index(made)
    return all(
        read.positions[axis].index == index
        for read in member.plan.reads
        if read.tensor == producer.name
    )


def _statement(member: Member) -> Item:
    let = member.plan.let
    if member.plan.ordering is not None:
        return _ordered(member)
    if let.reduction is None:
        return Assign(let.name, member.bound(let.free), member.renamed(let.body))
    scattered = member.plan.scattered
    # Before the renaming: a loop may have got the name of an axis that is scattered over.
    body = member.renamed(substitute_positions(let.body, scattered))
    guard = member.renamed(substitute_positions(member.plan.guard, scattered))
    positions = tuple(
        member.moved(scattered[axis]) if axis in scattered else at(member.names[axis])
        for axis in member.plan.axes
    )
    value = member.names[let.over[0]] if let.reduction in ("argmax", "argmin") else None
    return Accumulate(let.name, positions, body, guard, value)


def _ordered(member: Member) -> Ordered:
    """A row along an order: under the name of its last index nothing is read."""
    let, found = member.plan.let, member.plan.ordering
    assert found is not None
    own = _fresh(let.free[-1], tuple(member.names.values()))

    def row(read: Read) -> Read:
        return read.at((*map(member.moved, read.positions[:-1]), at(own)))

    where = (*(member.names[one] for one in let.free[:-1]), own)
    return Ordered(let.name, where, found.mapped(row))


def _blocks(slot: _Slot, around: tuple[Index, ...], kept: frozenset[str]) -> list[Item]:
    """A loop in blocks: products for all rows of a block, and loops over its rows."""
    first = slot.members[0].next
    assert first is not None
    index = _fresh(first, around)
    kept |= {read.tensor for one in slot.members if one.plan.factors for read in one.plan.let.reads}
    parts: list[_Slot | Member] = []
    place: dict[str, int] = {}
    for unit in _units(slot.members):
        lowest = 0
        for read in (read for member in unit for read in member.plan.reads):
            if read.tensor in place:
                made = place[read.tensor]
                together = not isinstance(parts[made], Member) and unit[0].plan.factors is None
                lowest = max(lowest, made if together else made + 1)
        number = _part_for(unit, parts, lowest)
        place.update({member.name: number for member in unit})
    before: list[Item] = []
    items: list[Item] = []
    after: list[Item] = []
    for part in parts:
        made_of = (
            _product(part, index)
            if isinstance(part, Member)
            else _loop(part, around, kept, index, in_block=True)
        )
        for item in made_of:
            goal = {Start: before, Loop: items, Product: items}.get(type(item), after)
            goal.append(item)
    return [*before, Block(index, tuple(items)), *after]


def _part_for(unit: Sequence[Member], parts: list[_Slot | Member], lowest: int) -> int:
    """The part of a loop in blocks that a unit goes into."""
    if unit[0].plan.factors is not None:
        parts.append(unit[0])
        return len(parts) - 1
    for number in range(lowest, len(parts)):
        part = parts[number]
        if isinstance(part, _Slot) and part.takes(unit):
            break
    else:
        assert unit[0].next is not None
        number, part = len(parts), _Slot(unit[0].next.dimension)
        parts.append(part)
    part.members += unit
    part.direction = part.direction or unit[0].direction
    return number


def _product(member: Member, rows: Index) -> Iterator[Item]:
    """The product of a block, and the accumulator that a product over the rows has."""
    let, factors = member.plan.let, member.plan.factors
    assert factors is not None and member.next is not None
    names = {**member.names, member.next: rows}
    for index in let.indices:
        if index not in names:
            names[index] = _fresh(index, tuple(names.values()))
    inner = replace(member, names=names)
    at = tuple(names[index] for index in let.free)
    terms = factors.terms.mapped(inner.renamed)
    product = Product(let.name, at, terms, names[factors.over], inner.renamed(factors.guard))
    if factors.over != member.next:
        yield product
        return
    axes = tuple(names[index] for index in let.free if index not in member.names)
    yield Start(let.name, axes)
    yield product
    yield Finish(let.name, at, axes)


def _loop(
    slot: _Slot,
    around: tuple[Index, ...],
    kept: frozenset[str],
    given: Index | None = None,
    in_block: bool = False,
) -> list[Item]:
    """The loop of a slot, over the index `given` if there is one."""
    first = slot.members[0].next
    assert first is not None
    index = _fresh(first, around) if given is None else given
    before: list[Item] = []
    after: list[Item] = []
    inner = []
    for member in slot.members:
        let = member.plan.let
        if member.reduces_here:
            own = _own_axes(member, (*around, index))
            names = {**member.names, **own}
            before.append(Start(let.name, tuple(own.values())))
            at = tuple(names[one] for one in let.free)
            after.append(Finish(let.name, at, tuple(own.values())))
        under = member.under(index)
        peeled = _peel(under, slot, kept)
        if peeled is not None:
            under, fixes = peeled
            after += fixes
        inner.append(under)
    body = arrange(inner, (*around, index), kept, in_block)
    return [*before, Loop(index, body, slot.direction), *after]


def _own_axes(member: Member, around: tuple[Index, ...]) -> dict[Index, Index]:
    """The axes of a reduction's accumulator, under names that neither its loop nor one around
    has."""
    found: dict[Index, Index] = {}
    for axis in member.plan.axes:
        found[axis] = _fresh(axis, (*around, *found.values()))
    return found


def _fresh(index: Index, around: tuple[Index, ...]) -> Index:
    names = {one.name for one in around}
    name, number = index.name, 0
    while name in names:
        number += 1
        name = f"{index.name}_{number}"
    return Index(name, index.dimension)


def _peel(member: Member, slot: _Slot, kept: frozenset[str]) -> tuple[Member, list[Peeled]] | None:
    """An elementwise let whose body branches on `k == label[n]`, k being its innermost loop: the
    loop takes the other branch, and an assignment after it mends the point."""
    let = member.plan.let
    if let.reduction is not None or member.next is not None or let.name not in kept:
        return None
    if member.plan.is_whole:
        return None
    index = member.plan.path[-1]
    if index in member.plan.group.indices:
        return None
    if any(let.name == read.tensor for one in slot.members for read in one.plan.let.reads):
        return None
    found = deltas(let.body, index)
    if not found:
        return None
    outside = replace(member, names={k: v for k, v in member.names.items() if k != index})
    fixes = []
    for position in dict.fromkeys(found.values()):
        body = outside.renamed(substitute_positions(let.body, {index: position}))
        where = member.bound(let.free)
        fixes.append(Peeled(let.name, where, member.names[index], outside.moved(position), body))
    lighter = replace(let, body=otherwise(let.body, set(found)))
    if not reads_in_range(lighter, index):
        return None
    return replace(member, plan=replace(member.plan, let=lighter)), fixes
