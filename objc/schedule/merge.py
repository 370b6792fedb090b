"""One evaluation where two branches would each have one.

A vector computes both branches and selects. `Branch(c, f(a), f(b))` is `f(Branch(c, a, b))`: where the
branches have the same elementary function of different arguments, one of it is enough.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import sympy

from objc.atoms import Branch
from objc.ir.program import Program
from objc.ir.symbols import Expression, Read, indices_of
from objc.schedule.cost import is_costly, operations_of


def merged(program: Program) -> Program:
    """A program whose branches share what they can."""
    lets = []
    for let in program.lets:
        body = let.body
        if body.has(Branch):
            body = _merged(body)
        lets.append(let if body is let.body else replace(let, body=body))
    return program.with_lets(lets)


def _merged(e: Expression) -> Expression:
    if not e.args or isinstance(e, Read) or not e.has(Branch):
        return e
    if not isinstance(e, Branch):
        return e.func(*(_merged(one) for one in e.args))
    condition, then, otherwise = e.args
    then, otherwise = _merged(then), _merged(otherwise)
    if not indices_of(condition):  # what does not change in a loop is asked before it
        return Branch(condition, then, otherwise)
    for first, second in _pairs(then, otherwise):
        if not then.has(first) or not otherwise.has(second):
            continue  # it was within one that is shared already
        arguments = [
            one if one == other else _merged(Branch(condition, one, other))
            for one, other in zip(first.args, second.args, strict=True)
        ]
        shared = first.func(*arguments)
        then, otherwise = then.xreplace({first: shared}), otherwise.xreplace({second: shared})
    return Branch(condition, then, otherwise)


def _pairs(then: Expression, otherwise: Expression) -> Iterator[tuple[Expression, Expression]]:
    """Costly functions that only one branch has, with their like in the other; the costliest first."""
    ours, theirs = _costly(then), _costly(otherwise)
    left = sorted(theirs - ours, key=_rank)
    for one in sorted(ours - theirs, key=_rank):
        for other in left:
            if one.func == other.func and _degree(one) == _degree(other):
                yield one, other
                left.remove(other)
                break


def _degree(e: Expression) -> Expression | None:
    """What of a function is no argument: the exponent of a power, the order of a derivative."""
    if isinstance(e, sympy.polygamma):
        return e.args[0]
    return e.args[1] if e.is_Pow else None


def _rank(e: Expression) -> tuple[int, str]:
    return -operations_of(e), str(e)


def _costly(e: Expression) -> set[Expression]:
    """Elementary functions and powers that read nothing but what lies at hand."""
    return {
        one
        for one in e.atoms(sympy.Function, sympy.Pow)
        if is_costly(one) and all(_is_at_hand(read) for read in one.atoms(Read))
    }


def _is_at_hand(read: Read) -> bool:
    return all(position.index is not None for position in read.positions)
