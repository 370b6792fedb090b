"""Distances and weighed differences in blocks of rows, against their definitions in NumPy."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import objc
from objc.compiler import Variant, derive, lower, parse
from objc.schedule import Products, schedule
from objc.schedule.loops import Accumulate, Product, step_items, walk
from objc.syntax import read_source

FILE = Path(__file__).with_name("distances.objc")
OURS = objc.compile(FILE)
SECOND = objc.compile(FILE, target="numpy")
SIZES = [
    (1, 1, 1, 1),
    (3, 9, 5, 1),
    (2, 12, 32, 2),
    (2, 14, 13, 3),
    (1, 13, 33, 257),
    (2, 131, 130, 7),
]
"""Examples, and of each the rows of two matrices, and their columns."""
TOLERANCE = {"float64": 1e-12, "float32": 1e-5}
DTYPE = pytest.mark.parametrize("dtype", TOLERANCE)


def normal(*shape: int, seed: int = 0) -> Any:
    return np.random.default_rng(seed).normal(size=shape) / np.sqrt(shape[-1])


def parts(result: Any) -> list[Any]:
    value, gradient = result
    return [value, *(gradient if isinstance(gradient, tuple) else (gradient,))]


def alike(found: Any, expected: Any, dtype: str) -> None:
    for ours, theirs in zip(found, expected, strict=True):
        scale = np.nanmax(np.abs(theirs))
        np.testing.assert_allclose(ours, theirs, rtol=0, atol=TOLERANCE[dtype] * max(scale, 1e-30))


def pairs(x: Any, y: Any) -> tuple[Any, Any]:
    """All differences, and the squares of their lengths."""
    difference = x[:, :, None] - y[:, None]
    return difference, (difference**2).sum(-1)


@DTYPE
@pytest.mark.parametrize("sizes", SIZES, ids=str)
@pytest.mark.parametrize("alone", [False, True], ids=["batched", "alone"])
def test_kernels(sizes: tuple[int, ...], dtype: str, alone: bool) -> None:
    examples, rows, others, columns = sizes
    x = normal(examples, rows, columns).astype(dtype)
    y = normal(examples, others, columns, seed=1).astype(dtype)
    if alone:
        x, y = x[:1], y[:1]
    apart, squares = pairs(x.astype(float), y.astype(float))
    own, own_squares = pairs(x.astype(float), x.astype(float))
    near, self_near = np.exp(-squares), np.exp(-own_squares / 2)
    value = near.mean((1, 2)).sum() - self_near.mean((1, 2)).sum()
    pull = -2 * near[..., None] * apart / near[0].size
    d_x = pull.sum(2) + 2 * (self_near[..., None] * own).sum(2) / self_near[0].size
    given = (x[0], y[0]) if alone else (x, y)
    found = parts(OURS.kernels.value_and_grad(*given, reduction="sum"))
    expected = [value, d_x, -pull.sum(1)]
    alike(found, [one[0] if alone and np.ndim(one) else one for one in expected], dtype)


@DTYPE
@pytest.mark.parametrize("scale", [1.0, 1e-30, 1e-12, 1e10, 1e25])
def test_norms_of_any_size(dtype: str, scale: float) -> None:
    """Also those whose squares are out of range; at a distance of nothing the slope is zero."""
    x = (scale * normal(2, 20, 5)).astype(dtype)
    y = (scale * normal(2, 30, 5, seed=1)).astype(dtype)
    y[0, 3], x[1, 4] = x[0, 2], x[1, 5]
    wide = [one.astype(np.longdouble) for one in (x, y)]
    expected = 0.0
    slopes = [np.zeros(x.shape), np.zeros(y.shape)]
    for first, second, weight in ((0, 1, 2), (0, 0, -1)):
        apart, squares = pairs(wide[first], wide[second])
        length = np.sqrt(squares)
        expected += weight * length.mean((1, 2)).sum()
        unit = weight * apart / np.where(length > 0, length, 1)[..., None] / length[0].size
        slopes[first] += unit.sum(2).astype(float)
        slopes[second] -= unit.sum(1).astype(float)
    found = parts(OURS.energy.value_and_grad(x, y, reduction="sum"))
    assert found[0] == pytest.approx(float(expected), rel=TOLERANCE[dtype])
    alike(found[1:], slopes, dtype)


@DTYPE
@pytest.mark.parametrize("rows", [9, 14, 140])
def test_far_items_keep_the_digits_of_their_distances(dtype: str, rows: int) -> None:
    """Of squares of lengths less products nothing would be left."""
    near = normal(rows, 3).astype(dtype)
    far = near + np.asarray(2.0**12, dtype)
    exact = far - np.asarray(2.0**12, dtype)
    found, expected = (parts(OURS.kernels.value_and_grad(one, one[:5])) for one in (far, exact))
    alike(found, expected, dtype)


@DTYPE
@pytest.mark.parametrize("rows", [9, 14, 140])
def test_pairs_that_a_guard_chooses(dtype: str, rows: int) -> None:
    x = normal(2, rows, 4).astype(dtype)
    label = np.random.default_rng(1).integers(3, size=(2, rows))
    found = parts(OURS.contrastive.value_and_grad(x, label, reduction="sum"))
    expected = parts(SECOND.contrastive.value_and_grad(x.astype(float), label, reduction="sum"))
    alike(found, expected, dtype)
    _, squares = pairs(x.astype(float), x.astype(float))
    length = np.sqrt(squares)
    same = label[:, :, None] == label[:, None]
    each = np.where(same, squares, np.maximum(0, 1 - length) ** 2)
    assert found[0] == pytest.approx(each.sum() / 2 - _of_own(each), rel=TOLERANCE[dtype])


def _of_own(each: Any) -> float:
    return float(np.einsum("nii->", each)) / 2


@DTYPE
@pytest.mark.parametrize("rows", [9, 140])
def test_weights_of_items_and_none(dtype: str, rows: int) -> None:
    x, y = normal(2, rows, 4), normal(2, rows + 3, 4, seed=1)
    x, y, u = (one.astype(dtype) for one in (x, y, normal(2, rows + 3, seed=2)))
    found = parts(OURS.spread.value_and_grad(x, y, u, reduction="sum"))
    wide = [one.astype(float) for one in (x, y, u)]
    apart, squares = pairs(wide[0], wide[1])
    own, own_squares = pairs(wide[0], wide[0])
    weight = np.where(np.arange(rows + 3) == 1, 0, wide[2])[:, None, :, None]
    o = (weight * apart).sum(2)
    value = squares.mean((1, 2)).sum() + own_squares.mean((1, 2)).sum() + (o**2).sum()
    d_x = 2 * apart.mean(2) / rows + 4 * own.mean(2) / rows + 2 * o * weight.sum(2)
    d_y = -2 * apart.mean(1) / (rows + 3) - 2 * (weight * o[:, :, None]).sum(1)
    d_u = 2 * (o[:, :, None] * apart).sum((1, 3)) * (np.arange(rows + 3) != 1)
    alike(found, [value, d_x, d_y, d_u], dtype)


@DTYPE
@pytest.mark.parametrize("scale", [1.0, 1e10, 1e25])
@pytest.mark.parametrize("rows", [9, 140])
def test_terms_that_are_one_or_the_other(dtype: str, rows: int, scale: float) -> None:
    """Those of pairs so far apart that a square of their distance leaves the range."""
    x = normal(2, rows, 4).astype(dtype)
    x[:, 3] *= scale
    found = parts(OURS.neighbours.value_and_grad(x, reduction="sum"))
    x = x.astype(np.longdouble)
    apart, squares = pairs(x, x)
    inverse = 1 / (1 + squares)
    count, total = rows * (rows - 1), 1 + inverse.sum(2, keepdims=True)
    logs = np.log1p(squares)
    value = (logs / total).sum() / count
    weight = 2 * inverse / total + 2 * inverse**2 * (logs.sum(2, keepdims=True) / total**2)
    pull = (weight[..., None] * apart).sum(2) - (weight[..., None] * apart).sum(1)
    alike(found, [float(value), (pull / count).astype(float)], dtype)


@DTYPE
@pytest.mark.parametrize("bad", [np.nan, np.inf])
@pytest.mark.parametrize("rows", [9, 14, 140])
def test_what_a_mask_leaves_out_may_be_no_number(dtype: str, bad: float, rows: int) -> None:
    x = normal(2, rows, 4).astype(dtype)
    mask = np.random.default_rng(1).integers(2, size=(2, rows))
    mask[:, 3], mask[:, 5] = 0, 1
    plain = parts(OURS.masked.value_and_grad(x, mask, reduction="sum"))
    x[:, 3] = bad
    found = parts(OURS.masked.value_and_grad(x, mask, reduction="sum"))
    alike(found, plain, dtype)
    alike(found, parts(SECOND.masked.value_and_grad(x.astype(float), mask, reduction="sum")), dtype)


@DTYPE
@pytest.mark.parametrize("sizes", [(1, 1, 1), (40, 3, 5), (300, 13, 70)], ids=str)
def test_prototypes_that_examples_share(dtype: str, sizes: tuple[int, ...]) -> None:
    rows, classes, columns = sizes
    x, c = normal(rows, columns).astype(dtype), normal(classes, columns, seed=1).astype(dtype)
    y = np.random.default_rng(1).integers(classes, size=rows)
    found = parts(OURS.prototypes.value_and_grad(x=x, y=y, c=c, wrt=("c",), reduction="sum"))
    apart = x.astype(float)[:, None] - c.astype(float)
    scores = -(apart**2).sum(-1)
    shares = np.exp(scores - scores.max(1, keepdims=True))
    shares /= shares.sum(1, keepdims=True)
    value = -np.log(shares[np.arange(rows), y]).sum()
    weight = shares - np.eye(classes)[y]
    alike(found, [value, 2 * (weight[..., None] * apart).sum(0)], dtype)


@pytest.mark.parametrize("batched", [True, False], ids=["batched", "alone"])
def test_all_of_it_is_made_in_blocks(batched: bool) -> None:
    """No loop adds up an entry of a distance or of a slope by itself."""
    program = lower(parse(read_source(FILE))).programs["kernels"]
    tensors = frozenset({"x", "y"} if batched else ())
    derived = derive(program, Variant(("value", "gradient"), ("x", "y"), tensors))
    loops = schedule(derived, Products.EACH)
    items = [found for step in loops.steps for found in walk(step_items(step))]
    made = [item for item, _ in items if isinstance(item, Product)]
    assert len(made) == 5 and all(one.terms.is_of_differences for one in made)
    added = [around for item, around in items if isinstance(item, Accumulate)]
    assert added and not any(
        loop.index.dimension.name == "D" for around in added for loop in around
    )
