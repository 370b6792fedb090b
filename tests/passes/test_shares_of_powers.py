"""Shares of two powers, `s^n/(k^n + s^n)` as of cooperative binding (Hill 1910), where a power leaves the
range: value, gradient and products with the Hessian."""

from __future__ import annotations

from typing import Any

import mpmath
import numpy as np
import pytest

import objc

from .central import curvatures, value_and_slope

SHARES = (
    ("s^n / (k^n + s^n)", lambda s, k, n: s**n / (k**n + s**n)),
    ("1 - 5 * k^n / (k^n + s^n)", lambda s, k, n: 1 - 5 * k**n / (k**n + s**n)),
    ("s^n / (k + s^n)", lambda s, k, n: s**n / (k + s**n)),
)
POINTS = (
    (50.0, 41.0, 90.0),
    (1e-3, 0.99e-3, 64.0),
    (30.0, 31.0, 300.0),
    (0.5, 0.25, 2.0),
    (30.0, 30.0, 0.01),
)


@pytest.mark.parametrize(("text", "share"), SHARES, ids=[text for text, _ in SHARES])
def test_powers_out_of_range(text: str, share: Any) -> None:
    source = f"loss f(s: positive | k: positive, n: positive) = {text}"
    kernel = objc.compile(source, target="numpy").f
    for dtype, digits in ((np.float32, 1e-6), (np.float64, 1e-14)):
        for point in POINTS:
            s, k, n = (float(dtype(one)) for one in point)
            value, slope = value_and_slope(share, s, k, n)
            product, _ = curvatures(share, s, mpmath.mpf(1), k, n)
            # What rounding the inputs changes, times the power.
            tolerance = digits * (10 + 10 * n)
            given = {"k": dtype(k), "n": dtype(n)}
            found, gradient = kernel.value_and_grad(dtype(s), **given)
            second = kernel.hessian_vector_product(dtype(s), **given, vector=dtype(1))
            least = max(
                float(np.finfo(dtype).tiny), 1e-75
            )  # below it the differences have no digits
            assert float(found) == pytest.approx(value, rel=tolerance, abs=least)
            assert float(gradient) == pytest.approx(float(slope), rel=tolerance, abs=least)
            assert float(second) == pytest.approx(float(product), rel=tolerance, abs=least)
