"""`where`: scalar and tensor definitions, local functions, in any order."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

import sympy

from objc.ir.index import Index
from objc.ir.program import Let
from objc.ir.symbols import Branch, Condition, Expression, position_value
from objc.passes.lower import errors
from objc.passes.lower.bindings import Binding
from objc.passes.lower.builder import Wanted
from objc.passes.lower.dimensions import Axis, Variable
from objc.passes.lower.names import LocalFunction, Named, Scope
from objc.passes.lower.values import Environment, Positions, Value, broken
from objc.syntax import tree


def body_of(declaration: tree.Declaration, scope: Scope) -> Value:
    """The value of a declaration in a scope that has its parameters: definitions, then formula."""
    assert isinstance(declaration, tree.Scalar | tree.Function)
    live = define_all(declaration, [declaration.value], scope)
    if isinstance(declaration, tree.Scalar):
        return _prepared(_formula(declaration.value, scope), live)
    variables = [Variable(one.name, one.span) for one in declaration.indices]
    inner = scope.child(variables)
    value = _formula(declaration.value, inner)
    if not variables or value.broken:
        return _prepared(value, live)
    from objc.passes.lower.expressions import scalar

    entry = scalar(value, scope, f"one entry of `{declaration.name}`")
    if entry.broken:
        return entry
    return _prepared(indexed(entry, variables), live)


def _formula(node: tree.Expression, scope: Scope) -> Value:
    from objc.passes.lower.expressions import value_of

    return value_of(node, scope)


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


def _prepared(value: Value, live: Sequence[Binding]) -> Value:
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


# ------------------------------------------------------------------ the order


def names_in(node: object) -> Iterator[str]:
    """Every name that an expression says, without recursion."""
    waiting = [node]
    while waiting:
        here = waiting.pop()
        match here:
            case tree.Name():
                yield here.name
            case tree.Call():
                yield here.function
                waiting += [*here.arguments, *(here.data or ())]
                waiting += [keyword.value for keyword in here.keywords]
            case tree.Subscript():
                waiting += [here.base, *here.indices]
            case tree.Unary() | tree.Not():
                waiting.append(here.operand)
            case tree.Binary() | tree.Comparison() | tree.Logical():
                waiting += [here.left, here.right]
            case tree.Conditional():
                waiting += [here.condition, here.then, here.otherwise]
            case tree.Iverson():
                waiting.append(here.condition)
            case tree.Reduction():
                waiting += [here.guard, here.body]


@dataclass(frozen=True)
class Group:
    """The equations of one name."""

    name: str
    equations: tuple[tree.Definition, ...]

    @property
    def uses(self) -> set[str]:
        found: set[str] = set()
        for equation in self.equations:
            own = {one.name for one in equation.parameters or ()}
            found.update(set(names_in(equation.value)) - own)
            for place in equation.indices or ():
                found.update(names_in(place))
        return found


def _groups(definitions: Iterable[tree.Definition]) -> dict[str, Group]:
    gathered: dict[str, list[tree.Definition]] = {}
    for one in definitions:
        gathered.setdefault(one.name, []).append(one)
    return {name: Group(name, tuple(found)) for name, found in gathered.items()}


def _order(groups: dict[str, Group]) -> tuple[list[str], list[list[str]]]:
    """The names so that each stands after those it uses, and the circles (Tarjan 1972)."""
    uses = {name: sorted(group.uses & groups.keys()) for name, group in groups.items()}
    order: list[str] = []
    circles: list[list[str]] = []
    number: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []
    for root in groups:
        if root in number:
            continue
        work = [(root, iter(uses[root]))]
        number[root] = low[root] = len(number)
        stack.append(root)
        while work:
            name, rest = work[-1]
            following = next(rest, None)
            if following is not None:
                if following not in number:
                    number[following] = low[following] = len(number)
                    stack.append(following)
                    work.append((following, iter(uses[following])))
                elif following in stack:
                    low[name] = min(low[name], number[following])
                continue
            work.pop()
            if work:
                low[work[-1][0]] = min(low[work[-1][0]], low[name])
            if low[name] == number[name]:
                component = [stack.pop()]
                while component[-1] != name:
                    component.append(stack.pop())
                if len(component) > 1 or name in uses[name]:
                    circles.append(sorted(component, key=list(groups).index))
                order += reversed(component)
    return order, circles


def _live(groups: dict[str, Group], order: list[str], results: Iterable[object]) -> list[str]:
    """The names that the result needs, in order."""
    waiting = [name for result in results for name in names_in(result) if name in groups]
    found: set[str] = set()
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting += groups[name].uses & groups.keys()
    return [name for name in order if name in found]


# ------------------------------------------------------------- the definitions


def define_all(
    declaration: tree.Declaration, results: Sequence[tree.Expression], scope: Scope
) -> list[Binding]:
    """Put every definition of a declaration into its scope. Returns what is to be made before the
    results, in order."""
    groups = _groups(declaration.definitions)
    for name, group in list(groups.items()):
        if not _check_name(group, scope):
            del groups[name]
            scope.names.setdefault(
                name, Named(broken(group.equations[0].span), "a definition", None)
            )
    order, circles = _order(groups)
    for circle in circles:
        _report_circle([groups[name] for name in circle], scope)
        for name in circle:
            value = broken(groups[name].equations[0].span)
            scope.define(name, value, "a definition", groups[name].equations[0].name_span)
    circular = {name for circle in circles for name in circle}
    live = set(_live(groups, order, results))
    bindings: list[Binding] = []
    for name in order:
        if name in circular:
            continue
        binding = _define(groups[name], scope)
        if binding is not None and name in live:
            bindings.append(binding)
        elif name not in live:
            _check_unused(groups[name], scope)
    return bindings


def _check_unused(group: Group, scope: Scope) -> None:
    """Look through a local function that nobody calls: what is wrong in it is wrong all the same."""
    definition = group.equations[0]
    if definition.parameters is None:
        return
    inner = scope.child()
    for parameter in definition.parameters:
        inner.define(parameter.name, broken(parameter.span), "a parameter", parameter.span)
    _formula(definition.value, inner)


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


def _report_circle(circle: list[Group], scope: Scope) -> None:
    first = circle[0].equations[0]
    names = {group.name for group in circle}
    if any(_steps(one.value, names) for group in circle for one in group.equations):
        equation = next(
            one for group in circle for one in group.equations if _steps(one.value, names)
        )
        what = f"the recurrence of `{equation.name}`"
        scope.collector.add(errors.NotCompiled(equation.span, what))
        return
    chain = tuple(group.name for group in circle)
    scope.collector.add(errors.CircularDefinition(first.name_span, chain))


def _steps(node: object, names: set[str]) -> bool:
    """Whether an expression reads one of the names at a shifted position."""
    waiting = [node]
    while waiting:
        here = waiting.pop()
        if isinstance(here, tree.Subscript):
            named = isinstance(here.base, tree.Name) and here.base.name in names
            if named and any(isinstance(one, tree.Binary) for one in here.indices):
                return True
        if isinstance(here, tree.Node):
            for value in vars(here).values():
                waiting += value if isinstance(value, tuple) else [value]
    return False


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
    value = _scalar(first, scope) if first.indices is None else _tensor(group, scope)
    if value.broken or (value.atomic and not value.risky):
        scope.define(group.name, value, "a definition", first.name_span)
        return None
    names = [_index_name(one) for one in first.indices or ()]
    general = _general(group)
    if general is not None:
        names = [_index_name(one) for one in general.indices or ()]
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
    return _formula(equation.value, scope.child())


# ----------------------------------------------------------- tensor definitions


def _index_name(place: tree.Expression) -> str | None:
    return place.name if isinstance(place, tree.Name) else None


def _is_general(equation: tree.Definition, scope: Scope | None = None) -> bool:
    return all(isinstance(one, tree.Name) for one in equation.indices or ())


def _general(group: Group) -> tree.Definition | None:
    return next((one for one in group.equations if _is_general(one)), None)


@dataclass(frozen=True, eq=False)
class Equation:
    """One equation of a tensor: its indices, where it holds, and what it says."""

    variables: tuple[Variable, ...]
    constants: tuple[Value | None, ...]
    value: Value


def _tensor(group: Group, scope: Scope) -> Value:
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
    from objc.passes.lower.expressions import scalar

    places = definition.indices or ()
    if len(places) != len(axes):
        what = "it is defined with another number of indices"
        scope.collector.add(errors.DuplicateName(definition.name_span, definition.name, what, None))
        return None
    variables: list[Variable] = []
    constants: list[Value | None] = []
    for place, axis in zip(places, axes, strict=True):
        name = _index_name(place)
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
    value = _formula(definition.value, inner)
    if value.axes:
        value = scalar(value, scope, f"one entry of `{definition.name}`")
    return Equation(tuple(variables), tuple(constants), value)


def _constant_place(place: tree.Expression, scope: Scope) -> Value | None:
    """`0` or `T-1` on the left of an equation; None if it is anything else."""
    from objc.passes.lower.expressions import number_of

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
