"""Gibbs' inequality: Σ p·log(p/q) ≥ 0 where p is a distribution and q sums to at most one.

It is looked for in the terms of each sum, and in the value with its sums under the weights of p brought to
one: a factor p that is a distribution over the index, and what is left of the rest when log p is taken from
it, whose negative is the logarithm of a distribution. What stands beside the sums is weighed by p, too.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import sympy

from objc.analysis.bounds.direct import ends_of, holds
from objc.analysis.decision import Decision, proved
from objc.analysis.signs.elementary import plain
from objc.analysis.subject import Subject
from objc.analysis.values.interval import NONNEGATIVE, Interval
from objc.ir.index import Index, at
from objc.ir.program import Claim, Let
from objc.ir.symbols import Condition, Expression, Extent, Read, conjuncts, substitute_positions


def gibbs_inequality(subject: Subject, claim: Claim) -> Decision | None:
    known: dict[str, Interval] = {
        let.name: NONNEGATIVE for let in subject.program.lets if _is_relative_entropy(subject, let)
    }
    low, high = ends_of(claim)
    is_whole = high == sympy.oo and low.is_finite and _is_one_relative_entropy(subject, low)
    if not is_whole and not (known and holds(subject, claim, subject.value, known)):
        return None
    return proved("by Gibbs' inequality: a relative entropy of two distributions is at least zero")


def _is_one_relative_entropy(subject: Subject, least: Expression) -> bool:
    """Whether the value less its bound as one sum, as Σ q·log q − Σ q·z + log Σ exp z is, is a multiple of a
    relative entropy."""
    if not subject.is_short:
        return False
    rest, terms, weights, own = sympy.Integer(0), sympy.Integer(0), None, None
    scales: dict[Any, None] = {}
    for addend in sympy.Add.make_args(sympy.expand(subject.value - least)):
        factor, read = addend.as_independent(
            *(one for one in addend.atoms(Read) if one.tensor in subject.program.let)
        )
        let = subject.program.let.get(read.tensor) if isinstance(read, Read) else None
        found = None if let is None else _weighed(subject, let, own)
        if found is None or (weights is not None and found[0] != weights):
            rest += addend
            continue
        (weights, body), own = found, own or let
        terms += factor * body
        scales[factor] = None
    return own is not None and any(
        _is_relative_entropy(subject, replace(own, body=weights * (terms + rest) / scale))
        for scale in scales
        if scale.is_positive
    )


def _weighed(subject: Subject, let: Let, own: Let | None) -> tuple[Any, Any] | None:
    """The weights of a mean by a distribution, and its terms, at the index of one that is known."""
    if let.reduction != "sum" or len(let.over) != 1 or let.guard != sympy.true or let.free:
        return None
    (index,) = let.over if own is None else own.over
    if let.over[0].dimension != index.dimension:
        return None
    body = sympy.factor_terms(substitute_positions(let.body, {let.over[0]: at(index)}))
    for factor in sympy.Mul.make_args(body):
        if subject.ranges.is_distribution(factor, index):
            return factor, body / factor
    return None


def _is_relative_entropy(subject: Subject, let: Let) -> bool:
    if let.reduction != "sum" or len(let.over) != 1 or not subject.is_short:
        return False
    (index,) = let.over
    for factor in sympy.Mul.make_args(sympy.factor_terms(let.body)):
        if not subject.ranges.is_distribution(factor, index):
            continue
        if not _is_of_support(let.guard, factor):
            continue
        rest = sympy.expand(_logarithms(plain(let.body / factor)) - _logarithms(sympy.log(factor)))
        if _is_logarithm_of_distribution(subject, -rest, index):
            return True
    return False


def _is_of_support(guard: Condition, share: Expression) -> bool:
    """Whether a guard leaves out no more than what has no share."""
    return all(one in (sympy.true, share > 0) for one in conjuncts(guard))


def _is_logarithm_of_distribution(subject: Subject, logarithm: Any, index: Index) -> bool:
    share = sympy.exp(logarithm)
    if share == 1 / Extent(index.dimension):
        return True
    return bool(subject.ranges.is_distribution(share, index))


def _logarithms(expression: Any) -> Any:
    """With log exp(x) as x, and logarithms of products taken apart: p and q are above zero here."""
    return sympy.expand_log(expression, force=True)
