"""Types of parameters: their domains, and their shapes as axes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import sympy

from objc.ir.domain import Domain
from objc.ir.index import Dimension
from objc.ir.program import Input, Role
from objc.ir.symbols import Expression, Extent, Read
from objc.passes.lower import constants, errors
from objc.passes.lower.dimensions import Axis
from objc.passes.lower.names import Named, Scope
from objc.passes.lower.order import names_in
from objc.passes.lower.resolve import number_of
from objc.passes.lower.values import Environment, Value
from objc.source import Span
from objc.syntax import tree

PLAIN = frozenset(
    {
        "real",
        "positive",
        "nonnegative",
        "probability",
        "simplex",
        "ordered",
        "sign",
        "binary",
        "count",
    }
)
"""The domains without arguments."""
_HYPERPARAMETERS = "numbers and scalar hyperparameters"


@dataclass(frozen=True)
class TypedParameter:
    """A parameter with its type, its own or that of the one before it."""

    parameter: tree.Parameter
    type: tree.Type | None

    @property
    def name(self) -> str:
        return self.parameter.name

    @property
    def span(self) -> Span:
        return self.parameter.name_span

    @property
    def ends(self) -> set[str]:
        """The names that the ends of its domain say."""
        if self.type is None or self.type.domain not in ("interval", "count"):
            return set()
        return {name for one in self.type.arguments for name in names_in(one)}

    def index_axis(self, scope: Scope) -> Axis | None:
        """The axis that an `index(K)` parameter points into."""
        if self.type is None or self.type.domain != "index" or len(self.type.arguments) != 1:
            return None
        return dimension_axis(self.type.arguments[0], scope)


def typed(*groups: Iterable[tree.Parameter], hyper: bool = False) -> list[TypedParameter]:
    """Parameters with their types. An input without one copies the one before it; a hyperparameter
    without one is real."""
    found: list[TypedParameter] = []
    previous: tree.Type | None = None
    for group in groups:
        for parameter in group:
            kind = parameter.type if hyper else parameter.type or previous
            found.append(TypedParameter(parameter, kind))
            previous = kind
    return found


def dimension_axis(node: tree.Expression, scope: Scope) -> Axis | None:
    """The axis that a dimension of a shape stands for: `K`, or `3`. None if it is neither."""
    program = scope.parent is None and not scope.context.stack[1:]
    if isinstance(node, tree.Name):
        if not node.name[:1].isupper():
            reason = "a dimension begins with a capital letter"
            scope.collector.add(errors.BadShape(node.span, node.name, reason))
            return None
        return scope.dimensions.axis(node.name, node.span, known=program)
    if isinstance(node, tree.Number):
        if not node.text.isdigit() or len(node.text) > 12 or int(node.text) < 1:
            reason = "an extent is a whole number from 1"
            scope.collector.add(errors.BadShape(node.span, node.text, reason))
            return None
        return Axis(Dimension(str(int(node.text)), int(node.text)), node.span)
    reason = "arithmetic on dimensions is not part of a shape"
    scope.collector.add(errors.BadShape(node.span, node.span.text, reason))
    return None


def shape_axes(parameter: TypedParameter, scope: Scope) -> tuple[Axis, ...]:
    """The axes of a parameter, one for each entry of its shape."""
    if parameter.type is None:
        return ()
    found = (dimension_axis(one, scope) for one in parameter.type.shape)
    return tuple(one if one is not None else Axis() for one in found)


def domain(parameter: TypedParameter, role: Role, axes: tuple[Axis, ...], scope: Scope) -> Domain:
    """The domain of a parameter of the declaration that is lowered."""
    kind = parameter.type
    if kind is None:
        return Domain("real")
    if kind.domain == "count" and kind.arguments:
        if len(kind.arguments) != 1:
            _wrong_arguments(kind, "nothing or its greatest number, as in `count(n)`", scope)
            return Domain("count")
        return _up_to(kind.arguments[0], parameter, role, axes, scope)
    if kind.domain in PLAIN:
        if kind.arguments:
            _wrong_arguments(kind, "nothing in parentheses", scope)
        if kind.domain == "ordered" and not axes:
            _wrong_arguments(kind, "a shape, as in `ordered[K]`", scope)
        return Domain(kind.domain)  # type: ignore[arg-type]
    if kind.domain == "index":
        if len(kind.arguments) != 1:
            _wrong_arguments(kind, "its dimension, as in `index(K)`", scope)
            return Domain("real")
        axis = dimension_axis(kind.arguments[0], scope)
        return Domain("index", dimension=axis.known if axis is not None else None)
    if kind.domain == "interval":
        if len(kind.arguments) != 2:
            _wrong_arguments(kind, "its two ends, as in `interval(0, 1)`", scope)
            return Domain("real")
        low, high = (_end(one, parameter, role, axes, scope) for one in kind.arguments)
        if sympy.Gt(low, high) == sympy.true:
            _wrong_arguments(kind, "its lower end first, as in `interval(0, 1)`", scope)
        least, most = (_named_by_inputs(one, scope) for one in (low, high))
        below, above = (_hull(one, scope) for one in (low, high))
        return Domain("interval", low=below[0], high=above[1], least=least, most=most)
    scope.collector.add(errors.UnknownDomain(kind.span, kind.domain))
    return Domain("real")


def _up_to(
    node: tree.Expression,
    parameter: TypedParameter,
    role: Role,
    axes: tuple[Axis, ...],
    scope: Scope,
) -> Domain:
    """`count(n)`, the whole numbers from 0 to n; n may be a dimension."""
    assert parameter.type is not None
    if isinstance(node, tree.Name) and node.name[:1].isupper():
        axis = dimension_axis(node, scope)
        if axis is None or axis.known is None:
            return Domain("count")
        return Domain("count", high=Extent(axis.known))
    end = _end(node, parameter, role, axes, scope)
    if not end.is_integer or end.is_negative:
        _wrong_arguments(parameter.type, "a whole number of at least 0, as in `count(n)`", scope)
        return Domain("count")
    high = _hull(end, scope)[1]
    bound = None if high is sympy.oo else high
    return Domain("count", high=bound, most=_named_by_inputs(end, scope))


def _end(
    node: tree.Expression,
    parameter: TypedParameter,
    role: Role,
    axes: tuple[Axis, ...],
    scope: Scope,
) -> Expression:
    """An end of a domain: of hyperparameters, and for what is no parameter itself of other inputs, which
    are scalars or have the same shape."""
    where, beside = "the end of a domain", _of_parameters(scope, "hyperparameter")
    if role in ("hyperparameter", "learned"):
        return restricted(node, beside, where, _HYPERPARAMETERS, _written(scope))
    named_here = set(names_in(node))
    axes_of = dict(scope.context.input_axes)
    for one in scope.context.inputs:
        is_input = one.role in ("differentiable", "data") and one.domain.kind != "index"
        if one.name not in named_here or one.name not in scope.names or not is_input:
            continue
        shape = [axis.known for axis in axes_of[one.name]]
        if shape and shape != [axis.known for axis in axes]:
            written = (f"[{', '.join(map(str, found))}]" for found in (axes_of[one.name], axes))
            scope.collector.add(
                errors.EndOfAnotherShape(node.span, one.name, parameter.name, *written)
            )
            return sympy.Integer(0)
        named = scope.names[one.name]
        beside.names[one.name] = Named(_same_entry(one, node.span), named.what, named.span)
    return restricted(node, beside, where, f"{_HYPERPARAMETERS} and inputs", _written(scope))


def _same_entry(one: Input, span: Span) -> Value:
    """An input as it stands in an end: a scalar, or the same entry of a tensor."""
    integral = bool(one.domain.assumptions.get("integer"))
    return Value(span, (), lambda *_: one.read(), integral=integral, atomic=True)


def _named_by_inputs(end: Expression, scope: Scope) -> Expression | None:
    """The end, where it is not of hyperparameters alone."""
    roles = {one.name: one.role for one in scope.context.inputs}
    is_of_inputs = any(roles[read.tensor] in ("differentiable", "data") for read in end.atoms(Read))
    return end if is_of_inputs else None


def _hull(end: Expression, scope: Scope) -> tuple[Expression, Expression]:
    """What an end is at least and at most, whatever the inputs are that it names."""
    if _named_by_inputs(end, scope) is None:
        return end, end
    if isinstance(end, Read):
        (one,) = (one for one in scope.context.inputs if one.name == end.tensor)
        return one.domain.bounds
    low = sympy.Integer(0) if end.is_nonnegative else -sympy.oo
    return low, sympy.Integer(0) if end.is_nonpositive else sympy.oo


def _wrong_arguments(kind: tree.Type, expected: str, scope: Scope) -> None:
    scope.collector.add(errors.BadDomainArguments(kind.span, kind.domain, expected))


def of_hyperparameters(node: tree.Expression, scope: Scope, where: str) -> Expression:
    """The expression of what stands beside the formula, a weight, or the argument of a claim: made of
    numbers, scalar hyperparameters and scalar learned parameters."""
    beside = _of_parameters(scope, "hyperparameter", "learned")
    return restricted(node, beside, where, _HYPERPARAMETERS, _written(scope))


def _of_parameters(scope: Scope, *roles: Role) -> Scope:
    """A scope of the scalar parameters alone."""
    beside = Scope(scope.context, scope.namespace, scope.dimensions, None)
    for one in scope.context.inputs:
        if one.role in roles:
            named = scope.names.get(one.name)
            if named is not None and isinstance(named.entity, Value) and not named.entity.axes:
                beside.names[one.name] = named
    return beside


def _written(scope: Scope) -> set[str]:
    """The names that the declaration has, whether or not they are hyperparameters."""
    declaration = scope.context.stack[0][0]
    signature = declaration.signature
    names = {p.name for p in (*signature.inputs, *signature.data, *signature.hyperparameters)}
    return names | {one.name for one in declaration.definitions}


def restricted(
    node: tree.Expression, scope: Scope, where: str, allowed: str, elsewhere: set[str]
) -> Expression:
    """An expression of the names in `scope` only, without a let; those of `elsewhere` are known and
    may not stand here."""
    collector = scope.collector
    outside = any(scope.lookup(n) is None and n in elsewhere for n in names_in(node))
    if outside or _has_reduction(node):
        collector.add(errors.NotOfHyperparameters(node.span, where, allowed))
        return sympy.Integer(1)
    value = number_of(node, scope)
    if value.broken:
        return sympy.Integer(1)
    if value.axes:
        collector.add(errors.TensorForScalar(node.span, value.shape, where))
        return sympy.Integer(1)
    before = len(scope.context.builder.lets)
    expression = constants.checked(value.build(Environment(), ()), node.span, collector)
    if len(scope.context.builder.lets) != before:
        del scope.context.builder.lets[before:]
        collector.add(errors.NotOfHyperparameters(node.span, where, allowed))
        return sympy.Integer(1)
    constants.check_body(expression, collector, node.span)
    return expression


def _has_reduction(node: tree.Expression) -> bool:
    return isinstance(node, tree.Reduction | tree.Subscript)
