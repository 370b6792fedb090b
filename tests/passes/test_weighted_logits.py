"""What a share with weights that are data lacks of one, where the class is sure: value and derivatives by the
logits, with the weights in a softmax's logits or before exponentials that are divided by hand."""

from __future__ import annotations

from typing import Any

import mpmath
import numpy as np
import pytest

import objc

from .central import curvatures, value_and_slope

SHARES = ("softmax(z + log(n))[y]", "n[y] * exp(z[y]) / sum[k](n[k] * exp(z[k]))")
LOSSES = (
    ("1 - p", lambda p: 1 - p),
    ("-(1 - p)^2 * log(p)", lambda p: -((1 - p) ** 2) * mpmath.log(p)),
    ("(1 - p^0.7) / 0.7", lambda p: (1 - p ** mpmath.mpf("0.7")) / mpmath.mpf("0.7")),
    ("p / (1 - p)", lambda p: p / (1 - p)),
)
COUNTS = (3.0, 17.0, 1.0)
POINTS = (
    ((20.0, 0.0, -1.0), 0),
    ((25.0, 1.0, -1.5), 0),
    ((25.0, 1.0, -1.5), 2),
    ((0.5, -1.0, 0.25), 1),
)


def _of_share(loss: Any, y: int) -> Any:
    def function(z: Any, n: Any) -> Any:
        powers = [weight * mpmath.exp(one) for weight, one in zip(n, z, strict=True)]
        return loss(powers[y] / sum(powers))

    return function


@pytest.mark.parametrize("share", SHARES)
@pytest.mark.parametrize(("text", "loss"), LOSSES, ids=[text for text, _ in LOSSES])
def test_a_sure_class(text: str, loss: Any, share: str) -> None:
    source = f"loss f(z: real[K] | y: index(K), n: positive[K]) = {text}\n    where p = {share}"
    kernel = objc.compile(source, target="numpy").f
    direction = np.array([0.5, -0.25, 1.0])
    for z, y in POINTS:
        function = _of_share(loss, y)
        value, slope = value_and_slope(function, z, COUNTS)
        product, _ = curvatures(function, z, direction, COUNTS)
        # The logarithms of counts are rounded where they are added to logits.
        for dtype, digits in ((np.float32, 2e-5), (np.float64, 3e-14)):
            logits, counts = np.array(z, dtype), np.array(COUNTS, dtype)
            found, slopes = kernel.value_and_grad(logits, y=y, n=counts)
            assert float(found) == pytest.approx(value, rel=digits)
            np.testing.assert_allclose(slopes, slope, digits, digits * np.abs(slope).max())
            vector = direction.astype(dtype)
            found = kernel.hessian_vector_product(logits, y=y, n=counts, vector=vector)
            np.testing.assert_allclose(found, product, digits, digits * np.abs(product).max())


def test_of_a_class_without_weight_nothing_is_left() -> None:
    kernel = objc.compile(
        "loss f(z: real[K] | y: index(K), n: simplex[K]) = (1 - softmax(z + log(n))[y])^2"
    ).f
    z, n = np.array([20.0, 0.0, -1.0]), np.array([0.25, 0.0, 0.75])
    value, slopes = kernel.value_and_grad(z, y=0, n=n)
    rest = 3 * np.exp(-21.0)
    assert value == pytest.approx(rest**2 / (1 + rest) ** 2, rel=1e-13)
    slope = 2 * rest**2 / (1 + rest) ** 3
    np.testing.assert_allclose(slopes, [-slope, 0, slope], 1e-13)
