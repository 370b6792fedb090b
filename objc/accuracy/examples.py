"""A few examples of moderate size, for the quick search of `objc check`.

Half of them are of plain numbers (0.3, 30, 720, …), as a reader would try by hand; in a third, inputs that
can be compared nearly agree, and so do the entries of tensors; in an eighth, scalars are next to one.
Exponents of a few hundred are moderate: what overflows there is a part of the formula, and often not the
result.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations, cycle
from typing import Any

import numpy as np
import sympy

from objc.accuracy.points import Points, Sampler
from objc.ir.domain import number_of
from objc.ir.index import Dimension
from objc.ir.inside import brought_inside
from objc.ir.program import Input, Program

_MAGNITUDES = ("real", "ordered", "positive", "nonnegative")
_LEAST, _LEAST_ENTRY = 1e-6, 1e-2
_GREATEST, _GREATEST_ENTRY = 1e8, 1e4
"""The size of scalars and of the entries of a tensor (scores that all but tie are the root of many a
gradient), of rates and of scores: the exponential of a larger one is nothing that anyone asks for."""
_PLAIN = (0.0, 1e-6, 1e-3, 0.3, 0.7, 1.0, 3.0, 12.0, 30.0, 100.0, 720.0, 1e4)
_PLAIN_PROBABILITIES = (0.001, 0.1, 0.3, 0.5, 0.7, 0.9, 0.999, 1 - 1e-6)
_GAPS = (1e-3, 1e-6, 1e-9)
_BESIDE_ONE, _NEXT_TO_ONE = (1 + 1e-6, 1 - 1e-3, 1 + 1e-3, 1 - 1e-6), 3
"""Where logarithms, roots and powers less one cancel; and the first example that has one of them."""
_LEADS = (20.0, 12.0, 40.0, 16.0)
"""Logits by which a class is sure."""
_ELSEWHERE = (1e-9, 1e-3, 1.0, 1e3)
_MOST_SETTINGS = 8


def moderate(program: Program, sampler: Sampler, setting: dict[str, Any], number: int) -> Points:
    """Examples in which every number is zero or of moderate size, by input, with a batch axis."""
    points = sampler.draw(number, setting)
    generator = np.random.default_rng(1)
    inputs = [one for one in program.inputs if one.name in points]
    for one in inputs:
        if one.domain.kind == "interval":
            ends = [number_of(end, setting, sampler.sizes) for end in one.domain.bounds]
            points[one.name] = _within(points[one.name], *ends)
            if one.domain.bounds == (-sympy.oo, sympy.oo):  # other inputs are its ends
                points[one.name] = _clipped(one, points[one.name])
        if one.domain.kind in _MAGNITUDES:
            points[one.name] = _clipped(one, points[one.name])
            if one.dimensions:
                points[one.name][::3] = _alike(points[one.name][::3], generator)
                points[one.name][1::6] = _around_plain(one, points[one.name][1::6])
        if not one.dimensions and one.domain.kind in (*_MAGNITUDES, "probability"):
            points[one.name][1::2] = _plain(one, len(points[one.name][1::2]), generator)
            if one.domain.kind != "probability":
                near = points[one.name][_NEXT_TO_ONE :: 2 * len(_BESIDE_ONE)]
                near[:] = np.resize(_BESIDE_ONE, len(near))
    leading = np.random.default_rng(3)
    for row, lead in zip(range(2, number, 6), cycle(_LEADS), strict=False):
        _stand_out(points, inputs, row, lead, leading)
    for first, second in combinations(inputs, 2):
        if _can_agree(first, second):
            rows = np.arange(number) % 6 == generator.integers(6)
            gap = generator.choice(_GAPS, size=(number, *[1] * (points[first.name].ndim - 1)))
            away = gap * generator.choice([-1.0, 1.0], size=points[first.name].shape)
            near = points[first.name] * (1 + away)
            if second.domain.kind == "probability":
                near = np.minimum(near, 1.0)
            points[second.name][rows] = near[rows]
    return brought_inside(program, points, sampler.sizes, setting)


def _stand_out(
    points: Points, inputs: Sequence[Input], row: int, lead: float, generator: np.random.Generator
) -> None:
    """Make one entry of each row of scores the largest by far, which a label is of: a class that is sure and
    right, as most are at the end of training."""
    places: dict[tuple[Dimension, ...], np.ndarray] = {}
    for one in inputs:
        across = one.dimensions[-1] if one.dimensions else None
        if one.domain.kind == "real" and across is not None and across.count is None:
            value = points[one.name][row]
            if value.shape[-1] > 1:
                shape = value.shape[:-1]
                place = places.setdefault(
                    one.dimensions, generator.integers(value.shape[-1], size=shape)
                )
                value[...] = np.round(generator.normal(size=value.shape), 2)
                np.put_along_axis(value, place[..., None], lead, -1)
    for one in inputs:
        for dimensions, place in places.items():
            value = points[one.name][row : row + 1]
            if one.domain.kind == "index" and (*one.dimensions, one.domain.dimension) == dimensions:
                value[...] = place
            elif one.domain.kind == "simplex" and one.dimensions == dimensions:
                value[...] = 0.0
                np.put_along_axis(value[0], place[..., None], 1.0, -1)


def beside(
    program: Program, setting: Mapping[str, Any], sizes: Mapping[Dimension, int]
) -> Iterator[dict[str, Any]]:
    """Other settings of the hyperparameters: one at a time small, at one or large, within its domain."""
    scalars = [
        one
        for one in program.inputs
        if one.role == "hyperparameter" and not one.dimensions and not one.domain.is_integer
    ]
    tried = 0
    for value in _ELSEWHERE:
        for one in scalars:
            kind = one.domain.kind
            ends = (number_of(end, setting, sizes) for end in one.domain.bounds)
            low, high = ((None if end is None else float(end)) for end in ends)
            inside = low is not None and high is not None and low <= value <= high
            if kind not in ("sign", "binary") and inside and value != setting[one.name]:
                tried += 1
                if tried <= _MOST_SETTINGS:
                    yield {**setting, one.name: value}


def _clipped(one: Input, value: np.ndarray) -> np.ndarray:
    """Of moderate size, and with few digits where it is a scalar."""
    least = _LEAST_ENTRY if one.dimensions else _LEAST
    greatest = _GREATEST if one.domain.kind != "real" and not one.dimensions else _GREATEST_ENTRY
    size = np.clip(np.abs(value), least, greatest)
    if not one.dimensions:
        size = np.array([float(f"{entry:.3g}") for entry in size])
    return np.where(value == 0, 0.0, np.copysign(size, value))


def _within(value: np.ndarray, low: float | None, high: float | None) -> np.ndarray:
    """Of an interval nothing next to its ends, and nothing far out."""
    if low is not None and np.isfinite(low):
        value = low + np.clip(value - low, _LEAST, _GREATEST_ENTRY)
    if high is not None and np.isfinite(high):
        value = high - np.clip(high - value, _LEAST, _GREATEST_ENTRY)
    return value


def _alike(value: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    """The entries of an example near each other."""
    near = value.reshape(len(value), -1)[:, :1].reshape(-1, *[1] * (value.ndim - 1))
    spread = generator.choice([1e-3, 1e-6], size=near.shape)
    return np.asarray(near * (1 + spread * generator.normal(size=value.shape)))


def _around_plain(one: Input, value: np.ndarray) -> np.ndarray:
    """The entries of an example beside a plain number: of one sign, and of one size."""
    generator = np.random.default_rng(2)
    numbers = _plain(one, len(value), generator).reshape(-1, *[1] * (value.ndim - 1))
    return np.asarray(numbers * (1 + 0.1 * generator.random(size=value.shape)))


def _plain(one: Input, number: int, generator: np.random.Generator) -> np.ndarray:
    if one.domain.kind == "probability":
        return generator.choice(_PLAIN_PROBABILITIES, size=number)
    if one.domain.kind in ("real", "ordered"):
        return generator.choice(_PLAIN, size=number) * generator.choice([-1.0, 1.0], size=number)
    least = 1 if one.domain.kind == "positive" else 0
    return generator.choice(_PLAIN[least:], size=number)


def _can_agree(first: Input, second: Input) -> bool:
    """Two inputs of one shape that hold numbers of one kind."""
    kinds = {first.domain.kind, second.domain.kind}
    alike = len(kinds) == 1 or kinds == {"positive", "nonnegative"}
    return (
        first.dimensions == second.dimensions
        and alike
        and kinds <= {*_MAGNITUDES, "probability"}
        and "hyperparameter" not in (first.role, second.role)
    )
