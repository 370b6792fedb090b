"""What a function of numbers of mpmath is at a point, and its slopes: central differences in 200 digits."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import mpmath
import numpy as np

DIGITS, STEP = 200, mpmath.mpf(10) ** -60


def value_and_slope(
    function: Callable[..., Any], first: Any, *others: Any
) -> tuple[float, np.ndarray]:
    """The value, and the slope by each entry of the first argument."""
    with mpmath.workdps(DIGITS):
        given = [_lifted(one) for one in (first, *others)]
        places = list(np.ndindex(np.shape(first)))
        slopes = [
            (function(_moved(given[0], place, STEP), *given[1:])
             - function(_moved(given[0], place, -STEP), *given[1:])) / (2 * STEP)
            for place in places
        ]  # fmt: skip
        slope = np.array([float(one) for one in slopes]).reshape(np.shape(first))
        return float(function(*given)), slope


def curvatures(
    function: Callable[..., Any], first: Any, vector: Any, *others: Any
) -> tuple[np.ndarray, np.ndarray]:
    """The product of the Hessian by the first argument with a vector, and the Hessian's diagonal."""
    shape = np.shape(first)
    places = list(np.ndindex(shape))
    units = [np.array([one == other for other in places]).reshape(shape) for one in places]
    diagonal = [
        _along(function, first, unit, [one], *others)[0]
        for one, unit in zip(places, units, strict=True)
    ]
    return hessian_product(function, first, vector, *others), np.array(diagonal).reshape(shape)


def hessian_product(
    function: Callable[..., Any], first: Any, vector: Any, *others: Any
) -> np.ndarray:
    """The product of the Hessian by the first argument with a vector."""
    places = list(np.ndindex(np.shape(first)))
    found = _along(function, first, np.asarray(vector), places, *others)
    return np.array(found).reshape(np.shape(first))


def _along(
    function: Callable[..., Any], first: Any, direction: np.ndarray, places: Any, *others: Any
) -> list[float]:
    """What the slopes at some places change by along a direction."""
    with mpmath.workdps(DIGITS):
        given = [_lifted(one) for one in (first, *others)]
        ends = []
        for step in (STEP, -STEP):
            end = given[0]
            for one in np.ndindex(np.shape(first)):
                end = _moved(end, one, step * mpmath.mpf(float(direction[one])))
            ends.append(end)

        def slope(at: Any, place: tuple[int, ...]) -> Any:
            up, down = (function(_moved(at, place, step), *given[1:]) for step in (STEP, -STEP))
            return (up - down) / (2 * STEP)

        return [float((slope(ends[0], one) - slope(ends[1], one)) / (2 * STEP)) for one in places]


def _lifted(value: Any) -> Any:
    if isinstance(value, (list, tuple)):
        return [_lifted(one) for one in value]
    return mpmath.mpf(value)


def _moved(value: Any, place: tuple[int, ...], step: Any) -> Any:
    if not place:
        return value + step
    first, *rest = place
    return [
        _moved(one, tuple(rest), step) if number == first else one
        for number, one in enumerate(value)
    ]
