"""The meaning of the language: a program evaluated point by point, slow and plainly right.

Every let is computed at every point of its free indices, in order, by one path for float64 and for
mpmath at any precision. A body becomes a closure over the tensors it reads, so that a point costs
microseconds (`objc.ir.closures`). What is not taken (the other side of a branch, a point that a guard
leaves out) is not evaluated: nothing is read there, nothing checked.

A let that reads out of range at some point does not fail there: the fault stays in the place of the
value, and is raised by whoever takes it.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from objc.ir.closures import Closures, Fault, Point, Scalar, Tensor, strides_of
from objc.ir.index import Dimension
from objc.ir.numbers import Arbitrary, Float64, Number, Numbers
from objc.ir.program import Input, Let, Program
from objc.ir.recurrence import Group, groups
from objc.ir.reduce import REDUCE, extreme_place, in_order
from objc.target import IndexOutOfRange


def evaluate(
    program: Program,
    inputs: Mapping[str, Any],
    precision: int | None = None,
    numbers: Numbers | None = None,
) -> dict[str, Any]:
    """Every output of a program.

    `inputs` maps names to arrays (or nested lists) of the declared shapes; an input with a default
    may be left out. Dimensions are bound from the shapes. `precision` is None for float64, else the
    number of decimal digits; `numbers` are others to compute in.

    Returns a dictionary by output key: scalars as float, int (integer domains) or mpf; tensors as
    arrays of float64, int64, or objects (mpf).

    Raises:
        ValueError: an input is missing or unknown, or shapes disagree.
        IndexOutOfRange: a position that is taken lies outside its axis.
    """
    if numbers is None:
        numbers = Float64() if precision is None else Arbitrary(precision)
    with numbers.working():
        machine = _Machine(program, numbers)
        machine.bind(inputs)
        return machine.outputs(groups(program))


def evaluate_each(
    program: Program,
    inputs: Mapping[str, Any],
    several: Sequence[Mapping[str, Any]],
    numbers: Numbers,
) -> list[dict[str, Any]]:
    """Every output with each of several values of some inputs, whose shapes do not change; what reads none
    of them is computed once."""
    every = groups(program)
    changed = program.beyond({name for one in several for name in one})
    again = [group for group in every if any(let.name in changed for let in group.lets)]
    found: list[dict[str, Any]] = []
    with numbers.working():
        machine = _Machine(program, numbers)
        for one in several:
            machine.bind({**inputs, **one})
            found.append(machine.outputs(again if found else every))
    return found


class _Machine:
    def __init__(self, program: Program, numbers: Numbers) -> None:
        self.program = program
        self.numbers = numbers
        self.sizes: dict[Dimension, int] = {}
        self.tensors: dict[str, Tensor] = {}

    # -------------------------------------------------------------- inputs

    def bind(self, inputs: Mapping[str, Any]) -> None:
        unknown = sorted(set(inputs) - set(self.program.input))
        if unknown:
            known = ", ".join(self.program.input) or "none"
            raise ValueError(f"`{self.program.name}` has no input `{unknown[0]}`; it has {known}")
        bound_by: dict[Dimension, str] = {}
        arrays = {}
        for one in self.program.inputs:
            if one.name in inputs:
                arrays[one] = np.asarray(inputs[one.name])
                self._bind_shape(one, arrays[one].shape, bound_by)
            elif one.default is None:
                raise ValueError(f"`{self.program.name}` needs the input `{one.name}`")
        for one in self.program.inputs:
            shape = tuple(self.size(dimension) for dimension in one.dimensions)
            if one in arrays:
                entries = arrays[one].reshape(-1).tolist()
            else:
                default = Closures(self, Let(one.name, (), one.default)).scalar(one.default)
                entries = [default(())] * int(np.prod(shape, dtype=int))
            self.tensors[one.name] = self._tensor(one, shape, entries)

    def _bind_shape(
        self, one: Input, shape: tuple[int, ...], bound_by: dict[Dimension, str]
    ) -> None:
        if len(shape) != len(one.dimensions):
            declared = f"[{', '.join(map(str, one.dimensions))}]"
            raise ValueError(
                f"`{one.name}` is declared with the shape {declared} and has {len(shape)} axes"
            )
        for axis, (dimension, extent) in enumerate(zip(one.dimensions, shape, strict=True)):
            known = self.sizes.get(dimension, dimension.size)
            if known is not None and known != extent:
                said = bound_by.get(dimension, "its declaration")
                raise ValueError(
                    f"axis {axis} of `{one.name}` has {extent} entries, but the dimension"
                    f" {dimension} is {known} by {said}"
                )
            self.sizes[dimension] = extent
            bound_by.setdefault(dimension, f"`{one.name}`")

    def _tensor(self, tensor: Input | Let, shape: tuple[int, ...], entries: list[Any]) -> Tensor:
        faulty = any(isinstance(one, Fault) for one in entries)
        integers: list[Any] | None = None
        if tensor.domain.is_integer:
            integers = [one if isinstance(one, Fault) else _whole(one) for one in entries]
        values = [
            one if isinstance(one, Fault) else self.numbers.number(one)
            for one in (entries if integers is None else integers)
        ]
        return Tensor(shape, values, integers, faulty)

    def size(self, dimension: Dimension) -> int:
        if dimension.size is not None:
            return dimension.size
        if dimension.count is not None:
            counted = self.tensors[dimension.count].integers
            assert counted is not None
            return counted[0] + dimension.more
        if dimension not in self.sizes:
            raise ValueError(
                f"no input of `{self.program.name}` that was given has the dimension {dimension}"
            )
        return self.sizes[dimension]

    # -------------------------------------------------------------- lets

    def outputs(self, every: Iterable[Group]) -> dict[str, Any]:
        """All outputs, after these lets have been computed."""
        for group in every:
            if group.is_recurrence:
                self.run(group)
            else:
                self.define(group.lets[0])
        return {key: self.result(name) for key, name in self.program.outputs.items()}

    def define(self, let: Let) -> None:
        at_point = self._at_point(let)
        shape = self._shape(let)
        entries = [self._taken(at_point, point) for point in itertools.product(*map(range, shape))]
        self.tensors[let.name] = self._tensor(let, shape, entries)

    def run(self, group: Group) -> None:
        """A recurrence: its lets grow together, each reading what is there of the others."""
        for let in group.lets:
            shape = self._shape(let)
            empty: list[Any] = [None] * math.prod(shape)
            integers = list(empty) if let.domain.is_integer else None
            self.tensors[let.name] = Tensor(shape, empty, integers, faulty=True)
        fills = [self._fill(let, group) for let in group.lets]
        ranges = [
            range(self.size(index.dimension))[::step]
            for index, step in zip(group.indices, group.steps, strict=True)
        ]
        for step in itertools.product(*ranges):
            for fill in fills:
                fill(step)
        for let in group.lets:
            tensor = self.tensors[let.name]
            tensor.faulty = any(isinstance(one, Fault) for one in tensor.values)

    def _fill(self, let: Let, group: Group) -> Callable[[Point], None]:
        """What computes a let at one step of its recurrence, at all its other free points."""
        tensor, at_point = self.tensors[let.name], self._at_point(let)
        strides = strides_of(tensor.shape)
        axes = [let.free.index(index) for index in group.indices]

        def fill(step: Point) -> None:
            ranges = [range(extent) for extent in tensor.shape]
            for axis, value in zip(axes, step, strict=True):
                ranges[axis] = range(value, value + 1)
            for point in itertools.product(*ranges):
                place = sum(value * stride for value, stride in zip(point, strides, strict=True))
                self._put(tensor, place, self._taken(at_point, point))

        return fill

    def _put(self, tensor: Tensor, place: int, value: Any) -> None:
        fault = isinstance(value, Fault)
        if tensor.integers is not None:
            value = value if fault else _whole(value)
            tensor.integers[place] = value
        tensor.values[place] = value if fault else self.numbers.number(value)

    def _shape(self, let: Let) -> tuple[int, ...]:
        return tuple(self.size(index.dimension) for index in let.free)

    def _at_point(self, let: Let) -> Scalar:
        compiler = Closures(self, let)
        plain = let.reduction is None
        return compiler.scalar(let.body) if plain else self._reduced(let, compiler)

    def _taken(self, at_point: Scalar, point: Point) -> Any:
        try:
            return at_point(point)
        except IndexOutOfRange as error:
            return Fault(error)

    def _reduced(self, let: Let, compiler: Closures) -> Scalar:
        body, guard = compiler.scalar(let.body), compiler.condition(let.guard)
        ranges = [range(self.size(index.dimension)) for index in let.over]

        if let.reduction in ("argmax", "argmin"):

            def place(free: Point) -> int:
                points = [(k, (*free, k)) for k in ranges[0]]
                taken = [(k, body(point)) for k, point in points if guard(point)]
                return extreme_place(taken, greatest=let.reduction == "argmax")

            return place
        if let.reduction == "argsort":
            known: dict[Point, list[int]] = {}

            def at_rank(free: Point) -> int:
                around = free[:-1]
                if around not in known:
                    known[around] = in_order([body((*free, k)) for k in ranges[0]])
                return known[around][free[-1]]

            return at_rank

        name = str(let.reduction)
        reduce = self.numbers.reduction(name) or REDUCE[name]

        def reduced(free: Point) -> Number:
            points = ((*free, *over) for over in itertools.product(*ranges))
            return reduce(self.numbers, [body(point) for point in points if guard(point)])

        return reduced

    # -------------------------------------------------------------- results

    def result(self, name: str) -> Any:
        tensor = self.tensors[name]
        entries = tensor.values if tensor.integers is None else tensor.integers
        for one in entries:
            if isinstance(one, Fault):
                raise one.error
        if not tensor.shape:
            return entries[0]
        exact = tensor.integers is None and isinstance(self.numbers, Arbitrary)
        dtype: Any = object if exact else np.float64 if tensor.integers is None else np.int64
        array = np.empty(len(entries), dtype)
        array[:] = entries
        return array.reshape(tensor.shape)


def _whole(value: Any) -> int:
    """In 64 bits, where the extreme of nothing is the last number there is."""
    return int(value) if abs(value) != math.inf else 2**63 - 1 if value > 0 else -(2**63)
