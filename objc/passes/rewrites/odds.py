"""Logarithms of ratios of odds, of probabilities that are given by their logarithms."""

from __future__ import annotations

from typing import Any

import sympy

from objc.atoms import Branch, expm1, log1mexp
from objc.ir.symbols import Expression


def log_of_odds_ratio(node: Any) -> Expression | None:
    """log(c·expm1(a)/expm1(b)), and of the product, by the logarithms of both: each alone leaves the range,
    and 1 − exp a is positive only where a is negative. Where the quotient is, one sign tells the other;
    where it isn't, both sides are no number."""
    split = complements_of(node.args[0])
    if split is None:
        return None
    (sizes, rest), ((a, m), (b, n)) = split
    if a.is_positive and b.is_positive:
        return None  # as any product of what is positive
    # The sign of `rest` beside two complements, both below zero or one of them.
    other = b if rest.is_positive else -b
    below = m * log1mexp(a) + n * (log1mexp(b) if other is b else b + log1mexp(-b))
    above = m * (a + log1mexp(-a)) + n * (b + log1mexp(-b) if other is b else log1mexp(b))
    if a.is_nonpositive or other.is_nonpositive:
        joined = below
    elif a.is_nonnegative or other.is_nonnegative:
        joined = above
    else:
        is_below = sympy.Gt(-a, 0) if a.could_extract_minus_sign() else sympy.Lt(a, 0)
        joined = Branch(is_below, below, above)
    return sympy.Add(sympy.log(abs(rest)), sizes, joined)


def complements_of(
    argument: Any,
) -> tuple[tuple[Any, Any], tuple[tuple[Any, Any], tuple[Any, Any]]] | None:
    """((l, c), ((a, m), (b, n))) of c·exp(l)·expm1(a)^m·expm1(b)^n with m and n of 1 or −1 and a number c;
    positive factors stand in l by their logarithms."""
    number, product = argument.as_coeff_Mul()
    if not number.is_real or not isinstance(product, (sympy.Mul, sympy.Pow)):
        return None
    complements, sizes = [], []
    for factor in sympy.Mul.make_args(product):
        base, exponent = factor.as_base_exp()
        if isinstance(base, expm1) and exponent in (1, -1):
            complements.append((base.args[0], exponent))
        elif isinstance(factor, sympy.exp):
            sizes.append(factor.args[0])
        elif base.is_positive and exponent.is_real:
            sizes.append(exponent * sympy.log(base))
        else:
            return None
    if len(complements) != 2:
        return None
    first, second = complements
    return (sympy.Add(*sizes), number), (first, second)
