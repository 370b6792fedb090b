"""Gibbs' inequality: Σ p·log(p/q) ≥ 0 where p is a distribution and q sums to at most one.

It is looked for in the terms of each sum: a factor p that is a distribution over the index, and what is left
of the rest when log p is taken from it, whose negative is the logarithm of a distribution.
"""

from __future__ import annotations

from typing import Any

import sympy

from objc.analysis.bounds.direct import holds
from objc.analysis.decision import Decision, proved
from objc.analysis.signs.elementary import plain
from objc.analysis.subject import Subject
from objc.analysis.values.interval import NONNEGATIVE, Interval
from objc.ir.index import Index
from objc.ir.program import Claim, Let
from objc.ir.symbols import Condition, Expression, conjuncts


def gibbs_inequality(subject: Subject, claim: Claim) -> Decision | None:
    known: dict[str, Interval] = {
        let.name: NONNEGATIVE for let in subject.program.lets if _is_relative_entropy(subject, let)
    }
    if not known or not holds(subject, claim, subject.value, known):
        return None
    return proved("by Gibbs' inequality: a relative entropy of two distributions is at least zero")


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
    return bool(subject.ranges.is_distribution(share, index))


def _logarithms(expression: Any) -> Any:
    """With log exp(x) as x, and logarithms of products taken apart: p and q are above zero here."""
    return sympy.expand_log(expression, force=True)
