"""Provers of bounds on the value: `nonnegative`, `bounded A B`."""

from __future__ import annotations

from collections.abc import Mapping

import sympy

from objc.analysis import counterexamples
from objc.analysis.decision import Decision, proved, refuted
from objc.analysis.shape import curves
from objc.analysis.shape.growth import sides_of
from objc.analysis.signs import terms
from objc.analysis.statistics import divergences, generators
from objc.analysis.subject import Subject
from objc.analysis.values.interval import Interval
from objc.analysis.values.ranges import Context, Ranges
from objc.atoms import Branch, maximum
from objc.ir.index import Index
from objc.ir.program import Claim, Let
from objc.ir.symbols import Expression, Read


def ends_of(claim: Claim) -> tuple[Expression, Expression]:
    """The two ends that `nonnegative` and `bounded A B` state."""
    if claim.words[0] == "nonnegative":
        return sympy.Integer(0), sympy.oo
    low, high = claim.arguments
    return low, high


def holds(
    subject: Subject,
    claim: Claim,
    value: Expression,
    known: Mapping[str, Interval] | None = None,
    context: Context | None = None,
) -> bool:
    """Whether a form of the value lies between the ends, by the ranges of lets that are known and of the
    symbols that stand in it."""
    ranges = subject.ranges if known is None else Ranges(subject.program, known)
    low, high = ends_of(claim)
    rooms = [] if low == -sympy.oo else [value - low]
    rooms += [] if high == sympy.oo else [high - value]
    return all(
        ranges.of(one, context).is_nonnegative
        or ranges.of(sympy.expand(one), context).is_nonnegative
        or ranges.of(sympy.factor_terms(one), context).is_nonnegative
        for one in rooms
    )


def indices_of(read: Read) -> frozenset[Index]:
    """The indices that a read stands at, those of a gather's own read too."""
    bases = [one.base for one in read.positions]
    inner = (indices_of(one) for one in bases if isinstance(one, Read))
    return frozenset(one for one in bases if isinstance(one, Index)).union(*inner)


def is_captured(let: Let, read: Read) -> bool:
    """Whether a read of a let stands at an index that the let runs over: put in its place, the two would be
    taken for one."""
    return bool(indices_of(read) & set(let.over))


def interval_arithmetic(subject: Subject, claim: Claim) -> Decision | None:
    low, high = ends_of(claim)
    is_above = subject.is_at_least(subject.value, low)
    is_above = is_above or (low == 0 and subject.range.is_nonnegative)
    if is_above and (high == sympy.oo or _is_at_most(subject, subject.value, high)):
        return proved("by interval arithmetic")
    return None


def _is_at_most(subject: Subject, value: Expression, high: Expression) -> bool:
    """Whether a value, each arm of a branch by itself, is at most an end or one of the two that it is the
    greater of."""
    if subject.is_at_least(high, value):
        return True
    if isinstance(value, Branch):
        return all(_is_at_most(subject, one, high) for one in value.args[1:])
    parts = high.args if isinstance(high, maximum) else ()
    return any(subject.is_at_least(one, value) for one in parts)


def divergence(subject: Subject, claim: Claim) -> Decision | None:
    """A divergence is at least zero."""
    if ends_of(claim) != (0, sympy.oo):
        return None
    how = divergences.is_divergence(subject)
    return None if how is None else proved(how)


def f_divergence(subject: Subject, claim: Claim) -> Decision | None:
    low, high = ends_of(claim)
    if not generators.is_within(subject, low, high):
        return None
    if high == sympy.oo:
        return proved("by Jensen's inequality, as an f-divergence")
    return proved("as an f-divergence, of values from f(1) to f(0) + lim f(t)/t")


def pieces_on_the_line(subject: Subject, claim: Claim) -> Decision | None:
    names = [one.name for one in subject.program.inputs if one.is_differentiable]
    if len(names) != 1 or not curves.is_within_on_lines(subject, names[0], 0, *ends_of(claim)):
        return None
    return proved("by the values of each piece, on the line")


def signs_of_the_terms(subject: Subject, claim: Claim) -> Decision | None:
    if ends_of(claim) == (0, sympy.oo) and terms.is_nonnegative(subject):
        return proved("by the signs of the terms, on the line")
    return None


def each_end(subject: Subject, claim: Claim) -> Decision | None:
    """The two ends by themselves, each by what proves it."""
    from objc.analysis.claims import decide

    low, high = ends_of(claim)
    if not (low.is_finite and high.is_finite):
        return None
    halves = [
        decide(subject, Claim(False, ("bounded",), ends, None, ()))
        for ends in ((low, sympy.oo), (-sympy.oo, high))
    ]
    if not all(one.is_proof for one in halves):
        return None
    return proved(f"from below, {halves[0].argument}; from above, {halves[1].argument}")


def drawn_inputs(subject: Subject, claim: Claim) -> Decision | None:
    found = counterexamples.beyond(subject, *ends_of(claim))
    return None if found is None else refuted(found)


def limits_of_the_value(subject: Subject, claim: Claim) -> Decision | None:
    """A limit beyond an end: the value comes as near to it as one likes."""
    low, high = ends_of(claim)
    for one in subject.program.inputs:
        for side in sides_of(subject, one.name, subject.value) if one.is_differentiable else ():
            gaps = () if side.value is None else (low - side.value, side.value - high)
            if any(gap.is_positive for gap in gaps):
                return refuted(side.in_words(one.name))
    return None
