"""`log(1 − softmax(z)[y])` at any confidence, against 60 digits."""

from __future__ import annotations

from typing import Any

import mpmath
import numpy as np
import pytest

import objc
from objc.passes.stable.simplices import logs_of_the_rest
from objc.passes.stages import stable

TEXT = """
loss plain(z: real[K] | y: index(K)) = log(1 - softmax(z)[y])
loss named(z: real[K] | y: index(K)) = log(1 - p[y])
    where p[k] = exp(z[k]) / sum[j](exp(z[j]))
loss steps(z: real[T, K] | y: index(K)[T], m: binary[T]) =
    sum[t | m[t] == 1](log(1 - softmax(z[t])[y[t]]))
loss other(z: real[K] | y: index(K)) = log(1 - softmax(z)[y] / 2)
"""
SCALES = (0.1, 1.0, 8.0, 40.0, 200.0, 800.0)


def _truth(z: Any, y: int) -> tuple[float, np.ndarray, np.ndarray]:
    with mpmath.workdps(60):
        powers = [mpmath.exp(mpmath.mpf(float(one))) for one in z]
        whole = mpmath.fsum(powers)
        rest = mpmath.fsum(one for k, one in enumerate(powers) if k != y)
        value = mpmath.log(rest) - mpmath.log(whole)
        gradient, diagonal = [], []
        for k, one in enumerate(powers):
            p, q = one / whole, 0 if k == y else one / rest
            gradient.append(float(q - p))
            diagonal.append(float(q * (1 - q) - p * (1 - p)))
    return float(value), np.array(gradient), np.array(diagonal)


@pytest.mark.parametrize(
    ("name", "dtype", "tolerance"),
    [("plain", "float64", 1e-13), ("plain", "float32", 1e-6), ("named", "float64", 1e-13)],
)
def test_digits_at_any_confidence(name: str, dtype: str, tolerance: float) -> None:
    kernel = objc.compile(TEXT)[name]
    generator = np.random.default_rng(5)
    rows = [
        (scale * generator.standard_normal(4)).astype(dtype) for scale in SCALES for _ in range(6)
    ]
    cases = [(z, y) for z in rows for y in range(4)]
    data = np.array([z for z, _ in cases]), np.array([y for _, y in cases])
    values = kernel.per_example(*data)
    slopes = kernel.gradient(*data, reduction="sum")
    diagonals = kernel.hessian_diagonal(*data, reduction="sum")
    for number, (z, y) in enumerate(cases):
        value, gradient, diagonal = _truth(z, y)
        allowed = tolerance * (1 + float(np.ptp(z)))  # as much as rounding an exponent changes
        largest = np.abs(gradient).max() + 1e-30
        assert abs(values[number] - value) <= allowed * abs(value) + 1e-36
        assert np.abs(slopes[number] - gradient).max() <= allowed * largest
        assert np.abs(diagonals[number] - diagonal).max() <= allowed * largest


def test_masked_steps_add_up() -> None:
    generator = np.random.default_rng(6)
    z, y, m = (
        30 * generator.standard_normal((1, 3, 4)),
        np.array([[0, 1, 2]]),
        np.array([[1, 0, 1]]),
    )
    z[0, 0] = [900.0, 1.0, 2.0, 3.0]
    padded = z.copy()
    padded[0, 1] = np.nan
    value, gradient = objc.compile(TEXT)["steps"].value_and_grad(
        padded, np.array([[0, -100, 2]]), m
    )
    parts = [_truth(z[0, t], int(y[0, t])) for t in (0, 2)]
    assert value == pytest.approx(sum(one[0] for one in parts), rel=1e-13)
    np.testing.assert_allclose(
        gradient[0, [0, 2]], [one[1] for one in parts], rtol=1e-11, atol=1e-300
    )
    assert not gradient[0, 1].any()


def test_only_a_whole_softmax_has_a_rest() -> None:
    from objc.compiler import lower, parse
    from objc.source import Source

    programs = lower(parse(Source("text", TEXT))).programs
    assert any(let.name.startswith("rest_") for let in stable(programs["plain"]).lets)
    program = stable(programs["other"])
    assert logs_of_the_rest(program) == program
