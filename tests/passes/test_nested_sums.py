"""Sums over two indices that have a product of matrices in them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from objc.targets.cpu.emission import scheduled

import objc
from objc.compiler import Variant, derive, lower, parse
from objc.ir.program import Program
from objc.schedule.loops import Product, walk
from objc.source import Source

TEXT = """
loss form(A: real[D, D], m: real[D] | x: real[D]) = sum[i, j]((x[i] - m[i]) * A[i, j] * (x[j] - m[j]))
loss matched(u: real[D], A: real[D, E] | v: real[E], y: sign) =
    log(1 + exp(-y * sum[i, j](u[i] * A[i, j] * v[j])))
loss gated(A: real[D, D] | x: real[D]) = sum[i, j](tanh(x[i]) * A[i, j] * exp(-x[j]^2)) / D
loss apart(A: real[D, D] | x: real[D]) = sum[i, j | i != j](x[i] * A[i, j] * x[j])
loss turned(A: real[3, 3] | x: real[3]) = sum[i, j](x[i] * A[i, j] * x[j])
"""
SLICES = """
loss parallel(a: real[I, R], b: real[J, R], c: real[L, R] | x: real[I, J, L]) =
    sum[i, j, k]((sum[r](a[i, r] * b[j, r] * c[k, r]) - x[i, j, k])^2)
loss heads(q: real[I, N, D], k: real[I, M, D] | t: real[I, N, M]) =
    sum[h, i, j]((sum[d](q[h, i, d] * k[h, j, d]) - t[h, i, j])^2)
loss running(w: real[D, R] | x: real[I, N, D]) = sum[t, n, r](sum[d](h[t, n, d] * w[d, r])^2)
    where h[0, n, d] = x[0, n, d]
          h[t, n, d] = h[t-1, n, d] / 2 + x[t, n, d]
"""
SIZES = {"I": 10, "J": 12, "L": 9, "R": 11, "N": 13, "M": 14, "D": 15}
SHARED = ["form", "matched", "gated"]


def _derived(name: str, *shared: str) -> Program:
    program = lower(parse(Source("text", TEXT))).programs[name]
    wrt = tuple(one.name for one in program.differentiable)
    batched = frozenset(one.name for one in program.inputs) - set(shared)
    return derive(program, Variant(("value", "gradient"), wrt, batched))


def _over_two(program: Program) -> list[str]:
    return [let.name for let in program.lets if len(let.over) > 1]


@pytest.mark.parametrize("name", SHARED)
def test_a_form_of_all_examples_is_a_product(name: str) -> None:
    program = _derived(name, "A", "m")
    assert not _over_two(program)
    along = [let for let in program.lets if let.over and len({*let.free, *let.over}) == 3]
    assert len(along) <= 3  # with A, with its transpose, and its slope


@pytest.mark.parametrize(("name", "shared"), [("form", ()), ("apart", ("A",)), ("turned", ("A",))])
def test_what_is_no_product_stays(name: str, shared: tuple[str, ...]) -> None:
    assert len(_over_two(_derived(name, *shared))) == 1


def _expected(name: str, A: Any, x: Any, m: Any, u: Any, y: Any) -> Any:
    if name == "form":
        return np.einsum("ni,ij,nj->n", x - m, A, x - m)
    if name == "matched":
        return np.log1p(np.exp(-y * np.einsum("ni,ij,nj->n", u, A, x)))
    return np.einsum("ni,ij,nj->n", np.tanh(x), A, np.exp(-(x**2))) / x.shape[1]


@pytest.mark.parametrize("name", SHARED)
def test_values_and_slopes(name: str) -> None:
    drawn = np.random.default_rng(6)
    A, m = drawn.normal(size=(11, 11)), drawn.normal(size=11)
    x, u = drawn.normal(size=(2, 37, 11))
    y = np.sign(drawn.normal(size=37))
    kernel = getattr(objc.compile(TEXT), name)
    given = {"form": (A, m, x), "matched": (u, A, x, y), "gated": (A, x)}[name]
    np.testing.assert_allclose(
        kernel.per_example(*given), _expected(name, A, x, m, u, y), rtol=1e-11, atol=1e-12
    )
    slope = kernel.gradient(*given, wrt="A", reduction="sum")
    for i, j in [(0, 0), (3, 8), (10, 2)]:
        ends = []
        for step in (1e-5, -1e-5):
            moved = A.copy()
            moved[i, j] += step
            ends.append(_expected(name, moved, x, m, u, y).sum())
        assert slope[i, j] == pytest.approx((ends[0] - ends[1]) / 2e-5, rel=1e-6)


def _of_slices(name: str, arrays: list[Any]) -> float:
    if name == "parallel":
        *factors, x = arrays
        return float(((np.einsum("ir,jr,kr->ijk", *factors) - x) ** 2).sum())
    if name == "heads":
        q, k, t = arrays
        return float(((q @ k.swapaxes(1, 2) - t) ** 2).sum())
    w, x = arrays
    h, total = 0 * x[0], 0.0
    for one in x:
        h = h / 2 + one
        total += float(((h @ w) ** 2).sum())
    return total


def _sliced(name: str) -> tuple[Program, list[Any]]:
    drawn = np.random.default_rng(7)
    program = lower(parse(Source("text", SLICES))).programs[name]
    shapes = [[SIZES[axis.name] for axis in one.dimensions] for one in program.inputs]
    return program, [drawn.normal(size=shape) for shape in shapes]


@pytest.mark.parametrize(("name", "products"), [("parallel", 3), ("heads", 3), ("running", 0)])
def test_slices_are_multiplied(name: str, products: int) -> None:
    """What runs step by step is not made of slices: these would be its steps."""
    program, _ = _sliced(name)
    wrt = tuple(one.name for one in program.differentiable)
    loops = scheduled(derive(program, Variant(("value", "gradient"), wrt, alone=True)), "float32")
    found = [
        item for step in loops.steps for item, _ in walk(step.items) if isinstance(item, Product)
    ]
    assert len(found) == products
    assert not [one for one in loops.storage.values() if one.kind == "stored" and products]


@pytest.mark.parametrize("name", ["parallel", "heads", "running"])
@pytest.mark.parametrize("batch", [(), (3,)])
def test_slices_are_what_they_were(name: str, batch: tuple[int, ...]) -> None:
    program, arrays = _sliced(name)
    kernel = getattr(objc.compile(SLICES), name)
    given = [np.stack([(n + 1) * one for n in range(*batch)]) if batch else one for one in arrays]
    wrt = tuple(one.name for one in program.differentiable)
    value, slopes = kernel.value_and_grad(*given, wrt=wrt, reduction="sum")
    parts = [[one[n] for one in given] for n in range(*batch)] if batch else [given]
    assert value == pytest.approx(sum(_of_slices(name, part) for part in parts), rel=1e-12)
    moves = [np.cos(np.arange(one.size)).reshape(one.shape) for one in given[: len(wrt)]]
    ends = []
    for step in (1e-5, -1e-5):
        moved = [one + step * move for one, move in zip(given, moves, strict=False)]
        moved += given[len(wrt) :]
        parts = [[one[n] for one in moved] for n in range(*batch)] if batch else [moved]
        ends.append(sum(_of_slices(name, part) for part in parts))
    slopes = slopes if isinstance(slopes, tuple) else (slopes,)
    found = sum((slope * move).sum() for slope, move in zip(slopes, moves, strict=True))
    assert found == pytest.approx((ends[0] - ends[1]) / 2e-5, rel=1e-6)
