"""Long rows that several blocks take together: a launch for every part of the row's work that waits for sums
over all of it.

Each block goes through its share of the row's entries, the same in every launch, and leaves what it has
of a sum; the next launch puts these together, every block for itself and all in the same order.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from objc.targets.cuda.held import read_by, reads_of
from objc.targets.cuda.online import Follows, Rescale
from objc.targets.cuda.reductions import CHOICES
from objc.targets.cuda.sharing import Sharing

from objc.ir.index import Index
from objc.ir.program import Let
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
    walk,
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
        if self.again or self._overwrites():
            return None
        starts = {
            item.let: self.sums.get(item.let, 0) for item in self.body if isinstance(item, Start)
        }
        placed = tuple(
            (starts[item.let], item) if isinstance(item, Start) else (phase, item)
            for phase, item in found
        )
        return Phases(placed, self.sums)

    def _overwrites(self) -> bool:
        """Whether an item outside of the loops reads what another let takes the place of: later launches do
        it again, and other blocks at another time."""
        makers: dict[str, set[str]] = {}
        for item, _ in walk(self.body):
            if isinstance(item, Assign | Finish | Peeled):
                makers.setdefault(self._array(item.let), set()).add(item.let)
        single = [item for item in self.body if not isinstance(item, Loop)]
        return any(makers.get(self._array(name), set()) - {name} for name in read_by(single))

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


class Shares(Follows):
    """Writes what a block has of the sums over a row, and takes what all of them have."""

    phases: Phases | None
    """The launches of the step, where this text is one of them; `phase` is its number."""
    phase: int | None

    def _is_of_phase(self, let: str) -> bool:
        """Whether this launch, of several that go over rows, adds to a sum over all rows."""
        if self.phases is None:
            return True
        added: set[int | None] = {
            phase for phase, item in self.phases.items if getattr(item, "let", None) == let
        }
        return self.phase in (added or {self.phases.sums.get(let)})

    def _leave_shares(self) -> None:
        """What this block has of the sums over the row of this launch, for the next one."""
        assert self.phases is not None
        outer = {one.let for one in self.step.reductions}  # type: ignore[union-attr]
        for name, phase in self.phases.sums.items():
            if phase != self.phase or name in outer:
                continue
            let = self.program.let[name]
            self._together(let, "block")
            if name in self._extremes():
                self._rescale(self._extremes()[name])
            assert self.outer is not None
            place = f"{self._index_name(self.outer)}, share"
            self._line("if cuda.threadIdx.x == 0:")
            for one, other in zip(self._parts_of(let), self._shared_parts(let, place), strict=True):
                self._line(f"    {other} = {one}")

    def _shared_parts(self, let: Let, place: str) -> list[str]:
        """Where a block's parts of a sum are, for a row and a block."""
        if let.reduction in CHOICES:
            return [f"{self._shares(let)}[{place}, 0]", f"{self._shares(let, 'best')}[{place}, 0]"]
        count = len(self._parts_of(let))
        return [f"{self._shares(let)}[{place}, {n}]" for n in range(count)]

    def _take_shares(self, let: Let) -> None:
        """A sum over a row, of what its blocks have of it."""
        assert self.outer is not None
        self._scalar_start(let)
        self._line("for c in range(parts):")
        self.indent += 1
        place = f"{self._index_name(self.outer)}, c"
        mine, theirs = self._parts_of(let), self._shared_parts(let, place)
        for one in self._extremes().values():
            if let.name in (one.count, one.sum):
                theirs = self._rescaled_share(one, let, place)
        self._line(f"{', '.join(mine)} = {self._with_part(let, theirs, mine)}")
        self.indent -= 1

    def _rescaled_share(self, one: Rescale, let: Let, place: str) -> list[str]:
        """What a block has of a count or a sum, brought to the greatest of all blocks."""
        found = {}
        for name in (one.count, one.sum):
            held = self._shared_parts(self.program.let[name], place)
            found[name] = [self.layout.name(f"of{n}", name) for n in range(len(held))]
            for mine, theirs in zip(found[name], held, strict=True):
                self._line(f"{mine} = {theirs}")
        (most,) = self._shared_parts(self.program.let[one.extreme], place)
        self._line(f"if {most} != {self._known(one)}:")
        self.indent += 1
        self._scaled(one, (most, self._known(one)), found[one.count], found[one.sum])
        self.indent -= 1
        return found[let.name]

    def _start(self, item: Start) -> None:
        if self.phases is None or self.phases.sums.get(item.let) == self.phase:
            super()._start(item)

    def _finish(self, item: Finish) -> None:
        let = self.program.let[item.let]
        if self.phases is not None and item.let in self.phases.sums:
            self._take_shares(let)
            self.private.discard(item.let)
        super()._finish(item)
