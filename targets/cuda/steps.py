"""One step of a schedule as the text of one function for a device, for one size of team.

The text is Numba-CUDA's: what a thread does. A team of one thread does the turns of the outer loop as
they stand; a larger one shares the loops inside (see `sharing`), and puts the sums of its threads
together in a fixed order. Sums in float32 carry what rounding loses of them beside them, so that no
double precision is needed.
"""

from __future__ import annotations

from collections.abc import Sequence

from objc.targets.cpu import steps
from objc.targets.cpu.places import Writing
from objc.targets.cuda.held import Rows
from objc.targets.cuda.layout import Mode
from objc.targets.cuda.places import Places, Quads
from objc.targets.cuda.sharing import Access, Sharing

from objc.ir.index import Index, Position
from objc.ir.program import Let
from objc.schedule.loops import (
    Accumulate,
    Finish,
    Item,
    Loop,
    Parallel,
    Peeled,
    Serial,
    Start,
    walk,
)

CHOICES = ("argmax", "argmin")


class StepText(Places, steps.StepText):
    """Writes a step for teams of one mode."""

    def __init__(
        self,
        writing: Writing,
        number: int,
        mode: Mode,
        four: bool = False,
        rows: Rows | None = None,
        most: int = 0,
    ) -> None:
        super().__init__(writing, number)
        self.set_mode(mode, four, rows)
        self.most = most  # threads of a block, where more than the registers of any function allow
        step = self.step
        outside = step.reductions if isinstance(step, Parallel) else ()
        items = step.loop.body if isinstance(step, Parallel) else step.items
        self.sharing = Sharing(self.loops, items, outside, four)
        self.alone = mode == "thread"  # whether a thread is by itself here
        self.private: set[str] = set()  # sums of which each thread has a part
        self.begun: set[str] = set()  # sums that the whole team has begun
        self.pending: list[Access] = []

    # -------------------------------------------------------------- the function

    def text(self) -> str:
        if isinstance(self.step, Parallel):
            self._parallel(self.step)
        else:
            assert isinstance(self.step, Serial)  # products are loops here, so nothing is in blocks
            self._serial(self.step)
        head = [*self._team(), *self.arguments.head(), *self._kept()]
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
        for start in step.reductions:
            let = self.program.let[start.let]
            self.begun.add(let.name)
            if start.axes:
                self._clear(let, start.axes)
            else:
                self._scalar_start(let)
        if any(start.axes for start in step.reductions):
            self._wait()
        index = step.loop.index
        name = self._index_name(index)
        extent = self.layout_extent(index)
        if self.four and self.alone:
            self._by_four(step.loop, "team", extent, "teams")
        else:
            self._line(f"for {name} in range(team, {extent}, teams):")
            self._inside(step.loop, step.loop.body, index)
        for start in step.reductions:
            if not start.axes:
                self._give_part(self.program.let[start.let])

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
        part = self._part(let, self.number)
        parts = [f"{part}[cuda.blockIdx.x, 0] = {name}"]
        if let.reduction in CHOICES:
            best = self._part(let, self.number, "best")
            parts.append(f"{best}[cuda.blockIdx.x, 0] = {self.layout.name('best', let.name)}")
        elif self._is_compensated(let):
            parts.append(f"{part}[cuda.blockIdx.x, 1] = {self._rest(let)}")
        for one in parts:
            self._line(f"    {one}")

    def _serial(self, step: Serial) -> None:
        for finish in step.combines:
            if not finish.axes:
                self._combine(self.program.let[finish.let])
        self._items(step.items)

    def _combine(self, let: Let) -> None:
        """The parts of a sum, put together in the order of the blocks."""
        number = self.number - 1
        name = self._accumulator(let)
        part = self._part(let, number)
        kind = self._combined_kind(let)
        self._scalar_start(let, kind)
        self._line(f"for c in range(lane, {self._blocks(number)}, width):")
        self.indent += 1
        if let.reduction in CHOICES:
            best = self.layout.name("best", let.name)
            other = f"{part}[c, 0], {self._part(let, number, 'best')}[c, 0]"
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
            super()._items([item])
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

    def _wait(self) -> None:
        self._line("cuda.syncwarp()" if self.mode == "warp" else "cuda.syncthreads()")
        self.pending.clear()

    def _inside(self, loop: Loop, body: Sequence[Item], index: Index) -> None:
        """The turns of a loop that the team does one after the other."""
        self.indent += 1
        self.around.append(index)
        self.visible.append({})
        self.facts.append(self.facts[-1].inside(index))
        before = len(self.lines)
        self._enter_body(body)
        self._items(body)
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

    def _by_four(self, loop: Loop, one: str, extent: str, all_of: str) -> None:
        """Four turns of a loop at once, or eight where entries are short: what stands side by side is read
        and written together."""
        name, count = self._index_name(loop.index), self.layout.at_once
        first = f"{name}_{count}"
        self._line(f"for {first} in range({count} * {one}, {extent}, {count} * {all_of}):")
        self.indent += 1
        before = len(self.lines)
        self.quads = Quads(loop.index, loop)
        self._line(f"for u in range({count}):")
        self.indent += 1
        self._line(f"{name} = {first} + u")
        self.indent -= 1
        self._inside(loop, loop.body, loop.index)
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

    def _by_first(self) -> None:
        """What follows is the first thread's to do."""
        if not self.alone:
            self._line("if lane == 0:")
            self.indent += 1

    def _finished(self, let: Let, at: Sequence[Index], text: str) -> None:
        local = self.layout.name("v", let.name)
        self._line(f"{local} = {text}")
        self.visible[-1][let.name] = tuple(at)
        self.kinds[let.name] = self._kind(let)
        storage = self.loops.storage[let.name]
        depth = self.indent
        if not let.free and storage.kind in ("shared", "output"):
            self._by_first()
            self._hand_on(let, local)
            self.layout.filled.add(let.name)
        elif let.free and storage.kind != "local":
            self._by_first()
            self._store(let, at, local)
        self.indent = depth

    def _peeled(self, item: Peeled) -> None:
        depth = self.indent
        self._by_first()
        super()._peeled(item)
        self.indent = depth

    # -------------------------------------------------------------- reductions

    def _is_compensated(self, let: Let) -> bool:
        return let.reduction == "sum" and not let.domain.is_integer and self.dtype == "float32"

    def _accumulator_kind(self, let: Let) -> str:
        return "int64" if let.domain.is_integer else self.dtype

    def _rest(self, let: Let) -> str:
        """What rounding has lost of a sum."""
        return self.layout.name("rest", let.name)

    def _start(self, item: Start) -> None:
        let = self.program.let[item.let]
        if not self.alone:
            self.begun.add(let.name)
        if item.axes:
            self._clear(let, item.axes)
        else:
            self._scalar_start(let)

    def _scalar_start(self, let: Let, kind: str | None = None) -> None:
        name = self._accumulator(let)
        if let.reduction in CHOICES:
            start = "-math.inf" if let.reduction == "argmax" else "math.inf"
            self._line(f"{name} = -1")
            self._line(f"{self.layout.name('best', let.name)} = {self.dtype}({start})")
            return
        kind = kind or self._accumulator_kind(let)
        self._line(f"{name} = {self._identity(let, kind)}")
        if kind == "float32" and self._is_compensated(let):
            self._line(f"{self._rest(let)} = float32(0.0)")

    def _clear(self, let: Let, axes: Sequence[Index]) -> None:
        places = self._enter_axes(axes)
        kind = self._accumulator_kind(let)
        for name in self._buffers(let):
            self._line(f"{name}[{self._in_buffer(let, places)}] = {self._identity(let, kind)}")
        self._leave_axes(axes)

    def _enter_axes(self, axes: Sequence[Index], first: str | None = None) -> str:
        for axis in axes:
            extent = self.layout_extent(axis)
            shared = not self.alone and axis == axes[-1]
            turns = f"lane, {extent}, width" if shared else extent
            self._line(f"for {self._index_name(axis)} in range({turns}):")
            self.indent += 1
        return ", ".join(self._index_name(axis) for axis in axes)

    def _accumulate(self, item: Accumulate) -> None:
        let = self.program.let[item.let]
        self._hold(item.body)
        depth = self.indent
        if item.at:
            self._by_first()
        elif self.alone and let.name in self.begun:
            self.private.add(let.name)
        test, facts = self._asked_of(item)
        if test:
            self._line(f"if {test}:")
            self.indent += 1
        places, facts = self._places(let, item, facts)
        if item.value is not None:
            self._compare(let, item, facts)
        else:
            self._add(let, places, self._value(let, item.body, facts))
        self.indent = depth

    def _add(self, let: Let, places: str, text: str) -> None:
        """One more value for an accumulator."""
        names = [self._accumulator(let), self._rest(let)]
        if places:
            inside = self._in_buffer(let, places)
            names = [f"{name}[{inside}]" for name in self._buffers(let)]
        if self._is_compensated(let):
            self.functions.add("plus")
            total, rest = names
            if self.quads is not None and not places:
                self._add_few(let, total, rest, text)
            else:
                self._line(f"{total}, {rest} = plus({total}, {rest}, {text})")
        else:
            text = text if text.isidentifier() else f"({text})"
            kind = self._accumulator_kind(let)
            self._line(f"{names[0]} = {self._join(let, names[0], text, kind)}")

    def _add_few(self, let: Let, total: str, rest: str, text: str) -> None:
        """Entries that are moved together are added first: a few additions lose little, and what they lose
        is not worth six more for each."""
        assert self.quads is not None
        few = self.layout.name("few", let.name)
        self.quads.sums[few] = (total, rest)
        self._line(f"{few} = {few} + {text if text.isidentifier() else f'({text})'}")

    def _join(self, let: Let, total: str, x: str, kind: str) -> str:
        if let.reduction == "sum":
            return f"{total} + {x}"
        return super()._join(let, total, x, kind)

    def _chosen(self, let: Let) -> str:
        self.functions.add(function := f"first_{let.reduction}")
        return function

    def _together(self, let: Let, team: Mode, kind: str | None = None) -> None:
        """Every thread gets what the threads of a team have of a sum together."""
        name = self._accumulator(let)
        kind = kind or self._accumulator_kind(let)
        suffix = {"int64": "int", "float32": "32", "float64": "64"}[kind]
        if let.reduction in CHOICES:
            best = self.layout.name("best", let.name)
            function = f"{team}_{let.reduction}_{self.dtype[-2:]}"
            self._line(f"{name}, {best} = {function}({name}, {best})")
        elif kind == "float32" and self._is_compensated(let):
            function = f"{team}_pair_32"
            rest = self._rest(let)
            self._line(f"{name}, {rest} = {function}({name}, {rest})")
        else:
            function = f"{team}_{let.reduction}_{suffix}"
            self._line(f"{name} = {function}({name})")
        self.functions.add(function)
        if team == "block":
            self.pending.clear()

    def _finish(self, item: Finish) -> None:
        let = self.program.let[item.let]
        if item.axes:
            places = self._enter_axes(item.axes)
            names = [f"{one}[{self._in_buffer(let, places)}]" for one in self._buffers(let)]
            self._store(let, item.at, self._total(let, names))
            self._leave_axes(item.axes)
            return
        if not self.alone and let.name in self.private:
            self._together(let, self.mode)
        self._finished(let, item.at, self._total(let, [self._accumulator(let), self._rest(let)]))

    def _total(self, let: Let, names: Sequence[str]) -> str:
        if not self._is_compensated(let):
            return names[0]
        self.functions.add("rounded")
        return f"rounded({names[0]}, {names[1]})"

    def _store(self, let: Let, at: Sequence[Index], text: str) -> None:
        self.puts = True
        target = self._element(let, [Position(index) for index in at])
        self.puts = False
        self._line(f"{target} = {text}")
        self.layout.filled.add(let.name)


def inner_loops(step: Parallel, sharing: Sharing) -> list[Loop]:
    """The loops that a team shares."""
    return [
        item
        for item, _ in walk(step.loop.body)
        if isinstance(item, Loop) and sharing.is_shared(item)
    ]
