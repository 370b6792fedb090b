"""Power series as long as the arithmetic asks: their coefficients are enough for float64, and in float32 the
last half of them adds less than a rounding.

A series is the side of a branch that is taken where |x| is below a radius, and so is what it may leave out.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import sympy

from objc.atoms import Branch
from objc.ir.program import Program
from objc.ir.symbols import Expression
from objc.target import DType

_NOTHING = sympy.Rational(1, 2**26)
"""A quarter of a rounding of float32."""

_FEW = 3
"""Coefficients of which none is left out."""


def as_long_as_asked(program: Program, dtype: DType) -> Program:
    """The program with series that are right to a rounding of the type that is computed in."""
    if dtype == "float64":
        return program
    lets = [replace(one, body=_shortened(one.body)) for one in program.lets]
    if all(new.body is old.body for new, old in zip(lets, program.lets, strict=True)):
        return program
    return program.with_lets(lets)


def _shortened(node: Any) -> Any:
    if not getattr(node, "args", ()) or not node.has(Branch):
        return node
    arguments = [_shortened(one) for one in node.args]
    if isinstance(node, Branch):
        within = _circle(arguments[0])
        if within is not None:
            arguments[1] = _cut(arguments[1], *within)
    if all(new is old for new, old in zip(arguments, node.args, strict=True)):
        return node
    return node.func(*arguments)


def _circle(condition: Any) -> tuple[Expression, Expression] | None:
    """(x, r) of |x| < r ≤ 1."""
    if not isinstance(condition, sympy.Lt):
        return None
    size, radius = condition.args
    if not isinstance(size, sympy.Abs) or not radius.is_Rational or radius > 1:
        return None
    return size.args[0], radius


def _cut(node: Any, x: Any, radius: Expression) -> Any:
    """An expression of which the polynomials in x have no addends that are nothing beside the first."""
    if not getattr(node, "args", ()):
        return node
    if isinstance(node, sympy.Add):
        return _cut_sum(node, x, radius)
    arguments = [_cut(one, x, radius) for one in node.args]
    if all(new is old for new, old in zip(arguments, node.args, strict=True)):
        return node
    return node.func(*arguments)


def _cut_sum(node: Any, x: Any, radius: Expression) -> Any:
    variable = sympy.Dummy()
    opaque = node.xreplace(_named(x, variable))
    if opaque.free_symbols != {variable} or not opaque.is_polynomial(variable):
        return node
    terms = sympy.Poly(opaque, variable).terms()[::-1]  # from the lowest power on
    if len(terms) <= _FEW or not all(one.is_Rational for _, one in terms):
        return node
    sizes = [abs(one) * radius ** power[0] for power, one in terms]
    if 2 * sum(sizes[1:]) > sizes[0]:
        return node
    count = len(terms)
    while count > 1 and sum(sizes[count - 1 :]) <= _NOTHING * sizes[0]:
        count -= 1
    kept = sympy.Poly(dict(terms[:count]), variable)
    return node if count == len(terms) else sympy.horner(kept.as_expr()).xreplace({variable: x})


def _named(x: Any, variable: Any) -> dict[Any, Any]:
    """What makes x the variable, wherever it stands; of a sum one addend, as c·x may stand there multiplied
    out."""
    if not isinstance(x, sympy.Add):
        return {x: variable}
    number, part = x.args[-1].as_coeff_Mul()
    return {part: (variable - (x - x.args[-1])) / number}
