"""Rows of few entries: many rows side by side, so that a vector holds one entry of each.

A row of ten has no work for a vector along it. Here the loops of a schedule by rows change places: a
block of rows is turned, every loop over a row runs outside of one over the rows of the block, and what
was a number of a row becomes an array of the block. The results are turned back at the end.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import sympy

from objc.atoms import BY_FUNCTION
from objc.ir.index import BATCH, Dimension, Index, at
from objc.ir.parts import found_in
from objc.ir.program import Input, Let, Names, Program
from objc.ir.spelling import spelled
from objc.ir.symbols import Expression, Read
from objc.schedule.cost import is_costly
from objc.schedule.loops import (
    Accumulate,
    Assign,
    Block,
    Blocked,
    Finish,
    Item,
    Loop,
    Loops,
    Parallel,
    Peeled,
    Serial,
    Start,
    Storage,
    walk,
)
from objc.schedule.storage import storage_of

_QUICK = frozenset({"hypot", "quotient"})
"""Functions that are a root, or a division."""


def narrow(loops: Loops, most: int) -> Loops | None:
    """The schedule for rows of few entries, of `most` where the text says how many; None where it would not
    be one of rows."""
    divided = [step for step in loops.steps if not isinstance(step, Serial)]
    if (
        len(divided) != 1
        or not isinstance(divided[0], Parallel)
        or not _has_rows(divided[0], loops, most)
    ):
        return None
    return _Turned(loops, divided[0]).loops()


def is_light(loops: Loops) -> bool:
    """Whether rows take no elementary function. One of a row alone, side by side, is done for many rows at
    once, and so is what waits for a row's sum."""
    bodies = (
        item.body
        for step in loops.steps
        if not isinstance(step, Serial)
        for item, _ in walk(step.items)
        if isinstance(item, Assign | Peeled | Accumulate)
    )
    functions = (one for body in bodies for one in found_in(body, sympy.Function, sympy.Pow))
    return not any(is_costly(one) and not _is_quick(one) for one in functions)


def _is_quick(function: Expression) -> bool:
    atom = BY_FUNCTION.get(function.func)
    return atom is not None and atom.name in _QUICK


def _has_rows(step: Parallel, loops: Loops, most: int) -> bool:
    """Whether a step is made of loops over rows, and sums up nothing but numbers."""
    if step.index.dimension != BATCH or any(start.axes for start in step.reductions):
        return False
    items = list(walk(step.loop.body, (step.loop,)))
    if not any(isinstance(item, Loop) for item, _ in items):
        return False
    return all(_is_of_a_row(item, len(around), loops, most) for item, around in items)


def _is_of_a_row(item: Item, depth: int, loops: Loops, most: int) -> bool:
    """Whether an item at a depth of loops has a place where many rows stand side by side."""
    match item:
        case Loop(index, _, direction):
            dimension = index.dimension
            return depth == 1 and not direction and dimension != BATCH and _is_open(dimension, most)
        case Start(_, axes):
            return depth == 1 and not axes
        case Finish(_, _, axes):
            return depth == 1 and not axes
        case Assign() | Peeled():
            return not loops.program.let[item.let].domain.is_integer
        case Accumulate():
            let = loops.program.let[item.let]
            extreme = let.reduction in ("argmax", "argmin")
            return not item.at and not extreme and not let.domain.is_integer
    return False


def _is_open(dimension: Dimension, most: int) -> bool:
    """Whether a dimension is small, or may be."""
    return dimension.size is None or dimension.size <= most


class _Turned:
    """A schedule with a step over rows, turned."""

    def __init__(self, loops: Loops, step: Parallel) -> None:
        self.given = loops
        self.step = step
        self.rows = step.index
        self.names = Names.of(loops.program)
        self.totals = {start.let for start in step.reductions}
        self.lets = dict(loops.program.let)
        self.inputs: dict[Expression, Let] = {}
        self.outputs: dict[str, Let] = {}
        self.gathered: dict[Expression, Let] = {}
        self.new: list[Let] = []

    def loops(self) -> Loops:
        body = tuple(self._phases(self.step.loop.body))
        before = tuple(self._copy(let, read) for read, let in self.inputs.items())
        after = tuple(
            self._copy(self.lets[name], let.read(*let.free)) for name, let in self.outputs.items()
        )
        block = Block(self.rows, (*before, *body, *after))
        turned = Blocked(block, self.step.reductions)
        steps = tuple(turned if step is self.step else step for step in self.given.steps)
        program = self._program()
        storage = storage_of(program, steps, {})
        return Loops(program, steps, {name: self._across(one) for name, one in storage.items()})

    def _across(self, storage: Storage) -> Storage:
        """The rows of a block along memory."""
        if storage.block is None:
            return storage
        others = tuple(axis for axis in storage.axes if axis != storage.block)
        return replace(storage, axes=(*others, storage.block))

    def _program(self) -> Program:
        """The program with the turned copies among its lets."""
        program = self.given.program
        lets: list[Let] = list(self.inputs.values())
        for let in program.lets:
            if let.name in self.outputs:
                lets.append(self.outputs[let.name])
            lets.append(self.lets[let.name])
        lets += self.new
        return program.with_lets(lets)

    def _copy(self, let: Let, body: Expression) -> Loop:
        """Rows into columns, or back: one column after the other, since rows are so short that a loop along
        one is hardly entered before it ends."""
        inner = Assign(let.name, let.free, body)
        return Loop(let.free[1], (Loop(self.rows, (inner,)),))

    # -------------------------------------------------------------- items

    def _phases(self, items: Sequence[Item]) -> Iterator[Item]:
        """The items of a row, each for all rows of a block."""
        single: list[Item] = []
        for item in items:
            match item:
                case Assign() | Peeled() | Accumulate():
                    single.append(self._changed(item))
                    continue
            yield from self._together(single)
            single = []
            match item:
                case Start(let):
                    yield Start(let, (self.rows,))
                case Finish(let, where):
                    yield Finish(let, where, (self.rows,))
                case Loop(index, body):
                    inner = tuple(self._changed(one) for one in body)
                    yield Loop(index, (Loop(self.rows, inner),))
        yield from self._together(single)

    def _together(self, items: Sequence[Item]) -> Iterator[Item]:
        """Items of one number a row: what is gathered and scattered in loops of its own, so that the
        loop of all that is computed has neither."""
        gathers: list[Item] = []
        computed: list[Item] = []
        scattered: list[Item] = []
        for item in items:
            match item:
                case Peeled(let, where, index, position, body):
                    point = self._new(f"point_{let}", self._without_gathers(body, gathers))
                    computed.append(Assign(point.name, point.free, point.body))
                    read = point.read(*point.free)
                    scattered.append(Peeled(let, where, index, position, read))
                case Assign() | Accumulate():
                    computed.append(replace(item, body=self._without_gathers(item.body, gathers)))
        for group in (gathers, computed, scattered):
            if group:
                yield Loop(self.rows, tuple(group))

    def _without_gathers(self, body: Expression, gathers: list[Item]) -> Expression:
        """A body in which what is gathered is a number of the row, made before."""
        swaps: dict[Expression, Expression] = {}
        for read in sorted(body.atoms(Read), key=spelled):
            gathered = any(isinstance(position.base, Read) for position in read.positions)
            if not gathered or read.is_integer:
                continue
            if read not in self.gathered:
                self.gathered[read] = self._new(f"picked_{read.tensor}", read)
                made = self.gathered[read]
                gathers.append(Assign(made.name, made.free, read))
            swaps[read] = self.gathered[read].read(self.rows)
        return body.xreplace(swaps) if swaps else body

    def _new(self, wanted: str, body: Expression) -> Let:
        """A number of every row."""
        let = Let(self.names.fresh(wanted), (self.rows,), body)
        self.new.append(let)
        return let

    def _changed(self, item: Item) -> Item:
        """An item of a row as one of many."""
        match item:
            case Assign(let, where, body):
                return Assign(self._goal(let, where), where, self._turned(body))
            case Peeled(let, where, index, position, body):
                return Peeled(self._goal(let, where), where, index, position, self._turned(body))
            case Accumulate(let, _, body, guard, value):
                places = () if let in self.totals else (at(self.rows),)
                return Accumulate(let, places, self._turned(body), self._turned(guard), value)
        raise AssertionError(item)

    def _goal(self, name: str, where: tuple[Index, ...]) -> str:
        """Where a let is written: a result of many entries a row goes into a turned copy first."""
        let = self.given.program.let[name]
        storage = self.given.storage[name]
        if storage.kind != "output" or len(where) != 2 or where[0] != self.rows:
            return name
        if name not in self.outputs:
            turned = replace(let, name=self.names.fresh(f"turned_{name}"), free=where)
            self.outputs[name] = turned
            self.lets[name] = replace(let, free=where, body=turned.read(*where))
        return self.outputs[name].name

    def _turned(self, body: Expression) -> Expression:
        """A body that reads turned copies of the rows of inputs."""
        swaps: dict[Expression, Expression] = {}
        for read in sorted(body.atoms(Read), key=spelled):
            indices = [position.index for position in read.positions]
            if len(indices) != 2 or indices[0] != self.rows or indices[1] is None:
                continue
            tensor = self.given.program.tensor(read.tensor)
            if read.tensor in self.outputs:
                swaps[read] = self.outputs[read.tensor].read(*indices)
            elif isinstance(tensor, Input) and not tensor.domain.is_integer:
                swaps[read] = self._input(tensor, indices[1]).read(*indices)
        return body.xreplace(swaps) if swaps else body

    def _input(self, tensor: Input, index: Index) -> Let:
        for read, let in self.inputs.items():
            if read.tensor == tensor.name:
                return let
        read = tensor.read(self.rows, index)
        name = self.names.fresh(f"turned_{tensor.name}")
        self.inputs[read] = Let(name, (self.rows, index), read, domain=tensor.domain)
        return self.inputs[read]


def few(loops: Loops) -> tuple[str, ...]:
    """The dimensions that are to be small for a schedule of rows side by side."""
    found: dict[str, None] = {}
    for step in loops.steps:
        for item, _ in walk(step.items):
            dimension = item.index.dimension if isinstance(item, Loop) else BATCH
            if dimension != BATCH and dimension.size is None:
                found.setdefault(dimension.name)
    return tuple(found)
