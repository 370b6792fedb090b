"""What would be kept whole, and grows as the square of a size, is computed again by each loop that reads it.

The scores of all pairs are as many as the items times the items. A loop that needs them again, after a
sum over all of them, has the items at hand and makes the scores of a few rows at a time.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TypeAlias

from objc.ir.index import BATCH, Dimension, Index
from objc.ir.parts import found_in
from objc.ir.program import Let, Names, Program
from objc.ir.recurrence import groups, members
from objc.ir.spelling import spelled
from objc.ir.symbols import Read, reads
from objc.schedule.loops import (
    Accumulate,
    Assign,
    Item,
    Loop,
    Loops,
    Parallel,
    Product,
    Serial,
    Storage,
    walk,
)
from objc.schedule.order import Plan, plan
from objc.schedule.written import written

_REDUCTIONS = (None, "sum", "prod", "max", "min")

_Nest: TypeAlias = tuple[int, ...]
"""Loops that take rows in one order: the step, and within the examples of a batch the loop."""


@dataclass(frozen=True)
class Copy:
    """What a let is a copy of, and the axis of that which each of its own is."""

    of: str
    axes: tuple[int, ...]


def repeated(
    program: Program, loops: Loops, made: Mapping[str, Copy]
) -> tuple[Program, Mapping[str, Copy]] | None:
    """The program in which loops have copies of their own of what is kept whole, with the axis first
    that their rows run along, and what its copies are, `made` among them; None if there is nothing to
    copy."""
    copying = _Copying(program, loops, made)
    lets = [one for let in program.lets for one in copying.written(let)]
    if not copying.changed:
        return None
    wanted = set(program.outputs.values())
    for let in reversed(lets):
        if let.name in wanted or let.name not in copying.spared:
            wanted |= {read.tensor for read in _all_reads(let)}
    unread = copying.spared - wanted
    return program.with_lets(one for one in lets if one.name not in unread), copying.made


class _Copying:
    """Writes the lets of a program anew, with copies before those that read them."""

    def __init__(self, program: Program, loops: Loops, made: Mapping[str, Copy]) -> None:
        self.made = dict(made)
        self.nests = _nests(loops)
        self.large = _large(program, loops, self.nests)
        self.outer = {name: _outer(one) for name, one in _plans(program).items()}
        self.names = Names.of(program)
        self.copies = {
            (copy, self.nests[name]): program.let[name]
            for name, copy in made.items()
            if name in self.nests
        }
        self.seen: set[str] = set()
        self.changed = False

    @property
    def spared(self) -> set[str]:
        """What need not be made where nothing reads it any more."""
        return {*self.large, *self.made}

    def written(self, let: Let) -> Iterator[Let]:
        """The copies that a let is the first to read, then the let."""
        swaps = {}
        for read in _all_reads(let):
            nest = self.nests.get(let.name)
            if nest is None or read.tensor not in self.large:
                continue
            elsewhere = self.nests[read.tensor] != nest
            if elsewhere and (places := _diagonal(read)):
                few = Let(self.names.fresh(f"diagonal_{read.tensor}"), places, read)
                yield few
                swaps[read] = few.read(*places)
                continue
            copy, axes = self._copy_for(read, let)
            if not elsewhere and axes == tuple(range(len(axes))):
                continue
            known = self.copies.get((copy, nest))
            if known is None or known.name not in self.seen:
                known = self._copied(self.large[read.tensor], copy, axes)
                self.copies[copy, nest] = known
                yield known
                self.seen.add(known.name)
            swaps[read] = known.read(*(read.positions[axis] for axis in axes))
        if swaps:
            self.changed = True
            let = replace(let, body=let.body.xreplace(swaps), guard=let.guard.xreplace(swaps))
        self.seen.add(let.name)
        yield let

    def _copy_for(self, read: Read, let: Let) -> tuple[Copy, tuple[int, ...]]:
        """The copy that a let is to read, and its axes as those of what it reads."""
        axes = list(range(len(read.positions)))
        places = [position.index for position in read.positions]
        outer = self.outer[let.name]
        first = next((a for a in axes if self.large[read.tensor].dimensions[a] != BATCH), 0)
        if outer in places and places[first] != outer:
            axes.insert(first, axes.pop(places.index(outer)))
        whole = self.made.get(read.tensor) or Copy(read.tensor, tuple(range(len(axes))))
        return Copy(whole.of, tuple(whole.axes[axis] for axis in axes)), tuple(axes)

    def _copied(self, let: Let, copy: Copy, axes: tuple[int, ...]) -> Let:
        name = self.names.fresh(let.name)
        self.made[name] = copy
        return replace(let, name=name, free=tuple(let.free[axis] for axis in axes))


def is_whole(let: Let, storage: Storage) -> bool:
    """Whether an array holds a let for as many points as the square of a size, or more: in blocks of
    rows it does not."""
    if storage.kind == "stored":
        return True
    held = [let.dimensions[axis] for axis in storage.axes if axis != storage.block]
    return storage.kind == "scratch" and _open_axes(held).total() > 1


def _diagonal(read: Read) -> tuple[Index, ...]:
    """The indices of a read that has one of them twice: what it reads are few, and made with the whole."""
    indices = [position.index for position in read.positions]
    found = tuple(dict.fromkeys(index for index in indices if index is not None))
    return found if None not in indices and len(found) < len(indices) else ()


def _nests(loops: Loops) -> Mapping[str, _Nest]:
    """The loops in which each let is computed, as far as a step in chunks does it."""
    found: dict[str, _Nest] = {}
    for number, step in enumerate(loops.steps):
        if isinstance(step, Serial):
            continue
        inside = isinstance(step, Parallel) and step.index.dimension == BATCH
        for item, around in walk(step.items):
            if isinstance(item, Assign | Accumulate | Product):
                nest = (number, *(id(loop) for loop in around[1:2])) if inside else (number,)
                found.setdefault(item.let, nest)
    return found


def _plans(program: Program) -> Mapping[str, Plan]:
    found: dict[str, Plan] = {}
    places = {name: program.let[name] for name in written(program)}
    for group in groups(program):
        for let in group.lets:
            if let.name not in places:
                found[let.name] = plan(let, group, found, places)
    return found


def _outer(plan: Plan) -> object:
    """The index that a let's rows run along."""
    return next((index for index in plan.path if index.dimension != BATCH), None)


def _large(program: Program, loops: Loops, nests: Mapping[str, _Nest]) -> Mapping[str, Let]:
    """Lets that are kept whole, with more entries than what they are made of, but where as many are kept
    that no loop makes again."""
    kept_out = members(program) | program.gathered | _serial(loops)
    whole = [
        let
        for let in program.lets
        if let.name in loops.storage and is_whole(let, loops.storage[let.name])
    ]
    stays = [_open_axes(let.dimensions) for let in whole if let.name in kept_out]
    found: dict[str, Let] = {}
    for let in program.lets:
        # What examples add up to is one for all of them: no loop goes through the batch again for it.
        of_batch = any(index.dimension == BATCH for index in let.over)
        plain = not let.domain.is_integer and let.reduction in _REDUCTIONS and not of_batch
        if plain and let.name not in kept_out and _grows(let, program, found):
            found[let.name] = let
    return {
        let.name: let
        for let in whole
        if let.name in found and let.name in nests
        if not any(_open_axes(let.dimensions) <= axes for axes in stays)
    }


def _grows(let: Let, program: Program, large: Mapping[str, Let]) -> bool:
    """Whether a let has two open axes or more, and nothing that it reads has them all but what is
    such a let itself."""
    axes = _open_axes(let.dimensions)
    return axes.total() > 1 and all(
        read.tensor in large or not axes <= _open_axes(program.tensor(read.tensor).dimensions)
        for read in _all_reads(let)
    )


def _open_axes(dimensions: Iterable[Dimension]) -> Counter[str]:
    return Counter(one.name for one in dimensions if one.size is None)


def _serial(loops: Loops) -> frozenset[str]:
    """What a step reads that runs once."""
    items: list[Item] = []
    for step in loops.steps:
        if isinstance(step, Serial):
            items += [item for item, _ in walk(step.items)]
    return frozenset(
        read.tensor for item in items if hasattr(item, "body") and not isinstance(item, Loop)
        for read in reads(item.body)
    )  # fmt: skip


def _all_reads(let: Let) -> list[Read]:
    return sorted({*found_in(let.body, Read), *found_in(let.guard, Read)}, key=spelled)
