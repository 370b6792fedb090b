"""Differences of two squares, factored: 1 − x² is (1 − x)·(1 + x), of which either factor is exact where it
is small; and squares that are written out: s² − 2·s·t + t² is (s − t)²."""

from __future__ import annotations

import itertools
from typing import Any

import sympy

from objc.ir.program import Program
from objc.ir.symbols import Expression, Read
from objc.passes.evaluation.nodes import change_nodes
from objc.passes.rewrites.forms import ONE, without


def factor_differences_of_squares(program: Program) -> Program:
    """The program with such differences as products."""
    return change_nodes(program, _changed)


def _changed(node: Any) -> Expression | None:
    whole = _square(node)
    if whole is not None:
        return whole
    squares = [(one, *_weight_and_root(one)) for one in node.args]
    for first, weight, u in squares:
        for second, other, v in squares:
            if u is None or v is None or weight + other != 0 or weight.could_extract_minus_sign():
                continue
            if _is_exact(u, v):
                rest = [one for one in node.args if one is not first and one is not second]
                return sympy.Add(*rest, weight * (u - v) * (u + v))
    return None


def _square(node: Any) -> Expression | None:
    """c·s² − 2·c·s·t + c·t² = c·(s − t)² of two entries."""
    for one in node.args:
        number, product = one.as_coeff_Mul()
        reads = [factor for factor in sympy.Mul.make_args(product) if isinstance(factor, Read)]
        for s, t in itertools.combinations(reads, 2):
            for sign in (1, -1):
                weight = sign * number * product / (2 * s * t)
                rest = without(node, one, weight * s**2, weight * t**2)
                if rest is not None and not weight.has(s, t):
                    return sympy.Add(*rest, weight * (s + sign * t) ** 2)
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
