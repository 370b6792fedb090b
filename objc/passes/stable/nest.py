"""A maximum over several indices as maxima of maxima, one index each.

Only then does its derivative know one place: the first maximum in row-major order.
"""

from __future__ import annotations

from dataclasses import replace

import sympy

from objc.ir.program import Let, Names, Program


def nest_extremes(program: Program) -> Program:
    names = Names.of(program)
    lets: list[Let] = []
    for let in program.lets:
        while let.reduction in ("max", "min") and len(let.over) > 1:
            inner = replace(
                let,
                name=names.fresh(f"{let.name}_inner"),
                free=(*let.free, *let.over[:-1]),
                over=let.over[-1:],
            )
            lets.append(inner)
            body = inner.read(*inner.free)
            let = replace(let, body=body, over=let.over[:-1], guard=sympy.true)
        lets.append(let)
    return program.with_lets(lets)
