"""Reductions of a step for a device: each thread has a part of a sum, and a team puts the parts together in
a fixed order.

Sums in float32 carry what rounding loses of them beside them, so that no double precision is needed.
"""

from __future__ import annotations

from collections.abc import Sequence

from objc.targets._facts import Facts
from objc.targets.cpu import steps
from objc.targets.cuda.layout import Mode
from objc.targets.cuda.places import Places
from objc.targets.cuda.sharing import Access

from objc.ir.index import Index, Position
from objc.ir.program import Let
from objc.schedule.loops import Accumulate, Finish, Start

CHOICES = ("argmax", "argmin")


class Reductions(Places, steps.StepText):
    """Writes the items of reductions."""

    def _wait(self) -> None:
        """Wait for the threads of the team."""
        self._line("cuda.syncwarp()" if self.mode == "warp" else "cuda.syncthreads()")
        self.pending.clear()

    alone: bool
    """Whether a thread is by itself here."""
    private: set[str]
    """Sums of which each thread has a part."""
    begun: set[str]
    """Sums that the whole team has begun."""
    pending: list[Access]
    in_place: bool = False
    """Whether what is stored takes the place of what the team has just read."""

    def _by_first(self) -> None:
        """What follows is the first thread's to do."""
        if not self.alone:
            if self.in_place:
                self._wait()
            self._line("if lane == 0:")
            self.indent += 1

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

    def _begin_value(self, let: Let, item: Accumulate) -> None:
        if item.at:
            self._by_first()
        elif self.alone and let.name in self.begun:
            self.private.add(let.name)

    def _adds_nothing(self, let: Let, item: Accumulate) -> bool:
        return False  # a branch costs a warp nothing where nobody takes it

    def _add(
        self, let: Let, item: Accumulate, places: str, facts: Facts, idle_unless: str = ""
    ) -> None:
        self._add_text(let, places, self._value(let, item.body, facts))

    def _add_text(self, let: Let, places: str, text: str) -> None:
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

    def _parts_of(self, let: Let) -> list[str]:
        """What a thread has of a sum."""
        if let.reduction in CHOICES:
            return [self._accumulator(let), self.layout.name("best", let.name)]
        if self._is_compensated(let):
            return [self._accumulator(let), self._rest(let)]
        return [self._accumulator(let)]

    def _with_part(self, let: Let, mine: Sequence[str], theirs: Sequence[str]) -> str:
        """A part of a sum with that of the rows before."""
        if let.reduction in CHOICES:
            return f"{self._chosen(let)}({', '.join([*theirs, *mine])})"
        if self._is_compensated(let):
            self.functions.add("join_pair")
            return f"join_pair({', '.join([*theirs, *mine])})"
        return self._join(let, theirs[0], mine[0], self._accumulator_kind(let))
