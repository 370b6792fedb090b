"""Consistency of a surrogate with the metric that it stands for: `calibrated for`, `bounds`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from fractions import Fraction
from typing import Any

import mpmath
import sympy

from objc.analysis.decision import Decision, proved, refuted, unknown
from objc.analysis.shape.ends import end_of
from objc.analysis.signs.elementary import is_nonnegative, is_positive, is_zero
from objc.analysis.statistics import classes
from objc.analysis.statistics.excess import transform
from objc.analysis.statistics.margins import (
    Margin,
    is_at_least_one_for_mistakes,
    is_negative,
    is_odd_part_nonnegative,
    is_zero_one,
    margin_of,
    never_increases,
)
from objc.analysis.statistics.mistakes import how_above_mistakes, is_mistake
from objc.analysis.statistics.propriety import two_outcomes
from objc.analysis.subject import Subject
from objc.analysis.values.evaluation import Outputs, certified, is_finite, outputs
from objc.analysis.values.samples import Values, samples, shown
from objc.ir.program import Claim, Input, Program

_TRIES = 40
_NEAR, _MOST_NEAR = 1e-9, 6
"""What float64 shows for certain, and the most places that it doesn't that are tried in more digits."""
_HARDLY, _SURE = 1e-15, 1e-20
_AWAY = tuple(Fraction(1, 4 * 2**step) for step in range(64))


def calibrated(subject: Subject, claim: Claim) -> Decision:
    """Whether minimizing the expected loss gives the decisions that are best for a metric."""
    if claim.metric is not None and classes.is_accuracy(claim.metric):
        return classes.calibrated(subject)
    margin = margin_of(subject)
    if claim.metric is None or not is_zero_one(claim.metric):
        return unknown("the zero-one loss as the metric, or the accuracy")
    if _is_itself(subject, claim.metric):
        return proved("it is the metric itself")
    if margin is None:
        return _of_two_losses(subject)
    return _with_transform(subject, margin, of_margin(subject, margin))


def _is_itself(subject: Subject, metric: Program) -> bool:
    """Whether a loss is the metric, in other names perhaps."""
    inputs, other = _matched(subject.program, metric), Subject(metric)
    if inputs is None or len(other.program.lets) != 1 or set(other.program.input) != set(inputs):
        return False
    named = {other.program.input[one].read(): mine.read() for one, mine in inputs.items()}
    return bool(other.value.xreplace(named) == subject.value)


def of_margin(subject: Subject, margin: Margin) -> Decision:
    """Whether a margin loss is calibrated for the zero-one loss."""
    if subject.curvature(margin.name).convex:
        return _of_convex(margin)
    left: Any = margin.slope(-1)
    right: Any = margin.slope(1)
    if (
        _is_descent(left, right)
        and never_increases(subject, margin)
        and _has_bound(subject, margin)
    ):
        is_even = is_zero(left - right)
        at_zero = (
            f"a derivative of {right} < 0"
            if is_even
            else f"slopes {left} and {right} < 0, no steeper to the left,"
        )
        return proved(f"it never increases in the margin, is bounded below, and has {at_zero} at 0")
    if is_odd_part_nonnegative(margin):
        return refuted(
            "phi(v) ≥ phi(-v) for all margins v > 0, so that with probability 3/4 of a label its"
            " opposite is decided at no greater expected loss"
        )
    return unknown("convexity, the sign of the derivative, exchanging v and -v")


def _of_two_losses(subject: Subject) -> Decision:
    """Of a score with a loss φ₁ where the label is 1 and φ₀ where it is −1, both convex and differentiable at
    0: the expected loss is convex, so that the sign of its slope ηφ₁′(0) + (1 − η)φ₀′(0) decides. It is
    that of 1 − 2η if and only if φ₁′(0) = −φ₀′(0) < 0 (Scott 2012)."""
    case = two_outcomes(subject, "real")
    tried = unknown(
        "the loss as a function of the margin, its slopes for both labels at a score of 0"
    )
    if case is None or case.outcome.domain.kind != "sign" or len(subject.program.lets) != 1:
        return tried
    name, y = case.prediction.name, case.outcome.read()
    if not subject.curvature(name).convex:
        return tried
    slopes = []
    for label in case.labels:
        one = Margin(
            subject.value.xreplace({y: sympy.Integer(label)}), case.prediction.read(), name
        )
        left, right = one.slope(-1), one.slope(1)
        if left is None or right is None or one.phi.has(y) or not is_zero(left - right):
            return tried
        slopes.append(right)
    first, second = slopes
    if is_zero(first + second) and is_negative(first):
        return proved(
            f"it is convex in {name}, and its slopes at 0 are {first} < 0 and {second} for the two labels,"
            " so that the expected loss falls from 0 towards the likelier one"
        )
    if not (first.is_Rational and second.is_Rational):
        return tried
    return _wrong_side(
        name, Fraction(int(first.p), int(first.q)), Fraction(int(second.p), int(second.q))
    )


def _wrong_side(name: str, first: Fraction, second: Fraction) -> Decision:
    """A probability of the label 1 at which the expected loss doesn't fall from 0 towards the likelier
    label."""
    for share in (Fraction(1, 2) + side * away for away in _AWAY for side in (1, -1)):
        slope = share * first + (1 - share) * second
        if slope * (2 * share - 1) >= 0:
            return refuted(
                f"it is convex in {name}, and where the label 1 has probability {share} the expected loss"
                f" has the slope {slope} at 0: {'0 is' if slope == 0 else 'a score of the wrong sign is'}"
                " best"
            )
    return unknown("the slopes for both labels at a score of 0, which are all but opposite")


def _with_transform(subject: Subject, margin: Margin, found: Decision) -> Decision:
    """A proof, with what the excess of the expected loss says about that of the metric."""
    psi = transform(subject, margin) if found.is_proof else None
    if psi is None:
        return found
    return proved(
        f"{found.argument}; the metric's excess R over the least there is has psi(R) ≤ the excess of the"
        f" expected loss, psi(t) = {psi}"
    )


def _is_descent(left: Any, right: Any) -> bool:
    """Whether a loss falls to the right of 0, and no less steeply than to the left."""
    if left is None or right is None or not is_negative(right):
        return False
    return is_zero(left - right) or is_nonnegative(left - right)


def _has_bound(subject: Subject, margin: Margin) -> bool:
    """Whether a loss that never increases has a lower bound: by its range, or its limit."""
    if subject.range.low > -float("inf"):
        return True
    t = sympy.Dummy("t", positive=True)
    end = end_of(margin.at(t), t)
    return end is not None and bool(end.is_finite)


def _of_convex(margin: Margin) -> Decision:
    left, right = margin.slope(-1), margin.slope(1)
    if left is None or right is None:
        return unknown("the one-sided derivatives at a margin of 0")
    if is_zero(left - right):
        if is_negative(right):
            return proved(
                f"it is convex, differentiable at a margin of 0, its derivative there {right} < 0"
            )
        if right.is_nonnegative or is_zero(right):
            return refuted(
                f"it is convex with a derivative of {right} at a margin of 0, so that a score of at most 0"
                " is best for any probability above 1/2"
            )
    elif is_positive(right - left):
        return refuted(
            f"it is convex with slopes {left} and {right} at a margin of 0, so that a score of 0"
            f" minimizes the expected loss {_share(left, right)}"
        )
    return unknown("the sign of the derivative at a margin of 0")


def _share(left: Any, right: Any) -> str:
    """A probability other than 1/2 at which 0 is a minimizer: 0 lies between ηleft − (1−η)right and
    ηright − (1−η)left."""
    if not (left.is_Rational and right.is_Rational):
        return "for probabilities near 1/2"
    share = Fraction(1, 4)
    a, b = Fraction(int(left.p), int(left.q)), Fraction(int(right.p), int(right.q))
    while True:
        eta = Fraction(1, 2) + share
        if eta * a - (1 - eta) * b <= 0 <= eta * b - (1 - eta) * a:
            return f"where the label 1 has probability {eta}"
        share /= 2


# ------------------------------------------------------------------ bounds


def bounds(subject: Subject, claim: Claim) -> Decision:
    """Whether the loss is at least the metric everywhere."""
    metric = claim.metric
    if metric is None:
        return unknown("the metric has no program")
    inputs = _matched(subject.program, metric)
    if is_mistake(metric) and (told := how_above_mistakes(subject)) is not None:
        return proved(told)
    if inputs is None:
        return unknown("the metric has other inputs")
    margin = margin_of(subject)
    if margin is not None and is_zero_one(metric):
        is_above_zero = subject.is_at_least(margin.phi, sympy.Integer(0))
        if is_above_zero and is_at_least_one_for_mistakes(subject, margin):
            return proved("it is at least 0, and at least 1 for margins of at most 0")
    elif (how := _by_difference(subject, metric, inputs)) is not None:
        return how
    found = _below(subject, metric, inputs)
    return (
        unknown("its value where the metric is 1, drawn inputs")
        if found is None
        else refuted(found)
    )


def _by_difference(
    subject: Subject, metric: Program, inputs: Mapping[str, Input]
) -> Decision | None:
    other = Subject(metric)
    if len(other.program.lets) != 1 or set(other.program.input) != set(inputs):
        return None
    named = {
        other.program.input[one].read(): mine.read()
        for one, mine in inputs.items()
        if not mine.dimensions
    }
    if len(named) < len(inputs):
        return None
    if subject.is_at_least(subject.value, other.value.xreplace(named)):
        return proved("by interval arithmetic, of its difference from the metric")
    return None


def _matched(program: Program, metric: Program) -> dict[str, Input] | None:
    """The loss's input for each of the metric's that has no default, by their order."""
    mine = [one for one in program.inputs if one.role in ("differentiable", "data")]
    theirs = [one for one in metric.inputs if one.role in ("differentiable", "data")]
    alike = len(mine) == len(theirs) and all(
        a.domain.kind == b.domain.kind and len(a.dimensions) == len(b.dimensions)
        for a, b in zip(mine, theirs, strict=True)
    )
    free = [one for one in metric.inputs if one.role == "hyperparameter" and one.default is None]
    if not alike or free:
        return None
    return {b.name: a for a, b in zip(mine, theirs, strict=True)}


def _below(subject: Subject, metric: Program, inputs: Mapping[str, Input]) -> str | None:
    """Inputs at which the loss is below the metric, in 50 digits."""
    other = Subject(metric).program
    if set(other.input) != set(inputs):
        return None
    left = _MOST_NEAR
    for values in _with_zeros(subject.program):
        theirs = {name: values[mine.name] for name, mine in inputs.items()}
        gap = _gap(subject.program, values, other, theirs, outputs)
        if gap is None or gap < -_HARDLY or (gap <= _NEAR and left <= 0):
            continue
        left -= gap <= _NEAR
        sure = _gap(subject.program, values, other, theirs, certified)
        if sure is not None and sure > _SURE:
            mine = certified(subject.program, values)
            assert mine is not None
            value, wanted = (_told(one, sure) for one in (mine["total"], mine["total"] + sure))
            return f"{shown(values, values)} gives {value} < {wanted}"
    return None


def _told(value: Any, gap: Any) -> str:
    """A number in as many digits as show a gap."""
    return str(mpmath.nstr(value, 10 if gap > _NEAR else 25)).removesuffix(".0")


def _with_zeros(program: Program) -> Iterator[Values]:
    """Drawn inputs, each also with a score of zero, where mistakes begin."""
    zeros = {
        one.name: 0.0
        for one in program.differentiable
        if not one.dimensions and one.domain.kind == "real"
    }
    for values in samples(program, _TRIES):
        yield values
        yield {**values, **zeros}


def _gap(
    program: Program,
    values: Values,
    metric: Program,
    theirs: Values,
    evaluated: Callable[[Program, Values], Outputs | None],
) -> Any:
    found, wanted = evaluated(program, values), evaluated(metric, theirs)
    if found is None or wanted is None:
        return None
    mine, other = found["total"], wanted["total"]
    return other - mine if is_finite(mine) and is_finite(other) else None
