"""Hyperparameters over sums that they stand in: α·β/(α·a + β·b + c)³, of which numerator and denominator
leave the range long before the fraction does. Each is divided by the sum by itself, then the rest.
"""

from __future__ import annotations

from typing import Any

import sympy

from objc.atoms import quotient
from objc.ir.factors import is_setting
from objc.ir.program import Program
from objc.ir.symbols import Expression, Read


def divide_settings(expression: Any, program: Program) -> Any:
    """The expression with such fractions divided in turn."""
    if not getattr(expression, "args", ()) or isinstance(expression, Read):
        return expression
    arguments = [divide_settings(one, program) for one in expression.args]
    if arguments != list(expression.args):
        expression = expression.func(*arguments)
    if not isinstance(expression, sympy.Mul):
        return expression
    below: list[Expression] = []
    above: list[Expression] = []
    others: list[Expression] = []
    for factor in expression.args:
        base, exponent = factor.as_base_exp()
        if exponent.is_Integer and exponent.is_negative and _has_weighted_part(base, program):
            below += [base] * -int(exponent)
        elif exponent.is_Integer and exponent.is_positive:
            above += [base] * int(exponent)
        else:
            others.append(factor)
    if not below or (len(below) < 2 and not any(is_setting(one, program) for one in above)):
        return expression
    above.sort(key=lambda one: (not _has_weighted_part(one, program), not is_setting(one, program)))
    return _in_turn(above, below, sympy.Mul(*others))


def _in_turn(above: list[Expression], below: list[Expression], rest: Expression) -> Expression:
    """Every factor by one divisor, the first ones first, as far as there are divisors."""
    pairs = list(zip(above, below, strict=False))
    once = list(dict.fromkeys(pairs))
    whole = rest * sympy.Mul(*(quotient(a, b) for a, b in once), *above[len(pairs) :])
    for a, b in once:
        pairs.remove((a, b))
    for a, b in pairs:  # a square may leave the range
        whole = quotient(whole, quotient(b, a))
    for divisor in below[len(above) :]:
        whole = quotient(whole, divisor)
    return whole


def _has_weighted_part(base: Any, program: Program) -> bool:
    """Whether an addend of a sum is multiplied with a hyperparameter of any size."""
    return isinstance(base, sympy.Add) and any(
        is_setting(factor, program)
        for addend in base.args
        for factor in sympy.Mul.make_args(addend)
    )
