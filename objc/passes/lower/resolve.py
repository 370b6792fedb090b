"""From a node of the syntax tree to its value: the one door, and what may stand where."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import cache
from typing import Any

from objc.ir.symbols import Expression
from objc.passes.lower import errors
from objc.passes.lower.names import MOST_LEVELS, Context, Scope
from objc.passes.lower.values import Environment, Positions, Value, broken
from objc.syntax import tree


@cache
def _resolvers() -> Mapping[type, Callable[[Any, Scope], Value]]:
    """One function for each kind of node. They come back here for the parts of theirs."""
    from objc.passes.lower import calls, conditions, expressions, names, reductions, subscripts

    return {
        tree.Number: expressions.literal,
        tree.Name: names.name_value,
        tree.Subscript: subscripts.subscript,
        tree.Call: calls.call,
        tree.Unary: expressions.unary,
        tree.Binary: expressions.binary,
        tree.Comparison: conditions.comparison,
        tree.Logical: conditions.logical,
        tree.Not: conditions.negation,
        tree.Conditional: conditions.conditional,
        tree.Iverson: conditions.bracket,
        tree.Reduction: reductions.reduction,
    }


def value_of(node: tree.Expression, scope: Scope) -> Value:
    """Resolve one expression, condition or number."""
    context = scope.context
    context.spend(node.span)
    context.level += 1
    if context.level > MOST_LEVELS:
        context.give_up(node.span, f"it is nested more than {MOST_LEVELS} levels deep")
    try:
        return _placed(_resolvers()[type(node)](node, scope), context)
    finally:
        context.level -= 1


def _placed(value: Value, context: Context) -> Value:
    """A value that notes where the text says what is built of it."""
    if value.broken or value.atomic:
        return value

    def build(environment: Environment, positions: Positions) -> Expression:
        made = value.build(environment, positions)
        context.places.setdefault(made, value.span)
        return made

    return replace(value, build=build)


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
