"""Sums over pairs, a thread for each row: the entries that all rows of a block are paired with go through
shared memory, a tile of them at a time, so that the block reads each once.

The threads of a block bring a tile together, so all of them take part to the end; those beyond the last
row repeat it, and what they have of sums is left out.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from objc.targets.cuda.held import reads_of
from objc.targets.cuda.places import Tile
from objc.targets.cuda.reductions import Reductions

from objc.ir.program import Let
from objc.schedule.loops import Accumulate, Assign, Loop, Loops, Parallel, walk

SPAN = 256
"""Entries of a tile."""


def tiled_loops(loops: Loops, step: Parallel) -> list[Loop]:
    """The loops of a step that go over tiles; none where a team of threads does better."""
    if any(start.axes for start in step.reductions) or step.loop.direction:
        return []
    inner = [item for item, _ in walk(step.loop.body) if isinstance(item, Loop)]
    found = [one for one in inner if one in step.loop.body and _is_tiled(one, loops, step)]
    return found if found and len(found) == len(inner) else []


def _is_tiled(loop: Loop, loops: Loops, step: Parallel) -> bool:
    """Whether a loop adds up what stands along it alone, and makes no arrays."""
    if loop.direction or loop.index.dimension.size is not None:
        return False
    for item in loop.body:
        match item:
            case Assign(let=let) if loops.storage[let].kind == "local":
                continue
            case Accumulate(at=()):
                continue
        return False
    made = {item.let for item in loop.body if isinstance(item, Assign)}
    read = [one for one in reads_of(loop.body) if one.tensor not in made]
    found = [[position.index for position in one.positions] for one in read]
    row, own = step.loop.index, loop.index
    return [own] in found and not any(row in one and own in one for one in found)


class Tiles(Reductions):
    """Writes the rows of a block, and the tiles that they share."""

    tiled: list[Loop]
    """The loops that go over tiles, where this text is of that form."""

    @contextmanager
    def _rows_of_block(self, name: str, extent: str, sums: list[Let]) -> Iterator[None]:
        """A turn of the outer loop for every thread; beyond the last row, for nobody."""
        self._line(f"for turn in range(cuda.blockIdx.x * width, {extent}, teams):")
        self.indent += 1
        self._line("live = turn + lane < " + extent)
        self._line(f"{name} = min(turn + lane, {extent} - 1)")
        parts = [part for let in sums for part in self._parts_of(let)]
        for one in parts:
            self._line(f"before_{one} = {one}")
        self.indent -= 1
        yield
        self.indent += 1
        if parts:
            self._line("if not live:")
            for one in parts:
                self._line(f"    {one} = before_{one}")
        self.indent -= 1

    def _by_first(self) -> None:
        if self.tiled:
            self._line("if live:")
            self.indent += 1
        else:
            super()._by_first()

    @contextmanager
    def _tile(self, loop: Loop, extent: str) -> Iterator[str]:
        """A loop over tiles, within which the tile's entries are gone through; how many there are."""
        begin, count = (self.layout.name(one, loop.index.name) for one in ("begin", "many"))
        self._line(f"for {begin} in range(0, {extent}, {SPAN}):")
        self.indent += 1
        self._line(f"{count} = min({SPAN}, {extent} - {begin})")
        self._line("cuda.syncthreads()")
        before = len(self.lines)
        self.tile = Tile(loop.index, begin)
        yield count
        brought, self.tile = self.tile.brought, None
        margin = "    " * self.indent
        turns = [f"{margin}for s in range(lane, {count}, width):"] if brought else []
        turns += [f"{margin}    {one}[s] = {row}[{begin} + s]" for one, row in brought.items()]
        self.lines[before:before] = [*turns, f"{margin}cuda.syncthreads()"]
        self.indent -= 1

    def _shared_tiles(self) -> list[str]:
        """The arrays that a block shares for its tiles."""
        return [
            f"    {name} = cuda.shared.array({SPAN}, {kind})"
            for name, kind in sorted(self.tile_kinds.items())
        ]
