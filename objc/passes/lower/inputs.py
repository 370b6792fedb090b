"""Inputs of the program: the parameters of its declaration, and what called models learn."""

from __future__ import annotations

from objc.ir.program import Input, Role
from objc.ir.symbols import Expression
from objc.passes.lower.defaults import default_of
from objc.passes.lower.dimensions import Axis
from objc.passes.lower.names import Scope
from objc.passes.lower.shapes import TypedParameter, domain
from objc.passes.lower.values import Environment, Positions, Value
from objc.source import Span
from objc.syntax import tree


def add_input(
    parameter: TypedParameter, role: Role, axes: tuple[Axis, ...], scope: Scope, name: str = ""
) -> Value:
    """Make an input of the program, and the value that stands for it."""
    context = scope.context
    name = name or parameter.name
    kind = domain(parameter, role, axes, scope)
    default = None
    if parameter.parameter.default is not None:
        default = default_of(parameter, kind, scope)
    unit = tuple(
        (one.name, one.exponent) for one in (parameter.type.unit if parameter.type else ())
    )
    made = Input(name, (), kind, role, default, unit, parameter.parameter.span)
    context.inputs.append(made)
    context.input_axes.append((name, axes))
    context.builder.declare(name, kind)
    return input_value(made, axes, parameter.span)


def input_value(made: Input, axes: tuple[Axis, ...], span: Span) -> Value:
    def build(environment: Environment, positions: Positions) -> Expression:
        return made.read(*positions)

    index = made.domain.kind == "index"
    return Value(
        span,
        axes,
        build,
        indexes=Axis(made.domain.dimension, span) if index else None,
        categorical=index,
        integral=bool(made.domain.assumptions.get("integer")),
        atomic=True,
    )


def learned_value(
    declaration: tree.Declaration, parameter: TypedParameter, axes: tuple[Axis, ...], scope: Scope
) -> Value:
    """The learned parameter of a called model, an input of the program that calls it: once, however
    often the model is called."""
    context = scope.context
    key = (id(declaration), parameter.name)
    if key not in context.learned:
        name = parameter.name
        if not context.builder.take(name):
            name = context.builder.fresh(f"{declaration.name}_{parameter.name}")
        context.learned[key] = add_input(parameter, "learned", axes, scope, name)
    return context.learned[key]
