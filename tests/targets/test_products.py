"""Matrix products in blocks of rows: against NumPy's own, at sizes around the edges of tiles and blocks."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from objc.targets.cpu import set_threads, sharing

import objc

FILE = Path(__file__).with_name("products.objc")
OURS = objc.compile(FILE)
SECOND = objc.compile(FILE, target="numpy")
DRAWN = np.random.default_rng(5)
SIZES = [(1, 1, 1, 1), (3, 2, 5, 7), (97, 33, 12, 31), (250, 17, 257, 13), (301, 64, 3, 48)]
"""Rows, columns, steps of a sum, and the width of a hidden layer."""
EXAMPLES = [
    (1, 1, 1, 1, 1),
    (3, 9, 5, 7, 2),
    (5, 4, 8, 3, 2),
    (2, 130, 17, 12, 31),
    (2, 257, 129, 3, 1),
]
"""Examples, and of each the rows, columns, steps of a sum and width."""
TOLERANCE = {"float64": 1e-11, "float32": 3e-5}


def arguments(name: str, sizes: tuple[int, ...], dtype: str) -> list[Any]:
    rows, columns, depth, width = sizes
    drawn = np.random.default_rng(5)  # the same whatever runs before

    def real(*shape: int) -> Any:
        return (drawn.normal(size=shape) / np.sqrt(shape[-1])).astype(dtype)

    match name:
        case "layer":
            return [real(rows, depth), real(columns, depth), drawn.integers(columns, size=rows)]
        case "turned":
            return [real(rows, depth), real(depth, columns)]
        case "network":
            shapes = ((rows, depth), (width, depth), (columns, width), (rows, columns))
            return [real(*shape) for shape in shapes]
        case "scaled":
            return [real(rows, depth), real(rows, depth), np.asarray(0.3, dtype)]
        case "pairs" | "views":
            return [real(rows, depth), real(rows, depth)]
        case "mixed":
            return [real(rows, depth), real(rows, depth), np.abs(real(depth)) + 1]
        case "annulled":
            return [real(rows, depth), real(columns, depth)]
    return [real(rows, depth)]


def examples(name: str, sizes: tuple[int, ...], dtype: str) -> list[Any]:
    batch, rows, columns, depth, width = sizes
    drawn = np.random.default_rng(5)

    def real(*shape: int) -> Any:
        return (drawn.normal(size=(batch, *shape)) / np.sqrt(shape[-1])).astype(dtype)

    match name:
        case "attention":
            columns_ = (real(columns, depth), real(columns, width))
            return [real(rows, depth), *columns_, real(rows, width)]
        case "causal":
            return [real(rows, depth), real(rows, depth), real(rows, width), real(rows, width)]
        case "padded":
            mask = drawn.integers(2, size=(batch, rows))
            mask[:, 0] = 1
            return [*examples("causal", sizes, dtype), mask]
        case "ordered":
            return [real(rows, depth), real(rows, depth)]
        case "codes":
            label = drawn.integers(width, size=batch)
            return [real(rows, depth), real(columns, depth)[0], real(width, depth)[0], label]
        case "averaged":
            mask = drawn.integers(2, size=(batch, rows))
            return [real(rows, depth), real(rows, depth), mask]
        case "tied":
            return [real(rows, depth), real(columns, depth)[0]]
        case "queue":
            return [real(depth), real(rows, depth), drawn.integers(rows, size=batch)]
        case "columns":
            return [real(rows, depth), real(rows)]
        case "last":
            return [real(rows, depth)]
        case "pooled":
            return [real(rows, depth), real(rows, depth)]
    return [real(rows, columns), real(rows, rows)]


def parts(result: Any) -> list[Any]:
    value, gradient = result
    return [value, *(gradient if isinstance(gradient, tuple) else (gradient,))]


@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize("sizes", SIZES, ids=str)
@pytest.mark.parametrize(
    "name", ["layer", "turned", "network", "pairs", "gram", "mixed", "views", "scaled", "annulled"]
)
@pytest.mark.share(1 / 2)
def test_products_in_blocks_are_those_of_numpy(
    name: str, sizes: tuple[int, ...], dtype: str
) -> None:
    given = arguments(name, sizes, dtype)
    wide = [one.astype(float) if one.dtype.kind == "f" else one for one in given]
    found = parts(getattr(OURS, name).value_and_grad(*given))
    expected = parts(getattr(SECOND, name).value_and_grad(*wide))
    for ours, theirs in zip(found, expected, strict=True):
        scale = max(float(np.abs(theirs).max()), 1e-3)
        np.testing.assert_allclose(ours, theirs, rtol=0, atol=TOLERANCE[dtype] * scale)


@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize("sizes", EXAMPLES, ids=str)
@pytest.mark.parametrize(
    "name",
    ["attention", "causal", "padded", "ordered", "codes", "style", "averaged",
     *(pytest.param(one, marks=pytest.mark.slow)
       for one in ("queue", "columns", "last", "pooled", "tied"))],
)  # fmt: skip
@pytest.mark.share(1 / 2)
def test_products_of_each_example_are_those_of_numpy(
    name: str, sizes: tuple[int, ...], dtype: str
) -> None:
    given = examples(name, sizes, dtype)
    wide = [one.astype(float) if one.dtype.kind == "f" else one for one in given]
    found = parts(getattr(OURS, name).value_and_grad(*given, reduction="sum"))
    expected = parts(getattr(SECOND, name).value_and_grad(*wide, reduction="sum"))
    for ours, theirs in zip(found, expected, strict=True):
        scale = max(float(np.abs(theirs).max()), 1e-3)
        np.testing.assert_allclose(ours, theirs, rtol=0, atol=TOLERANCE[dtype] * scale)
    each = getattr(OURS, name)(*given, reduction="none")
    expected = getattr(SECOND, name)(*wide, reduction="none")
    scale = float(np.abs(expected).max())
    np.testing.assert_allclose(each, expected, rtol=0, atol=TOLERANCE[dtype] * scale)


@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize("rows", [5, 200])
def test_what_a_mask_leaves_out_of_an_example_may_be_no_number(rows: int, dtype: str) -> None:
    given = examples("padded", (2, rows, 3, 4, 6), dtype)
    mask = given[-1]
    mask[:, 2] = 0
    for array in given[:4]:
        array[:, 2] = np.nan
    found = parts(OURS.padded.value_and_grad(*given, wrt=("q", "v"), reduction="sum"))
    assert np.isfinite(found[0])
    wide = [*(one.astype(float) for one in given[:4]), mask]
    expected = parts(SECOND.padded.value_and_grad(*wide, wrt=("q", "v"), reduction="sum"))
    for ours, theirs in zip(found, expected, strict=True):
        np.testing.assert_array_equal(np.isnan(ours), np.isnan(theirs))
        scale = np.abs(theirs, where=np.isfinite(theirs), out=np.zeros(np.shape(theirs))).max()
        np.testing.assert_allclose(ours, theirs, rtol=0, atol=TOLERANCE[dtype] * scale)


@pytest.mark.parametrize("dtype", TOLERANCE)
def test_a_product_alone(dtype: str) -> None:
    x, y = DRAWN.normal(size=(130, 300)).astype(dtype), DRAWN.normal(size=(41, 300)).astype(dtype)
    expected = x.astype(float) @ y.astype(float).T
    np.testing.assert_allclose(OURS.scores(x, y), expected, rtol=0, atol=30 * TOLERANCE[dtype])


def test_sums_of_nothing_are_zero() -> None:
    assert not OURS.scores(np.ones((5, 0)), np.ones((3, 0))).any()
    value, gradient = OURS.layer.value_and_grad(
        np.ones((4, 0)), np.ones((3, 0)), np.zeros(4, np.int64)
    )
    assert value == pytest.approx(np.log(3))
    assert gradient.weight.shape == (3, 0)
    empty = OURS.layer.value_and_grad(
        np.ones((0, 2)), np.ones((3, 2)), np.zeros(0, np.int64), on_empty="zero"
    )
    assert empty[0] == 0.0
    assert not empty[1].weight.any()


def test_what_is_beyond_a_tile_spoils_nothing() -> None:
    """NaN and infinities stay in their rows and columns."""
    x, y = DRAWN.normal(size=(40, 20)), DRAWN.normal(size=(37, 20))
    x[7, 3], y[11, 4] = np.nan, np.inf
    found = OURS.scores(x, y)
    expected = x @ y.T
    np.testing.assert_array_equal(np.isfinite(found), np.isfinite(expected))


@pytest.mark.parametrize("name", ["layer", "network", "pairs"])
def test_threads_change_no_bit(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sharing, "ALWAYS", 0)
    given = arguments(name, (700, 19, 23, 5), "float32")
    kernel = getattr(OURS, name)
    set_threads(1)
    try:
        alone = parts(kernel.value_and_grad(*given))
        for threads in (2, 3, 7):
            set_threads(threads)
            for one, other in zip(alone, parts(kernel.value_and_grad(*given)), strict=True):
                np.testing.assert_array_equal(one, other)
    finally:
        set_threads(None)


def test_a_label_beyond_its_dimension_is_named() -> None:
    x, weight, label = arguments("layer", (200, 6, 4, 1), "float64")
    label[150] = 6
    with pytest.raises(objc.InputError, match=r"label.*150"):
        OURS.layer.value_and_grad(x, weight, label)


GROWTH = """
import resource, sys
import numpy as np, objc
module = objc.compile(sys.argv[1])
x = np.random.default_rng(0).standard_normal((8192, 4), np.float32)
out = (np.ones_like(x), np.ones_like(x))
loss = getattr(module, sys.argv[2])
loss.value_and_grad(x[:300], x[:300], out=(out[0][:300], out[1][:300]))
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
loss.value_and_grad(x, x, out=out)
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""


@pytest.mark.parametrize("name", ["pairs", "views"])
def test_scores_of_all_pairs_are_never_whole(name: str) -> None:
    """268 MB of scores, and as much of their adjoint, in a tenth of one of them."""
    pytest.importorskip("resource")
    done = subprocess.run(
        [sys.executable, "-c", GROWTH, str(FILE), name], capture_output=True, text=True, check=True
    )
    assert int(done.stdout) < 30_000


@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize("rows", [5, 300])
def test_what_a_guard_leaves_out_may_be_no_number(rows: int, dtype: str) -> None:
    """Zero times it would be none either."""
    x, w = DRAWN.normal(size=(rows, 7)).astype(dtype), DRAWN.normal(size=(rows, rows)).astype(dtype)
    for bad in (np.nan, np.inf):
        x[3, 2], w[2, 2] = bad, bad
        found = parts(OURS.others.value_and_grad(x, w))
        expected = parts(SECOND.others.value_and_grad(x.astype(float), w.astype(float)))
        for ours, theirs in zip(found, expected, strict=True):
            np.testing.assert_array_equal(np.isnan(ours), np.isnan(theirs))
            rounding = 40 * float(np.finfo(dtype).eps)
            scale = np.abs(theirs, where=np.isfinite(theirs), out=np.zeros(np.shape(theirs))).max()
            np.testing.assert_allclose(ours, theirs, rtol=rounding, atol=rounding * scale)


def test_zero_times_what_has_overflowed_is_zero() -> None:
    """Where a factor is infinite, what the other's zeros leave out is nothing, and all else infinite."""
    w, h = DRAWN.normal(size=(130, 7)), DRAWN.normal(size=(40, 7))
    h[3, 2], w[:, 2] = 1000.0, 0.0
    for bad in (0.0, 1.0):
        w[5, 2] = bad
        found = parts(OURS.annulled.value_and_grad(w, h))
        expected = parts(SECOND.annulled.value_and_grad(w, h))
        for ours, theirs in zip(found, expected, strict=True):
            np.testing.assert_allclose(ours, theirs, rtol=1e-11, atol=1e-15)


def test_a_long_sum_keeps_its_digits() -> None:
    """Terms are added in stretches: one after the other they lose five times as much."""
    x, y = (DRAWN.normal(size=(24, 4096)).astype(np.float32) for _ in range(2))
    exact = x.astype(float) @ y.astype(float).T
    in_turn = np.cumsum(x[:, None, :] * y[None, :, :], axis=-1, dtype=np.float32)[..., -1]
    lost = np.square(in_turn - exact).sum() / np.square(OURS.scores(x, y) - exact).sum()
    assert lost > 25


LENGTHS = """
loss lengths(q: real[T, D], k: real[S, D], v: real[S, E] | y: real[T, E]) = mean[t](norm(r[t]))
    where s[t, j] = sum[d](q[t, d] * k[j, d]) / sqrt(D)
          o[t, e] = sum[j](exp(s[t, j]) * v[j, e]) / sum[j](exp(s[t, j]))
          r[t, e] = o[t, e] - y[t, e]
"""


def test_a_guard_on_rows_of_a_block_has_its_rows() -> None:
    """What the guard of a product reads is kept for all rows of the block, of which the loops come later."""
    drawn = np.random.default_rng(0)
    q, k, v, y = (drawn.normal(size=shape) for shape in ((5, 2), (4, 2), (4, 3), (5, 3)))
    found = objc.compile(LENGTHS).lengths.hessian_diagonal(q, k, v, y)

    def lengths(q: torch.Tensor, k: torch.Tensor, v: torch.Tensor) -> torch.Tensor:
        attended = torch.softmax(q @ k.T / 2**0.5, -1) @ v
        return torch.linalg.norm(attended - torch.tensor(y), dim=1).mean()

    hessian = torch.autograd.functional.hessian(lengths, tuple(map(torch.tensor, (q, k, v))))
    for number, (name, given) in enumerate(zip("qkv", (q, k, v), strict=True)):
        whole = hessian[number][number].reshape(given.size, given.size)
        expected = whole.diagonal().reshape(given.shape).numpy()
        np.testing.assert_allclose(getattr(found, name), expected, atol=1e-14)
