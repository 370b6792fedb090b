"""The readable form of a schedule, with its costs: what `objc show --stage loops` prints."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import sympy

from objc.ir.index import Index
from objc.ir.program import Let
from objc.ir.spelling import shown
from objc.schedule.cost import operations, operations_of, polynomial, traffic
from objc.schedule.loops import (
    Accumulate,
    Assign,
    Block,
    Blocked,
    Finish,
    Item,
    Loop,
    Loops,
    Ordered,
    Peeled,
    Product,
    Serial,
    Start,
    Storage,
    step_items,
    walk,
)
from objc.schedule.orders import Ordering

_BYTES = 8
"""Of a number in float64."""

_SORTING = 3
"""Arrays along a row that sorting it takes: two of keys, and one of places."""

_RANKS = 2
"""Those that running along an order takes: where what is before an entry begins and ends,"""

_HELD = 3
"""and what comes of all from a place on, the largest, and how often that is there."""

_DIRECTION = {0: "", 1: " step by step", -1: " step by step, downwards"}


def listing(loops: Loops) -> str:
    """One line an item; each step is headed by the operations and the bytes of one iteration. Bytes are those
    of numbers in float64; in float32 reals take half of them."""
    program = loops.program
    lines = [f"loops {program.name}"]
    for number, step in enumerate(loops.steps, start=1):
        lines.append(f"step {number}: {_head(loops, number - 1)}")
        if isinstance(step, Serial):
            lines += [f"  combine {one.let}" for one in step.combines]
        else:
            for start in step.reductions:
                lines.append(f"  partial {start.let}{_axes(start.axes)}")
        lines += [f"  {line}" for line in _lines(step_items(step), loops)]
    kept = [
        f"{name}: {one.kind}{_room(program.let[name], one)}{_instead(loops, name)}"
        for name, one in loops.storage.items()
        if one.kind not in ("local", "output")
    ]
    lines += [f"kept {line}" for line in kept]
    lines += list(dict.fromkeys(_sums(loops)))
    return "\n".join(lines)


def _sums(loops: Loops) -> Iterator[str]:
    """The memory of reductions that run over several places at once, where they are made: of a thread, or
    of each chunk of a step, whose parts are combined in the end."""
    for step in loops.steps:
        if not isinstance(step, Serial):
            for start in step.reductions:
                if start.axes:
                    yield f"partial {start.let}{_bytes(start.axes)} a chunk"
        for item, around in walk(step_items(step)):
            inside = next((one for one in around if isinstance(one, Block)), step)
            block = inside.index if isinstance(inside, Block | Blocked) else None
            if isinstance(item, Start) and item.axes:
                reduction = loops.program.let[item.let].reduction
                yield f"{reduction} {item.let}{_bytes(item.axes, block)} a thread"
            if isinstance(item, Ordered):
                for what, times in _memory(item.ordering, loops).items():
                    yield f"{what}{_bytes(item.at[-1:], times=times)} a thread"


def _memory(ordering: Ordering, loops: Loops) -> dict[str, int]:
    """For what an order takes arrays along a row, and how many. All that runs along the row has the same."""
    if ordering.is_order:
        whole = loops.program.tensor(ordering.keys.tensor).domain.is_integer
        return {f"sorting {'whole numbers' if whole else 'keys'}": _SORTING}
    if ordering.is_in_place:
        return {}
    if ordering.kind == "count":
        return {"ranks": _RANKS, "counting": 1}
    found = {"ranks": _RANKS, "running": _HELD}
    if ordering.side is not None and ordering.side.but_own:
        found["running but itself"] = _HELD
    return found


def _bytes(axes: Iterable[Index], block: Index | None = None, times: int = 1) -> str:
    names = ["block" if one == block else str(one.dimension) for one in axes]
    return f"[{', '.join(names)}], {'*'.join([str(times * _BYTES), *names])} bytes"


def _head(loops: Loops, number: int) -> str:
    step = loops.steps[number]
    cost = polynomial(operations(step))
    if isinstance(step, Serial):
        return f"once, {cost} operations"
    index = step.index
    moved = polynomial({names: _BYTES * count for names, count in traffic(loops, step).items()})
    blocks = ", in blocks" if isinstance(step, Blocked) else ""
    return (
        f"parallel over {index.name}:{index.dimension}{blocks}, each {cost} operations,"
        f" {moved} bytes moved"
    )


def _lines(items: Iterable[Item], loops: Loops) -> Iterator[str]:
    for item in items:
        match item:
            case Loop(index, body, direction):
                yield f"for {index.name}:{index.dimension}{_DIRECTION[direction]}"
                yield from (f"  {line}" for line in _lines(body, loops))
            case Block(index, items):
                yield f"for {index.name}:{index.dimension} in blocks"
                yield from (f"  {line}" for line in _lines(items, loops))
            case Assign(let, at, body):
                yield f"{let}{_axes(at)} = {shown(body)}{_where(loops, let)}"
            case Product(let, at, terms, over, guard, where, adds):
                guard = sympy.And(guard, where)
                condition = "" if guard == sympy.true else f" | {shown(guard)}"
                factors = f"{shown(terms.left)} * {shown(terms.right)}"
                added = shown(terms.body) if terms.is_of_differences else factors
                summed = f"{added} over {over.name}{condition}"
                sign = "+=" if adds else "="
                yield f"product {let}{_axes(at)} {sign} {summed}{_where(loops, let)}"
            case Ordered(let, at, ordering):
                yield f"{let}{_axes(at)} = {_along(ordering)}{_where(loops, let)}"
            case Peeled(let, _, index, position, body):
                yield f"{let} at {index.name} == {position} = {shown(body)}"
            case Start(let, axes):
                yield f"start {let}{_axes(axes)}"
            case Accumulate(let, at, body, guard):
                reduction = loops.program.let[let].reduction
                places = f"[{', '.join(map(str, at))}]" if at else ""
                condition = "" if guard == sympy.true else f" | {shown(guard)}"
                yield f"{let}{places} {reduction}= {shown(body)}{condition}"
            case Finish(let, at):
                yield f"finish {let}{_axes(at)}{_where(loops, let)}"


def _along(ordering: Ordering) -> str:
    """What runs along an order, as in `sum of a along order, from the end, through, by ties`."""
    keys, side = shown(ordering.keys), ordering.side
    if ordering.value is None:
        return f"order of {keys}"
    order = "its places" if ordering.order is None else shown(ordering.order)
    said = [f"{ordering.kind} of {shown(ordering.value)} along {order}"]
    if ordering.weight is not None:
        said.append(f"by {shown(ordering.weight)}")
    if ordering.group is not None:
        said.append(f"within {shown(ordering.group)}")
    words = {}
    if side is not None:
        words = {"from the end": side.from_end, "through": side.through, "with ties": side.by_ties}
        words |= {"but itself": side.but_own, "of equals": side.of_equals}
    for one in ordering.bounds:
        lead = "" if one.lead == 0 else f" + {shown(one.lead)}"
        said.append(f"where {shown(one.over)}{lead} {one.sign} {shown(one.free)}")
    return ", ".join([*said, *(word for word, holds in words.items() if holds)])


def _instead(loops: Loops, name: str) -> str:
    """For what is kept in the memory of a result, what it costs and what it spares."""
    storage = loops.storage[name]
    if storage.kind != "lent":
        return ""
    spared = operations_of(loops.program.let[name].body)
    return f" by {storage.of}, {2 * _BYTES} bytes moved within the cache for {spared} operations"


def _where(loops: Loops, let: str) -> str:
    kind = loops.storage[let].kind
    return "" if kind == "local" else f"  -> {kind}"


def _axes(indices: Iterable[Index]) -> str:
    names = [index.name for index in indices]
    return f"[{', '.join(names)}]" if names else ""


def _room(let: Let, storage: Storage) -> str:
    """The axes that are kept, and how much memory they take: of scratch, that of each thread."""
    axes, block = storage.axes, storage.block
    names = [str(let.free[axis].dimension) for axis in axes]
    if block is not None:
        names[list(axes).index(block)] = "block"
    if not names:
        return ""
    whole = f"[{', '.join(names)}]"
    if storage.kind == "lent":
        return whole
    each = " a thread" if storage.kind == "scratch" else ""
    return f"{whole}, {'*'.join([str(_BYTES), *names])} bytes{each}"
