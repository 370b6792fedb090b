"""Sums over rows into an array, four rows at a time: the array is fetched and put back a quarter as often.

Products are rounded to the kernel's own type and added in float64, as everywhere: what cancels over a
batch keeps its digits.
"""

from __future__ import annotations

import re

import sympy
from objc.targets.cpu.places import bare

from objc.ir.program import Let, Program
from objc.ir.symbols import Expression, Read
from objc.schedule.loops import Accumulate, Loop

ROWS = 4


def added(loop: Loop, program: Program) -> tuple[Loop, Accumulate] | None:
    """The loop along a row and what it adds to an array, where a loop over rows does nothing else."""
    match loop.body:
        case (Loop(body=(Accumulate() as item,)) as inner,) if not inner.direction:
            let = program.let[item.let]
            along = [position.index for position in item.at] == [inner.index]
            if along and item.guard == sympy.true and _is_sum(let) and _is_product(item.body):
                return inner, item
    return None


def _is_sum(let: Let) -> bool:
    return let.reduction == "sum" and not let.domain.is_integer


def _is_product(body: Expression) -> bool:
    return isinstance(body, sympy.Mul) and all(
        one.is_number or (isinstance(one, Read) and all(p.index is not None for p in one.positions))
        for one in body.args
    )


def four(text: str, index: str, quad: str) -> str:
    """The sum of what a text says of four rows, the index of which is replaced."""
    first, *rest = (
        bare(re.sub(rf"\b{index}\b", f"({ROWS} * {quad} + {row})", text)) for row in range(ROWS)
    )
    for one in rest:
        first = f"add({first}, {one})"
    return first
