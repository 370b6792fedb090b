"""What an exponential is beyond its tangent, in sums of several and by the logarithm of a shape, against 200
digits."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import mpmath
import numpy as np
import pytest

import objc

from .central import value_and_slope


def _beyond(u: Any) -> Any:
    return mpmath.expm1(u) - u


BY_LOGARITHM = (
    "z: real | y: real, l: real",
    "exp(a * (z - y)) - a * (z - y) - 1\n    where a = exp(l)",
)
BY_SHAPES = (
    "z: real | y: real, a: positive, b: positive",
    "exp(a * (z - y)) + exp(-b * (z - y)) - 2 - (a - b) * (z - y)",
)
FORMS: dict[str, tuple[tuple[str, str], Callable[..., Any], list[tuple[float, ...]]]] = {
    "by the logarithm of a shape": (
        BY_LOGARITHM, lambda z, y, l: _beyond(mpmath.exp(l) * (z - y)),
        [(1.0, 0.0, -20.0), (1 + 2.0**-20, 1.0, 0.5), (1.0, 1.125, 0.0), (3.0, 1.0, 1.0)]),
    "by two shapes": (
        BY_SHAPES, lambda z, y, a, b: _beyond(a * (z - y)) + _beyond(b * (y - z)),
        [(1.0, 0.0, 2.0**-20, 2.0**-10), (1 + 2.0**-20, 1.0, 0.5, 0.25), (1.0, 1.125, 1.0, 0.5),
         (3.0, 1.0, 1.0, 0.5)]),
}  # fmt: skip
TOLERANCES = {"float32": 1e-6, "float64": 1e-14}


@pytest.mark.parametrize("dtype", TOLERANCES)
@pytest.mark.parametrize("name", FORMS)
def test_beyond_tangents(name: str, dtype: str) -> None:
    (inputs, text), exact, points = FORMS[name]
    kernel = objc.compile(f"loss form({inputs}) =\n    {text}\n", target="numpy").form
    for point in points:
        given = [np.array([one], dtype) for one in point]
        value, slope = value_and_slope(exact, *point)
        tolerance = TOLERANCES[dtype]
        assert abs(kernel.per_example(*given)[0] - value) <= tolerance * value, point
        assert abs(kernel.gradient(*given)[0] - slope) <= tolerance * abs(slope), point


def test_products_of_which_a_factor_has_no_square() -> None:
    """(1e200)² leaves the range, (1e200·exp(−470))² does not."""
    kernel = objc.compile("loss form({}) =\n    {}\n".format(*BY_LOGARITHM), target="numpy").form
    found = kernel.per_example(np.array([1e200]), np.zeros(1), np.array([-470.0]))[0]
    with mpmath.workdps(60):
        exact = float(_beyond(mpmath.exp(-470) * mpmath.mpf(1e200)))
    assert found == pytest.approx(exact, rel=1e-12)
