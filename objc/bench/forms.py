"""A program as a function of PyTorch or JAX: what a user of the framework would write.

The text is the same for both: elementwise over arrays that broadcast, one axis an index, products of
arrays as einsum, reductions by name. What its words mean in a framework stands in a preamble (`words`).
The framework's own differentiation does the rest, so such a form is a peer in speed and a second
opinion in value; where both sides of a branch are computed, its gradient may hold NaN. A recurrence is a
loop over its steps, as a user writes one, in which a condition of the step alone chooses.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from string import ascii_letters
from typing import Any

import sympy

from objc.atoms import BY_FUNCTION, Branch
from objc.ir.index import Dimension, Index, Position
from objc.ir.order import ordered_addends
from objc.ir.program import Let, Program
from objc.ir.recurrence import Group, groups
from objc.ir.symbols import Condition, Expression, Extent, IndexValue, Read, conjuncts, disjuncts

_EMPTY = {"sum": "0.0", "prod": "1.0", "max": "-inf", "min": "inf", "logsumexp": "-inf"}
_WORDS = {
    "sum": "total", "prod": "product", "max": "largest", "min": "smallest",
    "logsumexp": "logsumexp", "mean": "average", "norm": "norm", "any": "some", "all": "every",
    "count": "number", "argmax": "argmax", "argmin": "argmin",
}  # fmt: skip


class NoForm(Exception):
    """A program that can't be written as a function of a framework; the text says why."""


def form(program: Program) -> str:
    """The text of `form(inputs)`, which returns the value of a program that has one.

    `program` is stabilised and has no derivatives; reductions need not be expanded.

    Raises:
        NoForm: it has a recurrence along two indices, or an output that is no single number.
    """
    return Form(program).text()


def has_steps(program: Program) -> bool:
    """Whether the form of a program loops over steps."""
    return any(group.is_recurrence for group in groups(program))


class Form:
    """Writes a program, let by let."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.names: dict[str, str] = {}
        self.sizes: dict[Dimension, str] = {}
        tensors = [*(one.name for one in program.inputs), *(one.name for one in program.lets)]
        for number, name in enumerate(tensors):
            safe = "".join(c if c.isascii() and c.isalnum() else "_" for c in name)
            self.names[name] = f"v{number}_{safe}"
        for number, dimension in enumerate(program.dimensions):
            if dimension.size is None:
                self.sizes[dimension] = f"n{number}"
        self.axes: tuple[Index, ...] = ()
        self.steps: dict[Index, str] = {}
        """In a loop, the name of its step by the index."""
        self.stepwise: frozenset[str] = frozenset()
        """The lets of which there is an array for each step, by the step."""

    def text(self) -> str:
        lines = ["def form(inputs):"]
        for one in self.program.inputs:
            lines.append(f"    {self.names[one.name]} = inputs[{one.name!r}]")
        lines += self._extents()
        for group in groups(self.program):
            if group.is_recurrence:
                lines += self._loop(group)
                continue
            let = group.lets[0]
            lines.append(f"    {self.names[let.name]} = {self._let(let)}")
        value = self.program.let[self.program.outputs["value"]]
        if value.free:
            raise NoForm(f"`{value.name}` is no single number")
        return "\n".join([*lines, f"    return {self.names[value.name]}"]) + "\n"

    def _extents(self) -> list[str]:
        lines = []
        for dimension, name in self.sizes.items():
            for one in self.program.inputs:
                if dimension in one.dimensions:
                    axis = one.dimensions.index(dimension)
                    lines.append(f"    {name} = {self.names[one.name]}.shape[{axis}]")
                    break
        return lines

    # -------------------------------------------------------------- lets

    def _loop(self, group: Group) -> list[str]:
        if len(group.indices) > 1:
            raise NoForm(f"`{group.lets[0].name}` is a recurrence along two indices")
        (index,), (way,) = group.indices, group.steps
        names = [self.names[let.name] for let in group.lets]
        extent = self._size(index.dimension)
        lines = [f"    {name} = {{}}" for name in names]
        self.steps, self.stepwise = {index: "step"}, frozenset(one.name for one in group.lets)
        lines.append(f"    for step in range({extent})[::{way}]:")
        lines += [
            f"        {name}[step] = {self._let(let)}"
            for name, let in zip(names, group.lets, strict=True)
        ]
        self.steps, self.stepwise = {}, frozenset()
        return lines + [
            f"    {name} = stacked([{name}[step] for step in range({extent})], {let.free.index(index)})"
            for name, let in zip(names, group.lets, strict=True)
        ]

    def _without_step(self, indices: Sequence[Index]) -> tuple[Index, ...]:
        return tuple(one for one in indices if one not in self.steps)

    def _let(self, let: Let) -> str:
        free = self._without_step(let.free)
        let = let if len(free) == len(let.free) else replace(let, free=free)
        self.axes = let.indices
        if let.reduction is None:
            return self._full(self.real(let.body), let)
        if let.reduction == "argsort":  # a place for each rank, the last free index
            self.axes = (*let.free[:-1], *let.over)
            return f"argsort(spread({self.real(let.body)}, {self._shape(self.axes)}))"
        product = self._einsum(let)
        if product is not None:
            return product
        if let.reduction not in _WORDS:
            raise NoForm(f"`{let.name}` is {let.reduction}")
        axes = tuple(range(len(let.free), len(let.indices)))
        shape = self._shape(let.indices)
        body = f"spread({self._body(let)}, {shape})"
        if let.reduction == "mean" and let.guard != sympy.true:
            guard = f"spread({self.condition(let.guard)}, {shape})"
            return f"total({body}, {axes}) / number({guard}, {axes})"
        return f"{_WORDS[let.reduction]}({body}, {axes})"

    def _body(self, let: Let) -> str:
        body = self.real(let.body)
        if let.guard == sympy.true:
            return body
        now, later = self._of_the_step(let.guard)
        if let.reduction in ("any", "count", "norm", "mean"):
            empty = "0.0"
        elif let.reduction == "all":
            empty = "1.0"
        elif str(let.reduction) in _EMPTY:
            empty = _EMPTY[str(let.reduction)]
        else:
            raise NoForm(f"`{let.name}` is {let.reduction} with a condition")
        return self._chosen(now, later, body, empty)

    def _of_the_step(self, condition: Condition) -> tuple[Condition, Condition]:
        """The parts of a condition that the step alone decides, and the others."""
        here: list[Any] = []
        rest: list[Any] = []
        for one in conjuncts(condition):
            known = isinstance(one, sympy.core.relational.Relational) and all(
                isinstance(x, Extent) or (isinstance(x, IndexValue) and x.index in self.steps)
                for x in one.free_symbols
            )
            (here if known and self.steps else rest).append(one)
        return sympy.And(*here), sympy.And(*rest)

    def _chosen(self, now: Condition, later: Condition, then: str, otherwise: str) -> str:
        """One of two: by what is known of the step before anything is computed, then by the entries."""
        if later != sympy.true:
            then = f"choose({self.condition(later)}, {then}, {otherwise})"
        if now == sympy.true:
            return then
        tests = (
            f"{self.whole(one.args[0])} {one.rel_op} {self.whole(one.args[1])}"
            for one in conjuncts(now)
        )
        return f"({then} if {' and '.join(tests)} else real({otherwise}))"

    def _full(self, text: str, let: Let) -> str:
        if not let.free:
            return text
        return f"spread({text}, {self._shape(let.free)})"

    def _shape(self, indices: Sequence[Index]) -> str:
        return f"({''.join(f'{self._size(one.dimension)}, ' for one in indices)})"

    def _einsum(self, let: Let) -> str | None:
        """A sum of products of arrays read as they stand, as a framework's matrix product."""
        now, later = self._of_the_step(let.guard)
        if let.reduction != "sum" or later != sympy.true:
            return None
        factors: list[Read] = []
        rest: list[Expression] = []
        for one in sympy.Mul.make_args(let.body):
            is_array = isinstance(one, Read) and bool(self._entries(one)[1])
            (factors if is_array and self._is_plain(one) else rest).append(one)
        read = [self._entries(one) for one in factors]
        covered = {position.index for _, positions, _ in read for position in positions}
        if len(factors) < 2 or not set(let.indices) <= covered:
            return None
        if any(one.atoms(IndexValue) or self._has_axes(one) for one in rest):
            return None
        letter: dict[Index | None, str] = dict(zip(let.indices, ascii_letters, strict=False))
        inner = [
            "".join(letter[position.index] for position in positions)
            for _, positions, _ in read
        ]  # fmt: skip
        outer = "".join(letter[index] for index in let.free)
        arrays = ", ".join(name for name, _, _ in read)
        text = f"einsum({','.join(inner) + '->' + outer!r}, {arrays})"
        text = " * ".join([text, *(self.real(one) for one in rest)])
        if now == sympy.true:
            return text
        return f"spread({self._chosen(now, later, text, '0.0')}, {self._shape(let.free)})"

    def _is_plain(self, read: Read) -> bool:
        _, positions, dimensions = self._entries(read)
        indices = [position.index for position in positions]
        return (
            not self.program.tensor(read.tensor).domain.is_integer
            and None not in indices
            and len(set(indices)) == len(indices)
            and all(i.dimension == d for i, d in zip(indices, dimensions, strict=True) if i)
        )

    def _entries(self, read: Read) -> tuple[str, Sequence[Position], Sequence[Dimension]]:
        """The array of a read at the loop's step and at places that are the same for all entries, the
        positions along its other axes, and their extents."""
        name = self.names[read.tensor]
        dimensions = self.program.tensor(read.tensor).dimensions
        places = list(zip(read.positions, dimensions, strict=True))
        if read.tensor in self.stepwise:
            step = next(one for one, _ in places if one.base in self.steps)
            name = f"{name}[{self._fixed(step)}]"
            places = [(one, axis) for one, axis in places if one is not step]
        fixed = [self._fixed(one) for one, _ in places]
        left = [place for place, number in zip(places, fixed, strict=True) if number is None]
        if len(left) < len(places):
            name += f"[{', '.join(number or ':' for number in fixed)}]"
        return name, [one for one, _ in left], [axis for _, axis in left]

    def _fixed(self, position: Position) -> str | None:
        """A place that is a number: of the loop's step, or counted from an end."""
        base, offset = position.base, position.offset
        if base is None:
            return str(offset)
        if isinstance(base, Index):
            name = self.steps.get(base)
        else:
            name = self._size(base) if isinstance(base, Dimension) else None
        return (
            name
            if name is None or not offset
            else f"{name} {'-' if offset < 0 else '+'} {abs(offset)}"
        )

    def _has_axes(self, expression: Expression) -> bool:
        return any(read.positions for read in expression.atoms(Read))

    # -------------------------------------------------------------- scalars

    def real(self, expression: Expression) -> str:
        """As numbers of the floating type."""
        if not expression.free_symbols and not expression.has(Branch):
            return _literal(expression)
        if isinstance(expression, Read | IndexValue | Extent):
            text = self.leaf(expression)
            return f"real({text})" if self.is_whole(expression) else text
        if isinstance(expression, Branch):
            condition, then, otherwise = expression.args
            arms = self.real(then), self.real(otherwise)
            if isinstance(condition, sympy.Or) and self.steps:
                now, later = self._of_the_step(sympy.Not(condition))
                return self._chosen(now, later, arms[1], arms[0])
            return self._chosen(*self._of_the_step(condition), *arms)
        if isinstance(expression, sympy.Add):
            parts = [self.real(one) for one in ordered_addends(expression, self.program)]
            return f"({' + '.join(parts)})"
        if isinstance(expression, sympy.Mul):
            return self._product(expression)
        if isinstance(expression, sympy.Pow):
            return self._power(expression.base, expression.exp)
        if isinstance(expression, sympy.polygamma):
            order, inner = expression.args
            return f"polygamma({order}, {self.real(inner)})"
        atom = BY_FUNCTION.get(expression.func)
        if atom is None:
            raise NoForm(f"`{expression.func.__name__}` has no spelling")
        word = {"abs": "absolute"}.get(atom.name, atom.name)
        return f"{word}({', '.join(self.real(one) for one in expression.args)})"

    def whole(self, expression: Expression) -> str:
        """As integers."""
        if isinstance(expression, sympy.Integer):
            return str(expression)
        if isinstance(expression, Read | IndexValue | Extent):
            return self.leaf(expression)
        sign = " + " if isinstance(expression, sympy.Add) else " * "
        return f"({sign.join(self.whole(one) for one in expression.args)})"

    def is_whole(self, expression: Expression) -> bool:
        if isinstance(expression, sympy.Integer | IndexValue | Extent):
            return True
        if isinstance(expression, Read):
            return self.program.tensor(expression.tensor).domain.is_integer
        closed = (sympy.Add, sympy.Mul)
        return isinstance(expression, closed) and all(map(self.is_whole, expression.args))

    def _product(self, expression: Expression) -> str:
        above, below = [], []
        for factor in expression.args:
            if isinstance(factor, sympy.Pow) and factor.exp.is_Rational and factor.exp < 0:
                below.append(self._power(factor.base, -factor.exp))
            else:
                above.append(self.real(factor))
        text = " * ".join(above) or "1.0"
        return f"({text} / ({' * '.join(below)}))" if below else f"({text})"

    def _power(self, base: Expression, exponent: Expression) -> str:
        under = self.real(base)
        if exponent.is_Rational and exponent < 0:
            return f"(1.0 / {self._power(base, -exponent)})"
        if exponent == sympy.Rational(1, 2):
            return f"sqrt({under})"
        if exponent.is_Integer:
            return under if exponent == 1 else f"({under} ** {exponent})"
        return f"power({under}, {self.real(exponent)})"

    def condition(self, condition: Condition) -> str:
        if condition in (sympy.true, sympy.false):
            return f"truth({bool(condition)})"
        if isinstance(condition, sympy.And | sympy.Or):
            both = isinstance(condition, sympy.And)
            parts = conjuncts(condition) if both else disjuncts(condition)
            return f"({(' & ' if both else ' | ').join(self.condition(one) for one in parts)})"
        if isinstance(condition, sympy.Not):
            return f"(~{self.condition(condition.args[0])})"
        write = self.whole if all(map(self.is_whole, condition.args)) else self.real
        left, right = (write(one) for one in condition.args)
        return f"truth({left} {condition.rel_op} {right})"

    # -------------------------------------------------------------- reads

    def leaf(self, expression: Expression) -> str:
        if isinstance(expression, Extent):
            return self._size(expression.dimension)
        if isinstance(expression, IndexValue):
            return self._positions(expression.index)
        return self._read(expression)

    def _read(self, read: Read) -> str:
        name = self.names[read.tensor]
        if not read.positions:
            return name
        name, positions, dimensions = self._entries(read)
        indices = [position.index for position in positions]
        own = [i for i, d in zip(indices, dimensions, strict=True) if i and i.dimension == d]
        if len(own) == len(indices) and len(set(own)) == len(own):
            return self._aligned(name, own)
        places = [
            self._place(position, dimension)
            for position, dimension in zip(positions, dimensions, strict=True)
        ]
        return f"{name}[{', '.join(places)}]"

    def _aligned(self, name: str, indices: Sequence[Index]) -> str:
        """An array with its axes in the order of the let, and an axis of one for each other index."""
        order = sorted(range(len(indices)), key=lambda axis: self.axes.index(indices[axis]))
        if order != list(range(len(indices))):
            name = f"transposed({name}, {tuple(order)})"
        return name + self._subscript(indices)

    def _subscript(self, indices: Sequence[Index]) -> str:
        parts = [":" if index in indices else "None" for index in self.axes]
        return "" if all(part == ":" for part in parts) else f"[{', '.join(parts)}]"

    def _positions(self, index: Index) -> str:
        if index in self.steps:
            return self.steps[index]
        return f"positions({self._size(index.dimension)}){self._subscript([index])}"

    def _place(self, position: Position, dimension: Dimension) -> str:
        """A position as integers; a shifted one is kept in its axis, since nobody takes it outside."""
        base = position.base
        assert isinstance(base, Index | Read)  # a number is no place of its own
        text = self._positions(base) if isinstance(base, Index) else self._read(base)
        if position.offset == 0 and not isinstance(base, Index):
            return text
        return f"kept({text} + {position.offset}, {self._size(dimension)})"

    def _size(self, dimension: Dimension) -> str:
        return str(dimension.size) if dimension.size is not None else self.sizes[dimension]


def _literal(value: Expression) -> str:
    if value in (sympy.oo, -sympy.oo):
        return "inf" if value == sympy.oo else "(-inf)"
    text = repr(float(sympy.N(value, 25)))
    return f"({text})" if text.startswith("-") else text
