"""`where`: scalar and tensor definitions and local functions, in any order, and what follows of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from objc.ir.index import Index
from objc.ir.program import Let
from objc.ir.symbols import Expression
from objc.passes.lower import errors
from objc.passes.lower.bindings import Binding
from objc.passes.lower.builder import Wanted
from objc.passes.lower.equations import (
    are_places_fixed,
    general_equation,
    index_name,
    result_of,
    tensor_value,
)
from objc.passes.lower.names import LocalFunction, Named, Scope
from objc.passes.lower.order import Group, groups_of, live_names, names_in, ordered
from objc.passes.lower.recurrences import Recurrence, is_recurrence
from objc.passes.lower.resolve import value_of
from objc.passes.lower.values import Environment, Positions, Value, broken
from objc.syntax import tree


def body_of(declaration: tree.Declaration, scope: Scope) -> Value:
    """The value of a declaration in a scope that has its parameters: definitions, then formula."""
    assert isinstance(declaration, tree.Scalar | tree.Function)
    live = define_all(declaration, [declaration.value], scope)
    if isinstance(declaration, tree.Scalar):
        return _prepared(value_of(declaration.value, scope), live)
    return _prepared(result_of(declaration, scope), live)


def _prepared(value: Value, live: Sequence[Binding | Recurrence]) -> Value:
    """A value before which the definitions it may read are made, in their order."""
    if not live or value.broken:
        return value

    def build(environment: Environment, positions: Positions) -> Expression:
        for binding in live:
            binding.make(environment)
        return value.build(environment, positions)

    def direct(
        environment: Environment, positions: Positions, wanted: Wanted, own: tuple[Index, ...]
    ) -> Let:
        assert value.direct is not None
        for binding in live:
            binding.make(environment)
        return value.direct(environment, positions, wanted, own)

    return replace(value, build=build, direct=direct if value.direct is not None else None)


# ------------------------------------------------------------- the definitions


def define_all(
    declaration: tree.Declaration, results: Sequence[tree.Expression], scope: Scope
) -> list[Binding | Recurrence]:
    """Put every definition of a declaration into its scope. Returns what is to be made before the
    results, in order."""
    groups = groups_of(declaration.definitions)
    for name, group in list(groups.items()):
        if not _check_name(group, scope) or not are_places_fixed(group, groups, scope):
            del groups[name]
            scope.names.setdefault(
                name, Named(broken(group.equations[0].span), "a definition", None)
            )
    order, circles = ordered(groups)
    circle_of = {name: circle for circle in circles for name in circle}
    live = set(live_names(groups, order, results))
    bindings: list[Binding | Recurrence] = []
    for name in order:
        if name in circle_of:
            circle = circle_of[name]
            if name == next(one for one in order if one in circle):
                recurrence = _circle([groups[one] for one in circle], scope)
                if recurrence is not None and name in live:
                    bindings.append(recurrence)
                elif recurrence is not None:
                    _check_unused(groups[name], scope)
            continue
        binding = _define(groups[name], scope)
        if binding is not None and name in live:
            bindings.append(binding)
        elif name not in live:
            _check_unused(groups[name], scope)
    return bindings


def _check_unused(group: Group, scope: Scope) -> None:
    """Tell of a definition that nothing reads. Look through a local function that nobody calls: what is
    wrong in it is wrong all the same."""
    definition = group.equations[0]
    if len(scope.context.stack) == 1:
        scope.collector.add(errors.UnusedDefinition(definition.name_span, definition.name))
    if definition.parameters is None:
        return
    inner = scope.child()
    for parameter in definition.parameters:
        inner.define(parameter.name, broken(parameter.span), "a parameter", parameter.span)
    result_of(definition, inner)


def _check_name(group: Group, scope: Scope) -> bool:
    first = group.equations[0]
    taken = scope.names.get(group.name)
    if taken is not None:
        what = f"it is {taken.what} already"
        scope.collector.add(errors.DuplicateName(first.name_span, group.name, what, taken.span))
        return False
    if group.name in scope.dimensions.axes:
        what = "it is a dimension"
        span = scope.dimensions.axes[group.name].evidence
        scope.collector.add(errors.DuplicateName(first.name_span, group.name, what, span))
        return False
    kinds = {(one.indices is None, one.parameters is None) for one in group.equations}
    repeated = len(group.equations) > 1 and first.indices is None
    if repeated or len(kinds) > 1:
        again = group.equations[1].name_span
        what = "it is defined twice"
        scope.collector.add(errors.DuplicateName(again, group.name, what, first.name_span))
        return False
    return True


def _circle(circle: list[Group], scope: Scope) -> Recurrence | None:
    """Definitions that need each other."""
    if is_recurrence(circle):
        return Recurrence(circle, scope)
    chain = tuple(group.name for group in circle)
    own = (one for one in circle[0].equations if set(chain) & set(names_in(one.value)))
    guilty = next(own, circle[0].equations[0])  # not the equation of a boundary
    scope.collector.add(errors.CircularDefinition(guilty.name_span, chain))
    for group in circle:
        span = group.equations[0].name_span
        scope.define(group.name, broken(span), "a definition", span)
    return None


def _define(group: Group, scope: Scope) -> Binding | None:
    first = group.equations[0]
    if first.parameters is not None:
        seen: set[str] = set()
        for parameter in first.parameters:
            if parameter.name in seen:
                what = "another parameter has it"
                scope.collector.add(
                    errors.DuplicateName(parameter.span, parameter.name, what, None)
                )
            seen.add(parameter.name)
        function = LocalFunction(first, scope)
        scope.define(group.name, function, "a function", first.name_span)
        return None
    value = _scalar(first, scope) if first.indices is None else tensor_value(group, scope)
    if value.broken or (value.atomic and not value.risky):
        scope.define(group.name, value, "a definition", first.name_span)
        return None
    names = [index_name(one) for one in first.indices or ()]
    general = general_equation(group)
    if general is not None:
        names = [index_name(one) for one in general.indices or ()]
    binding = Binding(
        scope.context,
        group.name,
        value,
        scope.variables,
        tuple(one or "i" for one in names),
        own=len(scope.context.stack) == 1,
    )
    scope.define(group.name, binding.value, "a definition", first.name_span)
    return binding


def _scalar(equation: tree.Definition, scope: Scope) -> Value:
    return value_of(equation.value, scope.child())
