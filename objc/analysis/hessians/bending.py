"""The refuter of convexity in several numbers: chords along directions in which the Hessian has the wrong
sign."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import Any

import numpy as np

from objc.analysis import counterexamples
from objc.analysis.decision import Decision, refuted
from objc.analysis.hessians.strictness import numbers_of
from objc.analysis.hessians.variables import Variable
from objc.analysis.subject import Subject
from objc.analysis.values.evaluation import Outputs, is_finite, outputs_of_all
from objc.analysis.values.samples import Values, samples
from objc.ir.program import Claim

_PLACES = 160
_SETTINGS = 2
_MOST = 6
_LEAST = -1e-7
"""The least eigenvalue, over the greatest in size, from which on a direction is tried."""
_STEPS = tuple(Fraction(1, 2**power) for power in (0, 2, 5, 9, 14))


def wrong_directions(subject: Subject, claim: Claim) -> Decision | None:
    variables = numbers_of(subject, claim.inputs) if len(claim.inputs) > 1 else None
    if variables is None:
        return None
    is_concave = claim.words[0] == "concave"
    hessian = _hessian(subject, claim.inputs)
    if hessian is None:
        return None
    program = subject.extended(hessian)
    for drawn in samples(subject.program, _SETTINGS, seed=5):
        places = [{**drawn, **one} for one in _places(variables)]
        found = zip(places, outputs_of_all(program, places), strict=True)
        worst = sorted(
            _directions(found, claim.inputs, -1 if is_concave else 1), key=lambda one: one[0]
        )
        pairs = [
            pair
            for _, place, along in worst[:_MOST]
            for pair in _chords(place, along, claim.inputs, variables)
        ]
        violation = counterexamples.on_chords(subject, claim.inputs, pairs, concave=is_concave)
        if violation is not None:
            return refuted(violation)
    return None


def _hessian(subject: Subject, names: Sequence[str]) -> dict[str, Any] | None:
    found: dict[str, Any] = {}
    for row, one in enumerate(names):
        first = subject.slope(one)
        for column, other in enumerate(names[: row + 1]):
            second = None if first is None else subject.derivative(first, other)
            if second is None:
                return None
            found[f"h{row}_{column}"] = second
    return found


def _places(variables: Sequence[Variable]) -> Iterator[dict[str, Any]]:
    """Points of several magnitudes inside the domain, with few digits."""
    generator = random.Random(0)
    for number in range(_PLACES):
        scale = (1.0, 0.1, 10.0, 100.0)[number % 4]
        yield {one.read.tensor: _inside(one, generator, scale) for one in variables}


def _inside(one: Variable, generator: random.Random, scale: float) -> float:
    low, high = one.span.low, one.span.high
    if low is not None and high is not None:
        share = Fraction(generator.randint(1, 63), 64)
        return float(low + (high - low) * share)
    away = round(generator.gauss(0, 2), 2) * scale
    if low is not None:
        return float(low) + (abs(away) or scale)
    return float(high) - (abs(away) or scale) if high is not None else away


def _directions(
    found: Any, names: Sequence[str], sign: int
) -> Iterator[tuple[float, Values, Sequence[float]]]:
    for place, bends in found:
        if bends is None or not all(is_finite(one) for one in bends.values()):
            continue
        values, vectors = np.linalg.eigh(_matrix(bends, len(names), sign))
        greatest = max(abs(values)) or 1.0
        if values[0] < _LEAST * greatest:
            yield float(values[0] / greatest), place, [float(one) for one in vectors[:, 0]]


def _matrix(bends: Outputs, size: int, sign: int) -> Any:
    matrix = np.zeros((size, size))
    for row in range(size):
        for column in range(row + 1):
            matrix[row, column] = matrix[column, row] = sign * float(bends[f"h{row}_{column}"])
    return matrix


def _chords(
    place: Values, along: Sequence[float], names: Sequence[str], variables: Sequence[Variable]
) -> Iterator[tuple[Values, Values]]:
    size = max([Fraction(1), *(abs(Fraction(str(place[name]))) for name in names)])
    for step in _STEPS:
        moves = [step * size * Fraction(round(64 * one), 64) for one in along]
        ends = [
            {
                name: Fraction(str(place[name])) + side * move
                for name, move in zip(names, moves, strict=True)
            }
            for side in (-1, 1)
        ]
        if all(one.span.has(end[one.read.tensor]) for end in ends for one in variables):
            yield {**place, **ends[0]}, {**place, **ends[1]}
