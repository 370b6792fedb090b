"""Tensors that stand side by side: what has no indices is taken entry by entry."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal

from objc.ir.symbols import Expression
from objc.passes.lower import errors
from objc.passes.lower.dimensions import Axis, unify
from objc.passes.lower.names import Scope
from objc.passes.lower.values import Environment, Positions, Value, broken
from objc.source import Span


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
    elif not ("?" in value.shape and scope.collector.errors):  # which said why it is not known
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


def lift(
    span: Span,
    operands: Sequence[Value],
    apply: Callable[..., Expression],
    scope: Scope,
    kind: Literal["number", "condition"] = "number",
    *,
    integral: bool = False,
) -> Value:
    """The elementwise value of an operation on values."""
    if any(one.broken for one in operands):
        return broken(span)
    axes = common_axes(span, operands, scope)
    if axes is None:
        return broken(span)

    def build(environment: Environment, positions: Positions) -> Expression:
        return apply(*(one.build(environment, positions if one.axes else ()) for one in operands))

    return Value(
        span,
        axes,
        build,
        kind=kind,
        integral=integral,
        risky=any(one.risky for one in operands),
        partial=next((one.partial for one in operands if one.partial), None),
    )
