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

from objc.atoms import Branch, expm1, hypot, log1p, log_cosh
from objc.ir.program import Program
from objc.ir.spelling import spelled
from objc.ir.symbols import Read, reads
from objc.passes.batch import dependent

ZERO = sympy.Integer(0)


def branch_at_kinks(program: Program) -> Program:
    """The program with a branch at the kink of each such power."""
    known = Kinks(program)
    lets = []
    for let in program.lets:
        powers = [one for one in let.body.atoms(sympy.Pow) if known.has_kink(one)]
        body = let.body
        # Outer ones first: an inner one is part of them.
        for power in sorted(powers, key=lambda one: (-one.count_ops(), spelled(one))):
            body = body.xreplace({power: Branch(sympy.Eq(_innermost(power), 0), ZERO, power)})
        lets.append(let if body == let.body else replace(let, body=body))
    return program.with_lets(lets)


_RISING_FROM_ZERO = (log1p, expm1, sympy.tanh, sympy.erf, sympy.sinh, sympy.atan)


def _innermost(expression: Any) -> Any:
    """What is zero where a power, or a function that is zero at zero alone, is."""
    while isinstance(expression, (sympy.Pow, *_RISING_FROM_ZERO)):
        expression = expression.args[0]
    return expression


class Kinks:
    """What is zero at a kink or a least place, in a program."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.moving = dependent(program.lets, (one.name for one in program.differentiable))
        self.asked: dict[str, bool] = {}

    def has_kink(self, power: sympy.Pow) -> bool:
        broken = power.exp.is_positive and (1 - power.exp).is_nonnegative
        return bool(broken) and self._varies(power.base) and self.is_even(power.base)

    def _varies(self, expression: Any) -> bool:
        return any(read.tensor in self.moving for read in reads(expression))

    def is_even(self, expression: Any) -> bool:
        """Whether something is never negative, and has no slope where it is zero."""
        match expression:
            case sympy.Abs() | log_cosh() | hypot():
                return True
            case sympy.Function() if isinstance(expression, _RISING_FROM_ZERO):
                return self.is_even(expression.args[0])
            case sympy.Pow():
                exponent = expression.exp
                if exponent.is_even and exponent.is_positive:
                    return True
                return bool(exponent.is_positive) and self.is_even(expression.base)
            case sympy.Add():
                return all(map(self.is_even, expression.args))
            case sympy.Mul():
                return any(map(self.is_even, expression.args)) and all(
                    self.is_even(one) or self._is_weight(one) for one in expression.args
                )
            case Branch():
                return all(one == 0 or self.is_even(one) for one in expression.args[1:])
            case Read():
                return self._is_even_let(expression.tensor)
        return False

    def _is_even_let(self, name: str) -> bool:
        let = self.program.let.get(name)
        if let is None:
            return False
        if name not in self.asked:
            self.asked[name] = True  # of the steps before, if it is one of a recurrence
            plain = let.reduction in (None, "sum", "mean", "max")
            found = let.reduction == "norm" or (plain and self.is_even(let.body))
            if not found:  # nor is what was found by taking it for granted
                self.asked = {one: answer for one, answer in self.asked.items() if not answer}
            self.asked[name] = found
        return self.asked[name]

    def _is_weight(self, factor: Any) -> bool:
        """Whether a factor is positive, or doesn't vary and is never negative: where it is zero, so is what
        it multiplies, and its slope."""
        if self._varies(factor):
            return bool(factor.is_positive)
        return bool(factor.is_nonnegative)
