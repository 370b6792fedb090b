"""Provers of `differentiable N`: so many derivatives are continuous."""

from __future__ import annotations

from collections.abc import Sequence

import sympy

from objc.analysis.decision import Decision, proved, refuted, unknown
from objc.analysis.shape import curves
from objc.analysis.shape.scaling import unscaled
from objc.analysis.shape.stretches import is_within_by_stretches, jumping_derivative
from objc.analysis.subject import Subject
from objc.ir.program import Claim

_HIGHEST = 8
"""Of the orders of derivatives that are looked at piece by piece."""


def no_kinks(subject: Subject, claim: Claim) -> Decision | None:
    (order,), (name,) = claim.arguments, claim.inputs
    if subject.smoothness(name).ends_at_edge:
        return unknown(
            "a function ends at the edge of the domain: its derivative may be infinite there"
        )
    is_smooth = order.is_Integer and subject.is_smooth(name, int(order))
    return proved("no kink of that order") if is_smooth else None


def pieces_on_the_line(subject: Subject, claim: Claim) -> Decision | None:
    (order,), (name,) = claim.arguments, claim.inputs
    if not order.is_Integer or subject.smoothness(name).ends_at_edge:
        return None
    if curves.is_within_on_lines(subject, name, int(order) + 1, -sympy.oo, sympy.oo):
        return proved("the derivatives of the pieces agree where they meet")
    return None


def pieces_for_every_scale(subject: Subject, claim: Claim) -> Decision | None:
    """As a function of the error over its scale."""
    (order,), (name,) = claim.arguments, claim.inputs
    line = unscaled(subject, name) if order.is_Integer else None
    if line is None or subject.smoothness(name).ends_at_edge:
        return None
    formula, u = line
    infinite = -sympy.oo, sympy.oo
    if is_within_by_stretches(formula, u, *infinite, int(order) + 1, infinite):
        return proved("the derivatives of the pieces agree where they meet, whatever the scale")
    return None


def kinks(subject: Subject, claim: Claim) -> Decision | None:
    (order,), (name,) = claim.arguments, claim.inputs
    if not order.is_positive or subject.smoothness(name).ends_at_edge:
        return None
    found = broken(subject, name)
    return None if found is None else refuted(found)


def jumping_derivatives(subject: Subject, claim: Claim) -> Decision | None:
    """On both sides of a seam, the derivatives of the pieces."""
    (order,), (name,) = claim.arguments, claim.inputs
    if not (order.is_Integer and 0 < order <= _HIGHEST):
        return None
    found = curves.jumping_on_lines(subject, name, int(order))
    if found is not None:
        return refuted(found)
    line = unscaled(subject, name)
    jump = None if line is None else jumping_derivative(*line, -sympy.oo, sympy.oo, int(order))
    if jump is None:
        return None
    seam, which, before, after = jump
    sides = f"from {before} to {after} at {seam}"
    return refuted(f"of the error over its scale, the derivative of order {which} jumps {sides}")


def broken(subject: Subject, name: str, kinds: Sequence[str] = ("kink", "jump")) -> str | None:
    """Exact inputs at which the slope, or the value, jumps."""
    for one in subject.kinks(name):
        if one.order is None or one.order < 1:
            witness = subject.witness(name, one)
            if witness is not None and witness.kind in kinds:
                return f"a {witness.kind}, {witness.text}"
    return None
