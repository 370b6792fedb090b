"""Losses of scores that know them by their softmax only: what they are as losses of a distribution.

A shift of all scores changes no softmax; where a loss doesn't see it either, the scores may be taken for the
logarithms of p = softmax(c·z), of which the logarithm of the sum is 0. If the loss of p is strictly proper it
is consistent for the accuracy: the expected loss of any p that decides wrongly stays away from the least, as
these p are a closed set. So is a·ℓ(p_label) + b·Σ ℓ(p_k), ℓ minus the logarithm, a > 0 and b ≥ 0: it is least
where p is the distribution mixed with the even one.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import sympy

from objc.analysis.claims import decided
from objc.analysis.signs.elementary import (
    is_nonnegative,
    is_positive,
    is_smooth_formula,
    is_zero,
    plain,
)
from objc.analysis.statistics.classes import Classes
from objc.analysis.statistics.decompositions import parts_of
from objc.analysis.statistics.distributions import distribution_of
from objc.analysis.subject import Subject
from objc.ir.domain import Domain
from objc.ir.program import Let, Program, Term
from objc.ir.symbols import Extent, Read


@dataclass(frozen=True)
class Softmax:
    """A loss of a distribution, and by what factor the scores enter the softmax that it is."""

    subject: Subject
    factor: Any


def of_softmax(case: Classes) -> Softmax | None:
    """The loss as one of the softmax of its scores."""
    subject, name = case.subject, case.scores.name
    program = subject.program
    total = next((one for one in program.lets if _is_whole(one, case)), None)
    if total is None or not subject.is_short:
        return None
    if not decided(subject, "invariant", "shift", inputs=(name,)).is_proof:
        return None
    factor = total.body.as_independent(case.scores.read(*total.over), as_Add=False)[0]
    if not is_positive(factor):
        return None
    scores = replace(case.scores, domain=Domain("simplex"))

    def moved(expression: Any) -> Any:
        mapping = {
            one: sympy.log(scores.read(*one.positions)) / factor
            for one in expression.atoms(Read)
            if one.tensor == name
        }
        found = expression.xreplace({total.read(): sympy.Integer(0), **mapping})
        return found.xreplace({one: one / _size(program, one) for one in _means(program, found)})

    lets = tuple(
        replace(
            one,
            body=moved(one.body),
            reduction="sum" if _is_mean(one) else one.reduction,
        )
        for one in program.lets
        if one is not total
    )
    inputs = tuple(scores if one.name == name else one for one in program.inputs)
    there = replace(
        program,
        inputs=inputs,
        lets=lets,
        outputs={"per_example": lets[-1].name},
        terms=(Term("value", lets[-1].name),),
        kind="loss",
        claims=(),
    )
    return Softmax(Subject(there, subject.effort), factor)


def _is_whole(let: Let, case: Classes) -> bool:
    """Whether a let is the logarithm of the sum of the exponentials of all scores times a factor."""
    if let.reduction != "logsumexp" or let.guard != sympy.true or len(let.over) != 1 or let.free:
        return False
    score = case.scores.read(let.over[0])
    factor, rest = let.body.as_independent(score, as_Add=False)
    known = {one.name for one in case.subject.program.inputs if one.role == "hyperparameter"}
    return bool(rest == score) and all(one.tensor in known for one in factor.atoms(Read))


def _is_mean(let: Let) -> bool:
    return (
        let.reduction == "mean" and let.guard == sympy.true and len(let.over) == 1 and not let.free
    )


def _means(program: Program, expression: Any) -> list[Any]:
    names = {one.name for one in program.lets if _is_mean(one)}
    return [one for one in expression.atoms(Read) if one.tensor in names]


def _size(program: Program, read: Read) -> Any:
    return Extent(program.let[read.tensor].over[0].dimension)


# ------------------------------------------------------------------ what follows


def how_consistent(case: Classes) -> str | None:
    """Why the greatest score is the likeliest class at the minimum, by a loss of the softmax."""
    found = of_softmax(case)
    if found is None:
        return None
    strictly = decided(found.subject, "strictly_proper")
    if strictly.is_proof:
        times = "" if found.factor == 1 else f"{found.factor} "
        return (
            f"with p = softmax({times}{case.scores.name}) it is strictly proper, so that p is the"
            f" distribution of the labels: {strictly.argument}"
        )
    return _smoothed(found, case.scores.name)


def _smoothed(found: Softmax, name: str) -> str | None:
    inner = distribution_of(found.subject)
    parts = parts_of(inner) if inner is not None else None
    if parts is None or parts.other.has(parts.mine):
        return None
    x = sympy.Dummy("x", positive=True)
    shares = []
    for formula, symbol in ((parts.own, parts.mine), (parts.other, parts.theirs)):
        if not is_smooth_formula(formula, symbol):
            return None
        share = sympy.simplify(-x * sympy.diff(plain(formula.xreplace({symbol: x})), x))
        if share.has(x):
            return None
        shares.append(share)
    own, other = shares
    if not is_positive(own - other) or not (is_zero(other) or is_nonnegative(other)):
        return None
    return (
        f"it is the expected logarithm of softmax({name}) under the label's distribution mixed with the"
        " even one, which has the classes in the same order"
    )
