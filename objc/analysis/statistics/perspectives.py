"""Divergences that are made of one f-divergence: a function of Σ p·f(q/p) that rises.

By Jensen's inequality the sum is at least f(1), and is f(1) only where both distributions are equal, if f is
strictly convex; it is at most f(0) + lim f(t)/t (Csiszár 1967). So any function that is 0 at f(1) and rises
up to there is a divergence: −log Σ √(pq), log Σ p²/q, (1 − Σ p^a·q^(1−a))/(a(1 − a)).
"""

from __future__ import annotations

from typing import Any

import sympy

from objc.analysis.decision import Decision, proved
from objc.analysis.signs.elementary import innermost_fold, is_positive, is_smooth_formula, is_zero
from objc.analysis.statistics.generators import GENERATED_OF, Generated, generated, most_of_sum
from objc.analysis.subject import Subject
from objc.ir.program import Claim


def rising_function_of_an_f_divergence(subject: Subject, claim: Claim) -> Decision | None:
    named = {subject.program.input[one].domain.kind for one in claim.inputs}
    if len(set(claim.inputs)) != 2 or named != {"simplex"}:
        return None
    arms = generated(subject)
    if not arms or not all(map(_is_divergence, arms)):
        return None
    shown = arms[0].generator.xreplace({GENERATED_OF: sympy.Symbol("t", positive=True)})
    if all(one.around == one.total for one in arms):
        return proved(f"it is an f-divergence: f(t) = {shown} is strictly convex with f(1) = 0")
    return proved(
        f"it is 0 at f(1), and rises with an f-divergence, f(t) = {shown} strictly convex, which is f(1)"
        " only where both are equal"
    )


def _is_divergence(one: Generated) -> bool:
    generator, t = one.generator, GENERATED_OF
    if innermost_fold(generator) is not None or not is_smooth_formula(one.around, one.total):
        return False
    if not is_positive(sympy.simplify(sympy.diff(generator, t, 2))):
        return False
    least = generator.subs(t, 1)
    at_least = one.at(least)
    return bool(at_least.is_finite is not False) and is_zero(at_least) and _rises(one, least)


def _rises(one: Generated, least: Any) -> bool:
    """Whether the loss rises in the sum, from the least to the most that it may be."""
    slope = sympy.diff(one.around, one.total)
    if not slope.has(one.total):
        return is_positive(slope)
    most, v = most_of_sum(one.generator), sympy.Dummy("v", positive=True)
    if most is None:
        return is_positive(slope.xreplace({one.total: least + v}))
    return is_positive(slope.xreplace({one.total: (least + most * v) / (1 + v)}))
