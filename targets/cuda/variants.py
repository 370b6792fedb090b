"""A step as functions, one for every size of team that suits it, and for what it can be sure of: entries that
are moved several at once, rows that fit in shared memory."""

from __future__ import annotations

import re
from typing import Any

from objc.targets.cpu.layout import shape_of
from objc.targets.cpu.places import Writing
from objc.targets.cuda.held import Rows, rows_of
from objc.targets.cuda.launching import MOST_THREADS
from objc.targets.cuda.layout import Layout, Mode, Number
from objc.targets.cuda.online import online
from objc.targets.cuda.sharing import is_simple
from objc.targets.cuda.spreading import Phases, phases_of
from objc.targets.cuda.steps import Piece, StepText, inner_loops
from objc.targets.cuda.tiles import tiled_loops

from objc.schedule.loops import Loop, Parallel, walk

FEW_VALUES = 32
"""Scalars with names that a function of the most threads has room for in the 64 registers of each; one with
more runs with half of them. As ptxas has it for the library: from 35 on some spill."""

MOST_VALUES = 160
"""Scalars, and entries in registers, that a function may have that moves several entries at once, and words
of these entries: a thread has 255 registers, for addresses too."""


def most_threads(dtype: str) -> int:
    """Threads of a block that takes a long row: a number of float64 takes two registers."""
    return MOST_THREADS // 2 if dtype == "float64" else MOST_THREADS


_NAMED = re.compile(r"^ +((?:[afv]|rest|few)_\w+(?:, \w+)*) = ", re.MULTILINE)


def _named(text: str) -> int:
    """The scalars that a function names, all of which may be wanted at a time."""
    return len({name for line in _NAMED.findall(text) for name in line.split(", ")})


class Variants:
    """The functions of a step, or of a `piece` of one whose rows are taken in blocks; `met` are tensors
    that other items of it touch."""

    def __init__(
        self,
        writing: Writing,
        number: int,
        step: Parallel,
        piece: Piece | None = None,
        met: frozenset[str] = frozenset(),
    ) -> None:
        assert isinstance(writing.layout, Layout)
        self.writing = writing
        self.layout = writing.layout
        self.number = number
        self.step = step
        self.piece = piece
        self.texts: list[str] = []
        self.functions: dict[str, Any] = {}
        sized = any(start.axes for start in step.reductions)
        self.follows: Parallel | None = None
        first = self._text("block")
        self.follows = online(step, writing.loops)
        self.inner = inner_loops(step, first.sharing)
        self.by_four = [one for one in self.inner if first.sharing.may_go_by_four(one)]
        if not self.inner and is_simple(step.loop) and piece is None:
            self.by_four = [step.loop]
        self.rows = Rows() if sized else rows_of(writing.loops, step, first.sharing, met)
        # others want registers, not threads
        self.most = most_threads(self.layout.dtype) if self.rows.count else 0
        modes: tuple[Mode, ...] = ("block",) if sized else ("thread",)
        if self.inner and not sized:
            modes = ("thread", "warp", "block")
        if not sized and piece is None and tiled_loops(writing.loops, step):
            modes = ("tile", *modes)
        for mode in modes:
            self._write(mode)
        if "block" in modes and piece is None:
            shared = self._text("block")  # where the step follows the greatest entry, that one
            assert isinstance(shared.step, Parallel)
            self._spread(phases_of(writing.loops, shared.step, shared.sharing))

    def described(self) -> dict[str, Any]:
        """How the functions are launched; of a piece, `turns` are as many as there is room for."""
        key: Number = self.number if self.piece is None else (self.number, self.piece.item)
        dimension = self.step.loop.index.dimension
        return {
            "number": key,
            "turns": shape_of([dimension])[0] if self.piece is None else None,
            "inner": tuple(shape_of([one.index.dimension])[0] for one in self.inner),
            "functions": self.functions,
            "most": self.most,
            "in_order": any(
                isinstance(item, Loop) and item.direction != 0
                for item, _ in walk(self.step.loop.body)
            ),
        }

    def _write(self, mode: Mode) -> None:
        if self.by_four and (mode != "thread" or not self.inner):
            four = self._text(mode, True)
            text = four.text()
            entries = len(four.registers) * self.layout.at_once
            words = 2 * entries if self.layout.dtype == "float64" else entries
            if four.registers and max(_named(text) + entries, words) <= MOST_VALUES:
                self.texts.append(text)
                described = four.arguments.described()
                multiple = tuple(shape_of([one.index.dimension])[0] for one in self.by_four)
                self.functions[f"{mode}_four"] = (
                    four.function, described, multiple, self.layout.at_once,
                )  # fmt: skip
                if mode in ("warp", "block") and self.rows.count:
                    self._held(mode, self.rows, "held")
                for count in range(1, self.rows.count) if mode == "block" else ():
                    self._held(mode, self.rows.first(count), f"held_{count}")
        plain = self._text(mode)
        self.texts.append(plain.text())
        if _named(self.texts[-1]) > FEW_VALUES:  # known with the first function, and alike in all
            self.most = min(self.most, most_threads(self.layout.dtype) // 2)
        self.functions[mode] = (plain.function, plain.arguments.described())

    def _spread(self, phases: Phases | None) -> None:
        """The functions for rows that several blocks share, one a launch."""
        if phases is None:
            return
        for four in (True, False) if self.by_four else (False,):
            found = []
            for phase in range(phases.count):
                one = StepText(
                    self.writing, self.number, "spread", four, phase=phase, follows=self.follows
                )
                self.texts.append(one.text())
                found.append((one.function, one.arguments.described()))
            multiple = tuple(shape_of([one.index.dimension])[0] for one in self.by_four)
            form = "spread_four" if four else "spread"
            self.functions[form] = (tuple(found), multiple, self.layout.at_once)

    def _held(self, mode: Mode, rows: Rows, form: str) -> None:
        """The function for rows that fit in shared memory, all of them or the first ones."""
        assert rows.dimension is not None
        own = self._text(mode, True, rows)
        own.function = f"{own.name}_{mode}_{form}"
        self.texts.append(own.text())
        _, _, multiple, at_once = self.functions[f"{mode}_four"]
        (extent,) = shape_of([rows.dimension])
        shared = rows.count, extent, self.layout.dtype
        self.functions[f"{mode}_{form}"] = (
            own.function, own.arguments.described(), multiple, at_once, shared,
        )  # fmt: skip

    def _text(self, mode: Mode, four: bool = False, rows: Rows | None = None) -> StepText:
        most = getattr(self, "most", 0) if mode == "block" else 0
        follows = self.follows if rows is None and mode in ("warp", "block") else None
        return StepText(
            self.writing, self.number, mode, four, rows, most, self.piece, follows=follows
        )
