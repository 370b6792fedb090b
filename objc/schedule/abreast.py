"""Recurrences of many examples side by side: where a step multiplies a state by a matrix that all share, the
states of a block of examples are one matrix, and the step is a product of two.

One example after the other multiplies a matrix by a vector at every step, and reads all of the matrix for
two operations an entry. So the loop over the steps goes around that over the examples of a block: a product
for all of them, what is left of the step example by example, and the products of the adjoints, which go to
the state before and to the matrix.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import sympy

from objc.ir.index import BATCH, Index, Position, at
from objc.ir.program import Program
from objc.ir.symbols import Condition, Read, conjuncts, indices_of, reads
from objc.schedule.loops import (
    Accumulate,
    Assign,
    Block,
    Blocked,
    Finish,
    Item,
    Loop,
    Ordered,
    Parallel,
    Product,
    Start,
    Step,
    Terms,
    walk,
)

FEW_STATES = 4
"""Rows and columns of a matrix, where they are known, up to which a product costs more than its loops."""


class _Unfit(Exception):
    """A step that is left as it is."""


def abreast(program: Program, steps: Sequence[Step]) -> tuple[Step, ...]:
    """The steps with the recurrences of a batch side by side where that makes products of matrices."""
    found: list[Step] = []
    for step in steps:
        if _may_multiply(step):
            assert isinstance(step, Parallel | Blocked)
            with contextlib.suppress(_Unfit):
                step = _Writer(program, step).written()
        found.append(step)
    return tuple(found)


def _may_multiply(step: Step) -> bool:
    """Whether a step runs over a batch and has sums in the steps of a recurrence."""
    if not isinstance(step, Parallel | Blocked) or step.index.dimension != BATCH:
        return False
    items = list(walk(step.items))
    return not any(isinstance(item, Block | Ordered) for item, _ in items) and any(
        isinstance(item, Accumulate) and _steps(around) for item, around in items
    )


def _steps(around: Sequence[Loop | Block]) -> bool:
    return any(isinstance(one, Loop) and one.direction != 0 for one in around)


@dataclass
class _Apart:
    """A loop without the products that it has; those that come before it and after."""

    rest: tuple[Item, ...] = ()
    before: list[Product] = field(default_factory=list)
    after: list[Product] = field(default_factory=list)


class _Writer:
    """Writes a step over examples anew, in blocks."""

    def __init__(self, program: Program, step: Parallel | Blocked) -> None:
        self.program = program
        self.step = step
        self.rows = step.index
        self.handed = {start.let for start in step.reductions}
        self.made = {
            item.let for item, _ in walk(step.items) if isinstance(item, Assign | Finish | Product)
        }
        self.across: set[str] = set()
        self.multiplies = False

    def written(self) -> Blocked:
        """The step in blocks.

        Raises:
            _Unfit: it has no products in the steps of a recurrence, or what can't be put side by side.
        """
        while True:
            items: list[Item] = []
            for item in self.step.items:
                if isinstance(item, Loop) and item.index == self.rows:
                    items += self._apart(item.body, ())
                else:
                    items.append(item)
            if not self.multiplies:
                raise _Unfit
            across = self._across(items)
            if not across:
                return Blocked(Block(self.rows, tuple(items)), self.step.reductions)
            self.across |= across

    # -------------------------------------------------------------- loops, turned inside out

    def _apart(self, items: Sequence[Item], around: tuple[Loop, ...]) -> list[Item]:
        """Items of one example as items of a block: loops over its examples, with products between."""
        found: list[Item] = []
        held: list[Item] = []
        sums = self._sums(items, around)

        def put(part: Item) -> None:
            if held:
                found.append(Loop(self.rows, tuple(held)))
                held.clear()
            found.append(part)

        for one in items:
            if isinstance(one, Start | Finish):
                if one.let in sums:
                    if isinstance(one, Finish):
                        put(sums[one.let])
                elif one.let in self.across:
                    put(replace(one, axes=(self.rows, *one.axes)))
                else:
                    held.append(one)
                continue
            item = _without(one, set(sums))
            if item is None:
                continue
            if not isinstance(item, Loop):
                held.append(self._with_rows(item))
                continue
            apart = self._without_products(item, around)
            if apart is not None:
                for part in apart.before:
                    put(part)
                held += map(self._with_rows, apart.rest)
                for part in apart.after:
                    put(part)
            elif self._has_products(item, around):
                inner = self._apart(item.body, (*around, item))
                put(replace(item, body=tuple(inner)))
            else:
                held.append(self._with_rows(item))
        if held:
            found.append(Loop(self.rows, tuple(held)))
        return found

    def _has_products(self, loop: Loop, around: tuple[Loop, ...]) -> bool:
        """Whether there are products within a loop, made anew at each of its turns."""
        inner = (*around, loop)
        return bool(self._sums(loop.body, inner)) or any(
            self._without_products(item, inner) is not None or self._has_products(item, inner)
            for item in loop.body
            if isinstance(item, Loop)
        )

    def _without_products(self, loop: Loop, around: tuple[Loop, ...]) -> _Apart | None:
        """A loop over the rows or columns of products, without these; None if there are none."""
        if loop.direction:
            return None
        apart = _Apart()
        starts = {item.let for item in loop.body if isinstance(item, Start) and not item.axes}
        ends = {item.let: item for item in loop.body if isinstance(item, Finish)}
        single: set[str] = set()
        body: list[Item] = []
        for item in loop.body:
            if not isinstance(item, Loop) or item.direction:
                body.append(item)
                continue
            left: list[Item] = []
            for one in item.body:
                product = None
                if isinstance(one, Accumulate) and one.let in starts & ends.keys():
                    product = self._of_states(one, ends[one.let], loop.index, item.index, around)
                    if product is not None:
                        apart.before.append(product)
                        single.add(one.let)
                elif isinstance(one, Accumulate) and one.let in self.handed:
                    product = self._of_rows(one, {loop.index, item.index}, around)
                    if product is not None:
                        apart.after.append(product)
                if product is None:
                    left.append(one)
            if left:
                body.append(replace(item, body=tuple(left)))
        if not apart.before and not apart.after:
            return None
        self.multiplies |= _steps(around)
        body = [one for one in body if not (isinstance(one, Start | Finish) and one.let in single)]
        apart.rest = (replace(loop, body=tuple(body)),) if body else ()
        return apart

    def _sums(self, items: Sequence[Item], around: tuple[Loop, ...]) -> dict[str, Product]:
        """The sums of a row that two loops among these items add up, as products."""
        found: dict[str, Product] = {}
        ends = {item.let: item for item in items if isinstance(item, Finish)}
        for start in items:
            if not isinstance(start, Start) or len(start.axes) != 1 or start.let not in ends:
                continue
            added = [
                (one, loops)
                for one, loops in walk(tuple(items))
                if isinstance(one, Accumulate) and one.let == start.let
            ]
            (one, loops), *more = added
            indices = [
                loop.index for loop in loops if isinstance(loop, Loop) and not loop.direction
            ]
            column = one.at[0].index if len(one.at) == 1 else None
            if more or len(loops) != 2 or len(indices) != 2 or column not in indices:
                continue
            assert column is not None
            over = indices[1 - indices.index(column)]
            end = ends[start.let]
            product = self._of_states(one, end, column, over, around)
            if product is not None:
                found[start.let] = product
        if found:
            self.multiplies |= _steps(around)
        return found

    # -------------------------------------------------------------- what is a product

    def _of_states(
        self, item: Accumulate, end: Finish, column: Index, over: Index, around: tuple[Loop, ...]
    ) -> Product | None:
        """The product of a row of each example with a matrix that examples share, if a sum is one."""
        pair = self._pair(item, around)
        sizes = [one.dimension.size for one in (column, over)]
        if pair is None or all(one is not None and one <= FEW_STATES for one in sizes):
            return None
        for state, shared in (pair, pair[::-1]):
            if (
                _is_matrix(state, {self.rows, over}, _indices(around))
                and _is_matrix(shared, {column, over}, _indices(around))
                and shared.tensor not in self.made
            ):
                (goal,) = end.axes or (column,)
                names = {column: at(goal)}
                terms = Terms(state, _moved(shared, names))
                return Product(item.let, end.at, terms, over, where=item.guard)
        return None

    def _of_rows(
        self, item: Accumulate, axes: set[Index], around: tuple[Loop, ...]
    ) -> Product | None:
        """The product over the examples of a block of what a sum over all has for terms, if that is one."""
        pair, steps = self._pair(item, around), _indices(around)
        places = [position.index for position in item.at]
        outer, sides = places[:-2], places[-2:]
        if pair is None or set(sides) != axes or not set(outer) <= steps:
            return None
        row, column = sides
        assert row is not None and column is not None
        for left, right in (pair, pair[::-1]):
            rows = _is_matrix(left, {self.rows, row}, steps)
            if rows and _is_matrix(right, {self.rows, column}, steps):
                terms = Terms(left, right)
                where = (*filter(None, outer), row, column)
                return Product(item.let, where, terms, self.rows, where=item.guard, adds=True)
        return None

    def _pair(self, item: Accumulate, around: tuple[Loop, ...]) -> tuple[Read, Read] | None:
        """The two entries of matrices whose product a sum has for terms, where its guard asks of the steps
        around alone."""
        let = self.program.let[item.let]
        if let.reduction != "sum" or let.domain.is_integer or not item.body.is_Mul:
            return None
        if len(item.body.args) != 2 or not all(map(self._is_entry, item.body.args)):
            return None
        if not _asks_of(item.guard, _indices(around)):
            return None
        left, right = item.body.args
        return left, right

    def _is_entry(self, factor: object) -> bool:
        """Whether a factor is an entry at indices as they stand, or steps before or after one."""
        if not isinstance(factor, Read) or self.program.tensor(factor.tensor).domain.is_integer:
            return False
        bases = [one.base for one in factor.positions if isinstance(one.base, Index)]
        return len(set(bases)) == len(bases) and not any(
            isinstance(one.base, Read) for one in factor.positions
        )

    # -------------------------------------------------------------- reductions across loops

    def _across(self, items: Sequence[Item]) -> set[str]:
        """The reductions of an example that begin in one loop over examples and go on in another."""
        places: dict[str, set[int]] = {}
        for item, around in walk(tuple(items)):
            if isinstance(item, Start | Accumulate | Finish) and item.let not in self.handed:
                loops = [id(one) for one in around if one.index == self.rows]
                places.setdefault(item.let, set()).add(loops[0] if loops else 0)
        found = {name for name, where in places.items() if len(where) > 1} - self.across
        for item, _ in walk(self.step.items):
            many = isinstance(item, Start) and len(item.axes) > 1
            place = isinstance(item, Accumulate) and item.value is not None
            if (many or place) and item.let in found:  # type: ignore[union-attr]
                raise _Unfit
        return found

    def _with_rows(self, item: Item) -> Item:
        """An item of one example, in which what is reduced across loops has an entry for each."""
        if isinstance(item, Loop):
            return replace(item, body=tuple(map(self._with_rows, item.body)))
        if isinstance(item, Start | Finish) and item.let in self.across:
            raise _Unfit
        if isinstance(item, Accumulate) and item.let in self.across:
            return replace(item, at=(at(self.rows), *item.at))
        return item


def _without(item: Item, gone: set[str]) -> Item | None:
    """An item without what is added to some sums; None if nothing is left."""
    if isinstance(item, Accumulate) and item.let in gone:
        return None
    if not isinstance(item, Loop) or not gone:
        return item
    body = tuple(left for one in item.body if (left := _without(one, gone)) is not None)
    return replace(item, body=body) if body else None


def _indices(around: Sequence[Loop]) -> set[Index]:
    return {loop.index for loop in around}


def _asks_of(guard: Condition, steps: set[Index]) -> bool:
    """Whether a guard asks of steps alone."""
    parts: Iterator[Condition] = iter(conjuncts(guard) if guard != sympy.true else ())
    return all(not reads(part) and indices_of(part) <= steps for part in parts)


def _is_matrix(read: Read, sides: set[Index], steps: set[Index]) -> bool:
    """Whether what is read is an entry of the matrix that there is at a step."""
    moves = {one.base for one in read.positions if isinstance(one.base, Index)}
    return sides <= {one.index for one in read.positions} and moves - steps == sides


def _moved(read: Read, names: Mapping[Index, Position]) -> Read:
    positions = [
        names[one.index] if one.index is not None and one.index in names else one
        for one in read.positions
    ]
    return read.at(tuple(positions))
