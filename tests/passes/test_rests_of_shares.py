"""Rates that saturate, x/(k + x) and powers of it, in a residual: their slope is the share of the rest,
and not one less a share that is all but one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import mpmath
import numpy as np
import pytest

import objc

TEXTS: dict[str, Callable[..., Any]] = {
    "(y - x / (k + x))^2": lambda x, k, y: (y - x / (k + x)) ** 2,  # Michaelis and Menten 1913
    "(y - 3 * x / (k + x))^2": lambda x, k, y: (y - 3 * x / (k + x)) ** 2,
    "abs(y - x / (k + x))": lambda x, k, y: abs(y - x / (k + x)),
    "x^6 / (k^6 + x^6) + y": lambda x, k, y: x**6 / (k**6 + x**6) + y,  # Hill 1910
    "1 - k^5 / (k^5 + x^5) + y": lambda x, k, y: x**5 / (k**5 + x**5) + y,
}


@pytest.mark.parametrize("text", TEXTS)
def test_the_slope_of_a_rate_that_is_saturated(text: str) -> None:
    kernel = objc.compile(
        f"loss rate(x: positive, k: positive, y: real) = {text}", target="numpy"
    ).rate
    for x, k, y in (
        (720.0, 0.75, -1.0),
        (5440.0, 2.0**-20, 3.0),
        (0.5, 200.0, 0.25),
        (3.0, 2.0, 0),
    ):
        with mpmath.workdps(120):
            at = [mpmath.mpf(one) for one in (x, k, y)]
            slopes = [
                mpmath.diff(TEXTS[text], tuple(at), tuple(int(n == m) for m in range(3)))
                for n in range(3)
            ]
        for dtype, digits in ((np.float32, 3e-6), (np.float64, 1e-14)):
            found = kernel.gradient(*(dtype(one) for one in (x, k, y)), wrt=["x", "k", "y"])
            for one, slope in zip(found, slopes, strict=True):
                if abs(slope) > 1e-37 or dtype is np.float64:
                    assert float(one) == pytest.approx(float(slope), rel=digits)
