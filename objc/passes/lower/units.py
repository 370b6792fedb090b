"""Units: sums want one, products and powers carry them, functions such as `exp` want none.

A second walk over the text of a declaration that has been lowered, taken only where a unit is declared in
it or in what it calls. Inputs without a unit are pure numbers; a hyperparameter or a learned parameter
without one takes what it needs, a literal weight or argument too. What is wrong inside of a called
declaration is reported at the call.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import TYPE_CHECKING, TypeAlias

from objc.errors import Collector, Diagnostic
from objc.passes.lower import errors
from objc.passes.lower.order import Group, groups_of, names_in, parts_of
from objc.passes.lower.shapes import TypedParameter, typed
from objc.passes.lower.unit_algebra import NONE, Equations, Unit, unit_of
from objc.source import Span
from objc.syntax import tree

if TYPE_CHECKING:
    from objc.passes.lower.loading import Namespace

Target: TypeAlias = "tuple[tree.Declaration, Namespace]"

PURE = frozenset({"probability", "simplex", "sign", "binary", "index", "count"})
"""Domains of pure numbers."""

KEPT = frozenset({"abs", "relu", "stop_gradient"})
ALIKE = frozenset({"max", "min", "clip"})
FREE = frozenset({"sign", "argsort"})
"""Elementary functions that keep the unit, want arguments alike, or take any and give a number. `sqrt`
halves the exponents; the others want pure numbers."""


def check_units(declaration: tree.Declaration, namespace: Namespace, collector: Collector) -> None:
    """Collect what is wrong with the units of a declaration."""
    if _declares_units(declaration, namespace):
        _Check(collector).declaration(declaration, namespace)


def _declares_units(declaration: tree.Declaration, namespace: Namespace) -> bool:
    """Whether a unit stands in the signature, or in that of something called, at any distance."""
    waiting: list[Target] = [(declaration, namespace)]
    seen: set[int] = set()
    while waiting:
        here, names = waiting.pop()
        if id(here) in seen:
            continue
        seen.add(id(here))
        for part in parts_of(here):
            if isinstance(part, tree.Type) and part.unit:
                return True
            called = getattr(part, "function", None) or getattr(part, "name", None)
            if isinstance(part, tree.Call | tree.Name) and isinstance(called, str):
                found = names.find(called)
                if found is not None:
                    waiting.append(found)
    return False


@dataclass(frozen=True)
class _Local:
    """A function under `where`, with the names around it."""

    definition: tree.Definition
    frame: _Frame


@dataclass(frozen=True)
class _Frame:
    """The names at one place. `call` is the call in the user's text that has led here, with the name of
    what was called."""

    namespace: Namespace
    names: dict[str, Unit | _Local]
    groups: Mapping[str, Group] = field(default_factory=dict)
    call: tuple[Span, str] | None = None
    around: _Frame | None = None

    def holder(self, name: str) -> _Frame | None:
        """The frame that has a name."""
        frame: _Frame | None = self
        while frame is not None:
            if name in frame.names or name in frame.groups:
                return frame
            frame = frame.around
        return None


class _Check:
    def __init__(self, collector: Collector) -> None:
        self.collector = collector
        self.equations = Equations()
        self.learned: dict[tuple[int, str], Unit] = {}

    # ------------------------------------------------------------------ declarations

    def declaration(self, declaration: tree.Declaration, namespace: Namespace) -> None:
        frame = _Frame(namespace, {}, groups_of(declaration.definitions))
        signature = declaration.signature
        for one in typed(signature.inputs, signature.data):
            frame.names[one.name] = _declared(one) or NONE
        for one in typed(signature.hyperparameters, hyper=True):
            frame.names[one.name] = self._open(one)
        if isinstance(declaration, tree.Objective):
            self._terms(declaration, frame)
        elif isinstance(declaration, tree.Scalar | tree.Function):
            self.unit(declaration.value, frame)

    def _open(self, parameter: TypedParameter) -> Unit:
        """The unit of a hyperparameter or a learned parameter: what it needs, where none is said."""
        declared = _declared(parameter)
        return self.equations.unknown() if declared is None else declared

    def _terms(self, declaration: tree.Objective, frame: _Frame) -> None:
        weights = {one.name: one.value for one in declaration.weights}
        first: tuple[str, Unit, Span] | None = None
        for term in declaration.terms:
            unit = self.unit(term.value, frame)
            if term.name in weights:
                unit = unit * self._weight(weights[term.name], declaration, frame)
            elif declaration.combine == "uncertainty" and not term.over_parameters:
                unit = NONE  # its learned weight has the inverse unit
            if first is None:
                first = (term.name, unit, term.value.span)
            elif not self.equations.same(first[1], unit):
                one, other = (str(self.equations.solved(each)) for each in (unit, first[1]))
                self.collector.add(
                    errors.UnlikeTerms(term.value.span, term.name, one, first[0], other, first[2])
                )

    def _weight(self, node: tree.Expression, declaration: tree.Objective, frame: _Frame) -> Unit:
        """The unit of a term's weight: what the term needs, unless the weight is made of units."""
        stated = {
            one.name
            for one in declaration.signature.hyperparameters
            if one.type is not None and one.type.unit
        }
        if stated.isdisjoint(names_in(node)):
            return self.equations.unknown()
        return self.unit(node, frame)

    # ------------------------------------------------------------------ expressions

    def unit(self, node: tree.Expression, frame: _Frame) -> Unit:
        """The unit of an expression."""
        match node:
            case tree.Number():
                return NONE if node.value else self.equations.unknown()
            case tree.Name():
                return self._name(node.name, frame)
            case tree.Subscript():
                return self.unit(node.base, frame)
            case tree.Call():
                return self._call(node, frame)
            case tree.Unary():
                return self.unit(node.operand, frame)
            case tree.Binary():
                return self._binary(node, frame)
            case tree.Conditional():
                self.unit(node.condition, frame)
                return self._alike("an `if`", [node.then, node.otherwise], frame)
            case tree.Reduction():
                return self._reduction(node, frame)
        return self._condition(node, frame)

    def _condition(self, node: tree.Expression, frame: _Frame) -> Unit:
        match node:
            case tree.Comparison():
                self._alike("a comparison", [node.left, node.right], frame)
            case tree.Logical():
                self.unit(node.left, frame)
                self.unit(node.right, frame)
            case tree.Not():
                self.unit(node.operand, frame)
            case tree.Iverson():
                self.unit(node.condition, frame)
        return NONE

    def _name(self, name: str, frame: _Frame) -> Unit:
        holder = frame.holder(name)
        if holder is None:  # an index, a dimension, a constant
            return self.equations.unknown() if name == "inf" else NONE
        if name not in holder.names:
            self._define(holder, name)
        found = holder.names[name]
        return found if isinstance(found, Unit) else NONE

    def _define(self, holder: _Frame, name: str) -> None:
        """Find the unit of a definition; an equation may refer to the name itself."""
        equations = holder.groups[name].equations
        if equations[0].parameters is not None:
            holder.names[name] = _Local(equations[0], holder)
            return
        unit = holder.names[name] = self.equations.unknown()
        for one in equations:
            found = self.unit(one.value, holder)
            self._require_same("equations", one.value.span, found, unit, None, holder)

    def _binary(self, node: tree.Binary, frame: _Frame) -> Unit:
        spine = [node]
        while isinstance(left := spine[-1].left, tree.Binary) and left.operator != "^":
            spine.append(left)
        if node.operator == "^":
            return self._power(node, frame)
        found = self.unit(spine[-1].left, frame)
        for step in reversed(spine):
            right = self.unit(step.right, frame)
            if step.operator == "*":
                found = found * right
            elif step.operator == "/":
                found = found / right
            else:
                what = "a sum" if step.operator == "+" else "a difference"
                span = step.right.span
                self._require_same(what, span, right, found, step.left.span, frame)
        return found

    def _power(self, node: tree.Binary, frame: _Frame) -> Unit:
        exponent = _constant(node.right)
        base = self.unit(node.left, frame)
        if exponent is not None:
            return base.power(exponent)
        self._require_none("an exponent", node.right, frame)
        self._none("the base of an exponent that varies", node.left.span, base, frame)
        return NONE

    def _reduction(self, node: tree.Reduction, frame: _Frame) -> Unit:
        if node.guard is not None:
            self.unit(node.guard, frame)
        if node.operator in ("prod", "logsumexp"):
            self._require_none(f"`{node.operator}`", node.body, frame)
            return NONE
        found = self.unit(node.body, frame)
        return found if node.operator in ("sum", "mean", "max", "min") else NONE

    # ------------------------------------------------------------------ calls

    def _call(self, node: tree.Call, frame: _Frame) -> Unit:
        given = (*node.arguments, *(node.data or ()))
        holder = frame.holder(node.function)
        if holder is not None:
            self._name(node.function, frame)
            local = holder.names[node.function]
            units = [self.unit(one, frame) for one in given]
            return self._local(local, units) if isinstance(local, _Local) else NONE
        target = frame.namespace.find(node.function)
        if target is not None:
            return self._declared_call(
                node, target, [self.unit(one, frame) for one in given], frame
            )
        if node.function == "gradient" and len(given) == 2:
            return self._gradient(given[0], self.unit(given[1], frame), node, frame)
        return self._elementary(node.function, list(given), frame)

    def _elementary(self, name: str, given: list[tree.Expression], frame: _Frame) -> Unit:
        if name in ALIKE:
            return self._alike(f"`{name}`", given, frame)
        if name in KEPT | FREE | {"sqrt"}:
            found = [self.unit(one, frame) for one in given]
            if name in FREE or not found:
                return NONE
            return found[0].power(Fraction(1, 2)) if name == "sqrt" else found[0]
        for one in given:
            self._require_none(f"`{name}`", one, frame)
        return NONE

    def _local(self, local: _Local, units: list[Unit]) -> Unit:
        parameters = local.definition.parameters or ()
        names: dict[str, Unit | _Local] = {}
        for one, unit in zip(parameters, units, strict=False):
            names[one.name] = unit
        inner = replace(local.frame, names=names, groups={}, around=local.frame)
        return self.unit(local.definition.value, inner)

    def _gradient(
        self, function: tree.Expression, at: Unit, node: tree.Call, frame: _Frame
    ) -> Unit:
        """The unit of a derivative: that of the function over that of its argument."""
        name = function.name if isinstance(function, tree.Name) else ""
        holder = frame.holder(name)
        target = frame.namespace.find(name)
        if holder is not None:
            self._name(name, frame)
            local = holder.names[name]
            return (self._local(local, [at]) if isinstance(local, _Local) else NONE) / at
        if target is not None:
            return self._declared_call(node, target, [at], frame) / at
        return NONE

    def _declared_call(
        self, node: tree.Call, target: Target, given: list[Unit], frame: _Frame
    ) -> Unit:
        declaration, namespace = target
        call = frame.call or (node.span, node.function)
        inner = _Frame(namespace, {}, groups_of(declaration.definitions), call)
        signature = declaration.signature
        arguments = (*node.arguments, *(node.data or ()))
        parameters = typed(signature.inputs, signature.data)
        for at, one in enumerate(parameters[: len(given)]):
            span = arguments[at].span if at < len(arguments) else node.span
            inner.names[one.name] = self._passed(one, given[at], span, node.function, frame)
        keywords = {one.name: one.value for one in node.keywords}
        for one in typed(signature.hyperparameters, hyper=True):
            if one.name in keywords:
                value = keywords[one.name]
                unit = self._passed(
                    one, self._argument(value, frame), value.span, node.function, frame
                )
            elif one.parameter.learn:
                unit = self.learned.setdefault((id(declaration), one.name), self._open(one))
            else:
                unit = self._open(one)
            inner.names[one.name] = unit
        if isinstance(declaration, tree.Scalar | tree.Function):
            return self.unit(declaration.value, inner)
        return NONE

    def _argument(self, node: tree.Expression, frame: _Frame) -> Unit:
        """The unit of a weight or of a hyperparameter that is given: a number takes what it needs."""
        return self.equations.unknown() if _constant(node) is not None else self.unit(node, frame)

    def _passed(
        self, parameter: TypedParameter, unit: Unit, span: Span, function: str, frame: _Frame
    ) -> Unit:
        declared = _declared(parameter)
        if declared is None:
            return unit
        if not self.equations.same(declared, unit):
            shown = str(self.equations.solved(unit))
            found = errors.UnitOfArgument(span, parameter.name, function, str(declared), shown)
            self._report(found, frame)
        return declared

    # ------------------------------------------------------------------ what has to hold

    def _alike(self, what: str, nodes: list[tree.Expression], frame: _Frame) -> Unit:
        first = self.unit(nodes[0], frame) if nodes else NONE
        for one in nodes[1:]:
            unit = self.unit(one, frame)
            self._require_same(what, one.span, unit, first, nodes[0].span, frame)
        return first

    def _require_same(
        self, what: str, span: Span, unit: Unit, first: Unit, other: Span | None, frame: _Frame
    ) -> None:
        if not self.equations.same(first, unit):
            left, right = (str(self.equations.solved(one)) for one in (first, unit))
            self._report(errors.UnlikeUnits(span, what, left, right, other), frame)

    def _require_none(self, what: str, node: tree.Expression, frame: _Frame) -> None:
        self._none(what, node.span, self.unit(node, frame), frame)

    def _none(self, what: str, span: Span, unit: Unit, frame: _Frame) -> None:
        if not self.equations.same(unit, NONE):
            shown = str(self.equations.solved(unit))
            self._report(errors.UnitWhereNone(span, what, shown), frame)

    def _report(self, found: Diagnostic, frame: _Frame) -> None:
        """Report at its place, or where the user called what it stands in."""
        if frame.call is not None:
            span, inside = frame.call
            known = {"inside": inside} if hasattr(found, "inside") else {}
            found = replace(found, span=span, **known)
        self.collector.add(found)


def _declared(parameter: TypedParameter) -> Unit | None:
    """The unit that a parameter's type states, or implies by its domain; None where it says nothing."""
    if parameter.type is None:
        return None
    if parameter.type.unit:
        return unit_of((one.name, one.exponent) for one in parameter.type.unit)
    return NONE if parameter.type.domain in PURE else None


def _constant(node: tree.Expression) -> Fraction | None:
    """The value of an expression of literals."""
    match node:
        case tree.Number():
            return node.value
        case tree.Unary():
            value = _constant(node.operand)
            return None if value is None else -value if node.operator == "-" else value
        case tree.Binary() if node.operator != "^":
            left, right = _constant(node.left), _constant(node.right)
            if left is None or right is None or (node.operator == "/" and not right):
                return None
            values = {"+": left + right, "-": left - right, "*": left * right}
            return left / right if node.operator == "/" else values[node.operator]
    return None
