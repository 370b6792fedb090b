"""Provers of `strictly_convex` and `strongly_convex M`: how much the second derivative is above zero."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import sympy

from objc.analysis import counterexamples
from objc.analysis.decision import Decision, proved, refuted
from objc.analysis.shape import curves
from objc.analysis.shape.invariance import factor_of, moves
from objc.analysis.signs.elementary import is_regular, is_smooth_formula, plain
from objc.analysis.signs.roots import Line, Span
from objc.analysis.subject import Subject
from objc.analysis.values.enclosures import Undecided
from objc.analysis.values.samples import Values, samples, shown
from objc.ir.program import Claim

_TRIES = 4
_STARTS = tuple(map(Fraction, ("-40", "-6", "-3", "-1", "-1/4", "0", "1/4", "1", "2", "5", "40")))
_SOMEWHERE = Fraction(3, 7)
_MOST_SEGMENTS = 300
_WIDTHS = (Fraction(1, 2), Fraction(2))


def second_derivative(subject: Subject, claim: Claim) -> Decision | None:
    for modulus in claim.arguments:
        is_bent = subject.bends_at_least(claim.inputs, modulus)
        return proved("by a bound on the second derivative") if is_bent else None
    second = subject.second(claim.inputs)
    if second is not None and subject.inequalities.is_positive(second):
        return proved("by the sign of the second derivative")
    if second is not None and _is_bent_somewhere(subject, claim.inputs[0], second):
        return proved("the second derivative is at least zero, and zero at single points at most")
    return None


def _is_bent_somewhere(subject: Subject, name: str, second: Any) -> bool:
    """Whether a loss is an analytic function of one number, its second derivative, which nothing else is in,
    at least zero and at one point above it."""
    one, value = subject.program.input[name], plain(subject.value)
    if second.free_symbols != {one.read()} or one.domain.kind not in ("real", "positive"):
        return False
    x = sympy.Dummy("x", real=True, positive=True if one.domain.kind == "positive" else None)
    if not (is_smooth_formula(value, one.read()) and is_regular(value.xreplace({one.read(): x}))):
        return False
    if not subject.is_at_least(second, sympy.Integer(0)):
        return False
    try:
        here = plain(second).xreplace({one.read(): x})
        return Line(x, Span(None, None)).sign_at(here, _SOMEWHERE) > 0
    except Undecided:
        return False


def structure_of_the_hessian(subject: Subject, claim: Claim) -> Decision | None:
    for modulus in claim.arguments:
        is_bent = subject.has_spectrum_above(claim.inputs, modulus)
        how = "by the structure of the Hessian, which bounds its eigenvalues"
        return proved(how) if is_bent else None
    if len(claim.inputs) == 1 and subject.is_short and subject.bounds(claim.inputs[0]).is_strict:
        return proved("by the second derivatives of the terms, each of an entry of its own")
    return None


def convexity(subject: Subject, claim: Claim) -> Decision | None:
    """What is not convex is not convex more than that."""
    from objc.analysis.claims import decided

    found = decided(subject, "convex", inputs=claim.inputs)
    return found if found.verdict == "refuted" else None


def second_derivative_on_its_line(subject: Subject, claim: Claim) -> Decision | None:
    zero = sympy.Integer(0)
    if len(claim.inputs) == 1 and curves.is_curved(subject, claim.inputs[0], zero, strictly=True):
        return proved("by the sign of the second derivative, made rational")
    return None


def pieces_on_the_line(subject: Subject, claim: Claim) -> Decision | None:
    if len(claim.inputs) == 1 and curves.is_convex_on_lines(
        subject, claim.inputs[0], strictly=True
    ):
        return proved("each piece is bent, and slopes do not jump the wrong way")
    return None


def drawn_chords(subject: Subject, claim: Claim) -> Decision | None:
    modulus = next(iter(claim.arguments), None)
    found = counterexamples.chord(subject, claim.inputs, modulus=modulus)
    return None if found is None else refuted(found)


def least_second_derivative(subject: Subject, claim: Claim) -> Decision | None:
    found = counterexamples.bent(subject, claim.inputs[0]) if len(claim.inputs) == 1 else None
    return None if found is None else refuted(found)


def chords_that_are_met(subject: Subject, claim: Claim) -> Decision | None:
    """A midpoint that lies on its chord, in exact arithmetic: what is convex is affine between the ends."""
    if len(subject.program.lets) != 1 or claim.arguments:
        return None
    if any(one.dimensions for one in subject.program.inputs):
        return None
    domains = [subject.program.input[name].domain for name in claim.inputs]
    if any(one.kind not in ("real", "positive", "nonnegative") for one in domains):
        return None
    segments = [
        segment
        for segment in itertools.islice(_segments(len(domains)), _MOST_SEGMENTS)
        if all(
            one.kind == "real" or min(ends) > 0 for ends, one in zip(segment, domains, strict=True)
        )
    ]
    for drawn in samples(subject.program, _TRIES):
        for segment in segments:
            start, middle, end = (
                {
                    name: low + share * (high - low)
                    for name, (low, high) in zip(claim.inputs, segment, strict=True)
                }
                for share in (Fraction(0), Fraction(1, 2), Fraction(1))
            )
            values = [_exactly(subject, {**drawn, **place}) for place in (start, middle, end)]
            if None not in values and 2 * values[1] == values[0] + values[2]:
                others = shown(drawn, set(drawn) - set(claim.inputs))
                at = f", at {others}" if others else ""
                ends = f"{shown(start, claim.inputs)} to {shown(end, claim.inputs)}"
                return refuted(f"it is affine from {ends}{at}")
    return None


def _segments(dimension: int) -> Iterator[tuple[tuple[Fraction, Fraction], ...]]:
    """Ends of segments, entry by entry: of one number on a coarse line, of several along short directions."""
    if dimension == 1:
        for start, width in itertools.product(_STARTS, _WIDTHS):
            yield ((start, start + width),)
        return
    for starts in itertools.product(map(Fraction, (1, 2, -1)), repeat=dimension):
        for steps in itertools.product(map(Fraction, (1, 0, -1, 2)), repeat=dimension):
            if any(steps):
                yield tuple((one, one + by) for one, by in zip(starts, steps, strict=True))


def flat_directions(subject: Subject, claim: Claim) -> Decision | None:
    """What a shift of all entries doesn't change is constant along it, and what a scaling multiplies by the
    same factor is affine along rays."""
    kinds = {subject.program.input[name].domain.kind for name in claim.inputs}
    if subject.is_short and kinds <= {"real", "positive", "nonnegative"}:
        scaled = factor_of(subject.program, claim.inputs)
        if scaled is not None and scaled[0] in (1, scaled[1]):
            return refuted("it is affine along each ray from the origin, as scaling multiplies it")
    if not subject.is_short or kinds != {"real"}:
        return None
    if moves(subject, Claim(False, ("invariant", "shift"), (), None, claim.inputs)) is None:
        return None
    return refuted("adding one number to all entries changes nothing")


def _exactly(subject: Subject, values: Values) -> Any:
    """The value in rational numbers; None where it isn't one. All inputs are put in at once: one by one, what
    is multiplied by zero would be gone before it is seen to be undefined."""
    mapping = {one.read(): sympy.Rational(str(values[one.name])) for one in subject.program.inputs}
    found = subject.value.xreplace(mapping)
    return found if found.is_Rational else None
