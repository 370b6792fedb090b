"""Provers of curvature: `convex`, `concave`, `affine`, `quasiconvex`.

What is cheap comes first: rules of composition and drawn chords; then signs of second derivatives, and
the search for a violated chord where the bend is least.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import sympy

from objc.analysis import counterexamples
from objc.analysis.decision import Decision, proved, refuted, unknown
from objc.analysis.shape import curves, extremes
from objc.analysis.statistics import generators
from objc.analysis.subject import Subject
from objc.ir.program import Claim

_Prover = Callable[[Subject, Claim], Decision | None]


def composition(subject: Subject, claim: Claim) -> Decision | None:
    shape = subject.curvature(*claim.inputs)
    return proved("by composition") if getattr(shape, claim.words[0]) else None


def second_derivative(subject: Subject, claim: Claim) -> Decision | None:
    second = subject.second(claim.inputs)
    if second is None or claim.words[0] not in ("convex", "concave"):
        return None
    bend = second if claim.words[0] == "convex" else -second
    if not subject.is_at_least(bend, sympy.Integer(0)):
        return None
    return proved("by the sign of the second derivative")


def f_divergence(subject: Subject, claim: Claim) -> Decision | None:
    is_one = claim.words[0] == "convex" and len(claim.inputs) == 1
    if is_one and generators.is_convex(subject, claim.inputs[0]):
        return proved("as an f-divergence, f convex")
    return None


def structure_of_the_hessian(subject: Subject, claim: Claim) -> Decision | None:
    if claim.words[0] == "convex" and subject.has_spectrum_above(claim.inputs, sympy.Integer(0)):
        return proved("by the structure of the Hessian, which bounds its eigenvalues")
    return None


def second_derivative_on_its_line(subject: Subject, claim: Claim) -> Decision | None:
    """By the shape in one scalar input, on its line."""
    if len(claim.inputs) != 1:
        return None
    (name,) = claim.inputs
    is_concave = claim.words[0] == "concave"
    if curves.is_curved(subject, name, sympy.Integer(0), is_concave=is_concave):
        return proved("by the sign of the second derivative, made rational")
    if curves.is_convex_on_lines(subject, name, is_concave):
        return proved(
            "by the second derivative of each piece, and slopes that do not jump the wrong way"
        )
    return None


def drawn_chords(subject: Subject, claim: Claim) -> Decision | None:
    word = claim.words[0]
    found = counterexamples.chord(
        subject, claim.inputs, concave=word == "concave", quasi=word == "quasiconvex"
    )
    return None if found is None else refuted(found)


def broken_seams(subject: Subject, claim: Claim) -> Decision | None:
    """A value that jumps, or a slope that falls, where two pieces meet."""
    word = claim.words[0]
    for name in claim.inputs:
        found = counterexamples.across(
            subject, name, concave=word == "concave", quasi=word == "quasiconvex"
        )
        if found is not None:
            return refuted(found)
    return None


def least_second_derivative(subject: Subject, claim: Claim) -> Decision | None:
    if len(claim.inputs) != 1:
        return None
    found = counterexamples.bent(subject, claim.inputs[0], concave=claim.words[0] == "concave")
    return None if found is None else refuted(found)


_PROVING: Sequence[_Prover] = (
    composition, second_derivative, f_divergence, structure_of_the_hessian,
    second_derivative_on_its_line,
)  # fmt: skip


def _decided(
    subject: Subject, word: str, names: tuple[str, ...], by: Sequence[_Prover]
) -> Decision:
    claim = Claim(False, (word,), (), None, names)
    decisions = (prover(subject, claim) for prover in by)
    return next((one for one in decisions if one is not None), unknown("the second derivative"))


def convex_and_concave(subject: Subject, claim: Claim) -> Decision | None:
    order = (composition, drawn_chords, *_PROVING[1:], least_second_derivative)
    found = [_decided(subject, word, claim.inputs, order) for word in ("convex", "concave")]
    for one in found:
        if one.verdict == "refuted":
            return one
    if all(one.verdict == "proved" for one in found):
        convex, concave = found
        return proved(f"it is convex, {convex.argument}, and concave, {concave.argument}")
    return None


def convexity(subject: Subject, claim: Claim) -> Decision | None:
    """What is convex is quasiconvex."""
    from objc.analysis.claims import decided

    found = decided(subject, "convex", inputs=claim.inputs)
    return proved(f"{found.argument}, which shows it convex") if found.is_proof else None


def one_descent_one_ascent(subject: Subject, claim: Claim) -> Decision | None:
    if len(claim.inputs) == 1 and extremes.falls_and_rises(subject, claim.inputs[0]):
        return proved("it never falls above the target, nor rises below it")
    return None


def one_turn_on_its_line(subject: Subject, claim: Claim) -> Decision | None:
    if len(claim.inputs) == 1 and curves.turns_once_on_lines(subject, claim.inputs[0]):
        return proved("its slope changes from falling to rising at most, by its signs on the line")
    return None
