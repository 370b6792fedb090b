"""Long rows that several blocks take together: a launch for every part of the row's work that waits for sums
over all of it.

Each block goes through its share of the row's entries, the same in every launch, and leaves what it has
of a sum; the next launch puts these together, every block for itself and all in the same order.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from objc.targets.cuda.held import read_by, reads_of
from objc.targets.cuda.sharing import Sharing

from objc.ir.index import Index
from objc.schedule.loops import (
    Accumulate,
    Assign,
    Finish,
    Item,
    Loop,
    Loops,
    Parallel,
    Peeled,
    Start,
)


@dataclass(frozen=True)
class Phases:
    """The items of a row, each with the number of the launch that it belongs to, and the launch that adds
    to a sum."""

    items: tuple[tuple[int, Item], ...]
    sums: dict[str, int]

    @property
    def count(self) -> int:
        return 1 + max(phase for phase, _ in self.items)

    def of(self, number: int) -> tuple[Item, ...]:
        """What a launch does: its own loops, and what is told of a row before and after them, which is
        made anew by each launch that comes later."""
        found = []
        for phase, item in self.items:
            once = isinstance(item, Loop | Peeled | Accumulate)
            if phase == number or (phase < number and not once):
                found.append(item)
        return tuple(found)


def phases_of(loops: Loops, step: Parallel, sharing: Sharing) -> Phases | None:
    """The launches of a step whose rows can be shared by blocks; None if they can't."""
    if step.loop.direction or any(start.axes for start in step.reductions):
        return None
    found = _Plan(loops, step, sharing).phases()
    return None if found is None or _twice(found, step) else found


def _twice(phases: Phases, step: Parallel) -> bool:
    """Whether launches share a sum over all rows, or a row's sum is added to outside of its loop."""
    added = [(item.let, phase) for phase, item in phases.items if isinstance(item, Accumulate)]
    names = [let for let, _ in added]
    outer = {one.let for one in step.reductions}
    return len(set(added)) > len(set(names)) or any(
        name in phases.sums or name not in outer for name in names
    )


class _Plan:
    def __init__(self, loops: Loops, step: Parallel, sharing: Sharing) -> None:
        self.loops = loops
        self.outer = step.loop.index
        self.body = step.loop.body
        self.sharing = sharing
        self.now = 0
        self.again = False  # whether a sum is added to in several launches
        self.sums: dict[str, int] = {}
        self.written: dict[str, int] = {}

    def phases(self) -> Phases | None:
        rows = [one for one in self.body if isinstance(one, Loop)]
        if not rows or len({one.index.dimension for one in rows}) > 1:
            return None
        if not all(self.sharing.may_go_by_four(one) for one in rows):
            return None
        found = []
        for item in self.body:
            if not self._may(item):
                return None
            found.append((self._phase(item), item))
        starts = {
            item.let: self.sums.get(item.let, 0) for item in self.body if isinstance(item, Start)
        }
        placed = tuple(
            (starts[item.let], item) if isinstance(item, Start) else (phase, item)
            for phase, item in found
        )
        return Phases(placed, self.sums)

    def _may(self, item: Item) -> bool:
        """Whether an item adds to nothing but numbers, and a loop reads what is made along itself."""
        match item:
            case Loop(index=index, body=body):
                return all(self._may(one) for one in body) and self._reads_along(body, index)
            case Start(axes=axes) | Finish(axes=axes):
                return not axes
            case Accumulate(at=at):
                return not at
        return isinstance(item, Assign | Peeled)

    def _reads_along(self, body: Sequence[Item], index: Index) -> bool:
        rows = [row for row in self.body if isinstance(row, Loop)]
        made = {one.let for row in rows for one in row.body if isinstance(one, Assign)}
        return all(
            [place.index for place in read.positions] == [self.outer, index]
            for read in reads_of(body)
            if read.tensor in made and read.positions
        )

    def _phase(self, item: Item) -> int:
        """The launch of an item; a sum of this one, or a row that it has written, is whole in the next."""
        if isinstance(item, Loop):
            for one in item.body:
                if isinstance(one, Accumulate):
                    self.again = self.again or self.sums.get(one.let, self.now) != self.now
                    self.sums[one.let] = self.now
                elif isinstance(one, Assign):
                    self.written[self._array(one.let)] = self.now
            return self.now
        whole = {self._array(name) for name in read_by((item,))}
        if isinstance(item, Peeled):
            whole.add(self._array(item.let))
        waits = any(self.written.get(name) == self.now for name in whole)
        if isinstance(item, Finish):
            waits = waits or self.sums.get(item.let) == self.now
        self.now += waits
        return self.now

    def _array(self, name: str) -> str:
        storage = self.loops.storage.get(name)
        return name if storage is None else storage.of or name
