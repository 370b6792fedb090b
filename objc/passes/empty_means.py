"""Means of which a guard may leave nothing, and what a program is with 0 for them."""

from __future__ import annotations

from collections.abc import Container
from dataclasses import replace

import sympy

from objc.atoms import Branch
from objc.ir.domain import Domain
from objc.ir.program import Let, Names, Program
from objc.ir.recurrence import members
from objc.passes.tidying.prune import prune


def guarded_means(program: Program) -> tuple[Let, ...]:
    """The means under a guard, which may leave them nothing. Those within a recurrence are not looked at."""
    inside = members(program)
    return tuple(
        let
        for let in program.lets
        if let.reduction == "mean" and let.guard != sympy.true and let.name not in inside
    )


def count_of(let: Let, names: Names) -> Let:
    """How many entries the guard of a reduction leaves."""
    name = names.fresh(f"count_{let.name}")
    return replace(let, name=name, reduction="sum", body=sympy.Integer(1), domain=Domain("count"))


def without_empty_means(program: Program, means: Container[Let]) -> Program:
    """The program with 0 for these means where they are left without entries."""
    names = Names.of(program)
    lets: list[Let] = []
    for let in program.lets:
        if let not in means:
            lets.append(let)
            continue
        number = count_of(let, names)
        own = replace(let, name=names.fresh(f"{let.name}_of_some"))
        there = sympy.Gt(number.read(*number.free), 0)
        body = Branch(there, own.read(*own.free), sympy.Integer(0))
        lets += [number, own, Let(let.name, let.free, body, domain=let.domain, span=let.span)]
    return prune(program.with_lets(lets), {"per_example": program.outputs["per_example"]})
