"""Matrix products of a block, as calls of `product`: see `products`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import sympy
from objc.targets.cpu.forms import factor
from objc.targets.cpu.orders import Orders

from objc.ir.index import Index, Position, at
from objc.ir.program import Input, Let
from objc.ir.symbols import Condition, Read, conjuncts, indices_of
from objc.schedule.loops import Accumulate, Finish, Item, Loop, Product, Start

_INDENT = "    "

DEPTH, HEIGHT, WIDTH = 256, 240, 256
"""Steps of a sum that are packed at a time, and the most rows and columns of what is packed: what the
second cache holds. `products` has the same numbers."""

TILE = 512
"""Numbers that no tile has more of."""


class Multiplication(Orders):
    """Writes the products of a step in blocks."""

    def _items(self, items: Sequence[Item]) -> None:
        """Items, one after the other."""
        raise NotImplementedError

    def _where(self, shared: set[Condition]) -> None:
        """The beginning of what is done where all of these hold."""
        raise NotImplementedError

    def _everywhere(self, shared: set[Condition]) -> None:
        """The end of it."""
        raise NotImplementedError

    def _product(self, item: Product) -> None:
        """A product of matrices, at the steps where it is one."""
        where = set(conjuncts(item.where)) - {sympy.true} - self.asked
        self._where(where)
        self._product_here(item)
        self._everywhere(where)
        if where and not item.adds:
            self._line("else:")
            self.indent += 1
            sides = self._sides(item)
            self._enter_axes(sides)
            goal = self._element(self.program.let[item.let], [at(one) for one in item.at])
            self._line(f"{goal} = 0.0")
            self._leave_axes(sides)
            self.indent -= 1

    def _product_here(self, item: Product) -> None:
        """A product of matrices; entry by entry where it would take in what a guard leaves out, or what is
        not there."""
        is_whole = item.where == sympy.true or self._is_at_hand_whole(item)
        if is_whole and self._is_in_rows(item):
            call, asked = self._multiplied(item), self._can_multiply(item)
            if not asked:
                self._line(call)
                return
            self._line(f"if {asked}:")
            self._line(f"{_INDENT}{call}")
            self._line("else:")
            self.indent += 1
            self._entry_by_entry(item)
            self.indent -= 1
        else:
            self._entry_by_entry(item)

    def _entry_by_entry(self, item: Product) -> None:
        row, column = self._sides(item)
        body = item.terms.body
        if item.over == self.block:
            if self.block == self.outer and not item.adds:
                self._line("if fresh > 0:")
                self.indent += 1
                self._clear(self.program.let[item.let], (row, column))
                self.indent -= 1
            places = tuple(map(at, item.at if item.adds else (row, column)))
            added = Accumulate(item.let, places, body, item.guard)
            self._items([Loop(item.over, (Loop(row, (Loop(column, (added,)),)),))])
        else:
            entry = (
                Start(item.let, ()),
                Loop(item.over, (Accumulate(item.let, (), body, item.guard),)),
                Finish(item.let, item.at, ()),
            )
            self._items([Loop(row, (Loop(column, entry),))])

    def _multiplied(self, item: Product) -> str:
        """The call that multiplies."""
        let = self.program.let[item.let]
        row, column = self._sides(item)
        fresh, stride = "1", self._count(column)
        if item.over == self.block:
            begins = self._beginning(item.at) if item.adds else ""
            goal = f"flat({self._buffer(let)}){begins}"
            # Within an example what is added to has been set to zero.
            fresh = "fresh" if self.block == self.outer and not item.adds else "0"
        else:
            name, start, steps = self._goal(item)
            goal = f"flat({name})" if start == "0" else f"flat({name})[{start}:]"
            stride = steps[row]
        sizes = [*(self._count(one) for one in (row, column, item.over)), stride]
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

    def _goal(self, item: Product) -> tuple[str, str, Mapping[Index | None, str]]:
        """Where the results of a product that is no sum over the block lie."""
        places = [Position(one) for one in item.at]
        return self._matrix(self.program.let[item.let], places, self._sides(item))

    def _is_in_rows(self, item: Product) -> bool:
        """Whether the columns of what a product makes lie side by side: not of `h[i, t]` at a step t."""
        return item.over == self.block or self._goal(item)[2][self._sides(item)[1]] == "1"

    def _is_at_hand_whole(self, item: Product) -> bool:
        """Whether all of what is multiplied is in range, and of the kernel's type."""
        return all(
            self._is_there(read) and self._kind_of(self.program.tensor(read.tensor)) == self.dtype
            for read in item.terms.reads
        )

    def _can_multiply(self, item: Product) -> str:
        """What is to hold where a guard leaves something out: of the factor that is not zero there no entry
        may be infinite or no number, which zero times would show. Empty where nothing is left out."""
        asked: dict[str, None] = {}
        terms, (row, column) = item.terms, self._sides(item)
        sides = [
            (terms.left, row, item.over, terms.right),
            (terms.right, column, item.over, terms.left),
        ]
        if terms.origin is not None:
            sides[0] = terms.origin, row, column, terms.left
        for part in conjuncts(item.guard):
            if part == sympy.true:
                continue
            for matrix, first, second, other in sides:
                if indices_of(part) <= indices_of(other):
                    name, start, across, along = self._operand(matrix, first, second)
                    width, count = self._count(first), self._count(second)
                    call = f"finite({name}, {start}, {across}, {width}, {along}, {count})"
                    asked[f"{call} > 0"] = None
                    self.functions.add("finite")
        return " and ".join(asked)

    def _beginning(self, axes: Sequence[Index]) -> str:
        """Where the matrix of this step begins in an accumulator that has one for each."""
        extents = [self._count(one) for one in axes]
        begins = [
            " * ".join([self._inner_index(one), *extents[place + 1 :]])
            for place, one in enumerate(axes[:-2])
        ]
        return f"[{' + '.join(begins)}:]" if begins else ""

    def _sides(self, item: Product) -> tuple[Index, Index]:
        """The indices of the rows and columns of a product: those that no loop is over."""
        row, column = (one for one in item.at if one not in self.around)
        return row, column

    def _packed(self, name: str, numbers: int) -> str:
        """The array of that name in which factors are packed."""
        what = ("scratch", name, (numbers,), 4 if self.dtype == "float32" else 8)
        self.parameters[name] = name
        return self.layout.array(name, what, [str(numbers)], self.dtype, True)

    def _operand(self, read: Read, free: Index, over: Index) -> list[str]:
        """A factor as one axis, where it begins, and its steps along the free index and the sum."""
        tensor = self.program.tensor(read.tensor)
        name, start, steps = self._matrix(tensor, read.positions, (free, over))
        return [f"flat({name})", start, steps[free], steps[over]]

    def _matrix(
        self, tensor: Input | Let, positions: Sequence[Position], sides: tuple[Index, Index]
    ) -> tuple[str, str, Mapping[Index | None, str]]:
        """The array that holds a matrix, where in it the matrix of this example, or of this step, and the
        rows of this block begin, and the steps along its indices."""
        name, axes = self._array(tensor)
        block = None if isinstance(tensor, Input) else self.loops.storage[tensor.name].block
        steps: dict[Index | None, str] = {}
        begins: list[str] = []
        step = ""
        for axis in reversed(axes):
            index = positions[axis].index
            steps[index] = step or "1"
            if index not in sides and index not in (self.outer, self.block):
                begin = factor(self._place(positions[axis], self.facts[-1]))
                begins.insert(0, f"{begin} * {step}" if step else begin)
            elif index is not None and axis != block and index in (self.outer, self.block):
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
