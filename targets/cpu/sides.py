"""Sides of branches that a whole row may do without.

In vectors both sides of a branch are computed for every entry. Where one side has elementary functions
that nothing else in a loop has, and what it is taken by stands before the loop, the row is asked first:
mostly no entry takes such a side, or the question costs little beside it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace

import sympy
from objc.targets.cpu.forms import shared_guard

from objc.atoms import Branch
from objc.ir.parts import found_in, inner_first
from objc.ir.spelling import spelled
from objc.ir.symbols import Condition, Expression, IndexValue, Read, indices_of, reads
from objc.schedule.cost import is_costly
from objc.schedule.loops import Accumulate, Assign, Finish, Item, Loop, Start, walk


def skippable(loop: Loop, is_there: Callable[[Read], bool]) -> tuple[Condition, Loop, Loop] | None:
    """A condition, what the loop is where that holds (perhaps for some entries only), and where it holds for
    none: less by a costly side. Of a loop that holds others, the condition is one and the same for all that
    they do. `is_there` says whether a read is in range before the loop, whatever its items are guarded by.
    """
    items = [one for one, _ in walk(loop.body)]
    inner = [one for one in items if isinstance(one, Loop)]
    plain = [one for one in items if isinstance(one, Assign | Accumulate | Start | Finish)]
    if any(one.direction for one in (loop, *inner)) or len(plain) + len(inner) < len(items):
        return None
    computed = [one for one in plain if isinstance(one, Assign | Accumulate)]
    made = {one.let for one in plain}
    indices = {one.index for one in (loop, *inner)}
    is_flat = len(computed) == len(items)
    whole = _functions(computed)
    conditions = {one.args[0] for item in computed for one in found_in(item.body, Branch)}
    for condition in sorted(conditions, key=_seldom_first):
        is_one = indices.isdisjoint(indices_of(condition)) and all(map(is_there, reads(condition)))
        is_entry = is_flat and all(map(_is_plain, reads(condition)))
        if not (is_one or is_entry) or not _is_known(condition, made):
            continue
        denied = sympy.Not(condition, evaluate=False)  # what is no number is not on the other side
        for asked, answer in ((condition, sympy.S.false), (denied, sympy.S.true)):
            if not is_one and isinstance(condition, sympy.Ne if asked is condition else sympy.Eq):
                continue  # that all entries are equal to something is not worth a question
            lighter = _settled(loop, condition, answer)
            rest = [one for one, _ in walk(lighter.body) if isinstance(one, Assign | Accumulate)]
            other = _settled(loop, condition, ~answer) if is_one else loop
            if whole - _functions(rest) and _is_defined(lighter) and _is_defined(other):
                return asked, other, lighter
    return None


def _is_defined(loop: Loop) -> bool:
    """Whether nothing in a loop is divided by the number zero: what is infinite there, or no number, only
    the arithmetic knows."""
    items = (one for one, _ in walk(loop.body))
    bodies = [one.body for one in items if isinstance(one, Assign | Accumulate)]
    return not any(one.has(sympy.zoo, sympy.nan) for one in bodies)


def seldom(loop: Loop) -> tuple[Condition, Loop] | None:
    """What loops within a loop are for, where it is one condition of the outer loop's entries, and what the
    loop is where no entry fulfills the condition."""
    inner = [one for one in loop.body if isinstance(one, Loop)]
    made = {one.let for one, _ in walk(loop.body) if isinstance(one, Assign | Finish)}
    guards = [shared_guard(one) for one in inner]
    if (
        loop.direction
        or not guards
        or not all(isinstance(one, Loop | Start | Finish) for one in loop.body)
    ):
        return None
    condition = sympy.And(*set.intersection(*guards))
    asked = found_in(condition, sympy.core.relational.Relational)
    known = all(_is_known(one, made) and all(map(_is_plain, reads(one))) for one in asked)
    if not asked or not known or loop.index not in indices_of(condition):
        return None
    return condition, replace(loop, body=tuple(one for one in loop.body if one not in inner))


def _seldom_first(condition: Condition) -> tuple[bool, str]:
    """Equalities first, which few entries meet."""
    return not isinstance(condition, sympy.Eq | sympy.Ne), spelled(condition)


def _is_known(condition: Condition, made: set[str]) -> bool:
    """Whether a condition can be asked before a loop that makes these lets, at little cost."""
    read = reads(condition)
    return (
        isinstance(condition, sympy.core.relational.Relational)
        and bool(read)
        and not found_in(condition, IndexValue)
        and not any(one.tensor in made for one in read)
        and not any(map(is_costly, inner_first(condition)))
    )


def _is_plain(read: Read) -> bool:
    return all(position.index is not None for position in read.positions)


def _settled(loop: Loop, condition: Condition, answer: Condition) -> Loop:
    """A loop where it is known what a condition is."""
    known = {condition: answer}
    items: list[Item] = []
    for item in loop.body:
        match item:
            case Loop():
                items.append(_settled(item, condition, answer))
            case Accumulate():
                body, guard = (one.xreplace(known) for one in (item.body, item.guard))
                items.append(replace(item, body=body, guard=guard))
            case Assign():
                items.append(replace(item, body=item.body.xreplace(known)))
            case _:
                items.append(item)
    return replace(loop, body=tuple(items))


def _functions(items: Iterable[Assign | Accumulate]) -> set[Expression]:
    """The elementary functions in the bodies of items."""
    bodies = [one.body for one in items]
    return {one for body in bodies for one in inner_first(body) if is_costly(one)}
