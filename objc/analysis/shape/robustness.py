"""Provers of `robust`: the influence of an error, the slope in it, is bounded."""

from __future__ import annotations

import sympy

from objc.analysis.decision import Decision, proved, refuted
from objc.analysis.effort import Clock
from objc.analysis.shape import extremes
from objc.analysis.shape.growth import sides_of
from objc.analysis.subject import Subject
from objc.ir.program import Claim
from objc.ir.symbols import Expression


def _slope(subject: Subject, claim: Claim) -> Expression | None:
    """The derivative of a continuous loss."""
    (name,) = claim.inputs
    return subject.slope(name) if subject.is_smooth(name, 0) else None


def bounded_derivative(subject: Subject, claim: Claim) -> Decision | None:
    slope = _slope(subject, claim)
    if slope is None or not subject.ranges.of(slope).is_bounded:
        return None
    return proved("by a bound on the derivative")


def lipschitz_constant(subject: Subject, claim: Claim) -> Decision | None:
    """By a claimed bound, an expression of hyperparameters, that holds for the derivative."""
    from objc.analysis.claims import decide

    bounds = [
        one
        for one in subject.declared.claims
        if one.words[0] == "lipschitz" and one.inputs == claim.inputs and not one.negated
    ]
    if any(decide(subject, one).is_proof for one in bounds):
        return proved("by the Lipschitz constant that is claimed, and proved")
    return None


def finite_extremes(subject: Subject, claim: Claim) -> Decision | None:
    (name,) = claim.inputs
    if _slope(subject, claim) is None or not extremes.is_bounded(subject, name):
        return None
    return proved("the extremes of the derivative are finite")


def unbounded_slope(subject: Subject, claim: Claim) -> Decision | None:
    """The slope goes to infinity on one side, for some labels and whatever else is held fixed."""
    (name,) = claim.inputs
    slope = subject.slope(name)
    for one in () if slope is None else sides_of(subject, name, slope):
        if one.value in (sympy.oo, -sympy.oo):
            return refuted(f"of the slope, {one.in_words(name)}")
    return None


def constant_that_is_found(subject: Subject, claim: Claim) -> Decision | None:
    from objc.analysis.search import sought

    clock = Clock(min(subject.effort.claim, subject.effort.found))
    found = sought(subject, "lipschitz", claim.inputs, clock, ())
    return proved(f"it is {found.statement}") if found.verdict == "proved" else None
