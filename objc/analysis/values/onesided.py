"""A program at exact inputs, one entry of which moves a little to one side: what it does there, enclosed.

That is how a jump or a kink is shown. With t in (0, h] the step, every scalar of the program carries
enclosures of its limit at t → 0, of its values and of its slopes. If those of both sides have no value
in common, the function is not continuous; if the slopes have none, it is not differentiable (a mean
value of slopes lies in their enclosure). Whatever isn't decided on the whole of (0, h] is `Undecided`.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from functools import reduce
from typing import Any

import sympy

from objc.analysis.values.interval import (
    LINE,
    Interval,
    apply,
    at,
    atom_of,
    is_evaluable,
    of_number,
)
from objc.atoms import ATOMS, Atom, Branch, maximum, minimum, stop_gradient, xlog1py, xlogy
from objc.ir.index import Dimension, Index, Position
from objc.ir.program import Let, Program
from objc.ir.symbols import Condition, Extent, IndexValue, Read, conjuncts, disjuncts

ZERO, ONE = Interval.point(0), Interval.point(1)
_RELATIONS: Mapping[Any, frozenset[int]] = {
    sympy.StrictGreaterThan: frozenset({1}),
    sympy.GreaterThan: frozenset({0, 1}),
    sympy.StrictLessThan: frozenset({-1}),
    sympy.LessThan: frozenset({-1, 0}),
    sympy.Equality: frozenset({0}),
    sympy.Unequality: frozenset({-1, 1}),
}
"""The signs of the difference of both sides with which a relation holds."""


class Undecided(Exception):
    """The enclosures don't tell, or the function has no finite value there."""


class Exhausted(Exception):
    """The work allowed is done."""


@dataclass
class Work:
    """How many parts of formulas may still be evaluated."""

    left: int

    def spend(self) -> None:
        self.left -= 1
        if self.left < 0:
            raise Exhausted


@dataclass(frozen=True)
class Jet:
    """Enclosures for t in (0, h]: of the limit at t → 0, of all values, of all slopes in t."""

    start: Interval
    value: Interval
    slope: Interval

    def sign(self) -> int:
        """The sign on the whole of (0, h]."""
        if self.value == ZERO:
            return 0
        is_from_zero = self.start == ZERO
        if self.value.low > 0 or (is_from_zero and self.slope.low > 0):
            return 1
        if self.value.high < 0 or (is_from_zero and self.slope.high < 0):
            return -1
        raise Undecided

    @property
    def is_constant(self) -> bool:
        return self.slope == ZERO and self.value == self.start

    def number(self) -> Fraction:
        """The value, where it is one exact number."""
        if self.value.low != self.value.high or not isinstance(self.value.low, Fraction):
            raise Undecided
        return self.value.low


def constant(value: Interval) -> Jet:
    if not value.is_bounded:
        raise Undecided
    return Jet(value, value, ZERO)


@dataclass(frozen=True)
class Move:
    """The entry of an input that moves from `origin`, by `side`·t with t in (0, `reach`]; nothing moves
    with a side of zero."""

    tensor: str
    entry: tuple[int, ...]
    origin: Fraction
    side: int
    reach: Fraction

    def jet(self) -> Jet:
        start, end = self.origin, self.origin + self.side * self.reach
        moving = Interval(min(start, end), max(start, end))
        return Jet(Interval.point(start), moving, Interval.point(self.side))


@dataclass(frozen=True)
class Still:
    """What doesn't move, whatever an entry of one input does: the entries of all tensors but those that are
    `moving`. Moves from the same values share it."""

    moving: frozenset[str]
    known: dict[tuple[str, tuple[int, ...]], Jet] = field(default_factory=dict)


class Along:
    """The scalars of a program along a move, each computed when it is asked for."""

    def __init__(
        self,
        program: Program,
        values: Mapping[str, Any],
        move: Move,
        work: Work,
        still: Still,
    ) -> None:
        self.program = program
        self.work = work
        self.values = values
        self.move = move
        self.sizes = _sizes(program, values)
        self.still = still
        self._known: dict[tuple[str, tuple[int, ...]], Jet] = {}
        self._waiting: set[tuple[str, tuple[int, ...]]] = set()

    def at(self, tensor: str, places: tuple[int, ...]) -> Jet:
        """One entry of an input or a let."""
        key = (tensor, places)
        known = self._known if tensor in self.still.moving else self.still.known
        if key not in known:
            if key in self._waiting or len(self._waiting) > 100:
                raise Undecided
            self._waiting.add(key)
            known[key] = self._entry(tensor, places)
            self._waiting.remove(key)
        return known[key]

    def _entry(self, tensor: str, places: tuple[int, ...]) -> Jet:
        if tensor in self.program.let:
            return self._let(self.program.let[tensor], places)
        if (tensor, places) == (self.move.tensor, self.move.entry):
            return self.move.jet()
        value = self.values[tensor]
        for place in places:
            if not 0 <= place < len(value):
                raise Undecided
            value = value[place]
        return constant(Interval.point(Fraction(str(value))))

    def _let(self, let: Let, places: tuple[int, ...]) -> Jet:
        free = dict(zip(let.free, places, strict=True))
        if any(not 0 <= place < self.size(index.dimension) for index, place in free.items()):
            raise Undecided
        if let.reduction is None:
            return self.of(let.body, free)
        points = list(self._points(let, free))
        return self._reduced(let, [self.of(let.body, point) for _, point in points], points)

    def _points(
        self, let: Let, free: Mapping[Index, int]
    ) -> Iterator[tuple[tuple[int, ...], dict[Index, int]]]:
        for places in itertools.product(*(range(self.size(one.dimension)) for one in let.over)):
            point = {**free, **dict(zip(let.over, places, strict=True))}
            if self.holds(let.guard, point):
                yield places, point

    def size(self, dimension: Dimension) -> int:
        if dimension.size is not None:
            return dimension.size
        if dimension not in self.sizes:
            raise Undecided
        return self.sizes[dimension]

    # ------------------------------------------------------------- expressions

    def of(self, node: Any, point: Mapping[Any, Any]) -> Jet:
        """An expression, where indices (and symbols) are bound."""
        self.work.spend()
        if node.is_number and is_evaluable(node):
            return constant(of_number(node))
        match node:
            case Read():
                places = tuple(self._place(one, point) for one in node.positions)
                return self.at(node.tensor, places)
            case IndexValue():
                return constant(Interval.point(point[node.index]))
            case Extent():
                return constant(Interval.point(self.size(node.dimension)))
            case Branch():
                condition, then, otherwise = node.args
                return self.of(then if self.holds(condition, point) else otherwise, point)
        if node in point:
            found: Jet = point[node]
            return found
        return self._combined(node, [self.of(one, point) for one in node.args])

    def _combined(self, node: Any, parts: list[Jet]) -> Jet:
        match node:
            case sympy.Add():
                return reduce(self._add, parts)
            case sympy.Mul():
                return reduce(self._multiply, parts)
            case sympy.Pow():
                return self._power(*parts)
            case maximum():
                return self._greater(*parts)
            case minimum():
                return self._negative(self._greater(*map(self._negative, parts)))
            case sympy.Abs():
                return self._absolute(parts[0])
            case sympy.sign():
                return constant(Interval.point(parts[0].sign()))
            case stop_gradient():
                return parts[0]
            case xlogy() | xlog1py():
                inner = "log" if isinstance(node, xlogy) else "log1p"
                return parts[0] if parts[0].value == ZERO else self._multiply(
                    parts[0], self._function(ATOMS[inner], parts[1])
                )  # fmt: skip
            case sympy.polygamma() if node.args[0] == 0:
                return self._function(ATOMS["digamma"], parts[1])
        atom = atom_of(node)
        if atom is None or atom.arity != 1 or len(parts) != 1:
            raise Undecided
        return self._function(atom, parts[0])

    def _place(self, position: Position, point: Mapping[Any, Any]) -> int:
        base = position.base
        if base is None:
            return position.offset
        if isinstance(base, Dimension):
            return self.size(base) + position.offset
        if isinstance(base, Index):
            return int(point[base]) + position.offset
        return int(self.of(base, point).number()) + position.offset

    def holds(self, condition: Condition, point: Mapping[Any, Any]) -> bool:
        """Whether a condition holds on the whole of (0, h]."""
        if condition in (sympy.true, sympy.false):
            return bool(condition)
        match condition:
            case sympy.And():
                return all(self.holds(one, point) for one in conjuncts(condition))
            case sympy.Or():
                return any(self.holds(one, point) for one in disjuncts(condition))
            case sympy.Not():
                return not self.holds(condition.args[0], point)
        left, right = (self.of(one, point) for one in condition.args)
        difference = self._add(left, self._negative(right))
        return difference.sign() in _RELATIONS[condition.func]

    # ------------------------------------------------------------- arithmetic

    def _jet(self, start: Interval, value: Interval, slope: Interval) -> Jet:
        """With what the mean value theorem adds: values lie at most t·slope from the limit."""
        if slope.is_bounded:
            steps = Interval(Fraction(0), self.move.reach)
            value = value.meet(start + slope * steps)
        if not (value.is_bounded and start.is_bounded):
            raise Undecided
        return Jet(start, value, slope)

    def _add(self, one: Jet, other: Jet) -> Jet:
        if one.slope == ZERO == other.slope:
            return self._still(one.start + other.start, one.value + other.value)
        return self._jet(one.start + other.start, one.value + other.value, one.slope + other.slope)

    def _negative(self, one: Jet) -> Jet:
        return Jet(-one.start, -one.value, -one.slope)

    def _still(self, start: Interval, value: Interval) -> Jet:
        if not value.is_bounded:
            raise Undecided
        return Jet(start, value, ZERO)

    def _multiply(self, one: Jet, other: Jet) -> Jet:
        if one.slope == ZERO == other.slope:
            return self._still(one.start * other.start, one.value * other.value)
        slope = one.slope * other.value + one.value * other.slope
        return self._jet(one.start * other.start, one.value * other.value, slope)

    def _absolute(self, one: Jet) -> Jet:
        if one.value.is_nonnegative:
            return one
        return one if one.sign() >= 0 else self._negative(one)

    def _greater(self, one: Jet, other: Jet) -> Jet:
        difference = self._add(one, self._negative(other))
        if difference.value.is_nonnegative:
            return one
        return one if difference.sign() >= 0 else other

    def _power(self, base: Jet, exponent: Jet) -> Jet:
        if not exponent.is_constant:
            return self._function(
                ATOMS["exp"], self._multiply(exponent, self._function(ATOMS["log"], base))
            )
        power = exponent.number()
        is_whole = power.denominator == 1
        if (power < 0 and base.value.low <= 0 <= base.value.high) or (
            not is_whole and base.value.low < 0
        ):
            raise Undecided
        if power == 0:
            return constant(ONE)

        def raised(values: Interval, by: Fraction) -> Interval:
            exact = Interval.point(by)
            return values.power(int(by)) if is_whole else values.raised(exact)

        if base.slope == ZERO:
            return self._still(raised(base.start, power), raised(base.value, power))
        slope = exponent.value * raised(base.value, power - 1) * base.slope
        return self._jet(raised(base.start, power), raised(base.value, power), slope)

    def _function(self, atom: Atom, argument: Jet) -> Jet:
        low, high = (of_number(sympy.sympify(end)) for end in atom.domain[0])
        if argument.value.low < low.low or argument.value.high > high.high:
            raise Undecided
        start = argument.start
        start = (
            Interval(at(atom, start.low, False), at(atom, start.high, True))
            if start.low == start.high
            else apply(atom, start)
        )
        if argument.slope == ZERO:
            return self._jet(start, start if argument.is_constant else LINE, ZERO)
        slope = self._derivative(atom, argument.value) * argument.slope
        return self._jet(start, apply(atom, argument.value), slope)

    def _derivative(self, atom: Atom, values: Interval) -> Interval:
        variable = sympy.Dummy("u", real=True)
        try:
            rule = atom.derivatives[0](variable)
            return self.of(rule, {variable: Jet(values, values, ZERO)}).value
        except Undecided:
            return LINE

    # ------------------------------------------------------------- reductions

    def _reduced(
        self, let: Let, bodies: list[Jet], points: Sequence[tuple[tuple[int, ...], Any]]
    ) -> Jet:
        match let.reduction:
            case "sum":
                return reduce(self._add, bodies, constant(ZERO))
            case "mean" if bodies:
                share = constant(Interval.point(Fraction(1, len(bodies))))
                return self._multiply(share, reduce(self._add, bodies))
            case "prod":
                return reduce(self._multiply, bodies, constant(ONE))
            case "max" if bodies:
                return reduce(self._greater, bodies)
            case "min" if bodies:
                return self._negative(reduce(self._greater, map(self._negative, bodies)))
            case "logsumexp" if bodies:
                terms = [self._function(ATOMS["exp"], one) for one in bodies]
                return self._function(ATOMS["log"], reduce(self._add, terms))
            case "norm":
                return self._norm([one for one in bodies if one.value != ZERO])
            case "argmax" | "argmin" if bodies:
                return self._place_of_extreme(let.reduction, bodies, points)
            case "any" | "all" | "count":
                return self._counted(let.reduction, [one.sign() != 0 for one in bodies])
        raise Undecided

    def _norm(self, bodies: list[Jet]) -> Jet:
        if not bodies:
            return constant(ZERO)
        if len(bodies) == 1:
            return self._absolute(bodies[0])
        half = constant(Interval.point(Fraction(1, 2)))
        return self._power(reduce(self._add, (self._multiply(one, one) for one in bodies)), half)

    def _place_of_extreme(
        self, kind: str, bodies: list[Jet], points: Sequence[tuple[tuple[int, ...], Any]]
    ) -> Jet:
        if len(points[0][0]) != 1:
            raise Undecided
        beats = 1 if kind == "argmax" else -1
        best = 0
        for number, one in enumerate(bodies):
            if self._add(one, self._negative(bodies[best])).sign() == beats:
                best = number
        return constant(Interval.point(points[best][0][0]))

    def _counted(self, kind: str, truths: list[bool]) -> Jet:
        counts: dict[str, Callable[[], int]] = {
            "any": lambda: any(truths),
            "all": lambda: all(truths),
            "count": lambda: sum(truths),
        }
        return constant(Interval.point(int(counts[kind]())))


def _sizes(program: Program, values: Mapping[str, Any]) -> dict[Dimension, int]:
    sizes: dict[Dimension, int] = {}
    for one in program.inputs:
        value = values[one.name]
        for dimension in one.dimensions:
            sizes[dimension] = len(value)
            value = value[0]
    return sizes
