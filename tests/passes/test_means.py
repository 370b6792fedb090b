"""Means under a softmax: of what its exponents are multiples of, as assignments to centers that are far away
and choices by costs of which one is much the least, and of other things, as attention."""

from __future__ import annotations

from typing import Any

import mpmath
import numpy as np
import pytest
import torch

import objc

ASSIGNMENTS = """
loss assignments(x: real[N, D], c: real[K, D]; t: positive = 1) = sum[n](sum[k](p[n, k] * d[n, k]))
    where
        d[n, k] = sum[i]((x[n, i] - c[k, i])^2)
        p[n, k] = exp(-d[n, k] / t) / sum[j](exp(-d[n, j] / t))
"""
CHOICE = """
loss choice(d: real[K]; t: positive = 1) = sum[k](softmax(y)[k] * d[k])
    where y[k] = -d[k] / t

loss weighed(d: real[K]; g: positive = 1) = sum[k](softmax(y)[k] * (3 - 2 * d[k]))
    where y[k] = g * d[k] + 5

loss masked(d: real[K] | mask: binary[K]; g: positive = 1) = sum[k | mask[k] == 1](p[k] * d[k])
    where p[k] = exp(-g * d[k]) / sum[j | mask[j] == 1](exp(-g * d[j]))
"""


def _slopes(x: Any, c: Any) -> np.ndarray:
    """By the rows of x, of differences in float64."""
    apart = x[:, None] - c[None]
    d = (apart**2).sum(-1)
    above = d - d.min(1, keepdims=True)
    p = np.exp(-above)
    p /= p.sum(1, keepdims=True)
    weight = p * (1 - above + (p * above).sum(1, keepdims=True))
    return np.asarray(2 * (weight[:, :, None] * apart).sum(1))


@pytest.mark.parametrize("scale", [1, 10, 100, 1e4])
def test_soft_assignments_keep_their_digits(scale: float) -> None:
    random = np.random.default_rng(0)
    x, c = ((random.normal(size=(size, 16)) * scale).astype(np.float32) for size in (40, 9))
    _, slopes = objc.compile(ASSIGNMENTS).assignments.value_and_grad(x, c)
    true = _slopes(x.astype(np.float64), c.astype(np.float64))
    assert np.abs(slopes.x - true).max() <= 4e-6 * np.abs(true).max()


@pytest.mark.parametrize("name", ["choice", "weighed", "masked"])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(
    "costs", [(3e4, 3e4 + 0.5, 3e4 + 1), (1e6, 1e6 + 4, 2e6), (0.1, 90.0, 5e3), (-7e5, 3.0, 2.0)]
)
def test_slopes_of_a_choice(name: str, dtype: Any, costs: tuple[float, ...]) -> None:
    kernel = objc.compile(CHOICE)[name]
    given = np.array([costs], dtype)
    mask = {"mask": np.array([[1, 1, 0]])} if name == "masked" else {}
    setting = {"t": 2.0} if name == "choice" else {"g": 0.5}
    _, found = kernel.value_and_grad(given, **mask, **setting)
    with mpmath.workdps(60):
        d = [mpmath.mpf(float(one)) for one in given[0]][: 2 if mask else 3]
        factor, sign = (-2, 1) if name == "weighed" else (1, -1)
        powers = [mpmath.exp(sign * one / 2) for one in d]
        p = [one / sum(powers) for one in powers]
        mean = sum(one * by for one, by in zip(d, p, strict=True))
        true = [
            float(factor * by * (1 + sign * (one - mean) / 2)) for one, by in zip(d, p, strict=True)
        ]
    worst = np.abs(found[0][: len(true)] - true).max()
    assert worst <= 8 * np.finfo(dtype).eps * max(map(abs, true))
    assert not mask or found[0][2] == 0


ATTENTION = """
loss attention(q: real[T, D], k: real[S, D], v: real[S, E] | y: real[T, E], mask: binary[S]) =
    {loss}
    where
        s[t, j] = sum[d](q[t, d] * k[j, d]) / sqrt(D)
        o[t, e] = sum[j{guard}](exp(s[t, j]) * v[j, e]) / sum[j{guard}](exp(s[t, j]))
"""


@pytest.mark.parametrize("guard", ["", " | mask[j] == 1"])
@pytest.mark.parametrize(
    ("loss", "oracle"),
    [
        ("mean[t, e]((o[t, e] - y[t, e])^2)", lambda o, y: ((o - y) ** 2).mean()),
        (
            "mean[t](1 - cosine(o[t], y[t]))",
            lambda o, y: (1 - torch.nn.functional.cosine_similarity(o, y, -1)).mean(),
        ),
        ("mean[t](norm(o[t]) * o[t, 0]^3)", lambda o, _: (o.norm(dim=-1) * o[..., 0] ** 3).mean()),
    ],
)
@pytest.mark.parametrize("scale", [1, 3, 60])
def test_attention_by_its_formula(guard: str, scale: float, loss: str, oracle: Any) -> None:
    """In range where exponentials of scores are not, in the value and in every slope."""
    random = np.random.default_rng(1)
    q, k, v, y = (
        random.normal(size=(2, size, width)) for size, width in ((5, 4), (7, 4), (7, 3), (5, 3))
    )
    q, k = q * scale, k * scale
    mask = np.array([[1, 1, 0, 1, 1, 1, 0], [0, 1, 1, 1, 0, 0, 1]])
    attention = objc.compile(ATTENTION.format(guard=guard, loss=loss)).attention
    value, slopes = attention.value_and_grad(q, k, v, y, mask)
    given = [torch.tensor(one, requires_grad=True) for one in (q, k, v)]
    scores = given[0] @ given[1].mT / 2
    if guard:
        scores = scores.masked_fill(torch.tensor(mask == 0)[:, None], -torch.inf)
    true = oracle(scores.softmax(-1) @ given[2], torch.tensor(y))
    true.backward()
    assert value == pytest.approx(true.item(), rel=1e-12)
    for name, one in zip("qkv", given, strict=True):
        assert one.grad is not None
        expected = one.grad.numpy()
        worst = np.abs(getattr(slopes, name) - expected).max()
        assert worst <= 1e-13 * scale**2 * max(np.abs(expected).max(), 1e-3)


def test_a_logarithm_of_a_mean_of_pairs_that_all_but_coincide() -> None:
    """The uniformity of embeddings (Wang and Isola 2020): log(mean exp(−b)) is about −mean b for small b, and
    the count that the guard leaves cancels."""
    kernel = objc.compile(
        "loss f(x: real[N, D]) = log(mean[i, j | i != j](exp(-2 * sum[d]((x[i, d] - x[j, d])^2))))",
        target="numpy",
    ).f
    for apart in (2.0**-30, 2.0**-12, 0.5):
        x = [[1.0, 0.0], [1.0, apart], [1.0, -apart]]
        with mpmath.workdps(60):
            pairs = [mpmath.mpf(apart) ** 2 * k for k in (1, 1, 4)]
            wanted = float(mpmath.log(sum(mpmath.exp(-2 * one) for one in pairs) / 3))
        assert kernel(np.array(x)) == pytest.approx(wanted, rel=1e-14)
        assert kernel(np.array(x, np.float32)) == pytest.approx(wanted, rel=1e-6)
