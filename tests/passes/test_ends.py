"""Values and gradients at the ends of the range and of domains, against mpmath's with 800 digits."""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import mpmath
import numpy as np
import pytest

import objc

TEXT = """
loss angle(a: real[D], b: real[D]) = acos(cosine(a, b))
loss clipped(a: real[D], b: real[D]) = acos(min(1, max(-1, -cosine(a, b))))
loss latitude(a: real[D], b: real[D]) = asin(cosine(a, b))
loss every(z: real[K]) = -log(1 - prod[k](1/(1 + exp(-z[k]))))
loss either(z: real[K]) = -log(1 - prod[k](1 - 1/(1 + exp(-z[k]))))
loss shrunk(z: real[K]) = -log(1 - prod[k](exp(-z[k]^2)))
loss widths(m: real[K], w: real[K], s: positive[K] | x: real) =
    -log(sum[k](softmax(w)[k] * exp(-(x - m[k])^2/(2*s[k]^2)) / (s[k] * sqrt(2*pi))))
loss shares(m: real[K], s: positive[K] | x: real, q: simplex[K]) =
    -log(sum[k](q[k] * exp(-(x - m[k])^2/(2*s[k]^2)) / s[k]))
loss fair(x: real) = abs(x) - log(1 + abs(x))
loss power(x: real; p: positive = 2) = abs(x)^p
loss itakura(a: positive, b: positive) = a/b - log(a/b) - 1
loss quartic(x: real) = sqrt(x^4 + x^2)
loss rates(a: nonnegative, b: positive) = a*log(a/b) - a + b
loss log_less_line(x: positive) = 3*x*log(x) - 3*x + 3
loss line_less_log(x: positive) = 0.3*(x - log(x) - 1)
loss log_beside_line(x: positive) = log(x) - x + 1
loss log_at_zero(x: nonnegative) = x*log(x) - x + 1
loss geometric(a: real, b: real) = sqrt(abs(a*b))
loss of_label(a: real[D], b: real[K, D] | y: index(K)) = acos(c[y]) + max[k](c[k])
    where c[k] = cosine(a, b[k])
loss norm4(x: real[D]) = sum[d](x[d]^4)^(1/4)
loss norm3(x: real[D]) = 1/mean[d](2*abs(x[d])^3)^(1/3)
loss norm_p(x: real[D]; p: positive = 1.5) = sum[d](abs(x[d])^p)^(1/p)
"""

Vector = list[float]


def _cosine(a: Vector, b: Vector) -> Any:
    dot = mpmath.fsum(x * y for x, y in zip(a, b, strict=True))
    return dot / mpmath.sqrt(mpmath.fsum(x * x for x in a) * mpmath.fsum(x * x for x in b))


def _norm(x: Vector, degree: float) -> Any:
    return mpmath.fsum(abs(one) ** degree for one in x) ** (1 / mpmath.mpf(degree))


def _widths(m: Vector, w: Vector, s: Vector, x: float) -> Any:
    whole = mpmath.fsum(map(mpmath.exp, w))
    return _shares(m, s, x, [mpmath.exp(one) / whole / mpmath.sqrt(2 * mpmath.pi) for one in w])


def _shares(m: Vector, s: Vector, x: float, q: Vector) -> Any:
    parts = zip(m, s, q, strict=True)
    return -mpmath.log(
        mpmath.fsum(q * mpmath.exp(-(((x - m) / s) ** 2) / 2) / s for m, s, q in parts)
    )


FUNCTIONS: dict[str, Callable[..., Any]] = {
    "angle": lambda a, b: mpmath.acos(_cosine(a, b)),
    "clipped": lambda a, b: mpmath.acos(-_cosine(a, b)),
    "latitude": lambda a, b: mpmath.asin(_cosine(a, b)),
    "every": lambda z: -mpmath.log(1 - mpmath.fprod(1 / (1 + mpmath.exp(-one)) for one in z)),
    "either": lambda z: -mpmath.log(1 - mpmath.fprod(1 / (1 + mpmath.exp(one)) for one in z)),
    "shrunk": lambda z: -mpmath.log(-mpmath.expm1(-mpmath.fsum(one**2 for one in z))),
    "widths": _widths,
    "shares": _shares,
    "itakura": lambda a, b: a / b - mpmath.log(a / b) - 1,
    "quartic": lambda x: mpmath.sqrt(x**4 + x**2),
    "rates": lambda a, b: a * mpmath.log(a / b) - a + b,
    "log_less_line": lambda x: 3 * (x * mpmath.log(x) - x + 1),
    "line_less_log": lambda x: mpmath.mpf(3) / 10 * (x - mpmath.log(x) - 1),
    "log_beside_line": lambda x: mpmath.log(x) - x + 1,
    "log_at_zero": lambda x: x * mpmath.log(x) - x + 1,
    "geometric": lambda a, b: mpmath.sqrt(abs(a * b)),
    "norm4": lambda x: _norm(x, 4),
    "norm3": lambda x: mpmath.cbrt(len(x)) / _norm(x, 3) / mpmath.cbrt(2),
    "norm_p": lambda x: _norm(x, 1.5),
}

CASES: list[tuple[str, tuple[Any, ...], float]] = [
    ("angle", ([1e8, 1, 0], [1e8, 1.5, 0]), 1e-14),
    ("angle", ([1, 2, 3], [1, 2, 3.01]), 1e-12),  # of unit vectors that are rounded
    ("angle", ([3e-20, 0, 4e-20], [1e18, 2e18, -1e18]), 1e-14),
    ("clipped", ([1, 2, 3], [-2, 1, 0.5]), 1e-14),
    ("latitude", ([1, 2, 3], [3, -1, 0.5]), 1e-14),
    ("latitude", ([1, 2, 3], [-1, -2, -2.5]), 1e-14),
    ("every", ([17, 17, 17],), 1e-14),
    ("every", ([37, 80, -5],), 1e-13),
    ("every", ([-3, 2, -1],), 1e-13),
    ("either", ([-745, -746, -744.5],), 1e-13),
    ("either", ([-5, 2, -100],), 1e-13),
    ("shrunk", ([1e-9, 2e-10],), 1e-14),
    ("widths", ([0, 1], [0, 0], [1, 1], 40), 1e-12),
    ("widths", ([0, 1, 3], [2, 0, 1], [1, 2, 0.5], 0.3), 1e-14),
    ("shares", ([0, 1, 3], [1, 2, 0.1], 3, [0.5, 0.5, 0]), 1e-13),
    ("itakura", (1e-20, 1e30), 1e-14),
    ("itakura", (1e-7, 1e-10), 1e-14),
    ("quartic", (-1e19,), 1e-14),
    ("quartic", (1e-19,), 1e-14),
    ("rates", (1.0009765625, 1), 1e-15),
    ("rates", (1e-20, 3), 1e-14),
    ("log_less_line", (1.0009765625,), 1e-15),
    ("line_less_log", (1.0009765625,), 1e-15),
    ("log_beside_line", (0.9990234375,), 1e-15),
    ("log_at_zero", (1.0009765625,), 1e-15),
    ("geometric", (1e20, -3e20), 1e-14),
    ("geometric", (1e-25, 3e-26), 1e-14),
    ("norm4", ([1e30, -1e30, 1],), 1e-14),
    ("norm4", ([1e-12, 1e-12, 1e-13],), 1e-14),
    ("norm3", ([1e15, -3e14, 1],), 1e-14),
    ("norm_p", ([1e30, -1e30, 1e20],), 1e-13),
]


@pytest.fixture(scope="module")
def kernels() -> Any:
    return objc.compile(TEXT, target="numpy")


@pytest.mark.parametrize("dtype", [np.float64, np.float32], ids=lambda one: one.__name__)
@pytest.mark.parametrize(("name", "inputs", "within"), CASES, ids=lambda one: str(one))
def test_value_and_gradient(
    kernels: Any, name: str, inputs: tuple[Any, ...], within: float, dtype: Any
) -> None:
    arrays = [np.asarray(one, dtype)[None] for one in inputs]
    value, gradient = getattr(kernels, name).value_and_grad(*arrays, reduction="sum")
    gradients = gradient if isinstance(gradient, tuple) else (gradient,)
    # The condition of the difference of two near vectors is that of the type.
    relative = within * (1 if dtype is np.float64 else 2**29)
    with mpmath.workdps(800):
        exact = [_exact(one[0]) for one in arrays]
        np.testing.assert_allclose(float(value), float(FUNCTIONS[name](*exact)), rtol=relative)
        for number, one in enumerate(gradients):
            true = _slopes(FUNCTIONS[name], exact, number)
            size = max(map(abs, true))
            np.testing.assert_allclose(one.ravel(), true, rtol=relative, atol=size * relative)


def _exact(one: Any) -> Any:
    return [mpmath.mpf(float(x)) for x in one] if one.ndim else mpmath.mpf(float(one))


def _slopes(function: Callable[..., Any], inputs: list[Any], number: int) -> list[float]:
    """The derivatives by one input, by central differences."""
    own = inputs[number]

    def moved(place: int | None, by: Any) -> Any:
        changed = own + by if place is None else [*own[:place], own[place] + by, *own[place + 1 :]]
        return function(*inputs[:number], changed, *inputs[number + 1 :])

    slopes = []
    for place in range(len(own)) if isinstance(own, list) else [None]:
        step = mpmath.mpf(10) ** -150 * (abs(own if place is None else own[place]) or 1)
        slopes.append(float((moved(place, step) - moved(place, -step)) / (2 * step)))
    return slopes


SAME_WAY = [([1, 1, 1], [1, 1, 1], 0), ([1, 2, 2], [1, 2, 2], 0), ([1, 1, 1], [-1, -1, -1], np.pi),
            ([0, 0, 0], [1, 2, 3], np.pi / 2), ([0, 0, 0], [0, 0, 0], np.pi / 2)]  # fmt: skip


@pytest.mark.parametrize("dtype", [np.float64, np.float32], ids=lambda one: one.__name__)
@pytest.mark.parametrize(("a", "b", "angle"), SAME_WAY)
def test_angles_without_a_slope(kernels: Any, a: Any, b: Any, angle: float, dtype: Any) -> None:
    rows = [np.asarray(one, dtype)[None] for one in (a, b)]
    value, gradients = kernels.angle.value_and_grad(*rows, reduction="sum")
    np.testing.assert_allclose(value, angle, rtol=1e-7)
    assert all(np.all(one == 0) for one in gradients)


@pytest.mark.parametrize("name", ["norm4", "norm_p"])
def test_a_norm_has_a_slope_of_zero_at_zero(kernels: Any, name: str) -> None:
    zero = np.zeros((1, 3))
    value, gradient = getattr(kernels, name).value_and_grad(zero, reduction="sum")
    assert value == 0 and np.all(gradient == 0)
    assert np.isnan(getattr(kernels, name)(np.array([[np.nan, 0, 1]]), reduction="sum"))


@pytest.mark.parametrize(("name", "curvature"), [("fair", 1), ("power", 2)])
def test_curvature_where_a_kink_has_gone(kernels: Any, name: str, curvature: float) -> None:
    product = getattr(kernels, name).hessian_vector_product(
        np.zeros(1), vector=np.ones(1), reduction="sum"
    )
    assert product == [curvature]


def test_divergences_from_nothing(kernels: Any) -> None:
    one = np.ones(1)
    assert kernels.rates(0 * one, 3 * one, reduction="sum") == 3
    assert kernels.log_at_zero(0 * one, reduction="sum") == 1


def test_the_angle_to_a_label_alone(kernels: Any) -> None:
    a, b, y = (
        np.array([[1.0, 2, 3]]),
        np.array([[[3.0, 1, 2], [1, 2, 3.5], [-1, 0, 1]]]),
        np.array([2]),
    )
    cosines = [_cosine(list(a[0]), list(row)) for row in b[0]]
    value, gradients = kernels.of_label.value_and_grad(a, b, y, reduction="sum")
    np.testing.assert_allclose(value, float(mpmath.acos(cosines[2]) + max(cosines)), rtol=1e-14)
    with mpmath.workdps(400):
        row = list(map(mpmath.mpf, b[0, 2]))
        slopes = _slopes(lambda one: mpmath.acos(_cosine(list(a[0]), one)), [row], 0)
    np.testing.assert_allclose(gradients[1][0, 2], slopes, rtol=1e-14)


@pytest.mark.parametrize(
    "factors",
    [
        [1e-160, 1e-162, 1e160, 1e160],
        [1e-160, 1e-160, 1e160, 1e160],
        [1e-50] * 7 + [1e175, 1e175],
        [1e160, 1e160, 1e-160, 1e-161],
    ],
)
def test_a_product_whose_part_is_below_the_normal_numbers(factors: list[float]) -> None:
    """What a part has lost there does not show in the result, which is an ordinary number."""
    kernel = objc.compile("loss product(x: real[N]) = prod[i](x[i])").product
    x = np.array([*factors, 7.0])
    true = math.prod(map(Fraction, x))
    value, gradient = kernel.value_and_grad(x)
    assert value == pytest.approx(float(true), rel=1e-13)
    expected = [float(true / Fraction(one)) for one in x]
    np.testing.assert_allclose(gradient, expected, rtol=2e-13)
