"""`argsort[i](x[i])`, `argsort(x)`: the place of each rank, a tensor of indices."""

from __future__ import annotations

import sympy

from objc.ir.index import Index, Position
from objc.ir.program import Let
from objc.ir.symbols import Branch, Expression
from objc.passes.lower import errors
from objc.passes.lower.builder import Wanted
from objc.passes.lower.dimensions import Variable
from objc.passes.lower.elementwise import scalar
from objc.passes.lower.names import Context, Scope
from objc.passes.lower.resolve import as_number, value_of
from objc.passes.lower.values import Environment, Positions, Value, broken
from objc.syntax import tree


def argsort(node: tree.Reduction, scope: Scope) -> Value:
    """Resolve a sort along one index: its entries are the places, from the smallest on."""
    variables = [Variable(one.name, one.span) for one in node.binders]
    body = value_of(node.body, scope.child(variables))
    if not body.categorical:  # places have an order too: sorting them inverts a permutation
        body = as_number(body, scope)
    if node.guard is not None:
        scope.collector.add(errors.SortUnderGuard(node.guard.span, node.body.span.text))
        return broken(node.span)
    if variables:
        body = scalar(body, scope, "what is sorted")
    if body.broken:
        return broken(node.span)
    if not variables and not body.axes:
        reason = "what is inside is a single number"
        scope.collector.add(errors.ReductionOverNothing(node.span, node.operator, reason))
        return broken(node.span)
    if len(variables or body.axes) != 1:
        number = len(variables or body.axes)
        scope.collector.add(errors.SortAlongSeveral(node.span, number))
        return broken(node.span)
    variable = variables[0] if variables else Variable("", node.span, body.axes[0])
    return _Sorted(node, scope.context, variable, body).value


class _Sorted:
    """One sort, resolved, and how its let is made."""

    def __init__(
        self, node: tree.Reduction, context: Context, variable: Variable, body: Value
    ) -> None:
        self.node = node
        self.context = context
        self.variable = variable
        self.body = body

    @property
    def value(self) -> Value:
        axis = self.variable.axis
        return Value(
            self.node.span,
            (axis,),
            self._build,
            indexes=axis,
            categorical=True,
            integral=True,
            risky=self.body.risky,
            direct=self._direct,
        )

    def _build(self, environment: Environment, positions: Positions) -> Expression:
        self.context.spend(self.node.span)
        rank = self.context.builder.index_for(self.variable.axis, environment)
        wanted = Wanted("argsort", numbered=True)
        let = self._direct(environment, (Position(rank),), wanted, (rank,))
        return let.read(*let.free[:-1], *positions)

    def _direct(
        self, environment: Environment, positions: Positions, wanted: Wanted, own: tuple[Index, ...]
    ) -> Let:
        """The let over the ranks, its last index `own`, which what is sorted doesn't see."""
        taken = environment.reserved | {own[-1].name}
        inner = Environment(environment.positions, environment.path, taken)
        builder = self.context.builder
        if self.node.binders:
            over = builder.index(self.variable.name, self.variable.axis, inner)
        else:
            over = builder.index_for(self.variable.axis, inner)
        inner = inner.bind([(self.variable, Position(over))])
        body = self.body.build(inner, () if self.node.binders else (Position(over),))
        if self.body.risky and environment.path:
            body = Branch(sympy.And(*environment.path), body, sympy.Integer(0))
        return builder.let(
            wanted, own, body, reduction="argsort", over=(over,), span=self.node.span
        )
