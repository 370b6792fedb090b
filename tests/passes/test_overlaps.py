"""One less an overlap keeps its digits where all is right beyond rounding, in value and slope, alone and in
a power, a logarithm or log-cosh; in float32 and float64 against 200 digits."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import mpmath
import numpy as np
import pytest

import objc

from .central import value_and_slope

MAP = "z: real[N] | y: binary[N]"
WHERE = "\n    where p[n] = sigmoid(z[n])"
HIT, BOTH = "sum[n](p[n] * y[n])", "sum[n](p[n] + y[n])"


def _hit(p: Sequence[Any], y: Sequence[Any]) -> Any:
    return sum(a * b for a, b in zip(p, y, strict=True))


def _dice(p: Sequence[Any], y: Sequence[Any], more: int = 0) -> Any:
    return 1 - (2 * _hit(p, y) + more) / (sum(p) + sum(y) + more)


def _squared(p: Sequence[Any], y: Sequence[Any]) -> Any:
    return 1 - 2 * _hit(p, y) / (_hit(p, p) + _hit(y, y))


def _jaccard(p: Sequence[Any], y: Sequence[Any]) -> Any:
    return 1 - _hit(p, y) / (sum(p) + sum(y) - _hit(p, y))


def _tversky(p: Sequence[Any], y: Sequence[Any]) -> Any:
    hit = _hit(p, y)
    return 1 - hit / (hit / 2 + sum(p) / 4 + sum(y) / 4)


FORMS: dict[str, tuple[str, Callable[..., Any]]] = {
    "Dice": (f"1 - 2 * {HIT} / {BOTH}", _dice),
    "Dice, two sums below": (f"1 - 2 * {HIT} / (sum[n](p[n]) + sum[n](y[n]))", _dice),
    "Dice of means": ("1 - 2 * mean[n](p[n] * y[n]) / (mean[n](p[n]) + mean[n](y[n]))", _dice),
    "Dice with a number": (
        f"1 - (2 * {HIT} + 1) / (sum[n](p[n]) + sum[n](y[n]) + 1)", lambda p, y: _dice(p, y, 1)),
    "power of Dice": (f"(1 - 2 * {HIT} / {BOTH})^0.75", lambda p, y: _dice(p, y) ** mpmath.mpf("0.75")),
    "logarithm of Dice": (f"-log(2 * {HIT} / {BOTH})", lambda p, y: -mpmath.log(1 - _dice(p, y))),
    "logarithm of Dice with a number": (
        f"-log((2 * {HIT} + 1) / ({BOTH} + 1))", lambda p, y: -mpmath.log(1 - _dice(p, y, 1))),
    "log-cosh of Dice": (
        f"log(cosh(1 - 2 * {HIT} / {BOTH}))", lambda p, y: mpmath.log(mpmath.cosh(_dice(p, y)))),
    "Dice of squares": (f"1 - 2 * {HIT} / (sum[n](p[n]^2) + sum[n](y[n]^2))", _squared),
    "Dice of the squares of one": (f"1 - 2 * {HIT} / (sum[n](p[n]^2) + sum[n](y[n]))", _squared),
    "Jaccard": (f"1 - {HIT} / (sum[n](p[n]) + sum[n](y[n]) - {HIT})", _jaccard),
    "Jaccard, one sum below": (f"1 - {HIT} / sum[n](p[n] + y[n] - p[n] * y[n])", _jaccard),
    "Tversky": (f"1 - {HIT} / (0.5 * {HIT} + 0.25 * {BOTH})", _tversky),
}  # fmt: skip
POINTS = [
    *(((a, -a, 1.25 * a), (1, 0, 1)) for a in (0.5, 4.0, 16.0, 40.0)),
    ((20.0, 20.0, -20.0), (1, 0, 1)),
]
TOLERANCES = {"float32": 3e-6, "float64": 1e-13}


def _sigmoids(z: Sequence[Any]) -> list[Any]:
    return [1 / (1 + mpmath.exp(-one)) for one in z]


@pytest.mark.parametrize("dtype", TOLERANCES)
@pytest.mark.parametrize("name", FORMS)
def test_overlaps(name: str, dtype: str) -> None:
    text, exact = FORMS[name]
    _compare(
        f"loss form({MAP}) =\n    {text}{WHERE}\n",
        lambda z, y: exact(_sigmoids(z), y),
        POINTS,
        dtype,
    )


@pytest.mark.parametrize("dtype", TOLERANCES)
def test_soft_targets(dtype: str) -> None:
    source = f"loss form(z: real[N] | y: probability[N]) = 1 - 2 * {HIT} / {BOTH}{WHERE}\n"
    points = [((1.0, -2.0, 30.0), (0.75, 0.25, 1.0)), ((1.0, -40.0, 30.0), (1.0, 0.0, 1.0))]
    _compare(source, lambda z, y: _dice(_sigmoids(z), y), points, dtype)


@pytest.mark.parametrize("dtype", TOLERANCES)
def test_two_softmaxes(dtype: str) -> None:
    kernel = objc.compile(
        "loss form(z: real[K], u: real[K]) ="
        " 1 - sum[k](p[k] * q[k]) / (sum[k](p[k]) + sum[k](q[k]) - sum[k](p[k] * q[k]))\n"
        "    where p[k] = softmax(z)[k]\n          q[k] = softmax(u)[k]\n",
        target="numpy",
    ).form
    for z, u in (((20.0, 0.0, -1.0), (25.0, 0.0, -2.0)), ((8.0, 1.0, 0.0), (9.0, 0.0, 3.0))):
        with mpmath.workdps(60):
            p, q = ([mpmath.exp(one) / sum(map(mpmath.exp, row)) for one in row] for row in (z, u))
            expected = _jaccard(p, q)
        found = kernel.per_example(np.array([z], dtype), np.array([u], dtype))[0]
        assert abs(found - expected) <= TOLERANCES[dtype] * expected


@pytest.mark.parametrize("dtype", TOLERANCES)
@pytest.mark.parametrize("text", [
    "mean[k](1 - 2 * sum[n](p[n, k] * y[n, k]) / sum[n](p[n, k] + y[n, k]))",
    "1 - mean[k](2 * sum[n](p[n, k] * y[n, k]) / sum[n](p[n, k] + y[n, k]))",
])  # fmt: skip
def test_classes(text: str, dtype: str) -> None:
    source = (
        f"loss form(z: real[N, K] | y: binary[N, K]) =\n    {text}\n"
        "    where p[n, k] = softmax(z[n])[k]\n"
    )
    labels = ((1, 0, 0), (0, 1, 0), (0, 0, 1))
    points = [(((a, 0.0, -1.0), (0.0, a, 1.0), (0.0, 0.5, a)), labels) for a in (1.0, 20.0, 40.0)]
    _compare(source, _mean_of_classes, points, dtype)


def _mean_of_classes(z: Any, y: Any) -> Any:
    powers = [[mpmath.exp(one) for one in row] for row in z]
    p = [[one / sum(row) for one in row] for row in powers]
    columns = zip(zip(*p, strict=True), zip(*y, strict=True), strict=True)
    return sum(_dice(*pair) for pair in columns) / len(z[0])


def _compare(source: str, exact: Callable[..., Any], points: Any, dtype: str) -> None:
    kernel = objc.compile(source, target="numpy").form
    for point in points:
        given = [np.array([one], dtype) for one in point]
        value, slope = value_and_slope(exact, *point)
        tolerance = TOLERANCES[dtype]
        assert abs(kernel.per_example(*given)[0] - value) <= tolerance * value, point
        size = np.abs(slope).max()
        np.testing.assert_allclose(
            kernel.gradient(*given)[0], slope, rtol=0, atol=tolerance * size, err_msg=str(point)
        )


def _missed(p: Sequence[Any], t: Sequence[Any]) -> Any:
    return sum(a * (1 - b) for a, b in zip(p, t, strict=True))


SHARES: dict[str, tuple[str, Callable[..., Any]]] = {
    "product": (f"1 - {HIT}", _missed),
    "Dice": (
        f"1 - 2 * {HIT} / (sum[n](p[n]) + sum[n](y[n]))",
        _missed,
    ),
    "Jaccard": (
        f"1 - {HIT} / (sum[n](p[n]) + sum[n](y[n]) - {HIT})",
        lambda p, t: 2 * _missed(p, t) / (1 + _missed(p, t)),
    ),
    "logarithm": (f"-log({HIT})", lambda p, t: -mpmath.log1p(-_missed(p, t))),
    "Dice with a number": (
        f"1 - (2 * {HIT} + 1) / ({BOTH} + 1)",
        lambda p, t: 2 * _missed(p, t) / 3,
    ),
}


@pytest.mark.parametrize("dtype", TOLERANCES)
@pytest.mark.parametrize("name", SHARES)
def test_a_softmax_and_a_distribution(name: str, dtype: str) -> None:
    text, exact = SHARES[name]
    source = f"loss form(z: real[N] | y: simplex[N]) = {text}\n    where p[n] = softmax(z)[n]\n"
    points = [((a, 0.0, 1.0), t) for a in (2.0, 18.0) for t in ((1, 0, 0), (0.25, 0.5, 0.25))]

    def loss(z: Any, t: Any) -> Any:
        powers = [mpmath.exp(one) for one in z]
        return exact([one / sum(powers) for one in powers], t)

    _compare(source, loss, points, dtype)


@pytest.mark.parametrize("target", ["numpy", "cpu"])
def test_a_power_by_a_hyperparameter_has_no_slope_where_all_is_right(target: str) -> None:
    """Of the error to a power below one (Abraham and Khan 2019), where nothing of it is left in the type;
    a power of one or more is as it was."""
    text = f"loss f({MAP}; g: positive = 0.75) = mean[n](abs(p[n] - y[n]))^g{WHERE}"
    kernel = objc.compile(text, target=target).f
    labels = np.array([1.0, 0.0, 1.0])
    for dtype, far in ((np.float32, 120.0), (np.float64, 800.0)):
        y = labels.astype(dtype)
        z = (far * (2 * labels - 1)).astype(dtype)
        for g in (0.25, 0.75, 1.0, 2.0):
            value, slope = kernel.value_and_grad(z, y, g=g)
            assert float(value) == 0
            np.testing.assert_array_equal(slope, np.zeros(3))
        near = (20 * (2 * labels - 1)).astype(dtype)
        error = np.exp(-20.0) / (1 + np.exp(-20.0))
        for g in (0.25, 1.0, 2.0):
            value, slope = kernel.value_and_grad(near, y, g=g)
            wanted = -g * error**g * (1 - error) / 3 * (2 * labels - 1)
            assert float(value) == pytest.approx(error**g, rel=1e-5)
            np.testing.assert_allclose(slope, wanted, 1e-5)
