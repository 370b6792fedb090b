"""Formulas of one positive symbol where it is large: without folds, and their limits."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import sympy

from objc.analysis.formulas import is_short
from objc.analysis.signs.elementary import is_zero
from objc.analysis.signs.folds import unfolded

_MOST_FOLDS = 32
_GREATEST = 160
"""Operations beyond which a formula is given no limit."""


def far_out(expression: Any, t: Any) -> Any:
    """What a formula is for all large t, without folds; None where that isn't decided."""
    return unfolded(expression, functools.partial(_sign, t=t), _MOST_FOLDS)


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
    found = limit_at(bring(expression), t, sympy.oo)
    return found if found.is_extended_real else None


def limit_at(expression: Any, x: Any, place: Any, side: str = "+") -> Any:
    """A limit from one side; not a number where SymPy doesn't find it, as where it depends on the sign of a
    hyperparameter."""
    try:
        return sympy.limit(expression, x, place, side)
    except (NotImplementedError, ValueError, TypeError, AttributeError, RecursionError):
        return sympy.nan
