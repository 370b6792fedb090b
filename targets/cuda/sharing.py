"""Which loops of a step the threads of a team share, and where they have to wait for each other.

A team takes one turn of the outer loop together. A loop inside of it whose turns write apart is shared:
its turns go round among the threads. Everything else is done by all of them alike, and what is written
there by the first alone. Between a write and another thread's read or write of the same memory the
team waits.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import sympy

from objc.ir.index import Index, Position
from objc.ir.program import Program
from objc.ir.symbols import Read, reads
from objc.schedule.loops import (
    Accumulate,
    Assign,
    Finish,
    Item,
    Loop,
    Loops,
    Peeled,
    Start,
    walk,
)

MEMORY = ("scratch", "output", "stored", "lent")


@dataclass(frozen=True)
class Access:
    """One read or write of an array, at `positions` along the axes that it is kept with. `owner` says
    which thread does it: the axis whose index goes round among the threads, the first thread, or
    None for all of them."""

    array: str
    writes: bool
    owner: int | str | None
    positions: tuple[Position, ...]

    def clashes(self, other: Access, apart: Index | None = None) -> bool:
        """Whether another access must wait for this one. Two that have the index `apart` in the same
        place are of different turns of its loop, which touch different entries."""
        if self.array != other.array or not (self.writes or other.writes):
            return False
        if self.owner is not None and self.owner == other.owner:
            return False
        return not any(
            mine.index == apart and theirs.index == apart
            for mine, theirs in zip(self.positions, other.positions, strict=False)
            if apart is not None
        )

    def overwrites(self, other: Access) -> bool:
        """Whether this one, of the first thread, may write what another thread is yet to read."""
        if not self.writes or not self.clashes(other):
            return False
        places = zip(self.positions, other.positions, strict=True)
        return not any(mine.base == its.base and mine.offset != its.offset for mine, its in places)


class Sharing:
    """The plan of one step for teams of several threads."""

    def __init__(
        self, loops: Loops, items: Sequence[Item], outside: Sequence[Start], four: bool = False
    ) -> None:
        self.loops = loops
        self.four = four
        self.program: Program = loops.program
        self.axes = {start.let: start.axes for start in outside}
        self.axes |= {
            item.let: item.axes for item, _ in walk(tuple(items)) if isinstance(item, Start)
        }
        self.shared: dict[int, Loop] = {}
        self._plan(items)

    def is_shared(self, loop: Loop) -> bool:
        return id(loop) in self.shared

    def goes_by_four(self, loop: Loop) -> bool:
        """Whether four turns of a shared loop are done at once by a thread."""
        return self.four and self.may_go_by_four(loop)

    def may_go_by_four(self, loop: Loop) -> bool:
        """Whether a shared loop has no loops inside."""
        return self.is_shared(loop) and is_simple(loop)

    def _plan(self, items: Sequence[Item]) -> None:
        for item in items:
            if isinstance(item, Loop):
                if self._may_be_shared(item) and not self._leaves_it_to_inner(item):
                    self.shared[id(item)] = item
                else:
                    self._plan(item.body)

    def _leaves_it_to_inner(self, loop: Loop) -> bool:
        """A loop around nothing but a loop: the inner one runs along memory."""
        match loop.body:
            case (Loop() as inner,):
                return self._may_be_shared(inner) or self._leaves_it_to_inner(inner)
        return False

    def _may_be_shared(self, loop: Loop) -> bool:
        """Whether the turns of a loop write apart from each other."""
        if loop.direction or loop.index.dimension.size in (1, 2, 3, 4):
            return False
        inside = {item.let for item, _ in walk(loop.body) if isinstance(item, Start)}
        for item, around in walk(loop.body):
            ordered = any(isinstance(one, Loop) and one.direction for one in around)
            if ordered and not isinstance(item, Loop):
                return False
            match item:
                case Start(axes=axes) if axes:
                    return False
                case Assign(let=let, at=at):
                    if not self._writes_apart(let, at, loop.index):
                        return False
                case Finish(let=let, at=at, axes=axes):
                    if axes or not self._writes_apart(let, at, loop.index):
                        return False
                case Peeled(at=at, peeled=peeled):
                    if loop.index not in at or peeled == loop.index:
                        return False
                case Accumulate(let=let, at=places):
                    plain = any(place.index == loop.index for place in places)
                    if let not in inside and places and not plain:
                        return False
        return True

    def _writes_apart(self, let: str, at: Sequence[Index], index: Index) -> bool:
        storage = self.loops.storage[let]
        if storage.kind not in MEMORY:
            return storage.kind == "local"
        return bool(storage.axes) and any(at[axis] == index for axis in storage.axes)

    # -------------------------------------------------------------- accesses

    def accesses(self, item: Item, index: Index | None = None) -> Iterator[Access]:
        """What an item touches; `index` is that of the shared loop around it."""
        match item:
            case Loop(body=body):
                inner = item.index if self.is_shared(item) else index
                by_four = self.goes_by_four(item)
                for one in body:
                    for access in self.accesses(one, inner):
                        if by_four and isinstance(access.owner, int):
                            access = replace(access, owner=f"{access.owner} by four")
                        yield access
            case Assign(let=let, at=at, body=body):
                yield from self._read(body, index)
                yield from self._written(let, [Position(one) for one in at], index)
            case Peeled(let=let, at=at, body=body, peeled=peeled, position=position):
                places = [position if one == peeled else Position(one) for one in at]
                yield from self._read(body, index)
                yield from self._written(let, places, index)
            case Start(let=let, axes=axes) if axes:
                yield Access(f"sum {let}", True, len(axes) - 1, ())
            case Accumulate(let=let, at=places, body=body, guard=guard):
                yield from self._read(body, index)
                if guard != sympy.true:
                    yield from self._read(guard, index)
                for place in places:
                    if isinstance(place.base, Read):
                        yield from self._read(place.base, index)
                if places:
                    yield Access(f"sum {let}", True, self._owner(places, index), tuple(places))
            case Finish(let=let, at=at, axes=axes):
                if axes:
                    yield Access(f"sum {let}", False, len(axes) - 1, ())
                    yield from self._written(let, [Position(one) for one in at], axes[-1])
                else:
                    yield from self._written(let, [Position(one) for one in at], index)

    def _read(self, body: object, index: Index | None) -> Iterator[Access]:
        for read in reads(body):
            let = self.program.let.get(read.tensor)
            if let is None or not let.free:
                continue
            storage = self.loops.storage[let.name]
            if storage.kind in MEMORY:
                places = tuple(read.positions[axis] for axis in storage.axes)
                owner = None if index is None else self._axis(places, index)
                yield Access(storage.of or let.name, False, owner, places)

    def _written(
        self, let: str, places: Sequence[Position], index: Index | None
    ) -> Iterator[Access]:
        storage = self.loops.storage[let]
        if places and storage.kind in MEMORY:
            held = tuple(places[axis] for axis in storage.axes)
            yield Access(storage.of or let, True, self._owner(held, index), held)

    def _owner(self, places: Sequence[Position], index: Index | None) -> int | str | None:
        return "first" if index is None else self._axis(places, index)

    def _axis(self, places: Sequence[Position], index: Index) -> int | None:
        found = [axis for axis, place in enumerate(places) if place.index == index]
        return found[-1] if found else None


def is_simple(loop: Loop) -> bool:
    """Whether a loop has nothing but statements."""
    return all(isinstance(item, Assign | Accumulate) for item in loop.body)
