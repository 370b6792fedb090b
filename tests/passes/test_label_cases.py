"""Divergences between a softmax and a label that is one class, or nearly: finite however sure the softmax
is, and small where it is right. The oracle is mpmath."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import mpmath
import numpy as np
import pytest
import torch
from mpmath import mpf

import objc

W = 0.25


def _ratio(p: Any, q: Any) -> Any:
    return p * mpmath.log(p / q) if p else mpf(0)


def _jensen(w: Any) -> Callable[..., Any]:
    def formula(p: Sequence[Any], t: Sequence[Any]) -> Any:
        means = [w * b + (1 - w) * a for a, b in zip(p, t, strict=True)]
        by_label = sum(_ratio(b, m) for b, m in zip(t, means, strict=True))
        return w * by_label + (1 - w) * sum(_ratio(a, m) for a, m in zip(p, means, strict=True))

    return formula


def _summed(function: Callable[[Any, Any], Any]) -> Callable[..., Any]:
    return lambda p, t: sum(function(a, b) for a, b in zip(p, t, strict=True))


JENSEN = "w * sum[k](t[k] * log(t[k] / m[k])) + (1 - w) * sum[k](p[k] * log(p[k] / m[k]))"
HALVES = "(sum[k](t[k] * log(t[k] / m[k])) + sum[k](p[k] * log(p[k] / m[k]))) / 2"
TEXTS: dict[str, tuple[str, Callable[..., Any]]] = {
    "Jensen with a weight": (JENSEN, _jensen(mpf(W))),
    "Jensen–Shannon": (HALVES, _jensen(mpf(1) / 2)),
    "triangular": (
        "sum[k]((p[k] - t[k])^2 / (p[k] + t[k]))",
        _summed(lambda a, b: (a - b) ** 2 / (a + b)),
    ),
    "Hellinger": (
        "sum[k]((sqrt(p[k]) - sqrt(t[k]))^2)",
        _summed(lambda a, b: (mpmath.sqrt(a) - mpmath.sqrt(b)) ** 2),
    ),
    "reverse": ("sum[k](p[k] * log(p[k] / t[k]))", _summed(_ratio)),
}
SMOOTHED = "if k == y then 1 - e else e / (K - 1)"
ONE_CLASS = "if k == y then 1 else 0"
LOGITS = ([0.5, -1.0, 2.0], [30.0, 1.0, -2.0], [1.0, 18.0, -3.0], [3000.0, 0.0, 20.0])


def _text(name: str, label: str) -> str:
    formula, _ = TEXTS[name]
    mean = "m[k] = w * t[k] + (1 - w) * p[k]" if "w *" in formula else "m[k] = (t[k] + p[k]) / 2"
    settings = [f"w: probability = {W}"] if "w *" in formula else []
    settings += ["e: probability = 0.125"] if label == SMOOTHED else []
    return (
        f"loss f(z: real[K] | y: index(K){'; ' * bool(settings)}{', '.join(settings)}) =\n"
        f"    {formula}\n    where p[k] = softmax(z)[k]\n          t[k] = {label}\n"
        + (f"          {mean}\n" if "m[k]" in formula else "")
    )


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(
    ("name", "label"),
    [(name, label) for name in TEXTS for label in (ONE_CLASS, SMOOTHED)
     if (name, label) != ("reverse", ONE_CLASS)],
)  # fmt: skip
def test_divergences_from_a_label(name: str, label: str, dtype: type) -> None:
    kernel = objc.compile(_text(name, label), target="numpy").f
    _, formula = TEXTS[name]
    target = (
        [mpf(7) / 8, mpf(1) / 16, mpf(1) / 16] if label == SMOOTHED else [mpf(1), mpf(0), mpf(0)]
    )
    for row in LOGITS:
        with mpmath.workdps(3000):

            def loss(*z: Any, target: list[Any] = target) -> Any:
                powers = [mpmath.exp(one - max(z)) for one in z]
                return formula([one / sum(powers) for one in powers], target)

            z, step = [mpf(one) for one in row], mpf(10) ** -1000
            value, slopes = loss(*z), []
            for n in range(3):
                up, down = ([*z[:n], z[n] + s * step, *z[n + 1 :]] for s in (1, -1))
                slopes.append((loss(*up) - loss(*down)) / (2 * step))
        given = np.array([row], dtype), np.array([0])
        tolerance = 4e-6 if dtype == np.float32 else 1e-13
        least = float(np.finfo(dtype).tiny)
        found = float(kernel.per_example(*given)[0])
        assert abs(mpf(found) - value) <= tolerance * abs(value) + least, (row, found, value)
        if label == SMOOTHED:
            continue  # beside a label that is not sure, slopes of a sure row are differences
        # Of one that is sure and wrong the own slope is a difference of numbers near one.
        wrong = 2 * float(np.finfo(dtype).eps) if row[0] < max(row) else 0.0
        bound = 4 * tolerance * max(map(abs, slopes)) + least + wrong
        for one, true in zip(kernel.gradient(*given, reduction="sum")[0], slopes, strict=True):
            assert abs(mpf(float(one)) - true) <= bound, (row, slopes)


def test_negatives_of_nothing() -> None:
    """A lifted structure (Oh Song et al. 2016) of a batch in which all are of one class has none; the oracle
    of one in which they are not is PyTorch."""
    kernel = objc.compile(
        "loss lifted(d: real[N, N] | y: index(N)[N]) = mean[i, j | y[i] == y[j]](max(0, d[i, j]\n"
        "    + log(sum[k | y[k] != y[i]](exp(1 - d[i, k])) + sum[k | y[k] != y[j]](exp(1 - d[j, k]))))^2)\n",
        target="numpy",
    ).lifted
    rng = np.random.default_rng(0)
    d = rng.uniform(0, 2, size=(2, 4, 4))
    alike = np.array([[0, 0, 0, 0], [0, 1, 0, 1]])
    values = kernel.per_example(d, alike)
    slopes = kernel.gradient(d, alike, reduction="sum")
    assert values[0] == 0
    np.testing.assert_array_equal(slopes[0], 0)
    own = torch.tensor(d[1], requires_grad=True)
    terms = []
    for i, j in ((i, j) for i in range(4) for j in range(4) if alike[1, i] == alike[1, j]):
        others = [torch.exp(1 - own[a, k]) for a in (i, j) for k in range(4)
                  if alike[1, k] != alike[1, a]]  # fmt: skip
        terms.append(torch.relu(own[i, j] + torch.log(torch.stack(others).sum())) ** 2)
    expected = torch.stack(terms).mean()
    expected.backward()
    assert own.grad is not None
    np.testing.assert_allclose(values[1], expected.item(), rtol=1e-12)
    np.testing.assert_allclose(slopes[1], own.grad.numpy(), rtol=1e-10, atol=1e-14)


def test_numbers_beyond_every_other_are_not_nothing() -> None:
    """In float64 a logit may lie below what float32 has."""
    kernel = objc.compile(
        "loss f(a: real[N], b: real[N] | m: binary[N]) =\n"
        "    log(sum[i | m[i] == 1](exp(a[i])) + sum[i | m[i] == 1](exp(b[i])))\n",
        target="numpy",
    ).f
    a, b, mask = np.array([-2e39, -3e39]), np.array([-3e39, -4e39]), np.array([1.0, 1.0])
    assert kernel(a, b, mask) == -2e39
    found = kernel.gradient(a, b, mask)
    np.testing.assert_array_equal(np.concatenate([found.a, found.b]), [1, 0, 0, 0])


def test_what_is_divided_by_nothing_is_what_arithmetic_says() -> None:
    """The sum below is zero whatever the inputs are, as is seen on the way."""
    kernel = objc.compile(
        "loss f(z: real[K] | y: index(K)) =\n"
        "    mean[k](softmax(z)[k]^2) / sum[k | k != y](abs(softmax(z)[k]^2 - softmax(z)[k]^2))\n",
        target="numpy",
    ).f
    given = np.array([[1.0, 2.0, 3.0]]), np.array([1])
    assert kernel.per_example(*given) == np.inf
    assert np.shape(kernel.hessian_vector_product(*given, vector=given[0])) == (1, 3)


def test_an_arm_without_length_is_left_to_the_target() -> None:
    """The norm below has one; what its derivative would be divided by there is never taken."""
    kernel = objc.compile(
        "loss f(a: real[K], b: real[K]) = 1 / sum[k](abs(softmax(a)[k] - softmax(b)[k]^2))\n",
        target="numpy",
    ).f
    a, b = np.array([[0.5, -0.25, 1.0]]), np.array([[-1.0, 2.0, 0.25]])
    with mpmath.workdps(60):

        def softmax(z: Sequence[Any]) -> list[Any]:
            powers = [mpmath.exp(one) for one in z]
            return [one / sum(powers) for one in powers]

        def loss(*z: Any) -> Any:
            pairs = zip(softmax(z[:3]), softmax(z[3:]), strict=True)
            return 1 / sum(abs(p - q**2) for p, q in pairs)

        z, step = [mpf(float(one)) for one in (*a[0], *b[0])], mpf(10) ** -20
        bent = []
        for n in range(6):
            up, down = ([*z[:n], z[n] + s * step, *z[n + 1 :]] for s in (1, -1))
            bent.append((loss(*up) - 2 * loss(*z) + loss(*down)) / step**2)
    found = np.concatenate([np.ravel(one) for one in kernel.hessian_diagonal(a, b)])
    np.testing.assert_allclose(found, [float(one) for one in bent], rtol=1e-12)


def test_a_smoothed_label_is_a_weight() -> None:
    kernel = objc.compile(
        "loss form(z: real[K] | y: index(K); e: probability) = -log(sum[k](p[k] * t[k]))\n"
        "    where p[k] = softmax(z)[k]\n          t[k] = (1 - e) * [k == y] + e / 3\n",
        target="numpy",
    ).form
    z, y = np.array([[900.0, 0.0, -900.0]]), np.array([2])
    assert kernel.per_example(z, y, e=0.0)[0] == 1800.0
    assert kernel.per_example(z, y, e=0.5)[0] == pytest.approx(np.log(6), rel=1e-15)
    np.testing.assert_array_equal(kernel.gradient(z, y, e=0.0), [[1.0, 0.0, -1.0]])
