"""Logarithms of sums of an exponential and a rate, as of noise-contrastive estimation (Gutmann and
Hyvärinen 2010): an exponential leaves the range, of which the logarithm does not."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sympy

from objc.atoms import Branch, extended, log1p, softplus
from objc.ir.symbols import Expression, Read
from objc.passes.rewrites.forms import log_of_positive_term

_LOWEST = -80
"""An exponent of which the exponential has a reciprocal in any type."""


def log_beside_rate(total: Any) -> Expression | None:
    """log(w + exp a) = log w + softplus(a − log w) for entries w > 0, which have their logarithms, and
    a + softplus(log w − a) for such that may be 0, but where they are."""
    split = _rate_and_exponent(total)
    if split is None:
        return None
    rate, logarithm, a = split
    if rate.is_positive:
        return logarithm + softplus(a - logarithm)
    nothing = a + log1p(rate * sympy.exp(-a))
    at_zero = Branch(sympy.Ge(a, _LOWEST), nothing, sympy.log(extended(total)))
    return Branch(sympy.Gt(rate, 0), a + softplus(logarithm - a), at_zero)


def share_beside_rate(factors: Sequence[Any]) -> Expression | None:
    """log(c/(w + exp a)) = log c − log w − softplus(a − log w) for w ≥ 0, c ≥ 0, but where w is 0."""
    for factor in factors:
        base, exponent = factor.as_base_exp()
        split = _rate_and_exponent(base) if exponent == -1 else None
        if split is None:
            continue
        others = [one.as_base_exp() for one in factors if one is not factor]
        if not all(one.is_nonnegative and power.is_real for one, power in others):
            return None
        rate, logarithm, a = split
        above = sympy.Add(*(power * sympy.log(one) for one, power in others))
        share = above - logarithm - softplus(a - logarithm)
        return Branch(sympy.Gt(rate, 0), share, above - sympy.log(extended(base)))
    return None


def _rate_and_exponent(total: Any) -> tuple[Any, Any, Any] | None:
    """(w, log w, a) of w + exp(a)."""
    if not isinstance(total, sympy.Add) or len(total.args) != 2:
        return None
    for rate, other in (total.args, total.args[::-1]):
        exponent = log_of_positive_term(other)
        powers = [one.as_base_exp() for one in sympy.Mul.make_args(rate)]
        if exponent is None or exponent.is_number:
            continue
        if all(
            base.is_nonnegative and (base.is_number or (isinstance(base, Read) and n.is_number))
            for base, n in powers
        ):
            return rate, sympy.Add(*(n * sympy.log(base) for base, n in powers)), exponent
    return None
