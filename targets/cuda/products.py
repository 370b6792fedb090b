"""Products of matrices in a step whose rows are taken in blocks, as a library is asked for them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import sympy
from objc.targets.cpu.layout import shape_of
from objc.targets.cuda.held import read_by
from objc.targets.cuda.layout import Layout

from objc.errors import InternalError
from objc.ir.index import Index
from objc.ir.program import Input
from objc.ir.symbols import Read
from objc.schedule.loops import Blocked, Item, Loop, Loops, Parallel, Product, Start, walk


def are_for_library(loops: Loops) -> bool:
    """Whether a program's loops have products, and all of them are such as a library does: what a guard
    leaves out, which may be no number, it would multiply by zero."""
    found = [step for step in loops.steps if isinstance(step, Blocked)]
    return bool(found) and all(_is_for_library(one, loops) for one in found)


def _is_for_library(step: Blocked, loops: Loops) -> bool:
    products = [item for item in step.items if isinstance(item, Product)]
    rows = [item for item in step.items if isinstance(item, Loop) and item.index == step.index]
    if len(products) + len(rows) < len(step.items) or any(
        one.guard != sympy.true for one in products
    ):
        return False
    summed = [one.let for one in products if one.over == step.index]
    if any(loops.storage[name].kind not in ("output", "stored") for name in summed):
        return False
    loose = [start.let for start in step.reductions if start.let not in summed]
    return all(sum(name in made_by(row) for row in rows) == 1 for name in loose)


def made_by(item: Item) -> set[str]:
    """The lets that an item begins, adds to or sets."""
    return {str(one.let) for one, _ in walk((item,)) if hasattr(one, "let")}


def met_by(item: Item) -> set[str]:
    """The tensors that an item touches."""
    if isinstance(item, Product):
        return {item.let, *(read.tensor for read in item.terms.reads)}
    return made_by(item) | read_by((item,))


def starts_of(step: Blocked, row: Loop) -> tuple[Start, ...]:
    """The reductions over all rows that one of the loops adds to."""
    made = made_by(row)
    return tuple(start for start in step.reductions if start.let in made)


def pieces(step: Blocked) -> Iterator[tuple[int, Product | Parallel, frozenset[str]]]:
    """The items in order: a product, or a loop as a step, and the tensors that the others touch."""
    met = [met_by(item) for item in step.items]
    for number, item in enumerate(step.items):
        others = frozenset().union(*met[:number], *met[number + 1 :])
        if isinstance(item, Product):
            yield number, item, others
        else:
            assert isinstance(item, Loop)
            yield number, Parallel(item, starts_of(step, item)), others


class Matrices:
    """One product: where its three matrices are, and how large it is.

    A matrix is told as (parameter, entries of a row, the axis that has the rows of this block, whether it
    is read the other way about): the entries of a row are None where it has the rows of a block, and so is
    an extent that is that of a block.
    """

    def __init__(self, loops: Loops, layout: Layout, number: int, rows: Index) -> None:
        self.loops = loops
        self.layout = layout
        self.number = number
        self.rows = rows

    def described(self, item: Product) -> dict[str, Any]:
        row, column = item.at
        let = self.loops.program.let[item.let]
        adds = item.over == self.rows
        self.layout.filled.add(let.name)
        return {
            "kind": self.layout.dtype,
            "goal": self._matrix(let.name, (row, column), False),
            "left": self._factor(item.terms.left, row),
            "right": self._factor(item.terms.right, item.over),
            "extents": tuple(self._extent(one) for one in (row, column, item.over)),
            "adds": adds,
        }

    def _extent(self, index: Index) -> Any:
        return None if index == self.rows else shape_of([index.dimension])[0]

    def _factor(self, read: Read, first: Index) -> tuple[Any, ...]:
        """A factor whose first index is to be that one."""
        one, other = (position.index for position in read.positions)
        assert one is not None and other is not None
        return self._matrix(read.tensor, (one, other), one != first)

    def _matrix(self, name: str, indices: tuple[Index, Index], turned: bool) -> tuple[Any, ...]:
        tensor = self.loops.program.tensor(name)
        shape = shape_of(tensor.dimensions)
        kind = self.layout.dtype
        own = next((axis for axis, one in enumerate(indices) if one == self.rows), None)
        if isinstance(tensor, Input):
            return ("input", name, kind), shape[1], own, turned
        storage = self.loops.storage[name]
        storage = self.loops.storage[storage.of] if storage.of else storage
        name = self.loops.storage[name].of or name
        if storage.kind == "output":
            return ("output", name, kind), shape[1], own, turned
        if storage.kind == "stored":
            return ("stored", name, shape, kind), shape[1], own, turned
        if storage.block is None:
            raise InternalError(f"{name}: a factor of a product is no matrix in memory")
        others = tuple(one for axis, one in enumerate(shape) if axis != storage.block)
        along = None if storage.block == 1 else shape[1]
        return ("block", name, self.number, others, kind), along, None, turned
