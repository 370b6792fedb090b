"""Barron's general robust loss (2019) as people spell it, with a shape that is learned: the value, and its
slope by the shape, where the shape is nearly zero."""

from __future__ import annotations

from typing import Any

import mpmath
import numpy as np
import pytest

import objc

from .central import value_and_slope

X = 1.25
SHAPES = (1.5, 2.0**-7, 2.0**-24, 2.0**-60)
SPELLINGS = {
    "x: real, a: interval(0, 2)": "(2 - a)/a*((x^2/(2 - a) + 1)^(a/2) - 1)",
    "x: real, a: real": "if a == 0 then log(x^2/2 + 1) else if a == 2 then x^2/2\n"
    "    else abs(a - 2)/a*((x^2/abs(a - 2) + 1)^(a/2) - 1)",
}


def _barron(a: Any) -> Any:
    scaled = mpmath.mpf(X) ** 2
    return (2 - a) / a * ((scaled / (2 - a) + 1) ** (a / 2) - 1)


@pytest.mark.parametrize("inputs", SPELLINGS)
def test_of_a_learned_shape(inputs: str) -> None:
    kernel = objc.compile(f"loss f({inputs}) = {SPELLINGS[inputs]}", target="numpy").f
    for a in SHAPES:
        value, slope = value_and_slope(_barron, a)
        for number, digits in ((np.float32, 1e-5), (np.float64, 1e-13)):
            given = [np.array([one], number) for one in (X, a)]
            found, (_, by_shape) = kernel.value_and_grad(*given)
            assert float(found) == pytest.approx(value, rel=digits)
            assert float(by_shape[0]) == pytest.approx(float(slope), rel=4 * digits)


def test_of_a_shape_between_two_ends() -> None:
    """As Barron's own code has it: between 0.001 and 1.999, by a sigmoid."""
    shape = "a = 0.001 + 1.998*sigmoid(l)"
    text = f"abs(a - 2)/a*((x^2/abs(a - 2) + 1)^(a/2) - 1)\n    where {shape}"
    kernel = objc.compile(f"loss f(x: real, l: real) = {text}", target="numpy").f

    def formula(latent: Any) -> Any:
        return _barron((1 + 1998 / (1 + mpmath.exp(-latent))) / 1000)

    for latent in (0.5, -8.0, -20.0):
        value, slope = value_and_slope(formula, latent)
        for number, digits in ((np.float32, 2e-5), (np.float64, 1e-13)):
            given = [np.array([one], number) for one in (X, latent)]
            found, (_, by_latent) = kernel.value_and_grad(*given)
            assert float(found) == pytest.approx(value, rel=digits)
            assert float(by_latent[0]) == pytest.approx(float(slope), rel=4 * digits)
