"""The meaning of the language: a program evaluated point by point, slow and plainly right.

Every let is computed at every point of its free indices, in order, by one path for float64 and for
mpmath at any precision. A body becomes a closure over the tensors it reads, so that a point costs
microseconds. What is not taken (the other side of a branch, a point that a guard leaves out, the rest
of a conjunction after a part that is false) is not evaluated: nothing is read there, nothing checked.

A let that reads out of range at some point does not fail there: the fault stays in the place of the
value, and is raised by whoever takes it.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import sympy

from objc.atoms import BY_FUNCTION, Branch
from objc.ir.index import BATCH, Dimension, Index, Position
from objc.ir.numbers import Arbitrary, Float64, Number, Numbers
from objc.ir.order import ordered_addends
from objc.ir.program import Input, Let, Program
from objc.ir.recurrence import Group, groups
from objc.ir.reduce import REDUCE, extreme_place, in_order
from objc.ir.symbols import Extent, IndexValue, Read, conjuncts, disjuncts
from objc.target import IndexOutOfRange

Point = Sequence[int]
Scalar = Callable[[Point], Number]


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
        for group in groups(program):
            if group.is_recurrence:
                machine.run(group)
            else:
                machine.define(group.lets[0])
        return {key: machine.result(name) for key, name in program.outputs.items()}


@dataclass
class _Tensor:
    """Values in row-major order; `integers` beside them where the domain is one of integers."""

    shape: tuple[int, ...]
    values: list[Number]
    integers: list[int] | None
    faulty: bool = False


@dataclass
class _Fault:
    """In the place of a value that could not be had."""

    error: IndexOutOfRange


class _Machine:
    def __init__(self, program: Program, numbers: Numbers) -> None:
        self.program = program
        self.numbers = numbers
        self.sizes: dict[Dimension, int] = {}
        self.tensors: dict[str, _Tensor] = {}

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
                default = _Compiler(self, Let(one.name, (), one.default)).scalar(one.default)
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

    def _tensor(self, tensor: Input | Let, shape: tuple[int, ...], entries: list[Any]) -> _Tensor:
        faulty = any(isinstance(one, _Fault) for one in entries)
        integers: list[Any] | None = None
        if tensor.domain.is_integer:
            integers = [one if isinstance(one, _Fault) else _whole(one) for one in entries]
        values = [
            one if isinstance(one, _Fault) else self.numbers.number(one)
            for one in (entries if integers is None else integers)
        ]
        return _Tensor(shape, values, integers, faulty)

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
            self.tensors[let.name] = _Tensor(shape, empty, integers, faulty=True)
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
            tensor.faulty = any(isinstance(one, _Fault) for one in tensor.values)

    def _fill(self, let: Let, group: Group) -> Callable[[Point], None]:
        """What computes a let at one step of its recurrence, at all its other free points."""
        tensor, at_point = self.tensors[let.name], self._at_point(let)
        strides = _strides(tensor.shape)
        axes = [let.free.index(index) for index in group.indices]

        def fill(step: Point) -> None:
            ranges = [range(extent) for extent in tensor.shape]
            for axis, value in zip(axes, step, strict=True):
                ranges[axis] = range(value, value + 1)
            for point in itertools.product(*ranges):
                place = sum(value * stride for value, stride in zip(point, strides, strict=True))
                self._put(tensor, place, self._taken(at_point, point))

        return fill

    def _put(self, tensor: _Tensor, place: int, value: Any) -> None:
        fault = isinstance(value, _Fault)
        if tensor.integers is not None:
            value = value if fault else _whole(value)
            tensor.integers[place] = value
        tensor.values[place] = value if fault else self.numbers.number(value)

    def _shape(self, let: Let) -> tuple[int, ...]:
        return tuple(self.size(index.dimension) for index in let.free)

    def _at_point(self, let: Let) -> Scalar:
        compiler = _Compiler(self, let)
        plain = let.reduction is None
        return compiler.scalar(let.body) if plain else self._reduced(let, compiler)

    def _taken(self, at_point: Scalar, point: Point) -> Any:
        try:
            return at_point(point)
        except IndexOutOfRange as error:
            return _Fault(error)

    def _reduced(self, let: Let, compiler: _Compiler) -> Scalar:
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
            if isinstance(one, _Fault):
                raise one.error
        if not tensor.shape:
            return entries[0]
        exact = tensor.integers is None and isinstance(self.numbers, Arbitrary)
        dtype: Any = object if exact else np.float64 if tensor.integers is None else np.int64
        array = np.empty(len(entries), dtype)
        array[:] = entries
        return array.reshape(tensor.shape)


class _Compiler:
    """Makes closures from the expressions of one let; a point holds the values of its indices."""

    def __init__(self, machine: _Machine, let: Let) -> None:
        self.machine = machine
        self.numbers = machine.numbers
        self.let = let
        self.slots: dict[Index, int] = {index: slot for slot, index in enumerate(let.indices)}
        batch = [slot for index, slot in self.slots.items() if index.dimension == BATCH]
        self.batch_slot = batch[0] if batch else None

    def example(self, point: Point) -> int | None:
        slot = self.batch_slot
        return None if slot is None or slot >= len(point) else point[slot]

    # -------------------------------------------------------------- scalars

    def scalar(self, expression: Any) -> Scalar:
        numbers = self.numbers
        if isinstance(expression, Read):
            return self._read(expression, integers=False)
        if isinstance(expression, IndexValue):
            slot = self.slots[expression.index]
            return lambda point: numbers.number(point[slot])
        if isinstance(expression, Extent):
            return _always(numbers.number(self.machine.size(expression.dimension)))
        if not expression.args:
            return _always(numbers.constant(expression))
        if isinstance(expression, Branch):
            condition = self.condition(expression.args[0])
            then, otherwise = map(self.scalar, expression.args[1:])
            return lambda point: then(point) if condition(point) else otherwise(point)
        if isinstance(expression, sympy.Add):
            return _added([self.scalar(one) for one in self._addends(expression)])
        if isinstance(expression, sympy.Mul):
            return self._product(expression)
        if isinstance(expression, sympy.Pow):
            return self._power(*expression.args)
        if isinstance(expression, sympy.polygamma):
            return _applied(
                numbers.polygamma(int(expression.args[0])), [self.scalar(expression.args[1])]
            )
        atom = BY_FUNCTION[expression.func]
        value = _applied(numbers.function(atom.name), [self.scalar(one) for one in expression.args])
        # log(2π) is computed once: a point costs microseconds, a logarithm in many digits much more.
        return _always(value(())) if expression.is_number else value

    def _addends(self, expression: Any) -> Sequence[Any]:
        return ordered_addends(expression, self.machine.program)

    def _product(self, expression: Any) -> Scalar:
        """Numerator over denominator, each multiplied up: `x / y`, not `x * (1 / y)`."""
        above, below = [], []
        for factor in expression.args:
            base, exponent = factor.as_base_exp()
            if isinstance(factor, sympy.Pow) and exponent.is_Rational and exponent < 0:
                below.append(self._power(base, -exponent))
            else:
                above.append(self.scalar(factor))
        numerator = _multiplied(above) if above else _always(self.numbers.number(1))
        if not below:
            return numerator
        denominator, divide = _multiplied(below), self.numbers.divide
        return lambda point: divide(numerator(point), denominator(point))

    def _power(self, base_expression: Any, exponent: Any) -> Scalar:
        base, numbers = self.scalar(base_expression), self.numbers
        if exponent.is_Integer:
            count = abs(int(exponent))
            if exponent > 0:
                return lambda point: _repeated(base(point), count)
            one = numbers.number(1)
            return lambda point: numbers.divide(one, _repeated(base(point), count))
        if exponent == sympy.Rational(1, 2):
            return _applied(numbers.root, [base])
        if exponent == -sympy.Rational(1, 2):
            one = numbers.number(1)
            return lambda point: numbers.divide(one, numbers.root(base(point)))
        power, raised = numbers.power, self.scalar(exponent)
        return lambda point: power(base(point), raised(point))

    # -------------------------------------------------------------- reads

    def _read(self, read: Read, integers: bool) -> Scalar:
        tensor = self.machine.tensors[read.tensor]
        values: Any = tensor.integers if integers else tensor.values
        if not read.positions:
            locate: Callable[[Point], int] = lambda point: 0  # noqa: E731
        else:
            locate = self._locate(read, tensor.shape)
        if not tensor.faulty:
            return lambda point: values[locate(point)]

        def careful(point: Point) -> Number:
            value = values[locate(point)]
            if isinstance(value, _Fault):
                raise value.error
            return value

        return careful

    def _locate(self, read: Read, shape: tuple[int, ...]) -> Callable[[Point], int]:
        """From a point to the offset in row-major order, each position checked."""
        strides = _strides(shape)
        places = [self.position(one) for one in read.positions]
        safe = [
            one.index is not None and self.machine.size(one.index.dimension) == extent
            for one, extent in zip(read.positions, shape, strict=True)
        ]
        if all(safe):
            slots = [self.slots[one.index] for one in read.positions if one.index is not None]
            pairs = list(zip(slots, strides, strict=True))
            if len(pairs) == 1:
                only = slots[0]
                return lambda point: point[only]
            return lambda point: sum(point[slot] * stride for slot, stride in pairs)

        def checked(point: Point) -> int:
            offset = 0
            for axis, place in enumerate(places):
                value = place(point)
                if not 0 <= value < shape[axis]:
                    raise IndexOutOfRange(
                        read.tensor, axis, value, shape[axis], self.example(point)
                    )
                offset += value * strides[axis]
            return offset

        return checked

    def position(self, position: Position) -> Callable[[Point], int]:
        base, offset = position.base, position.offset
        if base is None:
            return lambda point: offset
        if isinstance(base, Index):
            slot = self.slots[base]
            return lambda point: point[slot] + offset
        if isinstance(base, Dimension):
            last = self.machine.size(base) + offset
            return lambda point: last
        gathered = self._read(base, integers=True)
        return lambda point: gathered(point) + offset

    # -------------------------------------------------------------- conditions

    def condition(self, condition: Any) -> Callable[[Point], bool]:
        if condition in (sympy.true, sympy.false):
            return _always(bool(condition))
        if isinstance(condition, sympy.And):
            parts = [self.condition(one) for one in conjuncts(condition)]
            return lambda point: all(part(point) for part in parts)
        if isinstance(condition, sympy.Or):
            parts = [self.condition(one) for one in disjuncts(condition)]
            return lambda point: any(part(point) for part in parts)
        if isinstance(condition, sympy.Not):
            denied = self.condition(condition.args[0])
            return lambda point: not denied(point)
        left, right = map(self.scalar, condition.args)
        compare = _COMPARE[type(condition)]
        return lambda point: compare(left(point), right(point))


_COMPARE: dict[Any, Callable[[Number, Number], bool]] = {
    sympy.Eq: lambda a, b: bool(a == b),
    sympy.Ne: lambda a, b: bool(a != b),
    sympy.Lt: lambda a, b: bool(a < b),
    sympy.Le: lambda a, b: bool(a <= b),
    sympy.Gt: lambda a, b: bool(a > b),
    sympy.Ge: lambda a, b: bool(a >= b),
}


def _whole(value: Any) -> int:
    """In 64 bits, where the extreme of nothing is the last number there is."""
    return int(value) if abs(value) != math.inf else 2**63 - 1 if value > 0 else -(2**63)


def _strides(shape: tuple[int, ...]) -> list[int]:
    """In row-major order."""
    return [math.prod(shape[axis + 1 :]) for axis in range(len(shape))]


def _always(value: Any) -> Callable[[Point], Any]:
    return lambda point: value


def _applied(function: Callable[..., Number], arguments: list[Scalar]) -> Scalar:
    if len(arguments) == 1:
        only = arguments[0]
        return lambda point: function(only(point))
    return lambda point: function(*[one(point) for one in arguments])


def _added(parts: list[Scalar]) -> Scalar:
    first, *others = parts

    def add(point: Point) -> Number:
        value = first(point)
        for part in others:
            value = value + part(point)
        return value

    return add


def _multiplied(parts: list[Scalar]) -> Scalar:
    if len(parts) == 1:
        return parts[0]
    first, *others = parts

    def multiply(point: Point) -> Number:
        value = first(point)
        for part in others:
            value = value * part(point)
        return value

    return multiply


def _repeated(base: Number, count: int) -> Number:
    """`base ** count` for count ≥ 1 by squaring: the same roundings on every target."""
    result = None
    while True:
        if count & 1:
            result = base if result is None else result * base
        count >>= 1
        if not count:
            return result
        base = base * base
