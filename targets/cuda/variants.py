"""A step as functions, one for every size of team that suits it, and for what it can be sure of: entries that
are moved several at once, rows that fit in shared memory."""

from __future__ import annotations

from typing import Any

from objc.targets.cpu.layout import shape_of
from objc.targets.cpu.places import Writing
from objc.targets.cuda.held import Rows, rows_of
from objc.targets.cuda.launching import MOST_THREADS
from objc.targets.cuda.layout import Layout, Mode, Number
from objc.targets.cuda.sharing import is_simple
from objc.targets.cuda.spreading import Phases, phases_of
from objc.targets.cuda.steps import Piece, StepText, inner_loops
from objc.targets.cuda.tiles import tiled_loops

from objc.schedule.loops import Loop, Parallel, walk


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
        first = self._text("block")
        self.inner = inner_loops(step, first.sharing)
        self.by_four = [one for one in self.inner if first.sharing.may_go_by_four(one)]
        if not self.inner and is_simple(step.loop) and piece is None:
            self.by_four = [step.loop]
        self.rows = Rows() if sized else rows_of(writing.loops, step, first.sharing, met)
        self.most = (
            MOST_THREADS if self.rows.count else 0
        )  # others want more registers than threads
        modes: tuple[Mode, ...] = ("block",) if sized else ("thread",)
        if self.inner and not sized:
            modes = ("thread", "warp", "block")
        if not sized and piece is None and tiled_loops(writing.loops, step):
            modes = ("tile", *modes)
        for mode in modes:
            self._write(mode)
        if "block" in modes and piece is None:
            self._spread(phases_of(writing.loops, step, first.sharing))

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
            if four.registers:
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
        self.functions[mode] = (plain.function, plain.arguments.described())

    def _spread(self, phases: Phases | None) -> None:
        """The functions for rows that several blocks share, one a launch."""
        if phases is None:
            return
        for four in (True, False) if self.by_four else (False,):
            found = []
            for phase in range(phases.count):
                one = StepText(self.writing, self.number, "spread", four, phase=phase)
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
        return StepText(self.writing, self.number, mode, four, rows, most, self.piece)
