"""Recurrences of a batch side by side: against the other target, PyTorch, and the same for any threads."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from objc.targets.cpu import emit, loops, set_threads, sharing
from objc.targets.cpu.division import KEPT_ROWS, divided

import objc
from objc.compiler import Variant, derive, lower, parse
from objc.ir.program import Program
from objc.source import Source

FILE = Path(__file__).with_name("abreast.objc")
OURS = objc.compile(FILE)
SECOND = objc.compile(FILE, target="numpy")
TOLERANCE = {"float64": 1e-12, "float32": 1e-5}
SHARED = {
    "plain": 1, "gated": 5, "observed": 2, "scaled": 1, "own": 1, "both": 1, "layered": 1, "chances": 2,
    "symbols": 3,
}  # fmt: skip
"""The losses, and how many of their inputs all examples share."""
MULTIPLIED = [name for name in SHARED if name not in ("chances", "symbols", "both")]


def arguments(name: str, batch: int, dtype: str = "float64", steps: int = 5) -> list[Any]:
    drawn = np.random.default_rng(5)
    states, wide = 7, 3

    def real(*shape: int) -> Any:
        return (drawn.normal(size=shape) / np.sqrt(shape[-1])).astype(dtype)

    def square() -> Any:
        return real(states, states)

    x = [real(batch, steps, states)]
    match name:
        case "plain":
            return [square(), *x, real(batch, states)]
        case "gated":
            first = [square(), square(), square(), real(states, wide), real(states)]
            return [*first, real(batch, steps, wide), real(batch)]
        case "observed":
            return [square(), real(wide, states), real(batch, steps, wide)]
        case "scaled":
            return [abs(square()), abs(x[0]) + 0.1]
        case "own":
            return [square(), real(batch, states), *x, drawn.integers(1, steps + 1, batch)]
        case "both":
            return [square(), real(batch, states, states), *x]
        case "layered":
            return [real(2, states, states), *x]
        case "symbols":
            symbols = drawn.integers(0, wide, (batch, steps))
            return [real(states), square(), real(states, wide), symbols]
    return [real(states), square(), *x]


def entries(found: Any) -> list[Any]:
    return list(found) if isinstance(found, tuple) else [found]


def close(found: Any, expected: Any, dtype: str) -> None:
    largest = max(np.abs(other).max() for other in entries(expected))
    for one, other in zip(entries(found), entries(expected), strict=True):
        np.testing.assert_allclose(one, other, rtol=0, atol=TOLERANCE[dtype] * largest)


@pytest.mark.parametrize("name", [*MULTIPLIED, "symbols"])
def test_values_and_gradients_are_those_of_the_other_target(name: str) -> None:
    dtype = "float32" if name in ("scaled", "observed") else "float64"
    for batch in (2, 3, 133):
        given = arguments(name, batch, dtype)
        value, found = getattr(OURS, name).value_and_grad(*given)
        other, expected = getattr(SECOND, name).value_and_grad(*given)
        close(value, other, dtype)
        close(found, expected, dtype)


@pytest.mark.parametrize("name", ["plain", "gated", "own", "layered"])
def test_few_steps_are_all_ends(name: str) -> None:
    for steps in (1, 2, 3):
        given = arguments(name, 20, steps=steps)
        value, found = getattr(OURS, name).value_and_grad(*given)
        other, expected = getattr(SECOND, name).value_and_grad(*given)
        close(value, other, "float64")
        for one, another in zip(entries(found), entries(expected), strict=True):
            np.testing.assert_allclose(one, another, rtol=1e-11, atol=1e-13)


def test_between_the_ends_a_row_asks_for_no_step() -> None:
    """In loops over a row LLVM makes no vectors of several choices by the step."""
    lines = emit(derived("gated"), "float32").text.splitlines()
    steps = [place for place, line in enumerate(lines) if line.startswith(" " * 4 + "for step_t")]
    assert len(steps) == 2
    for first in steps:
        inner = [line.strip() for line in lines[first:] if line.startswith(" " * 20)]
        assert any(not re.search(r"\bif\b", line) and "sigmoid_32" in line for line in inner)


@pytest.mark.parametrize("name", ["plain", "own"])
def test_hessian_products_are_those_of_the_other_target(name: str) -> None:
    given = arguments(name, 20)
    vectors = [np.cos(3 * one) for one in given[: 2 if name == "own" else 1]]
    vector = tuple(vectors) if len(vectors) > 1 else vectors[0]
    found, expected = (
        getattr(one, name).hessian_vector_product(*given, vector=vector) for one in (OURS, SECOND)
    )
    close(found, expected, "float64")


def test_what_is_behind_a_length_changes_nothing() -> None:
    """Also where it is no number, which a product with zero would show."""
    w, b, x, length = arguments("own", 40)
    expected = OURS.own.value_and_grad(w, b, x, length)
    behind = np.arange(x.shape[1]) >= length[:, None]
    x[behind] = np.nan
    value, found = OURS.own.value_and_grad(w, b, x, length)
    assert value == expected[0]
    for one, other in zip(found, expected[1], strict=True):
        np.testing.assert_array_equal(one, other)


def test_a_largest_state_has_a_kernel() -> None:
    """What a state is the largest of is looked for in itself no further."""
    p, a, x = arguments("chances", 4)
    f = p - np.logaddexp.reduce(p) + x[:, 0]
    table = a - np.logaddexp.reduce(a, axis=1, keepdims=True)
    for t in range(1, x.shape[1]):
        f = np.logaddexp.reduce(f[:, :, None] + table, axis=1) + x[:, t]
    assert OURS.chances(p, a, x) == pytest.approx(-np.logaddexp.reduce(f, axis=1).mean(), rel=1e-13)


def test_gradients_are_those_of_pytorch() -> None:
    z, r, w, u, o, x, y = (torch.from_numpy(one).requires_grad_() for one in arguments("gated", 20))
    h = torch.tanh(x[:, 0] @ u.T)
    for t in range(1, x.shape[1]):
        keep, reset = torch.sigmoid(h @ z.T), torch.sigmoid(h @ r.T)
        h = (1 - keep) * h + keep * torch.tanh((reset * h) @ w.T + x[:, t] @ u.T)
    loss = ((h @ o - y) ** 2).mean()
    loss.backward()
    value, found = OURS.gated.value_and_grad(*arguments("gated", 20))
    assert value == pytest.approx(loss.item(), rel=1e-13)
    for one, expected in zip(found, (z, r, w, u, o), strict=True):
        np.testing.assert_allclose(one, expected.grad.numpy(), rtol=1e-11, atol=1e-14)


def derived(name: str) -> Program:
    lowered = lower(parse(Source(FILE.name, FILE.read_text()))).programs[name]
    own = lowered.inputs[SHARED[name] :]
    batched = frozenset(one.name for one in own)
    wrt = tuple(one.name for one in lowered.differentiable)
    return derive(lowered, Variant(("value", "gradient"), wrt, batched))


def shown(name: str) -> str:
    return str(loops(derived(name)))


@pytest.mark.parametrize("name", MULTIPLIED)
def test_steps_are_products_for_a_block_of_examples(name: str) -> None:
    """No sum with a matrix that all share is left within a loop over examples."""
    lines = shown(name).splitlines()
    assert any(line.lstrip().startswith("product ") and "t-1" in line for line in lines)
    nested = [line for line in lines if " sum= " in line and line.startswith(" " * 10)]
    assert not [line for line in nested if "*" in line]


@pytest.mark.parametrize("name", ["both", "chances"])
def test_other_steps_stay_as_they_are(name: str) -> None:
    assert "product" not in shown(name)


def test_a_choice_for_a_row_is_made_once_a_step() -> None:
    """Not for each entry of the row after it; and none is kept for the whole batch."""
    lines = shown("symbols").splitlines()
    assert any("choice_" in line and "if t - 1 == 0" in line for line in lines)
    assert not [line for line in lines if re.search(r" (sum|max)= .*if t - 1 == 0", line)]
    assert not [line for line in lines if line.startswith("kept choice_") and "batch" in line]


@pytest.mark.parametrize("name", ["plain", "observed"])
def test_the_same_bits_for_any_threads(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sharing, "ALWAYS", 0)
    given = arguments(name, 1000, "float32")
    found = []
    try:
        for threads in (1, 2, 3):
            set_threads(threads)
            value, gradient = getattr(OURS, name).value_and_grad(*given)
            found.append([np.asarray(value), *entries(gradient)])
    finally:
        set_threads(None)
    for other in found[1:]:
        for one, expected in zip(other, found[0], strict=True):
            np.testing.assert_array_equal(one, expected)


def test_what_a_block_keeps_does_not_grow_with_the_steps() -> None:
    work = ((10, ("T", "H", "H")),)
    step = ("batch", work, (("H", "H"),), True, (("T", "H"), ("T", "H"), ("H",)))
    for steps in (10, 1000, 100_000):
        found = divided(step, {"batch": 1 << 16, "T": steps, "H": 100})
        assert found.block == 16 or found.block * 2 * steps * 100 <= 1.5 * KEPT_ROWS
        assert found.blocks * found.block >= 1 << 16


@pytest.mark.parametrize(
    ("x", "h", "before"), [("t, i", "t, i", "t - 1, i"), ("i, t", "i, t", "i, t - 1")]
)
def test_slopes_by_the_sequence_lie_where_it_does(x: str, h: str, before: str) -> None:
    """A product makes one step of the slope by the sequence: its rows are as far apart as the examples
    are, and where the steps come last its columns are apart as well."""
    axes = "T, H" if x == "t, i" else "H, T"
    text = f"""
loss f(x: real[{axes}] | y: real[H]; learn w: real[H, H], learn u: real[H, H]) =
    sum[t, i]((h[{h}] - y[i])^2)
    where h[{h}] = if t == 0 then sum[d](u[i, d] * x[{x.replace("i", "d")}])
                   else tanh(sum[d](u[i, d] * x[{x.replace("i", "d")}])
                             + sum[j](w[i, j] * h[{before.replace("i", "j")}]))
"""
    ours, second = (objc.compile(text, target=one).f for one in ("cpu", "numpy"))
    drawn = np.random.default_rng(6)
    shape = (5, 7) if axes == "T, H" else (7, 5)
    given = [drawn.normal(size=(20, *shape)), drawn.normal(size=(20, 7))]
    given += [drawn.normal(size=(7, 7)) / 3 for _ in range(2)]
    wrt = ["x", "w", "u"]
    close(ours.gradient(*given, wrt=wrt), second.gradient(*given, wrt=wrt), "float64")
