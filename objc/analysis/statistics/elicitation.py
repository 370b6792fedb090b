"""The statistic of the target that minimizes the expected loss, by its identification function.

V(q, y) = ∂L/∂q. If V = h(q)(g(q) − y) with h > 0, the minimizer is where g(q) is the mean. Below and above
the target, at y = q − t and y = q + t with t > 0: if V = h(q)(1 − τ) and −h(q)τ it is the τ-quantile, if
V = h(q)(1 − τ)t and −h(q)τt the τ-expectile. (Osband 1985; Newey and Powell 1987; Gneiting 2011.) A
prediction estimates a statistic where what is least in expectation is the statistic, or a one-to-one function
of it on another scale (its link, an exponential or a logistic function, say), which a proof names; so that no
refutation may rest on such a link (see `conflicts`). An affine function of the statistic is on its own scale:
where that is another number, it is not the statistic (see `scales`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import sympy

from objc.analysis.decision import Decision, proved, refuted, unknown
from objc.analysis.shape.ends import end_of
from objc.analysis.signs.elementary import (
    innermost_fold,
    is_nonnegative,
    is_positive,
    is_regular,
    is_smooth_formula,
    is_zero,
    parametrized,
    pieces,
    plain,
)
from objc.analysis.statistics import scales
from objc.analysis.statistics.conflicts import Case, conflict
from objc.analysis.statistics.propriety import balanced, beaten, two_outcomes
from objc.analysis.subject import Subject
from objc.atoms import maximum, minimum
from objc.ir.program import Claim, Input
from objc.ir.text import Text

_HALF = sympy.Rational(1, 2)
_NONNEGATIVE = frozenset({"positive", "nonnegative", "count", "binary", "probability"})
_UNIT = frozenset({"probability", "binary"})


@dataclass(frozen=True)
class Regression:
    """A loss of one of its predictions and of the only target."""

    subject: Subject
    prediction: Input
    target: Input

    @property
    def q(self) -> Any:
        return self.prediction.read()

    @property
    def y(self) -> Any:
        return self.target.read()

    def is_above_zero(self, factor: Any) -> bool:
        """Whether a factor is positive wherever the inputs may be."""
        forms = parametrized(self.subject.program, factor, (self.prediction.name,))
        return all(is_positive(factor.xreplace(form)) for form in forms)


def estimates(subject: Subject, claim: Claim) -> Decision:
    statistic = claim.words[1]
    if statistic in ("log_odds", "ratio"):
        return _odds(subject, statistic)
    cases = list(cases_of(subject))
    if not cases:
        return unknown("a scalar prediction for one scalar target")
    level = {"mean": _HALF, "median": _HALF}.get(statistic) or next(iter(claim.arguments), _HALF)
    for case in cases:
        how = _PROVERS[statistic](case, level)
        if how is not None:
            return proved(how)
    if (other := moved_from(subject, statistic, level)) is not None:
        place, evidence = other
        return refuted(f"{evidence}: the minimizer is {place.in_words(f'the {statistic}')}")
    if len(cases) == 1 and (found := contradiction(cases[0], statistic, level)) is not None:
        return refuted(found)
    return unknown("the derivative in the prediction, expected losses over two and three points")


def moved_from(
    subject: Subject, statistic: str, level: Any = _HALF
) -> tuple[scales.Moved, str] | None:
    """How the minimizer is an affine function of the statistic other than itself, and what shows that it is
    not the statistic."""
    cases = list(cases_of(subject))
    if len(cases) != 1 or not _reaches(cases[0]):
        return None
    prediction, target = cases[0].prediction, cases[0].target

    def prove(other: Subject, there: Any) -> str | None:
        itself = _mean_itself if statistic == "mean" else _PROVERS[statistic]
        return itself(Regression(other, prediction, target), there)

    found = scales.moved(subject, prediction, target, prove, level)
    shown = None if found is None else scales.evidence(found, prediction, target, statistic)
    return None if found is None or shown is None else (found, shown)


def cases_of(subject: Subject) -> Iterator[Regression]:
    data = [one for one in subject.program.inputs if one.role == "data"]
    if len(data) != 1 or data[0].dimensions or len(subject.program.lets) != 1:
        return
    for one in subject.program.inputs:
        if one.is_differentiable and not one.dimensions:
            yield Regression(subject, one, data[0])


def _odds(subject: Subject, statistic: str) -> Decision:
    case = two_outcomes(subject, "real" if statistic == "log_odds" else "ratio")
    if case is None:
        return unknown("a score for one of two outcomes")
    how = balanced(subject, case, strictly=True)
    if how is not None:
        return proved(how)
    if (found := beaten(subject, case)) is not None:
        return refuted(found)
    return unknown("the derivative of the expected loss, its values over two outcomes")


# ------------------------------------------------------------------ the mean


def _mean(case: Regression, level: Any) -> str | None:
    found = _mean_of_smooth(case)
    return found if found is not None else _expectile(case, level)


def _mean_itself(case: Regression, level: Any) -> str | None:
    """The prediction is the mean, through no link."""
    if (parts := _parts(case)) is not None and _reaches(case) and case.is_above_zero(parts[0]):
        factor, offset = parts
        if is_zero(offset - factor * case.q):
            return f"the derivative is h · ({case.prediction.name} - {case.target.name})"
    return _expectile(case, level)


def _parts(case: Regression) -> tuple[Any, Any] | None:
    """The factor and the offset of a derivative h(q) · (g(q) − y): h, and h · g."""
    q, y = case.q, case.y
    value = plain(case.subject.value)
    if not case.subject.is_smooth(case.prediction.name, 1) or not is_smooth_formula(value, q):
        return None
    first = sympy.diff(value, q)
    if not is_smooth_formula(first, y):
        return None
    factor = -sympy.diff(first, y)
    if factor.has(y) and not is_zero(sympy.diff(factor, y)):
        return None
    factor = sympy.simplify(factor).xreplace({y: sympy.Integer(1)})
    offset = first.xreplace({y: sympy.Integer(0)})
    return None if offset.has(sympy.zoo, sympy.nan) else (factor, offset)


def _mean_of_smooth(case: Regression) -> str | None:
    parts = _parts(case)
    if parts is None:
        return None
    factor, offset = parts
    if not case.is_above_zero(factor):
        return _through_own_link(case, factor, offset)
    for link, words in _links(case):
        if is_zero(offset - factor * link):
            return (
                f"the derivative is h · ({words} - {case.target.name}) with"
                f" h = {_written(case, factor)} > 0, so that {words} is the mean at the minimum"
            )
    return _through_own_link(case, factor, offset)


def _through_own_link(case: Regression, factor: Any, offset: Any) -> str | None:
    """A derivative h(q)(g(q) − y) on the line, g one-to-one and onto all means there are, h of the sign of
    its slope: it changes sign once, where g is the mean."""
    q, name = case.q, case.prediction.name
    if case.prediction.domain.kind != "real" or not case.subject.is_short or factor == 0:
        return None
    link = sympy.cancel(sympy.simplify(offset / factor))
    if not is_zero(offset - factor * link) or not is_regular(link):
        return None
    rise = sympy.diff(link, q)
    if link != q and is_zero(sympy.diff(rise, q)):
        return None  # on the scale of the mean, and another number
    for sign in (1, -1):
        if _is_above_almost_everywhere(case, sign * factor) and _is_above_almost_everywhere(
            case, sign * rise
        ):
            if not _is_onto(case, sign * link, sign):
                return None
            order = ("> 0", "increases") if sign > 0 else ("< 0", "decreases")
            at = "" if case.is_above_zero(sign * factor) else " but where it is 0"
            write = Text(case.subject.program).scalar
            words, height = write(link).text, write(sympy.simplify(factor)).text
            return (
                f"the derivative is h · ({words} - {case.target.name}) with h = {height} {order[0]}{at},"
                f" and {words} {order[1]} in {name}, so that {words} is the mean at the minimum"
            )
    return None


def _is_above_almost_everywhere(case: Regression, formula: Any) -> bool:
    """Whether a smooth formula is positive, but for single points where it may be zero."""
    if case.is_above_zero(formula):
        return True
    return bool(formula.free_symbols == {case.q}) and is_nonnegative(formula)


def _is_onto(case: Regression, link: Any, sign: int) -> bool:
    """Whether a link that rises (its negative, of one that falls) has all means between its limits."""
    t = sympy.Dummy("t", positive=True)
    low, high = (end_of(link.xreplace({case.q: side * t}), t) for side in (-1, 1))
    ends = [sign * one for one in case.target.domain.bounds]
    least, most = ends if sign > 0 else reversed(ends)
    return low is not None and high is not None and low <= least and most <= high


def _links(case: Regression) -> Iterator[tuple[Any, str]]:
    """The functions of a prediction that may stand for a mean: those that reach every mean there is."""
    q, name, kind = case.q, case.prediction.name, case.target.domain.kind
    if _reaches(case):
        yield q, name
    if case.prediction.domain.kind == "real" and kind in _NONNEGATIVE - _UNIT:
        yield sympy.exp(q), f"exp({name})"
        yield sympy.log(1 + sympy.exp(q)), f"softplus({name})"
    if case.prediction.domain.kind == "real" and kind in _UNIT:
        yield 1 / (1 + sympy.exp(-q)), f"sigmoid({name})"


def _reaches(case: Regression) -> bool:
    """Whether a prediction may be whatever lies between targets."""
    (low, high), (least, most) = case.prediction.domain.bounds, case.target.domain.bounds
    return bool(low <= least) is True and bool(most <= high) is True


def _reaches_targets(case: Regression) -> bool:
    """Whether a prediction may be whatever a target may be, the ends of its domain included."""
    is_open = case.prediction.domain.kind == "positive" and case.target.domain.kind != "positive"
    return _reaches(case) and not (is_open and case.target.domain.bounds[0] == 0)


def _written(case: Regression, factor: Any) -> str:
    return Text(case.subject.program).scalar(sympy.simplify(factor)).text


# ------------------------------------------------------------------ quantiles and expectiles


def _sides(case: Regression) -> tuple[Any, Any, Any] | None:
    """The derivative below and above the target at a distance t, with t: one formula on each side.

    The loss has to be continuous where they meet.
    """
    t = sympy.Dummy("t", positive=True)
    if not _reaches(case) or not case.subject.is_smooth(case.prediction.name, 0):
        return None
    found = []
    for sign in (-1, 1):
        parts = _derivative_beside(case, sign, t)
        if parts is None:
            return None
        first, *others = parts
        if any(not is_zero(one - first) for one in others):
            return None
        found.append(first)
    return found[0], found[1], t


def _derivative_beside(case: Regression, sign: int, t: Any) -> list[Any] | None:
    value, q = plain(case.subject.value), case.q
    if case.q.is_real is not True:
        return None
    # A fixed target y: the prediction is y ∓ t, and the derivative in it is the one in t, but for sign.
    y = case.y
    there = _beside(case, value, sign).xreplace({q: y - sign * t})
    parts = pieces(there, case.subject.ranges)
    if parts is None:
        return None
    back = {y: q + sign * t}
    return [sympy.simplify((-sign * sympy.diff(one, t)).xreplace(back)) for _, one in parts]


def _beside(case: Regression, value: Any, sign: int) -> Any:
    """A loss with the folds at h(q) − h(y) resolved, for a target above the prediction (a sign of 1) or below
    it: where h increases, the difference has the sign of q − y."""
    q, y = case.q, case.y
    for fold in sorted(value.atoms(sympy.Abs, maximum, minimum), key=str):
        first = fold.args[0]
        second = fold.args[1] if len(fold.args) == 2 else -first
        line = first - second
        if not line.has(q) or innermost_fold(line) is not None:
            continue
        rise = sympy.diff(line, q)
        if not is_zero(line.xreplace({y: q})) or rise.has(y) or not is_smooth_formula(line, q):
            continue
        side = 1 if case.is_above_zero(rise) else -1 if case.is_above_zero(-rise) else 0
        if side:
            is_first = (-sign * side > 0) != isinstance(fold, minimum)
            value = value.xreplace({fold: first if is_first else second})
    return value


def _quantile(case: Regression, level: Any) -> str | None:
    sides = _sides(case) if _reaches_targets(case) else None
    if sides is None or any(one.has(sides[2]) for one in sides[:2]):
        return None
    below, above, _ = sides
    height = sympy.simplify(below - above)
    if not is_zero(below * level + above * (1 - level)) or not case.is_above_zero(height):
        return None
    name = case.prediction.name
    factor = "" if height == 1 else f"({_written(case, height)}) "
    return (
        f"the derivative is {below} where {case.target.name} < {name} and {above} where it is greater,"
        f" so that the expected one is {factor}(F({name}) - {f'({level})' if level.is_Add else level})"
    )


def _expectile(case: Regression, level: Any) -> str | None:
    sides = _sides(case)
    if sides is None:
        return None
    t = sides[2]
    below, above = (sympy.simplify(one / t) for one in sides[:2])
    height = sympy.simplify(below - above)
    if below.has(t) or above.has(t) or not case.is_above_zero(height):
        return None
    if not is_zero(below * level + above * (1 - level)):
        return None
    name, target = case.prediction.name, case.target.name
    return (
        f"the derivative is ({below}) ({name} - {target}) where {target} < {name} and"
        f" ({-above}) ({name} - {target}) where it is greater"
    )


def asymmetric(subject: Subject) -> tuple[str, Any, str] | None:
    """The quantile or the expectile that a loss estimates, with its level, a formula of hyperparameters,
    and the argument; None where it is none."""
    for case in cases_of(subject):
        sides = _sides(case) if subject.is_short else None
        if sides is None:
            continue
        below, above, t = sides
        if is_zero(below - above):
            continue
        level = sympy.simplify(-above / (below - above))
        if any(level.has(one) for one in (case.q, case.y, t)) or not _is_level(case, level):
            continue
        for statistic in ("quantile", "expectile"):
            how = _PROVERS[statistic](case, level)
            if how is not None:
                return statistic, level, how
    return None


def _is_level(case: Regression, level: Any) -> bool:
    """Whether a formula of hyperparameters lies between 0 and 1, and isn't one of them."""
    if level in (0, 1):
        return False
    forms = parametrized(case.subject.program, level, ())
    return all(is_nonnegative(one.xreplace(form)) for form in forms for one in (level, 1 - level))


def _mode(case: Regression, level: Any) -> str | None:
    """Of whole targets: one loss where the prediction is right, and one that is greater by the same
    number wherever it is wrong. No loss of a real target has the mode as its minimizer (Heinrich 2014)."""
    if not case.target.domain.is_integer and case.target.domain.kind not in ("binary", "sign"):
        return None
    if not _reaches_targets(case):
        return None
    equal = sympy.Eq(case.q, case.y)
    right, wrong = (_with_truth(case, equal, truth) for truth in (sympy.true, sympy.false))
    if right is None or wrong is None:
        return None
    excess = sympy.simplify(wrong - right)
    if excess.has(case.q) or excess.has(case.y) or wrong.has(case.q):
        return None
    if not case.is_above_zero(excess):
        return None
    return (
        f"it is greater by {_written(case, excess)} wherever {case.prediction.name} is not"
        f" {case.target.name}, so that the likeliest value costs least"
    )


def _with_truth(case: Regression, equal: Any, truth: Any) -> Any:
    """The loss where a prediction is right, or where it is wrong; None where more is asked of it."""
    answers = {equal: truth, sympy.Eq(case.y, case.q): truth}
    answers |= {
        sympy.Ne(case.q, case.y): sympy.Not(truth),
        sympy.Ne(case.y, case.q): sympy.Not(truth),
    }
    value = plain(case.subject.value).xreplace(answers)
    if truth == sympy.true:
        value = value.xreplace({case.q: case.y})
    parts = pieces(value)
    return parts[0][1] if parts is not None and len(parts) == 1 else None


_PROVERS: Mapping[str, Callable[[Regression, Any], str | None]] = {
    "mean": _mean,
    "median": _quantile,
    "quantile": _quantile,
    "expectile": _expectile,
    "mode": _mode,
}


def contradiction(case: Regression, statistic: str, level: Any) -> str | None:
    """Distributions for which what is least in expectation is no one-to-one function of the statistic."""
    if not _reaches(case):
        return None
    return conflict(Case(case.subject, case.prediction, case.target, statistic, level))
