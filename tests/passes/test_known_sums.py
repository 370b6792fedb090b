"""Sums over several indices that read a sum over one of them which is known."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import objc
from objc.compiler import Variant, derive, lower, parse
from objc.source import Source

torch = pytest.importorskip("torch")

TEXT = """
loss attention(q: real[N, D], k: real[M, D], v: real[M, E] | y: real[N, E], mask: binary[M]) =
    mean[i, e]((o[i, e] - y[i, e])^2)
    where s[i, j] = sum[d](q[i, d] * k[j, d])
          o[i, e] = sum[j{guard}](exp(s[i, j] - logsumexp[l{same}](s[i, l])) * v[j, e])
"""
WRITTEN = """
loss written(w: real[M], v: real[M, E], a: real[E] | mask: binary[M]) =
    sum[e](o[e]^2) + sum[e, j{guard}](a[e] * w[j] * v[j, e])
    where o[e] = sum[j{guard}](w[j] * v[j, e])
"""
NORMED = """
loss normed(w: real[N], v: real[N, E], a: real[E]) =
    sum[i, e](o[i, e]^2) + sum[i](tanh(s[i]))
    where n[i] = sum[j | j < i](1)
          o[i, e] = sum[j | j < i](w[j] * v[j, e])
          s[i] = sum[e, j | j < i](a[e] / n[i] * w[j] * v[j, e])
"""
"""Of the first there is nothing, over a number of zero."""
COLUMNS = """
loss columns(x: real[N, D], y: real[N, E]) = sum[i, j](c[i, j]^2)
    where m[i] = mean[n](x[n, i])
          s[i] = sqrt(mean[n]((x[n, i] - m[i])^2) + 0.01)
          p[j] = mean[n](y[n, j])
          q[j] = sqrt(mean[n]((y[n, j] - p[j])^2) + 0.01)
          c[i, j] = mean[n]((x[n, i] - m[i]) / s[i] * (y[n, j] - p[j]) / q[j])
"""
"""The slopes of the scales have those of the columns in them."""
GUARDS = {"all": "", "causal": "{} <= i", "masked": "mask[{}] == 1"}


def _text(kind: str) -> str:
    guard = GUARDS[kind]
    written = f" | {guard}" if guard else ""
    return TEXT.format(guard=written.format("j"), same=written.format("l"))


def _slopes(kind: str) -> list[Any]:
    (written,) = lower(parse(Source("text", _text(kind)))).programs.values()
    program = derive(written, Variant(("gradient",), ("q", "k", "v")))
    return [let for let in program.lets if let.reduction == "sum" and len(let.over) > 1]


def _arrays(batch: tuple[int, ...], rows: int, columns: int) -> list[np.ndarray[Any, Any]]:
    drawn = np.random.default_rng(3)
    shapes = ((rows, 3), (columns, 3), (columns, 4), (rows, 4))
    mask = drawn.integers(2, size=(*batch, columns))
    mask[..., 0] = 1
    return [*(drawn.normal(size=(*batch, *shape)) for shape in shapes), mask]


@pytest.mark.parametrize("kind", ["all", "causal"])
def test_what_was_weighed_is_read(kind: str) -> None:
    assert not _slopes(kind)


@pytest.mark.parametrize("guard", ["", " | mask[j] == 1"])
def test_what_was_summed_is_read(guard: str) -> None:
    text = WRITTEN.format(guard=guard)
    (written,) = lower(parse(Source("text", text))).programs.values()
    program = derive(written, Variant(("value",)))
    assert not [let for let in program.lets if len(let.over) > 1]


def test_where_data_leaves_nothing_nothing_is_multiplied() -> None:
    drawn = np.random.default_rng(2)
    w, v, a = drawn.normal(size=(2, 5)), drawn.normal(size=(2, 5, 3)), drawn.normal(size=(2, 3))
    mask = np.array([[1, 0, 1, 1, 0], [0, 0, 0, 0, 0]])
    w[mask == 0], v[mask == 0], a[1] = np.nan, np.inf, np.nan
    o = w[0, mask[0] == 1] @ v[0, mask[0] == 1]
    kernel = objc.compile(WRITTEN.format(guard=" | mask[j] == 1")).written
    np.testing.assert_allclose(kernel.per_example(w, v, a, mask), [o @ o + a[0] @ o, 0])


def test_nothing_over_nothing_is_nothing() -> None:
    drawn = np.random.default_rng(2)
    w, v, a = drawn.normal(size=6), drawn.normal(size=(6, 3)), drawn.normal(size=3)
    before = np.tril(np.ones((6, 6)), -1) * w @ v
    expected = (before**2).sum() + np.tanh(before[1:] @ a / np.arange(1, 6)).sum()
    assert objc.compile(NORMED).normed(w, v, a) == pytest.approx(expected, rel=1e-13)
    (written,) = lower(parse(Source("text", NORMED))).programs.values()
    assert not any(
        len(let.over) > 1 and let.name == "s" for let in derive(written, Variant(("value",))).lets
    )


def test_slopes_of_scales_are_sums_of_the_slopes_of_columns() -> None:
    (written,) = lower(parse(Source("text", COLUMNS))).programs.values()
    program = derive(written, Variant(("gradient",), ("x", "y")))
    sums = [let for let in program.lets if let.over]
    assert max(len(let.over) for let in sums) == 1
    products = [let for let in sums if len(let.free) == 2]
    assert len(products) == 3  # the correlations, and the slopes of the columns of either


def test_slopes_of_columns_are_pytorch_s() -> None:
    drawn = np.random.default_rng(4)
    arrays = [3 + drawn.normal(size=(9, 4)), drawn.normal(size=(9, 5)) * np.logspace(-3, 3, 5)]
    arrays[0][:, 2] = 1
    tensors = [torch.tensor(one, requires_grad=True) for one in arrays]
    scaled = [(one - one.mean(0)) / (one.var(0, unbiased=False) + 0.01).sqrt() for one in tensors]
    ((scaled[0].T @ scaled[1] / 9) ** 2).sum().backward()
    found = objc.compile(COLUMNS).columns.gradient(*arrays, wrt=("x", "y"))
    for slope, one in zip(found, tensors, strict=True):
        np.testing.assert_allclose(slope, one.grad.numpy(), rtol=1e-10, atol=1e-15)


@pytest.mark.parametrize("kind", list(GUARDS))
@pytest.mark.parametrize("batch", [(), (2,)])
@pytest.mark.parametrize("sizes", [(5, 7), (9, 130), (140, 33)])
def test_slopes_are_pytorch_s(kind: str, batch: tuple[int, ...], sizes: tuple[int, int]) -> None:
    arrays = _arrays(batch, *sizes)
    kernel = objc.compile(_text(kind)).attention
    found = kernel.gradient(*arrays, wrt=("q", "k", "v"), reduction="sum")
    q, k, v, y, mask = map(torch.tensor, arrays)
    for one in (q, k, v):
        one.requires_grad_()
    scores = q @ k.transpose(-1, -2)
    if kind == "causal":
        later = torch.triu(torch.ones(sizes, dtype=torch.bool), 1)
        scores = scores.masked_fill(later, -torch.inf)
    if kind == "masked":
        scores = scores.masked_fill(mask[..., None, :] == 0, -torch.inf)
    (((torch.softmax(scores, -1) @ v - y) ** 2).mean((-1, -2))).sum().backward()
    for slope, one in zip(found, (q, k, v), strict=True):
        np.testing.assert_allclose(slope, one.grad.numpy(), rtol=1e-10, atol=1e-13)
