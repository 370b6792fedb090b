"""Powers of a sigmoid, of which the base vanishes before they do: σ(u)ⁿ with a small n."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import sympy

from objc.atoms import Branch, sigmoid, softplus
from objc.ir.program import Program

_VANISHING = sympy.Integer(-40)
"""σ(u) is exp(u) below, and no subnormal number above, in any type."""


def powers_of_sigmoids(program: Program) -> Program:
    """The program with σ(u)ⁿ, for an exponent that is no number, as exp(n·u) where σ(u) is nearly that and
    may vanish before its power does: for an exponent below 1. Beside what vanishes there too, as in focal
    losses, it is left."""
    return program.with_lets(
        replace(let, body=_in_range(let.body)) if let.body.has(sigmoid) else let
        for let in program.lets
    )


def _in_range(node: Any) -> Any:
    if not getattr(node, "args", ()) or not node.has(sigmoid):
        return node
    if not isinstance(node, (sympy.Mul, sympy.Pow)):
        return node.func(*map(_in_range, node.args))
    factors = list(sympy.Mul.make_args(node))
    for place, factor in enumerate(factors):
        base, exponent = factor.as_base_exp()
        if not isinstance(base, sigmoid) or exponent.is_number:
            if factor.args and (len(factors) > 1 or exponent.is_number):
                factors[place] = factor.func(*map(_in_range, factor.args))
        elif not any(_vanishes_with(base.args[0], one) for one in factors if one is not factor):
            (u,) = base.args
            vanishes = sympy.And(sympy.Lt(exponent, 1), sympy.Lt(u, _VANISHING))
            factors[place] = Branch(vanishes, sympy.exp(exponent * u), factor)
    return sympy.Mul(*factors)


def _vanishes_with(u: Any, factor: Any) -> bool:
    base, exponent = factor.as_base_exp()
    return base in (sigmoid(u), softplus(u), sympy.exp(u)) and bool(exponent.is_positive)
