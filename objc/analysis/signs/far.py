"""Formulas of one positive symbol where it is large: without folds, and their limits."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import sympy

from objc.analysis.formulas import is_short
from objc.analysis.signs.elementary import innermost_fold, is_zero
from objc.atoms import Branch, maximum

_GREATEST = 160
"""Operations beyond which a formula is given no limit."""


def far_out(expression: Any, t: Any) -> Any:
    """What a formula is for all large t, without folds; None where that isn't decided."""
    for _ in range(32):
        fold = innermost_fold(expression)
        if fold is None:
            return expression
        arm = _arm(fold, t)
        if arm is None:
            return None
        expression = expression.xreplace({fold: arm})
    return None


def _arm(fold: Any, t: Any) -> Any:
    if isinstance(fold, Branch):
        condition, then, otherwise = fold.args
        truths = {one: _truth(one, t) for one in condition.atoms(sympy.core.relational.Relational)}
        if None in truths.values():
            return None
        return then if condition.xreplace(truths) == sympy.true else otherwise
    first, second = fold.args if len(fold.args) == 2 else (fold.args[0], sympy.Integer(0))
    sign = _sign(first - second, t)
    if sign is None:
        return None
    if isinstance(fold, sympy.sign):
        return sympy.Integer(sign)
    if isinstance(fold, sympy.Abs):
        return first * sign
    return first if (sign >= 0) == isinstance(fold, maximum) else second


def _truth(relation: Any, t: Any) -> Any:
    sign = _sign(relation.lhs - relation.rhs, t)
    return None if sign is None else relation.func(sympy.Integer(sign), sympy.Integer(0))


def _sign(expression: Any, t: Any) -> int | None:
    """The sign of a smooth formula for all large t."""
    if not expression.has(t):
        return None if not expression.is_number else int(sympy.sign(expression))
    if is_zero(expression):
        return 0
    end = limit(expression, t)
    if end is None or end == 0:
        return None
    return 1 if end > 0 else -1


def limit(expression: Any, t: Any) -> Any:
    """The limit for t → ∞, where it is found."""
    if expression.count_ops() > _GREATEST or not is_short(expression):
        return None
    bring: Callable[[Any], Any] = sympy.expand if expression.is_polynomial(t) else lambda one: one
    try:
        found = sympy.limit(bring(expression), t, sympy.oo)
    except (NotImplementedError, ValueError, TypeError, AttributeError):
        return None
    return found if found.is_extended_real else None
