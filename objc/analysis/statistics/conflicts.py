"""Distributions that refute a claim about the statistic a loss estimates, whichever link it has.

A minimizer that is a one-to-one function of a statistic is the same for any two distributions that share
the statistic. It isn't, where the two expected losses cannot be least together: min (A + B) > min A + min B.
Nor is it, where one prediction costs the least there is under two distributions whose statistics differ, or
where an expected loss falls without end.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, TypeAlias

import mpmath
import numpy as np
import sympy

from objc.analysis.shape.growth import sides_of
from objc.analysis.statistics.risks import Distribution, Risk, at_others, risks, written
from objc.analysis.subject import Subject
from objc.analysis.values.evaluation import PRECISION, is_nan, outputs_of_all
from objc.ir.domain import number_of
from objc.ir.program import Input

Losses: TypeAlias = "np.ndarray[Any, Any]"
"""A row for each outcome, a column for each prediction; float64."""

_WEIGHTS = ("3/4", "1/4", "9/10", "1/10", "2/3", "1/3")
_POINTS = (0, 1, 10, 2, 100)
_FARTHEST = 10
_FIRST = 6
"""Pairs that are looked at before all others are: of most losses one of them tells."""
_ROUNDS = 9
_STEPS = 24
_MARGIN = 1e-6
_TINY = 1e-7
_REFINED = 3


@dataclass(frozen=True)
class Case:
    """A loss of a prediction and a target, and the statistic that it is to estimate, at a level."""

    subject: Subject
    prediction: Input
    target: Input
    statistic: str
    level: Any

    @property
    def named(self) -> str:
        has_level = self.statistic in ("quantile", "expectile")
        return f"{self.level}-{self.statistic}" if has_level else self.statistic

    @property
    def closed(self) -> tuple[float, float]:
        """The ends of the prediction's domain, infinite where they aren't numbers."""
        found = [number_of(one, {}, {}) for one in self.prediction.domain.bounds]
        low, high = (
            float(one) if one is not None else end
            for one, end in zip(found, (-math.inf, math.inf), strict=True)
        )
        return low, high


@dataclass(frozen=True)
class Pair:
    """Two distributions with one statistic: one on several points, and one on that statistic alone."""

    spread: Distribution
    known: Fraction
    gap: float = 0.0

    @property
    def certain(self) -> Distribution:
        return [(self.known, Fraction(1))]


def conflict(case: Case) -> str | None:
    """The words for what refutes a claim; None where nothing is found."""
    for risk in risks(case.subject, case.prediction, case.target):
        at = number_of(case.level, risk.others, {})
        if at is None or not 0 < at < 1:
            continue
        if (found := _endless(case, risk)) is not None:
            return found
        level = Fraction(str(at))
        pairs = list(_pairs(case, level))
        for some in (pairs[:_FIRST], pairs[_FIRST:]):
            for pair in _promising(case, risk, some):
                if (found := _apart(case, risk, pair)) is not None:
                    return found
        if (found := _shared(case, risk)) is not None:
            return found
    return None


# ------------------------------------------------------------------ two that cannot be least together


def _promising(case: Case, risk: Risk, pairs: list[Pair]) -> list[Pair]:
    """The pairs of the greatest gaps over a grid of predictions."""
    outcomes = sorted({one for pair in pairs for one, _ in (*pair.spread, *pair.certain)})
    places = _grid(case, outcomes)
    if not outcomes or not places:
        return []
    losses = _losses(case, risk, outcomes, places)
    found = []
    for pair in pairs:
        expected = [_expected(one, outcomes, losses) for one in (pair.spread, pair.certain)]
        scale = 1 + sum(float(np.min(one)) for one in expected)
        gap = _gap(*expected) / abs(scale) if math.isfinite(scale) and scale != 0 else math.nan
        if gap > _MARGIN and not any(_is_at_end(case, places, one) for one in expected):
            found.append(Pair(pair.spread, pair.known, gap))
    return sorted(found, key=lambda one: -one.gap)[:_REFINED]


def _expected(distribution: Distribution, outcomes: Sequence[Fraction], losses: Losses) -> Losses:
    """The weighted sum of the rows of a distribution's outcomes."""
    rows = [float(weight) * losses[outcomes.index(one)] for one, weight in distribution]
    return np.sum(rows, axis=0)


def _gap(one: Any, other: Any) -> float:
    return float(np.min(one + other) - np.min(one) - np.min(other))


def _is_at_end(case: Case, places: Sequence[float], expected: Any) -> bool:
    """Whether an expected loss is least at an end of the grid that is no end of the domain."""
    best = places[int(np.argmin(expected))]
    return best in (places[0], places[-1]) and best not in case.closed


def _apart(case: Case, risk: Risk, pair: Pair) -> str | None:
    """A gap that remains where the three minimizers are looked for closely, confirmed in 50 digits."""
    outcomes = sorted({one for one, _ in (*pair.spread, *pair.certain)})
    both = (*pair.spread, *pair.certain)
    grids = [_grid(case, outcomes)] * 3
    best = [math.nan] * 3
    for _ in range(_ROUNDS):
        together = sorted({one for grid in grids for one in grid})
        losses = _losses(case, risk, outcomes, together)
        expected = np.array(
            [_expected(one, outcomes, losses) for one in (pair.spread, pair.certain, both)]
        )
        if not np.isfinite(expected.min(axis=1)).all():
            return None
        numbers = expected.argmin(axis=1)
        best = [together[int(number)] for number in numbers]
        grids = [_around(together, int(number)) for number in numbers]
    best[:2] = [_rounded(case, one) for one in best[:2]]
    return _confirmed(case, risk, pair, best)


def _rounded(case: Case, place: float) -> float:
    """A prediction as it is written: another one near it, of which the expected loss is taken as well."""
    is_tiny = abs(place) < _TINY and case.prediction.domain.kind == "real"
    return 0.0 if is_tiny else float(f"{place:.8g}")


def _around(places: Sequence[float], number: int) -> list[float]:
    low, high = places[max(number - 1, 0)], places[min(number + 1, len(places) - 1)]
    return [low + (high - low) * step / _STEPS for step in range(_STEPS + 1)] + [places[number]]


def _confirmed(case: Case, risk: Risk, pair: Pair, best: Sequence[float]) -> str | None:
    with mpmath.workdps(PRECISION):
        here, there, both = (mpmath.mpf(one) for one in best)
        spread, certain = (
            {place: risk.of(place, one) for place in (here, there, both)}
            for one in (pair.spread, pair.certain)
        )
        if None in spread.values() or None in certain.values():
            return None
        least = spread[here] + certain[there]
        margin = mpmath.mpf(_MARGIN) * (1 + abs(spread[here]) + abs(certain[there]))
        sums = [spread[place] + certain[place] for place in spread]
        differ = spread[there] - spread[here] > margin and certain[here] - certain[there] > margin
        if not differ or min(sums) - least <= margin:
            return None
    name, target = case.prediction.name, case.target.name
    return (
        f"with {target} of {written(pair.spread)} the expected loss is smaller at {name} = {best[0]:.10g}"
        f" than at {best[1]:.10g}, and with {target} = {pair.known}, which has the same {case.named}, it is"
        f" the other way round: what is least is no function of the {case.named}{at_others(risk)}"
    )


def _grid(case: Case, outcomes: Sequence[Fraction]) -> list[float]:
    """Predictions: the outcomes, what a link might make of them, and a range of all sizes."""
    values = [float(one) for one in outcomes]
    values += [math.log(one) for one in values if one > 0]
    values += [math.exp(one) for one in values if one < _FARTHEST]
    values += [step / 20 for step in range(20)] + [step / 2 for step in range(20)]
    sizes = [10 ** (step / 4) for step in range(-12, 17)]
    values += sizes + [-one for one in sizes]
    low, high = case.closed
    inside = {one for one in values if low <= one <= high}
    if case.prediction.domain.kind == "positive":
        inside = {one for one in inside if one > 0}
    return sorted(inside)


def _losses(
    case: Case, risk: Risk, outcomes: Sequence[Fraction], places: Sequence[float]
) -> Losses:
    """Losses in float64; infinite where there is none."""
    others = {name: float(value) for name, value in risk.others.items()}
    others |= {name: value for name, value in risk.others.items() if isinstance(value, int)}
    number = int if case.target.domain.is_integer else float
    inputs = [
        {**others, case.prediction.name: place, case.target.name: number(outcome)}
        for outcome in outcomes
        for place in places
    ]
    ordered = [{name: one[name] for name in risk.program.input} for one in inputs]
    found = [
        math.inf if one is None or is_nan(one["total"]) else float(one["total"])
        for one in outputs_of_all(risk.program, ordered)
    ]
    return np.array(found).reshape(len(outcomes), len(places))


# ------------------------------------------------------------------ one that is least for two, or nothing


def _shared(case: Case, risk: Risk) -> str | None:
    """A prediction that costs the least there is at two targets, so that it isn't one-to-one."""
    least = case.subject.range.low
    if not mpmath.isfinite(least):
        return None
    points = sorted(_points(case))
    for low, high in itertools.pairwise(points):
        place = (low + high) / 2
        if all(risk.loss(place, one) == least for one in (low, high)):
            name, target = case.prediction.name, case.target.name
            return (
                f"with {target} = {low} and with {target} = {high} nothing is smaller than the loss at"
                f" {name} = {place}, and the {case.named} differs{at_others(risk)}"
            )
    return None


def _endless(case: Case, risk: Risk) -> str | None:
    """An expected loss that falls without end."""
    inputs = case.subject.program.input
    others = {inputs[name].read(): sympy.Rational(str(one)) for name, one in risk.others.items()}
    points = sorted(_points(case))
    inner = [[(one, Fraction(1))] for one in (Fraction(-1), Fraction(1)) if _is_inside(case, one)]
    for distribution in (*inner, [(one, Fraction(1, 2)) for one in points[:2]]):
        formula = sum(
            sympy.Rational(weight.numerator, weight.denominator)
            * case.subject.value.xreplace({**others, case.target.read(): sympy.Rational(str(one))})
            for one, weight in distribution
        )
        for side in sides_of(case.subject, case.prediction.name, formula):
            if side.value == -sympy.oo:
                return (
                    f"with {case.target.name} of {written(distribution)} nothing is least:"
                    f" {side.in_words(case.prediction.name)}{at_others(risk)}"
                )
    return None


def _is_inside(case: Case, value: Fraction) -> bool:
    low, high = case.target.domain.bounds
    return bool(low < value) and bool(value < high) and case.target.domain.kind != "sign"


# ------------------------------------------------------------------ distributions


def _pairs(case: Case, level: Fraction) -> Iterator[Pair]:
    crowds = _crowds(case) if case.statistic == "mode" else ()
    for distribution in (*_distributions(case, level), *crowds):
        known = _statistic(case.statistic, level, distribution)
        if known is not None and _is_target(case, known):
            yield Pair(distribution, known)


def _is_target(case: Case, value: Fraction) -> bool:
    domain = case.target.domain
    if domain.kind in ("binary", "sign"):
        return value in _points(case)
    return value.denominator == 1 or not domain.is_integer


def _points(case: Case) -> list[Fraction]:
    low, high = case.target.domain.bounds
    if case.target.domain.kind == "sign":
        return [Fraction(-1), Fraction(1)]
    if high == 1:
        return [Fraction(0), Fraction(1)]
    points = [Fraction(one) for one in _POINTS if bool(low <= one) and bool(one <= high)]
    return points[1:] if case.target.domain.kind == "positive" else points


def _distributions(case: Case, level: Fraction) -> Iterator[Distribution]:
    points = _points(case)
    for number, first in enumerate(points):
        for second in points[number + 1 :]:
            for weight in _weights(level):
                yield sorted(((first, 1 - weight), (second, weight)))
    if len(points) > 3:
        one, two, _, three = points[:4]
        yield [(one, Fraction(2, 5)), (two, Fraction(1, 4)), (three, Fraction(7, 20))]


def _crowds(case: Case) -> Iterator[Distribution]:
    """The mode stands alone, and two that lie near each other are likelier together."""
    low, high = case.target.domain.bounds
    if low > 0 or high < _FARTHEST + 1 or case.target.domain.kind == "positive":
        return
    near = Fraction(1) if case.target.domain.is_integer else Fraction(1, 10)
    for start, step in itertools.product((2, _FARTHEST), (near, Fraction(1))):
        pair = [(start + step * k, Fraction(3, 10)) for k in (0, 1)]
        yield [(Fraction(0), Fraction(2, 5)), *pair]


def _weights(level: Fraction) -> Iterator[Fraction]:
    """Weights of the greater of two points, some of them near where the quantile changes."""
    yield from map(Fraction, _WEIGHTS)
    for away in (Fraction(1, 20), Fraction(1, 10000)):
        yield from (one for one in (1 - level - away, 1 - level + away) if 0 < one < 1)


def _statistic(statistic: str, level: Fraction, distribution: Distribution) -> Fraction | None:
    """The statistic of a distribution, where it is unique; outcomes in rising order."""
    match statistic:
        case "mean":
            return sum((outcome * weight for outcome, weight in distribution), Fraction(0))
        case "median" | "quantile":
            below = Fraction(0)
            for outcome, weight in sorted(distribution):
                if below < level < below + weight:
                    return Fraction(outcome)
                below += weight
        case "mode":
            greatest = max(weight for _, weight in distribution)
            modes = [outcome for outcome, weight in distribution if weight == greatest]
            return Fraction(modes[0]) if len(modes) == 1 else None
        case "expectile" if len(distribution) == 2:
            (low, share), (high, other) = distribution
            pull, push = level * other, (1 - level) * share
            return (pull * high + push * low) / (pull + push)
    return None
