"""Derivatives of a formula in one scalar input, for bounds on slopes and curvatures.

The compiler's own differentiation is a pass; the analyses differentiate for themselves, through the
table of atoms, so that neither is believed alone.
"""

from __future__ import annotations

from typing import Any

import sympy

from objc.analysis.formulas import influences
from objc.analysis.values.interval import atom_of
from objc.atoms import Branch, stop_gradient
from objc.errors import InternalError
from objc.ir.program import Program
from objc.ir.symbols import Expression, Read, reads


def slope(program: Program, expression: Expression, name: str) -> Expression | None:
    """The derivative of an expression of whole formulas in a scalar input, the subgradients of the
    language at kinks; None where the input is a tensor or is reduced over, or where stop_gradient makes
    the derivative another than that of the value."""
    tensor = program.input[name]
    if tensor.dimensions or expression.has(stop_gradient):
        return None
    influenced = influences(program)
    inner = {read.tensor for read in reads(expression)}
    if any(name in influenced.get(one, ()) for one in inner):
        return None
    return _Derivative(tensor.read()).of(expression)


class _Derivative:
    def __init__(self, variable: Read) -> None:
        self.variable = variable
        self._known: dict[Any, Any] = {}

    def of(self, node: Any) -> Any:
        if node not in self._known:
            self._known[node] = self._of(node)
        return self._known[node]

    def _of(self, node: Any) -> Any:
        if node == self.variable:
            return sympy.Integer(1)
        if not node.has(self.variable):
            return sympy.Integer(0)
        match node:
            case sympy.Add():
                return sympy.Add(*map(self.of, node.args))
            case sympy.Mul():
                return self._product(node)
            case sympy.Pow():
                return self._power(node.base, node.exp)
            case Branch():
                condition, then, otherwise = node.args
                return Branch(condition, self.of(then), self.of(otherwise))
            case sympy.polygamma():
                order, inner = node.args
                return sympy.polygamma(order + 1, inner) * self.of(inner)
        atom = atom_of(node)
        if atom is None:
            raise InternalError(f"no derivative of {node.func}")
        parts = zip(atom.derivatives, node.args, strict=True)
        return sympy.Add(*(rule(*node.args) * self.of(one) for rule, one in parts))

    def _product(self, node: Any) -> Any:
        parts = []
        for place, one in enumerate(node.args):
            others = node.args[:place] + node.args[place + 1 :]
            parts.append(sympy.Mul(self.of(one), *others))
        return sympy.Add(*parts)

    def _power(self, base: Any, exponent: Any) -> Any:
        if not exponent.has(self.variable):
            return exponent * base ** (exponent - 1) * self.of(base)
        growth = self.of(exponent) * sympy.log(base)
        return base**exponent * (growth + exponent * self.of(base) / base)
