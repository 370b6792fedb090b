"""Powers below one of what is zero at a kink or a least place: √(|x| + |y|), (Σ x²)^0.3.

There the slope of the power is infinite and that of its base 0, or the documented 0 of an absolute value;
their product is no number. As a branch that is 0 where the base is, the power has the slope 0, as a norm
has. So it is with divergences, as under the root of a deviance, and with whatever is never negative where all
that it is of are real numbers: (1 − index)^0.75 where the overlap is full. A root of an input that is never
negative is none of them: at the edge of its domain the slope is infinite, as in mathematics.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import sympy

from objc.atoms import Branch
from objc.ir.kinks import RISING_FROM_ZERO, Kinks
from objc.ir.program import Let, Program
from objc.ir.spelling import spelled
from objc.ir.symbols import reads
from objc.passes.batch import dependent
from objc.passes.evaluation.divergences.distributions import rest_of_divergences
from objc.passes.evaluation.divergences.rates import rest_of_divergence
from objc.passes.tidying.inline import size

ZERO = sympy.Integer(0)
_MOST_NODES = 60


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

    def is_least(self, expression: Any) -> bool:
        """Whether zero is the least that something can be, at places around which it may move either way: a
        slope there is zero. Of what is positive, as a probability is, that is where it has underflowed."""
        moving = [one for one in self.program.differentiable if one.name in self.moving]
        if not all(one.domain.kind == "real" for one in moving):
            return False
        if size(expression) > _MOST_NODES or not expression.is_rational_function():
            return False
        if any(one.is_positive for one in sympy.Add.make_args(expression)):
            return False  # it is away from zero where the others are no less
        whole = sympy.together(expression.xreplace(self._signs(expression)))
        return all(part.is_nonnegative for part in whole.as_numer_denom())

    def _signs(self, expression: Any) -> dict[Any, Any]:
        """What is never negative by what it is made of, as symbols of which that is known."""
        found = {}
        for read in reads(expression):
            let = self.program.let.get(read.tensor)
            if let is None or let.reduction not in (None, "sum", "mean"):
                continue
            if all(map(self._is_never_negative, sympy.Mul.make_args(let.body))):
                found[read] = sympy.Dummy(read.tensor, nonnegative=True)
        return found

    def _is_never_negative(self, factor: Any) -> bool:
        """Whether a factor is never negative: also 1 − y of an input of at most one."""
        if factor.is_nonnegative:
            return True
        given = self.program.input.get(getattr(1 - factor, "tensor", ""))
        return given is not None and bool(given.domain.bounds[1] <= 1)


def _has_kink(power: sympy.Pow, known: _Least) -> bool:
    broken = power.exp.is_positive and (1 - power.exp).is_nonnegative
    if not broken or not known.varies(power.base):
        return False
    return known.is_even(power.base) or known.is_least(power.base)


def _innermost(expression: Any) -> Any:
    """What is zero where a power, or a function that is zero at zero alone, is."""
    while isinstance(expression, (sympy.Pow, *RISING_FROM_ZERO)):
        expression = expression.args[0]
    return expression
