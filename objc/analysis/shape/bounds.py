"""Provers of bounds on the value: `nonnegative`, `bounded A B`."""

from __future__ import annotations

import sympy

from objc.analysis import counterexamples
from objc.analysis.decision import Decision, proved, refuted
from objc.analysis.shape import curves
from objc.analysis.signs import terms
from objc.analysis.statistics import divergences, generators
from objc.analysis.subject import Subject
from objc.ir.program import Claim
from objc.ir.symbols import Expression


def _ends(claim: Claim) -> tuple[Expression, Expression]:
    if claim.words[0] == "nonnegative":
        return sympy.Integer(0), sympy.oo
    low, high = claim.arguments
    return low, high


def interval_arithmetic(subject: Subject, claim: Claim) -> Decision | None:
    low, high = _ends(claim)
    is_above = subject.is_at_least(subject.value, low)
    is_above = is_above or (low == 0 and subject.range.is_nonnegative)
    if is_above and (high == sympy.oo or subject.is_at_least(high, subject.value)):
        return proved("by interval arithmetic")
    return None


def divergence(subject: Subject, claim: Claim) -> Decision | None:
    """A divergence is at least zero."""
    if _ends(claim) != (0, sympy.oo):
        return None
    how = divergences.is_divergence(subject)
    return None if how is None else proved(how)


def f_divergence(subject: Subject, claim: Claim) -> Decision | None:
    low, high = _ends(claim)
    if not generators.is_within(subject, low, high):
        return None
    if high == sympy.oo:
        return proved("by Jensen's inequality, as an f-divergence")
    return proved("as an f-divergence, of values from f(1) to f(0) + lim f(t)/t")


def pieces_on_the_line(subject: Subject, claim: Claim) -> Decision | None:
    names = [one.name for one in subject.program.inputs if one.is_differentiable]
    if len(names) != 1 or not curves.is_within_on_lines(subject, names[0], 0, *_ends(claim)):
        return None
    return proved("by the values of each piece, on the line")


def signs_of_the_terms(subject: Subject, claim: Claim) -> Decision | None:
    if _ends(claim) == (0, sympy.oo) and terms.is_nonnegative(subject):
        return proved("by the signs of the terms, on the line")
    return None


def drawn_inputs(subject: Subject, claim: Claim) -> Decision | None:
    found = counterexamples.beyond(subject, *_ends(claim))
    return None if found is None else refuted(found)
