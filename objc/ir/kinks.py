"""What is never negative and has no slope where it is zero: sizes, squares, and what is made of them."""

from __future__ import annotations

from collections.abc import Container
from typing import Any

import sympy

from objc.atoms import Branch, expm1, hypot, log1p, log_cosh
from objc.ir.program import Program
from objc.ir.symbols import Read, reads

RISING_FROM_ZERO = (log1p, expm1, sympy.tanh, sympy.erf, sympy.sinh, sympy.atan)
"""Functions that are zero at zero alone, and rise there."""


class Kinks:
    """What of a program is zero at a kink or a least place, while some of its tensors move."""

    def __init__(self, program: Program, moving: Container[str]) -> None:
        self.program = program
        self.moving = moving
        self.asked: dict[str, bool] = {}

    def varies(self, expression: Any) -> bool:
        return any(read.tensor in self.moving for read in reads(expression))

    def is_even(self, expression: Any) -> bool:
        """Whether something is never negative, and has no slope where it is zero."""
        match expression:
            case sympy.Abs() | log_cosh() | hypot():
                return True
            case sympy.Function() if isinstance(expression, RISING_FROM_ZERO):
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
        if self.varies(factor):
            return bool(factor.is_positive)
        return bool(factor.is_nonnegative)
