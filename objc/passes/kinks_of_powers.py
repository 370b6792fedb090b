"""Powers below one of what is zero at a kink or a least place: √(|x| + |y|), (Σ x²)^0.3.

There the slope of the power is infinite and that of its base 0, or the documented 0 of an absolute value;
their product is no number. As a branch that is 0 where the base is, the power has the slope 0, as a norm
has. A root of an input that is never negative is none of them: at the edge of its domain the slope is
infinite, as in mathematics.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import sympy

from objc.atoms import Branch
from objc.ir.kinks import RISING_FROM_ZERO, Kinks
from objc.ir.program import Program
from objc.ir.spelling import spelled
from objc.passes.batch import dependent

ZERO = sympy.Integer(0)


def branch_at_kinks(program: Program) -> Program:
    """The program with a branch at the kink of each such power."""
    moving = dependent(program.lets, (one.name for one in program.differentiable))
    known = Kinks(program, moving)
    lets = []
    for let in program.lets:
        powers = [one for one in let.body.atoms(sympy.Pow) if _has_kink(one, known)]
        body = let.body
        # Outer ones first: an inner one is part of them.
        for power in sorted(powers, key=lambda one: (-one.count_ops(), spelled(one))):
            body = body.xreplace({power: Branch(sympy.Eq(_innermost(power), 0), ZERO, power)})
        lets.append(let if body == let.body else replace(let, body=body))
    return program.with_lets(lets)


def _has_kink(power: sympy.Pow, known: Kinks) -> bool:
    broken = power.exp.is_positive and (1 - power.exp).is_nonnegative
    return bool(broken) and known.varies(power.base) and known.is_even(power.base)


def _innermost(expression: Any) -> Any:
    """What is zero where a power, or a function that is zero at zero alone, is."""
    while isinstance(expression, (sympy.Pow, *RISING_FROM_ZERO)):
        expression = expression.args[0]
    return expression
