"""Loops: what a program is after scheduling, as plain data.

A schedule is a list of steps. A `Parallel` step is one loop whose iterations are divided into chunks;
a `Serial` step runs once. Inside stand items: loops, assignments, and reductions as a start, an
accumulation within loops, and a finish. Bodies speak of the indices of the loops around them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

import sympy

from objc.ir.index import Index, Position
from objc.ir.program import Program
from objc.ir.symbols import Condition, Expression, Read
from objc.schedule.orders import Ordering


@dataclass(frozen=True)
class Assign:
    """`let[at] := body`, at one point of its free indices."""

    let: str
    at: tuple[Index, ...]
    body: Expression


@dataclass(frozen=True)
class Peeled:
    """`let[at] := body` at the one point where the index `peeled` equals the gathered `position`.

    It follows a loop that has written the other branch everywhere, so that the loop has no branch.
    """

    let: str
    at: tuple[Index, ...]
    peeled: Index
    position: Position
    body: Expression


@dataclass(frozen=True)
class Start:
    """A reduction begins: its accumulator (a buffer over the free indices `axes`, or a scalar) is set
    to the identity."""

    let: str
    axes: tuple[Index, ...]


@dataclass(frozen=True)
class Accumulate:
    """One step of a reduction. `at` says where in the accumulator: indices of loops, or, for a
    scatter, gathered positions. `value` is the index that an argmax or argmin is over."""

    let: str
    at: tuple[Position, ...]
    body: Expression
    guard: Condition = sympy.true
    value: Index | None = None


@dataclass(frozen=True)
class Finish:
    """A reduction ends: its accumulator becomes the let at `at`, of which `axes` are those of the
    accumulator and the others the indices of the loops around."""

    let: str
    at: tuple[Index, ...]
    axes: tuple[Index, ...]


@dataclass(frozen=True)
class Loop:
    """The items of `body` for every value of the index, in order.

    `direction` is that of a recurrence: upwards (1) or downwards (-1), each step after the one before.
    0: the steps don't need each other, and go upwards.
    """

    index: Index
    body: tuple[Item, ...]
    direction: Literal[-1, 0, 1] = 0


@dataclass(frozen=True)
class Terms:
    """What a product adds up of two matrices: left·right, or (left − right)², the terms of a distance, or,
    with an origin, left·(right − origin), the differences from it. `left` has the first index of the
    result, `right` the second, and an origin both."""

    left: Read
    right: Read
    origin: Read | None = None
    is_distance: bool = False

    @property
    def reads(self) -> tuple[Read, ...]:
        return (
            (self.left, self.right) if self.origin is None else (self.left, self.right, self.origin)
        )

    @property
    def is_of_differences(self) -> bool:
        return self.is_distance or self.origin is not None

    @property
    def body(self) -> Expression:
        if self.is_distance:
            return (self.left - self.right) ** 2
        return self.left * (self.right if self.origin is None else self.right - self.origin)

    def mapped(self, change: Callable[[Read], Read]) -> Terms:
        origin = None if self.origin is None else change(self.origin)
        return Terms(change(self.left), change(self.right), origin, self.is_distance)


@dataclass(frozen=True)
class Product:
    """A matrix product for all rows of a block at once: `let := Σ[over] terms`. Where the block is one of
    what is summed over, its share is added to the let's accumulator. What a `guard` leaves out is zero in
    one factor (the guard is of two indices, or says just that of factors); in the other it may be no
    number, which zero times would show. `where` says at which steps around there is anything to be
    multiplied; at others the let is zero. Where it `adds`, it does so to what is there from the beginning
    of its step on."""

    let: str
    at: tuple[Index, ...]
    terms: Terms
    over: Index
    guard: Condition = sympy.true
    where: Condition = sympy.true
    adds: bool = False


@dataclass(frozen=True)
class Ordered:
    """A row of a let that runs along an order, or is one: its last index has no loop around."""

    let: str
    at: tuple[Index, ...]
    ordering: Ordering


@dataclass(frozen=True)
class Block:
    """The items for every block of rows along an index. A `Loop` over the index among them runs over
    the rows of one block. It is a whole step, or stands in the loop over the examples of a batch."""

    index: Index
    items: tuple[Item, ...]


Item: TypeAlias = Assign | Peeled | Start | Accumulate | Finish | Loop | Product | Ordered | Block


@dataclass(frozen=True)
class Serial:
    """Items that run once. `combines` are reductions of the parallel step before, whose partial
    results are put together first, in the order of the chunks."""

    combines: tuple[Finish, ...]
    items: tuple[Item, ...]


@dataclass(frozen=True)
class Parallel:
    """One loop in chunks. `reductions` accumulate over it, one partial result a chunk."""

    loop: Loop
    reductions: tuple[Start, ...]

    @property
    def index(self) -> Index:
        return self.loop.index

    @property
    def items(self) -> tuple[Item, ...]:
        return (self.loop,)


@dataclass(frozen=True)
class Blocked:
    """Rows in chunks that are taken block by block: matrix products for the rows of a block, and
    loops over its rows in between."""

    block: Block
    reductions: tuple[Start, ...]

    @property
    def index(self) -> Index:
        return self.block.index

    @property
    def items(self) -> tuple[Item, ...]:
        return self.block.items


Divided: TypeAlias = Parallel | Blocked
Step: TypeAlias = Serial | Parallel | Blocked


@dataclass(frozen=True)
class Storage:
    """Where a let is kept beside the local variable of the point where it is computed.

    `local`: nowhere else. `shared`: a scalar that later steps read. `output`: the caller's array.
    `stored`: a whole array that outlives its step. `scratch`: an array of the thread, over the axes
    of the let whose numbers are in `axes`, for as long as the loops around it stand still; the axis
    `block` is as long as a block of rows. `lent`: in the array of the output `of`, until that is
    written. `written`: nowhere; it is written where it is read.
    """

    kind: Literal["local", "shared", "output", "stored", "scratch", "lent", "written"]
    axes: tuple[int, ...] = ()
    of: str = ""
    block: int | None = None


@dataclass(frozen=True)
class Loops:
    """A scheduled program. `print` gives a listing with bytes and operations."""

    program: Program
    steps: tuple[Step, ...]
    storage: Mapping[str, Storage] = field(hash=False)

    def __str__(self) -> str:
        from objc.schedule.listing import listing

        return listing(self)


def walk(
    items: tuple[Item, ...], around: tuple[Loop | Block, ...] = ()
) -> Iterator[tuple[Item, tuple[Loop | Block, ...]]]:
    """Every item with the loops and blocks around it, in order; a loop before what it holds."""
    for item in items:
        yield item, around
        if isinstance(item, Loop):
            yield from walk(item.body, (*around, item))
        elif isinstance(item, Block):
            yield from walk(item.items, (*around, item))


def step_items(step: Step) -> tuple[Item, ...]:
    return step.items
