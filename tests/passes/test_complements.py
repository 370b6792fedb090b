"""One less a part of a softmax: by what is left under a logarithm, and right wherever else it stands."""

from __future__ import annotations

import numpy as np
import pytest

import objc

REST = "(1 - sum[k | k < y](softmax(z)[k]))"
TEXTS = (
    REST,
    f"{REST}^2",
    f"-{REST}^g * log(1 + sum[k | k < y](softmax(z)[k]))",
    f"1 / (1 + {REST}) + abs({REST}) + exp({REST})",
    f"{REST} * sum[k | k < y](softmax(z)[k])",
    f"{REST} * (1 - sum[k | k <= y](softmax(z)[k]))",
    f"-log({REST} + 0.0001)",
    "sum[j](((if y > j then 1 else 0) - (1 - sum[k | k <= j](softmax(z)[k])))^2)",
)


@pytest.mark.parametrize("scale", [1.0, 30.0, 800.0])
@pytest.mark.parametrize("text", TEXTS)
def test_derivatives_are_those_of_finite_differences(text: str, scale: float) -> None:
    """Also where the guard leaves nothing of the sum."""
    source = f"loss f(z: real[K] | y: index(K); g: positive = 2) = {text}"
    kernel = objc.compile(source, target="numpy").f
    z, v = scale * np.array([1.0, -0.5, 0.25]), np.array([0.5, 1.0, -0.75])
    for y in range(3):
        value, gradient = kernel.value_and_grad(z, y)
        soft = np.exp(z - np.logaddexp.reduce(z))
        assert np.isfinite(value)
        if text == REST:
            assert value == pytest.approx(soft[y:].sum(), rel=1e-13)
        steps = 1e-5 * np.eye(3)
        slopes = [(kernel(z + one, y) - kernel(z - one, y)) / 2e-5 for one in steps]
        np.testing.assert_allclose(gradient, slopes, atol=1e-8)
        moved = [kernel.gradient(z + step * v, y) for step in (1e-5, -1e-5)]
        product = kernel.hessian_vector_product(z, y, vector=v)
        np.testing.assert_allclose(product, (moved[0] - moved[1]) / 2e-5, atol=1e-7)


def test_a_small_number_beside_it_keeps_its_digits() -> None:
    """`1 - S + 1e-8` is 1e-8 and what is left, not 1.00000001 less S."""
    text = (
        "loss f(z: real[K] | y: index(K)) = -log(1 - sum[k | k <= y](softmax(z)[k]) + 0.00000001)"
    )
    z = np.array([38.5, 38.5, -3.5, 11.25, 15.5])
    soft = np.exp(z - np.logaddexp.reduce(z))
    left = soft[2:].sum() + 1e-8
    value, gradient = objc.compile(text).f.value_and_grad(z.astype(np.float32), 1)
    assert value == pytest.approx(-np.log(left), rel=1e-6)
    slopes = np.where(np.arange(5) <= 1, soft * soft[2:].sum(), -soft * soft[:2].sum()) / left
    np.testing.assert_allclose(gradient, slopes, rtol=2e-6)
