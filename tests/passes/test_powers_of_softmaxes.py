"""Functions of the powers of a softmax, and of the two sides of a sigmoid, where nearly all is in one place:
value, gradient, products with the Hessian and its diagonal."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import mpmath
import numpy as np
import pytest

import objc
from objc.target import DType

from .central import curvatures, value_and_slope

P = "\n    where p[k] = softmax(z)[k]\n"
SURE = ([20.0, 0.0, 3.0], [0.0, 40.0, -2.0])
Formula = Callable[..., Any]
SOFTMAXES: dict[str, tuple[str, Formula]] = {
    "squares": ("-sum[k](p[k]^2)", lambda p: -sum(one**2 for one in p)),
    "Gini": ("1 - sum[k](p[k]^2)", lambda p: 1 - sum(one**2 for one in p)),
    "mean": ("1 - mean[k](p[k]^2)", lambda p: 1 - sum(one**2 for one in p) / 3),
    "cubes": ("(1 - sum[k](p[k]^3)) / 2", lambda p: (1 - sum(one**3 for one in p)) / 2),
    "Tsallis": ("(1 - sum[k](p[k]^1.5)) / 0.5", lambda p: 2 - 2 * sum(one**1.5 for one in p)),
    "roots": ("(1 - sum[k](p[k]^0.5)) / -0.5", lambda p: 2 * sum(one**0.5 for one in p) - 2),
    "Tsallis or Shannon": (
        "if q == 1 then -sum[k](p[k] * log(p[k])) else (1 - sum[k](p[k]^q)) / (q - 1)",
        lambda p: (1 - sum(one**1.5 for one in p)) / 0.5,
    ),
    "collision": ("-log(sum[k](p[k]^2))", lambda p: -mpmath.log(sum(one**2 for one in p))),
    "Rényi": (
        "log(sum[k](p[k]^r)) / (1 - r)",
        lambda p: -mpmath.log(sum(one**2.5 for one in p)) / 1.5,
    ),
    "length": ("1 - norm(p)", lambda p: 1 - mpmath.sqrt(sum(one**2 for one in p))),
    "Brier": (
        "sum[k]((p[k] - (if k == y then 1 else 0))^2)",
        lambda p, y: sum((one - (k == y)) ** 2 for k, one in enumerate(p)),
    ),
    "Brier, multiplied out": (
        "1 - 2*p[y] + sum[k](p[k]^2)",
        lambda p, y: sum((one - (k == y)) ** 2 for k, one in enumerate(p)),
    ),
    "Brier of a distribution": (
        "mean[k]((p[k] - t[k])^2)",
        lambda p, t: sum((one - other) ** 2 for one, other in zip(p, t, strict=True)) / 3,
    ),
}


def _softmax(z: Any) -> list[Any]:
    powers = [mpmath.exp(one) for one in z]
    return [one / sum(powers) for one in powers]


@pytest.mark.parametrize("dtype", ["float32", pytest.param("float64", marks=pytest.mark.slow)])
@pytest.mark.parametrize("name", SOFTMAXES)
@pytest.mark.share(1 / 2)
def test_softmaxes_that_are_sure(name: str, dtype: DType) -> None:
    text, formula = SOFTMAXES[name]
    data = {"y": "y: index(K)", "t": "t: simplex[K]"}
    given = [
        one for one in data if f"[{one}]" in text or f"{one}[k]" in text or f"== {one} " in text
    ]
    inputs = "z: real[K]" + "".join(f" | {data[one]}" for one in given)
    inputs += "; q: positive = 1.5, r: interval(1.1, 4) = 2.5"
    kernel = objc.compile(
        f"loss f({inputs}) = {text}{P}",
        target="cpu" if name == "collision" and dtype == "float32" else "numpy",
    ).f
    tolerance = 4e-6 if dtype == "float32" else 2e-14
    along = np.array([0.5, -1.0, 0.25])
    for z in SURE:
        best = int(np.argmax(z))
        labels = {"y": (best, (best + 1) % 3), "t": (np.eye(3)[best], np.array([0.5, 0.25, 0.25]))}
        for label in labels[given[0]] if given else (None,):
            others = [] if label is None else [label]

            def loss(z: Any, label: Any = label) -> Any:
                return formula(_softmax(z), *([] if label is None else [label]))

            value, slope = value_and_slope(loss, z)
            bent = curvatures(loss, z, along)
            point = np.array(z, dtype)
            if given == ["t"]:
                others = [np.asarray(label, dtype)]
            keywords: Any = dict(zip(given, others, strict=True))
            found = (
                kernel(point, **keywords),
                kernel.gradient(point, **keywords),
                kernel.hessian_vector_product(point, **keywords, vector=along.astype(dtype)),
                kernel.hessian_diagonal(point, **keywords),
            )
            for one, exact in zip(found, (value, slope, *bent), strict=True):
                scale = np.max(np.abs(exact))
                np.testing.assert_allclose(
                    one / scale, exact / scale, rtol=0, atol=tolerance, err_msg=f"{z} {label}"
                )


SIGMOIDS: dict[str, tuple[str, Formula]] = {
    "Gini": ("1 - p^2 - (1 - p)^2", lambda p: 2 * p * (1 - p)),
    "cubes": ("(1 - p^3 - (1 - p)^3) / 2", lambda p: (1 - p**3 - (1 - p) ** 3) / 2),
    "Tsallis": ("1 - p^1.5 - (1 - p)^1.5", lambda p: 1 - p**1.5 - (1 - p) ** 1.5),
    "collision": ("-log(p^2 + (1 - p)^2)", lambda p: -mpmath.log(p**2 + (1 - p) ** 2)),
    "Brier": ("(p - y)^2", lambda p, y: (p - y) ** 2),
    "Brier, a real label": ("(p - v)^2", lambda p, v: (p - v) ** 2),
    "power": ("abs(p - y)^1.5", lambda p, y: abs(p - y) ** 1.5),
}


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", SIGMOIDS)
def test_sigmoids_that_are_sure(name: str, dtype: DType) -> None:
    text, formula = SIGMOIDS[name]
    data = {"y": "y: binary", "v": "v: real"}
    given = [one for one in data if f"- {one})" in text]
    inputs = "x: real" + "".join(f" | {data[one]}" for one in given)
    kernel = objc.compile(
        f"loss f({inputs}) = {text}\n    where p = sigmoid(x)\n",
        target="cpu" if name == "collision" and dtype == "float32" else "numpy",
    ).f
    tolerance = 1e-6 if dtype == "float32" else 4e-15
    for x in (20.0, -24.0, 1e-4):
        for label in (0.0, 1.0) if given else (None,):
            labels = [] if label is None else [label]

            def loss(x: Any, *labels: Any) -> Any:
                return formula(1 / (1 + mpmath.exp(-x)), *labels)

            exact = float(np.asarray(np.float32(x) if dtype == "float32" else x))
            value, slope = value_and_slope(loss, exact, *labels)
            product, diagonal = curvatures(loss, exact, 1.0, *labels)
            point = np.asarray(x, dtype)
            keywords: Any = dict(
                zip(given, (np.asarray(one, dtype) for one in labels), strict=True)
            )
            found = (
                kernel(point, **keywords),
                kernel.gradient(point, **keywords),
                kernel.hessian_diagonal(point, **keywords),
            )
            for one, wanted in zip(found, (value, slope, diagonal), strict=True):
                np.testing.assert_allclose(one, wanted, rtol=tolerance, err_msg=f"{x} {label}")
            np.testing.assert_allclose(product, diagonal)


def test_an_overlap_of_two_softmaxes() -> None:
    kernel = objc.compile(
        "loss f(a: real[K], b: real[K]) = 1 - sum[k](softmax(a)[k] * softmax(b)[k])", target="numpy"
    ).f
    a, b = [20.0, 0.0, 3.0], [24.0, -1.0, 1.0]
    with mpmath.workdps(60):
        p, q = _softmax(map(mpmath.mpf, a)), _softmax(map(mpmath.mpf, b))
        exact = float(1 - sum(one * other for one, other in zip(p, q, strict=True)))
    np.testing.assert_allclose(kernel(np.array(a), np.array(b)), exact, rtol=1e-14)


def test_a_quotient_by_what_is_zero_as_a_whole_is_no_number() -> None:
    text = "mean[k](p[k]^2) / sum[k | k != y](abs(p[k]^2 - p[k]^2) * p[k])"
    kernel = objc.compile(f"loss f(z: real[K] | y: index(K)) = {text}{P}", target="numpy").f
    with np.errstate(all="ignore"):
        assert not np.isfinite(kernel.hessian_diagonal(np.array([1.0, 2.0, 0.5]), 0)).any()


@pytest.mark.parametrize("hot", [1.0, 0.5])
@pytest.mark.parametrize(
    "text", ["1 - 2*p[y]/(sum[k](p[k]^2) + 1)", "1 - (2*p[y] + 0.5)/(1.5 + sum[k](p[k]^2))"]
)
def test_overlap_of_one_row_with_its_class(text: str, hot: float) -> None:
    """Dice with squares (Milletari, Navab and Ahmadi 2016) of a softmax and one class: by their distance."""
    kernel = objc.compile(
        f"loss f(z: real[K] | y: index(K); t: positive = {hot}) = {text}\n"
        "    where p[k] = softmax(z / t)[k]",
        target="numpy",
    ).f
    small = 0.5 if "0.5" in text else 0

    def loss(z: Sequence[Any]) -> Any:
        powers = [mpmath.exp(one / hot) for one in z]
        p = [one / sum(powers) for one in powers]
        return 1 - (2 * p[0] + small) / (sum(one**2 for one in p) + 1 + small)

    for z in ((15.0, 0.0, -1.0), (0.5, 15.0, -1.0), (0.5, 0.25, -1.0)):
        value, slope = value_and_slope(loss, z)
        row = np.array(z, np.float32)
        assert kernel(row, 0) == pytest.approx(value, rel=3e-6)
        found = kernel.gradient(row, 0)
        np.testing.assert_allclose(found, slope, rtol=1e-5, atol=1e-6 * max(abs(slope)))
