"""Logarithms of powers: a square may leave the range of which its logarithm is in the middle."""

from __future__ import annotations

from functools import reduce
from typing import Any

import sympy

from objc.ir.symbols import Expression, Read
from objc.passes.rewrites.forms import is_short


def log_of_power(node: Any) -> Expression | None:
    """log(x²/y²) = 2·log(|x|/|y|), of entries and their whole powers; and log(x/y + y/x + 2), as of the
    distance of two normal distributions (Bhattacharyya 1943), is 2·log((x + y)/√(x·y))."""
    powers = [one.as_base_exp() for one in sympy.Mul.make_args(node.args[0])]
    if any(isinstance(base, sympy.Add) for base, _ in powers):
        return _log_of_square(node.args[0])
    if not all(isinstance(base, Read) and n.is_Integer for base, n in powers):
        return None
    common = reduce(sympy.gcd, (n for _, n in powers))
    if common < 2:
        return None
    sizes = (base if base.is_positive else sympy.Abs(base) for base, _ in powers)
    return common * sympy.log(
        sympy.Mul(*(size ** (n / common) for size, (_, n) in zip(sizes, powers, strict=True)))
    )


def _log_of_square(inside: Any) -> Expression | None:
    """Of a sum of ratios and a number that is a square over one denominator."""
    number, total = inside.as_coeff_Mul()
    if not isinstance(total, sympy.Add) or len(total.args) != 3 or not is_short(total):
        return None
    ratios = [one for one in total.args if not one.is_number]
    if len(ratios) != 2 or not (ratios[0] * ratios[1]).is_number or number.is_nonpositive:
        return None
    above, below = sympy.fraction(sympy.factor(total))
    square, exponent = above.as_coeff_Mul()[1].as_base_exp()
    if exponent != 2 or not square.is_positive or not below.is_positive:
        return None
    whole = above / square**2 * number
    return 2 * sympy.log(square / sympy.sqrt(sympy.expand_power_base(below / whole)))
