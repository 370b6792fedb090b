"""What somebody who had read only the README wrote, and what came was wrong: against PyTorch in float64."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

import objc

P, Q = [0.3, -1.2, 2.5], [1.0, 0.2, -0.4]
SOFTMAXES: dict[str, tuple[str, Callable[[Any, Any], Any]]] = {
    "chi squared": ("sum[k]((p[k] - q[k])^2 / q[k])", lambda p, q: ((p - q) ** 2 / q).sum()),
    "Neyman": ("sum[k]((p[k] - q[k])^2 / p[k])", lambda p, q: ((p - q) ** 2 / p).sum()),
    "logarithm": (
        "log(1 + sum[k]((p[k] - q[k])^2 / q[k]))",
        lambda p, q: torch.log(1 + ((p - q) ** 2 / q).sum()),
    ),
    "Bernoullis": (
        "sum[k]((p[k] - q[k])^2 / (q[k] * (1 - q[k])))",
        lambda p, q: ((p - q) ** 2 / (q * (1 - q))).sum(),
    ),
    "arithmetic and geometric": (
        "sum[k]((p[k] + q[k]) / 2 * log((p[k] + q[k]) / (2 * sqrt(p[k] * q[k]))))",
        lambda p, q: ((p + q) / 2 * torch.log((p + q) / (2 * torch.sqrt(p * q)))).sum(),
    ),
}


@pytest.mark.parametrize("name", SOFTMAXES)
@pytest.mark.parametrize("at", [(P, Q), ([0.0, 0.0, 0.0], [0.0, 0.0, 0.0]), (Q, P)], ids=str)
def test_hessian_products_of_two_softmaxes(name: str, at: tuple[list[float], list[float]]) -> None:
    text, formula = SOFTMAXES[name]
    kernel = objc.compile(
        f"loss f(a: real[K], b: real[K]) = {text}\n"
        "    where p[k] = softmax(a)[k]\n          q[k] = softmax(b)[k]\n",
        target="numpy",
    ).f
    a, b = (torch.tensor(one, dtype=torch.float64) for one in at)

    def loss(a: Any, b: Any) -> Any:
        return formula(a.softmax(0), b.softmax(0))

    along = torch.tensor([1.0, 0.0, -0.5]), torch.tensor([0.25, 2.0, 0.0])
    vector = tuple(one.double() for one in along)
    _, expected = torch.autograd.functional.hvp(loss, (a, b), vector)
    found = kernel.hessian_vector_product(
        a.numpy(), b.numpy(), vector=tuple(one.numpy() for one in vector)
    )
    for one, true in zip(found, expected, strict=True):
        np.testing.assert_allclose(one, true.numpy(), rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("target", ["cpu", "numpy"])
@pytest.mark.parametrize(
    ("text", "formula"),
    [
        ("sum[c](1 - 2 * i[c] / s[c])", lambda i, s: (1 - 2 * i / s).sum(-1)),
        ("mean[c](1 - i[c] / (s[c] - i[c]))", lambda i, s: (1 - i / (s - i)).mean(-1)),
        ("mean[c](1 - (2 * i[c] + 1) / (s[c] + 1))", lambda i, s: (1 - (2 * i + 1) / (s + 1)).mean(-1)),
    ],
)  # fmt: skip
def test_overlaps_of_classes_by_their_labels(text: str, formula: Any, target: str) -> None:
    """Of each class with what is labelled so: a label is no map of numbers from 0 to 1."""
    kernel = objc.compile(
        f"loss f(z: real[N, C] | y: index(C)[N]) = {text}\n"
        "    where p[n, c] = softmax(z[n])[c]\n          t[n, c] = if c == y[n] then 1 else 0\n"
        "          i[c] = sum[n](p[n, c] * t[n, c])\n          s[c] = sum[n](p[n, c] + t[n, c])\n",
        target=target,
    ).f
    generator = np.random.default_rng(0)
    z, y = generator.normal(size=(2, 5, 3)), generator.integers(3, size=(2, 5))
    value, slopes = kernel.value_and_grad(z, y=y)
    leaf = torch.tensor(z, requires_grad=True)
    p, t = leaf.softmax(-1), torch.nn.functional.one_hot(torch.tensor(y), 3)
    loss = formula((p * t).sum(1), (p + t).sum(1)).mean()
    loss.backward()
    np.testing.assert_allclose(value, loss.item(), rtol=1e-12)
    assert leaf.grad is not None
    np.testing.assert_allclose(slopes, leaf.grad.numpy(), rtol=1e-10, atol=1e-14)


@pytest.mark.parametrize(
    ("text", "formula"),
    [
        (
            "loss f(z: real[K] | y: interval(0, h)[K]; h: positive = 1) ="
            " sum[k](y[k] * log(y[k] / sigmoid(z[k])) + (h - y[k]) * log((h - y[k]) / (1 - sigmoid(z[k]))))",
            lambda z, y, p: y * np.log(y / p) + (1 - y) * np.log((1 - y) / (1 - p)),
        ),
        (
            "loss f(z: real[K] | y: count(K)[K]) ="
            " sum[k](-y[k] * log(sigmoid(z[k])) - (K - y[k]) * log(1 - sigmoid(z[k])))",
            lambda z, y, p: -y * np.log(p) - (2 - y) * np.log(1 - p),
        ),
        (
            "loss f(z: real[K] | y: count(K)[K]) = sum[k](log(1 + exp(z[k])) - y[k] * z[k])",
            lambda z, y, p: np.log1p(np.exp(z)) - y * z,
        ),
    ],
    ids=["a hyperparameter", "a size", "by hand"],
)  # fmt: skip
def test_labels_of_domains_that_end_in_a_name(text: str, formula: Any) -> None:
    """What isn't known to be at most one is none of the labels that rules know."""
    kernel = objc.compile(text, target="numpy").f
    z, y = np.array([0.3, -1.2]), np.array([0.25, 0.5]) if "interval" in text else np.array([2, 1])
    expected = formula(z, y, 1 / (1 + np.exp(-z))).sum()
    np.testing.assert_allclose(kernel(z, y=y), expected, rtol=1e-12)
