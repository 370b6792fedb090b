"""Probabilities that are kept away from zero and one by a bound or by a little more, as code has them: what
is written to keep a logarithm finite must not cost the digits of what needs none of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import mpmath
import numpy as np
import pytest

import objc

from .central import hessian_product, value_and_slope

LITTLE = mpmath.mpf("1e-7")
ALONG = np.array([0.5, -1.0, 0.25])


def _softmax(z: Any) -> Any:
    powers = [mpmath.exp(one) for one in z]
    return [one / sum(powers) for one in powers]


def _clipped(p: Any) -> Any:
    return max(LITTLE, min(p, 1 - LITTLE))


def _log(p: Any) -> Any:
    return mpmath.log(p)


ROWS: dict[str, Callable[[list[Any], int], Any]] = {
    "-log(max(p[y], 1e-7))": lambda p, y: -_log(max(p[y], LITTLE)),
    "-log(clip(p[y], 1e-7, 1))": lambda p, y: -_log(max(p[y], LITTLE)),
    "-log(max(p[y], e))": lambda p, y: -_log(max(p[y], LITTLE)),
    "-log(p[y] + 1e-7)": lambda p, y: -_log(p[y] + LITTLE),
    "-log(p[y] + e)": lambda p, y: -_log(p[y] + LITTLE),
    "-(1 - p[y])^2 * log(p[y] + 1e-7)": lambda p, y: -((1 - p[y]) ** 2) * _log(p[y] + LITTLE),
    "-log(1 - p[y] + 1e-7)": lambda p, y: -_log(1 - p[y] + LITTLE),
    "-log(1e-7 + (1 - p[y]))": lambda p, y: -_log(1 - p[y] + LITTLE),
    "-log(1 - p[y] + e)": lambda p, y: -_log(1 - p[y] + LITTLE),
    "-log(max(1 - p[y], 1e-7))": lambda p, y: -_log(max(1 - p[y], LITTLE)),
    "-log(1 - clip(p[y], e, 1 - e))": lambda p, y: -_log(1 - _clipped(p[y])),
    "1 - max(p[y], 0.25)": lambda p, y: 1 - max(p[y], mpmath.mpf(1) / 4),
    "sqrt(1 - p[y] + 1e-7)": lambda p, y: mpmath.sqrt(1 - p[y] + LITTLE),
}
POINTS = (
    ((20.0, 0.0, -1.0), 0),
    ((40.0, 1.0, -1.5), 0),
    ((40.0, 1.0, -1.5), 2),
    ((0.5, -1.0, 0.25), 1),
)


@pytest.mark.parametrize("text", ROWS)
def test_of_a_softmax(text: str) -> None:
    given = "; e: interval(0, 0.5) = 1e-7" if "clip" in text else "; e: positive = 1e-7"
    given = given if "e)" in text or "+ e" in text else ""
    source = f"loss f(z: real[K] | y: index(K){given}) = {text}\n    where p[k] = softmax(z)[k]"
    kernel = objc.compile(source, target="numpy").f
    formula = ROWS[text]
    for z, y in POINTS:

        def loss(logits: Any, y: int = y) -> Any:
            return formula(_softmax(logits), y)

        value, slope = value_and_slope(loss, z)
        product = hessian_product(loss, z, ALONG)
        for dtype, digits in ((np.float32, 1e-5), (np.float64, 1e-13)):
            logits = np.array(z, dtype)
            tiny = float(np.finfo(dtype).tiny)
            found, slopes = kernel.value_and_grad(logits, y)
            assert float(found) == pytest.approx(value, rel=digits, abs=digits * 1e-8)
            np.testing.assert_allclose(slopes, slope, digits, digits * np.abs(slope).max() + tiny)
            bent = kernel.hessian_vector_product(logits, y, vector=ALONG.astype(dtype))
            np.testing.assert_allclose(bent, product, 0, 4 * digits * np.abs(product).max() + tiny)


SCALARS: dict[str, Callable[[Any], Any]] = {
    "-log(p + 1e-7)": lambda z: -_log(_sigmoid(z) + LITTLE),
    "-log(1 - p + 1e-7)": lambda z: -_log(_sigmoid(-z) + LITTLE),
    "-log(max(p, 1e-7))": lambda z: -_log(max(_sigmoid(z), LITTLE)),
    "-log(clip(p, 1e-7, 1 - 1e-7))": lambda z: -_log(_clipped(_sigmoid(z))),
    "-log(1 - clip(p, 1e-7, 1 - 1e-7))": lambda z: -_log(_clipped(_sigmoid(-z))),
    "-log(1 - max(1e-7, min(p, 1 - 1e-7)))": lambda z: -_log(_clipped(_sigmoid(-z))),
    "log(1 - tanh(z)^2 + 1e-7)": lambda z: _log(mpmath.sech(z) ** 2 + LITTLE),
    "-p^2 * log(1 - p + 1e-7)": lambda z: -(_sigmoid(z) ** 2) * _log(_sigmoid(-z) + LITTLE),
}


def _sigmoid(z: Any) -> Any:
    return 1 / (1 + mpmath.exp(-z))


@pytest.mark.parametrize("text", SCALARS)
def test_of_a_sigmoid(text: str) -> None:
    named = "\n    where p = sigmoid(z)" if "p" in text else ""
    kernel = objc.compile(f"loss f(z: real) = {text}{named}", target="numpy").f
    for z in (-40.0, -17.0, -12.0, -0.75, 0.25, 7.0, 12.0, 15.0, 17.0, 20.0, 40.0):
        value, slope = value_and_slope(lambda at: SCALARS[text](at), z)
        for dtype, digits in ((np.float32, 4e-6), (np.float64, 2e-13)):
            found, slopes = kernel.value_and_grad(np.array(z, dtype))
            assert float(found) == pytest.approx(value, rel=digits, abs=digits * 1e-8)
            assert float(slopes) == pytest.approx(float(slope), rel=digits, abs=1e-37)


@pytest.mark.parametrize("target", ["numpy", "cpu"])
def test_of_a_probability_that_is_one(target: Any) -> None:
    """1 + 1e-8 is 1 in float32: of what is written to keep the logarithm finite nothing was left."""
    kernel = objc.compile("loss f(p: probability) = -log(1 - p + 1e-8)", target=target).f
    for dtype in (np.float32, np.float64):
        value, slope = kernel.value_and_grad(np.ones((), dtype))
        assert float(value) == pytest.approx(8 * np.log(10), rel=1e-6)
        assert float(slope) == pytest.approx(1e8, rel=1e-6)
        assert float(kernel(np.array(2.0**-20, dtype))) == pytest.approx(2.0**-20 - 1e-8, rel=1e-5)
