"""What the compiler is to show: numbers that a text loses as it stands, in value and gradient."""

from __future__ import annotations

from typing import Any

import mpmath
import numpy as np
import pytest

import objc

TEXT = """
loss cross_entropy(z: real[K] | y: index(K)) = -log(softmax(z)[y])
loss wrong(z: real[K] | y: index(K)) = log(1 - softmax(z)[y])
loss bce(z: real | y: binary) = -y * log(sigmoid(z)) - (1 - y) * log(1 - sigmoid(z))
loss focal(z: real | y: binary) =
    -(if y == 1 then (1 - p)^2 * log(p) else p^2 * log(1 - p))
    where p = 1 / (1 + exp(-z))
loss kl(q: simplex[K] | p: simplex[K]) = sum[k](p[k] * log(p[k] / q[k]))
loss jensen_shannon(q: simplex[K] | p: simplex[K]) =
    sum[k](p[k] * log(p[k] / m[k]) + q[k] * log(q[k] / m[k])) / 2
    where m[k] = (p[k] + q[k]) / 2
loss softmax_kl(z: real[K] | t: real[K]) =
    sum[k](softmax(t)[k] * (log(softmax(t)[k]) - log(softmax(z)[k])))
loss length(x: real[D] |) = sqrt(sum[d](x[d]^2))
"""


@pytest.fixture(scope="module", params=["cpu", "numpy"])
def module(request: pytest.FixtureRequest) -> Any:
    return objc.compile(TEXT, target=request.param)


def near(found: Any, expected: Any, tolerance: float = 1e-13) -> None:
    for one, exact in zip(np.ravel(found), np.ravel(np.array(expected, object)), strict=True):
        assert abs(mpmath.mpf(float(one)) - exact) <= tolerance * abs(exact)


@pytest.mark.parametrize(("dtype", "tolerance"), [(np.float32, 1e-6), (np.float64, 1e-13)])
def test_confident_right_answer_keeps_its_digits(module: Any, dtype: Any, tolerance: float) -> None:
    z, y = np.array([[20.0, 0.0, -1.0]], dtype), np.array([0])
    with mpmath.workdps(60):
        powers = [mpmath.exp(float(one)) for one in z[0]]
        total = mpmath.fsum(powers)
        others = (powers[1] + powers[2]) / total
        value = module.cross_entropy.per_example(z, y)
        assert float(value[0]) == pytest.approx(2.8e-9, rel=0.01)
        near(value, [-mpmath.log1p(-others)], tolerance)
        near(
            module.cross_entropy.gradient(z, y),
            [-others, powers[1] / total, powers[2] / total],
            tolerance,
        )
        near(module.wrong.per_example(z, y), [mpmath.log(others)], tolerance)
        rest = [powers[k] / (powers[1] + powers[2]) for k in (1, 2)]
        slopes = [
            -powers[0] / total,
            *(a - powers[k] / total for a, k in zip(rest, (1, 2), strict=True)),
        ]
        near(module.wrong.gradient(z, y), slopes, tolerance)


def test_binary_cross_entropy_of_a_confident_right_answer(module: Any) -> None:
    z, y = np.array([40.0]), np.array([1.0])
    assert float(module.bce.gradient(z, y)[0]) == pytest.approx(-4.248354255e-18, rel=1e-9)
    with mpmath.workdps(60):
        near(module.bce.per_example(z, y), [mpmath.log1p(mpmath.exp(-40))])
        near(module.bce.gradient(z, y), [-1 / (1 + mpmath.exp(40))])


@pytest.mark.parametrize("y", [0.0, 1.0])
def test_focal_loss_far_from_zero_has_finite_derivatives(module: Any, y: float) -> None:
    z = np.array([-800.0, 800.0])
    labels = np.array([y, y])
    expected = [800.0, 0.0] if y == 1 else [0.0, 800.0]
    np.testing.assert_allclose(module.focal.per_example(z, labels), expected, rtol=1e-14)
    slope = module.focal.gradient(z, labels, reduction="sum")
    np.testing.assert_allclose(slope, [-1, 0] if y == 1 else [0, 1], rtol=1e-14)
    assert np.isfinite(module.focal.hessian_diagonal(z, labels)).all()


def test_divergence_with_a_zero(module: Any) -> None:
    q, p = np.array([[0.25, 0.25, 0.5]]), np.array([[0.5, 0.5, 0.0]])
    np.testing.assert_allclose(module.kl.per_example(q, p), np.log(2.0), rtol=1e-14)
    np.testing.assert_allclose(module.kl.gradient(q, p), [[-2.0, -2.0, 0.0]], rtol=1e-14)
    np.testing.assert_allclose(module.kl.hessian_diagonal(q, p), [[8.0, 8.0, 0.0]], rtol=1e-14)


@pytest.mark.parametrize("apart", [2.0**-7, 2.0**-17, 2.0**-27, 2.0**-40])
def test_divergences_of_nearly_equal_distributions(module: Any, apart: float) -> None:
    p = np.array([[0.25, 0.5, 0.25]])
    q = p + np.array([[apart, -2 * apart, apart]])
    q[0, 1] = 1 - q[0, 0] - q[0, 2]
    with mpmath.workdps(60):
        a, b = ([mpmath.mpf(float(one)) for one in each[0]] for each in (p, q))
        middle = [(x + y) / 2 for x, y in zip(a, b, strict=True)]
        kl = [mpmath.fsum(x * mpmath.log(x / m) for x, m in zip(s, middle, strict=True))
              for s in (a, b)]  # fmt: skip
        exact = (kl[0] + kl[1]) / 2
        found = module.jensen_shannon.per_example(q, p)
        assert float(found[0]) >= 0
        near(found, [exact], 1e-13)
        direct = mpmath.fsum(x * mpmath.log(x / y) for x, y in zip(a, b, strict=True))
        near(module.kl.per_example(q, p), [direct], 1e-13)


@pytest.mark.parametrize("apart", [3.0, 1e-1, 1e-4, 1e-8])
def test_relative_entropy_of_nearly_equal_softmaxes(module: Any, apart: float) -> None:
    t = np.array([[0.3, -1.25, 2.0, 0.0]])
    z = t + apart * np.array([[1.0, -0.5, 0.25, 0.0]])
    with mpmath.workdps(60):
        a, b = ([mpmath.mpf(float(one)) for one in each[0]] for each in (t, z))
        log_p, log_q = (
            [one - mpmath.log(mpmath.fsum(map(mpmath.exp, each))) for one in each]
            for each in (a, b)
        )
        exact = mpmath.fsum(mpmath.exp(x) * (x - y) for x, y in zip(log_p, log_q, strict=True))
        found = module.softmax_kl.per_example(z, t)
        assert float(found[0]) >= 0
        near(found, [exact], 1e-14 + 1e-15 / apart)


def test_norm_at_the_zero_vector(module: Any) -> None:
    zero = np.zeros((1, 4))
    assert module.length.per_example(zero)[0] == 0
    np.testing.assert_array_equal(module.length.gradient(zero), zero)
    np.testing.assert_array_equal(module.length.hessian_vector_product(zero, vector=zero + 1), zero)
