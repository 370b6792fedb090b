"""A step for the hyperparameters that a call mostly has: what they decide is decided before its loops.

A power whose exponent is the default's is a few products, and where no hyperparameter has the value
that a formula makes an exception of, no loop asks for it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace

import sympy

from objc.ir.parts import found_in
from objc.ir.program import Input, Program
from objc.ir.spelling import spelled
from objc.ir.symbols import Condition, Expression, Extent, IndexValue, reads
from objc.schedule.loops import (
    Accumulate,
    Assign,
    Block,
    Blocked,
    Item,
    Loop,
    Parallel,
    Peeled,
    Step,
    walk,
)

_LARGEST = 8
"""Exponents below are computed by products."""


@dataclass(frozen=True)
class Usual:
    """A step where the conditions hold. `values` are hyperparameters that are as they stand."""

    step: Step
    values: tuple[Condition, ...]
    conditions: tuple[Condition, ...]


def usual(step: Step, program: Program, exponents: Iterable[Expression]) -> Usual | None:
    """The step for the usual values, or None where it would be the same. `exponents` are those of its
    powers that hyperparameters give."""
    if not isinstance(step, Parallel | Blocked):
        return None
    values: dict[Expression, Expression] = {}
    for exponent in exponents:
        values |= _defaults(exponent, program)
    settled = _changed(step, lambda e: e.xreplace(values)) if values else step
    denied = dict.fromkeys(
        one
        for e in _expressions(settled)
        for one in sorted(found_in(e, sympy.Eq, sympy.Ne), key=spelled)
        if _is_uniform(one, program)
    )
    if not values and not denied:
        return None
    known = {one: sympy.S.false if isinstance(one, sympy.Eq) else sympy.S.true for one in denied}
    return Usual(
        _changed(settled, lambda e: e.xreplace(known)),
        tuple(sympy.Eq(read, value, evaluate=False) for read, value in values.items()),
        tuple(one if known[one] == sympy.true else sympy.Ne(*one.args) for one in denied),
    )


def _defaults(exponent: Expression, program: Program) -> Mapping[Expression, Expression]:
    """The defaults of what an exponent is made of, if they make it a small whole number."""
    found: dict[Expression, Expression] = {}
    for read in reads(exponent):
        tensor = program.tensor(read.tensor)
        if not isinstance(tensor, Input) or tensor.default is None or not tensor.default.is_number:
            return {}
        found[read] = tensor.default
    value = exponent.xreplace(found)
    return found if value.is_Integer and abs(int(value)) < _LARGEST else {}


def _is_uniform(condition: Condition, program: Program) -> bool:
    """Whether a condition is one of hyperparameters alone."""
    if found_in(condition, IndexValue, Extent):
        return False
    tensors = [program.tensor(read.tensor) for read in reads(condition)]
    return bool(tensors) and all(
        isinstance(one, Input) and not one.dimensions and not one.domain.is_integer
        for one in tensors
    )


def _expressions(step: Step) -> Iterable[Expression]:
    for item, _ in walk(step.items):
        if isinstance(item, Assign | Peeled | Accumulate):
            yield item.body
        if isinstance(item, Accumulate):
            yield item.guard


def _changed(step: Step, change: Callable[[Expression], Expression]) -> Step:
    """A step with every body and guard changed."""
    match step:
        case Parallel(loop=loop):
            return replace(step, loop=replace(loop, body=_items(loop.body, change)))
        case Blocked(block=block):
            return replace(step, block=replace(block, items=_items(block.items, change)))
    return step


def _items(items: tuple[Item, ...], change: Callable[[Expression], Expression]) -> tuple[Item, ...]:
    return tuple(_item(one, change) for one in items)


def _item(item: Item, change: Callable[[Expression], Expression]) -> Item:
    match item:
        case Loop():
            return replace(item, body=_items(item.body, change))
        case Block():
            return replace(item, items=_items(item.items, change))
        case Accumulate():
            return replace(item, body=change(item.body), guard=change(item.guard))
        case Assign() | Peeled():
            return replace(item, body=change(item.body))
    return item
