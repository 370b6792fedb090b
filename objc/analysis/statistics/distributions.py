"""Proper losses of a predicted distribution over classes.

A(p_label) + Σ_k B(p_k) is proper if x·A′(x) + B′(x) is constant and A′ ≤ 0, strictly so if A′ < 0 on (0, 1):
then with h(x) = x·A(x) + B(x) the loss is H(p) + ∇H(p)·(e_label − p) for the concave H(p) = Σ h(p_k), whose
second derivatives are A′ (Savage 1971; Gneiting and Raftery 2007, theorem 1).
"""

from __future__ import annotations

from fractions import Fraction

import mpmath
import sympy

from objc.analysis.decision import Decision, proved, refuted
from objc.analysis.signs.elementary import (
    is_nonnegative,
    is_positive,
    is_regular,
    is_smooth_formula,
    is_zero,
    plain,
)
from objc.analysis.statistics.classes import SHARES, Classes, expected, other_shares
from objc.analysis.statistics.decompositions import parts_of
from objc.analysis.subject import Subject
from objc.ir.program import Claim


def distribution_of(subject: Subject) -> Classes | None:
    """A loss of one predicted distribution and of a label."""
    inputs = [one for one in subject.program.inputs if one.role != "hyperparameter"]
    moving = [one for one in inputs if one.is_differentiable]
    labels = [one for one in inputs if not one.is_differentiable]
    if len(moving) != 1 or len(labels) != 1 or len(moving[0].dimensions) != 1:
        return None
    (prediction,), (label,) = moving, labels
    is_index = label.domain.kind == "index" and label.domain.dimension == prediction.dimensions[0]
    if prediction.domain.kind != "simplex" or label.dimensions or not is_index:
        return None
    return Classes(subject, prediction, label)


def by_its_entries(subject: Subject, claim: Claim) -> Decision | None:
    case = distribution_of(subject)
    parts = None if case is None else parts_of(case)
    if parts is None or parts.other.has(parts.mine):
        return None
    x, odds = sympy.Dummy("x", positive=True), sympy.Dummy("u", positive=True)
    other = plain(parts.other.xreplace({parts.theirs: x}))
    own = plain(parts.own.xreplace({parts.mine: x})) - other
    inside = {x: odds / (1 + odds)}
    if not all(
        is_smooth_formula(one, x) and is_regular(one.xreplace(inside)) for one in (own, other)
    ):
        return None
    slope = sympy.diff(own, x)
    if not is_zero(sympy.diff(x * slope + sympy.diff(other, x), x)):
        return None
    fall = sympy.simplify(-slope).xreplace(inside)
    has_sign = is_positive if claim.words[0] == "strictly_proper" else is_nonnegative
    if not has_sign(fall):
        return None
    shown = sympy.Symbol("x")
    formula = sympy.simplify((x * own + other).xreplace({x: shown}))
    return proved(
        "it is H(p) plus the slope of H at p towards the label, of the concave H(p) = Σ h(p[k]),"
        f" h(x) = {formula}"
    )


def at_drawn_shares(subject: Subject, claim: Claim) -> Decision | None:
    """A distribution of three classes of which another prediction has a smaller expected loss."""
    case = distribution_of(subject)
    if case is None:
        return None
    for text in SHARES:
        shares = [Fraction(one) for one in text.split()]
        here = expected(case, shares, shares)
        for other in other_shares(shares) if here is not None else ():
            there = expected(case, other, shares)
            if there is not None and here - there > mpmath.mpf("1e-15") * (1 + abs(here)):
                told = ", ".join(map(str, shares))
                better = ", ".join(map(str, other))
                return refuted(
                    f"with labels of probabilities {told} the expected loss is smaller at"
                    f" {case.scores.name} = [{better}]"
                )
    return None
