"""Reductions: `sum[i, j | guard](body)`, and `mean(tensor)` over all of a tensor."""

from __future__ import annotations

from collections.abc import Sequence

import sympy

from objc.ir.index import Index, Position
from objc.ir.program import Let
from objc.ir.symbols import Condition, Expression, iverson
from objc.passes.lower import errors
from objc.passes.lower.builder import Wanted
from objc.passes.lower.dimensions import Variable
from objc.passes.lower.elementwise import scalar
from objc.passes.lower.guards import never_holds
from objc.passes.lower.names import Scope
from objc.passes.lower.resolve import condition_of, number_of, value_of
from objc.passes.lower.sorting import argsort
from objc.passes.lower.values import Environment, Positions, Value, broken
from objc.syntax import tree

_OF_CONDITIONS = frozenset({"any", "all", "count"})
_OF_ONE_INDEX = frozenset({"argmax", "argmin"})


def reduction(node: tree.Reduction, scope: Scope) -> Value:
    """Resolve a reduction."""
    if node.operator == "argsort":
        return argsort(node, scope)
    variables = [Variable(one.name, one.span) for one in node.binders]
    inner = scope.child(variables)
    guard = None
    if node.guard is not None:
        guard = scalar(condition_of(node.guard, inner), scope, "a guard")
    if node.operator in _OF_CONDITIONS:
        body = condition_of(node.body, inner)
    elif node.operator in _OF_ONE_INDEX:
        body = value_of(node.body, inner)
    else:
        body = number_of(node.body, inner)
    if variables:
        body = scalar(body, scope, f"the inside of `{node.operator}`")
    else:
        variables = [Variable("", node.span, axis) for axis in body.axes]
    if body.broken or (guard is not None and guard.broken):
        return broken(node.span)
    if not _is_sound(node, variables, scope):
        return broken(node.span)
    return _Reduced(node, scope, variables, guard, body).value


def _is_sound(node: tree.Reduction, variables: Sequence[Variable], scope: Scope) -> bool:
    if not variables:
        reason = "what is inside is a single number"
        scope.collector.add(errors.ReductionOverNothing(node.span, node.operator, reason))
        return False
    if node.operator in _OF_ONE_INDEX and len(variables) > 1:
        where = f"what `{node.operator}` goes over"
        scope.collector.add(
            errors.TensorForScalar(node.span, f"of {len(variables)} indices", where)
        )
        return False
    return True


class _Reduced:
    """One reduction, resolved, and how its let is made."""

    def __init__(
        self,
        node: tree.Reduction,
        scope: Scope,
        variables: Sequence[Variable],
        guard: Value | None,
        body: Value,
    ) -> None:
        self.node = node
        self.context = scope.context
        self.variables = variables
        self.guard = guard
        self.body = body
        self.whole = not node.binders

    @property
    def value(self) -> Value:
        operator = self.node.operator
        truth = operator in ("any", "all")
        points = self.variables[0].axis if operator in _OF_ONE_INDEX else None
        return Value(
            self.node.span,
            (),
            self._build,
            kind="condition" if truth else "number",
            indexes=points,
            categorical=points is not None,
            integral=operator == "count" or points is not None,
            risky=self.body.risky or (self.guard is not None and self.guard.risky),
            direct=self._direct,
        )

    def _build(self, environment: Environment, positions: Positions) -> Expression:
        self.context.spend(self.node.span)
        let = self._direct(environment, (), Wanted(self.node.operator, numbered=True), ())
        read = let.read(*let.free)
        return sympy.Ne(read, 0) if self.node.operator in ("any", "all") else read

    def _direct(
        self, environment: Environment, positions: Positions, wanted: Wanted, own: tuple[Index, ...]
    ) -> Let:
        over, guard, body = self._parts(environment)
        return self.context.builder.let(
            wanted,
            own,
            body,
            reduction=self.node.operator,
            over=over,
            guard=guard,
            span=self.node.span,
        )

    def _parts(self, environment: Environment) -> tuple[tuple[Index, ...], Condition, Expression]:
        inner, over = environment, []
        for variable in self.variables:
            builder = self.context.builder
            if self.whole:
                index = builder.index_for(variable.axis, inner)
            else:
                index = builder.index(variable.name, variable.axis, inner)
            over.append(index)
            inner = inner.bind([(variable, Position(index))])
        guard: Condition = sympy.true
        if self.guard is not None:
            guard = self.guard.build(inner, ())
            inner = inner.under(guard)
            if guard == sympy.false or never_holds(guard):
                reason = "its guard never holds"
                self.context.collector.add(
                    errors.ReductionOverNothing(self.guard.span, self.node.operator, reason)
                )
        places = tuple(map(Position, over)) if self.whole else ()
        body = self.body.build(inner, places)
        if self.body.is_condition:
            body = iverson(body)
        if self.value.risky and environment.path:
            guard = sympy.And(*environment.path, guard)
        return tuple(over), guard, body
