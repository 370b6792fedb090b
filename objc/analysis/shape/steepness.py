"""Provers of `lipschitz L` and `smooth L`: bounds on a derivative, the first or the second."""

from __future__ import annotations

from collections.abc import Sequence

import sympy

from objc.analysis import counterexamples
from objc.analysis.decision import Decision, proved, refuted
from objc.analysis.shape import curves, extremes
from objc.analysis.shape.differentiability import broken
from objc.analysis.subject import Subject
from objc.atoms import maximum
from objc.ir.program import Claim
from objc.ir.symbols import Expression

_FEW = 12
"""Operations of a derivative beyond which its extremes are looked for first."""


def _order(claim: Claim) -> int:
    return 1 if claim.words[0] == "lipschitz" else 2


def _which(claim: Claim) -> str:
    return "derivative" if _order(claim) == 1 else "second derivative"


def short_derivative(subject: Subject, claim: Claim) -> Decision | None:
    """A derivative of few operations, of which the range is soon found."""
    slope = _smooth_slope(subject, claim)
    return derivative(subject, claim) if slope is not None and slope.count_ops() <= _FEW else None


def derivative(subject: Subject, claim: Claim) -> Decision | None:
    slope = _smooth_slope(subject, claim)
    if slope is None or not subject.inequalities.is_within(slope, claim.arguments[0]):
        return None
    return proved(f"by a bound on the {_which(claim)}")


def _smooth_slope(subject: Subject, claim: Claim) -> Expression | None:
    """The derivative that a claim is about, in one input in which those of lower order are continuous."""
    if len(claim.inputs) != 1 or not subject.is_smooth(claim.inputs[0], _order(claim) - 1):
        return None
    take = subject.slope if _order(claim) == 1 else subject.second_slope
    return take(claim.inputs[0])


def length_of_the_gradient(subject: Subject, claim: Claim) -> Decision | None:
    if len(claim.inputs) != 1 or not subject.is_short:
        return None
    (bound,) = claim.arguments
    longest = subject.bounds(claim.inputs[0]).squared_slope
    if longest == sympy.oo or not subject.is_at_least(bound, sympy.Integer(0)):
        return None
    is_longer = subject.is_at_least(bound**2, longest)
    return proved("by a bound on the length of the gradient") if is_longer else None


def joint_square(subject: Subject, names: Sequence[str]) -> Expression:
    """A square that the length of the gradient in several inputs together does not exceed: the sum of those
    in each, whatever the others are."""
    return sympy.Add(*(_square(subject, one) for one in names))


def _square(subject: Subject, name: str) -> Expression:
    """The same for one input: by the parts of the loss, or of a number by the range of the slope."""
    found = subject.bounds(name).squared_slope
    is_number = not subject.program.input[name].dimensions and subject.is_smooth(name, 0)
    slope = subject.slope(name) if found == sympy.oo and is_number else None
    if slope is None:
        return found
    most = subject.ranges.of(slope).absolute().high
    return found if isinstance(most, float) else sympy.Rational(most**2)


def lengths_in_each(subject: Subject, claim: Claim) -> Decision | None:
    if len(claim.inputs) < 2 or claim.words[0] != "lipschitz" or not subject.is_short:
        return None
    (bound,), longest = claim.arguments, joint_square(subject, claim.inputs)
    if longest == sympy.oo or not subject.is_at_least(bound, sympy.Integer(0)):
        return None
    if not subject.is_at_least(bound**2, longest):
        return None
    return proved("by bounds on the lengths of the gradients in each, whose squares add up")


def structure_of_the_hessian(subject: Subject, claim: Claim) -> Decision | None:
    if len(claim.inputs) != 1 or not subject.is_short:
        return None
    (bound,) = claim.arguments
    bends = subject.bounds(claim.inputs[0])
    if not all(subject.is_at_least(bound, one) for one in (bends.high, -bends.low)):
        return None
    return proved("by the structure of the Hessian, which bounds its eigenvalues")


def ends_of_the_data(subject: Subject, claim: Claim) -> Decision | None:
    """A derivative that is affine in data between two numbers is greatest, and least, at one of them."""
    if len(claim.inputs) != 1:
        return None
    (bound,), (name,) = claim.arguments, claim.inputs
    slope = subject.slope(name) if _order(claim) == 1 else subject.second_slope(name)
    if slope is None or not subject.is_smooth(name, _order(claim) - 1):
        return None
    for one in subject.program.inputs:
        if one.role != "data" or one.domain.kind != "probability" or one.dimensions:
            continue
        rest = slope.xreplace({one.read(): sympy.Dummy("y", real=True)})
        (y,) = rest.free_symbols - slope.free_symbols or (None,)
        if y is None or sympy.expand(sympy.diff(rest, y, 2)) != 0:
            continue
        ends = [rest.xreplace({y: sympy.Integer(end)}) for end in (0, 1)]
        if all(_is_below_a_part(subject, end, bound) for end in ends):
            return proved(f"the {_which(claim)} is affine in {one.name}, and bounded at 0 and at 1")
    return None


def _is_below_a_part(subject: Subject, slope: Expression, bound: Expression) -> bool:
    """Whether a slope is within a bound, or within one of the two that the bound is the greater of."""
    scale, fold = bound.as_independent(maximum)
    parts = [scale * one for one in fold.args] if isinstance(fold, maximum) else []
    if not scale.is_positive:
        parts = []
    return any(subject.inequalities.is_within(slope, one) for one in (*parts, bound))


def extremes_of_the_derivative(subject: Subject, claim: Claim) -> Decision | None:
    if len(claim.inputs) != 1:
        return None
    (bound,), (name,) = claim.arguments, claim.inputs
    order = _order(claim)
    if not subject.is_smooth(name, order - 1):
        return None
    if not extremes.is_bounded_by(subject, name, order, bound):
        return None
    return proved(f"by the extremes of the {_which(claim)}")


def derivative_on_its_line(subject: Subject, claim: Claim) -> Decision | None:
    if len(claim.inputs) != 1:
        return None
    (bound,), (name,) = claim.arguments, claim.inputs
    if not curves.is_within_on_lines(subject, name, _order(claim), -bound, bound):
        return None
    return proved(f"by a bound on the {_which(claim)} of each piece, on the line")


def drawn_slopes(subject: Subject, claim: Claim) -> Decision | None:
    if len(claim.inputs) != 1:
        return None
    (bound,), (name,) = claim.arguments, claim.inputs
    grows = subject.value if _order(claim) == 1 else subject.slope(name)
    found = None if grows is None else counterexamples.steep(subject, name, grows, bound)
    return None if found is None else refuted(found)


def greater_extremes(subject: Subject, claim: Claim) -> Decision | None:
    if len(claim.inputs) != 1:
        return None
    (bound,), (name,) = claim.arguments, claim.inputs
    found = extremes.beyond(subject, name, _order(claim), bound)
    return None if found is None else refuted(found)


def jumps(subject: Subject, claim: Claim) -> Decision | None:
    """A jump is steeper than any bound, a kink bends more than any."""
    if len(claim.inputs) != 1:
        return None
    kinds = ("jump",) if _order(claim) == 1 else ("kink", "jump")
    found = broken(subject, claim.inputs[0], kinds)
    return None if found is None else refuted(found)
