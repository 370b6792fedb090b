"""Formulas with folds (branches, extremes, sizes, signs) where it is known which way each goes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import sympy

from objc.analysis.signs.elementary import innermost_fold
from objc.atoms import Branch, maximum

Sign = Callable[[Any], "int | None"]
"""The sign of a formula without folds, None where it isn't decided."""


def unfolded(expression: Any, sign_of: Sign, most: int) -> Any:
    """The formula with every fold, of at most so many, taken as the signs say; None where one isn't
    decided."""
    for _ in range(most):
        fold = innermost_fold(expression)
        if fold is None:
            return expression
        arm = _arm(fold, sign_of)
        if arm is None:
            return None
        expression = expression.xreplace({fold: arm})
    return None


def _arm(fold: Any, sign_of: Sign) -> Any:
    if isinstance(fold, Branch):
        condition, then, otherwise = fold.args
        mapping = {}
        for one in condition.atoms(sympy.core.relational.Relational):
            sign = sign_of(one.lhs - one.rhs)
            if sign is None:
                return None
            mapping[one] = one.func(sympy.Integer(sign), sympy.Integer(0))
        truth = condition.xreplace(mapping)
        return then if truth == sympy.true else otherwise if truth == sympy.false else None
    first, second = fold.args if len(fold.args) == 2 else (fold.args[0], sympy.Integer(0))
    sign = sign_of(first - second)
    if sign is None:
        return None
    if isinstance(fold, sympy.sign):
        return sympy.Integer(sign)
    if isinstance(fold, sympy.Abs):
        return first * sign
    return first if (sign >= 0) == isinstance(fold, maximum) else second
