"""Expected losses over finite distributions, in 50 digits: how a claim about minimizers is refuted."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, TypeAlias

import mpmath

from objc.analysis.subject import Subject
from objc.analysis.values.evaluation import PRECISION, certified, is_finite
from objc.analysis.values.samples import Values
from objc.ir.domain import number_of
from objc.ir.program import Input, Program

Distribution: TypeAlias = "Sequence[tuple[Any, Fraction]]"
"""Outcomes with their probabilities."""

_SETTINGS = (Fraction(1), Fraction(1, 2), Fraction(3))


@dataclass
class Risk:
    """The expected loss as a function of one prediction, the other inputs fixed."""

    program: Program
    prediction: str
    outcome: str
    others: Values

    def __post_init__(self) -> None:
        self._known: dict[Any, Any] = {}

    def loss(self, prediction: Any, outcome: Any) -> Any:
        key = (str(prediction), outcome)
        if key not in self._known:
            here = {**self.others, self.prediction: prediction, self.outcome: outcome}
            found = certified(self.program, {one: here[one] for one in self.program.input})
            self._known[key] = None if found is None else found["total"]
        return self._known[key]

    def of(self, prediction: Any, distribution: Distribution) -> Any:
        """The expected loss; None where it isn't a finite number."""
        with mpmath.workdps(PRECISION):
            total = mpmath.mpf(0)
            for outcome, weight in distribution:
                value = self.loss(prediction, outcome)
                if value is None or not is_finite(value):
                    return None
                total += value * weight.numerator / weight.denominator
            return total

    def better(self, prediction: Any, others: Iterable[Any], distribution: Distribution) -> Any:
        """One of the other predictions of which the expected loss is smaller, with room to spare."""
        here = self.of(prediction, distribution)
        if here is None:
            return None
        for other in others:
            there = self.of(other, distribution)
            if there is not None and here - there > mpmath.mpf("1e-15") * (1 + abs(here)):
                return other
        return None


def risks(subject: Subject, prediction: Input, outcome: Input) -> Iterator[Risk]:
    """The risk at the hyperparameters' defaults, and at some other values where they have none."""
    named = {prediction.name, outcome.name}
    rest = [one for one in subject.program.inputs if one.name not in named]
    if any(one.dimensions for one in rest):
        return
    seen: list[Values] = []
    for setting in _SETTINGS:
        values: Values = {}
        for one in rest:
            values[one.name] = _setting(one, setting, values)
        if any(value is None for value in values.values()) or values in seen:
            continue
        seen.append(values)
        yield Risk(subject.program, prediction.name, outcome.name, values)


def _setting(one: Input, setting: Fraction, values: Mapping[str, Any]) -> Any:
    if one.default is not None:
        return number_of(one.default, values, {})
    low, high = (number_of(end, values, {}) for end in one.domain.bounds)
    if low is None or high is None:
        return None
    if one.domain.is_integer:
        return int(setting) + 1
    inside = low < setting < high
    if not inside and low > -mpmath.inf and high < mpmath.inf:
        return (Fraction(str(low)) + Fraction(str(high))) / 2
    return setting if inside else None


def written(distribution: Distribution) -> str:
    """`1 with probability 3/4, 0 with probability 1/4`."""
    return ", ".join(f"{outcome} with probability {weight}" for outcome, weight in distribution)


def at_others(risk: Risk) -> str:
    """Where the other inputs stand."""
    parts = [f"{name} = {value}" for name, value in risk.others.items()]
    return f", at {', '.join(parts)}" if parts else ""
