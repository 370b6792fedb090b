"""Where the lets of a schedule are kept: from who makes them, who reads them, and the loops around."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import sympy

from objc.ir.index import Index, Position
from objc.ir.program import Program
from objc.ir.symbols import Read, reads
from objc.schedule.loops import (
    Accumulate,
    Assign,
    Block,
    Blocked,
    Finish,
    Item,
    Loop,
    Ordered,
    Peeled,
    Product,
    Serial,
    Step,
    Storage,
    walk,
)

_Path = tuple[int, ...]  # the loops around a place, the step first


def storage_of(
    program: Program, steps: Sequence[Step], places: Mapping[str, str]
) -> Mapping[str, Storage]:
    made: dict[str, _Made] = {}
    read: dict[str, list[tuple[_Path, Read]]] = {}
    for item, path, indices, block in _places(steps):
        for one in item_reads(item):
            read.setdefault(one.tensor, []).append((path, one))
        if isinstance(item, Assign | Finish | Product | Ordered):
            axes = _unbound(item, indices)
            bound = tuple(None if index in axes else index for index in item.at)
            rows = item.at.index(block[1]) if block is not None and block[1] in item.at else None
            depth = 0 if block is None else block[0]
            made.setdefault(item.let, _Made(path, bound, indices, depth, rows))
    outputs = set(program.outputs.values())
    found: dict[str, Storage] = {}
    for let in program.lets:
        if let.name not in made:
            found[let.name] = Storage("written")
            continue
        found[let.name] = _kept(
            made[let.name], read.get(let.name, []), let.name in outputs, bool(let.free)
        )
    for name, owner in places.items():
        if found[name].kind == "local":
            continue
        within = made[owner].block + 1
        apart = made[name].path[:within] != made[owner].path[:within]
        fits = set(found[name].axes) <= set(found[owner].axes)
        scratch = found[owner].kind == "scratch" and not apart and fits
        if found[owner].kind == "output" or scratch:
            found[name] = replace(found[owner], kind="lent", of=owner)
    return found


def _unbound(
    item: Assign | Finish | Product | Ordered, around: Sequence[Index | None]
) -> tuple[Index, ...]:
    """The axes of a let that no loop around binds."""
    if isinstance(item, Product | Ordered):
        return tuple(index for index in item.at if index not in around)
    return item.axes if isinstance(item, Finish) else ()


@dataclass(frozen=True)
class _Made:
    """Where a let is made: the loops around, and for each axis the index of its loop (None: an axis
    of the accumulator, bound by no loop). `block` is the place in the path of the block of rows around, if
    any, and `rows` the axis that runs along it."""

    path: _Path
    axes: tuple[Index | None, ...]
    indices: tuple[Index | None, ...]
    block: int
    rows: int | None

    def depth(self, axis: int) -> int | None:
        """How many loops of the step are around the loop of an axis."""
        index = self.axes[axis]
        return None if index is None else self.indices.index(index)

    def is_outside(self, axis: int) -> bool:
        """Whether the loop of an axis stands around those of the rows of a block."""
        depth, rows = self.depth(axis), None if self.rows is None else self.depth(self.rows)
        return depth is not None and (rows is None or depth < rows)


def _kept(
    made: _Made, readers: Sequence[tuple[_Path, Read]], is_output: bool, is_tensor: bool
) -> Storage:
    every = tuple(range(len(made.axes)))
    common = len(made.path)
    for path, read in readers:
        common = min(common, _shared_prefix(made.path, path))
        for axis, position in enumerate(read.positions):
            depth = made.depth(axis)
            if depth is not None and position.index != made.axes[axis]:
                common = min(common, depth + 1)  # another step of this loop is read
    depths = [made.depth(axis) for axis in every]
    axes = tuple(axis for axis, depth in enumerate(depths) if depth is None or depth >= common - 1)
    if is_output:
        return Storage("output", every)
    if not is_tensor:
        return Storage("shared" if common == 0 else "local")
    if common == 0:
        return Storage("stored", every)
    if common == len(made.path) and all(depth is not None for depth in depths):
        return Storage("local")
    if made.rows is None or made.rows not in axes or common <= made.block:
        return Storage("scratch", axes)
    outside = [axis for axis in axes if made.is_outside(axis)]
    axes = (*outside, *(axis for axis in axes if axis not in outside))
    return Storage("scratch", axes, block=made.rows)


def _shared_prefix(one: _Path, other: _Path) -> int:
    length = 0
    for left, right in zip(one, other, strict=False):
        if left != right:
            break
        length += 1
    return length


def _places(
    steps: Sequence[Step],
) -> Iterator[tuple[Item, _Path, tuple[Index | None, ...], tuple[int, Index] | None]]:
    """Every item but loops and blocks, with the numbers of what is around it (the step, then loops and
    blocks), the index of each loop, and of the block around its place and index, if there is one."""
    numbers: dict[int, int] = {}

    def number(thing: object) -> int:
        return numbers.setdefault(id(thing), len(numbers))

    for step in steps:
        here = number(step)
        if isinstance(step, Serial):
            for finish in step.combines:
                yield finish, (here,), (), None
        whole = (0, step.index) if isinstance(step, Blocked) else None
        for item, around in walk(step.items):
            if not isinstance(item, Loop | Block):
                path = (here, *(number(one) for one in around))
                indices = tuple(one.index if isinstance(one, Loop) else None for one in around)
                blocks = [
                    (place, one.index)
                    for place, one in enumerate(around, start=1)
                    if isinstance(one, Block)
                ]
                yield item, path, indices, blocks[0] if blocks else whole


def item_reads(item: Item) -> list[Read]:
    """What an item other than a loop reads: in its body, in its guard and where its places are gathered."""
    found: list[Read] = []
    if isinstance(item, Product):
        found += item.terms.reads
    if isinstance(item, Ordered):
        found += item.ordering.reads
    if isinstance(item, Assign | Peeled | Accumulate):
        found += reads(item.body)
    if isinstance(item, Accumulate | Product):
        found += reads(item.guard) if item.guard != sympy.true else []
    if isinstance(item, Accumulate):
        for position in item.at:
            found += _reads_of(position)
    if isinstance(item, Peeled):
        found += _reads_of(item.position)
    return found


def _reads_of(position: Position) -> list[Read]:
    return reads(position.base) if isinstance(position.base, Read) else []
