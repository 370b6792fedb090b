"""Lengths less a side, √(1 + v²) − 1, beside the slopes by the scale of v: a robust loss of a learned width.

Of Charbonnier's loss (1994) c·m(x/c), m = √(1 + v²) − 1, and of a pseudo-Huber loss c²·m(x/c), the slopes by
c are differences of m and v²/√(1 + v²), or of one and m/√(1 + v²), of which little is left at one end. As
v² = m·(m + 2), each is a product of m.
"""

from __future__ import annotations

from typing import Any

import sympy

from objc.atoms import hypot, hypot1m1, quotient
from objc.ir.program import Program
from objc.ir.spelling import spelled
from objc.ir.symbols import Expression
from objc.passes.evaluation.nodes import change_nodes
from objc.passes.rewrites.forms import parts_with, without


def slopes_by_sides(program: Program) -> Program:
    """The program with such differences by products."""
    return change_nodes(program, _changed, beside=(hypot1m1,))


def _changed(node: Any) -> Expression | None:
    for m in sorted(node.atoms(hypot1m1), key=spelled):
        (v,) = m.args
        length = hypot(1, v)
        share = quotient(m, length)
        for addend, coefficient, one in parts_with(node, quotient, hypot1m1):
            for partner, product in (
                (-1, -quotient(1, length)),
                (
                    -(v**2) * quotient(1, length) ** 2 / length / 2,
                    (1 + 1 / (2 * length)) * share**2,
                ),
            ):
                rest = without(node, addend, coefficient * partner) if one == share else None
                if rest is not None:
                    return sympy.Add(*rest, coefficient * product)
            slope = -coefficient * v * quotient(v, length) / 2
            rest = without(node, addend, slope) if one == m else None
            if rest is not None:
                return sympy.Add(*rest, coefficient * m * share / 2)
    return None
