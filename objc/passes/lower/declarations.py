"""One declaration as a program."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import sympy

from objc.errors import Collector, Diagnostic, InternalError, ObjcError
from objc.ir.domain import INTEGER_KINDS, Domain
from objc.ir.index import Dimension, Position
from objc.ir.program import Claim, Input, Let, Program, ProgramKind, Role, Term
from objc.ir.spelling import spelled
from objc.ir.symbols import Expression, Extent, Read
from objc.passes.lower import errors
from objc.passes.lower.bindings import entry_of
from objc.passes.lower.builder import Builder, Wanted
from objc.passes.lower.causality import causal
from objc.passes.lower.claims import claims_of
from objc.passes.lower.definitions import body_of
from objc.passes.lower.dimensions import Axis, Dimensions, Variable, unify
from objc.passes.lower.elementwise import scalar
from objc.passes.lower.inputs import add_input
from objc.passes.lower.names import Context, Scope
from objc.passes.lower.objectives import objective_body
from objc.passes.lower.resolve import as_number
from objc.passes.lower.shapes import TypedParameter, shape_axes, typed
from objc.passes.lower.units import check_units
from objc.passes.lower.values import Environment, Value
from objc.syntax import tree

if TYPE_CHECKING:
    from objc.passes.lower.loading import Namespace

_WHAT = {
    "loss": "a loss", "metric": "a metric", "function": "a function", "model": "a model",
    "objective": "an objective",
}  # fmt: skip


def program_of(
    declaration: tree.Declaration, namespace: Namespace, collector: Collector
) -> Program | None:
    """Lower one declaration. None if it has errors, which the collector has then."""
    before = len(collector.errors)
    try:
        program = Lowering(declaration, namespace, collector).program()
        if program is not None:
            check_units(declaration, namespace, collector)
    except RecursionError:
        reason = "its parts lean on each other too deeply"
        collector.add(errors.TooLarge(declaration.name_span, declaration.name, reason))
        return None
    except ObjcError:
        if len(collector.errors) == before:
            raise
        return None
    return program if len(collector.errors) == before else None


class Lowering:
    """The lowering of one declaration."""

    def __init__(
        self, declaration: tree.Declaration, namespace: Namespace, collector: Collector
    ) -> None:
        self.declaration = declaration
        self.namespace = namespace
        self.collector = collector
        self.builder = Builder(_names_of(declaration), collector)
        self.context = Context(declaration.name, collector, self.builder)
        self.context.stack.append((declaration, declaration.name_span))
        kind = kind_of(declaration)
        differentiated = None if kind in ("metric", "function") else f"{_WHAT[kind]}"
        self.scope = Scope(self.context, namespace, Dimensions({}), differentiated)

    def program(self) -> Program | None:

        declaration = self.declaration
        self._parameters()
        terms: tuple[Term, ...] = ()
        outputs: dict[str, str] = {}
        if isinstance(declaration, tree.Objective):
            terms, outputs = objective_body(declaration, self)
        elif isinstance(declaration, tree.Scalar | tree.Function):
            terms, outputs = self._body(declaration)
        claims: tuple[Claim, ...] = ()
        if isinstance(declaration, tree.Scalar | tree.Objective):
            claims = claims_of(declaration.claims, self.scope)
        if self.collector.errors:
            return None
        direction = declaration.direction if isinstance(declaration, tree.Objective) else "minimize"
        program = Program(
            declaration.name,
            self._final_inputs(),
            tuple(self.builder.lets),
            outputs,
            kind=kind_of(declaration),
            terms=terms,
            direction=direction,
            docstring=declaration.docstring,
            claims=claims,
            surrogates=self.namespace.surrogates_of(declaration),
            span=declaration.name_span,
            places=self.context.places,
        )
        return causal(program, self.context)

    # ------------------------------------------------------------- parameters

    def _parameters(self) -> None:
        signature = self.declaration.signature
        for one in typed(signature.hyperparameters, hyper=True):
            self._parameter(one, "learned" if one.parameter.learn else "hyperparameter")
        inputs, data = list(signature.inputs), list(signature.data)
        for at, one in self._by_ends(typed(inputs, data)):
            if one.parameter.learn:
                self.collector.add(errors.MisplacedLearn(one.span, one.name))
            self._parameter(one, self._role(one) if at < len(inputs) else "data")
        for name, axis in self.scope.dimensions.axes.items():
            if name in self.scope.names:
                what, before = "it is a dimension", self.scope.names[name].span
                span = axis.evidence or self.declaration.name_span
                self.collector.add(errors.DuplicateName(span, name, what, before))
        order = [p.name for p in (*inputs, *data, *signature.hyperparameters)]
        self.context.inputs.sort(key=lambda one: order.index(one.name))

    def _by_ends(self, parameters: list[TypedParameter]) -> list[tuple[int, TypedParameter]]:
        """Inputs with their places, each after those that the ends of its domain name."""
        waiting = dict(enumerate(parameters))
        found: list[tuple[int, TypedParameter]] = []
        while waiting:
            names = {one.name for one in waiting.values()}
            ready = {at: one for at, one in waiting.items() if not one.ends & names}
            if not ready:
                first = waiting[min(waiting)]
                self.collector.add(_circle(first, {one.name: one for one in waiting.values()}))
                self.collector.stop()
            found += ready.items()
            waiting = {at: one for at, one in waiting.items() if at not in ready}
        return found

    def _role(self, parameter: TypedParameter) -> Role:
        """The role of what stands before the bar: whole numbers have no derivative."""
        kind = parameter.type
        if kind is None or kind.domain not in INTEGER_KINDS:
            return "differentiable"
        if kind_of(self.declaration) in ("loss", "objective"):
            self.collector.add(
                errors.IntegerBeforeBar(parameter.span, parameter.name, kind.span.text)
            )
        return "data"

    def _parameter(self, parameter: TypedParameter, role: Role) -> None:
        taken = self.scope.names.get(parameter.name)
        if taken is not None:
            what = f"it is {taken.what} already"
            self.collector.add(
                errors.DuplicateName(parameter.span, parameter.name, what, taken.span)
            )
            return
        value = add_input(parameter, role, shape_axes(parameter, self.scope), self.scope)
        what = "a hyperparameter" if role in ("hyperparameter", "learned") else "an input"
        self.scope.define(parameter.name, value, what, parameter.span)

    def _final_inputs(self) -> tuple[Input, ...]:
        axes = dict(self.context.input_axes)
        return tuple(
            replace(one, dimensions=tuple(axis.dimension for axis in axes[one.name]))
            for one in self.context.inputs
        )

    # ------------------------------------------------------------------- body

    def _body(
        self, declaration: tree.Scalar | tree.Function
    ) -> tuple[tuple[Term, ...], dict[str, str]]:

        value = body_of(declaration, self.scope)
        if not value.categorical:
            value = as_number(value, self.scope)
        if isinstance(declaration, tree.Scalar):
            value = scalar(value, self.scope, f"the value of {_WHAT[declaration.kind]}")
        self.resolve()
        if isinstance(declaration, tree.Scalar):
            let = self.make(declaration.kind, value, ())
            return (Term("value", let),), {"per_example": let}
        names = tuple(one.name for one in declaration.free)
        return (), {"result": self.make("result", value, names)}

    def make(self, name: str, value: Value, names: Sequence[str] = ()) -> str:
        """The let of a result."""
        own, environment = entry_of(value, names, Environment(), self.builder)
        places = tuple(map(Position, own))
        wanted = Wanted(self.builder.fresh(name), exact=True)
        if value.direct is not None:
            return self._checked(value.direct(environment, places, wanted, own)).name
        body = value.build(environment, places)
        integer: Domain | None = None
        if value.categorical and value.indexes is not None:
            integer = Domain("index", dimension=value.indexes.dimension)
        let = self.builder.let(wanted, own, body, domain=integer, span=value.span)
        return self._checked(let).name

    def _checked(self, let: Let) -> Let:
        """Hold that every dimension that the lets use can be bound from the inputs."""
        bound = {axis.dimension for _, axes in self.context.input_axes for axis in axes}
        for one in self.builder.lets:
            found = {index.dimension for index in one.indices}
            found |= {extent.dimension for extent in one.body.atoms(Extent)}
            found |= {extent.dimension for extent in one.guard.atoms(Extent)}
            for dimension in sorted(found - bound, key=spelled):
                bound_at_call = dimension.size is None and dimension.count is None
                if bound_at_call and one.span is not None:
                    self.collector.add(errors.UnboundDimension(one.span, dimension.name))
        return let

    def resolve(self) -> None:
        """After all uses have been seen: settle what dimensions are known, report what is not."""
        for one, other in self.context.likely:
            if one.known is None or other.known is None:
                unify(one, other)
        for left, right in self.context.compared:
            own, beside = left.indexes, right.indexes
            if own is not None and beside is not None and not unify(own, beside):
                error = errors.UnlikeIndices(left.span, str(own), str(beside), right.span)
                self.collector.add(error)
        self._settle_iterations()
        self._settle_models()
        for variable in self.context.variables:
            if variable.axis.known is None and not self.collector.errors:
                self.collector.add(self._undetermined(variable))
        self.collector.stop()

    def _undetermined(self, variable: Variable) -> Diagnostic:
        iterated = {axis.root() for axis, _, _ in self.context.iterated}
        for one in self.context.equations:
            for place in one.indices or ():
                if place.span == variable.span and variable.axis.root() in iterated:
                    return errors.NotCompiled(one.span, self._iteration(one.name, variable.axis))
        return errors.UndeterminedIndex(variable.span, variable.name)

    def _iteration(self, name: str, axis: Axis) -> str:
        """What an iteration is that ends at no single hyperparameter."""
        counts = (
            value.build(Environment(), ())
            for one, value, _ in self.context.iterated
            if one.root() == axis.root() and not value.axes
        )
        listed = [f"`{one}`" for one in dict.fromkeys(counts)]
        if len(listed) < 2:
            return f"the iteration of `{name}` up to a hyperparameter"
        return f"an iteration that is read at several counts, here `{name}` at {' and at '.join(listed)},"

    def _settle_iterations(self) -> None:
        """An axis that nothing else tells, read at a count `n`, has the places 0 to n."""
        found: dict[Axis, dict[Expression, int]] = {}
        for axis, value, offset in self.context.iterated:
            if axis.known is None and not value.axes:
                last = found.setdefault(axis.root(), {})
                count = value.build(Environment(), ())
                last[count] = max(offset, last.get(count, offset))
        for axis, counts in found.items():
            if len(counts) == 1:
                ((count, offset),) = counts.items()
                dimension = _iterations(count, offset + 1)
                if dimension is not None:
                    axis.settle(dimension)

    def _settle_models(self) -> None:
        """Dimensions that only learned parameters of a called model have become the program's."""
        taken = set(self.scope.dimensions.axes)
        for _, axes in self.context.input_axes:
            for axis in axes:
                if axis.known is None:
                    wanted = axis.wanted or "D"
                    name, number = wanted, 0
                    while name in taken:
                        number += 1
                        name = f"{wanted}{number}"
                    taken.add(name)
                    axis.settle(Dimension(name))


def _circle(first: TypedParameter, waiting: Mapping[str, TypedParameter]) -> Diagnostic:
    """The circle that the ends of an input lead to."""
    chain = [first.name]
    while True:
        following = min(waiting[chain[-1]].ends & set(waiting))
        if following in chain:
            circle = chain[chain.index(following) :]
            kind = waiting[circle[0]].type
            return errors.CircularEnds(kind.span if kind else first.span, tuple(circle))
        chain.append(following)


def _iterations(count: Expression, more: int) -> Dimension | None:
    """As many places as a count, and some more."""
    if isinstance(count, sympy.Integer):
        size = int(count) + more
        return Dimension(str(size), size) if size > 0 else None
    if isinstance(count, Read) and not count.positions and count.is_integer and more >= 0:
        return Dimension(f"{count.tensor}+{more}", None, count.tensor, more)
    return None


def kind_of(declaration: tree.Declaration) -> ProgramKind:
    if isinstance(declaration, tree.Scalar | tree.Function):
        return declaration.kind
    if isinstance(declaration, tree.Objective):
        return "objective"
    raise InternalError(f"no program is made of a {type(declaration).__name__}")


def _names_of(declaration: tree.Declaration) -> set[str]:
    """The names that stay as they are written: what is made fresh avoids them."""
    signature = declaration.signature
    names = {p.name for p in (*signature.inputs, *signature.data, *signature.hyperparameters)}
    names |= {one.name for one in declaration.definitions}
    for parameter in (*signature.inputs, *signature.data, *signature.hyperparameters):
        if parameter.type is not None:
            names |= {one.name for one in parameter.type.shape if isinstance(one, tree.Name)}
    return names
