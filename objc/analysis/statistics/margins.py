"""Losses of a margin: a score and a label of −1 or 1 that occur as their product only.

A convex φ is classification-calibrated if and only if it is differentiable at 0 with φ′(0) < 0
(Bartlett, Jordan and McAuliffe 2006, theorem 2). One that isn't convex is so if it is continuous and
bounded below, never increases, and has slopes l to the left and r to the right of 0 with r ≤ l and r < 0:
for η > 1/2 the conditional risk C(s) = ηφ(s) + (1 − η)φ(−s) has C(−v) − C(v) = (2η − 1)(φ(−v) − φ(v)),
which is away from zero for v away from zero, and to the right of 0 its slope ηr − (1 − η)l < 0, so that
scores near 0 aren't best either. Without a bound it may fall for ever to both sides. Where φ(v) ≥ φ(−v)
for all v > 0 it is not calibrated, by the same difference.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import sympy

from objc.analysis.signs.elementary import is_nonnegative, is_positive, is_zero, pieces, plain
from objc.analysis.signs.near import germ
from objc.analysis.subject import Subject
from objc.ir.program import Program
from objc.ir.symbols import Expression


@dataclass(frozen=True)
class Margin:
    """φ, a formula of the score alone and of hyperparameters."""

    phi: Expression
    score: Any
    name: str

    def at(self, value: Any) -> Expression:
        return self.phi.xreplace({self.score: sympy.sympify(value)})

    def slope(self, side: int) -> Expression | None:
        """The one-sided derivative at a margin of zero."""
        step = sympy.Dummy("t", positive=True)
        here, near = germ(self.at(0), step), germ(self.at(side * step), step)
        if here is None or near is None:
            return None
        values = [sympy.simplify(one.subs(step, 0)) for one in (near, sympy.diff(near, step))]
        if not is_zero(values[0] - here) or not values[1].is_finite:
            return None
        return side * values[1]


def margin_of(subject: Subject) -> Margin | None:
    """The loss as φ(label · score), if that is what it is."""
    roles = [one for one in subject.program.inputs if one.role != "hyperparameter"]
    scores = [one for one in roles if one.is_differentiable]
    labels = [one for one in roles if not one.is_differentiable]
    if len(scores) != 1 or len(labels) != 1 or len(subject.program.lets) != 1:
        return None
    (score,), (label,) = scores, labels
    if score.dimensions or label.dimensions:
        return None
    if score.domain.kind != "real" or label.domain.kind != "sign":
        return None
    s, y, value = score.read(), label.read(), subject.value
    phi = value.xreplace({y: sympy.Integer(1)})
    mirrored = value.xreplace({y: sympy.Integer(-1)}).xreplace({s: -s})
    if phi.has(y) or not (mirrored == phi or is_zero(mirrored - phi)):
        return None
    return Margin(phi, s, score.name)


def is_zero_one(metric: Program) -> bool:
    """Whether a metric is 1 for margins of zero and below, and 0 above."""
    margin = margin_of(Subject(metric))
    if margin is None:
        return False
    step = sympy.Dummy("t", positive=True)
    found = [pieces(margin.at(one)) for one in (-step, sympy.Integer(0), step)]
    wanted = [[(sympy.true, sympy.Integer(one))] for one in (1, 1, 0)]
    return found == wanted


def never_increases(subject: Subject, margin: Margin) -> bool:
    """Whether φ is continuous and its derivative, where it has one, is at most zero."""
    first = subject.derivative(margin.phi, margin.name)
    if first is None or not subject.is_smooth(margin.name, 0):
        return False
    zero = sympy.Integer(0)
    return subject.is_at_least(zero, first) or all(
        is_nonnegative(-one.xreplace({margin.score: sympy.Dummy("m", real=True)}))
        for _, one in pieces(first) or [(True, sympy.Integer(1))]
    )


def is_odd_part_nonnegative(margin: Margin) -> bool:
    """Whether φ(v) ≥ φ(−v) for all v > 0."""
    step = sympy.Dummy("v", positive=True)
    parts = pieces(margin.at(step) - margin.at(-step))
    return parts is not None and all(is_zero(one) or is_nonnegative(one) for _, one in parts)


def is_at_least_one_for_mistakes(subject: Subject, margin: Margin) -> bool:
    """Whether φ(m) ≥ 1 for m ≤ 0."""
    mistake = sympy.Le(margin.score, 0)
    if subject.inequalities.is_at_least_where(margin.phi, sympy.Integer(1), mistake):
        return True
    step = sympy.Dummy("v", nonnegative=True)
    parts = pieces(margin.at(-step) - 1)
    if parts is not None and all(is_nonnegative(one) for _, one in parts):
        return True
    return never_increases(subject, margin) and is_nonnegative(plain(margin.at(0)) - 1)


def is_negative(slope: Expression) -> bool:
    return is_positive(-slope)
