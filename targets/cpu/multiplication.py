"""Matrix products of a block, as calls of `product`: see `products`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import get_args

import sympy
from objc.targets.cpu.layout import shape_of
from objc.targets.cpu.reductions import Reductions

from objc.ir.index import Index
from objc.ir.program import Input, Let
from objc.ir.symbols import Read, conjuncts, indices_of
from objc.schedule.loops import Ordered, Product
from objc.schedule.orders import Kind

DEPTH, HEIGHT, WIDTH = 256, 240, 256
"""Steps of a sum that are packed at a time, and the most rows and columns of what is packed: what the
second cache holds. `products` has the same numbers."""

SIGNS = ("<", "<=", ">", ">=")
"""Signs of bounds, as `sliding` numbers them."""

TILE = 512
"""Numbers that no tile has more of."""


class Multiplication(Reductions):
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

    def _along(self, item: Ordered) -> str:
        """The call that sorts a row, or runs along the order of one."""
        let, own = self.program.let[item.let], item.ordering
        goal, keys = self._row(let.read(*item.at)), self._row(own.keys)
        count = self._count(item.at[-1])
        self.layout.filled.add(let.name)
        if own.is_order:
            self.functions.add("sort")
            kind = self._kind_of(self.program.tensor(own.keys.tensor))
            kinds = {f"spare_{kind}": "int64", "held": kind, "moved": kind}
            spare = [self._memory(name, item.at[-1], one) for name, one in kinds.items()]
            return f"sort({', '.join([goal, *spare, keys, count])})"
        assert own.order is not None and own.value is not None
        order, value = self._row(own.order), self._row(own.value)
        if own.side is None:
            return self._sliding(item, goal, keys, order, value)
        group = keys if own.group is None else self._row(own.group)
        side = own.side
        through = 2 if side.but_own else side.through
        asked = [own.group is not None, side.from_end, through, side.by_ties, side.of_equals]
        if own.kind == "count":
            self.functions.add("running_count")
            words = [count, *(str(int(one)) for one in asked)]
            return f"running_count({', '.join([goal, order, group, keys, value, *words])})"
        name, first = "running", [goal]
        number = [get_args(Kind).index(own.kind)]
        if own.kind in ("first max", "first min"):
            name = "running_first"
            number = [own.weight is not None, 1 if own.kind == "first max" else -1]
        if side.but_own:
            name, first = "running_beside", [goal, self._memory("front", item.at[-1], "float64")]
            asked = [own.group is not None, side.from_end, side.of_equals]
        self.functions.add(name)
        weight = value if own.weight is None else self._row(own.weight)
        words = [count, *(str(int(one)) for one in (*asked, *number))]
        return f"{name}({', '.join([*first, order, group, keys, value, weight, *words])})"

    def _sliding(self, item: Ordered, goal: str, keys: str, order: str, value: str) -> str:
        """The call that runs along two orders between bounds."""
        own = item.ordering
        assert own.own is not None and own.own_order is not None
        enter = max(own.bounds, key=lambda one: one.is_upper)
        stay = min(own.bounds, key=lambda one: one.is_upper)
        number = -1 if stay == enter else SIGNS.index(stay.sign)
        rows = [order, keys, *map(self._row, (enter.over, stay.over, own.own_order, own.own))]
        rows += [*map(self._row, (enter.free, stay.free)), value]
        asked = [not enter.is_upper, SIGNS.index(enter.sign), number]
        words = [self._count(item.at[-1]), *(str(int(one)) for one in asked)]
        if own.kind == "count":
            self.functions.add("sliding_count")
            return f"sliding_count({', '.join([goal, *rows, *words])})"
        self.functions.add("sliding")
        memory = ("totals", "largest", "equals")
        spare = [self._memory(name, item.at[-1], "float64") for name in memory]
        weight = value if own.weight is None else self._row(own.weight)
        words = [weight, *words, str(get_args(Kind).index(own.kind))]
        return f"sliding({', '.join([goal, *spare, *rows, *words])})"

    def _row(self, read: Read) -> str:
        """The row of a tensor along its last axis."""
        name, texts = self._entry(self.program.tensor(read.tensor), read.positions)
        return f"{name}[{', '.join(texts[:-1])}]" if texts[1:] else name

    def _memory(self, name: str, index: Index, kind: str) -> str:
        """An array along a dimension for the time of a call."""
        name = self.layout.name(name, f"{kind}_{index.dimension}")
        shape = shape_of([index.dimension])
        what = ("scratch", name, shape, 4 if kind == "float32" else 8)
        self.parameters[name] = name
        return self.layout.array(name, what, [self.layout.extent(index.dimension)], kind, True)

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
