"""Inequalities between scalars of a program: ranges of their difference, in forms that show a sign."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from typing import Any

import sympy

from objc.analysis.formulas import is_short
from objc.analysis.shape.seams import lifted
from objc.analysis.signs.gammas import beneath
from objc.analysis.values.interval import UNIT, Interval
from objc.analysis.values.ranges import Context, Ranges
from objc.atoms import Branch
from objc.ir.declared import declared_sign
from objc.ir.symbols import Condition, Expression, Read

_GREATEST = 60
"""Operations beyond which a difference isn't brought to other forms."""
_GREATEST_SQUARED = 30
_INFINITE = (sympy.oo, -sympy.oo)
_GREATEST_CONDITIONS = 4
"""Conditions of branches beyond which a difference isn't looked at arm by arm."""


class Inequalities:
    """Which of two scalars is at least the other, by the ranges of a program."""

    def __init__(self, ranges: Ranges) -> None:
        self.ranges = ranges
        self._known: dict[Expression, bool] = {}

    def is_at_least(self, greater: Expression, less: Expression) -> bool:
        """Whether `greater ≥ less` is proved."""
        if less == -sympy.oo or greater == sympy.oo:
            return True
        difference = greater - less
        if difference not in self._known:
            shorter, context = self._by_residual(difference)
            found = self._is_nonnegative(shorter, sympy.true, context)
            found = found or self._is_nonnegative_between_ends(difference)
            self._known[difference] = found or self._is_nonnegative_beneath(difference)
        return self._known[difference]

    def is_at_least_where(self, greater: Expression, less: Expression, where: Condition) -> bool:
        """Whether `greater ≥ less` is proved for inputs at which a condition holds."""
        return self._is_nonnegative(greater - less, where, {})

    def is_within(self, expression: Expression, bound: Expression) -> bool:
        """Whether `|expression| ≤ bound` is proved: from both sides, or between the squares."""
        if self.is_at_least(bound, expression) and self.is_at_least(expression, -bound):
            return True
        if expression.count_ops() > _GREATEST_SQUARED:
            return False
        is_bound = self.is_at_least(bound, sympy.Integer(0))
        return is_bound and self.is_at_least(bound**2, expression**2)

    def is_positive(self, expression: Expression) -> bool:
        """Whether an expression is above zero at all finite inputs, however near it comes."""
        if declared_sign(expression, self.ranges.program).kind == "positive":
            return True
        shorter, context = self._by_residual(expression)
        return any(
            form.is_positive or self.ranges.of(form, context).low > 0 for form in _forms(shorter)
        )

    def _is_nonnegative_beneath(self, difference: Any) -> bool:
        """The same by what derivatives of log Γ are at least."""
        if not difference.has(sympy.polygamma) or difference.count_ops() > _GREATEST:
            return False
        return any(self._is_nonnegative(one, sympy.true, {}) for one in beneath(difference))

    def _is_nonnegative_between_ends(self, difference: Any) -> bool:
        """The same in the shares of the way between the ends of intervals that hyperparameters name."""
        if difference.count_ops() > _GREATEST:
            return False
        mapping = {}
        for read in sorted(difference.atoms(Read), key=str):
            one = self.ranges.program.input.get(read.tensor)
            if one is None or one.domain.kind != "interval":
                continue
            low, high = one.domain.bounds
            is_between = low not in _INFINITE and high not in _INFINITE
            if is_between and (low.free_symbols or high.free_symbols):
                share = sympy.Dummy("share", nonnegative=True)
                mapping[read] = low + (high - low) * share, share
        if not mapping:
            return False
        there = difference.xreplace({read: way for read, (way, _) in mapping.items()})
        context = {share: UNIT for _, share in mapping.values()}
        return self._is_nonnegative(there, sympy.true, context)

    def _by_residual(self, expression: Any) -> tuple[Expression, Context]:
        """The expression in r, where x and y occur in it as r = x − y only."""
        if expression.count_ops() > 4 * _GREATEST:
            return expression, {}
        for node in sorted(expression.atoms(sympy.Add), key=str):
            if not _is_residual(node):
                continue
            residual = sympy.Dummy("r", real=True)
            rest = expression.xreplace({node: residual, -node: -residual})
            if not rest.free_symbols & node.free_symbols:
                return rest, {residual: self.ranges.of(node)}
        return expression, {}

    def _is_nonnegative(self, difference: Expression, where: Condition, context: Context) -> bool:
        """Whether a difference is at least zero where a condition holds: as it is, in other forms, or in
        each arm of a branch in it."""
        if where == sympy.false:
            return True
        for form in _forms(difference):
            if form.is_nonnegative or self._range(form, where, context).is_nonnegative:
                return True
        if difference.count_ops() > _GREATEST:
            return False
        return self._is_nonnegative_by_arms(difference, where, context)

    def _range(self, form: Expression, where: Condition, context: Context) -> Interval:
        if where == sympy.true:
            return self.ranges.of(form, context)
        return self.ranges.under(form, where, context)

    def _is_nonnegative_by_arms(
        self, difference: Expression, where: Condition, context: Context
    ) -> bool:
        conditions = {one.args[0] for one in difference.atoms(Branch)}
        inner = {one.args[0] for condition in conditions for one in condition.atoms(Branch)}
        outer = sorted(conditions - inner, key=str)
        if not outer or len(conditions) > _GREATEST_CONDITIONS:
            return False
        branch = lifted(difference, outer[0])
        if not isinstance(branch, Branch):
            return self._is_nonnegative(branch, where, context)
        condition, then, otherwise = branch.args
        return self._is_nonnegative(
            then, sympy.And(where, condition), context
        ) and self._is_nonnegative(otherwise, sympy.And(where, sympy.Not(condition)), context)


def _is_residual(node: Any) -> bool:
    """Whether a sum is x − y of two reads."""
    if len(node.args) != 2:
        return False
    one, other = node.args
    return any(
        isinstance(a, Read) and isinstance(-b, Read) for a, b in ((one, other), (other, one))
    )


@functools.lru_cache(maxsize=256)
def _all_forms(expression: Expression) -> tuple[Expression, ...]:
    return tuple(dict.fromkeys(_made(expression)))


def _forms(expression: Expression) -> tuple[Expression, ...]:
    """An expression, and where it is small others that are equal to it wherever it is defined."""
    if expression.count_ops() > _GREATEST or not is_short(expression):
        return (expression,)
    return _all_forms(expression)


def _made(expression: Expression) -> Iterator[Expression]:
    yield expression
    for bring in (sympy.expand, sympy.together, sympy.factor_terms, sympy.factor):
        try:
            form = bring(expression)
        except sympy.PolynomialError:
            continue
        if form.count_ops() <= 2 * _GREATEST:
            yield form
