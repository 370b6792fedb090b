"""From the expressions of one let to closures: what evaluates them at a point.

What is not taken (the other side of a branch, the rest of a conjunction after a part that is false) is not
evaluated: nothing is read there, nothing checked.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import sympy

from objc.atoms import BY_FUNCTION, Branch
from objc.ir.index import BATCH, Dimension, Index, Position
from objc.ir.numbers import Number, Numbers
from objc.ir.order import ordered_addends
from objc.ir.program import Let, Program
from objc.ir.symbols import Extent, IndexValue, Read, conjuncts, disjuncts
from objc.target import IndexOutOfRange

Point = Sequence[int]
Scalar = Callable[[Point], Number]


@dataclass
class Tensor:
    """Values in row-major order; `integers` beside them where the domain is one of integers."""

    shape: tuple[int, ...]
    values: list[Number]
    integers: list[int] | None
    faulty: bool = False


@dataclass
class Fault:
    """In the place of a value that could not be had."""

    error: IndexOutOfRange


class Machine(Protocol):
    """What holds the tensors that closures read."""

    program: Program
    numbers: Numbers
    tensors: dict[str, Tensor]

    def size(self, dimension: Dimension) -> int: ...


class Closures:
    """Makes closures from the expressions of one let; a point holds the values of its indices."""

    def __init__(self, machine: Machine, let: Let) -> None:
        self.machine = machine
        self.numbers = machine.numbers
        self.let = let
        self.slots: dict[Index, int] = {index: slot for slot, index in enumerate(let.indices)}
        batch = [slot for index, slot in self.slots.items() if index.dimension == BATCH]
        self.batch_slot = batch[0] if batch else None
        self._repeated = _repeated_parts(let)
        self._known: dict[Any, Scalar] = {}

    def example(self, point: Point) -> int | None:
        slot = self.batch_slot
        return None if slot is None or slot >= len(point) else point[slot]

    # -------------------------------------------------------------- scalars

    def scalar(self, expression: Any) -> Scalar:
        """What a part of the body is at a point; what stands in it several times is computed once there."""
        if expression not in self._repeated:
            return self._computed(expression)
        if expression not in self._known:
            self._known[expression] = _once(self._computed(expression))
        return self._known[expression]

    def _computed(self, expression: Any) -> Scalar:
        numbers = self.numbers
        if isinstance(expression, Read):
            return self._read(expression, integers=False)
        if isinstance(expression, IndexValue):
            slot = self.slots[expression.index]
            return lambda point: numbers.number(point[slot])
        if isinstance(expression, Extent):
            return _always(numbers.number(self.machine.size(expression.dimension)))
        if not expression.args and expression.is_extended_real is not False:
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
        if expression.func not in BY_FUNCTION:
            # What SymPy writes of its own: floor(x), LambertW(x), the imaginary unit.
            raise ValueError(f"there is no function to evaluate `{expression}` by")
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
        locate = self._locate(read, tensor.shape)
        if not tensor.faulty:
            return lambda point: values[locate(point)]

        def careful(point: Point) -> Number:
            value = values[locate(point)]
            if isinstance(value, Fault):
                raise value.error
            return value

        return careful

    def _locate(self, read: Read, shape: tuple[int, ...]) -> Callable[[Point], int]:
        """From a point to the offset in row-major order, each position checked."""
        if not read.positions:
            return lambda point: 0
        strides = strides_of(shape)
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
            if len(pairs) == 2:  # most reads, and a sum of a generator takes three times as long
                (row, stride), (column, _) = pairs
                return lambda point: point[row] * stride + point[column]
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


def strides_of(shape: tuple[int, ...]) -> list[int]:
    """In row-major order."""
    return [math.prod(shape[axis + 1 :]) for axis in range(len(shape))]


def _repeated_parts(let: Let) -> set[Any]:
    """The parts of a body and its guard that stand there several times, but for reads and numbers."""
    seen, repeated, waiting = set[Any](), set[Any](), [let.body, let.guard]
    while waiting:
        one = waiting.pop()
        if one in seen:
            repeated.add(one)
        elif one.args:
            seen.add(one)
            waiting += one.args
    return repeated


def _once(compute: Scalar) -> Scalar:
    """The value at a point is kept until there is another: a generator of points makes each anew."""
    held: Point | None = None
    value: Number = None

    def kept(point: Point) -> Number:
        nonlocal held, value
        if point is not held:
            value = compute(point)
            held = point
        return value

    return kept


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
