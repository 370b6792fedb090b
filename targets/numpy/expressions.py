"""From one scalar expression to NumPy text, broadcast over the axes of a let.

Every piece of text is an array with one axis for each index of the let, of extent 1 where it does not
depend on the index, or a scalar where it depends on none. Both sides of a branch are computed and one
is chosen: the other does no harm, since positions are checked only where they are taken and
floating-point warnings are off. Inside of a recurrence its indices are numbers, and no axes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import sympy

from objc.atoms import BY_FUNCTION, Branch, maximum, minimum
from objc.ir.factors import early_and_late
from objc.ir.index import BATCH, Dimension, Index, Position
from objc.ir.order import ordered_addends
from objc.ir.program import Program
from objc.ir.symbols import Extent, IndexValue, Read, conjuncts, disjuncts, reads

from .._conditional import is_checked
from .spellings import SPELLINGS

ROWS = "rows"
"""The variable that holds the present block of the axis that is done in blocks."""


@dataclass(frozen=True)
class Piece:
    """Text, and the indices it depends on. `literal`: a plain number, which has no type yet."""

    text: str
    indices: frozenset[Index] = frozenset()
    literal: bool = False


@dataclass(frozen=True)
class Step:
    """One step of a recurrence: the indices that stand still, and the members that are held for this
    step only, without the axes of these indices."""

    indices: frozenset[Index] = frozenset()
    fleeting: frozenset[str] = frozenset()


EVERYWHERE = Step()
"""No recurrence: every index is an axis."""


@dataclass
class Names:
    """The names of the emitted text, none of which a user's name can reach: all have a prefix."""

    tensors: Mapping[str, str]
    sizes: Mapping[Dimension, str]
    positions: Mapping[Dimension, str]
    steps: Mapping[Index, str]
    used_positions: set[Dimension] = field(default_factory=set)
    counter: int = 0

    def temporary(self) -> str:
        self.counter += 1
        return f"t_{self.counter}"

    def size(self, dimension: Dimension) -> str:
        return str(dimension.size) if dimension.size is not None else self.sizes[dimension]


class Writer:
    """Writes expressions of one let.

    `axes` are the indices of the let in order, `blocked` the one done in blocks, `real` the type in
    which the let computes. Statements that must come first are handed to `emit`. `step` is the step
    of the recurrence that the let belongs to.
    """

    def __init__(
        self,
        program: Program,
        names: Names,
        axes: Sequence[Index],
        blocked: Index | None,
        real: str,
        emit: Callable[[str], None],
        step: Step = EVERYWHERE,
    ) -> None:
        self.program = program
        self.names = names
        self.axes = tuple(axes)
        self.blocked = blocked
        self.real = real
        self.emit = emit
        self.step = step
        self.repeated: set[Any] = set()
        self.done: dict[Any, Piece] = {}

    def share(self, *expressions: Any) -> None:
        """Compute what occurs several times once, where it does not depend on what is taken."""
        counts: Counter[Any] = Counter()
        for expression in expressions:
            _count(expression, counts)
        self.repeated = {
            node for node, times in counts.items() if times > 1 and not self._is_risky(node)
        }

    # -------------------------------------------------------------- scalars

    def number(self, expression: Any, taken: str = "True") -> Piece:
        """As a floating-point number of the let's type."""
        if expression in self.done:
            return self.done[expression]
        piece = self._number(expression, taken)
        if expression in self.repeated:
            name = self.names.temporary()
            self.emit(f"{name} = {piece.text}")
            piece = self.done[expression] = Piece(name, piece.indices)
        return piece

    def _number(self, expression: Any, taken: str) -> Piece:
        if not expression.free_symbols and not expression.has(Branch):
            return Piece(literal(expression), literal=True)
        if isinstance(expression, Read | IndexValue | Extent):
            piece = self._leaf(expression, taken)
            is_scalar_input = not getattr(expression, "positions", True)
            if self.is_integral(expression) or (is_scalar_input and self.real != "np.float64"):
                return Piece(f"{self.real}({piece.text})", piece.indices)
            return piece
        if isinstance(expression, Branch):
            return self._branch(expression, taken, self.number)
        if isinstance(expression, sympy.Add):
            return self._sum(expression, taken, self.number)
        if isinstance(expression, sympy.Mul):
            return self._product(expression, taken)
        if isinstance(expression, sympy.Pow):
            return self._power(expression.base, expression.exp, taken)
        if isinstance(expression, sympy.polygamma):
            inner = self.number(expression.args[1], taken)
            return Piece(f"polygamma({expression.args[0]}, {inner.text})", inner.indices)
        arguments = [self.number(one, taken) for one in expression.args]
        spelling = SPELLINGS[BY_FUNCTION[expression.func].name]
        return _joined(spelling.format(*[one.text for one in arguments]), arguments)

    def integer(self, expression: Any, taken: str = "True") -> Piece:
        """As an exact integer; only for what `is_integral`."""
        if isinstance(expression, sympy.Integer):
            return Piece(str(expression), literal=True)
        if isinstance(expression, Read | IndexValue | Extent):
            return self._leaf(expression, taken)
        if isinstance(expression, Branch):
            return self._branch(expression, taken, self.integer)
        if isinstance(expression, sympy.Add):
            return self._sum(expression, taken, self.integer)
        parts = [self.integer(one, taken) for one in expression.args]
        if isinstance(expression, sympy.Mul):
            return _joined("(" + " * ".join(one.text for one in parts) + ")", parts)
        spelling = SPELLINGS[BY_FUNCTION[expression.func].name]
        return _joined(spelling.format(*[one.text for one in parts]), parts)

    def is_integral(self, expression: Any) -> bool:
        """Whether every part is held as an integer."""
        if isinstance(expression, sympy.Integer | IndexValue | Extent):
            return True
        if isinstance(expression, Read):
            return self.program.tensor(expression.tensor).domain.is_integer
        if isinstance(expression, Branch):
            return all(self.is_integral(one) for one in expression.args[1:])
        closed = (sympy.Add, sympy.Mul, sympy.Abs, maximum, minimum)
        return isinstance(expression, closed) and all(map(self.is_integral, expression.args))

    def _sum(self, expression: Any, taken: str, write: Callable[[Any, str], Piece]) -> Piece:
        parts, text = [], ""
        for addend in ordered_addends(expression, self.program):
            minus = text != "" and addend.could_extract_minus_sign() and addend.is_Mul
            part = write(-addend if minus else addend, taken)
            text += f" {'-' if minus else '+'} {part.text}" if text else part.text
            parts.append(part)
        return _joined(f"({text})", parts)

    def _product(self, expression: Any, taken: str) -> Piece:
        above, below = [], []
        early, late = early_and_late(expression, self.program)
        for factor in early:
            if isinstance(factor, sympy.Pow) and factor.exp.is_Rational and factor.exp < 0:
                below.append(self._power(factor.base, -factor.exp, taken))
            else:
                above.append(factor)
        negative = bool(above) and above[0] == -1 and len(above) > 1
        parts = [self.number(one, taken) for one in above[negative:]]
        text = " * ".join(one.text for one in parts) or "1.0"
        if negative:
            text = f"-{text}"
        if below:
            text += " / " + (
                below[0].text if len(below) == 1 else f"({' * '.join(one.text for one in below)})"
            )
        last = [self.number(one, taken) for one in late]
        text = " * ".join([text, *(one.text for one in last)])
        return _joined(f"({text})", [*parts, *below, *last])

    def _power(self, base: Any, exponent: Any, taken: str) -> Piece:
        under = self.number(base, taken)
        half = sympy.Rational(1, 2)
        if exponent.is_Rational and exponent < 0:
            inverse = self._power(base, -exponent, taken)
            return Piece(f"(1.0 / {inverse.text})", inverse.indices)
        if exponent == 1:
            return under
        if exponent == 2:
            return Piece(f"np.square({under.text})", under.indices)
        if exponent.is_Integer:
            return Piece(f"integer_power({under.text}, {exponent})", under.indices)
        if exponent == half:
            return Piece(f"np.sqrt({under.text})", under.indices)
        over = self.number(exponent, taken)
        return _joined(f"np.power({under.text}, {over.text})", [under, over])

    def _branch(self, expression: Any, taken: str, write: Callable[[Any, str], Piece]) -> Piece:
        condition, then, otherwise = expression.args
        test = self.condition(condition, taken)
        if_true = if_false = taken
        if self._is_risky(then) or self._is_risky(otherwise):
            test = self._kept(test)
            if self._is_risky(then):
                if_true = self._kept(self._both(taken, test.text)).text
            if self._is_risky(otherwise):
                if_false = self._kept(self._both(taken, f"np.logical_not({test.text})")).text
        sides = [write(then, if_true), write(otherwise, if_false)]
        if all(one.literal for one in sides) and write == self.number:
            sides = [Piece(f"{self.real}({one.text})") for one in sides]
        text = f"np.where({test.text}, {sides[0].text}, {sides[1].text})"
        return _joined(text, [test, *sides])

    # -------------------------------------------------------------- conditions

    def condition(self, condition: Any, taken: str = "True") -> Piece:
        if condition in (sympy.true, sympy.false):
            return Piece(str(bool(condition)))
        if isinstance(condition, sympy.And):
            return self._connected(conjuncts(condition), taken, " & ", "{}")
        if isinstance(condition, sympy.Or):
            return self._connected(disjuncts(condition), taken, " | ", "np.logical_not({})")
        if isinstance(condition, sympy.Not):
            denied = self.condition(condition.args[0], taken)
            return Piece(f"np.logical_not({denied.text})", denied.indices)
        write = self.integer if all(map(self.is_integral, condition.args)) else self.number
        left, right = (write(one, taken) for one in condition.args)
        return _joined(f"({left.text} {condition.rel_op} {right.text})", [left, right])

    def _connected(self, parts: Sequence[Any], taken: str, sign: str, goes_on: str) -> Piece:
        """Parts in order; a read in a later one is taken only where the earlier ones leave it open."""
        found: list[Piece] = []
        for part in parts:
            if found and self._is_risky(part):
                found = [self._kept(_joined(f"({sign.join(p.text for p in found)})", found))]
                inner = self._kept(self._both(taken, goes_on.format(found[0].text))).text
                found.append(self.condition(part, inner))
            else:
                found.append(self.condition(part, taken))
        return _joined(f"({sign.join(one.text for one in found)})", found)

    def _both(self, taken: str, test: str) -> Piece:
        return Piece(test if taken == "True" else f"{taken} & {test}")

    def _kept(self, piece: Piece) -> Piece:
        if piece.text.isidentifier():
            return piece
        name = self.names.temporary()
        self.emit(f"{name} = {piece.text}")
        return Piece(name, piece.indices)

    # -------------------------------------------------------------- reads

    def _leaf(self, expression: Any, taken: str) -> Piece:
        if isinstance(expression, Extent):
            return Piece(self.names.size(expression.dimension))
        if isinstance(expression, IndexValue):
            return self.index_array(expression.index)
        return self.read(expression, taken)

    def read(self, read: Read, taken: str = "True") -> Piece:
        name = self.names.tensors[read.tensor]
        positions = [one for one in read.positions if not self._is_dropped(read, one)]
        if not positions:
            return Piece(name)
        whole = [None if self._is_fixed(one) else one.index for one in positions]
        kept = [index for index in whole if index is not None]
        fixed = [one for one in positions if self._is_fixed(one)]
        if len(kept) + len(fixed) == len(positions) and len(set(kept)) == len(kept):
            part = self._part(name, read, positions, taken) if fixed else name
            return self._slice(part, kept)
        places = [self.position(position, taken) for position in positions]
        example = self.example()
        arguments = [name, repr(read.tensor), taken, example, *(one.text for one in places)]
        if not self._is_checked(read):
            return _joined(f"{name}[{', '.join(one.text for one in places)}]", places)
        return _joined(f"gather({', '.join(arguments)})", places)

    def _is_fixed(self, position: Position) -> bool:
        """Whether a position is the same all through the let."""
        base = position.base
        return base is None or isinstance(base, Dimension) or base in self.step.indices

    def _is_dropped(self, read: Read, position: Position) -> bool:
        return read.tensor in self.step.fleeting and position.index in self.step.indices

    def _part(self, name: str, read: Read, positions: Sequence[Position], taken: str) -> str:
        """An array at its fixed positions, with the other axes whole."""
        fixed = [self._is_fixed(one) for one in positions]
        texts = [
            self.position(one, taken).text if at else None
            for one, at in zip(positions, fixed, strict=True)
        ]
        if all(not at or one.index for one, at in zip(positions, fixed, strict=True)):
            return f"{name}[{', '.join(one or ':' for one in texts)}]"
        arguments = [name, repr(read.tensor), taken, self.example(), *map(str, texts)]
        return f"part({', '.join(arguments)})"

    def _slice(self, name: str, indices: list[Index]) -> Piece:
        order = sorted(range(len(indices)), key=lambda axis: self.axes.index(indices[axis]))
        if order != list(range(len(indices))):
            name = f"{name}.transpose({', '.join(map(str, order))})"
        return Piece(name + self.subscript(indices), frozenset(indices))

    def subscript(self, indices: Sequence[Index]) -> str:
        """From the axes of these indices (in the let's order) to all axes of the let."""
        parts = [
            (ROWS if index == self.blocked else ":") if index in indices else "None"
            for index in self.axes
        ]
        return "" if all(part == ":" for part in parts) else f"[{', '.join(parts)}]"

    def index_array(self, index: Index) -> Piece:
        if index in self.step.indices:
            return Piece(self.names.steps[index])
        self.names.used_positions.add(index.dimension)
        name = self.names.positions[index.dimension]
        return Piece(name + self.subscript([index]), frozenset([index]))

    def position(self, position: Position, taken: str) -> Piece:
        base, offset = position.base, position.offset
        if base is None:
            return Piece(str(offset))
        if isinstance(base, Index):
            piece = self.index_array(base)
        elif isinstance(base, Dimension):
            piece = Piece(self.names.size(base))
        else:
            piece = self.read(base, taken)
        if not offset:
            return piece
        return Piece(f"{piece.text} {'+' if offset > 0 else '-'} {abs(offset)}", piece.indices)

    def example(self) -> str:
        for index in self.axes:
            if index.dimension == BATCH:
                return self.index_array(index).text
        return "None"

    def _is_checked(self, read: Read) -> bool:
        """Whether some position may lie outside its axis."""
        return is_checked(read, self.program.tensor(read.tensor))

    def _is_risky(self, expression: Any) -> bool:
        return any(map(self._is_checked, reads(expression)))


def literal(value: Any) -> str:
    """A number as a float literal, rounded once."""
    if value in (sympy.oo, -sympy.oo):
        return "np.inf" if value == sympy.oo else "-np.inf"
    if isinstance(value, sympy.Rational):
        try:
            text = repr(int(value.p) / int(value.q))
        except OverflowError:
            return "np.inf" if value > 0 else "-np.inf"
    else:
        text = repr(float(sympy.N(value, 25)))
    return f"({text})" if text[0] == "-" else text


def _joined(text: str, parts: Sequence[Piece]) -> Piece:
    indices: frozenset[Index] = frozenset()
    return Piece(text, indices.union(*[one.indices for one in parts]))


def _count(node: Any, counts: Counter[Any]) -> None:
    if isinstance(node, sympy.Function | sympy.Pow) and node.free_symbols:
        counts[node] += 1
        if counts[node] > 1:
            return
    for part in node.args:
        _count(part, counts)
