"""Losses for noisy labels and for adversarial training, of a softmax that is sure: differences of powers of
what is beside a probability, and one less the greatest of the other classes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import mpmath
import numpy as np
import pytest

import objc

from .central import value_and_slope

LOSSES: dict[str, tuple[str, Callable[[Any], Any]]] = {
    "agce": (
        "; a: positive = 1, q: positive = 2) = ((a + 1)^q - (a + p[y])^q)/q",
        lambda p: (4 - (1 + p[0]) ** 2) / 2,
    ),
    "aul": (
        "; a: interval(1, inf) = 6, q: positive = 1.5) = ((a - p[y])^q - (a - 1)^q)/q",
        lambda p: ((6 - p[0]) ** 1.5 - mpmath.mpf(5) ** 1.5) / 1.5,
    ),
}


@pytest.mark.parametrize("name", LOSSES)
def test_where_one_class_is_sure(name: str) -> None:
    text, formula = LOSSES[name]
    source = f"loss f(z: real[K] | y: index(K){text}\n    where p[k] = softmax(z)[k]"
    kernel = objc.compile(source, target="numpy").f
    for z in ((15.5, -1.0, 0.25), (-1.0, 15.5, 0.25), (0.5, 0.25, -1.0)):

        def loss(at: Any) -> Any:
            powers = [mpmath.exp(one) for one in at]
            return formula([one / sum(powers) for one in powers])

        value, slope = value_and_slope(loss, z)
        for number, digits in ((np.float32, 2e-5), (np.float64, 1e-13)):
            found, by_logit = kernel.value_and_grad(np.array([z], number), np.array([0]))
            assert float(found) == pytest.approx(value, rel=digits, abs=digits * 1e-3)
            np.testing.assert_allclose(by_logit[0], slope, 0, digits * np.abs(slope).max())


def test_the_greatest_of_the_others_is_sure() -> None:
    """One and a little less the probability of a class that is wrong and sure (Wang et al. 2020)."""
    text = "-log(1.0001 - max[k | k != y](p[k]))\n    where p[k] = softmax(z)[k]"
    kernel = objc.compile(f"loss f(z: real[K] | y: index(K)) = {text}", target="numpy").f
    for z in ((-1.0, 15.5, 0.25), (0.5, 9.25, -1.0)):
        powers = [mpmath.exp(one) for one in z]
        value = -mpmath.log(mpmath.mpf("1.0001") - max(powers[1:]) / sum(powers))
        for number, digits in ((np.float32, 5e-7), (np.float64, 1e-14)):
            found = kernel.per_example(np.array([z], number), np.array([0]))
            assert float(found[0]) == pytest.approx(float(value), rel=digits)
