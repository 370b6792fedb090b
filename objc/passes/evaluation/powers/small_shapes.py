"""Logarithms of one and a product, over a factor of it that may be nearly zero: log(1 + k·r)/k is r there.

Tails of a shape k, the generalized Pareto distribution (Pickands 1975) and that of extreme values (Jenkinson
1955), become exponential where it is zero, and the derivatives by it are differences that cancel to the
second order and the third: log1p(k·r)/k² − r/(k·(1 + k·r)). With u = k·r each is r² times a function of u
alone, of which there is a series. Far from zero the formula stays as it stands.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any, TypeAlias

import sympy

from objc.atoms import Branch, log1p, quotient, sigmoid, softplus, xlog1py, xlogy
from objc.ir.domain import REAL
from objc.ir.program import Let, Program
from objc.ir.recurrence import members
from objc.ir.spelling import spelled
from objc.ir.symbols import Expression, Read, indices_of
from objc.passes.evaluation.differences.cancellation import series_at_zero
from objc.passes.evaluation.nodes import Making
from objc.passes.rewrites.forms import ONE, ZERO, is_short
from objc.passes.tidying.inline import size

_MOST_NODES = 300
_FUNCTIONS = (log1p, xlog1py, softplus)
PRODUCT = Read("product", (), {"real": True})
"""u = k·r."""

_Near: TypeAlias = tuple[list[Any], list[tuple[Any, Any]], dict[Any, Any]]


def shapes_near_zero(program: Program) -> Program:
    """The program with what cancels where a shape is nearly zero by its series in the product."""
    return _Making(program).changed()


class _Making(Making):
    """Series and what they are of have names: the derivatives of an exponential have them several times."""

    def __init__(self, program: Program) -> None:
        super().__init__(program)
        self.named: dict[Any, Let] = {}

    def changed(self) -> Program:
        inside = members(self.program)
        for let in self.program.lets:
            body = let.body
            if let.reduction is None and let.name not in inside and body.has(*_FUNCTIONS):
                body = self.of(body)
            self.lets.append(let if body == let.body else replace(let, body=body))
        return self.program.with_lets(self.lets)

    def of(self, node: Any) -> Any:
        """An expression with its sums changed, the outermost that can be."""
        if not getattr(node, "args", ()) or not node.has(*_FUNCTIONS):
            return node
        found = self.change(node) if isinstance(node, sympy.Add) else None
        return node.func(*map(self.of, node.args)) if found is None else found

    def change(self, node: Any, reader: Let | None = None) -> Expression | None:
        for shape, product in _products(node) if size(node) <= _MOST_NODES else ():
            found = _near_zero(node, shape, product)
            if found is not None:
                conditions, left, back = found
                back[PRODUCT] = self._name("product", product)
                near = [a * self._name("tail", b.xreplace(back)) for a, b in left]
                conditions = [one.xreplace(back) for one in conditions]
                return Branch(sympy.And(*conditions), sympy.Add(*near).xreplace(back), node)
        return None

    def _name(self, kind: str, body: Any) -> Expression:
        if not body.args or body.is_number:
            return body
        if body not in self.named:
            free = tuple(sorted(indices_of(body), key=lambda index: index.name))
            self.named[body] = Let(self.names.fresh(kind), free, body, domain=REAL)
            self.lets.append(self.named[body])
        return self.named[body].read(*self.named[body].free)


def _products(node: Any) -> list[tuple[Read, Expression]]:
    """(k, k·r) of every log1p(k·r) in an expression, those first of which k divides."""
    below = {
        one.base
        for one in node.atoms(sympy.Pow)
        if one.exp.is_Integer and one.exp < 0 and isinstance(one.base, Read)
    }
    below |= {one.args[1] for one in node.atoms(quotient) if isinstance(one.args[1], Read)}
    found = set()
    for one in node.atoms(*_FUNCTIONS):
        argument = one.args[-1]
        if isinstance(one, softplus):  # of x + log k
            logs = [log for log in argument.args if isinstance(log, sympy.log)]
            argument = sympy.exp(argument) if logs else ZERO
        names = [each for each in sympy.Mul.make_args(argument) if isinstance(each, Read)]
        found |= {(k, argument) for k in names if k.is_real and not (argument / k).has(k)}
    return sorted(
        found, key=lambda pair: (pair[0] not in below, spelled(pair[0]), spelled(pair[1]))
    )


def _near_zero(node: Any, shape: Any, product: Any) -> _Near | None:
    """Where a sum cancels for a shape that is nearly zero; what is left of it there, as pairs of what has no
    part in the cancelling and what has; and what the names in them stand for."""
    opening = _Opening(shape, product)
    above = Read("above", (), {"positive": True})  # 1 + u: SymPy would multiply denominators out
    whole = opening.of(node).xreplace({ONE + PRODUCT: above})
    if not is_short(whole):
        return None
    groups: dict[Any, Expression] = {}
    for addend in sympy.Add.make_args(sympy.expand(whole)):
        beside, own = addend.as_independent(PRODUCT, above, as_Add=False)
        number, beside = beside.as_coeff_Mul()
        groups[beside] = groups.get(beside, ZERO) + number * own.xreplace({above: ONE + PRODUCT})
    conditions: dict[Any, None] = {}
    left = []
    for beside, own in groups.items():
        branch = series_at_zero(own, PRODUCT) if isinstance(own, sympy.Add) else None
        if branch is not None:
            conditions[branch.args[0]] = None
            own = branch.args[1]
        left.append((beside, own))
    if not conditions:
        return None
    return [*opening.conditions, *conditions], left, dict(opening.kept)


@dataclass
class _Opening:
    """An expression of the shape k as one of u = k·r: logarithms of 1 + u in the open, what is guarded
    against a weight of zero without its guard (the condition is kept), powers and exponentials by a name."""

    shape: Any
    product: Any
    conditions: list[Any] = field(default_factory=list)
    kept: dict[Any, Any] = field(default_factory=dict)

    def of(self, node: Any) -> Any:
        if node == self.shape:
            return PRODUCT * self.shape / self.product
        if node == self.product:
            return PRODUCT
        if not getattr(node, "args", ()) or not node.has(self.shape):
            return node
        if isinstance(node, Branch):
            return self._of_guarded(node)
        if isinstance(node, (softplus, sigmoid)):
            return self._of_gate(node)
        if isinstance(node, sympy.exp):
            return self._named(node)
        if isinstance(node, sympy.Pow) and not node.exp.is_number:
            return self._of_power(node)
        if isinstance(node, quotient):
            above, below = map(self.of, node.args)
            return above / _factored(below)
        if isinstance(node, xlog1py):
            return self.of(node.args[0]) * self.of(log1p(node.args[1]))
        if isinstance(node, xlogy):
            weight, argument = node.args
            return self.of(weight) * self._logarithm(argument)
        if isinstance(node, sympy.log):
            return self._logarithm(node.args[0])
        if isinstance(node, sympy.Mul):
            rest = node / self.product
            if not rest.has(self.shape):
                return rest * PRODUCT
        if isinstance(node, sympy.Pow):
            return _factored(self.of(node.base)) ** node.exp
        return node.func(*map(self.of, node.args))

    def _logarithm(self, argument: Any) -> Expression:
        if sympy.expand(argument - 1 - self.product) == 0:
            return log1p(PRODUCT)
        return sympy.log(self.of(argument))

    def _of_gate(self, node: Any) -> Expression:
        """log(1 + u) and its derivatives, of u = exp(x + log k)."""
        if sympy.exp(node.args[0]) == self.product:
            return log1p(PRODUCT) if isinstance(node, softplus) else PRODUCT / (ONE + PRODUCT)
        if isinstance(node, sigmoid) and sympy.exp(-node.args[0]) == self.product:
            return 1 / (ONE + PRODUCT)
        return self._named(node)

    def _of_guarded(self, node: Any) -> Expression:
        condition, then, otherwise = node.args
        if isinstance(condition, sympy.Eq) and condition.rhs == 0 and then == 0:
            self.conditions.append(sympy.Ne(condition.lhs, 0))
            return self.of(otherwise)
        if isinstance(condition, sympy.Ne) and condition.rhs == 0 and otherwise == 0:
            self.conditions.append(condition)
            return self.of(then)
        return self._named(node)

    def _of_power(self, node: Any) -> Expression:
        """(1 + u)ⁿ⁺ᵐ with a number n: the other part is an exponential."""
        if sympy.expand(node.base - 1 - self.product) != 0:
            return self._named(node)
        number, rest = node.exp.as_coeff_Add()
        power = sympy.exp(rest * log1p(self.product), evaluate=False)
        return (ONE + PRODUCT) ** number * self._named(power)

    def _named(self, node: Any) -> Read:
        for name, known in self.kept.items():
            if known == node:
                return name
        name = Read(f"kept_{len(self.kept)}", (), {"real": True})
        self.kept[name] = node
        return name


def _factored(total: Any) -> Expression:
    """s + u·s as s·(1 + u)."""
    return sympy.factor_terms(total) if isinstance(total, sympy.Add) else total
