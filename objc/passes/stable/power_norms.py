"""Roots of sums of powers are norms: `(Σ |x|ᵖ)^(1/p) = m·(Σ (|x|/m)ᵖ)^(1/p)` with m the greatest |x|.

No power of what is at most one overflows, and the sum is one at least, so no slope of the root is infinite.
The identity holds for every m that isn't zero, so m is held constant in all derivatives. The norm of the zero
vector is zero, and its slope zero, a subgradient of any norm. (For p = 2 there is a reduction of its own:
`objc.passes.stable.norms`.)
"""

from __future__ import annotations

from dataclasses import replace

import sympy

from objc.atoms import Branch, quotient, stop_gradient
from objc.ir.domain import Domain
from objc.ir.program import Let, Names, Program
from objc.ir.recurrence import members
from objc.ir.spelling import spelled
from objc.ir.symbols import Expression, Read
from objc.passes.rewrites import rewrite
from objc.passes.stable.exponentials import Weights, weighted_exponent

ZERO, ONE = sympy.Integer(0), sympy.Integer(1)


def name_power_norms(program: Program) -> Program:
    """The program with m·(Σ (|x|/m)ᵖ)^(1/p) for every p-th root, or its reciprocal, of p-th powers."""
    names, inside = Names.of(program), members(program)
    weights = Weights(program)
    sums = {
        let.name: let
        for let in program.lets
        if let.reduction in ("sum", "mean") and let.name not in inside
    }
    lets: list[Let] = []
    norms: dict[tuple[str, Expression], Let] = {}
    for let in program.lets:
        swaps = {}
        for power in sorted(let.body.atoms(sympy.Pow), key=spelled):
            read, root = power.base, power.exp
            if not isinstance(read, Read) or read.tensor not in sums:
                continue
            degree = 1 / root if not root.could_extract_minus_sign() else -1 / root
            body = sums[read.tensor].body
            size = _size(body, degree)
            if size is None or (degree == 1 and _has_logarithm(body, weights)):
                continue
            key = read.tensor, degree
            if key not in norms:
                lets += _norm(sums[read.tensor], *size, degree, names)
                norms[key] = lets[-1]
            swaps[power] = norms[key].read(*read.positions) ** (root * degree)
        lets.append(replace(let, body=let.body.xreplace(swaps)) if swaps else let)
    return program.with_lets(lets)


def _size(body: Expression, degree: Expression) -> tuple[Expression, Expression] | None:
    """(c, |x|) where the body is c·|x|ᵖ with a number c > 0 and p ≥ 1."""
    if degree == 2 or not degree.is_positive or (degree.is_number and not degree >= 1):
        return None
    coefficient, rest = body.as_coeff_Mul()
    # SymPy writes |x|³ as x²·|x|.
    sizes = [one for one in rest.atoms(sympy.Abs) if rest == one**degree]
    base, exponent = (sizes[0], degree) if sizes else rest.as_base_exp()
    if not coefficient.is_positive or exponent != degree or not base.is_real:
        return None
    if not base.is_nonnegative and not degree.is_even:
        return None
    return coefficient, sympy.Abs(base)


def _has_logarithm(body: Expression, weights: Weights) -> bool:
    """Whether a sum is taken as that of weighted exponentials, which may all leave the range."""
    return body.has(sympy.exp) and weighted_exponent(rewrite(body), weights)[0] is not None


def _norm(
    total: Let, coefficient: Expression, size: Expression, degree: Expression, names: Names
) -> list[Let]:
    """The greatest size, the sum of powers of what all are over it, and their norm."""
    kind = Domain("nonnegative")
    name = names.fresh(f"greatest_{total.name}")
    greatest = replace(total, name=name, body=size, reduction="max", domain=kind)
    held = stop_gradient(greatest.read(*greatest.free))
    is_zero = sympy.Le(held, 0)
    share = Branch(is_zero, ZERO, quotient(size, held))
    shares = replace(
        total,
        name=names.fresh(f"shares_{total.name}"),
        body=coefficient * share**degree,
        domain=kind,
    )
    whole = held * shares.read(*shares.free) ** (1 / degree)
    norm = Let(
        names.fresh(f"norm_{total.name}"),
        total.free,
        Branch(is_zero, ZERO, whole),
        domain=kind,
        span=total.span,
    )
    return [greatest, shares, norm]
