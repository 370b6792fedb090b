"""Matrix products of a block, as calls of `product`: see `products`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import sympy
from objc.targets.cpu.orders import Orders

from objc.ir.index import Index
from objc.ir.program import Input, Let
from objc.ir.symbols import Read, conjuncts, indices_of
from objc.schedule.loops import Product

DEPTH, HEIGHT, WIDTH = 256, 240, 256
"""Steps of a sum that are packed at a time, and the most rows and columns of what is packed: what the
second cache holds. `products` has the same numbers."""

TILE = 512
"""Numbers that no tile has more of."""


class Multiplication(Orders):
    """Writes the products of a step in blocks."""

    def _multiplied(self, item: Product) -> str:
        """The call that multiplies."""
        let = self.program.let[item.let]
        row, column = item.at[-2:]
        fresh = "1"
        if item.over == self.block:
            goal = f"flat({self._buffer(let)})"
            # Within an example what is added to has been set to zero.
            fresh = "fresh" if self.block == self.outer else "0"
        else:
            name, start, _ = self._matrix(let, item.at)
            goal = f"flat({name})" if start == "0" else f"flat({name})[{start}:]"
        sizes = [*(self._count(one) for one in (row, column, item.over)), self._count(column)]
        terms = item.terms
        operands = [*self._operand(terms.left, row, item.over)]
        operands += [*self._operand(terms.right, column, item.over), fresh]
        name = "distances" if terms.is_distance else "product"
        if terms.origin is not None:
            name = "pulls"
            operands += [self._packed("packed_origin", TILE)]
            operands += self._operand(terms.origin, row, column)
        self.functions.update(("flat", name))
        self.layout.filled.add(let.name)
        packed = [
            self._packed("packed_left", HEIGHT * DEPTH),
            self._packed("packed_right", WIDTH * DEPTH),
        ]
        return f"{name}({', '.join([goal, *packed, *sizes, *operands])})"

    def _can_multiply(self, item: Product) -> str:
        """What is to hold where a guard leaves something out: of the factor that is not zero there no entry
        may be infinite or no number, which zero times would show. Empty where nothing is left out."""
        asked: dict[str, None] = {}
        terms, (row, column) = item.terms, item.at[-2:]
        sides = [
            (terms.left, row, item.over, terms.right),
            (terms.right, column, item.over, terms.left),
        ]
        if terms.origin is not None:
            sides[0] = terms.origin, row, column, terms.left
        for part in conjuncts(item.guard):
            if part == sympy.true:
                continue
            for factor, first, second, other in sides:
                if indices_of(part) <= indices_of(other):
                    name, start, across, along = self._operand(factor, first, second)
                    width, count = self._count(first), self._count(second)
                    call = f"finite({name}, {start}, {across}, {width}, {along}, {count})"
                    asked[f"{call} > 0"] = None
                    self.functions.add("finite")
        return " and ".join(asked)

    def _packed(self, name: str, numbers: int) -> str:
        """The array of that name in which factors are packed."""
        what = ("scratch", name, (numbers,), 4 if self.dtype == "float32" else 8)
        self.parameters[name] = name
        return self.layout.array(name, what, [str(numbers)], self.dtype, True)

    def _operand(self, read: Read, free: Index, over: Index) -> list[str]:
        """A factor as one axis, where it begins, and its steps along the free index and the sum."""
        tensor = self.program.tensor(read.tensor)
        indices = [position.index for position in read.positions]
        name, start, steps = self._matrix(tensor, indices)
        return [f"flat({name})", start, steps[free], steps[over]]

    def _matrix(
        self, tensor: Input | Let, indices: Sequence[Index | None]
    ) -> tuple[str, str, Mapping[Index | None, str]]:
        """The array that holds a matrix, where in it the matrix of this example and the rows of this block
        begin, and the steps along its indices."""
        name, axes = self._array(tensor)
        block = None if isinstance(tensor, Input) else self.loops.storage[tensor.name].block
        steps: dict[Index | None, str] = {}
        begins: list[str] = []
        step = ""
        for axis in reversed(axes):
            index = indices[axis]
            steps[index] = step or "1"
            if index is not None and axis != block and index in (self.outer, self.block):
                whole = index != self.block  # an example; else a block's rows begin here
                begin = self.index(index) if whole else self._first_row(index)
                begins.insert(0, f"{begin} * {step}" if step else begin)
            extent = self._rows() if axis == block else self._axis(tensor, axis)
            step = f"{extent} * {step}" if step else extent
        return name, " + ".join(begins) or "0", steps

    def _axis(self, tensor: Input | Let, axis: int) -> str:
        return self.layout_extent(Index("", tensor.dimensions[axis]))

    def _rows(self) -> str:
        """The rows that the arrays of a block have."""
        _, text = self._block_rows()
        if text.isdigit():
            return text
        self.parameters["rows"] = text
        return "rows"
