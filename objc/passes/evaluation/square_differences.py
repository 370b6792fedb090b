"""Differences of two squares, factored: 1 − x² is (1 − x)·(1 + x), of which either factor is exact where it
is small."""

from __future__ import annotations

from typing import Any

import sympy

from objc.ir.program import Program
from objc.ir.symbols import Expression, Read
from objc.passes.evaluation.nodes import change_nodes
from objc.passes.rewrites.forms import ONE


def factor_differences_of_squares(program: Program) -> Program:
    """The program with such differences as products."""
    return change_nodes(program, _changed)


def _changed(node: Any) -> Expression | None:
    squares = [(one, *_weight_and_root(one)) for one in node.args]
    for first, weight, u in squares:
        for second, other, v in squares:
            if u is None or v is None or weight + other != 0 or weight.could_extract_minus_sign():
                continue
            if _is_exact(u, v):
                rest = [one for one in node.args if one is not first and one is not second]
                return sympy.Add(*rest, weight * (u - v) * (u + v))
    return None


def _weight_and_root(term: Any) -> tuple[Any, Any]:
    """(c, u) of a term c·u² of an entry; a number is c·1²."""
    if term.is_number:
        return term, ONE
    for one in sympy.Mul.make_args(term):
        base, exponent = one.as_base_exp()
        if exponent == 2 and isinstance(base, Read):
            return sympy.Mul(*(f for f in sympy.Mul.make_args(term) if f is not one)), base
    return term, None


def _is_exact(u: Any, v: Any) -> bool:
    """Whether one is 1 and the other an entry: their difference is exact where it is small."""
    return (u == ONE) != (v == ONE)
