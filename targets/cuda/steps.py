"""One step of a schedule as the text of one function for a device, for one size of team.

The text is Numba-CUDA's: what a thread does. A team of one thread does the turns of the outer loop as
they stand; a larger one shares the loops inside (see `sharing`), and puts the sums of its threads
together in a fixed order. Sums in float32 carry what rounding loses of them beside them, so that no
double precision is needed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from objc.targets.cpu.places import Writing
from objc.targets.cuda.held import Rows
from objc.targets.cuda.layout import Mode, Number
from objc.targets.cuda.online import Online
from objc.targets.cuda.places import Quads
from objc.targets.cuda.reductions import CHOICES
from objc.targets.cuda.sharing import Access, Sharing
from objc.targets.cuda.spreading import Shares, phases_of
from objc.targets.cuda.tiles import Tiles, tiled_loops

from objc.ir.index import Index
from objc.ir.program import Let
from objc.schedule.loops import (
    Assign,
    Item,
    Loop,
    Parallel,
    Peeled,
    Serial,
    walk,
)


@dataclass(frozen=True)
class Piece:
    """A loop of a step whose rows are taken in blocks, as a step: the number of the item."""

    item: int
    step: Parallel


class StepText(Tiles, Shares):
    """Writes a step for teams of one mode."""

    asks_rows = False  # a row has many threads
    has_ends = False

    def __init__(
        self,
        writing: Writing,
        number: int,
        mode: Mode,
        four: bool = False,
        rows: Rows | None = None,
        most: int = 0,
        piece: Piece | None = None,
        phase: int | None = None,
        follows: Parallel | None = None,
    ) -> None:
        super().__init__(writing, number)
        self.phase = phase
        self.piece = piece
        if piece is not None:
            self.step = piece.step
            self.name = f"{self.name}_{piece.item + 1}"
        self.step = follows or self.step
        self.set_mode(mode, four, rows)
        self.most = most  # threads of a block, where more than the registers of any function allow
        step = self.step
        outside = step.reductions if isinstance(step, Parallel) else ()
        items = step.loop.body if isinstance(step, Parallel) else step.items
        self.sharing = Sharing(self.loops, items, outside, four)
        self.phases = None
        if phase is not None and isinstance(step, Parallel):
            self.phases = phases_of(self.loops, step, self.sharing)
            self.function = f"{self.function}_{phase + 1}"
        self.alone = mode in ("thread", "tile")
        self.tiled = tiled_loops(self.loops, step) if mode == "tile" else []  # type: ignore[arg-type]
        self.private: set[str] = set()
        self.begun: set[str] = set()
        self.pending: list[Access] = []

    # -------------------------------------------------------------- the function

    def text(self) -> str:
        if isinstance(self.step, Parallel):
            self._parallel(self.step)
        else:
            assert isinstance(self.step, Serial)  # products are loops here, so nothing is in blocks
            self._serial(self.step)
        head = [*self._team(), *self.arguments.head(), *self._kept(), *self._shared_tiles()]
        head += [f"    {name} = {text}" for name, text in sorted(self.head.items())]
        head += [f"    {name} = {text}" for name, text in self.registers.items()]
        names = self.arguments.signature()
        signature = f"def {self.function}({', '.join(names)}):"
        if len(signature) > 100:
            inner = "".join(f"    {one},\n" for one in names)
            signature = f"def {self.function}(\n{inner}):"
        return "\n".join(["@kernel", signature, *head, *(self.lines or ["    pass"])])

    def _kept(self) -> list[str]:
        """The rows that this team keeps, and what the assembler has to know."""
        lines = [f"    most_threads = {self.most}"] if self.most else []
        if self.rows.count:
            assert self.rows.dimension is not None
            extent = self.layout.extent(self.rows.dimension)
            number = "cuda.threadIdx.x // 32" if self.mode == "warp" else "0"
            lines += [
                f"    rows = cuda.shared.array(0, {self.dtype})",
                f"    first = {number} * ({self.rows.count} * {extent})",
            ]
            for n in range(self.rows.count):
                span = f"first + {n} * {extent} : first + {n + 1} * {extent}"
                lines.append(f"    held_{n + 1} = rows[{span}]")
        return lines

    def _team(self) -> list[str]:
        """Who this thread is: `lane` of `width` in `team` of `teams`."""
        if isinstance(self.step, Serial):
            return ["    lane = cuda.threadIdx.x", "    width = cuda.blockDim.x"]
        match self.mode:
            case "thread":
                lines = [
                    "team = cuda.blockIdx.x * cuda.blockDim.x + cuda.threadIdx.x",
                    "teams = cuda.gridDim.x * cuda.blockDim.x",
                ]
            case "tile":
                lines = [
                    "lane = cuda.threadIdx.x",
                    "width = cuda.blockDim.x",
                    "team = cuda.blockIdx.x * width + lane",
                    "teams = cuda.gridDim.x * width",
                ]
            case "spread":
                self.arguments.add("parts", "parts")
                lines = [
                    "share = cuda.blockIdx.x % parts",
                    "lane = share * cuda.blockDim.x + cuda.threadIdx.x",
                    "width = parts * cuda.blockDim.x",
                    "team = cuda.blockIdx.x // parts",
                    "teams = cuda.gridDim.x // parts",
                ]
            case "warp":
                lines = [
                    "lane = cuda.threadIdx.x % 32",
                    "width = 32",
                    "team = cuda.blockIdx.x * (cuda.blockDim.x // 32) + cuda.threadIdx.x // 32",
                    "teams = cuda.gridDim.x * (cuda.blockDim.x // 32)",
                ]
            case "block":
                lines = [
                    "lane = cuda.threadIdx.x",
                    "width = cuda.blockDim.x",
                    "team = cuda.blockIdx.x",
                    "teams = cuda.gridDim.x",
                ]
        return [f"    {line}" for line in lines]

    def _parallel(self, step: Parallel) -> None:
        number: Number = self.number if self.piece is None else (self.number, self.piece.item)
        starts = [one for one in step.reductions if self._is_of_phase(one.let)]
        for start in starts:
            let = self.program.let[start.let]
            self.begun.add(let.name)
            self.layout.parts[let.name] = number
            if start.axes:
                self._first_clear(let, start.axes)
            else:
                self._scalar_start(let)
        if any(start.axes for start in starts):
            self._wait()
        index = step.loop.index
        name = self._index_name(index)
        if self.piece is not None:
            row, rows = self._row_name(index), self.arguments.add("many", "rows")
            self._line(f"for {row} in range(team, {rows}, teams):")
            self._line(f"    {name} = {self.arguments.add('lo', 'lo')} + {row}")
            self._inside(step.loop, step.loop.body, index)
        elif self.phases is not None:
            self._line(f"for {name} in range(team, {self.layout_extent(index)}, teams):")
            self._inside(step.loop, self.phases.of(self.phase or 0), index)
        elif self.tiled:
            sums = [self.program.let[start.let] for start in step.reductions]
            with self._rows_of_block(name, self.layout_extent(index), sums):
                self._inside(step.loop, step.loop.body, index)
        elif self.four and self.alone:
            self._by_four(step.loop, "team", self.layout_extent(index), "teams")
        else:
            self._line(f"for {name} in range(team, {self.layout_extent(index)}, teams):")
            self._inside(step.loop, step.loop.body, index)
        for start in starts:
            if not start.axes:
                self._give_part(self.program.let[start.let])

    def _first_clear(self, let: Let, axes: Sequence[Index]) -> None:
        """Clear an accumulator, of rows in blocks before the first of them."""
        if self.piece is None:
            self._clear(let, axes)
            return
        self._line(f"if {self.arguments.add('lo', 'lo')} == 0:")
        self.indent += 1
        self._clear(let, axes)
        self.indent -= 1

    def _give_part(self, let: Let) -> None:
        """The block's part of a sum over the outer loop."""
        name = self._accumulator(let)
        if not (self.alone or let.name in self.private):  # all have the same: one of them counts
            self._line("if lane > 0:")
            self.indent += 1
            self._scalar_start(let)
            self.indent -= 1
        self._together(let, "block")
        self._line("if cuda.threadIdx.x == 0:")
        self.indent += 1
        mine = [name]
        theirs = [f"{self._part(let)}[cuda.blockIdx.x, 0]"]
        if let.reduction in CHOICES:
            mine.append(self.layout.name("best", let.name))
            theirs.append(f"{self._part(let, 'best')}[cuda.blockIdx.x, 0]")
        elif self._is_compensated(let):
            mine.append(self._rest(let))
            theirs.append(f"{self._part(let)}[cuda.blockIdx.x, 1]")
        if self.piece is not None:
            self._line(f"if {self.arguments.add('lo', 'lo')} > 0:")
            self._line(f"    {', '.join(mine)} = {self._with_part(let, mine, theirs)}")
        for one, other in zip(mine, theirs, strict=True):
            self._line(f"{other} = {one}")
        self.indent -= 1

    def _serial(self, step: Serial) -> None:
        for finish in step.combines:
            if not finish.axes:
                self._combine(self.program.let[finish.let])
        self._items(step.items)

    def _combine(self, let: Let) -> None:
        """The parts of a sum, put together in the order of the blocks."""
        number = self.layout.parts[let.name]
        name = self._accumulator(let)
        part = self._part(let)
        kind = self._combined_kind(let)
        self._scalar_start(let, kind)
        self._line(f"for c in range(lane, {self._blocks(number)}, width):")
        self.indent += 1
        if let.reduction in CHOICES:
            best = self.layout.name("best", let.name)
            other = f"{part}[c, 0], {self._part(let, 'best')}[c, 0]"
            self._line(f"{name}, {best} = {self._chosen(let)}({name}, {best}, {other})")
        else:
            x = f"{part}[c, 0]"
            if kind == "float64" and self.dtype == "float32":
                rest = f"{part}[c, 1]" if self._is_compensated(let) else None
                x = f"float64({x})" if rest is None else f"rounded(float64({x}), float64({rest}))"
                self.functions.add("rounded")
            self._line(f"{name} = {self._join(let, name, x, kind)}")
        self.indent -= 1
        self._together(let, "block", kind)
        if kind == "float64":
            self.wide.add(let.name)
        self._finished(let, (), name)

    def _combined_kind(self, let: Let) -> str:
        return "int64" if let.domain.is_integer else "float64"

    # -------------------------------------------------------------- items

    def _items(self, items: Sequence[Item]) -> None:
        for item in items:
            found = [] if self.alone else self._wait_for(item)
            self.in_place = isinstance(item, Assign) and any(
                one.overwrites(other) for one in found for other in found
            )
            super()._items([item])
            self.in_place = False
            # afterwards: what a reduction writes comes behind the wait that is a part of it
            self.pending += [one for one in found if one not in self.pending]

    def _wait_for(self, item: Item) -> list[Access]:
        """Wait where an item needs it; what it touches."""
        if isinstance(item, Loop) and not self.sharing.is_shared(item):
            return []  # what is in it waits by itself
        found = list(self.sharing.accesses(item))
        if any(one.clashes(other) for one in self.pending for other in found):
            self._wait()
        return found

    def _inside(self, loop: Loop, body: Sequence[Item], index: Index) -> None:
        """The turns of a loop that the team does one after the other."""
        self.indent += 1
        self.around.append(index)
        self.visible.append({})
        self.facts.append(self.facts[-1].inside(index))
        before = len(self.lines)
        if isinstance(loop, Online) and body is loop.body:
            first, body = loop.halves()
            self._items(first)
            for one in loop.rescales:
                self._rescale(one)
        self._enter_body(body)
        self._items(body)
        if self.phases is not None and loop is getattr(self.step, "loop", None):
            self._leave_shares()
        self._leave_body()
        if not self.alone:
            again = [access for one in body for access in self.sharing.accesses(one)]
            apart = None if loop.direction else index
            if any(one.clashes(other, apart) for one in self.pending for other in again):
                self._wait()
        if len(self.lines) == before:
            self._line("pass")
        self.facts.pop()
        self.visible.pop()
        self.around.pop()
        self.indent -= 1

    def _loop(self, loop: Loop, extent: str) -> None:
        if loop in self.tiled:
            self._tiled(loop, extent)
            return
        before = list(self.pending)
        super()._loop(loop, extent)
        if not self.alone and not self.sharing.is_shared(loop):
            # it may have no turn, and then nobody has waited in it
            self.pending += [one for one in before if one not in self.pending]

    def _plain_loop(self, loop: Loop, extent: str) -> None:
        if self.alone:
            super()._plain_loop(loop, extent)
            return
        name = self._index_name(loop.index)
        if self.sharing.is_shared(loop):
            self.alone = True
            if self.sharing.goes_by_four(loop):
                self._by_four(loop, "lane", extent, "width")
            else:
                self._line(f"for {name} in range(lane, {extent}, width):")
                self._inside(loop, loop.body, loop.index)
            self.alone = False
            return
        counter = self.layout.name("step", loop.index.name) if loop.direction else name
        self._line(f"for {counter} in range({extent}):")
        if loop.direction:
            ahead = counter if loop.direction > 0 else f"{extent} - 1 - {counter}"
            self._line(f"    {name} = {ahead}")
        self._inside(loop, loop.body, loop.index)

    def _tiled(self, loop: Loop, extent: str) -> None:
        """Nothing is asked before the loop: the threads of a block come to it together."""
        with self._tile(loop, extent) as count:
            assert self.tile is not None
            if self.four:
                self._by_four(loop, "0", count, "1", f"{self.tile.begin} + ")
                return
            self._line(f"for s in range({count}):")
            self._line(f"    {self._index_name(loop.index)} = {self.tile.begin} + s")
            self._inside(loop, loop.body, loop.index)

    def _by_four(self, loop: Loop, one: str, extent: str, all_of: str, begin: str = "") -> None:
        """Four turns of a loop at once, or eight where entries are short: what stands side by side is read
        and written together."""
        name, count = self._index_name(loop.index), self.layout.at_once
        first = f"{name}_{count}"
        self._line(f"for {first} in range({count} * {one}, {extent}, {count} * {all_of}):")
        self.indent += 1
        before = len(self.lines)
        self.quads = Quads(loop.index, loop)
        halves = loop.halves() if isinstance(loop, Online) else (loop.body,)
        for number, body in enumerate(halves):
            if number and isinstance(loop, Online):
                for one_of in loop.rescales:
                    self._rescale(one_of)
            self._line(f"for u in range({count}):")
            self._line(f"    {name} = {begin}{first} + u")
            self._inside(loop, body, loop.index)
        quads, self.quads = self.quads, None
        margin = "    " * self.indent
        ahead = [f"{margin}take({one}, {row}, {first})" for one, row in quads.taken.items()]
        ahead += [
            f"{margin}put({quads.kept[row]}, {first}, {one})"
            for one, row in quads.taken.items()
            if row in quads.kept
        ]
        ahead += [f"{margin}{few} = float32(0.0)" for few in quads.sums]
        self.lines[before:before] = ahead
        for few, (total, rest) in quads.sums.items():
            self._line(f"{total}, {rest} = plus({total}, {rest}, {few})")
        for one, row in quads.put.items():
            self._line(f"put({row}, {first}, {one})")
        puts = quads.put or quads.kept
        self.functions.update(["take"] if quads.taken else [], ["put"] if puts else [])
        self.indent -= 1

    def _peeled(self, item: Peeled) -> None:
        depth = self.indent
        self._by_first()
        super()._peeled(item)
        self.indent = depth


def inner_loops(step: Parallel, sharing: Sharing) -> list[Loop]:
    """The loops that a team shares."""
    return [
        item
        for item, _ in walk(step.loop.body)
        if isinstance(item, Loop) and sharing.is_shared(item)
    ]
