"""Calls: elementary functions, local functions, and declarations, which are inlined."""

from __future__ import annotations

from dataclasses import replace

from objc.ir.symbols import Expression
from objc.passes.lower import constants, errors
from objc.passes.lower.bindings import passed
from objc.passes.lower.builder import Wanted
from objc.passes.lower.elementwise import common_axes
from objc.passes.lower.equations import result_of
from objc.passes.lower.functions import ELEMENTARY, NEED_REAL, Elementary
from objc.passes.lower.inlining import Inlining, positional
from objc.passes.lower.names import Context, LocalFunction, Scope
from objc.passes.lower.resolve import as_number, value_of
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
    from objc.passes.lower.loading import files_with

    found = scope.namespace.find(node.function)
    if found is not None:
        return Inlining(node, scope, *found).value()
    if node.function in ELEMENTARY:
        return _elementary(node, ELEMENTARY[node.function], scope)
    if node.function == "gradient":
        from objc.passes.lower.gradients import gradient

        return gradient(node, scope)
    names = (*ELEMENTARY, *scope.namespace.callables(), *scope.local_functions())
    files = files_with(node.function)
    scope.collector.add(errors.UnknownFunction(node.function_span, node.function, names, files))
    for argument in positional(node):
        value_of(argument, scope)
    return broken(node.span)


# ------------------------------------------------------------------ elementary


def _elementary(node: tree.Call, function: Elementary, scope: Scope) -> Value:
    given = [as_number(value_of(one, scope), scope) for one in positional(node)]
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
    given = positional(node)
    if len(given) != len(parameters) or node.keywords:
        expected = f"{len(parameters)} argument{'' if len(parameters) == 1 else 's'}"
        count = len(given) + len(node.keywords)
        scope.collector.add(
            errors.WrongNumberOfArguments(node.span, node.function, expected, count)
        )
        return broken(node.span)
    inner = replace(
        function.scope,
        names={},
        parent=function.scope,
        variables=scope.variables,
        differentiated=scope.differentiated or function.scope.differentiated,
    )
    for parameter, argument in zip(parameters, given, strict=True):
        value = passed(parameter.name, value_of(argument, scope), scope)
        inner.define(parameter.name, value, "a parameter", parameter.span)
    return replace(result_of(definition, inner), span=node.span)
