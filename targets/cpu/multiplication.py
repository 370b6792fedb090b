"""Matrix products of a block, as calls of `product`: see `products`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sympy
from objc.targets.cpu.layout import shape_of
from objc.targets.cpu.places import Places

from objc.ir.index import Index
from objc.ir.symbols import IndexValue, Read, conjuncts
from objc.schedule.loops import Product

DEPTH, HEIGHT, WIDTH = 256, 240, 256
"""Steps of a sum that are packed at a time, and the most rows and columns of what is packed: what the
second cache holds. `products` has the same numbers."""


class Multiplication(Places):
    """Writes the products of a step in blocks."""

    def _product(self, item: Product) -> None:
        let = self.program.let[item.let]
        row, column = item.at
        adds = item.over == self.outer
        if adds:
            goal = self.layout.name("sum", let.name)
        else:
            goal = self._array(let)[0]
            if self.loops.storage[let.name].block is None:
                goal = self._own(goal)
        sizes = [*(self._count(one) for one in (row, column, item.over)), self._count(column)]
        left = self._operand(item.left, row, item.over)
        right = self._operand(item.right, column, item.over)
        fresh = "fresh" if adds else "1"
        packed = [f"flat({goal})", *self._packed()]
        product = f"product({', '.join([*packed, *sizes, *left, *right, fresh])})"
        if item.guard == sympy.true:
            self._line(product)
        else:
            sparing, sides = self._sparing(item)
            called = [f"flat({goal})", *sizes, *left, *right, fresh]
            whole = [
                self._are_finite(*one, sizes) for one in zip((left, right), (0, 1), strict=True)
            ]
            self._line(f"if {' and '.join(whole[side] for side in sides)}:")
            self._line(f"    {product}")
            self._line("else:")
            self._line(f"    {sparing[0]}({', '.join([*called, *sparing[1:]])})")
            self.functions.update(("finite", sparing[0]))
        self.functions.update(("flat", "product"))
        self.layout.filled.add(let.name)

    def _sparing(self, item: Product) -> tuple[list[str], Sequence[int]]:
        """The product that leaves out what a guard does, with the last of its arguments, and the factors
        of which zero times an entry would show if it is no number."""
        if any(isinstance(part.args[0], IndexValue) for part in conjuncts(item.guard)):
            return ["sparing_product", *self._spared(item)], (0, 1)
        zeros = [part.args[0] for part in conjuncts(item.guard)]
        annuls = [int(one in zeros) for one in (item.left, item.right)]
        return ["annulled_product", *map(str, annuls)], [
            1 - side for side in (0, 1) if annuls[side]
        ]

    def _are_finite(self, operand: Sequence[str], side: int, sizes: Sequence[str]) -> str:
        """Whether a factor's entries are numbers: times zero they are nothing then."""
        name, start, across, along = operand
        return f"finite({name}, {start}, {across}, {sizes[side]}, {along}, {sizes[2]}) > 0"

    def _spared(self, item: Product) -> list[str]:
        """What a guard leaves out: where the steps of two indices, of row, column and sum, differ by a
        number nothing is left of."""
        signs = dict.fromkeys((*item.at, item.over), 0)
        first = "0"
        for value, sign in zip(item.guard.args, (1, -1), strict=True):
            assert isinstance(value, IndexValue)
            signs[value.index] += sign
            if value.index == self.outer:
                first = "lo" if sign > 0 else "-lo"
        return [*map(str, signs.values()), first]

    def _packed(self) -> list[str]:
        size = 4 if self.dtype == "float32" else 8
        names = []
        for name, width in (("packed_left", HEIGHT), ("packed_right", WIDTH)):
            numbers = width * DEPTH
            what = ("scratch", name, (numbers,), size)
            names.append(self.layout.array(name, what, [str(numbers)], self.dtype, True))
            self.parameters[name] = name
        return names

    def _count(self, index: Index) -> str:
        return "hi - lo" if index == self.outer else self.layout_extent(index)

    def _room(self, axis: Index) -> tuple[Any, str]:
        """The entries along an axis of an accumulator, for the table and in the text."""
        if axis == self.outer:
            return ("rows", self.number), f"slots[{self.layout.slot('rows', self.number)}]"
        return shape_of([axis.dimension])[0], self.layout_extent(axis)

    def _operand(self, read: Read, free: Index, over: Index) -> list[str]:
        """A factor as one axis, where it begins, and its steps along the free index and the sum."""
        tensor = self.program.tensor(read.tensor)
        name, _ = self._array(tensor)
        storage = self.loops.storage.get(read.tensor)
        block = None if storage is None else storage.block
        first, second = (position.index for position in read.positions)
        along = self._rows() if block == 1 else self.layout_extent(Index("", tensor.dimensions[1]))
        start = "0"
        if block is None and first == self.outer:
            name = self._own(name)
        elif block is None and second == self.outer:
            start = "lo"
        steps = {first: along, second: "1"}
        return [f"flat({name})", start, steps[free], steps[over]]

    def _rows(self) -> str:
        """The rows of a block, as the table has them."""
        rows = "rows"
        self.parameters[rows] = f"slots[{self.layout.slot('rows', self.number)}]"
        return rows
