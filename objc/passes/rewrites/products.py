"""Stable forms of products, quotients and powers."""

from __future__ import annotations

from typing import Any

import sympy

from objc.atoms import log1p, sigmoid, xlog1py, xlogy
from objc.ir.symbols import Expression
from objc.passes.rewrites.forms import two_exponentials


def merge_exponentials(node: Any) -> Expression | None:
    """exp a · exp b = exp(a + b)."""
    exponents = [one for one in node.args if isinstance(one, sympy.exp)]
    if len(exponents) < 2:
        return None
    others = [one for one in node.args if not isinstance(one, sympy.exp)]
    merged = sympy.exp(sympy.Add(*(one.args[0] for one in exponents)))
    return sympy.Mul(*others, merged)


def merge_powers(node: Any) -> Expression | None:
    """b·bᵖ⁻¹ = bᵖ for b ≥ 0 and a symbolic p: at b = 0 the factors may be zero and infinite."""
    symbolic = [f for f in node.args if isinstance(f, sympy.Pow) and not f.exp.is_number]
    for power in symbolic:
        if not power.base.is_nonnegative:
            continue
        for other in node.args:
            if other is not power and other.as_base_exp()[0] == power.base:
                rest = [f for f in node.args if f is not power and f is not other]
                merged = power.base ** (power.exp + other.as_base_exp()[1])
                return sympy.Mul(*rest, merged)
    return None


def quotient_to_sigmoid(node: Any) -> Expression | None:
    """exp(u)·(1 + exp(u))⁻¹ = σ(u), which arrives as exp(u)·σ(−u)."""
    for one in node.args:
        if not isinstance(one, sigmoid):
            continue
        for other in node.args:
            if isinstance(other, sympy.exp) and other.args[0] == -one.args[0]:
                rest = [f for f in node.args if f is not one and f is not other]
                return sympy.Mul(*rest, sigmoid(other.args[0]))
    return None


def reciprocal_to_sigmoid(node: Any) -> Expression | None:
    """(1 + exp u)⁻ⁿ = σ(−u)ⁿ, and (exp a + exp b)⁻ⁿ = exp(−n·a)·σ(a − b)ⁿ."""
    base, power = node.base, node.exp
    pair = two_exponentials(base)
    if pair is None or not (power.is_number and power.is_negative):
        return None
    return sympy.exp(power * pair[0]) * sigmoid(pair[0] - pair[1]) ** (-power)


def power_of_product(node: Any) -> Expression | None:
    """exp(u)ᵖ = exp(p·u) for real p."""
    if isinstance(node.base, sympy.exp) and node.exp.is_real and node.base.args[0].is_real:
        return sympy.exp(node.base.args[0] * node.exp)
    return None


def product_with_log(node: Any) -> Expression | None:
    """x·log y where both may be zero: 0·log 0 = 0."""
    for function, atom in ((sympy.log, xlogy), (log1p, xlog1py)):
        for one in node.args:
            if not isinstance(one, function) or _away_from_infinity(one):
                continue
            others = [f for f in node.args if f is not one]
            vanishing = [f for f in others if not f.is_number and not f.is_nonzero]
            if vanishing:
                kept = [f for f in others if f not in vanishing]
                return sympy.Mul(*kept, atom(sympy.Mul(*vanishing), one.args[0]))
    return None


def _away_from_infinity(logarithm: Any) -> bool:
    argument = logarithm.args[0]
    if isinstance(logarithm, log1p):
        return bool(argument.is_nonnegative)
    return bool(argument.is_positive)
