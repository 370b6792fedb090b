"""Padding touches nothing: behind a mask, a length or a branch it may hold NaN, whatever is made of it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import objc

TEXT = """
loss squares(w: real[D] | x: real[T, D], length: count) =
    sum[t | t < length](sum[d](w[d] * x[t, d])^2)
loss branch(w: real[D] | x: real[T, D], length: count) =
    sum[t](if t < length then sum[d](w[d] * x[t, d])^2 else 0)
loss mask(w: real[D] | x: real[T, D], keep: binary[T]) =
    sum[t | keep[t] == 1](sum[d](w[d] * x[t, d])^2)
loss hidden(w: real[D] | x: real[T, D], length: count) =
    sum[t | t < length](tanh(2 * a[t])^2)
    where a[t] = sum[d](w[d] * x[t, d])
loss pooled(w: real[D], x: real[T, D] | length: count) =
    sum[t | t < length](exp(s[t]) * x[t, 0]) / sum[t | t < length](exp(s[t]))
    where s[t] = sum[d](x[t, d] * w[d])
loss recurrent(w: real[D], x: real[T, D] | length: count) =
    sum[t | t < length](h[t]^2)
    where h[0] = a[0]
          h[t] = w[0] * tanh(h[t-1]) + a[t]
          a[t] = sum[d](w[d] * x[t, d])
loss final(w: real[D], x: real[T, D] | length: count) =
    h[length-1]^2
    where h[0] = a[0]
          h[t] = w[1] * h[t-1] + a[t]
          a[t] = sum[d](w[d] * x[t, d])
loss states(w: real[D], x: real[T, D] | length: count) =
    sum[t | t < length](v[t]^2)
    where v[t] = sum[d](h[t, d])
          h[0, d] = x[0, d]
          h[t, d] = tanh(sum[c](w[c] * h[t-1, c]) + x[t, d]) + h[t-1, d]
loss grid(w: real[D], x: real[T, D] | length: count) =
    d[length-1, 1]
    where d[0, j] = x[0, j]
          d[i, 0] = x[i, 0] + w[0] * d[i-1, 0]
          d[i, j] = w[j] * log(exp(d[i-1, j]) + exp(d[i, j-1])) + x[i, j]
loss attended(w: real[D] | x: real[T, D], length: count) = sum[d](out[d]^2)
    where score[t] = dot(w, x[t])
          z = logsumexp[t | t < length](score[t])
          out[d] = sum[t | t < length](exp(score[t] - z) * x[t, d])
loss transported(w: real[D], x: real[T, D] | length: count; steps: count = 2) =
    sum[d](w[d] * v[steps, d])
    where v[0, d] = 0
          v[n, d] = logsumexp[t | t < length](u[n, t] - x[t, d])
          u[0, t] = 0
          u[n, t] = logsumexp[d](v[n-1, d] - x[t, d])
loss chosen(w: real[D], x: real[T, D] | length: count) =
    sum[t](if t < length then w[0] * softmax(x[t])[0]^2 + w[1] * cosine(x[t], w) else 0)
loss probabilities(w: real[D], x: real[T, D] | length: count) =
    sum[d](sum[t | t < length]((w[d] - softmax(x[t])[d]) * x[t, 0])^2)
    + sum[d, t | t < length]((2 - softmax(x[t])[d]) * x[t, 1])
loss logits(w: real[D], x: real[T, D] | length: count) =
    sum[t | t < length](logsumexp[d](x[t, d] * w[d])^2)
    + sum[t, d | t > 0 and t < length]((x[t, d] - x[t-1, d])^2)
loss first(w: real[D], x: real[T, D] | length: count) = logsumexp[t | t < length](s[t]) - s[0]
    where s[t] = sum[d](w[d] * x[t, d])
loss last(w: real[D], x: real[T, D] | length: count) =
    sum[t | t < length](tanh(a[t])) * a[length-1] + a[0]^2
    where a[t] = 2 * sum[d](w[d] * x[t, d])
loss contrasted(w: real[D], x: real[T, D] | length: count) =
    sum[t | t < length](logsumexp[u | u < length](s[t, u]) - s[t, t])
    where s[t, u] = sum[d](x[t, d] * w[d] * x[u, d])
loss labeled(z: real[T, K] | tag: index(K)[T], keep: binary[T]) =
    -sum[t | keep[t] == 1](log(softmax(z[t])[tag[t]]))
loss gaps(x: real[N]) = sum[i | i > 0]((x[p[i]] - x[p[i-1]])^2)
    where p = argsort(x)
loss running(x: real[T]) = sum[t](h[t]^2)
    where h[0] = x[0]
          h[t] = max(h[t-1], x[t])
"""

WILD = """
loss step(table: real[V], w: real | tag: index(V)[T], length: count) =
    sum[t | t < length](h[t]^2)
    where h[0] = table[tag[0]]
          h[t] = w * tanh(h[t-1]) + table[tag[t]]
loss inner(table: real[V, K], w: real | tag: index(V)[T], length: count) =
    sum[k](h[length-1, k]^2)
    where h[0, k] = table[tag[0], k]
          h[t, k] = tanh(sum[j](w * h[t-1, j] + table[tag[t], j])) + h[t-1, k]
"""

PADDED = (
    "squares", "branch", "mask", "hidden", "pooled", "recurrent", "final", "states", "grid",
    "attended", "transported", "chosen", "probabilities", "logits", "first", "last", "contrasted",
)  # fmt: skip


@pytest.fixture(scope="module", params=["cpu", "numpy"])
def module(request: Any) -> Any:
    return objc.compile(TEXT, target=request.param)


@pytest.mark.parametrize("name", PADDED)
@pytest.mark.share(1 / 2)
def test_padding_may_be_no_number(module: Any, name: str) -> None:
    generator = np.random.default_rng(0)
    w, x = generator.normal(size=2), generator.normal(size=(3, 5, 2))
    lengths = np.array([2, 5, 1])
    padded = np.where(np.arange(5)[None, :, None] < lengths[:, None, None], x, np.nan)
    bound = lengths if name != "mask" else (np.arange(5) < lengths[:, None]).astype(float)
    kernel = module[name]
    require_equal(kernel.value_and_grad(w, padded, bound), kernel.value_and_grad(w, x, bound))


@pytest.mark.parametrize(
    "name", ["pooled", "chosen", "probabilities", "logits", "first", "last", "contrasted"]
)
@pytest.mark.share(1 / 2)
def test_padding_may_be_no_number_for_second_derivatives(module: Any, name: str) -> None:
    generator = np.random.default_rng(0)
    w, x = generator.normal(size=2), generator.normal(size=(3, 5, 2))
    lengths = np.array([2, 5, 1])
    padded = np.where(np.arange(5)[None, :, None] < lengths[:, None, None], x, np.nan)
    kernel, along = module[name], (np.ones(2), np.ones((3, 5, 2)))
    for found, expected in (
        (kernel.hessian_diagonal(w, padded, lengths), kernel.hessian_diagonal(w, x, lengths)),
        (
            kernel.hessian_vector_product(w, padded, lengths, vector=along),
            kernel.hessian_vector_product(w, x, lengths, vector=along),
        ),
    ):
        require_equal(found, expected)


def require_equal(found: Any, expected: Any) -> None:
    if isinstance(expected, tuple):
        for one, other in zip(found, expected, strict=True):
            require_equal(one, other)
    else:
        np.testing.assert_allclose(found, expected, rtol=1e-13, atol=1e-15)


def test_masked_labels_may_be_anything_for_second_derivatives(module: Any) -> None:
    generator = np.random.default_rng(2)
    z, tag, keep = generator.normal(size=(4, 3)), np.array([0, 2, 1, 0]), np.array([1, 0, 1, 0])
    wild = np.where(keep == 1, tag, [0, -1, 0, 99])
    along = generator.normal(size=(4, 3))
    kernel = module.labeled
    require_equal(kernel.value_and_grad(z, wild, keep), kernel.value_and_grad(z, tag, keep))
    require_equal(kernel.hessian_diagonal(z, wild, keep), kernel.hessian_diagonal(z, tag, keep))
    require_equal(
        kernel.hessian_vector_product(z, wild, keep, vector=along),
        kernel.hessian_vector_product(z, tag, keep, vector=along),
    )
    with pytest.raises(objc.InputError, match="`tag` is -1 at"):
        kernel(z, wild, np.ones(4, int))


def test_differences_in_sorted_order_start_behind_the_first(module: Any) -> None:
    x = np.random.default_rng(3).normal(size=(2, 6))
    value, slope = module.gaps.value_and_grad(x)
    assert value == pytest.approx((np.diff(np.sort(x)) ** 2).sum(1).mean())
    step = 1e-6
    for place in np.ndindex(x.shape):
        moved = [x.copy(), x.copy()]
        moved[0][place] += step
        moved[1][place] -= step
        rise = module.gaps(moved[0]) - module.gaps(moved[1])
        assert slope[place] == pytest.approx(rise / (2 * step), rel=1e-6, abs=1e-8)


@pytest.mark.parametrize("name", ["step", "inner"])
@pytest.mark.parametrize("target", ["cpu", "numpy"])
def test_steps_that_nothing_reads_look_nothing_up(name: str, target: str) -> None:
    kernel = objc.compile(WILD, target=target)[name]
    table = np.random.default_rng(1).normal(size=(3, 2))
    table = table if name == "inner" else table[:, 0]
    tag, length = np.array([[0, 1, 2, 1], [2, 1, 0, 0]]), np.array([2, 3])
    wild = np.where(np.arange(4) < length[:, None], tag, [[99], [-7]])
    expected = kernel.value_and_grad(table, 0.7, tag, length)
    found = kernel.value_and_grad(table, 0.7, wild, length)
    assert found[0] == expected[0]
    np.testing.assert_array_equal(found[1].table, expected[1].table)
    with pytest.raises(objc.InputError, match="`tag` is 99 at"):
        kernel(table, 0.7, wild, np.array([3, 3]))


def test_a_branch_that_keeps_the_first_step_out_reads_nothing_there(module: Any) -> None:
    value, slope = module.running.value_and_grad(np.array([2.0, 3.1, -1.0, 5.0]))
    assert value == pytest.approx(4 + 3.1**2 * 2 + 25)
    np.testing.assert_allclose(slope, [4.0, 12.4, 0.0, 10.0])
