"""Where reads are taken: the conditions of branches and guards that stand around them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, TypeAlias

import sympy

from objc.atoms import Branch
from objc.ir.program import Let
from objc.ir.symbols import Condition, Read, conjuncts, reads

Taken: TypeAlias = tuple[Read, tuple[Condition, ...]]
"""A read, and conditions that all hold where its value matters."""


def taken_reads(let: Let) -> Iterator[Taken]:
    """Every read of a let, the reads inside of gathers included, with the conditions around it. A part
    of a conjunction matters where the other parts hold."""
    yield from _within(let.guard, ())
    yield from _within(let.body, _parts(let.guard))


def _within(node: Any, known: tuple[Condition, ...]) -> Iterator[Taken]:
    if isinstance(node, Branch):
        test, then, otherwise = node.args
        yield from _within(test, known)
        yield from _within(then, (*known, *_parts(test)))
        yield from _within(otherwise, (*known, *_parts(sympy.Not(test))))
    elif isinstance(node, sympy.And):
        parts = conjuncts(node)
        for number, part in enumerate(parts):
            yield from _within(part, (*known, *parts[:number], *parts[number + 1 :]))
    elif isinstance(node, Read):
        yield from ((read, known) for read in reads(node))
    else:
        for part in node.args:
            yield from _within(part, known)


def _parts(condition: Condition) -> tuple[Condition, ...]:
    return () if condition == sympy.true else tuple(conjuncts(condition))


__all__ = ["Taken", "taken_reads"]
