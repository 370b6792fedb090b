"""Calls: elementary functions, local functions, and declarations, which are inlined."""

from __future__ import annotations

from dataclasses import dataclass, replace

from objc.ir.symbols import Expression
from objc.passes.lower import constants, errors
from objc.passes.lower.bindings import Binding
from objc.passes.lower.builder import Wanted
from objc.passes.lower.dimensions import Axis, Dimensions, Variable, unify
from objc.passes.lower.functions import ELEMENTARY, LATER, NEED_REAL, Elementary
from objc.passes.lower.names import Context, LocalFunction, Scope
from objc.passes.lower.shapes import TypedParameter, shape_axes, typed
from objc.passes.lower.values import Environment, Positions, Value, broken
from objc.source import Span
from objc.syntax import tree


def call(node: tree.Call, scope: Scope) -> Value:
    """Resolve a call of anything."""
    named = scope.lookup(node.function)
    if named is not None:
        if isinstance(named.entity, LocalFunction):
            return _local(node, named.entity, scope)
        scope.collector.add(errors.NotAFunction(node.function_span, node.function, False))
        return broken(node.span)
    found = scope.namespace.find(node.function)
    if found is not None:
        return Inlining(node, scope, *found).value()
    if node.function in ELEMENTARY:
        return _elementary(node, ELEMENTARY[node.function], scope)
    if node.function in LATER:
        what = f"`{node.function}(…)`"
        scope.collector.add(errors.NotCompiled(node.span, what))
        return broken(node.span)
    names = (*ELEMENTARY, *scope.namespace.callables(), *_local_functions(scope))
    scope.collector.add(errors.UnknownFunction(node.function_span, node.function, names))
    for argument in _positional(node):
        _resolve(argument, scope)
    return broken(node.span)


def _resolve(node: tree.Expression, scope: Scope) -> Value:
    from objc.passes.lower.expressions import value_of

    return value_of(node, scope)


def _positional(node: tree.Call) -> tuple[tree.Expression, ...]:
    return (*node.arguments, *(node.data or ()))


def _local_functions(scope: Scope) -> list[str]:
    found: list[str] = []
    here: Scope | None = scope
    while here is not None:
        found += [n for n, one in here.names.items() if isinstance(one.entity, LocalFunction)]
        here = here.parent
    return found


# ------------------------------------------------------------------ elementary


def _elementary(node: tree.Call, function: Elementary, scope: Scope) -> Value:
    from objc.passes.lower.expressions import as_number, common_axes

    given = [as_number(_resolve(one, scope), scope) for one in _positional(node)]
    for keyword in node.keywords:
        unknown = errors.UnknownHyperparameter(keyword.span, keyword.name, node.function, ())
        scope.collector.add(unknown)
    too_many = function.most is not None and len(given) > function.most
    if len(given) < function.least or too_many:
        scope.collector.add(
            errors.WrongNumberOfArguments(node.span, node.function, function.takes, len(given))
        )
        return broken(node.span)
    if any(one.broken for one in given):
        return broken(node.span)
    axes = common_axes(node.span, given, scope)
    if axes is None:
        return broken(node.span)

    def build(environment: Environment, positions: Positions) -> Expression:
        parts = [one.build(environment, positions if one.axes else ()) for one in given]
        if function.name in NEED_REAL:
            parts = [_known_real(one, scope.context, node.span) for one in parts]
        return constants.checked(function.apply(*parts), node.span, scope.collector)

    return Value(
        node.span,
        axes,
        build,
        integral=function.name in ("max", "min", "clip") and all(one.integral for one in given),
        risky=any(one.risky for one in given),
        partial=next((one.partial for one in given if one.partial), None),
    )


def _known_real(argument: Expression, context: Context, span: Span) -> Expression:
    if argument.is_extended_real is not None:
        return argument
    let = context.builder.let(Wanted("part", numbered=True), (), argument, span=span)
    return let.read(*let.free)


# ------------------------------------------------------------ local functions


def _local(node: tree.Call, function: LocalFunction, scope: Scope) -> Value:
    definition = function.definition
    parameters = definition.parameters or ()
    given = _positional(node)
    if len(given) != len(parameters) or node.keywords:
        expected = f"{len(parameters)} argument{'' if len(parameters) == 1 else 's'}"
        count = len(given) + len(node.keywords)
        scope.collector.add(
            errors.WrongNumberOfArguments(node.span, node.function, expected, count)
        )
        return broken(node.span)
    inner = replace(function.scope, names={}, parent=function.scope, variables=scope.variables)
    for parameter, argument in zip(parameters, given, strict=True):
        value = _passed(parameter.name, _resolve(argument, scope), scope)
        inner.define(parameter.name, value, "a parameter", parameter.span)
    return replace(_resolve(definition.value, inner), span=node.span)


def _passed(name: str, value: Value, scope: Scope) -> Value:
    """An argument as the body sees it: computed once, unless it costs nothing."""
    if value.atomic or value.broken or (value.indexes is not None and value.direct is None):
        return value
    return replace(Binding(scope.context, name, value, scope.variables).value, span=value.span)


# --------------------------------------------------------------- declarations


@dataclass
class Inlining:
    """One call of a declaration: its parameters stand for the arguments, its dimensions are found
    from their shapes. Axes before the declared ones are carried through: the call is elementwise
    over them."""

    node: tree.Call
    scope: Scope
    declaration: tree.Declaration
    namespace: object

    def value(self) -> Value:
        node, declaration = self.node, self.declaration
        if not self._may_call():
            for argument in _positional(node):
                _resolve(argument, self.scope)
            return broken(node.span)
        signature = declaration.signature
        parameters = typed(signature.inputs, signature.data)
        given = [_resolve(one, self.scope) for one in _positional(node)]
        if not self._count_arguments(parameters, len(given)):
            return broken(node.span)
        context = self.scope.context
        context.stack.append((declaration, node.function_span))
        try:
            return self._inline(parameters, given)
        finally:
            context.stack.pop()

    def _may_call(self) -> bool:
        declaration, scope = self.declaration, self.scope
        for at, (one, _) in enumerate(scope.context.stack):
            if one is declaration:
                names = [each.name for each, _ in scope.context.stack[at:]]
                chain = (*names, declaration.name)
                scope.collector.add(errors.RecursiveDeclarations(self.node.function_span, chain))
                return False
        if isinstance(declaration, tree.Scalar | tree.Function):
            if declaration.kind == "metric" and scope.differentiated is not None:
                surrogates = scope.namespace.surrogates_of(declaration)
                scope.collector.add(
                    errors.MetricInLoss(
                        self.node.function_span,
                        declaration.name,
                        surrogates,
                        scope.differentiated,
                    )
                )
                return False
            return True
        what = "a call of an objective" if isinstance(declaration, tree.Objective) else "a game"
        scope.collector.add(errors.NotCompiled(self.node.span, what))
        return False

    def _count_arguments(self, parameters: list[TypedParameter], given: int) -> bool:
        node, signature = self.node, self.declaration.signature
        split = node.data is not None and signature.bar
        wrong = given != len(parameters) or (split and len(node.arguments) != len(signature.inputs))
        if wrong:
            left, right = len(signature.inputs), len(signature.data)
            plural = "" if left + right == 1 else "s"
            expected = f"{left + right} argument{plural}"
            if split:
                expected = f"{left} before the bar and {right} after it"
            self.scope.collector.add(
                errors.WrongNumberOfArguments(node.span, node.function, expected, given)
            )
        return not wrong

    def _inline(self, parameters: list[TypedParameter], given: list[Value]) -> Value:
        from objc.passes.lower.definitions import body_of

        context, scope = self.scope.context, self.scope
        dimensions = Dimensions({})
        learned = [p for p in self.declaration.signature.hyperparameters if p.learn]
        if learned:
            dimensions = context.model_axes.setdefault(id(self.declaration), dimensions)
        inner = Scope(
            context,
            self.namespace,  # type: ignore[arg-type]
            dimensions,
            scope.differentiated,
            variables=scope.variables,
        )
        shaped = [shape_axes(one, inner) for one in parameters]
        leads = self._leading(parameters, shaped, given)
        if leads is None:
            return broken(self.node.span)
        inner.variables = (*scope.variables, *leads)
        for parameter, axes, value in zip(parameters, shaped, given, strict=True):
            seen = self._argument(parameter, axes, value, leads, inner)
            inner.define(parameter.name, seen, "an input", parameter.span)
        self._hyperparameters(inner)
        result = body_of(self.declaration, inner)
        return self._carried(result, leads)

    def _leading(
        self,
        parameters: list[TypedParameter],
        shaped: list[tuple[Axis, ...]],
        given: list[Value],
    ) -> list[Variable] | None:
        """The axes that arguments have before the declared ones."""
        leads: list[Variable] | None = None
        for parameter, axes, value in zip(parameters, shaped, given, strict=True):
            if value.broken:
                continue
            extra = len(value.axes) - len(axes)
            if extra < 0:
                shape = f"[{', '.join(map(str, axes))}]"
                where = f"`{parameter.name}` of `{self.declaration.name}` has the wrong rank"
                self.scope.collector.add(
                    errors.DimensionClash(value.span, value.shape, shape, where)
                )
                return None
            if extra == 0:
                continue
            lead = value.axes[:extra]
            if leads is None:
                leads = [Variable("", value.span, axis) for axis in lead]
            same = len(leads) == extra and all(
                unify(one.axis, axis, value.span) for one, axis in zip(leads, lead, strict=True)
            )
            if not same:
                where = f"arguments of `{self.declaration.name}` don't stand elementwise"
                first = f"[{', '.join(str(one.axis) for one in leads)}]"
                self.scope.collector.add(
                    errors.DimensionClash(self.node.span, first, value.shape, where)
                )
                return None
        return leads or []

    def _argument(
        self,
        parameter: TypedParameter,
        axes: tuple[Axis, ...],
        value: Value,
        leads: list[Variable],
        inner: Scope,
    ) -> Value:
        """What a parameter stands for in the body."""
        collector = self.scope.collector
        if value.broken:
            return value
        if value.is_condition:
            collector.add(errors.ConditionForNumber(value.span))
            return broken(value.span)
        extra = len(value.axes) - len(axes)
        for own, axis in zip(value.axes[extra:], axes, strict=True):
            if not unify(own, axis, value.span):
                where = f"`{parameter.name}` of `{self.declaration.name}` has another shape"
                shape = f"[{', '.join(map(str, axes))}]"
                collector.add(errors.DimensionClash(value.span, value.shape, shape, where))
                return broken(value.span)
        checked = self._as_index(parameter, value, inner)
        seen = _passed(parameter.name, checked, self.scope)
        if not extra or seen.broken:
            return seen
        passed = seen

        def build(environment: Environment, positions: Positions) -> Expression:
            before = tuple(environment.positions[one] for one in leads)
            return passed.build(environment, (*before, *positions))

        return replace(seen, axes=axes, build=build, direct=None)

    def _as_index(self, parameter: TypedParameter, value: Value, inner: Scope) -> Value:
        """An argument for an `index(K)` must be an index into K; for anything else it must not."""
        from objc.passes.lower.expressions import as_number

        axis = parameter.index_axis(inner)
        if axis is None:
            return as_number(value, self.scope)
        if value.indexes is None:
            if not value.integral:
                self.scope.collector.add(errors.NotAnIndex(value.span))
                return broken(value.span)
            return replace(value, indexes=axis, categorical=True)
        own, other = str(value.indexes), str(axis)
        if not unify(value.indexes, axis, value.span):
            name = value.span.text
            self.scope.collector.add(errors.IndexOfAnotherDimension(value.span, name, own, other))
            return broken(value.span)
        return value

    def _hyperparameters(self, inner: Scope) -> None:
        from objc.passes.lower.declarations import learned_value

        hyperparameters = {p.name: p for p in self.declaration.signature.hyperparameters}
        given: dict[str, Value] = {}
        for keyword in self.node.keywords:
            value = _resolve(keyword.value, self.scope)
            if keyword.name not in hyperparameters:
                self.scope.collector.add(
                    errors.UnknownHyperparameter(
                        keyword.span, keyword.name, self.declaration.name, tuple(hyperparameters)
                    )
                )
            elif keyword.name in given:
                what = "it is given twice"
                self.scope.collector.add(
                    errors.DuplicateName(keyword.span, keyword.name, what, None)
                )
            else:
                given[keyword.name] = value
        for typed_parameter in typed(self.declaration.signature.hyperparameters, hyper=True):
            name = typed_parameter.name
            axes = shape_axes(typed_parameter, inner)
            if name in given:
                value = self._argument(typed_parameter, axes, given[name], [], inner)
            elif typed_parameter.parameter.learn:
                value = learned_value(self.declaration, typed_parameter, axes, inner)
            elif typed_parameter.parameter.default is not None:
                value = _resolve(typed_parameter.parameter.default, inner)
            else:
                self.scope.collector.add(
                    errors.MissingHyperparameter(self.node.span, name, self.declaration.name)
                )
                value = broken(self.node.span)
            inner.define(name, value, "a hyperparameter", typed_parameter.span)

    def _carried(self, result: Value, leads: list[Variable]) -> Value:
        if not leads or result.broken:
            return replace(result, span=self.node.span, partial=None)

        def build(environment: Environment, positions: Positions) -> Expression:
            bound = environment.bind(zip(leads, positions, strict=False))
            return result.build(bound, positions[len(leads) :])

        axes = (*(one.axis for one in leads), *result.axes)
        return replace(
            result, span=self.node.span, axes=axes, build=build, direct=None, partial=None
        )
