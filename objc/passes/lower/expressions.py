"""Expressions: one function for each kind of node."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import sympy

from objc.ir.symbols import Branch, Expression, iverson
from objc.passes.lower import constants, errors
from objc.passes.lower.calls import call
from objc.passes.lower.definitions import names_in
from objc.passes.lower.dimensions import Axis, unify
from objc.passes.lower.names import MOST_LEVELS, Scope, name_value
from objc.passes.lower.reductions import reduction
from objc.passes.lower.subscripts import subscript
from objc.passes.lower.values import Environment, Positions, Value, broken, number
from objc.source import Span
from objc.syntax import tree


def value_of(node: tree.Expression, scope: Scope) -> Value:
    """Resolve one expression, condition or number."""
    context = scope.context
    context.spend(node.span)
    context.level += 1
    if context.level > MOST_LEVELS:
        context.give_up(node.span, f"it is nested more than {MOST_LEVELS} levels deep")
    try:
        return _value_of(node, scope)
    finally:
        context.level -= 1


def _value_of(node: tree.Expression, scope: Scope) -> Value:
    match node:
        case tree.Number():
            return number(node.span, constants.literal(node.text, node.span, scope.collector))
        case tree.Name():
            return name_value(node, scope)
        case tree.Subscript():
            return subscript(node, scope)
        case tree.Call():
            return call(node, scope)
        case tree.Unary():
            return _unary(node, scope)
        case tree.Binary():
            return _binary(node, scope)
        case tree.Comparison():
            return _comparison(node, scope)
        case tree.Logical():
            return _logical(node, scope)
        case tree.Not():
            return _lift(node.span, [condition_of(node.operand, scope)], sympy.Not, "condition")
        case tree.Conditional():
            return _conditional(node, scope)
        case tree.Iverson():
            return _lift(
                node.span, [condition_of(node.condition, scope)], iverson, "number", integral=True
            )
        case tree.Reduction():
            return reduction(node, scope)


# ------------------------------------------------------- what may stand where


def number_of(node: tree.Expression, scope: Scope) -> Value:
    """Resolve an expression that must be a number one can calculate with."""
    return as_number(value_of(node, scope), scope)


def as_number(value: Value, scope: Scope) -> Value:
    if value.is_condition:
        scope.collector.add(errors.ConditionForNumber(value.span))
        return broken(value.span)
    if value.categorical:
        axis = str(value.indexes) if value.indexes is not None else "?"
        scope.collector.add(errors.IndexInArithmetic(value.span, value.span.text, axis))
        return broken(value.span)
    return value


def condition_of(node: tree.Expression, scope: Scope) -> Value:
    """Resolve an expression that must be a condition."""
    value = value_of(node, scope)
    if value.kind == "number":
        scope.collector.add(errors.NumberForCondition(value.span))
        return broken(value.span)
    return value


def scalar(value: Value, scope: Scope, where: str) -> Value:
    """Hold that a value is no tensor."""
    if not value.axes:
        return value
    part = value.partial
    if part is not None:
        scope.collector.add(
            errors.WrongRank(
                value.span, part.name, part.rank, part.given, part.shape, part.declared
            )
        )
    else:
        scope.collector.add(errors.TensorForScalar(value.span, value.shape, where))
    return broken(value.span)


def common_axes(span: Span, values: Sequence[Value], scope: Scope) -> tuple[Axis, ...] | None:
    """The axes of what stands together elementwise: scalars fit everything. None after a clash."""
    tensors = [one for one in values if one.axes]
    if not tensors:
        return ()
    first = tensors[0]
    for other in tensors[1:]:
        same = len(other.axes) == len(first.axes) and all(
            unify(a, b, other.span) for a, b in zip(first.axes, other.axes, strict=True)
        )
        if not same:
            where = "tensors of different shapes stand together"
            scope.collector.add(errors.DimensionClash(span, first.shape, other.shape, where))
            return None
    return first.axes


def _lift(
    span: Span,
    operands: Sequence[Value],
    apply: Callable[..., Expression],
    kind: Any,
    *,
    scope: Scope | None = None,
    integral: bool = False,
) -> Value:
    """The elementwise value of an operation on values."""
    if any(one.broken for one in operands):
        return broken(span)
    axes: tuple[Axis, ...] | None = operands[0].axes
    if len(operands) > 1:
        assert scope is not None
        axes = common_axes(span, operands, scope)
        if axes is None:
            return broken(span)

    def build(environment: Environment, positions: Positions) -> Expression:
        return apply(*(one.build(environment, positions if one.axes else ()) for one in operands))

    assert axes is not None
    return Value(
        span,
        axes,
        build,
        kind=kind,
        integral=integral,
        risky=any(one.risky for one in operands),
        partial=next((one.partial for one in operands if one.partial), None),
    )


# ----------------------------------------------------------------- arithmetic


def _unary(node: tree.Unary, scope: Scope) -> Value:
    operand = number_of(node.operand, scope)
    if node.operator == "+":
        return operand
    return _lift(
        node.span, [operand], lambda a: -a, "number", scope=scope, integral=operand.integral
    )


def _chain(node: tree.Binary) -> list[tree.Binary]:
    """The left spine of `a + b - c + …`, outermost last: long sums must not nest."""
    spine = [node]
    while isinstance(left := spine[-1].left, tree.Binary) and left.operator != "^":
        spine.append(left)
    return spine[::-1]


def _binary(node: tree.Binary, scope: Scope) -> Value:
    if node.operator == "^":
        return _power(node, scope)
    spine = _chain(node)
    left = value_of(spine[0].left, scope)
    for step in spine:
        scope.context.spend(step.span)
        left = _arithmetic(step, left, value_of(step.right, scope), scope)
    return left


def _arithmetic(node: tree.Binary, left: Value, right: Value, scope: Scope) -> Value:
    if node.operator in "+-":
        shifted = _shift(node, left, right, scope)
        if shifted is not None:
            return shifted
    left, right = as_number(left, scope), as_number(right, scope)
    collector = scope.collector

    def apply(a: Expression, b: Expression) -> Expression:
        match node.operator:
            case "+":
                return constants.checked(a + b, node.span, collector)
            case "-":
                return constants.checked(a - b, node.span, collector)
            case "*":
                return constants.checked(a * b, node.span, collector)
            case _:
                return constants.checked(a / b, node.span, collector)

    integral = node.operator != "/" and left.integral and right.integral
    return _lift(node.span, [left, right], apply, "number", scope=scope, integral=integral)


def _shift(node: tree.Binary, left: Value, right: Value, scope: Scope) -> Value | None:
    """`t - 1`, `label + 1`: an index moved by a whole number stays an index."""
    index, by = (left, node.right) if left.indexes is not None else (right, node.left)
    if index.indexes is None or not isinstance(by, tree.Number) or not by.text.isdigit():
        return None
    if index is right and node.operator == "-":
        return None
    sign = -1 if node.operator == "-" else 1
    offset = sign * constants.literal(by.text, by.span, scope.collector)

    def build(environment: Environment, positions: Positions) -> Expression:
        return index.build(environment, positions) + offset

    return Value(
        node.span,
        index.axes,
        build,
        indexes=index.indexes,
        variable=index.variable,
        categorical=index.categorical,
        integral=True,
        risky=index.risky,
        atomic=index.atomic,
    )


def _power(node: tree.Binary, scope: Scope) -> Value:
    base, exponent = number_of(node.left, scope), number_of(node.right, scope)
    collector = scope.collector

    def apply(a: Expression, b: Expression) -> Expression:
        return constants.power(a, b, node.span, collector)

    return _lift(node.span, [base, exponent], apply, "number", scope=scope)


# ----------------------------------------------------------------- conditions

_RELATIONS: dict[str, Any] = {
    "==": sympy.Eq, "!=": sympy.Ne, "<": sympy.Lt, "<=": sympy.Le, ">": sympy.Gt, ">=": sympy.Ge,
}  # fmt: skip


def _comparison(node: tree.Comparison, scope: Scope) -> Value:
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
        return relation(a, b)

    return _lift(node.span, [left, right], apply, "condition", scope=scope)


def _learn(node: tree.Comparison, left: Value, right: Value, scope: Scope) -> None:
    """What a comparison says of an index that nothing else tells of: `k == label`, `i + 2 < N`."""
    context = scope.context
    if left.indexes is not None and right.indexes is not None:
        context.likely.append((left.indexes, right.indexes))
    for index, other in ((left, node.right), (right, node.left)):
        if index.variable is not None:
            names = [name for name in names_in(other) if name in scope.dimensions.axes]
            context.likely += [(index.variable.axis, scope.dimensions.axes[n]) for n in names]


def _logical(node: tree.Logical, scope: Scope) -> Value:
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


def _conditional(node: tree.Conditional, scope: Scope) -> Value:
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
