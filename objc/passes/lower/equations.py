"""Tensor definitions: `s[i, j] = …`, and equations at single places, `prev[0] = 0`."""

from __future__ import annotations

from collections.abc import Container, Sequence
from dataclasses import dataclass, replace

import sympy

from objc.ir.index import Dimension, Index
from objc.ir.program import Let
from objc.ir.spelling import spelled
from objc.ir.symbols import Branch, Condition, Expression, conjuncts, position_value
from objc.passes.lower import errors
from objc.passes.lower.builder import Wanted
from objc.passes.lower.crossing import Said, check_crossings
from objc.passes.lower.dimensions import Axis, Variable
from objc.passes.lower.elementwise import scalar
from objc.passes.lower.names import Scope
from objc.passes.lower.order import Group, names_in
from objc.passes.lower.resolve import as_number, number_of, value_of
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
    first = group.equations[0]
    definitions = in_order(group, scope)
    if definitions is None:
        return broken(first.span)
    axes = axes_of(definitions, group)
    alone = len(definitions) == 1
    resolved = [equation(one, axes, scope, alone) for one in definitions]
    if any(one is None or one.value.broken for one in resolved):
        return broken(first.span)
    return pieces(group.name, [one for one in resolved if one is not None], axes, scope)


def result_of(function: tree.Function | tree.Definition, scope: Scope) -> Value:
    """The result of a function, declared or local, in a scope that has its parameters: a scalar, or a
    tensor by its free indices."""
    variables = [Variable(one.name, one.span) for one in function.free]
    for at, one in enumerate(function.free):
        before = next((other for other in function.free[:at] if other.name == one.name), None)
        if before is not None:
            what = f"an index of `{function.name}` has it"
            scope.collector.add(errors.DuplicateName(one.span, one.name, what, before.span))
    value = value_of(function.value, scope.child(variables))
    if not variables or value.broken:
        return value
    entry = scalar(value, scope, f"one entry of `{function.name}`")
    return entry if entry.broken else indexed(entry, variables)


def enumerated(group: Group) -> tuple[int, int] | None:
    """(axis, extent) of a tensor that is defined place by place along an axis: `a[t, 0] = …`,
    `a[t, 1] = …`. The last of its equations is as good as a general one."""
    rows = [one.indices or () for one in group.equations]
    for axis in range(len(rows[0])):
        numbers = [row[axis] for row in rows if axis < len(row)]
        texts = [one.text for one in numbers if isinstance(one, tree.Number)]
        others = (place for row in rows for at, place in enumerate(row) if at != axis)
        whole = len(texts) == len(rows) and all(isinstance(one, tree.Name) for one in others)
        if len(texts) > 1 and whole and sorted(texts) == sorted(map(str, range(len(texts)))):
            return axis, len(texts)
    return None


def axes_of(definitions: Sequence[tree.Definition], group: Group) -> tuple[Axis, ...]:
    """The axes of a tensor, unknown but for one that is enumerated."""
    axes = tuple(Axis() for _ in definitions[-1].indices or ())
    found = enumerated(group)
    if found is not None:
        axes[found[0]].settle(Dimension(str(found[1]), found[1]))
    return axes


def _in_places(group: Group, axis: int, extent: int) -> list[tree.Definition]:
    """The equations of an enumerated tensor in order, the last of them for whatever place is left."""
    ordered = sorted(group.equations, key=lambda one: int((one.indices or ())[axis].span.text))
    last = ordered[-1]
    places = list(last.indices or ())
    places[axis] = tree.Name(places[axis].span, "place")
    return [*ordered[:-1], replace(last, indices=tuple(places))]


def in_order(group: Group, scope: Scope) -> list[tree.Definition] | None:
    """The equations of a tensor, those at fewer places first, the general one last. None if one is
    missing or said twice."""
    general = [one for one in group.equations if _is_general(one)]
    counted = enumerated(group)
    if counted is not None and not general:
        return _in_places(group, *counted)
    if not general:
        scope.collector.add(errors.IncompleteDefinition(group.equations[0].span, group.name))
        return None
    seen: dict[tuple[tree.Expression | None, ...], tree.Definition] = {}
    for one in group.equations:
        where = tuple(
            None if index_name(place) is not None else place for place in one.indices or ()
        )
        before = seen.setdefault(where, one)
        if before is not one:
            what, name = "it is defined twice", group.name
            if one is not general[-1]:
                what = "an equation holds there already"
                name = f"{name}[{', '.join(place.span.text for place in one.indices or ())}]"
            scope.collector.add(errors.DuplicateName(one.name_span, name, what, before.name_span))
            return None
    special = [where for where, one in seen.items() if one is not general[0]]
    special.sort(key=lambda where: where.count(None))
    return [*(seen[where] for where in special), general[0]]


def are_places_fixed(group: Group, defined: Container[str], scope: Scope) -> bool:
    """Whether all equations stand at numbers, ends of dimensions and indices; report others. A name alone
    is an index of its equation, unless there are two such equations and data, or a definition, have it."""
    good = True
    general = [one for one in group.equations if _is_general(one)]
    for one in group.equations:
        own = {index_name(place) for place in one.indices or ()}
        for axis, place in enumerate(one.indices or ()):
            names = set(names_in(place)) - scope.dimensions.axes.keys()
            known = {name for name in names if name in defined or scope.lookup(name) is not None}
            if not names or (isinstance(place, tree.Name) and (len(general) < 2 or not known)):
                continue
            rest = next((other for other in general if other is not one), one)
            index = (rest.indices or ())[axis].span.text if rest is not one else min(names)
            at = _written(one, axis, place.span.text)
            moved = _written(one, axis, index)
            if known and names <= known | own:
                branch = f"{moved} = if {index} == {place.span.text} then … else …"
                scope.collector.add(errors.PlaceFromData(place.span, at, branch))
            else:
                scope.collector.add(errors.ShiftedEquation(place.span, at, moved))
            good = False
    return good


def _written(equation: tree.Definition, axis: int, place: str) -> str:
    """What stands on the left of an equation, with another place along one axis."""
    places = [one.span.text for one in equation.indices or ()]
    places[axis] = place
    return f"{equation.name}[{', '.join(places)}]"


def equation(
    definition: tree.Definition, axes: tuple[Axis, ...], scope: Scope, alone: bool = True
) -> Equation | None:
    """Resolve one equation of a tensor with these axes. None if it is not well formed. One that does
    not stand alone may not be a condition."""
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
            expect(place, axis, scope)
            variables.append(Variable("", place.span, axis))
            constants.append(constant)
    inner = scope.child(one for one in variables if one.name)
    value = value_of(definition.value, inner)
    if value.axes:
        value = scalar(value, scope, f"one entry of `{definition.name}`")
    if value.is_condition and not alone:
        value = as_number(value, scope)
    return Equation(tuple(variables), tuple(constants), value)


def expect(place: tree.Expression, axis: Axis, scope: Scope) -> None:
    """Learn from `a[T-1]` that the axis is likely T, should nothing else tell; from `a[steps]`, where
    `steps` is a hyperparameter, that it counts iterations."""
    first = place.left if isinstance(place, tree.Binary) else place
    if not isinstance(first, tree.Name):
        return
    named = scope.lookup(first.name)
    said = scope.dimensions.axes.get(first.name)
    if named is None and said is not None and first is not place:
        scope.context.likely.append((axis, said))
    elif named is not None and named.what == "a hyperparameter" and isinstance(named.entity, Value):
        offset = _offset(place)
        if offset is not None:
            scope.context.iterated.append((axis, named.entity, offset))


def _offset(place: tree.Expression) -> int | None:
    """The number that is added to a name."""
    if not isinstance(place, tree.Binary):
        return 0
    if place.operator not in ("+", "-") or not isinstance(place.right, tree.Number):
        return None
    offset = float(place.right.text)
    return None if offset % 1 else int(offset) * (1 if place.operator == "+" else -1)


def _constant_place(place: tree.Expression, scope: Scope) -> Value | None:
    """`0` or `T-1` on the left of an equation; None if it is anything else."""
    value = number_of(place, scope)
    if value.broken or not value.integral:
        if not value.broken:
            scope.collector.add(errors.NotAnIndex(place.span))
        return None
    return value


def pieces(name: str, equations: Sequence[Equation], axes: tuple[Axis, ...], scope: Scope) -> Value:
    """The equations as one tensor: the first whose places match holds, the last everywhere else."""
    general = equations[-1]
    if len(equations) == 1:
        return indexed(general.value, general.variables)

    def build(environment: Environment, positions: Positions) -> Expression:
        chosen: list[tuple[Condition, Expression]] = []
        earlier: list[frozenset[Condition]] = []
        said: list[Said] = []
        for one in equations:
            bound = environment.bind(zip(one.variables, positions, strict=True))
            here = _tests(one, positions, bound)
            if sympy.false in here:
                continue
            where = _excluding(here, earlier)
            if sympy.false in where:
                continue
            for condition in where:
                bound = bound.under(condition)
            expression = one.value.build(bound, ())
            chosen.append((sympy.And(*here), expression))
            earlier.append(frozenset(here))
            said.append(Said(one, _fixed(one, environment), expression))
        if all(position.index is not None for position in positions):
            check_crossings(name, said[:-1], positions, scope)
        *before, (_, result) = chosen
        for test, expression in reversed(before):
            result = Branch(test, expression, result)
        return result

    source = general.value
    return Value(
        source.span,
        axes,
        build,
        indexes=source.indexes if source.categorical else None,
        categorical=source.categorical,
        integral=all(one.value.integral for one in equations),
        risky=any(one.value.risky for one in equations),
    )


def _fixed(one: Equation, environment: Environment) -> dict[int, Expression]:
    """The axes that an equation fixes, and where."""
    return {
        axis: constant.build(environment, ())
        for axis, constant in enumerate(one.constants)
        if constant is not None
    }


def _tests(one: Equation, positions: Positions, environment: Environment) -> list[Condition]:
    """The conditions under which an equation is meant at these positions."""
    tests = (
        sympy.Eq(position_value(position), constant.build(environment, ()))
        for position, constant in zip(positions, one.constants, strict=True)
        if constant is not None
    )
    known = {part for condition in environment.path for part in conjuncts(condition)}
    return [
        sympy.false if sympy.Not(test) in known else test
        for test in tests
        if test != sympy.true and test not in known
    ]


def _excluding(here: list[Condition], earlier: list[frozenset[Condition]]) -> list[Condition]:
    """What holds where an equation is used: its own tests, and that no earlier equation is meant.

    Of `i = 0 and j = 0` nothing but `j = 0` is left to deny where `i = 0` is known, and nothing at all
    where `i = 0` is denied.
    """
    left = [one - set(here) for one in earlier]
    least = [one for one in dict.fromkeys(left) if not any(other < one for other in left)]
    denied = [sympy.Not(sympy.And(*sorted(one, key=spelled))) for one in least]
    return [*here, *denied]
