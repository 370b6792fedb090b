"""Rows whose numbers cost more than their loops: a block of rows at a time, so that vectors hold the numbers.

A row that is a product with weights ends in one number, and elementary functions of it. One by one they
take longer than the row. So the rows of a block go through their loops up to the number, then all
numbers are taken together, then the rows go on.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import sympy

from objc.schedule.cost import is_costly
from objc.schedule.loops import (
    Accumulate,
    Assign,
    Block,
    Blocked,
    Finish,
    Item,
    Loop,
    Loops,
    Parallel,
    Start,
    Step,
)
from objc.schedule.storage import storage_of


def phased(loops: Loops) -> Loops:
    """The schedule with steps in phases where that pays: sums over all rows, in arrays, of what hangs on
    costly numbers of a row."""
    if any(storage.kind == "lent" for storage in loops.storage.values()):
        return loops
    steps: list[Step] = []
    for step in loops.steps:
        pays = isinstance(step, Parallel) and _pays(step, loops)
        steps.append(_in_phases(step) if pays and isinstance(step, Parallel) else step)
    if tuple(steps) == loops.steps:
        return loops
    return Loops(loops.program, tuple(steps), storage_of(loops.program, steps, {}))


def _pays(step: Parallel, loops: Loops) -> bool:
    body = step.loop.body
    rows = [item for item in body if isinstance(item, Loop)]
    if step.loop.direction or not rows or not any(start.axes for start in step.reductions):
        return False
    plain = all(_is_plain(item, loops) for item in body)
    return plain and any(map(_is_costly, body)) and not any(map(_is_costly, _inside(rows)))


def _is_plain(item: Item, loops: Loops) -> bool:
    """Whether an item of a row may stand in a loop over the rows of a block."""
    match item:
        case Start(_, axes) | Finish(_, _, axes):
            return not axes
        case Assign(let):
            return not loops.program.let[let].domain.is_integer
        case Accumulate():
            return item.value is None and not item.at
        case Loop(_, body, direction):
            inner = (Assign, Accumulate)
            return not direction and all(isinstance(one, inner) and _adds(one) for one in body)
    return False


def _adds(item: Item) -> bool:
    return not isinstance(item, Accumulate) or item.value is None


def _inside(rows: Sequence[Loop]) -> Iterator[Item]:
    for row in rows:
        yield from row.body


def _is_costly(item: Item) -> bool:
    if not isinstance(item, Assign | Accumulate):
        return False
    return any(is_costly(one) for one in sympy.preorder_traversal(item.body))


def _in_phases(step: Parallel) -> Blocked:
    index = step.index
    phases: list[Item] = []
    held: list[Item] = []
    of_numbers = False

    def flush() -> None:
        if held:
            phases.append(Loop(index, tuple(held)))
            held.clear()

    for item in step.loop.body:
        single = isinstance(item, Assign | Accumulate)
        if single and not of_numbers and _is_costly(item):
            flush()
            of_numbers = True
        elif not single and of_numbers:
            flush()
            of_numbers = False
        held.append(item)
    flush()
    return Blocked(Block(index, tuple(phases)), step.reductions)
