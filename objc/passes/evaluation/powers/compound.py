"""Powers of one and a little to a large exponent: (1 + q·x)^(1/q) is exp(log1p(q·x)/q) for a small q.

Added to one, of q·x a rounding of one is lost, and the exponent multiplies it: the exponential of a degree
(Tsallis 1988), compound interest.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import sympy

from objc.atoms import Branch, log1p
from objc.ir.program import Program
from objc.ir.symbols import Read
from objc.passes.rewrites.forms import HALF


def compound(program: Program) -> Program:
    """The program with such powers by logarithms where what is added to one is less than a half."""
    return program.with_lets(
        replace(let, body=let.body.xreplace(found))
        if (found := {one: _by_logarithm(one) for one in _compounds(let.body)})
        else let
        for let in program.lets
    )


def _compounds(body: Any) -> list[Any]:
    return [one for one in body.atoms(sympy.Pow) if _is_compound(one)]


def _is_compound(node: Any) -> bool:
    """Whether what is added to one has a factor that the exponent divides by."""
    if not isinstance(node, sympy.Pow) or node.exp.is_number:
        return False
    constant, rest = node.base.as_coeff_Add()
    if constant != 1 or rest.is_Add or not rest.is_extended_real:
        return False
    degrees = _degrees(rest)
    return any(
        degree * degrees.get(one, 0) < 0
        for term in sympy.Add.make_args(node.exp)
        for one, degree in _degrees(term).items()
    )


def _degrees(product: Any) -> dict[Any, Any]:
    """The numbers that the entries of a product are raised to."""
    powers = (one.as_base_exp() for one in sympy.Mul.make_args(product))
    return {base: n for base, n in powers if isinstance(base, Read) and n.is_number}


def _by_logarithm(power: Any) -> Any:
    rest = power.base - 1
    near = sympy.exp(power.exp * log1p(rest), evaluate=False)
    return Branch(sympy.Lt(sympy.Abs(rest), HALF), near, power)
