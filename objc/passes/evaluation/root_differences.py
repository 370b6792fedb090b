"""Differences of roots of entries: √p − √q is (p − q)/(√p + √q), of which the numerator is exact where it
cancels."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import sympy

from objc.atoms import Branch, quotient
from objc.ir.program import Program
from objc.ir.symbols import Expression, Read
from objc.passes.rewrites.forms import HALF


def over_sums_of_roots(program: Program) -> Program:
    """The program with differences of roots by the differences of what they are of."""
    lets = []
    for let in program.lets:
        body = let.body
        for node in sorted(body.atoms(sympy.Add), key=str):
            changed = _changed(node)
            if changed is not None:
                body = body.xreplace({node: changed})
        lets.append(let if body == let.body else replace(let, body=body))
    return program.with_lets(lets)


def _changed(node: Any) -> Expression | None:
    roots = [(one, *_weight_and_root(one)) for one in node.args]
    for whole, weight, p in roots:
        for other, other_weight, q in roots:
            fits = p is not None and q is not None and weight + other_weight == 0
            if not fits or weight.could_extract_minus_sign():
                continue
            first, second = sympy.sqrt(p), sympy.sqrt(q)
            near = quotient(p - q, first + second)
            if not (p.is_positive or q.is_positive):  # both may be zero
                near = Branch(sympy.Lt(sympy.Abs(p - q), HALF * p), near, first - second)
            rest = [one for one in node.args if one is not whole and one is not other]
            return sympy.Add(*rest, weight * near)
    return None


def _weight_and_root(term: Any) -> tuple[Any, Any]:
    """(c, p) where the term is c·√p of an entry p ≥ 0."""
    factors = sympy.Mul.make_args(term)
    for one in factors:
        base, exponent = one.as_base_exp()
        if exponent == HALF and isinstance(base, Read) and base.is_nonnegative:
            return sympy.Mul(*(f for f in factors if f is not one)), base
    return term, None
