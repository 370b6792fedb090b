"""Logarithms of powers: a square may leave the range of which its logarithm is in the middle."""

from __future__ import annotations

from functools import reduce
from typing import Any

import sympy

from objc.ir.symbols import Expression, Read


def log_of_power(node: Any) -> Expression | None:
    """log(x²/y²) = 2·log(|x|/|y|), of entries and their whole powers."""
    powers = [one.as_base_exp() for one in sympy.Mul.make_args(node.args[0])]
    if not all(isinstance(base, Read) and n.is_Integer for base, n in powers):
        return None
    common = reduce(sympy.gcd, (n for _, n in powers))
    if common < 2:
        return None
    sizes = (base if base.is_positive else sympy.Abs(base) for base, _ in powers)
    return common * sympy.log(
        sympy.Mul(*(size ** (n / common) for size, (_, n) in zip(sizes, powers, strict=True)))
    )
