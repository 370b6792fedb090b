"""Powers below one of what is zero at a kink or a least place: √(|x| + |y|), (Σ x²)^0.3.

There the slope of the power is infinite and that of its base 0, or the documented 0 of an absolute value;
their product is no number. As a branch that is 0 where the base is, the power has the slope 0, as a norm
has. So it is with divergences, as under the root of a deviance. A root of an input that is never negative is
none of them: at the edge of its domain the slope is infinite, as in mathematics.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import sympy

from objc.atoms import Branch
from objc.ir.kinks import RISING_FROM_ZERO, Kinks
from objc.ir.program import Let, Program
from objc.ir.spelling import spelled
from objc.passes.batch import dependent
from objc.passes.evaluation.divergences import rest_of_divergences
from objc.passes.evaluation.rates import rest_of_divergence

ZERO = sympy.Integer(0)


def branch_at_kinks(program: Program) -> Program:
    """The program with a branch at the kink of each such power."""
    moving = dependent(program.lets, (one.name for one in program.differentiable))
    known = _Least(program, moving)
    lets = []
    for let in program.lets:
        powers = [one for one in let.body.atoms(sympy.Pow) if _has_kink(one, known)]
        body = let.body
        # Outer ones first: an inner one is part of them.
        for power in sorted(powers, key=lambda one: (-one.count_ops(), spelled(one))):
            body = body.xreplace({power: Branch(sympy.Eq(_innermost(power), 0), ZERO, power)})
        lets.append(let if body == let.body else replace(let, body=body))
    return program.with_lets(lets)


class _Least(Kinks):
    """Divergences too are never negative, and have no slope where they are zero: on a simplex, along it."""

    def is_even(self, expression: Any) -> bool:
        if super().is_even(expression):
            return True
        if not isinstance(expression, sympy.Add):
            return False
        rest = rest_of_divergence(expression, self.program)
        if rest is None:
            rest = rest_of_divergences(Let("divergence", (), expression), self.program)
        return rest is not None and (rest == 0 or self.is_even(rest))

    def _is_even_let(self, name: str) -> bool:
        let = self.program.let.get(name)
        return super()._is_even_let(name) or (
            let is not None and rest_of_divergences(let, self.program) == 0
        )


def _has_kink(power: sympy.Pow, known: Kinks) -> bool:
    broken = power.exp.is_positive and (1 - power.exp).is_nonnegative
    return bool(broken) and known.varies(power.base) and known.is_even(power.base)


def _innermost(expression: Any) -> Any:
    """What is zero where a power, or a function that is zero at zero alone, is."""
    while isinstance(expression, (sympy.Pow, *RISING_FROM_ZERO)):
        expression = expression.args[0]
    return expression
