"""Which mean of a formula was left without entries, where a value came out as no number."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import sympy

from objc.atoms import Branch
from objc.ir.evaluate import evaluate
from objc.ir.program import Let, Names, Program
from objc.ir.recurrence import members
from objc.passes.prune import prune
from objc.target import IndexOutOfRange


def guarded_means(program: Program) -> tuple[Let, ...]:
    """The means under a guard, which may leave them nothing. Those within a recurrence are not looked at."""
    inside = members(program)
    return tuple(
        let
        for let in program.lets
        if let.reduction == "mean" and let.guard != sympy.true and let.name not in inside
    )


def empty_mean(program: Program, inputs: Mapping[str, Any]) -> Let | None:
    """The mean for want of whose entries an example is not a number, if that is why.

    The example is computed once more with 0 for a mean of nothing: if a number comes out, it was that
    one. A mean in a branch that is not taken changes nothing, and is not blamed.
    """
    means = guarded_means(program)
    for chosen in (*((one,) for one in means), means):
        if _is_number(_forgiving(program, chosen), inputs):
            return chosen[0]
    return None


def _forgiving(program: Program, means: tuple[Let, ...]) -> Program:
    """The program with 0 for these means where they are left without entries."""
    names = Names.of(program)
    lets: list[Let] = []
    for let in program.lets:
        if let not in means:
            lets.append(let)
            continue
        name = names.fresh(f"count_{let.name}")
        number = replace(let, name=name, reduction="sum", body=sympy.Integer(1))
        own = replace(let, name=names.fresh(f"{let.name}_of_some"))
        there = sympy.Gt(number.read(*number.free), 0)
        body = Branch(there, own.read(*own.free), sympy.Integer(0))
        lets += [number, own, Let(let.name, let.free, body, domain=let.domain, span=let.span)]
    return prune(program.with_lets(lets), {"per_example": program.outputs["per_example"]})


def _is_number(program: Program, inputs: Mapping[str, Any]) -> bool:
    try:
        return not math.isnan(float(evaluate(program, inputs)["per_example"]))
    except (IndexOutOfRange, ArithmeticError):
        return False
