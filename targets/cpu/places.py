"""Where the expressions of a step stand: what is read from which array, and is it in range."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from objc.targets._conditional import Place, certain, place_of
from objc.targets._facts import Facts
from objc.targets.cpu.layout import Layout, shape_of
from objc.targets.cpu.mathematics import BELOW_ZERO, SPELLINGS
from objc.targets.cpu.precision import adds_to, in_float64
from objc.targets.cpu.printer import Printer

from objc.errors import InternalError
from objc.ir.index import BATCH, Dimension, Index, Position
from objc.ir.program import Input, Let, Program
from objc.ir.symbols import Condition, Expression, Extent, IndexValue, Read, position_value, reads
from objc.schedule.loops import (
    Blocked,
    Loops,
    Serial,
    Storage,
)
from objc.schedule.written import value_of, written_out
from objc.target import DType

_INDENT = "    "

MOST_ROWS = 128
"""Rows of a block within an example, at most."""


@dataclass(frozen=True)
class Writing:
    """The text of one kernel being written: what its steps have in common. `sites` are positions that
    are checked, `functions` those to import, `wide` the lets that are held in float64. `is_usual`: each
    step stands in one form only, for the hyperparameters that a call mostly has. `is_narrow`: rows have few
    entries."""

    loops: Loops
    dtype: DType
    prefix: str
    layout: Layout
    sites: list[tuple[str, int]] = field(default_factory=list)
    functions: set[str] = field(default_factory=set)
    wide: set[str] = field(default_factory=set)
    is_usual: bool = False
    is_narrow: bool = False

    @cached_property
    def certain(self) -> tuple[set[str], set[Place]]:
        """The lets of which every entry is taken, and the places that are read for certain."""
        return certain(self.loops.program)

    @cached_property
    def in_float64(self) -> frozenset[str]:
        """The tensors with axes that are held in float64."""
        return in_float64(self.loops)

    @cached_property
    def written(self) -> frozenset[str]:
        """The places that are written where they are read."""
        storage = self.loops.storage.items()
        return frozenset(name for name, one in storage if one.kind == "written")


class Places:
    """The scope that the expressions of a step are printed in."""

    spellings: Mapping[str, str] = SPELLINGS
    below_zero: Mapping[str, str] = BELOW_ZERO

    def __init__(self, writing: Writing, number: int) -> None:
        self.few = False
        self.is_twin = False
        self.settled: dict[str, Expression] = {}
        self.writing = writing
        self.loops = writing.loops
        self.program: Program = writing.loops.program
        self.number = number
        self.step = writing.loops.steps[number]
        self.dtype: DType = writing.dtype
        self.layout = writing.layout
        self.name = f"{writing.prefix}step_{number + 1}"
        self.sites = writing.sites
        self.functions = writing.functions
        self.wide = writing.wide
        self.outer = None if isinstance(self.step, Serial) else self.step.index
        self.block = self.outer if isinstance(self.step, Blocked) else None
        """The index of which a block of rows is taken, of the step or within an example."""
        self.lines: list[str] = []
        self.head: dict[str, str] = {}
        self.parameters: dict[str, str] = {}
        self.indent = 1
        self.around: list[Index] = []
        self.visible: list[dict[str, tuple[Index, ...]]] = [{}]
        self.repeated: list[set[Expression]] = []
        self.held_values: list[dict[Expression, str]] = []
        self.functions_held = 0
        self.facts = [Facts()]
        self.asked: set[Condition] = set()
        self.kinds: dict[str, str] = {}

    @property
    def in_float64(self) -> frozenset[str]:
        """The tensors with axes that are held in float64."""
        return self.writing.in_float64

    def is_exact(self, expression: Expression) -> bool:
        """Whether an expression is, or adds to, what is held in float64."""
        return adds_to(expression, self.in_float64)

    # -------------------------------------------------------------- the scope of the printer

    def layout_extent(self, index: Index) -> str:
        return self._extent_text(self.layout.extent(index.dimension))

    def _extent_text(self, name: str) -> str:
        if not name.isdigit():
            self.parameters[name] = name
        return name

    def _index_name(self, index: Index) -> str:
        return self.layout.name("i", index.name)

    def index(self, index: Index) -> str:
        name = self._index_name(index)
        if index == self.outer:
            return f"(lo + {name})"
        return f"({self._first_row(index)} + {name})" if index == self.block else name

    def _first_row(self, index: Index) -> str:
        """Where the rows of a block, or of a chunk, begin."""
        return "lo" if index == self.outer else f"first_{self._index_name(index)}"

    def _count(self, index: Index) -> str:
        """How many turns a loop makes: of a block or a chunk, its rows."""
        if index == self.outer:
            return "hi - lo"
        own = index == self.block
        return f"rows_{self._index_name(index)}" if own else self.layout_extent(index)

    def _inner_index(self, index: Index) -> str:
        return self.index(index).strip("()")

    def extent(self, extent: Extent) -> str:
        return self._extent_text(self.layout.extent(extent.dimension))

    def depth(self, index: Index) -> int:
        return self.around.index(index) if index in self.around else len(self.around)

    def held(self, expression: Expression) -> str | None:
        """The local variable that has the value of an expression, if one does."""
        return None

    def power(self, exponent: Expression, text: str) -> str:
        """The function for a power: where the call gives the exponent, `few` knows it to be small and
        whole, or `settled` is to find out whether it is."""
        tensors = [self.program.tensor(read.tensor) for read in reads(exponent)]
        plain = exponent.atoms(IndexValue) == set()
        if plain and all(isinstance(one, Input) and not one.dimensions for one in tensors):
            self.settled[text] = exponent
            return "few" if self.few else self.spellings["pow"]
        return self.spellings["pow"]

    def uses(self, function: str) -> None:
        if "." not in function and function != "abs":
            self.functions.add(function)

    def read(self, read: Read, kind: str, facts: Facts, hard: bool) -> str:
        tensor = self.program.tensor(read.tensor)
        if tensor.name in self.writing.written:
            printer = Printer(self, self.dtype, hard=True)
            text, held = (
                printer.integer(written_out(read, self.program.let[read.tensor]), facts),
                "int64",
            )
        elif self._is_at_hand(read):
            text = self.layout.name("v", tensor.name)
            held = self.kinds[tensor.name]
        elif not tensor.dimensions:
            text, held = self._scalar(tensor, kind)
        else:
            text = self._checked(tensor, read, facts, hard)
            held = self._kind_of(tensor)
        return text if held == kind else f"{kind}({text})"

    def _kind_of(self, tensor: Input | Let) -> str:
        """The type of the numbers of an array."""
        if tensor.name in self.in_float64:
            return "float64"
        return "int64" if tensor.domain.is_integer else self.dtype

    def _is_at_hand(self, read: Read) -> bool:
        """Whether a local variable holds what is read: a let that has been made at this very point."""
        here = tuple(position.index for position in read.positions)
        return any(names.get(read.tensor) == here for names in self.visible)

    def _scalar(self, tensor: Input | Let, kind: str) -> tuple[str, str]:
        """A scalar from the table: as it is held there, or in the type of the kernel."""
        is_input = isinstance(tensor, Input)
        raw = self.layout.name("w", tensor.name)
        if is_input and tensor.domain.is_integer:
            number = self.layout.slot("integer", tensor.name)
            self.parameters[raw] = f"slots[{number}]"
            return raw, "int64"
        number = self.layout.value("input" if is_input else "let", tensor.name)
        self.parameters[raw] = f"values[{number}]"
        if kind == "float64" and not tensor.domain.is_integer:
            return raw, "float64"
        held = "int64" if tensor.domain.is_integer else self.dtype
        name = self.layout.name("c", tensor.name)
        self.head[name] = f"{held}({raw})"
        return name, held

    def _checked(self, tensor: Input | Let, read: Read, facts: Facts, hard: bool) -> str:
        """An element, behind tests of the positions that are not certain."""
        rank = 1
        tests = []
        for axis, position in enumerate(read.positions):
            dimension = tensor.dimensions[axis]
            if self._is_inside(position, dimension, facts):
                continue
            gathered = isinstance(position.base, Read)
            taken = hard or place_of(position, dimension) in self.writing.certain[1]
            rank = 3 if taken or tensor.domain.is_integer else max(rank, 2 if gathered else 1)
            place = self._place(position, facts)
            extent = self._extent_text(self.layout.extent(dimension))
            tests.append((axis, place, extent))
        text = self._element(tensor, read.positions, facts)
        if not tests:
            return text
        parts = [
            f"inside({self._errors()}, {rank}, {self._site(read.tensor, axis)}, {place}, {extent},"
            f" {self._example()})"
            for axis, place, extent in tests
        ]
        missing = "0" if tensor.domain.is_integer else f"{self._kind_of(tensor)}(math.nan)"
        return f"({text} if {' and '.join(parts)} else {missing})"

    def _element(
        self, tensor: Input | Let, positions: Sequence[Position], facts: Facts | None = None
    ) -> str:
        """The element of the array that holds a tensor."""
        name, texts = self._entry(tensor, positions, facts)
        return f"{name}[{', '.join(texts)}]"

    def _entry(
        self, tensor: Input | Let, positions: Sequence[Position], facts: Facts | None = None
    ) -> tuple[str, list[str]]:
        """The array that holds a tensor, and the places in it."""
        facts = self.facts[-1] if facts is None else facts
        name, axes = self._array(tensor)
        texts = [self._place(positions[axis], facts) for axis in axes]
        block = None if isinstance(tensor, Input) else self.loops.storage[tensor.name].block
        if block is not None:
            if self.block is None or positions[block].index != self.block:
                raise InternalError(f"{tensor.name}: only a block of its rows is there, not all")
            texts[axes.index(block)] = self._index_name(self.block)
        elif self.outer is not None and 0 in axes and positions[0].index == self.outer:
            name, texts[0] = self._own(name), self._index_name(self.outer)
        return name, texts

    def _array(self, tensor: Input | Let) -> tuple[str, Sequence[int]]:
        """The array that holds a tensor, and which of the tensor's axes it has."""
        if isinstance(tensor, Let) and (of := self.loops.storage[tensor.name].of):
            return self._array(self.program.let[of])
        dimensions = tensor.dimensions
        extents = [self.layout.extent(one) for one in dimensions]
        kind = self._kind_of(tensor)
        axes: Sequence[int] = range(len(dimensions))
        if isinstance(tensor, Input):
            name = self.layout.name("in", tensor.name)
            self.layout.array(name, ("input", tensor.name), extents, kind, False)
        else:
            storage = self.loops.storage[tensor.name]
            axes = storage.axes
            if storage.kind == "output":
                name = self.layout.name("out", tensor.name)
                self.layout.array(name, ("output", tensor.name), extents, kind, False)
            elif storage.kind == "stored":
                name = self.layout.name("kept", tensor.name)
                what = ("stored", tensor.name, shape_of(dimensions))
                self.layout.array(name, what, extents, kind, False)
            else:
                name = self._scratch(tensor, storage)
                extents = [extents[axis] for axis in axes if axis != storage.block]
        for extent in extents:
            self._extent_text(extent)
        self.parameters[name] = name
        return name, axes

    def _own(self, name: str) -> str:
        """The part of an array that belongs to the rows of this call."""
        own = f"own_{name}"
        self.head[own] = f"{name}[lo:hi]"
        return own

    def _scratch(self, let: Let, storage: Storage) -> str:
        """The array of the thread that a let is in."""
        name = self.layout.name("row", let.name)
        whole = shape_of(let.dimensions)
        shape = [whole[axis] for axis in storage.axes]
        extents = [self.layout.extent(let.dimensions[axis]) for axis in storage.axes]
        if storage.block is not None:
            place = storage.axes.index(storage.block)
            shape[place], extents[place] = self._block_rows()
        kind = self._kind_of(let)
        what = ("scratch", let.name, tuple(shape), 8 if kind != "float32" else 4)
        return self.layout.array(name, what, extents, kind, True)

    def _block_rows(self) -> tuple[Any, str]:
        """The rows that an array of a block has, for the table and in the text."""
        if isinstance(self.step, Blocked):
            return ("rows", self.number), f"slots[{self.layout.slot('rows', self.number)}]"
        return MOST_ROWS, str(MOST_ROWS)

    def _room(self, axis: Index) -> tuple[Any, str]:
        """The entries along an axis of an accumulator, for the table and in the text."""
        if axis == self.outer:
            return self._block_rows()
        return shape_of([axis.dimension])[0], self.layout_extent(axis)

    def _place(self, position: Position, facts: Facts) -> str:
        if position.index is not None:
            return self._inner_index(position.index)
        printer = Printer(self, self.dtype, hard=True)
        return bare(printer.integer(position_value(position), facts))

    def _is_inside(self, position: Position, dimension: Dimension, facts: Facts) -> bool:
        """Whether a position certainly lies in its axis, also as it is written out."""
        if facts.allow(position, dimension):
            return True
        base = position.base
        is_written = isinstance(base, Read) and base.tensor in self.writing.written
        return is_written and facts.hold(
            value_of(position, self.program, self.writing.written), dimension
        )

    def _site(self, tensor: str, axis: int) -> int:
        if (tensor, axis) not in self.sites:
            self.sites.append((tensor, axis))
        return self.sites.index((tensor, axis))

    def _errors(self) -> str:
        self.functions.add("inside")
        self.parameters["errors"] = "errors"
        return "errors"

    def _example(self) -> str:
        if self.outer is not None and self.outer.dimension == BATCH:
            return self._inner_index(self.outer)
        return "-1"

    def _line(self, text: str) -> None:
        self.lines.append(_INDENT * self.indent + text)


def bare(text: str) -> str:
    """Text without the parentheses around all of it."""
    if not (text.startswith("(") and text.endswith(")")):
        return text
    level = 0
    for place, character in enumerate(text):
        level += (character == "(") - (character == ")")
        if level == 0 and place < len(text) - 1:
            return text
    return text[1:-1]
