"""From loops to the text of a Numba module: one function a step, and an entry that runs them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from objc.targets._conditional import computable_everywhere
from objc.targets._ranks import ranked
from objc.targets._series import as_long_as_asked
from objc.targets._written import Written
from objc.targets.cpu.layout import Layout, shape_of
from objc.targets.cpu.places import Writing
from objc.targets.cpu.separable import separated
from objc.targets.cpu.steps import StepText

from objc.ir.index import BATCH, Dimension
from objc.ir.program import Program
from objc.schedule import Products, schedule
from objc.schedule.cost import operations
from objc.schedule.loops import Block, Blocked, Loop, Loops, Ordered, Product, Serial, walk
from objc.schedule.narrow import few, is_light, narrow
from objc.schedule.rows import with_orders
from objc.target import DType, Emitted

FEW = 47
"""Entries of a row up to which many rows stand side by side,"""

FEW_ASKED = 23
"""or up to which, where a row by itself is asked what it may do without,"""

FEW_LIGHT: Mapping[DType, int] = {"float32": 15, "float64": 7}
"""and up to which where rows are so light that to turn them takes longer: less than a vector of them."""

FEW_SORTED = 63
"""Entries of a row up to which each is compared with each instead of sorting them."""

FEW_PAIRS = 8
"""Rows, and columns, of an example's matrices up to which a product costs more than its loops,"""

FEW_APART = 12
"""and up to which distances do."""

FEW_SEQUENCES = 2
"""Examples whose recurrences take less time one after the other than side by side."""

ERRORS = 5
"""Numbers in the report of a bad position: rank, site, position, extent, example."""


def emit(program: Program, dtype: DType) -> Emitted:
    """The text of a program; `metadata` says how the driver is to call it."""
    kernel, second = forms(program, dtype)
    metadata = kernel.metadata() | _usual(kernel)
    if second is not None:
        metadata["narrow"] = {
            "text": second.whole(),
            "metadata": second.metadata() | _usual(second),
            "few": few_entries(kernel, second),
        }
    return Emitted(program.name, kernel.whole(), dtype, metadata)


def few_entries(wide: Kernel, narrow: Kernel) -> dict[str, int]:
    """The dimensions that are to be small for the second of two forms, and how many entries at most."""
    along = _ordered(wide.loops)
    if along:
        sorts = sorted(one.name for one in along if one.size is None)
        return dict.fromkeys([*sorts, *few(narrow.loops)], FEW_SORTED)
    pairs, most = _pairs(wide.loops)
    if pairs:
        return {one.name: most for one in pairs if one.size is None}
    if _is_abreast(wide.loops):
        return {BATCH.name: FEW_SEQUENCES}
    most = _most(wide.loops, wide.dtype)
    return dict.fromkeys(few(narrow.loops), min(FEW_ASKED, most) if wide.asks_rows else most)


def _most(loops: Loops, dtype: DType) -> int:
    """The entries of a row up to which rows stand side by side."""
    return FEW_LIGHT[dtype] if is_light(loops) else FEW


def _ordered(loops: Loops) -> set[Dimension]:
    """The dimensions along which rows are sorted, or run along an order."""
    return {one.at[-1].dimension for one in _along(loops)}


def _along(loops: Loops) -> list[Ordered]:
    items = (item for step in loops.steps for item, _ in walk(step.items))
    return [item for item in items if isinstance(item, Ordered)]


def _pairs(loops: Loops) -> tuple[tuple[Dimension, ...], int]:
    """The rows and columns of the first product of an example's matrices, if there are such, and how many
    are few."""
    for step in loops.steps:
        for item, around in walk(step.items):
            if isinstance(item, Product) and any(isinstance(one, Block) for one in around):
                most = FEW_APART if item.terms.is_of_differences else FEW_PAIRS
                return tuple(index.dimension for index in item.at[-2:]), most
    return (), FEW_PAIRS


def _is_abreast(loops: Loops) -> bool:
    """Whether the steps of recurrences are made for many examples at once."""
    return any(
        isinstance(item, Product)
        and any(isinstance(one, Loop) and one.direction != 0 for one in around)
        for step in loops.steps
        for item, around in walk(step.items)
    )


def _usual(kernel: Kernel) -> dict[str, Any]:
    """The text for the usual hyperparameters, where a kernel has more than that: it is compiled first,
    in a fraction of the time, and often nothing else is."""
    if not kernel.has_forms:
        return {}
    first = Kernel(
        kernel.loops, kernel.dtype, kernel.prefix, is_usual=True, is_narrow=kernel.is_narrow
    )
    return {"usual": {"text": first.whole(), "metadata": first.metadata()}}


def scheduled(
    program: Program, dtype: DType, products: Products = Products.EACH, sorts: bool = True
) -> Loops:
    """The loops of a program as they are emitted; where it `sorts`, rows are reduced along an order."""
    program = computable_everywhere(as_long_as_asked(separated(program), dtype))
    rows = with_orders(program) if sorts else ranked(program)
    return schedule(rows, products, in_place=sorts)


def forms(
    program: Program, dtype: DType, prefixes: tuple[str, str] = ("", "")
) -> tuple[Kernel, Kernel | None]:
    """A program's kernel, and where that is another, one for rows of few entries, which takes them side by
    side and compares each with each instead of sorting them, or one for matrices of few entries, which
    multiplies them row by row, or one for few examples, whose recurrences run one after the other. Rows that
    are added up as they stand have one form. The names of their functions begin with the prefixes."""
    loops = scheduled(program, dtype)
    along = _ordered(loops)
    if along and all(one.ordering.is_in_place for one in _along(loops)):
        return Kernel(loops, dtype, prefixes[0]), None
    if along:
        by_pairs = scheduled(program, dtype, sorts=False)
        if any(one.size is None or one.size > FEW_SORTED for one in along):
            turned = narrow(by_pairs, FEW_SORTED)
            is_narrow = turned is not None
            beside = Kernel(turned or by_pairs, dtype, prefixes[1], is_narrow=is_narrow)
            return Kernel(loops, dtype, prefixes[0]), beside
        loops = by_pairs
    pairs, most = _pairs(loops)
    known = [one.size for one in pairs if one.size is not None]
    if pairs and all(size <= most for size in known):
        by_rows = scheduled(program, dtype, Products.ALL)
        if len(known) == len(pairs):
            return Kernel(by_rows, dtype, prefixes[0]), None
        return Kernel(loops, dtype, prefixes[0]), Kernel(by_rows, dtype, prefixes[1])
    if _is_abreast(loops):
        one_by_one = scheduled(program, dtype, Products.ALL)
        return Kernel(loops, dtype, prefixes[0]), Kernel(one_by_one, dtype, prefixes[1])
    turned = narrow(loops, _most(loops, dtype))
    second = None if turned is None else Kernel(turned, dtype, prefixes[1], is_narrow=True)
    return Kernel(loops, dtype, prefixes[0]), second


class Kernel(Written):
    """The parts of one program's text. Its functions are named with a prefix."""

    def __init__(
        self,
        loops: Loops,
        dtype: DType,
        prefix: str = "",
        is_usual: bool = False,
        is_narrow: bool = False,
    ) -> None:
        self.prefix = prefix
        self.loops = loops
        self.dtype: DType = dtype
        self.is_narrow = is_narrow
        self.layout = Layout(dtype)
        self.sites: list[tuple[str, int]] = []
        self.functions: set[str] = set()
        writing = Writing(
            loops, dtype, prefix, self.layout, self.sites, self.functions,
            is_usual=is_usual, is_narrow=is_narrow,
        )  # fmt: skip
        steps = [StepText(writing, number) for number in range(len(loops.steps))]
        self.texts = [one.text() for one in steps]
        self.calls = [one.call() for one in steps]
        self.has_forms = any(one.has_forms for one in steps)
        self.asks_rows = any(one.asked_rows for one in steps)
        self.questions = [one.question for one in steps if one.question]
        self.require_filled()
        self.run = self.entry()  # it takes slots too, so it is written before they are told

    def head(self) -> str:
        names = ", ".join(sorted({*self.functions, "step", "view"}))
        return "\n".join(
            [
                '"""A kernel that objc has made."""',
                "",
                "import math",
                "",
                "from numba import float32, float64, int64",
                f"from objc.targets.cpu.library import {names}",
            ]
        )

    def body(self) -> str:
        return "\n\n\n".join([*self.texts, self.run])

    def entry(self) -> str:
        """Runs the steps from `begin` to `end`, and of a parallel step the chunks from `first` to
        `last`."""
        lines = [f"def {self.prefix}entry(slots, values, scratch, begin, end, first, last):"]
        lines.append(f"    errors = view(scratch, ({ERRORS},), int64)")
        lines += [f"    {view} = {text}" for view, text in self.layout.views.items()]
        for question in self.questions:
            lines += [f"    {question}", "    if errors[0] >= 3:", "        return"]
        lines.append("    for number in range(begin, end):")
        for number, (step, call) in enumerate(zip(self.loops.steps, self.calls, strict=True)):
            lines.append(f"        if number == {number}:")
            margin = " " * 12
            if not isinstance(step, Serial):
                chunks = f"slots[{self.layout.slot('chunks', number)}]"
                lines.append(f"{margin}for chunk in range(first, min(last, {chunks})):")
                margin += "    "
            if isinstance(step, Blocked):
                blocks = f"slots[{self.layout.slot('blocks', number)}]"
                group = f"slots[{self.layout.slot('group', number)}]"
                lines.append(f"{margin}own = chunk * {group}")
                lines.append(f"{margin}for block in range(own, min({blocks}, own + {group})):")
                margin += "    "
            lines.append(f"{margin}{call}")
            lines.append(f"{margin}if errors[0] == 3:")
            lines.append(f"{margin}    return")
        if not self.calls:
            lines.append("        pass")
        return "\n".join(lines)

    def metadata(self) -> dict[str, Any]:
        results = self.results()  # it takes slots too
        steps = tuple(self._step(number) for number in range(len(self.loops.steps)))
        return {**self.layout.metadata(), "steps": steps, "sites": tuple(self.sites), **results}

    def _step(self, number: int) -> tuple[Any, ...] | None:
        """None for a serial step; else the extent that is divided, the operations of an iteration,
        the numbers that one chunk accumulates in arrays, whether the step is in blocks, and the numbers
        that a row of a block keeps of the steps of recurrences."""
        step = self.loops.steps[number]
        if isinstance(step, Serial):
            return None
        dimension = step.index.dimension
        extent = dimension.name if dimension.size is None else dimension.size
        partial = [
            shape_of(axis.dimension for axis in start.axes)
            for start in step.reductions
            if start.axes
        ]
        work = tuple((count, names) for names, count in operations(step).items())
        return extent, work, tuple(partial), isinstance(step, Blocked), self._held()

    def _held(self) -> tuple[Any, ...]:
        """The shapes of what rows of a block keep, for every step of a recurrence, until their adjoints."""
        found = []
        for name, one in self.loops.storage.items() if _is_abreast(self.loops) else ():
            if one.kind == "scratch" and one.block is not None and one.axes[0] != one.block:
                dimensions = self.loops.program.let[name].dimensions
                found.append(shape_of(dimensions[axis] for axis in one.axes if axis != one.block))
        return tuple(found)
