"""What the reference says is true, or says nothing about."""

from __future__ import annotations

from typing import Any

import mpmath
import numpy as np
import pytest

import objc
from objc.accuracy.reference import Reference
from objc.compiler import Variant, derive
from objc.ir.numbers import Arbitrary

SURVIVAL = """
loss survival(z: real[T] | t: index(T)) = -log(1 - sum[j | j <= t](p[j]))
    where p[j] = exp(z[j]) / sum[i](exp(z[i]))
"""
FAR: list[tuple[str, dict[str, Any]]] = [
    # Beside a probability that is all but one: by softmax, sigmoid, tanh, erf, and a softplus.
    (SURVIVAL, {"z": [1e4, -0.01, 248.76], "t": 0}),
    ("loss a(z: real) = -log(1 - sigmoid(z))", {"z": 1e4}),
    ("loss b(z: real) = log(1 - tanh(z))^2", {"z": 1e4}),
    ("loss c(z: real) = -log(1 - erf(z))", {"z": 75.0}),
    ("loss d(z: real[K] | y: index(K)) = -log(1 - softmax(z)[y])", {"z": [0.5, 1e4, 1.0], "y": 1}),
    ("loss e(x: real) = log(log(1 + exp(x)) - x)^2", {"x": 1e4}),
    ("loss f(x: real) = 1 / (log(1 + exp(x)) - x + exp(-x)/4)", {"x": 690.0}),
]


def reference(text: str) -> Reference:
    (kernel,) = objc.compile(text, target="numpy")
    program = kernel.program
    batched = frozenset(one.name for one in program.inputs)
    wrt = tuple(one.name for one in program.differentiable)
    derived = derive(program, Variant(("per_example", "gradient"), wrt, batched))
    return Reference(program, derived, wrt, second=())


@pytest.mark.parametrize(
    ("text", "where"), FAR, ids=[text.split("(")[0].strip() for text, _ in FAR]
)
def test_what_more_digits_would_change_is_not_called_true(text: str, where: dict[str, Any]) -> None:
    """Rounded to the nearest, the rest of what is all but one is zero in twice the digits too."""
    asked = reference(text)
    inputs = {name: np.array([value]) for name, value in where.items()}
    truth, _ = asked.at(inputs)
    more = asked.once(inputs, np.array([5000]))
    for key, values in truth.items():
        for claimed, true in zip(values.ravel(), more[key].ravel(), strict=True):
            assert mpmath.isnan(claimed) or mpmath.almosteq(claimed, true, 1e-25, 1e-300), key


@pytest.mark.parametrize(
    ("text", "where", "value"),
    [
        ("loss a(z: real) = sigmoid(z) - 1", {"z": 1e4}, 0.0),
        ("loss b(z: real[K] | y: index(K)) = -log(softmax(z)[y])", {"z": [1e4, 1.0], "y": 0}, 0.0),
        (
            "loss c(z: real[K] | y: index(K)) = -log(softmax(z)[y])",
            {"z": [1e9, 1.0], "y": 1},
            1e9 - 1,
        ),
        (
            "loss d(x: real[D], y: real[D]) = norm(x/norm(x) - y/norm(y))",
            {"x": [3.0, 1.0], "y": [3.0, 1.0]},
            0.0,
        ),
    ],
)
def test_what_no_digits_change_is_true_all_the_same(
    text: str, where: dict[str, Any], value: float
) -> None:
    truth, _ = reference(text).at({name: np.array([one]) for name, one in where.items()})
    assert float(truth["per_example"][0]) == pytest.approx(value, abs=1e-300)
    for key, entries in truth.items():
        assert not any(map(mpmath.isnan, entries.ravel())), key


@pytest.mark.parametrize(("rounding", "sign"), [("d", -1), ("u", 1)])
def test_directions_of_rounding_hold_inside_and_end_with_the_work(rounding: Any, sign: int) -> None:
    numbers = Arbitrary(30, rounding)
    exact = mpmath.mpf(1) / 3
    with numbers.working():
        third = numbers.divide(numbers.number(1), numbers.number(3))
        assert mpmath.sign(third - numbers.number(1) / 3) == 0
        assert mpmath.sign(3 * third - 1) in (0, sign)
    assert mpmath.mpf(1) / 3 == exact
    with mpmath.workdps(60):
        assert mpmath.sign(third - mpmath.mpf(1) / 3) == sign
