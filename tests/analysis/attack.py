"""The attack on curvatures that are proved: chords of every magnitude, and directions in which a Hessian of
differences bends the wrong way. Drawn in float64, and enclosed to 25 digits before it counts."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import Any

import mpmath
import numpy as np

from objc.analysis.subject import Subject
from objc.analysis.values.evaluation import PRECISION, certified, is_finite, outputs_of_all
from objc.analysis.values.samples import Values, samples

_BASES = 12
_PLACES_OF_HESSIANS = 3
_MOST_ENTRIES = 6
_SCALES = (Fraction(1), Fraction(1, 10**6), Fraction(1000))
_SHARES = (Fraction(1, 2), Fraction(1, 8))
_STEP = Fraction(1, 512)
_ROUGH = 1e-9
_STRICT = 1e-20
_CONES = ("real", "positive", "nonnegative")

Chord = tuple[Values, Values, Values, Fraction]
"""Two ends, a place between them, and its share of the way."""


def contradiction(subject: Subject, names: Sequence[str], concave: bool = False) -> Chord | None:
    """A chord that contradicts convexity (concavity, where asked for) in these inputs together."""
    sign = -1 if concave else 1
    bases = list(samples(subject.program, _BASES, seed=11))
    chords = list(_chords(subject, bases, names))
    chords += _across_bends(subject, bases, names, sign)
    for one, gap in zip(chords, _gaps(subject, chords, sign), strict=True):
        # Where float64 has no number, more digits may.
        if (gap is None or gap < -_ROUGH) and _is_confirmed(subject, one, sign):
            return one
    return None


def _chords(subject: Subject, bases: list[Values], names: Sequence[str]) -> Iterator[Chord]:
    """Between drawn places of the same shapes, and between the same far out and near the origin."""
    kinds = {subject.program.input[name].domain.kind for name in names}
    for number, (one, other) in enumerate(zip(bases, bases[2:], strict=False)):
        scale = _SCALES[number % 3] if kinds <= set(_CONES) else Fraction(1)
        ends = [
            {**one, **{name: _scaled(each[name], scale) for name in names}} for each in (one, other)
        ]
        yield _between(ends[0], ends[1], names, _SHARES[number // 3 % 2])


def _across_bends(
    subject: Subject, bases: list[Values], names: Sequence[str], sign: int
) -> Iterator[Chord]:
    """Along the direction of the least eigenvalue of a Hessian that differences give."""
    if any(subject.program.input[name].domain.kind != "real" for name in names):
        return
    for base in bases[6 : 6 + _PLACES_OF_HESSIANS]:
        size = sum(1 for name in names for _ in _flat(base[name]))
        if size > _MOST_ENTRIES:
            continue
        units = np.eye(size)
        pairs = list(itertools.combinations_with_replacement(range(size), 2))
        along = [_across(base, names, units[i] + (units[j] if i != j else 0)) for i, j in pairs]
        bends = _gaps(subject, along, sign)
        if None in bends:
            continue
        found = dict(zip(pairs, bends, strict=True))
        matrix = np.zeros((size, size))
        for i, j in pairs:
            bend = found[i, j] if i == j else (found[i, j] - found[i, i] - found[j, j]) / 2
            matrix[i, j] = matrix[j, i] = bend
        yield _across(base, names, np.linalg.eigh(matrix)[1][:, 0])


def _across(base: Values, names: Sequence[str], along: Any) -> Chord:
    """A short chord through a place."""
    ends = []
    for side in (-1, 1):
        steps = iter(along)
        ends.append({**base, **{name: _moved(base[name], steps, side * _STEP) for name in names}})
    return _between(ends[0], ends[1], names, Fraction(1, 2))


def _gaps(subject: Subject, chords: list[Chord], sign: int) -> list[float | None]:
    """How far chords lie above the function, in float64 and over its size; None without a number."""
    flat = [place for *places, _ in chords for place in places]
    found = iter(outputs_of_all(subject.program, flat))
    return [_gap([next(found) for _ in range(3)], share, sign) for *_, share in chords]


def _gap(found: list[Any], share: Any, sign: int) -> Any:
    values = [None if one is None else one["total"] for one in found]
    if not all(one is not None and is_finite(one) for one in values):
        return None
    first, second, here = (sign * one for one in values)
    chord = first + share.numerator * (second - first) / share.denominator
    return (chord - here) / (1 + max(map(abs, (first, second, here))))


def _is_confirmed(subject: Subject, chord: Chord, sign: int) -> bool:
    *places, share = chord
    with mpmath.workdps(PRECISION):
        gap = _gap([certified(subject.program, one) for one in places], share, sign)
    return gap is not None and gap < -_STRICT


def _between(one: Values, other: Values, names: Sequence[str], share: Fraction) -> Chord:
    middle = {**one, **{name: _mixed(one[name], other[name], share) for name in names}}
    return one, other, middle, share


def _mixed(one: Any, other: Any, share: Fraction) -> Any:
    if isinstance(one, list):
        return [_mixed(a, b, share) for a, b in zip(one, other, strict=True)]
    return _exact(one) + share * (_exact(other) - _exact(one))


def _moved(value: Any, steps: Iterator[float], by: Fraction) -> Any:
    if isinstance(value, list):
        return [_moved(one, steps, by) for one in value]
    return _exact(value) + by * Fraction(round(1024 * float(next(steps))), 1024)


def _scaled(value: Any, by: Fraction) -> Any:
    return [_scaled(one, by) for one in value] if isinstance(value, list) else by * _exact(value)


def _exact(value: Any) -> Fraction:
    return value if isinstance(value, Fraction) else Fraction(str(value))


def _flat(value: Any) -> Iterator[Any]:
    if isinstance(value, list):
        for one in value:
            yield from _flat(one)
    else:
        yield value
