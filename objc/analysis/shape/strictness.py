"""Provers of `strictly_convex` and `strongly_convex M`: how much the second derivative is above zero."""

from __future__ import annotations

import sympy

from objc.analysis import counterexamples
from objc.analysis.decision import Decision, proved, refuted
from objc.analysis.shape import curves
from objc.analysis.subject import Subject
from objc.ir.program import Claim


def second_derivative(subject: Subject, claim: Claim) -> Decision | None:
    for modulus in claim.arguments:
        is_bent = subject.bends_at_least(claim.inputs, modulus)
        return proved("by a bound on the second derivative") if is_bent else None
    second = subject.second(claim.inputs)
    if second is not None and subject.inequalities.is_positive(second):
        return proved("by the sign of the second derivative")
    return None


def structure_of_the_hessian(subject: Subject, claim: Claim) -> Decision | None:
    for modulus in claim.arguments:
        is_bent = subject.has_spectrum_above(claim.inputs, modulus)
        how = "by the structure of the Hessian, which bounds its eigenvalues"
        return proved(how) if is_bent else None
    if len(claim.inputs) == 1 and subject.is_short and subject.bounds(claim.inputs[0]).is_strict:
        return proved("by the second derivatives of the terms, each of an entry of its own")
    return None


def second_derivative_on_its_line(subject: Subject, claim: Claim) -> Decision | None:
    zero = sympy.Integer(0)
    if len(claim.inputs) == 1 and curves.is_curved(subject, claim.inputs[0], zero, strictly=True):
        return proved("by the sign of the second derivative, made rational")
    return None


def drawn_chords(subject: Subject, claim: Claim) -> Decision | None:
    modulus = next(iter(claim.arguments), None)
    found = counterexamples.chord(subject, claim.inputs, modulus=modulus)
    return None if found is None else refuted(found)


def least_second_derivative(subject: Subject, claim: Claim) -> Decision | None:
    found = counterexamples.bent(subject, claim.inputs[0]) if len(claim.inputs) == 1 else None
    return None if found is None else refuted(found)
