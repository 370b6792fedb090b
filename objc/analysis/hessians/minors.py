"""Positive semidefinite Hessians of formulas of a few numbers: every principal minor is at least zero.

The Hessian falls into blocks of variables that it ties together; a block of one, two or three is decided
by its minors, all of which a certificate needs (leading ones alone leave diag(0, −1) in).
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from typing import Any

import sympy

from objc.analysis.formulas import is_short
from objc.analysis.hessians.variables import (
    Variable,
    is_continuous,
    jumps_at_ends,
    undecided_at_ends,
    with_signs,
)
from objc.analysis.shape.stretches import is_convex_by_stretches
from objc.analysis.signs.elementary import (
    innermost_fold,
    is_positive,
    is_smooth_formula,
    parametrized,
)
from objc.analysis.signs.lines import is_curved_inside
from objc.analysis.signs.several import LINE, is_nonnegative_over
from objc.analysis.values.ranges import Ranges

_GREATEST = 60
"""Operations beyond which a formula isn't differentiated here."""
_MOST_TOGETHER = 3
_MOST = 8


def is_convex(formula: Any, variables: Sequence[Variable], ranges: Ranges) -> bool:
    """Whether a formula of the program is convex in all variables together, on the closed product of their
    intervals and for all values of everything else. False where nothing that is tried tells."""
    if formula.count_ops() > _GREATEST or not is_short(formula) or len(variables) > _MOST:
        return False
    if jumps_at_ends(formula, variables):
        variables = undecided_at_ends(variables)
    here = with_signs(formula, ranges, variables)
    forms = list(parametrized(ranges.program, here, (), here)) or [{}]
    return all(_is_convex(here.xreplace(form), variables) for form in forms)


def _is_convex(formula: Any, variables: Sequence[Variable]) -> bool:
    if len(variables) == 1 and _is_convex_on_its_line(formula, variables[0]):
        return True
    symbols = [one.symbol for one in variables]
    if not all(is_smooth_formula(formula, one) for one in symbols):
        return False
    return is_continuous(formula, variables) and all(
        is_nonnegative_over(minor, {one.symbol: one.span for one in variables})
        for minor in minors(formula, symbols)
    )


def _is_convex_on_its_line(formula: Any, one: Variable) -> bool:
    if formula.free_symbols - {one.symbol}:
        return False
    low, high = (
        -sympy.oo if one.span.low is None else sympy.Rational(str(one.span.low)),
        sympy.oo if one.span.high is None else sympy.Rational(str(one.span.high)),
    )
    if innermost_fold(formula) is not None:
        return is_convex_by_stretches(formula, one.symbol, low, high, one.is_closed)
    if one.is_closed and not is_continuous(formula, [one]):
        return False
    return is_curved_inside(formula, one.symbol, low, high)


def is_norm(formula: Any, variables: Sequence[Variable], ranges: Ranges) -> bool:
    """Whether a formula is the root of a polynomial of degree two that is nowhere below zero, for real
    numbers: the length of an affine function."""
    if not (isinstance(formula, sympy.Pow) and formula.exp == sympy.Rational(1, 2)):
        return False
    if formula.count_ops() > _GREATEST or jumps_at_ends(formula, variables):
        return False
    here = sympy.expand(with_signs(formula.base, ranges, variables))
    symbols, one = [each.symbol for each in variables], sympy.Dummy("one", real=True)
    if not here.is_polynomial(*symbols) or sympy.total_degree(here, *symbols) != 2:
        return False
    whole = sympy.expand(one**2 * here.xreplace({each: each / one for each in symbols}))
    forms = list(parametrized(ranges.program, whole, (), whole)) or [{}]
    spans = dict.fromkeys((*symbols, one), LINE)
    return len(symbols) < _MOST_TOGETHER and all(
        is_nonnegative_over(minor, spans)
        for form in forms
        for minor in minors(whole.xreplace(form), [*symbols, one])
    )


def is_strictly_convex(formula: Any, variables: Sequence[Variable], ranges: Ranges) -> bool:
    """Whether the Hessian is positive definite everywhere inside: every leading minor is above zero."""
    if formula.count_ops() > _GREATEST or not is_short(formula):
        return False
    here = with_signs(formula, ranges, variables)
    symbols = [one.symbol for one in variables]
    if any(one.is_closed for one in variables):
        return False  # an edge may be a straight stretch
    if not all(is_smooth_formula(here, one) for one in symbols) or not is_continuous(
        here, variables
    ):
        return False
    hessian = sympy.hessian(here, symbols)
    leading = (hessian[:size, :size].det(method="berkowitz") for size in range(1, len(symbols) + 1))
    forms = list(parametrized(ranges.program, here, (), here)) or [{}]
    return len(symbols) <= _MOST_TOGETHER and all(
        is_positive(minor.xreplace(form)) for minor in leading for form in forms
    )


def minors(formula: Any, symbols: Sequence[Any]) -> Iterator[Any]:
    """The principal minors of each block of the Hessian, the small ones first; where a block is too large,
    one that no sign is known of."""
    yield from minors_of(sympy.hessian(formula, symbols))


def minors_of(hessian: Any) -> Iterator[Any]:
    """The same of a symmetric matrix."""
    blocks = _blocks(hessian)
    for size in range(1, _MOST_TOGETHER + 1):
        for block in blocks:
            for chosen in itertools.combinations(block, size):
                yield hessian.extract(chosen, chosen).det(method="berkowitz")
    if any(len(block) > _MOST_TOGETHER for block in blocks):
        yield sympy.Integer(-1)


def _blocks(hessian: Any) -> list[list[int]]:
    """The variables by what ties them together."""
    left, blocks = list(range(hessian.rows)), []
    while left:
        block, waiting = [], [left.pop(0)]
        while waiting:
            one = waiting.pop()
            block.append(one)
            tied = [other for other in left if hessian[one, other] != 0]
            left = [other for other in left if other not in tied]
            waiting += tied
        blocks.append(sorted(block))
    return blocks
