"""The steps of a recurrence but for its first and last: there a loop over examples asks for no step.

A choice by the step stands in the loop over a row, where one side may read what is not there: LLVM makes no
vectors of it, and leaves the loop as it is where there are several.
"""

from __future__ import annotations

from collections.abc import Set
from dataclasses import replace
from typing import Any

import sympy
from sympy.core.relational import Relational

from objc.ir.index import Index
from objc.ir.parts import found_in
from objc.ir.symbols import Condition, indices_of, reads
from objc.schedule.loops import Accumulate, Assign, Item, Loop, walk


def interior(loop: Loop, steps: Set[Index]) -> tuple[Condition, Loop, Loop] | None:
    """What holds at the steps between the ends of a recurrence, the loop as it is there, and elsewhere; None
    where it asks for no step."""
    asked: dict[Any, Condition] = {}
    for item, _ in walk((loop,)):
        if isinstance(item, Assign | Accumulate):
            parts = found_in(item.body, Relational)
            parts |= found_in(item.guard, Relational) if isinstance(item, Accumulate) else set()
            for one in parts:
                if indices_of(one) and indices_of(one) <= steps and not reads(one):
                    asked[one] = sympy.false if isinstance(one, sympy.Eq) else sympy.true
    if not asked:
        return None
    holds = sympy.And(
        *(one if is_so == sympy.true else sympy.Not(one) for one, is_so in asked.items())
    )
    if holds == sympy.false:
        return None
    ends = loop
    if len(asked) == 1:
        ends = _settled(loop, {one: sympy.Not(is_so) for one, is_so in asked.items()})
    return holds, _settled(loop, asked), ends


def _settled(loop: Loop, known: dict[Any, Condition]) -> Loop:
    """A loop in which it is known what holds."""
    body: list[Item] = []
    for item in loop.body:
        match item:
            case Loop():
                item = _settled(item, known)
            case Assign():
                item = replace(item, body=item.body.xreplace(known))
            case Accumulate():
                guard = item.guard.xreplace(known)
                item = replace(item, body=item.body.xreplace(known), guard=guard)
        body.append(item)
    return replace(loop, body=tuple(body))
