"""The turns of a loop for which everything in it waits: `j >= B` is where the loop begins.

A test of the loop's own index in it would be asked at every turn, and where it guards what is added to an
array a vector would have to leave out lanes.
"""

from __future__ import annotations

from collections.abc import Collection

import sympy
from objc.targets._facts import true_of

from objc.ir.index import Index
from objc.ir.symbols import Condition, Expression, Extent, IndexValue, conjuncts
from objc.schedule.loops import Accumulate, Loop, walk


def bounds(
    loop: Loop, around: Collection[Index]
) -> dict[Condition, tuple[Expression | None, Expression | None]]:
    """Conditions that everything in a loop waits for, each with the first turn at which it holds or the one
    before which it does."""
    found: set[Condition] | None = None
    for item, _ in walk(loop.body):
        if isinstance(item, Loop):
            continue
        if not isinstance(item, Accumulate):
            return {}
        parts = set(conjuncts(item.guard))
        found = parts if found is None else found & parts
    solved = {one: _solved(one, loop.index, around) for one in found or ()}
    return {one: ends for one, ends in solved.items() if ends is not None}


def _solved(
    condition: Condition, index: Index, around: Collection[Index]
) -> tuple[Expression | None, Expression | None] | None:
    if not isinstance(condition, sympy.Gt | sympy.Ge | sympy.Lt | sympy.Le):
        return None
    own = IndexValue(index)
    for one in condition.free_symbols - {own}:
        if not (isinstance(one, Extent) or (isinstance(one, IndexValue) and one.index in around)):
            return None
    for positive in true_of(condition):
        if positive.coeff(own) == 1 and own not in (rest := positive - own).free_symbols:
            return 1 - rest, None
        if positive.coeff(own) == -1 and own not in (rest := positive + own).free_symbols:
            return None, rest
    return None
