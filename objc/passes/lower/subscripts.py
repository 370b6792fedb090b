"""Reads: `x[i]`, `label[t-1]`, `softmax(z)[k]`, and rows such as `query[i]`."""

from __future__ import annotations

from dataclasses import replace

from objc.ir.index import Position
from objc.ir.symbols import Expression
from objc.passes.lower import errors
from objc.passes.lower.builder import position_from
from objc.passes.lower.dimensions import Axis, Variable, unify
from objc.passes.lower.elementwise import scalar
from objc.passes.lower.equations import expect
from objc.passes.lower.names import LocalFunction, Scope
from objc.passes.lower.resolve import value_of
from objc.passes.lower.values import Environment, Partial, Positions, Value, broken
from objc.source import Span
from objc.syntax import tree


def subscript(node: tree.Subscript, scope: Scope) -> Value:
    """The entry, or the row, of a tensor at some positions."""
    base = value_of(node.base, scope)
    places = [scalar(value_of(one, scope), scope, "a position") for one in node.indices]
    if base.broken:
        return broken(node.span)
    if len(places) > len(base.axes):
        scope.collector.add(_wrong_rank(node, base, scope))
        return broken(node.span)
    fine = [_check(place, axis, scope) for place, axis in zip(places, base.axes, strict=False)]
    for one, axis in zip(node.indices, base.axes, strict=False):
        expect(one, axis, scope)
    if not all(fine):
        return broken(node.span)
    rest = base.axes[len(places) :]

    def build(environment: Environment, positions: Positions) -> Expression:
        at = tuple(
            _position(place, axis, environment, scope)
            for place, axis in zip(places, base.axes, strict=False)
        )
        return base.build(environment, (*at, *positions))

    return replace(
        base,
        span=node.span,
        axes=rest,
        build=build,
        variable=None,
        risky=base.risky or not all(_is_safe(one, scope) for one in node.indices),
        partial=_partial(node, base, scope) if rest else None,
        direct=None,
    )


def _check(place: Value, axis: Axis, scope: Scope) -> bool:
    """Hold that a value may be a position on an axis, and learn from it."""
    if place.broken:
        return False
    if place.is_condition or not place.integral:
        scope.collector.add(errors.NotAnIndex(place.span))
        return False
    if place.indexes is None:
        return True
    evidence = place.indexes.evidence
    if unify(place.indexes, axis, place.span):
        return True
    own, other, name = str(place.indexes), str(axis), place.span.text
    if place.variable is not None:
        name = place.variable.name
        scope.collector.add(errors.IndexInTwoDimensions(place.span, name, own, other, evidence))
    else:
        scope.collector.add(errors.IndexOfAnotherDimension(place.span, name, own, other))
    return False


def _is_safe(place: tree.Expression, scope: Scope) -> bool:
    """Whether a position can't leave its axis: a bare index, a literal, or `T - 1`."""
    if isinstance(place, tree.Number):
        return True
    if isinstance(place, tree.Binary) and isinstance(place.left, tree.Name):
        last = place.operator == "-" and isinstance(place.right, tree.Number)
        return last and scope.lookup(place.left.name) is None
    named = scope.lookup(place.name) if isinstance(place, tree.Name) else None
    if named is None or isinstance(named.entity, LocalFunction):
        return False
    if isinstance(named.entity, Variable):
        return True
    return named.entity.variable is not None and not named.entity.shifted


def _position(place: Value, axis: Axis, environment: Environment, scope: Scope) -> Position:
    expression = place.build(environment, ())
    found = position_from(expression, scope.context.builder, place.span)
    if found is None:
        scope.collector.add(errors.NotAnIndex(place.span))
        return Position(None, 0)
    size = axis.dimension.size
    if found.base is None and (found.offset < 0 or (size is not None and found.offset >= size)):
        outside = errors.PositionOutside(place.span, found.offset, axis.dimension.name, size)
        scope.collector.add(outside)
    return found


def _partial(node: tree.Subscript, base: Value, scope: Scope) -> Partial:
    name = node.base.name if isinstance(node.base, tree.Name) else base.span.text
    return Partial(name, len(base.axes), len(node.indices), base.shape, _declared(node, scope))


def _declared(node: tree.Subscript, scope: Scope) -> Span | None:
    named = scope.lookup(node.base.name) if isinstance(node.base, tree.Name) else None
    return named.span if named is not None else None


def _wrong_rank(node: tree.Subscript, base: Value, scope: Scope) -> errors.WrongRank:
    part = _partial(node, base, scope)
    return errors.WrongRank(node.span, part.name, part.rank, part.given, part.shape, part.declared)
