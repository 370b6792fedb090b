"""Zeros of quadratics: a root less what is squared under it, which cancels where the rest is small."""

from __future__ import annotations

from typing import Any

import sympy

from objc.atoms import Branch, extended
from objc.ir.symbols import Expression
from objc.passes.rewrites.forms import HALF, ZERO, parts_with, without
from objc.passes.rewrites.roots import root_of_square


def root_less_side(node: Any) -> Expression | None:
    """c·√(s² + t) − c·s = c·t/(√(s² + t) + s) where s > 0 and |t| < s²: of (√(b² − 4·a·c) − b)/(2·a) what
    cancels for b > 0 (Muller 1956; Kahan 2004)."""
    for one, coefficient, root in parts_with(node, sympy.Pow):
        if root.exp != HALF or not isinstance(root.base, sympy.Add):
            continue
        for square in root.base.args:
            side = root_of_square(square)
            if side is None or side.is_number:
                continue
            for s in (side, -side):
                rest = without(node, one, -coefficient * s)
                if rest is not None:
                    t = root.base - square
                    near = sympy.Lt(sympy.Abs(t), s * sympy.Abs(s))
                    other = Branch(near, t / (root + sympy.Abs(s)), root - extended(s))
                    return sympy.Add(*rest, coefficient * other)
    return None


def arm_over_divisor(node: Any) -> Expression | None:
    """(if u then a·d else b)/d = (if u then a else b/d) for d that is not zero: nothing cancels any more in
    what is differentiated by d."""
    for branch in node.args:
        if not isinstance(branch, Branch):
            continue
        condition, *arms = branch.args
        for other in node.args:
            divisor, exponent = other.as_base_exp()
            if not (exponent.is_Integer and exponent < 0 and divisor.is_nonzero):
                continue
            if divisor.is_number or all(_degree(divisor, arm) <= 0 for arm in arms):
                continue
            rest = [one for one in node.args if one is not branch and one is not other]
            return sympy.Mul(*rest, Branch(condition, *(arm * other for arm in arms)))
    return None


def _degree(divisor: Any, arm: Any) -> Any:
    """The whole power of a divisor that is a factor of an arm; 0 if it is none."""
    for factor in sympy.Mul.make_args(arm):
        base, exponent = factor.as_base_exp()
        if base == divisor and exponent.is_Integer:
            return exponent
    return ZERO
