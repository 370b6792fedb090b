"""The seams of a branch: whether the arms meet there, in value and in slope."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import sympy

from objc.atoms import Branch, log1mexp, log1p, loggamma, logit, maximum, minimum, xlog1py, xlogy
from objc.ir.symbols import Expression

_EDGED: Mapping[Any, Callable[..., Any]] = {
    sympy.log: lambda x: x,
    log1p: lambda x: 1 + x,
    log1mexp: lambda x: x,
    logit: lambda x: x * (1 - x),
    xlogy: lambda x, y: y,
    xlog1py: lambda x, y: 1 + y,
    loggamma: lambda x: x,
    sympy.polygamma: lambda order, x: x,
    sympy.tan: lambda x: sympy.cos(x),
}
"""What is zero where a function leaves the finite numbers."""


def lifted(expression: Expression, condition: Any) -> Expression:
    """The branch on a condition brought to the top of an expression: `f(if c then a else b)` is
    `if c then f(a) else f(b)`."""
    here = [one for one in expression.atoms(Branch) if one.args[0] == condition]
    arms = [expression.xreplace({one: one.args[arm] for one in here}) for arm in (1, 2)]
    return Branch(condition, *arms)


def contact(branch: Expression) -> int | None:
    """How the arms of a branch are known to meet at its seam: 0 in value, 1 with equal slopes, -1 not
    even in value. None where that can't be told.

    Both arms are equal on the seam, so equal slopes across it in one direction mean equal gradients.
    """
    condition, then, otherwise = branch.args
    if not isinstance(condition, sympy.core.relational.Relational):
        return None
    solutions = _solutions(condition.args[0] - condition.args[1])
    if not solutions:
        return None
    orders = [_order(then - otherwise, variable, value) for variable, value in solutions]
    known = [one for one in orders if one is not None]
    return min(known) if len(known) == len(orders) else None


def _order(jump: Expression, variable: Any, value: Expression) -> int | None:
    smooth = _unfolded(jump, variable, value)
    if smooth is None and not any(one.has(variable) for one in jump.atoms(Branch)):
        # A fold has a kink of its own there: it is continuous, and the slopes are open.
        is_continuous = _is_regular(jump, variable, value)
        return 0 if is_continuous and sympy.expand(jump.subs(variable, value)) == 0 else None
    if smooth is None or not _is_regular(smooth, variable, value):
        return None
    if sympy.simplify(smooth.subs(variable, value)) != 0:
        return -1
    slope = _slope(smooth, variable)
    if (
        slope is None
        or slope.atoms(sympy.Derivative, sympy.Subs)
        or not _is_regular(slope, variable, value)
    ):
        return 0
    return 1 if sympy.simplify(slope.subs(variable, value)) == 0 else 0


def _is_regular(expression: Expression, variable: Any, value: Expression) -> bool:
    """Whether every part of an expression is continuous where the variable has a value: else what it is
    there tells nothing of what it comes near."""
    for node in sympy.preorder_traversal(expression):
        if not node.has(variable):
            continue
        if isinstance(node, sympy.sign):
            return False
        needs = node.base if isinstance(node, sympy.Pow) else None
        if isinstance(node, sympy.Pow) and node.exp.is_nonnegative:
            if node.exp.is_integer or node.exp.is_positive:
                continue
        elif needs is None:
            needs = _EDGED[node.func](*node.args) if node.func in _EDGED else None
        if needs is not None and not sympy.simplify(needs.subs(variable, value)).is_nonzero:
            return False
    return True


def _unfolded(expression: Expression, variable: Any, value: Expression) -> Expression | None:
    """An expression near a seam without abs, max, min and branches: what they are there, or None
    where one of them has a kink of its own there."""
    for _ in range(8):
        folds = [
            one
            for one in expression.atoms(sympy.Abs, maximum, minimum, Branch)
            if not any(inner.args[0].has(sympy.Abs, maximum, minimum, Branch) for inner in [one])
            and one.has(variable)
        ]
        if not folds:
            rest = expression.atoms(sympy.Abs, maximum, minimum, Branch)
            return None if any(one.has(variable) for one in rest) else expression
        mapping = {}
        for one in folds:
            chosen = _chosen(one, variable, value)
            if chosen is None:
                return None
            mapping[one] = chosen
        expression = expression.xreplace(mapping)
    return None


def _chosen(fold: Any, variable: Any, value: Expression) -> Expression | None:
    if isinstance(fold, Branch):
        return None
    if isinstance(fold, sympy.Abs):
        first, second, sign = fold.args[0], -fold.args[0], 1
        difference = first
    else:
        first, second = fold.args
        sign = 1 if isinstance(fold, maximum) else -1
        difference = sign * (first - second)
    here = sympy.simplify(difference.subs(variable, value))
    if here.is_positive:
        return first
    return second if here.is_negative else None


def _solutions(difference: Expression) -> list[tuple[Any, Expression]] | None:
    """A variable of a condition with all its values where both sides are equal."""
    absolutes = difference.atoms(sympy.Abs)
    if not absolutes:
        variable = variable_of(difference)
        return None if variable is None else _all_linear([difference], variable)
    if len(absolutes) > 1:
        return None
    (absolute,) = absolutes
    inner = absolute.args[0]
    plain, variable = sympy.Dummy("a", nonnegative=True), variable_of(inner)
    sizes = _all_linear([difference.xreplace({absolute: plain})], plain)
    if variable is None or not sizes or not sizes[0][1].is_nonnegative:
        return None
    size = sizes[0][1]
    if size.has(variable):
        return None
    return _all_linear([inner - size, inner + size], variable)


def _slope(expression: Expression, variable: Any) -> Expression | None:
    """The derivative of what has no branch on the variable, which SymPy can't differentiate."""
    if any(branch.has(variable) for branch in expression.atoms(Branch)):
        return None
    return sympy.diff(expression, variable)


def variable_of(expression: Expression) -> Any:
    """A symbol in which the expression is linear, with a slope that is free of it."""
    for one in sorted(expression.free_symbols, key=str):
        if one.is_integer:
            continue
        slope = _slope(expression, one)
        if (
            slope is not None
            and slope != 0
            and not slope.has(one)
            and not slope.atoms(sympy.Derivative, sympy.Subs)
        ):
            return one
    return None


def _all_linear(
    expressions: list[Expression], variable: Any
) -> list[tuple[Any, Expression]] | None:
    """The zeros of expressions that are linear in a variable; None unless all of them are."""
    found = []
    for one in expressions:
        slope = _slope(one, variable)
        if slope is None or slope == 0 or slope.has(variable) or not slope.is_nonzero:
            return None
        found.append((variable, sympy.expand(one.subs(variable, 0) / -slope)))
    return found
