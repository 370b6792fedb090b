"""Sides of branches that a whole row may do without.

In vectors both sides of a branch are computed for every entry. Where one side has elementary functions
that nothing else in a loop has, and what it is taken by stands before the loop, the row is asked first:
mostly no entry takes such a side, or the question costs little beside it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import sympy

from objc.atoms import Branch
from objc.ir.spelling import spelled
from objc.ir.symbols import Condition, Expression, IndexValue, reads
from objc.schedule.cost import is_costly
from objc.schedule.loops import Accumulate, Assign, Item, Loop


def skippable(loop: Loop) -> tuple[Condition, Loop] | None:
    """A condition, and what the loop is where that holds for no entry: less by a costly side."""
    items = [one for one in loop.body if isinstance(one, Assign | Accumulate)]
    if loop.direction or len(items) < len(loop.body):
        return None
    made = {one.let for one in items}
    whole = _functions(items)
    conditions = {one.args[0] for item in items for one in item.body.atoms(Branch)}
    for condition in sorted(conditions, key=_seldom_first):
        if not _is_known(condition, made):
            continue
        denied = sympy.Not(condition, evaluate=False)  # what is no number is not on the other side
        for asked, answer in ((condition, sympy.S.false), (denied, sympy.S.true)):
            rest = tuple(_settled(one, condition, answer) for one in items)
            if whole - _functions(rest):
                return asked, replace(loop, body=rest)
    return None


def _seldom_first(condition: Condition) -> tuple[bool, str]:
    """Equalities first, which few entries meet."""
    return not isinstance(condition, sympy.Eq | sympy.Ne), spelled(condition)


def _is_known(condition: Condition, made: set[str]) -> bool:
    """Whether a condition can be asked before a loop that makes these lets, at little cost."""
    read = reads(condition)
    return (
        isinstance(condition, sympy.core.relational.Relational)
        and bool(read)
        and not condition.atoms(IndexValue)
        and all(position.index is not None for one in read for position in one.positions)
        and not any(one.tensor in made for one in read)
        and not any(map(is_costly, sympy.preorder_traversal(condition)))
    )


def _settled(item: Assign | Accumulate, condition: Condition, answer: Condition) -> Item:
    """An item where it is known what a condition is."""
    known = {condition: answer}
    if isinstance(item, Accumulate):
        return replace(item, body=item.body.xreplace(known), guard=item.guard.xreplace(known))
    return replace(item, body=item.body.xreplace(known))


def _functions(items: Iterable[Item]) -> set[Expression]:
    """The elementary functions in the bodies of items."""
    bodies = [one.body for one in items if isinstance(one, Assign | Accumulate)]
    return {one for body in bodies for one in sympy.preorder_traversal(body) if is_costly(one)}
