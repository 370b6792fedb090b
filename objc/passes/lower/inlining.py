"""Declarations that are called: losses, functions and models are inlined where they are used."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from objc.ir.symbols import Expression
from objc.passes.lower import errors
from objc.passes.lower.bindings import passed
from objc.passes.lower.definitions import body_of
from objc.passes.lower.dimensions import Axis, Dimensions, Variable, unify
from objc.passes.lower.inputs import learned_value
from objc.passes.lower.names import Scope
from objc.passes.lower.resolve import as_number, value_of
from objc.passes.lower.shapes import TypedParameter, shape_axes, typed
from objc.passes.lower.values import Environment, Positions, Value, broken
from objc.syntax import tree

if TYPE_CHECKING:
    from objc.passes.lower.loading import Namespace


def positional(node: tree.Call) -> tuple[tree.Expression, ...]:
    """The arguments of a call, those after the bar too."""
    return (*node.arguments, *(node.data or ()))


@dataclass
class Inlining:
    """One call of a declaration: its parameters stand for the arguments, its dimensions are found
    from their shapes. Axes before the declared ones are carried through: the call is elementwise
    over them."""

    node: tree.Call
    scope: Scope
    declaration: tree.Declaration
    namespace: Namespace

    def value(self) -> Value:
        node, declaration = self.node, self.declaration
        if not self._may_call():
            for argument in positional(node):
                value_of(argument, self.scope)
            return broken(node.span)
        signature = declaration.signature
        parameters = typed(signature.inputs, signature.data)
        given = [value_of(one, self.scope) for one in positional(node)]
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
        context, scope = self.scope.context, self.scope
        dimensions = Dimensions({})
        learned = [p for p in self.declaration.signature.hyperparameters if p.learn]
        if learned:
            dimensions = context.model_axes.setdefault(id(self.declaration), dimensions)
        inner = Scope(
            context,
            self.namespace,
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
        seen = passed(parameter.name, checked, self.scope)
        if not extra or seen.broken:
            return seen

        def build(environment: Environment, positions: Positions) -> Expression:
            before = tuple(environment.positions[one] for one in leads)
            return seen.build(environment, (*before, *positions))

        return replace(seen, axes=axes, build=build, direct=None)

    def _as_index(self, parameter: TypedParameter, value: Value, inner: Scope) -> Value:
        """An argument for an `index(K)` must be an index into K; for anything else it must not."""
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
        hyperparameters = {p.name: p for p in self.declaration.signature.hyperparameters}
        given: dict[str, Value] = {}
        for keyword in self.node.keywords:
            value = value_of(keyword.value, self.scope)
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
                value = value_of(typed_parameter.parameter.default, inner)
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
