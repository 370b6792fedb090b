"""The first place of an extreme, looked for once the extreme is known."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import objc
from objc.compiler import Variant, derive, lower, parse
from objc.source import Source

TEXT = """
loss largest(z: real[K] | m: binary[K]) = max[k](z[k]^2)
loss smallest(z: real[K] | m: binary[K]) = min[k](tanh(z[k]))
loss masked(z: real[K] | m: binary[K]) = sum[j](z[j]) + (if m[0] == 1 then max[k | m[k] == 1](z[k]) else 0)
loss picked(z: real[K] | m: binary[K]) = max[k](z[k]) + z[argmax[k](z[k])]^2
"""
Z = np.array([[1.0, 3.0, -2.0, 3.0], [0.5, -4.0, 2.0, -4.0], [2.0, 2.0, 2.0, 2.0]])
M = np.array([[1, 0, 1, 1], [0, 0, 0, 0], [1, 1, 0, 1]])


def _places(name: str, z: Any) -> np.ndarray:
    if name == "smallest":
        return np.argmin(z, 1)
    if name == "masked":
        return np.argmax(np.where(M == 1, z, -np.inf), 1)
    return np.argmax(z**2 if name == "largest" else z, 1)


@pytest.mark.parametrize("target", ["cpu", "numpy"])
@pytest.mark.parametrize("name", ["largest", "smallest", "masked", "picked"])
def test_the_slope_is_the_first_extreme_s(name: str, target: str) -> None:
    gradient = objc.compile(TEXT, target=target)[name].gradient(Z, M, reduction="sum")
    rows, places = np.arange(3), _places(name, Z)
    expected = np.zeros_like(Z)
    at = Z[rows, places]
    slopes = {"largest": 2 * at, "smallest": 1 - np.tanh(at) ** 2, "picked": 1 + 2 * at}
    expected[rows, places] = slopes.get(name, (M[:, 0] == 1) * 1.0)
    np.testing.assert_allclose(gradient, expected + (name == "masked"), rtol=1e-12)


@pytest.mark.parametrize("target", ["cpu", "numpy"])
def test_nan_counts_as_the_extreme(target: str) -> None:
    z = Z.copy()
    z[0, 2] = z[0, 3] = np.nan
    gradient = objc.compile(TEXT, target=target)["largest"].gradient(z, M, reduction="sum")
    assert np.isnan(gradient[0]).tolist() == [False, False, True, False]
    np.testing.assert_array_equal(gradient[1], [0, -8, 0, 0])


def test_only_comparisons_search() -> None:
    programs = lower(parse(Source("text", TEXT))).programs
    every = frozenset({"z", "m"})

    def reductions(name: str) -> set[str | None]:
        program = derive(programs[name], Variant(("value", "gradient"), ("z",), every))
        return {let.reduction for let in program.lets}

    assert "argmax" not in reductions("largest") | reductions("masked")
    assert "argmin" not in reductions("smallest")
    assert "argmax" in reductions("picked")
