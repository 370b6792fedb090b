"""Overlaps of classes (Dice 1945; Jaccard 1912; Tversky 1977) of which the softmax is sure, by an index or by
maps: value, gradient and product with the Hessian against many digits."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import mpmath
import numpy as np
import pytest

import objc

from .central import hessian_product, value_and_slope

MAPS = "z: real[N, K] | t: binary[N, K]"
LABELS = "z: real[N, K] | y: index(K)[N]"
P = "\n    where p[i, k] = softmax(z[i])[k]"
CASES = P + "\n          t[i, k] = if k == y[i] then 1 else 0"
BY_CLASS = "sum[i](t[i, k] * p[i, k])"
COUNTS = """
          tp[k] = sum[i](t[i, k] * p[i, k])
          fp[k] = sum[i]((1 - t[i, k]) * p[i, k])
          fn[k] = sum[i](t[i, k] * (1 - p[i, k]))"""
AT_LABELS = f"""{P}
          tp = sum[i](p[i, y[i]])
          fp = sum[i, k | k != y[i]](p[i, k])
          fn = sum[i](1 - p[i, y[i]])"""


def _sums(p: Any, t: Any) -> tuple[list[Any], list[Any]]:
    """What has both, and the sum of both, of each class."""
    classes = range(len(p[0]))
    both = [sum(a[k] * b[k] for a, b in zip(p, t, strict=True)) for k in classes]
    return both, [sum(a[k] + b[k] for a, b in zip(p, t, strict=True)) for k in classes]


def _mean(one: Callable[[Any, Any, Any], Any]) -> Callable[[Any, Any], Any]:
    def function(p: Any, t: Any) -> Any:
        terms = [
            one(*sums, sum(row[k] for row in t))
            for k, sums in enumerate(zip(*_sums(p, t), strict=True))
        ]
        return sum(terms) / len(terms)

    return function


def _tversky(both: Any, total: Any, size: Any) -> Any:
    wrong, missed = total - size - both, size - both
    return 1 - both / (both + mpmath.mpf(3) / 10 * wrong + mpmath.mpf(7) / 10 * missed)


def _squared(p: Any, t: Any) -> Any:
    both, _ = _sums(p, t)
    squares, _ = _sums(p, p)
    labels, _ = _sums(t, t)
    terms = [(2 * b + 1) / (s + n + 1) for b, s, n in zip(both, squares, labels, strict=True)]
    return 1 - sum(terms) / len(terms)


def _generalized(p: Any, t: Any) -> Any:
    both, total = _sums(p, t)
    weights = [1 / (1 + sum(row[k] for row in t)) ** 2 for k in range(len(both))]
    return 1 - 2 * mpmath.fdot(weights, both) / mpmath.fdot(weights, total)


def _whole(p: Any, t: Any) -> Any:
    both, total = map(sum, _sums(p, t))
    return -mpmath.log(2 * both / total)


FORMS: dict[str, tuple[str, str, Callable[[Any, Any], Any]]] = {
    "Tversky": (
        LABELS,
        f"mean[k](1 - tp[k] / (tp[k] + 0.3 * fp[k] + 0.7 * fn[k])){CASES}{COUNTS}",
        _mean(_tversky),
    ),
    "Dice of labels": (
        LABELS,
        f"1 - mean[k]((2 * {BY_CLASS} + 1) / (sum[i](t[i, k] + p[i, k]) + 1)){CASES}",
        _mean(lambda both, total, _: 1 - (2 * both + 1) / (total + 1)),
    ),
    "Dice of maps": (
        MAPS,
        f"1 - mean[k]((2 * {BY_CLASS} + 1) / (sum[i](t[i, k] + p[i, k]) + 1)){P}",
        _mean(lambda both, total, _: 1 - (2 * both + 1) / (total + 1)),
    ),
    "Dice of squares": (
        MAPS,
        f"1 - mean[k]((2 * {BY_CLASS} + 1) / (sum[i](t[i, k]^2 + p[i, k]^2) + 1)){P}",
        _squared,
    ),
    "Jaccard of each class": (
        LABELS,
        f"mean[k](1 - a[k] / (sum[i](t[i, k] + p[i, k]) - a[k])){CASES}\n          a[k] = {BY_CLASS}",
        _mean(lambda both, total, _: 1 - both / (total - both)),
    ),
    "Jaccard of all": (
        MAPS,
        f"1 - sum[i, k](t[i, k] * p[i, k]) / sum[i, k](t[i, k] + p[i, k] - t[i, k] * p[i, k]){P}",
        lambda p, t: 1 - sum(_sums(p, t)[0]) / (sum(_sums(p, t)[1]) - sum(_sums(p, t)[0])),
    ),
    "generalized Dice": (
        LABELS,
        f"1 - 2 * sum[k](w[k] * {BY_CLASS}) / sum[k](w[k] * sum[i](t[i, k] + p[i, k])){CASES}"
        "\n          w[k] = 1 / (1 + sum[i](t[i, k]))^2",
        _generalized,
    ),
    "logarithm of F1": (LABELS, f"-log(tp / (tp + (fp + fn) / 2)){AT_LABELS}", _whole),
}
MARKS = np.array([0, 1, 2])
NOISE = np.array([[0.25, -0.5, 0.375], [-1.25, 0.75, 0.5], [0.125, 1.5, -0.625]])
ALONG = np.array([[0.5, -0.25, 1.0], [-1.0, 0.75, 0.125], [0.375, -0.5, 0.25]])


GAPS = (15.0, 40.0)
TYPES = ((np.float32, 5e-6), (np.float64, 3e-14))


def _case(name: str) -> tuple[Any, dict[str, np.ndarray], Callable[[Any], Any]]:
    """A kernel, its data and the loss by mpmath."""
    inputs, text, formula = FORMS[name]
    truth = np.eye(3)[MARKS]

    def loss(logits: Any) -> Any:
        rows = [[mpmath.exp(one) for one in row] for row in logits]
        p = [[one / sum(row) for one in row] for row in rows]
        return formula(p, [[mpmath.mpf(one) for one in row] for row in truth])

    kernel = objc.compile(f"loss f({inputs}) = {text}", target="numpy").f
    return kernel, {"t": truth} if inputs == MAPS else {"y": MARKS}, loss


def _typed(data: dict[str, np.ndarray], dtype: Any) -> dict[str, np.ndarray]:
    return {one: array if one == "y" else array.astype(dtype) for one, array in data.items()}


@pytest.mark.parametrize("name", FORMS)
def test_value_and_gradient_of_sure_rows(name: str) -> None:
    kernel, data, loss = _case(name)
    for gap in GAPS:
        z = NOISE + gap * np.eye(3)[MARKS]
        value, slope = value_and_slope(loss, z.tolist())
        for dtype, digits in TYPES:
            found, gradient = kernel.value_and_grad(z.astype(dtype), **_typed(data, dtype))
            assert float(found) == pytest.approx(value, rel=digits)
            np.testing.assert_allclose(gradient, slope, digits)


@pytest.mark.parametrize("name", FORMS)
@pytest.mark.share(1 / 4)
def test_products_with_the_hessian_of_sure_rows(name: str) -> None:
    kernel, data, loss = _case(name)
    for gap in GAPS:
        z = NOISE + gap * np.eye(3)[MARKS]
        product = hessian_product(loss, z.tolist(), ALONG)
        for dtype, digits in TYPES:
            found = kernel.hessian_vector_product(
                z.astype(dtype), **_typed(data, dtype), vector=ALONG.astype(dtype)
            )
            np.testing.assert_allclose(found, product, 0, digits * np.abs(product).max())
