"""Conditions, and what depends on them: comparisons, `and`, `or`, `not`, `if`, Iverson's bracket."""

from __future__ import annotations

from typing import Any

import sympy

from objc.atoms import extended
from objc.ir.symbols import Branch, Expression, iverson
from objc.passes.lower import errors
from objc.passes.lower.dimensions import Axis, unify
from objc.passes.lower.elementwise import common_axes, lift
from objc.passes.lower.names import Scope
from objc.passes.lower.order import names_in
from objc.passes.lower.resolve import as_number, condition_of, value_of
from objc.passes.lower.values import Environment, Positions, Value, broken
from objc.syntax import tree

_RELATIONS: dict[str, Any] = {
    "==": sympy.Eq, "!=": sympy.Ne, "<": sympy.Lt, "<=": sympy.Le, ">": sympy.Gt, ">=": sympy.Ge,
}  # fmt: skip


def comparison(node: tree.Comparison, scope: Scope) -> Value:
    """`a < b`, `k != label`."""
    left, right = value_of(node.left, scope), value_of(node.right, scope)
    for one in (left, right):
        if one.is_condition:
            scope.collector.add(errors.ConditionForNumber(one.span))
            return broken(node.span)
    _learn(node, left, right, scope)
    relation = _RELATIONS[node.operator]

    def apply(a: Expression, b: Expression) -> Expression:
        if a.is_extended_real is False or b.is_extended_real is False:
            scope.collector.add(errors.NotReal(node.span))
            return sympy.true
        return relation(*_comparable(a, b))

    return lift(node.span, [left, right], apply, scope, "condition")


def _comparable(a: Expression, b: Expression) -> tuple[Expression, Expression]:
    """The sides of a comparison; SymPy would decide one with infinity, since it takes every real
    number to be finite, and the maximum over nothing is not."""
    if a.is_infinite and not b.is_number:
        return a, extended(b)
    if b.is_infinite and not a.is_number:
        return extended(a), b
    return a, b


def _learn(node: tree.Comparison, left: Value, right: Value, scope: Scope) -> None:
    """What a comparison says of an index that nothing else tells of: `k == label`, `i + 2 < N`."""
    context = scope.context
    if left.indexes is not None and right.indexes is not None:
        context.likely.append((left.indexes, right.indexes))
        is_label = left.categorical or right.categorical
        if is_label and not (left.shifted or right.shifted):
            context.compared.append((left, right))
    for index, other in ((left, node.right), (right, node.left)):
        if index.variable is not None:
            names = [name for name in names_in(other) if name in scope.dimensions.axes]
            context.likely += [(index.variable.axis, scope.dimensions.axes[n]) for n in names]


def logical(node: tree.Logical, scope: Scope) -> Value:
    """`a and b`, `a or b`: the second is looked at only where the first leaves it open."""
    left, right = condition_of(node.left, scope), condition_of(node.right, scope)
    if left.broken or right.broken:
        return broken(node.span)
    axes = common_axes(node.span, [left, right], scope)
    if axes is None:
        return broken(node.span)
    both = node.operator == "and"

    def build(environment: Environment, positions: Positions) -> Expression:
        first = left.build(environment, positions if left.axes else ())
        inner = environment.under(first if both else sympy.Not(first))
        second = right.build(inner, positions if right.axes else ())
        return sympy.And(first, second) if both else sympy.Or(first, second)

    return Value(node.span, axes, build, kind="condition", risky=left.risky or right.risky)


def conditional(node: tree.Conditional, scope: Scope) -> Value:
    """`if a then b else c`: of the branch not taken nothing is evaluated."""
    condition = condition_of(node.condition, scope)
    then, otherwise = value_of(node.then, scope), value_of(node.otherwise, scope)
    indexes = _common_index(then, otherwise)
    if indexes is None:
        then, otherwise = as_number(then, scope), as_number(otherwise, scope)
    parts = (condition, then, otherwise)
    if any(one.broken for one in parts):
        return broken(node.span)
    axes = common_axes(node.span, parts, scope)
    if axes is None:
        return broken(node.span)

    def build(environment: Environment, positions: Positions) -> Expression:
        test = condition.build(environment, positions if condition.axes else ())
        first = then.build(environment.under(test), positions if then.axes else ())
        other = environment.under(sympy.Not(test))
        return Branch(test, first, otherwise.build(other, positions if otherwise.axes else ()))

    return Value(
        node.span,
        axes,
        build,
        indexes=indexes,
        categorical=indexes is not None,
        integral=then.integral and otherwise.integral,
        risky=any(one.risky for one in parts),
    )


def _common_index(then: Value, otherwise: Value) -> Axis | None:
    """The axis that both branches are indices into, where one is a data index."""
    if not (then.categorical or otherwise.categorical):
        return None
    if not (then.integral and otherwise.integral):
        return None
    one, other = then.indexes, otherwise.indexes
    if one is not None and other is not None and not unify(one, other):
        return None
    return one or other


def negation(node: tree.Not, scope: Scope) -> Value:
    """`not a`."""
    return lift(node.span, [condition_of(node.operand, scope)], sympy.Not, scope, "condition")


def bracket(node: tree.Iverson, scope: Scope) -> Value:
    """`[a]`: 1 where it holds, else 0."""
    condition = condition_of(node.condition, scope)
    return lift(node.span, [condition], iverson, scope, integral=True)
