"""Losses that are least in expectation at an affine function of a statistic, which is not that statistic.

What is least at q = s·m + o for a statistic m is another number on the statistic's own scale: twice the mean,
its negative, one less. With m = (q − o)/s written for the prediction the loss is one that estimates the
statistic itself, which its provers show. A function that is not affine, an exponential or a logistic one, is
a link: what is predicted is then meant on another scale.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import sympy

from objc.analysis.signs.elementary import is_smooth_formula, plain
from objc.analysis.statistics.risks import Risk, at_others, risks
from objc.analysis.subject import Subject
from objc.atoms import maximum, minimum
from objc.ir.domain import number_of
from objc.ir.program import Input

_CONES = frozenset({"positive", "nonnegative"})
_KNOWN = (Fraction(1), Fraction(0), Fraction(2))
"""Outcomes that are certain: each statistic of one is the outcome itself."""


@dataclass(frozen=True)
class Moved:
    """The minimizer `scale · m + offset` of a statistic m, numbers at the other inputs of `risk`."""

    scale: Any
    offset: Any
    risk: Risk
    argument: str

    def of(self, statistic: Any) -> Any:
        return self.scale * statistic + self.offset

    def in_words(self, statistic: str) -> str:
        """`twice the mean`, `the mean plus 1`."""
        factor = {2: "twice ", -1: "the negative of ", 1: ""}.get(
            self.scale, f"{self.scale} times "
        )
        end = f" {'plus' if self.offset > 0 else 'less'} {abs(self.offset)}" if self.offset else ""
        return f"{factor}{statistic}{end}{at_others(self.risk)}"


def moved(
    subject: Subject,
    prediction: Input,
    target: Input,
    prove: Callable[[Subject, Any], str | None],
    level: Any,
) -> Moved | None:
    """How the minimizer of an expected loss differs from a statistic that is one at the level, if it is an
    affine function of it; `prove` shows that the minimizer of a loss is the statistic itself."""
    kind = prediction.domain.kind
    if len(subject.program.lets) != 1 or not subject.is_short or kind not in {"real", *_CONES}:
        return None
    for risk in risks(subject, prediction, target):
        inputs = subject.program.input
        if any(inputs[one].role != "hyperparameter" for one in risk.others):
            return None
        others = {inputs[one].read(): _exact(at) for one, at in risk.others.items()}
        value, there = subject.value.xreplace(others), sympy.sympify(level).xreplace(others)
        for scale, offset in _candidates(value, prediction, target):
            if kind in _CONES and (offset != 0 or not scale > 0):
                continue
            back = value.xreplace({prediction.read(): scale * prediction.read() + offset})
            back = _aligned(back, prediction.read(), target.read())
            how = prove(Subject(subject.with_value(back)), there)
            if how is not None:
                return Moved(scale, offset, risk, how)
    return None


def _aligned(value: Any, q: Any, y: Any) -> Any:
    """A formula in which q and y themselves are compared, where the same is added to both."""
    asked = {
        one: one.func(q, y)
        for one in value.atoms(sympy.Eq, sympy.Ne)
        if sympy.expand(one.lhs - one.rhs) in (q - y, y - q)
    }
    return value.xreplace(asked)


def evidence(found: Moved, prediction: Input, target: Input, statistic: str) -> str | None:
    """A target that is certain, at which another prediction than the statistic costs less."""
    for known in _KNOWN:
        best = found.of(_exact(known))
        place = Fraction(int(best.p), int(best.q))
        if place == known or not _is_outcome(target, known):
            continue
        if not all(_is_outcome(prediction, one) for one in (known, place)):
            continue
        if found.risk.better(known, [place], [(known, Fraction(1))]) is not None:
            return (
                f"with {target.name} = {known}, which is the {statistic} then, the expected loss is smaller"
                f" at {prediction.name} = {place} than at {known}"
            )
    return None


def _is_outcome(one: Input, value: Fraction) -> bool:
    """Whether a number is in a domain of which the ends are known."""
    low, high = (number_of(end, {}, {}) for end in one.domain.bounds)
    is_left_out = value == 0 and one.domain.kind in ("positive", "sign")
    return low is not None and high is not None and low <= value <= high and not is_left_out


def _exact(value: Any) -> Any:
    return sympy.Rational(str(value))


def _candidates(value: Any, prediction: Input, target: Input) -> Iterator[tuple[Any, Any]]:
    """The lines q = s·y + o, others than q = y, on which the loss may be least: where a sum that is linear
    in both is zero, and where the derivative is."""
    q, y = prediction.read(), target.read()
    seen = {(sympy.Integer(1), sympy.Integer(0))}
    for part in _differences(value, q):
        found = _line(part, q, y)
        if found is not None and found not in seen:
            seen.add(found)
            yield found


def _differences(value: Any, q: Any) -> Iterator[Any]:
    """Sums, what is compared, and the derivative of a formula without folds."""
    for one in sorted(
        value.atoms(sympy.Add, sympy.core.relational.Relational, maximum, minimum), key=str
    ):
        yield one if isinstance(one, sympy.Add) else one.args[0] - one.args[1]
    if is_smooth_formula(plain(value), q):
        yield sympy.numer(sympy.cancel(sympy.together(sympy.diff(plain(value), q))))


def _line(part: Any, q: Any, y: Any) -> tuple[Any, Any] | None:
    """The numbers s and o of a sum that is zero where q = s·y + o."""
    part = sympy.expand(part)
    rises = [part.coeff(one) for one in (q, y)]
    rest = part - rises[0] * q - rises[1] * y
    if rises[0] == 0 or rises[1] == 0 or not all(one.is_Rational for one in (*rises, rest)):
        return None
    return -rises[1] / rises[0], -rest / rises[0]
