"""Loops the other way about, where a device would rather have it so than a processor.

A processor goes along memory, and adds to a row of accumulators. A thread of a device has its accumulator
in a register, and its neighbors go along memory. So a loop that adds to the accumulators of another loop
inside of it changes places with that. And a sum over the rows of a step, in an array, of which every row
has something for every entry, becomes a step over its entries: what is summed is made a second time, and
no block has an array of its own.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from objc.targets.cuda.held import reads_of

from objc.ir.index import Index
from objc.schedule.loops import (
    Accumulate,
    Assign,
    Finish,
    Item,
    Loop,
    Loops,
    Parallel,
    Serial,
    Start,
    Step,
    Storage,
    walk,
)


def turned(loops: Loops) -> Loops:
    """The same loops, as a device has them."""
    steps: list[Step] = []
    gone: set[str] = set()
    for step in loops.steps:
        if isinstance(step, Parallel):
            step, entries = _apart(step, loops)
            for let, one in entries:
                gone.add(let)
                steps.append(one)
            step = replace(step, loop=replace(step.loop, body=tuple(_exchanged(step.loop.body))))
        elif isinstance(step, Serial):
            combines = tuple(one for one in step.combines if one.let not in gone)
            step = replace(step, combines=combines, items=tuple(_exchanged(step.items)))
        steps.append(step)
    return replace(loops, steps=tuple(steps))


def with_whole_sums(loops: Loops) -> Loops:
    """The same loops, of which no sum over rows in an array is a scratch of the step that follows: a kernel
    of its own puts it together, and what one kernel leaves for another is an array of the call. A library
    that multiplies needs it there too."""
    sums = {
        finish.let
        for step in loops.steps
        if isinstance(step, Serial)
        for finish in step.combines
        if finish.axes and loops.storage[finish.let].kind == "scratch"
    }
    stored = {
        name: Storage("stored", tuple(range(len(loops.program.let[name].dimensions))))
        for name in sums
    }
    return replace(loops, storage={**loops.storage, **stored})


# -------------------------------------------------------------- a loop within a loop


def _exchanged(items: Sequence[Item]) -> Iterator[Item]:
    """Items of which loops over accumulators stand around the loops that add to them."""
    rest = list(items)
    while rest:
        starts: list[Start] = []
        while rest and isinstance(first := rest[0], Start) and len(first.axes) == 1:
            starts.append(first)
            del rest[0]
        found = _around(starts, rest) if starts else None
        if found is not None:
            yield found
            del rest[: 1 + len(starts)]
            continue
        yield from starts
        if rest:
            item = rest.pop(0)
            if isinstance(item, Loop):
                item = replace(item, body=tuple(_exchanged(item.body)))
            yield item


def _around(starts: Sequence[Start], rest: Sequence[Item]) -> Loop | None:
    """The loop over the accumulators that have just been begun, if the next items are nothing but a loop
    that adds to them, and their ends."""
    finishes = rest[1 : 1 + len(starts)]
    match rest[0] if rest else None:
        case Loop(body=(Loop(direction=0) as inner,), direction=0) as outer:
            pass
        case _:
            return None
    names = {start.let for start in starts}
    if {getattr(one, "let", None) for one in finishes} != names:
        return None
    added = [item for item in inner.body if isinstance(item, Accumulate)]
    if len(added) < len(inner.body) or {one.let for one in added} != names:
        return None
    if any([place.index for place in one.at] != [inner.index] for one in added):
        return None
    body: list[Item] = [replace(start, axes=()) for start in starts]
    body.append(replace(outer, body=tuple(replace(one, at=()) for one in added)))
    for one in finishes:
        if not isinstance(one, Finish) or len(one.axes) != 1:
            return None
        at = tuple(inner.index if index == one.axes[0] else index for index in one.at)
        body.append(replace(one, at=at, axes=()))
    return replace(inner, body=tuple(body))


# -------------------------------------------------------------- a sum over rows


def _apart(step: Parallel, loops: Loops) -> tuple[Parallel, list[tuple[str, Parallel]]]:
    """The step without the sums over its rows that are made entry by entry, and steps for these."""
    found = []
    for start in step.reductions:
        made = _over_entries(start, step, loops)
        if made is None:
            continue
        found.append((start.let, made))
        reductions = tuple(one for one in step.reductions if one != start)
        body = tuple(_without(start.let, step.loop.body, loops))
        step = replace(step, loop=replace(step.loop, body=body), reductions=reductions)
    return step, found


def _over_entries(start: Start, step: Parallel, loops: Loops) -> Parallel | None:
    """A step over the entries of a sum, if all that is added is what one inner loop makes anew from what
    there is before the step."""
    if len(start.axes) != 1 or loops.storage[start.let].kind not in ("output", "stored"):
        return None
    added = [
        (item, around)
        for item, around in walk(step.loop.body)
        if isinstance(item, Accumulate) and item.let == start.let
    ]
    if len(added) != 1 or len(added[0][1]) != 1:
        return None
    item, (loop,) = added[0]
    if not isinstance(loop, Loop) or loop.direction:
        return None
    if [place.index for place in item.at] != [loop.index]:
        return None
    needed = _needed(item, loop, step, loops)
    if needed is None or not _is_of_pairs((*needed, item), step.loop.index, loop.index):
        return None
    inner = Loop(step.loop.index, (*needed, replace(item, at=())))
    finish = Finish(start.let, (loop.index,), ())
    return Parallel(Loop(loop.index, (replace(start, axes=()), inner, finish)), ())


def _is_of_pairs(items: Sequence[Item], row: Index, entry: Index) -> bool:
    """Whether items read what stands along one index or the other, and no matrix: that would be read
    once more, and across its rows."""
    made = {item.let for item in items if isinstance(item, Assign)}
    read = [one for one in reads_of(items) if one.tensor not in made]
    return not any({row, entry} <= {place.index for place in one.positions} for one in read)


def _needed(item: Accumulate, loop: Loop, step: Parallel, loops: Loops) -> list[Assign] | None:
    """What the loop assigns for an item, in order; None if it needs anything else of the step."""
    own = {one.let: one for one in loop.body if isinstance(one, Assign)}
    inside = {str(one.let) for one, _ in walk(step.items) if hasattr(one, "let")}
    inside |= {one.let for one in step.reductions}
    wanted: dict[str, Assign] = {}
    open_ones = [read.tensor for read in reads_of((item,))]
    while open_ones:
        name = open_ones.pop()
        if name in own and loops.storage[name].kind == "local":
            if name not in wanted:
                wanted[name] = own[name]
                open_ones += [read.tensor for read in reads_of((own[name],))]
        elif name in inside:
            return None
    return [one for one in own.values() if one.let in wanted]


def _without(let: str, items: Sequence[Item], loops: Loops) -> Iterator[Item]:
    """Items without those that add to a let, and without what only they read."""
    for item in items:
        if isinstance(item, Loop):
            kept = [one for one in item.body if getattr(one, "let", None) != let]
            if len(kept) < len(item.body):
                item = replace(item, body=tuple(_read(kept, loops)))
        yield item


def _read(items: Sequence[Item], loops: Loops) -> list[Item]:
    """Items of a loop without assignments that nothing after them reads."""
    kept: list[Item] = []
    wanted: set[str] = set()
    for item in reversed(items):
        if (
            isinstance(item, Assign)
            and item.let not in wanted
            and loops.storage[item.let].kind == "local"
        ):
            continue
        wanted |= {read.tensor for read in reads_of((item,))}
        kept.insert(0, item)
    return kept
