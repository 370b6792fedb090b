"""Cross-entropy with a penalty of its own softmax, where the class is sure: what its share lacks of one keeps
its digits beside other addends that have the share as a factor."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import mpmath
import numpy as np
import pytest

import objc

from .central import hessian_product, value_and_slope

P = "\n    where p[k] = softmax(z)[k]"


def _entropy(p: list[Any]) -> Any:
    return -sum(one * mpmath.log(one) for one in p)


def _against_others(p: list[Any], y: int) -> Any:
    return -mpmath.log(p[y]) - sum(mpmath.log(1 - one) for k, one in enumerate(p) if k != y)


LOSSES: dict[str, tuple[str, Callable[[Any, list[Any], int], Any]]] = {
    # Pereyra et al. 2017
    "confidence penalty": (
        f"-log(p[y]) + 0.125 * sum[k](p[k] * log(p[k])){P}",
        lambda z, p, y: -mpmath.log(p[y]) - _entropy(p) / 8,
    ),
    # Reed et al. 2014
    "soft bootstrapping": (
        f"-sum[k]((0.75 * (if k == y then 1 else 0) + 0.25 * p[k]) * log(p[k])){P}",
        lambda z, p, y: (-3 * mpmath.log(p[y]) + _entropy(p)) / 4,
    ),
    # Chowdhery et al. 2022
    "squared logarithm of the normalizer": (
        "log(sum[k](exp(z[k]))) - z[y] + 0.125 * log(sum[k](exp(z[k])))^2",
        lambda z, p, y: -mpmath.log(p[y]) + mpmath.log(sum(map(mpmath.exp, z))) ** 2 / 8,
    ),
    "cost of the others": (
        f"-log(p[y]) + 0.5 * sum[k](p[k] * (if k == y then 0 else 4)){P}",
        lambda z, p, y: -mpmath.log(p[y]) + 2 * sum(one for k, one in enumerate(p) if k != y),
    ),
    "each class against the others": (
        f"-log(p[y]) - sum[k | k != y](log(1 - p[k])){P}",
        lambda z, p, y: _against_others(p, y),
    ),
}


@pytest.mark.parametrize("name", LOSSES)
def test_a_sure_class(name: str) -> None:
    text, formula = LOSSES[name]
    kernel = objc.compile(f"loss f(z: real[K] | y: index(K)) = {text}", target="numpy").f
    along = np.array([0.5, -1.0, 0.25])
    for z, y in (((20.0, 0.0, -1.0), 0), ((40.0, 1.0, -1.5), 0), ((-17.0, 0.25, 1.0), 2)):

        def loss(logits: Any, y: int = y) -> Any:
            powers = [mpmath.exp(one) for one in logits]
            return formula(logits, [one / sum(powers) for one in powers], y)

        value, slope = value_and_slope(loss, z)
        product = hessian_product(loss, z, along)
        for dtype, digits in ((np.float32, 4e-6), (np.float64, 2e-14)):
            found, gradient = kernel.value_and_grad(np.array(z, dtype), y)
            assert float(found) == pytest.approx(value, rel=digits)
            np.testing.assert_allclose(gradient, slope, digits)
            bent = kernel.hessian_vector_product(np.array(z, dtype), y, vector=along.astype(dtype))
            np.testing.assert_allclose(bent, product, 0, digits * np.abs(product).max())


def test_each_class_against_the_others_by_a_distribution() -> None:
    """Of a distribution that is given it is known that it adds up to one."""
    text = f"-sum[k](t[k] * log(p[k]) + (1 - t[k]) * log(1 - p[k])){P}"
    kernel = objc.compile(f"loss f(z: real[K] | t: simplex[K]) = {text}", target="numpy").f
    z = (40.0, 1.0, -1.5)

    def loss(logits: Any) -> Any:
        powers = [mpmath.exp(one) for one in logits]
        return _against_others([one / sum(powers) for one in powers], 0)

    _, slope = value_and_slope(loss, z)
    for dtype, digits in ((np.float32, 4e-6), (np.float64, 2e-14)):
        gradient = kernel.gradient(np.array(z, dtype), np.array([1, 0, 0], dtype))
        np.testing.assert_allclose(gradient, slope, digits)
