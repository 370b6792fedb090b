"""A program at given sizes, entry by entry: its scalar as one formula of what stands in its inputs."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import sympy

from objc.atoms import maximum, minimum
from objc.ir.index import Dimension, Index, Position
from objc.ir.program import Let, Program
from objc.ir.recurrence import members
from objc.ir.symbols import Extent, IndexValue, Read, substitute_positions

_MOST_POINTS = 400
"""Points of all lets together beyond which nothing is unrolled."""
_MOST_OPERATIONS = 600


class NotUnrolled(Exception):
    """The program is too large, or something in it has no formula at these inputs."""


def unrolled(program: Program, entries: Mapping[str, Any]) -> dict[str, Any]:
    """Every scalar output as a formula, at inputs that are numbers, formulas, or nested lists of them.

    Raises:
        NotUnrolled: the program has a recurrence, is too large, or a position depends on a formula.
    """
    if members(program):
        raise NotUnrolled
    machine = _Machine(program, entries)
    for let in program.lets:
        machine.define(let)
    return {key: machine.tensors[name][()] for key, name in program.outputs.items()}


class _Machine:
    def __init__(self, program: Program, entries: Mapping[str, Any]) -> None:
        self.tensors: dict[str, dict[tuple[int, ...], Any]] = {}
        self.sizes: dict[Dimension, int] = {}
        for one in program.inputs:
            self.tensors[one.name] = found = dict(_flat(entries[one.name]))
            for axis, dimension in enumerate(one.dimensions):
                self.sizes[dimension] = 1 + max(place[axis] for place in found)
        self._left = _MOST_POINTS

    def define(self, let: Let) -> None:
        found: dict[tuple[int, ...], Any] = {}
        for place in self._points(let.free):
            here = dict(zip(let.free, place, strict=True))
            found[place] = self._value(let, here)
            if found[place].count_ops() > _MOST_OPERATIONS:
                raise NotUnrolled
        self.tensors[let.name] = found

    def _value(self, let: Let, here: Mapping[Index, int]) -> Any:
        if let.reduction is None:
            self._spend()
            return self._at(let.body, here)
        bodies = []
        for point in self._points(let.over):
            self._spend()
            there = {**here, **dict(zip(let.over, point, strict=True))}
            guard = self._at(let.guard, there)
            if guard not in (sympy.true, sympy.false):
                raise NotUnrolled
            if guard == sympy.true:
                bodies.append(self._at(let.body, there))
        reduce = _REDUCED.get(let.reduction)
        if reduce is None or not bodies:
            raise NotUnrolled
        return reduce(bodies)

    def _at(self, expression: Any, here: Mapping[Index, int]) -> Any:
        if not isinstance(expression, sympy.Basic):
            return expression
        there = {index: Position(None, place) for index, place in here.items()}
        placed = substitute_positions(expression, there)
        mapping: dict[Any, Any] = {}
        for symbol in placed.atoms(Read, Extent, IndexValue):
            if isinstance(symbol, Read):
                mapping[symbol] = self._read(symbol)
            elif isinstance(symbol, Extent):
                mapping[symbol] = sympy.Integer(self._size(symbol.dimension))
        return placed.xreplace(mapping)

    def _read(self, read: Read) -> Any:
        place = tuple(map(self._place, read.positions))
        if place not in self.tensors[read.tensor]:
            raise NotUnrolled
        return self.tensors[read.tensor][place]

    def _place(self, position: Position) -> int:
        match position.base:
            case None:
                return position.offset
            case Dimension():
                return self._size(position.base) + position.offset
            case Read():
                value = self._read(position.base)
                if value.is_Integer:
                    return int(value) + position.offset
        raise NotUnrolled

    def _points(self, indices: Sequence[Index]) -> Any:
        return itertools.product(*(range(self._size(one.dimension)) for one in indices))

    def _size(self, dimension: Dimension) -> int:
        size = dimension.size if dimension.size is not None else self.sizes.get(dimension)
        if size is None:
            raise NotUnrolled
        return size

    def _spend(self) -> None:
        self._left -= 1
        if self._left < 0:
            raise NotUnrolled


def _flat(value: Any) -> list[tuple[tuple[int, ...], Any]]:
    if not isinstance(value, list):
        return [((), value if isinstance(value, sympy.Basic) else exact(value))]
    return [((n, *place), one) for n, inner in enumerate(value) for place, one in _flat(inner)]


def exact(value: Any) -> Any:
    """A drawn number as the decimal that it reads as."""
    return sympy.Integer(value) if isinstance(value, int) else sympy.Rational(str(value))


def _folded(function: Any) -> Callable[[list[Any]], Any]:
    def fold(bodies: list[Any]) -> Any:
        first, *others = bodies
        for one in others:
            first = function(first, one)
        return first

    return fold


_REDUCED: Mapping[str, Callable[[list[Any]], Any]] = {
    "sum": lambda bodies: sympy.Add(*bodies),
    "mean": lambda bodies: sympy.Add(*bodies) / len(bodies),
    "prod": lambda bodies: math.prod(bodies, start=sympy.Integer(1)),
    "max": _folded(maximum),
    "min": _folded(minimum),
    "logsumexp": lambda bodies: sympy.log(sympy.Add(*map(sympy.exp, bodies))),
    "norm": lambda bodies: sympy.sqrt(sympy.Add(*(one**2 for one in bodies))),
}
