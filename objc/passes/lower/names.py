"""Scopes: what a name means at one place of one declaration."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, TypeAlias

import sympy

from objc.errors import Collector, ObjcError
from objc.ir.program import Input
from objc.ir.symbols import Expression, Extent, Read, position_value
from objc.passes.lower import errors
from objc.passes.lower.dimensions import Axis, Dimensions, Variable
from objc.passes.lower.values import Environment, Positions, Value, broken, number
from objc.source import Span
from objc.syntax import tree

if TYPE_CHECKING:
    from objc.passes.lower.builder import Builder
    from objc.passes.lower.loading import Namespace

CONSTANTS: Mapping[str, object] = {"pi": sympy.pi, "e": sympy.E, "inf": sympy.oo}

MOST_NODES = 20_000
MOST_LEVELS = 100


@dataclass
class Context:
    """What belongs to one program while it is lowered, whatever declarations are inlined into it.

    Of recurrences: their `equations`, for each read inside of one the equation that says it
    (`stepped`), and the axes that are read at a hyperparameter plus a number (`iterated`). `derived`
    are the lets of derivatives, `compared` data indices with what they are compared with, `places` where
    the text says an expression.
    """

    name: str
    collector: Collector
    builder: Builder
    learned: dict[tuple[int, str], Value] = field(default_factory=dict)
    inputs: list[Input] = field(default_factory=list)
    input_axes: list[tuple[str, tuple[Axis, ...]]] = field(default_factory=list)
    variables: list[Variable] = field(default_factory=list)
    likely: list[tuple[Axis, Axis]] = field(default_factory=list)
    compared: list[tuple[Value, Value]] = field(default_factory=list)
    stack: list[tuple[tree.Declaration, Span]] = field(default_factory=list)
    model_axes: dict[int, Dimensions] = field(default_factory=dict)
    stepped: dict[Read, Span] = field(default_factory=dict)
    equations: list[tree.Definition] = field(default_factory=list)
    iterated: list[tuple[Axis, Value, int]] = field(default_factory=list)
    derived: set[str] = field(default_factory=set)
    places: dict[Expression, Span] = field(default_factory=dict)
    nodes: int = 0
    level: int = 0

    def spend(self, span: Span) -> None:
        """Count one node of the text, of what is inlined, or of what is built."""
        self.nodes += 1
        if self.nodes > MOST_NODES:
            self.give_up(span, f"after inlining it has more than {MOST_NODES} parts")

    def give_up(self, span: Span, reason: str) -> None:
        self.collector.add(errors.TooLarge(span, self.name, reason))
        raise ObjcError(self.collector.found)


@dataclass(frozen=True, eq=False)
class LocalFunction:
    """`nll(c) = …`: its body stands in the scope of the declaration, with its parameters."""

    definition: tree.Definition
    scope: Scope


@dataclass(frozen=True, eq=False)
class Named:
    """What a name stands for, what to call it in messages, and where it was named."""

    entity: Value | Variable | LocalFunction
    what: str
    span: Span | None


Entity: TypeAlias = "Value | Variable | LocalFunction"


@dataclass
class Scope:
    """The names at one place. `variables` are the indices in force, of callers too, outermost first.

    `differentiated` says what the derivative is taken of here, None in a metric.
    """

    context: Context
    namespace: Namespace
    dimensions: Dimensions
    differentiated: str | None
    names: dict[str, Named] = field(default_factory=dict)
    variables: tuple[Variable, ...] = ()
    parent: Scope | None = None

    @property
    def collector(self) -> Collector:
        return self.context.collector

    def child(self, variables: Iterable[Variable] = ()) -> Scope:
        """The scope inside of something that binds indices."""
        bound = tuple(variables)
        inner = replace(self, names={}, variables=(*self.variables, *bound), parent=self)
        for variable in bound:
            self.context.variables.append(variable)
            self._check_shadowing(variable)
            inner.names[variable.name] = Named(variable, "an index", variable.span)
        return inner

    def _check_shadowing(self, variable: Variable) -> None:
        other = self.lookup(variable.name)
        if other is not None:
            shadow = errors.IndexShadows(variable.span, variable.name, other.what, other.span)
            self.collector.add(shadow)
        elif variable.name in self.dimensions.axes:
            axis = self.dimensions.axes[variable.name]
            shadow = errors.IndexShadows(
                variable.span, variable.name, "the dimension", axis.evidence
            )
            self.collector.add(shadow)

    def define(self, name: str, entity: Entity, what: str, span: Span | None) -> None:
        self.names[name] = Named(entity, what, span)

    def lookup(self, name: str) -> Named | None:
        scope: Scope | None = self
        while scope is not None:
            if name in scope.names:
                return scope.names[name]
            scope = scope.parent
        return None

    def local_functions(self) -> Iterator[str]:
        """The functions that are defined around this place."""
        scope: Scope | None = self
        while scope is not None:
            yield from (
                n for n, one in scope.names.items() if isinstance(one.entity, LocalFunction)
            )
            scope = scope.parent

    def candidates(self) -> Iterator[str]:
        """Every name in scope that could stand in an expression."""
        scope: Scope | None = self
        while scope is not None:
            yield from scope.names
            scope = scope.parent
        yield from self.dimensions.axes
        yield from CONSTANTS


def name_value(node: tree.Name, scope: Scope) -> Value:
    """The value of a name."""
    named = scope.lookup(node.name)
    if named is not None:
        return _entity_value(node, named.entity, scope)
    axis = scope.dimensions.axes.get(node.name)
    if axis is not None:
        return extent_value(node.span, axis)
    if node.name in CONSTANTS:
        return number(node.span, CONSTANTS[node.name])
    if scope.namespace.is_callable(node.name):
        scope.collector.add(errors.NotAFunction(node.span, node.name, True))
    else:
        candidates = tuple(scope.candidates())
        scope.collector.add(errors.UnknownName(node.span, node.name, candidates))
    return broken(node.span)


def _entity_value(node: tree.Name, entity: Entity, scope: Scope) -> Value:
    if isinstance(entity, Variable):
        return variable_value(node.span, entity)
    if isinstance(entity, LocalFunction):
        scope.collector.add(errors.NotAFunction(node.span, node.name, True))
        return broken(node.span)
    return replace(entity, span=node.span)


def variable_value(span: Span, variable: Variable) -> Value:
    """The value of a bound index, where it stands."""

    def build(environment: Environment, positions: Positions) -> object:
        return position_value(environment.positions[variable])

    return Value(
        span, (), build, indexes=variable.axis, variable=variable, integral=True, atomic=True
    )


def extent_value(span: Span, axis: Axis) -> Value:
    """The size of a dimension, as a number."""

    def build(environment: Environment, positions: Positions) -> object:
        return Extent(axis.dimension)

    return Value(span, (), build, integral=True, atomic=True)
