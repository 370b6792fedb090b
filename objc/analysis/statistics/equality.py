"""Terms of two numbers that are zero where both are equal, and grow away from that.

D(x, y) on the line, or of positive numbers: zero at x = y, and as a function of one of both, the other
held, either strictly convex and flat at equality (a Bregman divergence is), or falling before it and
rising behind.
"""

from __future__ import annotations

from typing import Any

import sympy

from objc.analysis.signs.elementary import (
    innermost_fold,
    is_positive,
    is_regular,
    is_zero,
)

_GREATEST = 60
"""Operations beyond which a term is not looked at."""


def away_from_equality(term: Any, first: Any, second: Any, is_real: bool) -> str | None:
    """Why a term is at least 0, and 0 only where its two numbers (real, else positive) are equal."""
    if term.count_ops() > _GREATEST or innermost_fold(term) is not None:
        return None
    x, y = (sympy.Dummy(name, real=True, positive=None if is_real else True) for name in "xy")
    for moving, fixed in ((first, second), (second, first)):
        here = term.xreplace({moving: x, fixed: y})
        if not is_regular(here) or not is_zero(here.xreplace({x: y})):
            continue
        slope = sympy.diff(here, x)
        name = _named(moving)
        if is_zero(slope.xreplace({x: y})) and is_positive(sympy.diff(slope, x)):
            return f"strictly convex in {name}, and flat and 0 where both are equal"
        if _changes_sign_once(slope, x, y):
            return f"falling in {name} before both are equal, where it is 0, and rising behind"
    return None


def _changes_sign_once(slope: Any, x: Any, y: Any) -> bool:
    t = sympy.Dummy("t", positive=True)
    return _is_above(slope.xreplace({x: y + t})) and _is_above(-slope.xreplace({y: x + t}))


def _is_above(formula: Any) -> bool:
    """Whether a formula is positive; of a multiple of one logarithm, its argument tells."""
    if is_positive(formula):
        return True
    if not all(one.is_positive for one in formula.free_symbols):
        return False  # logarithms of products may not be taken apart
    combined = sympy.logcombine(sympy.expand_log(formula, force=True), force=True)
    factor, rest = sympy.factor_terms(combined).as_independent(sympy.log, as_Add=False)
    if not isinstance(rest, sympy.log):
        return False
    (inner,) = rest.args
    return (is_positive(factor) and is_positive(inner - 1)) or (
        is_positive(-factor) and is_positive(1 - inner) and is_positive(inner)
    )


def _named(read: Any) -> str:
    return str(read.tensor)
