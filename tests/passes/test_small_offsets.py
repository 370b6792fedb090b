"""Powers of what a small number is added to, as of potentials: whole numbers made of it, 10⁶ⁿ, would leave
the range of float32, in which nothing else does."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import mpmath
import numpy as np
import pytest

import objc

from .central import hessian_product, value_and_slope


def _squares(x: Any) -> Any:
    return mpmath.fsum(one**2 for one in x)


OFFSET = "r = sqrt(sum[d](x[d]^2) + 1e-6)"
SQUARE = "s = sum[d](x[d]^2) + 1e-6"
TEXTS: dict[str, Callable[[Any], Any]] = {
    # Lennard-Jones 1931, softened
    f"4 * ((2/r)^12 - (2/r)^6) where {OFFSET}": lambda x: (
        4 * (2**12 / (_squares(x) + EPSILON) ** 6 - 2**6 / (_squares(x) + EPSILON) ** 3)
    ),
    f"4 * (1/r^12 - 1/r^6) where {OFFSET}": lambda x: (
        4 * (1 / (_squares(x) + EPSILON) ** 6 - 1 / (_squares(x) + EPSILON) ** 3)
    ),
    f"1/s^6 - 1/s^3 where {SQUARE}": lambda x: (
        1 / (_squares(x) + EPSILON) ** 6 - 1 / (_squares(x) + EPSILON) ** 3
    ),
    "x[0]/(norm(x) + 1e-6)^3 + 2/(norm(x) + 1e-6)^5": lambda x: (
        x[0] / (mpmath.sqrt(_squares(x)) + EPSILON) ** 3
        + 2 / (mpmath.sqrt(_squares(x)) + EPSILON) ** 5
    ),
}
EPSILON = mpmath.mpf("1e-6")
POINTS = ([1.0, -3.75, 2.25], [0.5, 0.25, -0.75], [9.0, 12.0, -0.125])


@pytest.mark.parametrize("target", ["numpy", pytest.param("cpu", marks=pytest.mark.slow)])
def test_potentials_are_right_in_float32(target: str) -> None:
    losses = "\n".join(
        f"loss f{n}(x: real[D]) = {text.replace(' where ', chr(10) + '    where ')}"
        for n, text in enumerate(TEXTS)
    )
    module = objc.compile(losses, target=target)
    for n, loss in enumerate(TEXTS.values()):
        for point in POINTS:
            with mpmath.workdps(200):
                value, slope = value_and_slope(loss, point)
                product = hessian_product(loss, point, [1.0, -0.5, 0.75])
            x = np.array([point], np.float32)
            vector = np.array([[1.0, -0.5, 0.75]], np.float32)
            kernel = getattr(module, f"f{n}")
            found, slopes = kernel.value_and_grad(x)
            bent = kernel.hessian_vector_product(x, vector=vector)
            assert float(found) == pytest.approx(value, rel=2e-5)
            assert slopes[0] == pytest.approx(slope, rel=2e-5, abs=2e-6 * np.abs(slope).max())
            assert bent[0] == pytest.approx(product, rel=2e-5, abs=5e-6 * np.abs(product).max())
