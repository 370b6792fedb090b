"""Values with a name: each becomes one let, however often it is used."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import sympy

from objc.ir.domain import Domain
from objc.ir.index import Index, Position
from objc.ir.program import Let
from objc.ir.symbols import Expression, iverson
from objc.passes.lower.builder import Builder, Wanted
from objc.passes.lower.dimensions import Variable
from objc.passes.lower.names import Context, Scope
from objc.passes.lower.values import Environment, Positions, Value


class Binding:
    """A value under a name: a definition, or what is passed as an argument.

    Its let is made once for each place of the indices around it (`variables`). Where it may read
    outside of a tensor and stands under a condition, it is built in place instead, so that the
    condition keeps guarding it.
    """

    def __init__(
        self,
        context: Context,
        name: str,
        value: Value,
        variables: tuple[Variable, ...],
        indices: tuple[str, ...] = (),
        own: bool = False,
    ) -> None:
        self.context = context
        self.name = name
        self.source = value
        self.variables = variables
        self.indices = indices
        self.own = own
        self._made: dict[tuple[Position, ...], tuple[Let, tuple[Index, ...]] | Expression] = {}

    @property
    def value(self) -> Value:
        """The value that stands for the name."""
        source = self.source
        return Value(
            source.span,
            source.axes,
            self._build,
            kind=source.kind,
            indexes=source.indexes,
            variable=None,
            categorical=source.categorical,
            integral=source.integral,
            risky=source.risky,
            atomic=True,
        )

    def make(self, environment: Environment) -> None:
        """Make the let now, unless it must wait: its uses may all be guarded."""
        if not self.source.risky:
            self._entry(environment)

    def _build(self, environment: Environment, positions: Positions) -> Expression:
        if self.source.risky and environment.path:
            self.context.spend(self.source.span)
            return self.source.build(environment, positions)
        made = self._entry(environment)
        if not isinstance(made, tuple):
            return made
        let, outer = made
        read = let.read(*outer, *positions)
        return sympy.Ne(read, 0) if self.source.is_condition else read

    def _entry(self, environment: Environment) -> tuple[Let, tuple[Index, ...]] | Expression:
        key = tuple(environment.positions[one] for one in self.variables)
        if key not in self._made:
            self._made[key] = self._make(environment.only(self.variables))
        return self._made[key]

    def _make(self, environment: Environment) -> tuple[Let, tuple[Index, ...]] | Expression:
        builder, source = self.context.builder, self.source
        own, inner = entry_of(source, self.indices, environment, builder)
        places = tuple(map(Position, own))
        if source.direct is not None:
            let = source.direct(inner, places, Wanted(self.name, exact=self.own), own)
        else:
            body = source.build(inner, places)
            if body.is_number and not source.is_condition:
                return body
            let = builder.let(
                Wanted(self.name, exact=self.own),
                own,
                iverson(body) if source.is_condition else body,
                domain=self._domain(),
                span=source.span,
            )
        return let, let.free[: len(let.free) - len(own)]

    def _domain(self) -> Domain | None:
        if self.source.is_condition:
            return Domain("binary")
        if self.source.categorical and self.source.indexes is not None:
            return Domain("index", dimension=self.source.indexes.dimension)
        return None


def entry_of(
    value: Value, names: Sequence[str], environment: Environment, builder: Builder
) -> tuple[tuple[Index, ...], Environment]:
    """An index for each axis of a tensor, called as the user did where that is known, and the
    environment in which they are in force, so that none is taken twice or captured inside."""
    own: list[Index] = []
    for at, axis in enumerate(value.axes):
        if at < len(names):
            index = builder.index(names[at], axis, environment)
        else:
            index = builder.index_for(axis, environment)
        own.append(index)
        variable = Variable(index.name, value.span, axis)
        environment = environment.bind([(variable, Position(index))])
    return tuple(own), environment


def passed(name: str, value: Value, scope: Scope) -> Value:
    """An argument as the body sees it: computed once, unless it costs nothing."""
    if value.atomic or value.broken or (value.indexes is not None and value.direct is None):
        return value
    return replace(Binding(scope.context, name, value, scope.variables).value, span=value.span)
