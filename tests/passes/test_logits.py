"""Logits that are sums, products or functions of what is given: a confident right answer keeps its digits in
value, gradient and Hessian products, as that of plain logits does. The oracle is mpmath."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import mpmath
import numpy as np
import pytest
from mpmath import mpf

import objc

Z, U, COUNTS = (15.5, 0.25, -1.75), (3.25, 0.125, 0.75), (137.0, 11.0, 3.0)
ALONG = ((1.0, -0.5, 0.75), (0.25, 2.0, -1.0))
G = 0.25
Logits = Callable[[Sequence[Any], Sequence[Any]], list[Any]]


def _each(function: Callable[[Any, Any], Any]) -> Logits:
    return lambda z, u: [function(a, b) for a, b in zip(z, u, strict=True)]


def _with_counts(z: Sequence[Any], u: Sequence[Any]) -> list[Any]:
    return [a + mpmath.log(mpf(n) / sum(COUNTS)) for a, n in zip(z, COUNTS, strict=True)]


def _weighed(z: Sequence[Any], u: Sequence[Any]) -> list[Any]:
    return [a + b + mpmath.log(mpf(n)) for a, b, n in zip(z, u, COUNTS, strict=True)]


LOGITS: dict[str, tuple[str, Logits]] = {
    "sum": ("z[k] + u[k]", _each(lambda a, b: a + b)),
    "weighed sum": ("z[k] + g * u[k]", _each(lambda a, b: a + G * b)),
    "guidance": ("(1 + g) * z[k] - g * u[k]", _each(lambda a, b: (1 + G) * a - G * b)),
    "temperature": ("(z[k] + g * u[k]) / g", _each(lambda a, b: (a + G * b) / G)),
    "only a temperature": ("z[k] / g + 0 * u[k]", _each(lambda a, b: a / G)),
    "product": ("z[k] * u[k]", _each(lambda a, b: a * b)),
    "product and sum": ("g * (z[k] + u[k]) + z[k] * u[k]", _each(lambda a, b: G * (a + b) + a * b)),
    "function": ("z[k] + tanh(u[k])", _each(lambda a, b: a + mpmath.tanh(b))),
    "weights": ("z[k] + u[k] + log(n[k])", _weighed),
    "priors by counts": ("z[k] + log(n[k] / sum[j](n[j]))", _with_counts),
    "centered": (
        "z[k] - mean[j](z[j]) + 0 * u[k]",
        lambda z, u: [a - sum(z) / len(z) for a in z],
    ),
}
LOSSES = {
    "softmax": ("-log(softmax(v)[y])", False),
    "quotient": ("-log(exp(v[y]) / sum[k](exp(v[k])))", False),
    "focal": ("-(1 - softmax(v)[y])^2 * log(softmax(v)[y])", True),
}

COMPILED = (("weighed sum", np.float32), ("product and sum", np.float64))


def _loss(logits: Logits, is_focal: bool) -> Callable[..., Any]:
    def loss(*entries: Any) -> Any:
        v = logits(entries[:3], entries[3:])
        rest = sum(mpmath.exp(one - v[0]) for one in v[1:])
        wrong = rest / (1 + rest)
        return mpmath.log1p(rest) * (wrong**2 if is_focal else 1)

    return loss


def _exact(loss: Callable[..., Any]) -> tuple[Any, list[Any], list[Any]]:
    """Value, gradient and Hessian product by differences that leave forty digits."""
    with mpmath.workdps(400):
        place = [mpf(one) for one in (*Z, *U)]
        along = [mpf(one) for one in (*ALONG[0], *ALONG[1])]
        step = mpf(10) ** -100

        def slopes(at: list[Any]) -> list[Any]:
            found = []
            for n in range(len(at)):
                up, down = ([*at[:n], at[n] + sign * step, *at[n + 1 :]] for sign in (1, -1))
                found.append((loss(*up) - loss(*down)) / (2 * step))
            return found

        wide = mpf(10) ** -60
        up, down = ([a + s * wide * b for a, b in zip(place, along, strict=True)] for s in (1, -1))
        product = [(a - b) / (2 * wide) for a, b in zip(slopes(up), slopes(down), strict=True)]
        return loss(*place), slopes(place), product


def _require(found: Any, expected: Sequence[Any], tolerance: float) -> None:
    for one, true in zip(np.ravel(found), expected, strict=True):
        largest = max(map(abs, expected))
        bound = tolerance * abs(true) + mpf(10) ** -30 * largest
        assert abs(mpf(float(one)) - true) <= bound, (found, [mpmath.nstr(x) for x in expected])


@pytest.mark.parametrize(
    ("name", "kind", "target", "dtype"),
    [
        *((name, "softmax", "numpy", np.float32) for name in LOGITS),
        *(
            pytest.param(
                name,
                "softmax",
                "cpu",
                dtype,
                marks=[pytest.mark.slow] * ((name, dtype) not in COMPILED),
            )
            for name in LOGITS
            for dtype in (np.float32, np.float64)
        ),
        ("weighed sum", "quotient", "numpy", np.float32),
        ("function", "focal", "numpy", np.float64),
        ("temperature", "focal", "numpy", np.float64),
        ("only a temperature", "focal", "numpy", np.float64),
    ],
)
def test_a_confident_right_answer(name: str, kind: str, target: str, dtype: type) -> None:
    (text, logits), (loss, is_focal) = LOGITS[name], LOSSES[kind]
    data = "y: index(K), n: positive[K]" if "n[" in text else "y: index(K)"
    settings = f"; g: positive = {G}" if "g" in text else ""
    kernel = objc.compile(
        f"loss f(z: real[K], u: real[K] | {data}{settings}) =\n    {loss}\n    where v[k] = {text}\n",
        target=target,
    ).f
    z, u, counts = (np.array([one], dtype) for one in (Z, U, COUNTS))
    given = (z, u, np.array([0]), *((counts,) if "n[" in text else ()))
    tolerance = 2e-5 if dtype == np.float32 else 5e-14
    value, slopes, product = _exact(_loss(logits, is_focal))
    _require(kernel.per_example(*given), [value], tolerance)
    gradient = kernel.gradient(*given, reduction="sum")
    _require(np.concatenate([gradient.z, gradient.u], axis=1), slopes, tolerance)
    vector = tuple(np.array([one], dtype) for one in ALONG)
    found = kernel.hessian_vector_product(*given, reduction="sum", vector=vector)
    _require(np.concatenate([found.z, found.u], axis=1), product, tolerance)


WEIGHTS = {
    "of the others": "-z[y] + log(sum[k]((if k == y then 1 else w[k]) * exp(z[k])))",
    "by a minimum": "-z[y] + log(sum[k | k != y](min(1, w[k]) * exp(z[k])) + exp(z[y]))",
    "in all": "-log(w[y] * exp(z[y]) / sum[k](w[k] * exp(z[k])))",
}


@pytest.mark.parametrize("name", WEIGHTS)
def test_weights_before_the_exponentials(name: str) -> None:
    """Equalized and seesaw losses (Tan et al. 2020; Wang et al. 2021): the slope of the right one is what the
    others have."""
    kernel = objc.compile(
        f"loss f(z: real[K] | y: index(K), w: positive[K]) =\n    {WEIGHTS[name]}\n",
        target="numpy",
    ).f
    z, w = np.array([[15.5, 0.25, -1.75]], np.float32), np.array([[1.0, 0.5, 0.25]], np.float32)
    with mpmath.workdps(60):
        odds = [
            mpf(float(b)) * mpmath.exp(mpf(float(a)) - 15.5)
            for a, b in zip(z[0], w[0], strict=True)
        ]
        rest = odds[1] + odds[2]
        shares = [-rest / (1 + rest), *(one / (1 + rest) for one in odds[1:])]
        _require(kernel.per_example(z, np.array([0]), w), [mpmath.log1p(rest)], 2e-6)
        _require(kernel.gradient(z, np.array([0]), w, reduction="sum"), shares, 2e-6)
