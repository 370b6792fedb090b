"""A softmax of which nearly all is in one place keeps its digits there, the own slope too, where its logits
are what a model gives, over a temperature, or beside the logarithms of priors; entry by entry in float32."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import mpmath
import numpy as np
import pytest

import objc

from .central import value_and_slope

ROWS = ((13.5, 6.75), (0.25, -0.5), (1.5, 0.25))
AT, PRIORS, T = (1.0, 1.75), (2.0, 3.0, 5.0), 1.5
Formula = Callable[[Sequence[Any]], Any]
LOGITS: dict[str, tuple[str, Callable[[Sequence[Any]], list[Any]]]] = {
    "temperature": ("c[k] / a", lambda c: [one / T for one in c]),
    "priors": (
        "c[k] + log(n[k])",
        lambda c: [one + mpmath.log(n) for one, n in zip(c, PRIORS, strict=True)],
    ),
    "model over a temperature": (
        "(sum[d](W[k, d] * x[d]) + c[k]) / a",
        lambda c: [
            (sum(mpmath.mpf(a) * b for a, b in zip(row, AT, strict=True)) + one) / T
            for row, one in zip(ROWS, c, strict=True)
        ],
    ),
}
LOSSES: dict[str, tuple[str, Formula]] = {
    "Gini": ("1 - sum[k](p[k]^2)", lambda p: sum(one * (1 - one) for one in p)),
    "cubes": ("-sum[k](p[k]^3)", lambda p: -sum(one**3 for one in p)),
    "entropy": (
        "-sum[k](p[k] * log(p[k]))",
        lambda p: -sum(one * mpmath.log(one) for one in p),
    ),
    "cost": ("sum[k](p[k] * n[k])", lambda p: sum(a * b for a, b in zip(p, PRIORS, strict=True))),
}


@pytest.mark.parametrize("logits", LOGITS)
@pytest.mark.parametrize("name", LOSSES)
def test_value_and_slopes(name: str, logits: str) -> None:
    text, formula = LOSSES[name]
    made, exact = LOGITS[logits]
    data = ", ".join(
        ["n: positive[K]"] * ("n[" in text + made) + ["x: real[D], W: real[K, D]"] * ("x[" in made)
    )
    kernel = objc.compile(
        f"loss f(c: real[K]{' | ' + data if data else ''}; a: positive = {T}) = {text}\n"
        f"    where v[k] = {made}\n          p[k] = softmax(v)[k]\n",
        target="numpy",
    ).f
    given = {"W": ROWS, "x": AT, "n": PRIORS}
    arrays = {
        key: np.array([value], np.float32) for key, value in given.items() if f"{key}: " in data
    }
    bias = (0.5, 0.25, -0.5) if "x[" in made else (18.0, 0.5, -1.0)

    def loss(c: Sequence[Any]) -> Any:
        powers = [mpmath.exp(one) for one in exact(c)]
        return formula([one / sum(powers) for one in powers])

    value, slope = value_and_slope(loss, bias)
    point = np.array([bias], np.float32)
    np.testing.assert_allclose(kernel.per_example(point, **arrays), [value], rtol=3e-6)
    found = kernel.gradient(point, **arrays, wrt="c")
    np.testing.assert_allclose(np.ravel(found), slope, rtol=4e-6)


PARTIAL = {
    "places": ("t: index(K)", "k <= t", np.array([1])),
    "a mask": ("t: binary[K]", "t[k] == 1", np.array([[1.0, 1.0, 0.0]])),
}


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", PARTIAL)
def test_one_of_some_labels(name: str, dtype: str) -> None:
    declared, guard, label = PARTIAL[name]
    kernel = objc.compile(
        f"loss f(z: real[K] | {declared}) = -log(sum[k | {guard}](softmax(z)[k]))", target="numpy"
    ).f
    z = (18.0, 1.0, -1.0)

    def loss(z: Sequence[Any]) -> Any:
        powers = [mpmath.exp(one) for one in z]
        return mpmath.log1p(powers[2] / (powers[0] + powers[1]))

    value, slope = value_and_slope(loss, z)
    given = label.astype(dtype) if label.dtype == float else label
    tolerance = 1e-6 if dtype == "float32" else 1e-14
    found = kernel.gradient(np.array([z], dtype), given)[0]
    np.testing.assert_allclose(
        kernel.per_example(np.array([z], dtype), given), [value], rtol=tolerance
    )
    np.testing.assert_allclose(found, slope, rtol=0, atol=tolerance * np.abs(slope).max())
