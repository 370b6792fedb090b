"""Numbers and arithmetic."""

from __future__ import annotations

from objc.ir.symbols import Expression
from objc.passes.lower import constants
from objc.passes.lower.elementwise import lift
from objc.passes.lower.names import Scope
from objc.passes.lower.resolve import as_number, number_of, value_of
from objc.passes.lower.values import Environment, Positions, Value, number
from objc.syntax import tree


def literal(node: tree.Number, scope: Scope) -> Value:
    """A number as written, exact."""
    return number(node.span, constants.literal(node.text, node.span, scope.collector))


def unary(node: tree.Unary, scope: Scope) -> Value:
    """`-a`, `+a`."""
    operand = number_of(node.operand, scope)
    if node.operator == "+":
        return operand
    return lift(node.span, [operand], lambda a: -a, scope, integral=operand.integral)


def _chain(node: tree.Binary) -> list[tree.Binary]:
    """The left spine of `a + b - c + …`, outermost last: long sums must not nest."""
    spine = [node]
    while isinstance(left := spine[-1].left, tree.Binary) and left.operator != "^":
        spine.append(left)
    return spine[::-1]


def binary(node: tree.Binary, scope: Scope) -> Value:
    """`a + b`, `a - b`, `a * b`, `a / b`, `a ^ b`."""
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
    return lift(node.span, [left, right], apply, scope, integral=integral)


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
        shifted=True,
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

    return lift(node.span, [base, exponent], apply, scope)
