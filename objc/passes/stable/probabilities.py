"""Probabilities add up to one: `Σ c·exp(b[k] − l)` with `l = logsumexp[k] b[k]` is c, and `Σ c·q[k]` for a
q that is declared to lie in the simplex.

So it is in the adjoint of every normalizer; computed, the sum would be rounded, and what it cancels
with would be lost.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import sympy

from objc.atoms import softplus
from objc.ir.index import at
from objc.ir.program import Let, Program
from objc.ir.symbols import Condition, Expression, Read, conjuncts, indices_of, substitute_positions
from objc.passes.delta import under
from objc.passes.stable.entries import are_alike, log_entry, normalizers_of, totals_over
from objc.passes.stable.impossible import LEAST

ZERO = sympy.Integer(0)
_GREATEST_POWER = 2
"""Of an entry in an affinity: near one another, such entries have a short series."""


def parts_of_affinity(
    exponent: Any, let: Let, program: Program
) -> tuple[Expression, Expression, Expression] | None:
    """(α, log p, log q) of an exponent α·log p + (1 − α)·log q, written out, in a reduction over all entries
    of two softmaxes p and q."""
    if let.guard != sympy.true or len(let.over) != 1:
        return None
    found = []
    for addend in sympy.Add.make_args(exponent):
        weight, read = addend.as_coeff_Mul()
        one = program.let.get(getattr(read, "tensor", ""))
        if one is None or one.reduction != "logsumexp" or one.guard != sympy.true:
            continue
        if are_alike(one, let):
            found.append((-weight, log_entry(one, read, at(let.over[0]))))
    if len(found) != 2 or sum(share for share, _ in found) != 1:
        return None
    (alpha, first), (_, second) = found
    if max(abs(alpha), abs(1 - alpha)) > _GREATEST_POWER:
        return None
    is_whole = sympy.expand(alpha * first + (1 - alpha) * second - exponent) == 0
    return (alpha, first, second) if is_whole else None


def without_probabilities(let: Let, program: Program) -> tuple[Let, Expression]:
    """A sum without the addends that are a constant times a whole softmax, and those constants, where
    the sum has points."""
    normalizers = normalizers_of(program)
    kept: list[Expression] = []
    whole: Expression = ZERO
    for addend in _addends(let):
        constant = _weight_of_simplex(addend, let, program)
        if constant is None and normalizers and _has_name(addend):
            constant = _constant(addend, let, program, normalizers)
        if constant is None:
            kept.append(addend)
        else:
            whole += constant
    if whole == 0:
        return let, ZERO
    return replace(let, body=sympy.Add(*kept)), whole


def constants_of_softmaxes(let: Let, program: Program) -> Expression | None:
    """What a sum is of which all addends are constants times whole distributions; None if one isn't. (Beside
    others that vary it may be what they cancel with, entry by entry.)"""
    normalizers = normalizers_of(program)
    if not normalizers:
        return None
    whole = ZERO
    for addend in sympy.Add.make_args(let.body):
        constant = _weight_of_simplex(addend, let, program)
        if constant is None:
            constant = _constant(addend, let, program, normalizers)
        if constant is None:
            return None
        whole += constant
    return whole


def logits_of(body: Expression, let: Let, program: Program) -> Expression | None:
    """b where a sum is of exp(b − l), a softmax over all that it runs over."""
    normalizers = normalizers_of(program)
    exponent = body.args[0] if isinstance(body, sympy.exp) else ZERO
    return next((exponent + total for total in totals_over(exponent, let, normalizers)), None)


def _addends(let: Let) -> Iterator[Expression]:
    """The addends of a body; a product is multiplied out, but for the logarithms of ratios to a mixture,
    which vanish where the ratio is one, and for what is never negative, which would become a difference."""
    factors = sympy.Mul.make_args(let.body)
    is_whole = let.domain.kind == "nonnegative" and any(one.is_Add for one in factors)
    if is_whole or any(ratio_to_mixture(one) is not None for one in factors):
        yield let.body
    else:
        yield from sympy.Add.make_args(sympy.expand_mul(let.body, deep=False))


@dataclass(frozen=True)
class RatioToMixture:
    """±log(p/m) with m = α·p + (1 − α)·q, as log(1/α) − softplus(log_odds): the log-odds are those of q."""

    sign: int
    share: Expression
    log_odds: Expression

    @property
    def log_of_shares(self) -> Expression:
        """What of the log-odds is not in log q − log p."""
        return sympy.log(1 / self.share - 1)


def ratio_to_mixture(node: Any) -> RatioToMixture | None:
    """Reads a sum as such a logarithm; None if it isn't one of a rational share."""
    if not isinstance(node, sympy.Add) or len(node.args) != 2:
        return None
    for one, other in (node.args, node.args[::-1]):
        sign, function = other.as_coeff_Mul()
        if one.is_number and sign in (1, -1) and isinstance(function, softplus):
            share = sympy.exp(sign * one)
            if share.is_Rational and 0 < share < 1:
                return RatioToMixture(int(-sign), share, function.args[0])
    return None


def is_zero(difference: Any) -> bool:
    """Whether nothing is left of a sum, with the logarithms of numbers by those of primes."""
    return bool(sympy.expand(sympy.expand_log(difference, force=True)) == 0)


def around(let: Let) -> Condition:
    """What a reduction's guard says of its free indices alone: where it doesn't hold no point is left."""
    parts = (one for one in conjuncts(let.guard) if not indices_of(one) & set(let.over))
    return sympy.And(*parts)


def _weight_of_simplex(addend: Expression, let: Let, program: Program) -> Expression | None:
    """c of c·q[k], a distribution over all that the sum runs over, or over where it is positive."""
    for factor in sympy.Mul.make_args(addend):
        if not isinstance(factor, Read) or factor.tensor not in program.input:
            continue
        simplex = program.input[factor.tensor].domain.kind == "simplex"
        last = factor.positions[-1].index if factor.positions else None
        constant = addend / factor
        whole = (last,) == let.over and let.guard in (sympy.true, sympy.Gt(factor, 0))
        if simplex and whole and not indices_of(constant) & set(let.over):
            return constant
    return None


def _constant(
    addend: Expression, let: Let, program: Program, normalizers: dict[str, Let]
) -> Expression | None:
    """c of c·exp(b − l), where c doesn't vary over the loop and the exponentials are all there are: where
    what the guard says beside the loop holds, and something is left of the loop."""
    outside = around(let)
    inside = sympy.And(*(one for one in conjuncts(let.guard) if indices_of(one) & set(let.over)))
    loops = (let, replace(let, guard=inside))
    factors = sympy.Mul.make_args(_with_shares(addend, let, program))
    varying = [one for one in factors if indices_of(one) & set(let.over)]
    constant = sympy.Mul(*(one for one in factors if one not in varying))
    exponent = None if constant.has(sympy.exp) else exponent_of(varying, let)
    if exponent is None:
        return None
    exponent = written_out(exponent, program)
    for loop in loops:
        for total in totals_over(exponent, loop, normalizers):
            some = sympy.true if inside == sympy.true else sympy.Gt(total, LEAST)
            return under(outside, under(some, constant))
    return None


def _with_shares(product: Expression, let: Let, program: Program) -> Expression:
    """A product with the coefficients that are shares by what they are."""
    factors = []
    for one in sympy.Mul.make_args(product):
        named = program.let.get(one.tensor) if isinstance(one, Read) else None
        varies = bool(indices_of(one) & set(let.over))
        if named is not None and varies and named.reduction is None and named.body.has(sympy.exp):
            one = substitute_positions(
                named.body, dict(zip(named.free, one.positions, strict=True))
            )
        factors.append(one)
    return sympy.Mul(*factors)


def exponent_of(factors: list[Any], let: Let) -> Expression | None:
    """u + log w of factors exp(u) and w, which are positive where the guard of a sum holds."""
    exponents = [one.args[0] for one in factors if isinstance(one, sympy.exp)]
    if len(exponents) != 1:
        return None
    for one in factors:
        base, power = one.as_base_exp()
        if isinstance(one, sympy.exp):
            continue
        if not base.is_positive and sympy.Gt(base, 0) not in conjuncts(let.guard):
            return None
        exponents.append(power * sympy.log(base))
    return sympy.Add(*exponents)


def _has_name(addend: Expression) -> bool:
    """Whether a log-probability stands there by name, or its negative."""
    exponents = (one.args[0] for one in sympy.Mul.make_args(addend) if isinstance(one, sympy.exp))
    return any(isinstance(one.as_coeff_Mul()[1], Read) for one in exponents)


def written_out(exponent: Any, program: Program) -> Any:
    """A log-probability that has a name, or its negative, by its addends."""
    number, read = exponent.as_coeff_Mul()
    if not isinstance(read, Read) or read.tensor not in program.let:
        return exponent
    named = program.let[read.tensor]
    if named.reduction is not None:
        return exponent
    places = dict(zip(named.free, read.positions, strict=True))
    return number * substitute_positions(named.body, places)
