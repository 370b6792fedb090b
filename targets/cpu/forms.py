"""What a step's text asks of the forms of loops, bodies and texts."""

from __future__ import annotations

from collections.abc import Set

import sympy

from objc.atoms import Branch
from objc.ir.symbols import Condition, Expression, conjuncts, indices_of, reads
from objc.schedule.loops import Accumulate, Block, Loop, Product, walk


def shared_guard(loop: Loop | Block, passing: Set[str] = frozenset()) -> set[Condition]:
    """What everything in a loop waits for, and does not change in it: it is asked once, before. Products
    that are `passing` are made for what waits alone."""
    found: set[Condition] | None = None
    inner = {loop.index}
    for item, _ in walk(loop.body if isinstance(loop, Loop) else loop.items):
        if isinstance(item, Loop):
            inner.add(item.index)
        elif isinstance(item, Accumulate):
            parts = set(conjuncts(item.guard)) - {sympy.true}
            found = parts if found is None else found & parts
        elif not isinstance(item, Product) or item.let not in passing:
            return set()
    return {one for one in found or () if not indices_of(one) & inner and _is_in_range(one)}


def _is_in_range(condition: Condition) -> bool:
    """Whether all that a condition reads stands at indices alone: it can be asked before others."""
    return all(one.index is not None for read in reads(condition) for one in read.positions)


def is_count(body: Expression) -> bool:
    """Whether a branch chooses between whole numbers."""
    return isinstance(body, Branch) and all(one.is_Integer for one in body.args[1:])


def factor(text: str) -> str:
    """Text that may stand beside an operator."""
    return text if text.isidentifier() or text.isdigit() else f"({text})"
