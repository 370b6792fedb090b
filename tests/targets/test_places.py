"""Places that are made of indices, such as `t - k`: written where they are read, and loops that begin where
they lie."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from objc.targets.cpu.emission import scheduled

import objc
from objc import target
from objc.compiler import Variant, derive, lower, parse
from objc.ir.program import Program
from objc.schedule import schedule
from objc.source import Source

TEXT = """
loss shifted(x: real[T], w: real[K] | y: real[T]) =
    sum[t | t >= K]((sum[k](w[k] * x[t-k]) - y[t])^2)
loss causal(x: real[T], w: real[K] | y: real[T]) =
    sum[t]((sum[k | t - k >= 0](w[k] * x[t-k]) - y[t])^2)
loss plane(x: real[H, W], w: real[A, B] | y: real[H, W]) =
    sum[i, j | i >= A and j >= B]((sum[a, b](w[a, b] * x[i-a, j-b]) - y[i, j])^2)
loss strided(x: real[T], w: real[K] | y: real[N]) =
    sum[n | 2*n + K < T]((sum[k](w[k] * x[2*n+k]) - y[n])^2)
loss beyond(x: real[T], w: real[K] | y: real[T]) = sum[t](y[t] * sum[k](w[k] * x[t+k])^2)
"""
SIZES = {"T": 23, "K": 4, "H": 9, "W": 31, "A": 3, "B": 2, "N": 12}
NAMES = ["shifted", "causal", "plane", "strided"]


def _derived(name: str, batched: bool) -> Program:
    program = lower(parse(Source("text", TEXT))).programs[name]
    wrt = tuple(one.name for one in program.differentiable)
    inputs = frozenset(one.name for one in program.inputs) if batched else frozenset()
    return derive(program, Variant(("value", "gradient"), wrt, inputs, alone=not batched))


def _arrays(name: str) -> dict[str, Any]:
    drawn = np.random.default_rng(5)
    program = lower(parse(Source("text", TEXT))).programs[name]
    return {
        one.name: drawn.normal(size=[SIZES[axis.name] for axis in one.dimensions])
        for one in program.inputs
    }


def _value(name: str, x: Any, w: Any, y: Any) -> float:
    total = 0.0
    if name == "plane":
        for i in range(w.shape[0], x.shape[0]):
            for j in range(w.shape[1], x.shape[1]):
                own = sum(w[a, b] * x[i - a, j - b] for a, b in np.ndindex(*w.shape))
                total += (own - y[i, j]) ** 2
        return total
    for t in range(len(y)):
        if name == "strided":
            if 2 * t + len(w) < len(x):
                total += (w @ x[2 * t : 2 * t + len(w)] - y[t]) ** 2
        elif name == "causal" or t >= len(w):
            own = sum(w[k] * x[t - k] for k in range(len(w)) if t >= k)
            total += (own - y[t]) ** 2
    return total


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("batched", [False, True])
def test_places_are_not_stored(name: str, batched: bool) -> None:
    loops = scheduled(_derived(name, batched), "float32")
    whole = [one.name for one in loops.program.lets if one.domain.is_integer and len(one.free) > 1]
    assert whole
    assert {loops.storage[one].kind for one in whole} == {"written"}


@pytest.mark.parametrize("name", NAMES)
def test_places_that_the_loops_allow_are_not_asked_for(name: str) -> None:
    text = target.load("cpu").emit(_derived(name, False), "float32").text
    assert "inside(" not in text


def test_the_inner_loop_runs_along_a_row_from_its_first_place() -> None:
    text = target.load("cpu").emit(_derived("plane", False), "float32").text
    assert text.count("for i_j in range(max(0, n_B), n_W):") == 2
    assert "if (lo + i_i) >= n_A:" in text
    assert "position" in str(schedule(_derived("plane", False)))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", NAMES)
def test_values_and_slopes(name: str, dtype: str) -> None:
    arrays = _arrays(name)
    given = {key: one.astype(dtype) for key, one in arrays.items()}
    kernel = getattr(objc.compile(TEXT), name)
    value, slopes = kernel.value_and_grad(**given)
    rtol = 1e-5 if dtype == "float32" else 1e-12
    assert value == pytest.approx(_value(name, **arrays), rel=rtol)
    for key, slope in zip(("x", "w"), slopes, strict=True):
        moved = np.random.default_rng(1).normal(size=slope.shape)
        ends = [_value(name, **arrays | {key: arrays[key] + e * moved}) for e in (1e-3, -1e-3)]
        expected = (
            ends[0] - ends[1]
        ) / 2e-3  # the loss is a polynomial of the fourth degree at most
        assert (slope * moved).sum() == pytest.approx(expected, rel=max(rtol, 1e-8) * 10)


def test_loops_that_end_before_they_begin() -> None:
    arrays = _arrays("plane") | {"w": np.ones((3, 40))}
    value, slopes = objc.compile(TEXT).plane.value_and_grad(**arrays)
    assert value == 0 and not any(one.any() for one in slopes)


def test_a_place_outside_is_still_said() -> None:
    arrays = _arrays("beyond")
    with pytest.raises(objc.ObjcError):
        objc.compile(TEXT).beyond(**arrays)
