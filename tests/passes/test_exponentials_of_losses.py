"""Focal weights as code has them: `1 - exp(-b)` of a cross-entropy b by a label, and powers of a sigmoid
that is written out. Where the label is right both are as small as the probability of the other side, or as
near one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import mpmath
import numpy as np
import pytest

import objc

from .central import hessian_product, value_and_slope

LOGITS = (15.01, -15.26, 40.0, -39.5, 0.4)


def _cross_entropy(z: Any, y: Any) -> Any:
    return mpmath.log(1 + mpmath.exp(z)) - y * z


def _focal(z: Any, y: Any, g: Any) -> Any:
    b = _cross_entropy(z, y)
    return (1 - mpmath.exp(-b)) ** g * b


def _sides(z: Any, y: Any, g: Any) -> Any:
    p = 1 / (1 + mpmath.exp(-z))
    return -y * (1 - p) ** g * mpmath.log(p) - (1 - y) * p**g * mpmath.log(1 - p)


FOCAL: dict[str, Callable[[Any, Any, Any], Any]] = {
    "(1 - exp(-b))^g*b where b = log(1 + exp(z)) - y*z": _focal,
    "(1 - exp(-b))^g*b where b = max(z, 0) - y*z + log(1 + exp(-abs(z)))": _focal,
    "(1 - q)^g*b where b = softplus(-z) + (1 - y)*z q = exp(-b)": _focal,
    "-y*(1 - p)^g*log(p) - (1 - y)*p^g*log(1 - p) where p = 1/(1 + exp(-z))": _sides,
    "-y*(1 - p)^g*log(p) - (1 - y)*p^g*log(1 - p) where p = exp(z)/(1 + exp(z))": _sides,
}


@pytest.mark.parametrize("text", FOCAL)
def test_of_a_logit(text: str) -> None:
    formula = FOCAL[text]
    _agrees("z: real | y: binary; g: nonnegative = 1.5", text, formula, (0.0, 1.0))


def test_of_a_soft_label() -> None:
    text = "(1 - exp(-b))^g*b where b = log(1 + exp(z)) - y*z"
    _agrees("z: real | y: probability; g: nonnegative = 1.5", text, _focal, (0.0, 1.0, 0.9))


def _agrees(inputs: str, text: str, formula: Any, labels: tuple[float, ...]) -> None:
    loss, _, rest = text.partition(" where ")
    names = rest.replace(" q =", "\n          q =")
    kernel = objc.compile(f"loss f({inputs}) = {loss}\n    where {names}", target="numpy").f
    for number, digits in ((np.float32, 2e-5), (np.float64, 2e-13)):
        for y in labels:
            for given in LOGITS:
                z = number(given)
                y = float(number(y))

                def whole(x: Any, y: float = y) -> Any:
                    return formula(x, y, mpmath.mpf(3) / 2)

                tiny = float(np.finfo(number).tiny)
                value, slope = value_and_slope(whole, float(z))
                found, by_z = kernel.value_and_grad(z, number(y))
                assert float(found) == pytest.approx(value, rel=digits, abs=tiny)
                assert float(by_z) == pytest.approx(float(slope), rel=digits, abs=tiny)
                bent = hessian_product(whole, float(z), 1.0)
                product = kernel.hessian_vector_product(z, number(y), vector=number(1))
                assert float(product) == pytest.approx(float(bent), rel=digits, abs=tiny)


@pytest.mark.parametrize("z", [-100.0, -301.0])
def test_written_out_it_is_no_less_a_number(z: float) -> None:
    text = "-y*(1 - p)^g*log(p) - (1 - y)*p^g*log(1 - p)\n    where p = 1/(1 + exp(-z))"
    kernel = objc.compile(
        f"loss f(z: real | y: binary; g: nonnegative = 1.5) = {text}", target="numpy"
    ).f
    slope = kernel.gradient(np.array([z], np.float32), np.zeros(1, np.float32))
    assert slope[0] == pytest.approx(0, abs=1e-37)


@pytest.mark.parametrize("text", ["(1 - p)^g*log(p)", "(1 - exp(-b))^g*log(p)"])
def test_of_a_learned_power(text: str) -> None:
    """The slope by the power has the logarithm of what is one but for 1e-7."""
    where = "p = softmax(z)[y]" if "b" not in text else "b = -log(p)\n          p = softmax(z)[y]"
    source = f"loss f(z: real[K], g: positive | y: index(K)) = {text}\n    where {where}"
    kernel = objc.compile(source, target="numpy").f
    z = np.array([16.5, -1.5, -2.5])
    with mpmath.workdps(60):
        p = mpmath.exp(z[1]) / sum(map(mpmath.exp, z))
        slope = (1 - p) ** 0.5 * mpmath.log(1 - p) * mpmath.log(p)
    for number, digits in ((np.float32, 2e-5), (np.float64, 2e-13)):
        given = z.astype(number)[None], np.array([0.5], number), np.array([1])
        _, found = kernel.gradient(*given)
        assert float(found[0]) == pytest.approx(float(slope), rel=digits)
