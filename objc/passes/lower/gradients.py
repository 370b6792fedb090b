"""`gradient(f, x)`: the compiler's own derivative of a function of one tensor, at a place.

The function's body is built once, of an argument that is a tensor nobody has. What it makes of that
argument is taken out of the program again, differentiated by the compiler's pass, and put back with
the argument's reads replaced by those of `x` (`splicing`). So it nests, and is differentiated in turn.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from objc.ir.symbols import Condition, Expression, Read
from objc.passes.lower import errors
from objc.passes.lower.builder import indices_of
from objc.passes.lower.calls import call
from objc.passes.lower.functions import ELEMENTARY
from objc.passes.lower.inlining import positional
from objc.passes.lower.names import LocalFunction, Scope
from objc.passes.lower.order import names_in
from objc.passes.lower.resolve import value_of
from objc.passes.lower.splicing import Excerpt, Splice
from objc.passes.lower.values import Environment, Positions, Value, broken
from objc.source import Span
from objc.syntax import tree

_ARGUMENT = "·argument"
"""What the argument is called while the function is resolved: no text can say it."""


def gradient(node: tree.Call, scope: Scope) -> Value:
    """Resolve a derivative: a tensor of the shape of the place at which it is taken."""
    function = _function(node, scope)
    if function is None:
        return broken(node.span)
    place = value_of(positional(node)[1], scope)
    if place.broken or not _is_real(node, place, scope):
        return broken(node.span)
    context = scope.context
    excerpt = Excerpt(context, context.builder.fresh(function.parameter), place.axes, node.span)
    inner = replace(scope.child(), differentiated=f"`{function.name}`")
    inner.define(_ARGUMENT, excerpt.argument, "an argument", place.span)
    argument = tree.Name(place.span, _ARGUMENT)
    body = call(
        tree.Call(node.span, function.name, function.span, (argument,), None, node.keywords), inner
    )
    if body.broken or not _is_differentiable(node, function, body, scope):
        return broken(node.span)
    return _Gradient(node, scope, function.name, excerpt, place, body).value


# ------------------------------------------------------------------- what may stand there


@dataclass(frozen=True)
class _Function:
    """The function of which the derivative is taken, and what its argument is called."""

    name: str
    parameter: str
    span: Span


def _function(node: tree.Call, scope: Scope) -> _Function | None:
    """The first argument: a function of one tensor."""
    given, collector = positional(node), scope.collector
    if len(given) != 2:
        expected = "2 arguments, a function and the place of its derivative"
        collector.add(errors.WrongNumberOfArguments(node.span, node.function, expected, len(given)))
        return None
    first = given[0]
    if not isinstance(first, tree.Name):
        collector.add(errors.GradientOfNoFunction(first.span, first.span.text))
        return None
    parameters = _parameters(first, scope)
    if parameters is None:
        return None
    if len(parameters) != 1:
        collector.add(errors.GradientOfSeveral(first.span, first.name, parameters))
        return None
    if not _is_used(first, parameters[0], scope):
        reason = f"it says nothing of its argument `{parameters[0]}`"
        collector.add(errors.GradientIsZero(first.span, first.name, reason))
        return None
    return _Function(first.name, parameters[0], first.span)


def _is_used(first: tree.Name, parameter: str, scope: Scope) -> bool:
    """Whether a local function says its argument's name."""
    named = scope.lookup(first.name)
    if named is None or not isinstance(named.entity, LocalFunction):
        return True
    return parameter in names_in(named.entity.definition.value)


def _parameters(first: tree.Name, scope: Scope) -> tuple[str, ...] | None:
    """What the arguments of a function are called. None, reported, if it is not a function."""
    named = scope.lookup(first.name)
    if named is not None and isinstance(named.entity, LocalFunction):
        return tuple(one.name for one in named.entity.definition.parameters or ())
    found = scope.namespace.find(first.name) if named is None else None
    if found is not None and isinstance(found[0], tree.Scalar | tree.Function):
        signature = found[0].signature
        return tuple(one.name for one in (*signature.inputs, *signature.data))
    if named is None and first.name in ELEMENTARY:
        return ("a", "b", "c")[: ELEMENTARY[first.name].least]
    if named is None and found is None and first.name not in scope.candidates():
        names = (*ELEMENTARY, *scope.namespace.callables(), *scope.local_functions())
        scope.collector.add(errors.UnknownFunction(first.span, first.name, names))
    elif named is None or not isinstance(named.entity, Value) or not named.entity.broken:
        scope.collector.add(errors.GradientOfNoFunction(first.span, first.name))
    return None


def _is_real(node: tree.Call, place: Value, scope: Scope) -> bool:
    """Whether there are neighbours of the place to compare with."""
    whole = place.integral and any(True for _ in names_in(positional(node)[1]))
    if not (place.is_condition or place.indexes is not None or whole):
        return True
    what = "a condition" if place.is_condition else "a whole number"
    if place.indexes is not None:
        what = "an index"
    scope.collector.add(errors.GradientAtNoReal(place.span, what))
    return False


def _is_differentiable(node: tree.Call, function: _Function, body: Value, scope: Scope) -> bool:
    span, name = positional(node)[0].span, function.name
    if body.is_condition or body.categorical:
        what = "a condition" if body.is_condition else "an index"
        scope.collector.add(errors.GradientIsZero(span, name, f"its value is {what}"))
    elif body.axes:
        scope.collector.add(errors.GradientOfTensor(span, name, body.shape))
    else:
        return True
    return False


# ------------------------------------------------------------------- what is made of it


class _Gradient:
    """One derivative, resolved, and how its lets are made."""

    def __init__(
        self,
        node: tree.Call,
        scope: Scope,
        name: str,
        excerpt: Excerpt,
        place: Value,
        body: Value,
    ) -> None:
        self.node = node
        self.scope = scope
        self.name = name
        self.excerpt = excerpt
        self.place = place
        self.body = body
        self._made: dict[Positions, list[tuple[tuple[Condition, ...], Read]]] = {}

    @property
    def value(self) -> Value:
        return Value(
            self.node.span,
            self.place.axes,
            self._build,
            risky=self.place.risky or self.body.risky,
            atomic=True,
        )

    def _build(self, environment: Environment, positions: Positions) -> Expression:
        read = self._entry(environment)
        places = read.positions[: len(read.positions) - len(positions)]
        return read.at((*places, *positions))

    def _entry(self, environment: Environment) -> Read:
        """The derivative, read at the indices around; its own axes come last."""
        key = tuple(environment.positions[one] for one in self.scope.variables)
        risky = self.value.risky
        for path, read in self._made.setdefault(key, []):
            if not risky or path == environment.path[: len(path)]:
                return read
        read = self._make(environment)
        self._made[key].append((environment.path, read))
        return read

    def _make(self, environment: Environment) -> Read:
        context = self.scope.context
        context.spend(self.node.span)
        seen = replace(
            environment.only(self.scope.variables),
            path=environment.path,
            reserved=environment.active | _names(environment.path),
        )
        start = len(context.builder.lets)
        output = self.body.build(seen, ())
        self.excerpt.take(start, seen)
        if self.excerpt.only_picks(output):
            reason = "it depends on its argument through counts and places only"
            span = positional(self.node)[0].span
            context.collector.add(errors.GradientIsZero(span, self.name, reason))
            context.collector.stop()
        return Splice(self.excerpt, self.place, seen).put(output, self.value.risky)


def _names(path: tuple[Condition, ...]) -> set[str]:
    return {index.name for condition in path for index in indices_of(condition)}


__all__ = ["gradient"]
