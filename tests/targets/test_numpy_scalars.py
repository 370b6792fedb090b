"""Functions of numbers alone, as of hyperparameters: a number goes in and a number comes out."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import objc
from objc.atoms import ATOMS

NAMES = [one.name for one in ATOMS.values() if one.language and one.arity == 1]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_function_of_a_hyperparameter(name: str, dtype: Any) -> None:
    text = f"loss f(x: real | y: real; r: interval(0.1, 0.9) = 0.3) = x * {name}(r) + y"
    kernel = objc.compile(text, target="numpy").f
    x = np.array([2.0], dtype)
    with np.errstate(all="ignore"):
        expected = float(ATOMS[name].reference(0.3))
    value, gradient = kernel.value_and_grad(x, np.zeros(1, dtype))
    assert value == pytest.approx(2 * expected, rel=1e-6)
    assert gradient.dtype == dtype
    assert gradient[0] == pytest.approx(expected, rel=1e-6)
