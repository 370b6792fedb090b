"""A binary label that chooses by products, `y*p + (1 - y)*(1 - p)`, as code for focal losses has it: where
the label is right, what that lacks of one keeps its digits."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import mpmath
import numpy as np
import pytest

import objc

from .central import hessian_product, value_and_slope

CHOSEN = """
    where p = sigmoid(z)
          q = y * p + (1 - y) * (1 - p)"""
TEXTS: dict[str, Callable[[Any], Any]] = {
    # Lin et al. 2017, as in torchvision
    f"-(1 - q)^g * log(q){CHOSEN}": lambda q: -((1 - q) ** 2) * mpmath.log(q),
    f"(1 - q)^g * (softplus(z) - y * z){CHOSEN}": lambda q: -((1 - q) ** 2) * mpmath.log(q),
    f"-log(q){CHOSEN}": lambda q: -mpmath.log(q),
    f"1 - q{CHOSEN}": lambda q: 1 - q,
    f"(1 - q)^g{CHOSEN}": lambda q: (1 - q) ** 2,
    "-log(1 - abs(y - sigmoid(z)))": lambda q: -mpmath.log(q),
    "1 / (if y == 1 then sigmoid(z) else 1 - sigmoid(z)) - 1": lambda q: 1 / q - 1,
    "1 - (if y == 1 then sigmoid(z) else 1 - sigmoid(z))^0.75": lambda q: 1 - q**0.75,
    "(1 - (if y == 1 then sigmoid(z) else 1 - sigmoid(z))^g)": lambda q: 1 - q**2,
}


def _sigmoid(z: Any) -> Any:
    return 1 / (1 + mpmath.exp(-z))


@pytest.mark.parametrize("text", TEXTS)
def test_a_label_that_is_right_and_one_that_is_wrong(text: str) -> None:
    source = f"loss f(z: real | y: binary; g: positive = 2) = {text}"
    kernel = objc.compile(source, target="numpy").f
    for size in (0.5, 12.0, 17.0, 40.0):
        for z, y in ((size, 1.0), (-size, 0.0), (-size, 1.0), (size, 0.0)):

            def loss(at: Any, sign: float = 2 * y - 1) -> Any:
                return TEXTS[text](_sigmoid(sign * at))

            value, slope = value_and_slope(loss, z)
            product = hessian_product(loss, z, 1.0)
            for dtype, digits in ((np.float32, 1e-5), (np.float64, 2e-14)):
                given, label = np.array(z, dtype), np.array(y, dtype)
                found, slopes = kernel.value_and_grad(given, label)
                assert float(found) == pytest.approx(value, rel=digits)
                assert float(slopes) == pytest.approx(float(slope), rel=digits, abs=1e-37)
                if "softplus" not in text:
                    bent = kernel.hessian_vector_product(given, label, vector=np.ones((), dtype))
                    assert float(bent) == pytest.approx(float(product), rel=10 * digits, abs=1e-37)


def test_labels_that_are_shares_are_not_taken_for_binary() -> None:
    text = "-log(1 - abs(y - sigmoid(z))) - log(y * sigmoid(z) + (1 - y) * (1 - sigmoid(z)))"
    kernel = objc.compile(f"loss f(z: real | y: probability) = {text}", target="numpy").f
    p, y = 1 / (1 + np.exp(-0.75)), 0.25
    expected = -np.log(1 - abs(y - p)) - np.log(y * p + (1 - y) * (1 - p))
    assert float(kernel(0.75, y)) == pytest.approx(expected, rel=1e-14)
