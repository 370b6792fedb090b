"""Formulas of one positive symbol where it is small: without folds, and their signs."""

from __future__ import annotations

import functools
from typing import Any

import sympy

from objc.analysis.signs.elementary import is_positive, is_zero, plain
from objc.analysis.signs.folds import unfolded

_MOST_FOLDS = 32


def germ(expression: Any, step: Any) -> Any:
    """What a formula is for all small positive values of a step, without folds; None where that isn't
    decided."""
    sign = functools.partial(sign_near, step=step)
    return unfolded(plain(expression), sign, _MOST_FOLDS)


def sign_near(expression: Any, step: Any) -> int | None:
    """The sign of a smooth formula for all small positive values of a step: that of the first of its
    derivatives at zero that isn't zero."""
    if is_zero(expression):
        return 0
    for _ in range(4):
        here = expression.subs(step, 0)
        if here.has(sympy.zoo, sympy.nan, sympy.oo, -sympy.oo):
            return None
        if not is_zero(here):
            return 1 if is_positive(here) else -1 if is_positive(-here) else None
        expression = sympy.diff(expression, step)
    return None
