"""Tensor definitions: `s[i, j] = …`, and equations at single places, `prev[0] = 0`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import sympy

from objc.ir.index import Index
from objc.ir.program import Let
from objc.ir.symbols import Branch, Condition, Expression, position_value
from objc.passes.lower import errors
from objc.passes.lower.builder import Wanted
from objc.passes.lower.dimensions import Axis, Variable
from objc.passes.lower.elementwise import scalar
from objc.passes.lower.names import Scope
from objc.passes.lower.order import Group, names_in
from objc.passes.lower.resolve import number_of, value_of
from objc.passes.lower.values import Environment, Positions, Value, broken
from objc.syntax import tree


def indexed(entry: Value, variables: Sequence[Variable]) -> Value:
    """A scalar expression of some indices as a tensor over them."""

    def build(environment: Environment, positions: Positions) -> Expression:
        return entry.build(environment.bind(zip(variables, positions, strict=True)), ())

    def direct(
        environment: Environment, positions: Positions, wanted: Wanted, own: tuple[Index, ...]
    ) -> Let:
        assert entry.direct is not None
        bound = environment.bind(zip(variables, positions, strict=True))
        return entry.direct(bound, (), wanted, own)

    return replace(
        entry,
        axes=tuple(one.axis for one in variables),
        build=build,
        direct=direct if entry.direct is not None else None,
        variable=None,
        atomic=False,
    )


def index_name(place: tree.Expression) -> str | None:
    return place.name if isinstance(place, tree.Name) else None


def _is_general(equation: tree.Definition) -> bool:
    return all(isinstance(one, tree.Name) for one in equation.indices or ())


def general_equation(group: Group) -> tree.Definition | None:
    return next((one for one in group.equations if _is_general(one)), None)


@dataclass(frozen=True, eq=False)
class Equation:
    """One equation of a tensor: its indices, where it holds, and what it says."""

    variables: tuple[Variable, ...]
    constants: tuple[Value | None, ...]
    value: Value


def tensor_value(group: Group, scope: Scope) -> Value:
    """`s[i, j] = …`, with equations at single places before the general one."""
    general = [one for one in group.equations if _is_general(one)]
    first = group.equations[0]
    if not general:
        scope.collector.add(errors.IncompleteDefinition(first.span, group.name))
        return broken(first.span)
    if len(general) > 1:
        what = "it is defined twice"
        scope.collector.add(
            errors.DuplicateName(general[1].name_span, group.name, what, general[0].name_span)
        )
        return broken(first.span)
    axes = tuple(Axis() for _ in general[0].indices or ())
    special = [one for one in group.equations if one is not general[0]]
    resolved = [_equation(one, axes, scope) for one in (*special, general[0])]
    if any(one is None or one.value.broken for one in resolved):
        return broken(first.span)
    return _pieces([one for one in resolved if one is not None], axes)


def _equation(definition: tree.Definition, axes: tuple[Axis, ...], scope: Scope) -> Equation | None:
    places = definition.indices or ()
    if len(places) != len(axes):
        what = "it is defined with another number of indices"
        scope.collector.add(errors.DuplicateName(definition.name_span, definition.name, what, None))
        return None
    variables: list[Variable] = []
    constants: list[Value | None] = []
    for place, axis in zip(places, axes, strict=True):
        name = index_name(place)
        known = name is not None and name in scope.dimensions.axes
        if name is not None and not known:
            if any(one.name == name for one in variables):
                what = "an index of this definition has it"
                scope.collector.add(errors.DuplicateName(place.span, name, what, None))
            variables.append(Variable(name, place.span, axis))
            constants.append(None)
        else:
            constant = _constant_place(place, scope)
            if constant is None:
                return None
            variables.append(Variable("", place.span, axis))
            constants.append(constant)
    inner = scope.child(one for one in variables if one.name)
    value = value_of(definition.value, inner)
    if value.axes:
        value = scalar(value, scope, f"one entry of `{definition.name}`")
    return Equation(tuple(variables), tuple(constants), value)


def _constant_place(place: tree.Expression, scope: Scope) -> Value | None:
    """`0` or `T-1` on the left of an equation; None if it is anything else."""
    names = set(names_in(place))
    if names - scope.dimensions.axes.keys():
        what = "an equation at a shifted index"
        scope.collector.add(errors.NotCompiled(place.span, what))
        return None
    value = number_of(place, scope)
    if value.broken or not value.integral:
        if not value.broken:
            scope.collector.add(errors.NotAnIndex(place.span))
        return None
    return value


def _pieces(equations: list[Equation], axes: tuple[Axis, ...]) -> Value:
    """The equations as one tensor: the first whose places match holds."""
    general = equations[-1]
    if len(equations) == 1:
        return indexed(general.value, general.variables)

    def build(environment: Environment, positions: Positions) -> Expression:
        inner = environment
        chosen: list[tuple[Condition, Expression]] = []
        for one in equations[:-1]:
            bound = inner.bind(zip(one.variables, positions, strict=True))
            test = sympy.And(
                *(
                    sympy.Eq(position_value(position), constant.build(bound, ()))
                    for position, constant in zip(positions, one.constants, strict=True)
                    if constant is not None
                )
            )
            chosen.append((test, one.value.build(bound.under(test), ())))
            inner = inner.under(sympy.Not(test))
        bound = inner.bind(zip(general.variables, positions, strict=True))
        result = general.value.build(bound, ())
        for test, expression in reversed(chosen):
            result = Branch(test, expression, result)
        return result

    source = general.value
    risky = any(one.value.risky for one in equations)
    integral = all(one.value.integral for one in equations)
    return Value(
        source.span,
        axes,
        build,
        indexes=source.indexes if source.categorical else None,
        categorical=source.categorical,
        integral=integral,
        risky=risky,
    )
