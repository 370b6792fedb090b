"""Roots of sums of powers are norms: `(Σ |x|ᵖ)^(1/p) = m·(Σ (|x|/m)ᵖ)^(1/p)` with m the greatest |x|.

No power of what is at most one overflows, and the sum is one at least, so no slope of the root is infinite.
The identity holds for every m that isn't zero, so m is held constant in all derivatives. The norm of the zero
vector is zero, and its slope zero, a subgradient of any norm. (For p = 2 there is a reduction of its own:
`objc.passes.stable.norms`.)
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import sympy

from objc.atoms import Branch, quotient, stop_gradient
from objc.ir.domain import Domain
from objc.ir.parts import found_in
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
    means = _Means(sums, names)
    for let in program.lets:
        swaps = {}
        let = replace(let, body=means.of(let.body, lets))
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


class _Means:
    """Means that are weighed with what they are of, `Σ l² / Σ l` of losses l above zero: a square vanishes,
    and leaves the range, long before the quotient does."""

    def __init__(self, sums: dict[str, Let], names: Names) -> None:
        self.sums = sums
        self.names = names
        self.made: dict[tuple[str, str], Let] = {}

    def of(self, body: Any, lets: list[Let]) -> Any:
        """A body with Σ c·l² / Σ k·l as m·Σ c·(l/m)² / Σ k·(l/m), with the greatest l for m."""
        swaps = {}
        for node in sorted(found_in(body, sympy.Mul), key=spelled):
            below = [one.base for one in node.args if one.is_Pow and one.exp == -1]
            for total in below:
                for above in node.args:
                    mean = self._mean(above, total, lets)
                    if mean is not None and node not in swaps:
                        swaps[node] = node / above * total * mean
        return body.xreplace(swaps) if swaps else body

    def _mean(self, above: Any, below: Any, lets: list[Let]) -> Read | None:
        first, second = (self.sums.get(getattr(one, "tensor", "")) for one in (above, below))
        if first is None or second is None or above.positions != below.positions:
            return None
        number, size = second.body.as_coeff_Mul()
        times, power = first.body.as_coeff_Mul()
        entry, degree = power.as_base_exp()
        alike = (first.reduction, first.over, first.guard) == (
            second.reduction,
            second.over,
            second.guard,
        )
        is_mean = entry == size and isinstance(size, Read) and size.is_nonnegative
        if not (
            alike and is_mean and degree.is_Integer and degree >= 2 and times > 0 and number > 0
        ):
            return None
        key = first.name, second.name
        if key not in self.made:
            greatest, *shares = _shares(first, size, ((times, degree), (number, ONE)), self.names)
            held = stop_gradient(greatest.read(*greatest.free))
            of_squares, of_sizes = (one.read(*one.free) for one in shares)
            mean = Branch(sympy.Le(held, 0), ZERO, held * of_squares / of_sizes)
            name = self.names.fresh(f"mean_{first.name}")
            self.made[key] = Let(name, first.free, mean, domain=Domain("nonnegative"))
            lets += [greatest, *shares, self.made[key]]
        return self.made[key].read(*above.positions)


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
    greatest, shares = _shares(total, size, ((coefficient, degree),), names)
    held = stop_gradient(greatest.read(*greatest.free))
    whole = held * shares.read(*shares.free) ** (1 / degree)
    norm = Let(
        names.fresh(f"norm_{total.name}"),
        total.free,
        Branch(sympy.Le(held, 0), ZERO, whole),
        domain=Domain("nonnegative"),
        span=total.span,
    )
    return [greatest, shares, norm]


def _shares(
    total: Let, size: Expression, terms: Sequence[tuple[Expression, Expression]], names: Names
) -> list[Let]:
    """The greatest size, and for each (c, p) the sum of c·sᵖ of the shares s that all are of it."""
    kind = Domain("nonnegative")
    name = names.fresh(f"greatest_{total.name}")
    greatest = replace(total, name=name, body=size, reduction="max", domain=kind)
    held = stop_gradient(greatest.read(*greatest.free))
    share = Branch(sympy.Le(held, 0), ZERO, quotient(size, held))
    return [
        greatest,
        *(
            replace(
                total,
                name=names.fresh(f"shares_{total.name}"),
                body=coefficient * share**degree,
                domain=kind,
            )
            for coefficient, degree in terms
        ),
    ]
