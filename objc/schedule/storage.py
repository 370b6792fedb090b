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
    Blocked,
    Finish,
    Item,
    Loop,
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
    rows: dict[str, int] = {}
    read: dict[str, list[tuple[_Path, Read]]] = {}
    for step in steps:
        if isinstance(step, Blocked):
            rows.update(_block_axes(step))
    for item, path, indices in _places(steps):
        for one in item_reads(item):
            read.setdefault(one.tensor, []).append((path, one))
        if isinstance(item, Assign | Finish | Product):
            axes = _unbound(item)
            bound = tuple(None if index in axes else index for index in item.at)
            made.setdefault(item.let, _Made(path, bound, indices))
    outputs = set(program.outputs.values())
    found: dict[str, Storage] = {}
    for let in program.lets:
        found[let.name] = _kept(
            made[let.name], read.get(let.name, []), let.name in outputs, bool(let.free)
        )
        held = found[let.name]
        if held.kind == "scratch" and rows.get(let.name) in held.axes:
            found[let.name] = replace(held, block=rows[let.name])
    for name, owner in places.items():
        if found[name].kind == "local":
            continue
        apart = made[name].path[0] != made[owner].path[0]
        if found[owner].kind == "output" or (found[owner].kind == "scratch" and not apart):
            found[name] = replace(found[owner], kind="lent", of=owner)
    return found


def _block_axes(step: Blocked) -> Iterator[tuple[str, int]]:
    """The lets that a step makes for every row of a block, and which of their axes is that."""
    for item, _ in walk(step.items):
        if isinstance(item, Assign | Finish | Product) and step.index in item.at:
            yield item.let, item.at.index(step.index)


def _unbound(item: Assign | Finish | Product) -> tuple[Index, ...]:
    """The axes of a let that no loop around binds."""
    if isinstance(item, Assign):
        return ()
    return item.axes if isinstance(item, Finish) else item.at


@dataclass(frozen=True)
class _Made:
    """Where a let is made: the loops around, and for each axis the index of its loop (None: an axis
    of the accumulator, bound by no loop)."""

    path: _Path
    axes: tuple[Index | None, ...]
    indices: tuple[Index, ...]

    def depth(self, axis: int) -> int | None:
        """How many loops of the step are around the loop of an axis."""
        index = self.axes[axis]
        return None if index is None else self.indices.index(index)


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
    return Storage("scratch", axes)


def _shared_prefix(one: _Path, other: _Path) -> int:
    length = 0
    for left, right in zip(one, other, strict=False):
        if left != right:
            break
        length += 1
    return length


def _places(steps: Sequence[Step]) -> Iterator[tuple[Item, _Path, tuple[Index, ...]]]:
    """Every item but loops, with the numbers of what is around it: the step, then loops."""
    numbers: dict[int, int] = {}

    def number(thing: object) -> int:
        return numbers.setdefault(id(thing), len(numbers))

    for step in steps:
        here = number(step)
        if isinstance(step, Serial):
            for finish in step.combines:
                yield finish, (here,), ()
        for item, around in walk(step.items):
            if not isinstance(item, Loop):
                path = (here, *(number(loop) for loop in around))
                yield item, path, tuple(loop.index for loop in around)


def item_reads(item: Item) -> list[Read]:
    """What an item other than a loop reads: in its body, in its guard and where its places are gathered."""
    found: list[Read] = []
    if isinstance(item, Product):
        return [item.left, item.right]
    if isinstance(item, Assign | Peeled | Accumulate):
        found += reads(item.body)
    if isinstance(item, Accumulate):
        found += reads(item.guard) if item.guard != sympy.true else []
        for position in item.at:
            found += _reads_of(position)
    if isinstance(item, Peeled):
        found += _reads_of(item.position)
    return found


def _reads_of(position: Position) -> list[Read]:
    return reads(position.base) if isinstance(position.base, Read) else []
