"""Recurrences in the targets: their derivatives, their edges, their memory, the same bits for any
number of threads. What they compute is held to the interpreter where all cases of `programs` are."""

from __future__ import annotations

import tracemalloc
from typing import Any

import numpy as np
import pytest
import sympy
from objc.targets.cpu import driver

import objc
from objc.compiler import Variant, derive, lower, parse
from objc.ir.domain import Domain
from objc.ir.evaluate import evaluate
from objc.ir.index import Dimension, Index, Position, at
from objc.ir.program import Input, Let, Program
from objc.ir.symbols import IndexValue
from objc.source import Source
from objc.target import load

from .. import programs
from ..passes import oracle
from . import running

CASES = {case.name: case for case in programs.recurrences()}
TARGETS = ("cpu", "numpy")


@pytest.fixture(params=TARGETS)
def target(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setattr(running, "TARGET", load(request.param))
    return str(request.param)


def gradients(name: str, inputs: dict[str, Any], dtype: str = "float64") -> dict[str, Any]:
    case = CASES[name]
    batched = oracle.batched_inputs(case.program, inputs)
    program = derive(case.program, Variant(("value", "gradient"), case.wrt, batched))
    return running.run(program, {**inputs, "scale": 1.0} if batched else inputs, dtype)


@pytest.mark.parametrize("name", ["advantage", "mutual", "warped", "aligned", "followed"])
def test_gradients_are_those_of_finite_differences(name: str, target: str) -> None:
    case = CASES[name]
    inputs = {key: value[:2] for key, value in case.inputs(np.random.default_rng(3)).items()}
    if name in ("warped", "aligned"):
        inputs = case.inputs(np.random.default_rng(3))
    found = gradients(name, inputs)
    for one in case.wrt:
        expected = oracle.gradient(case.program, inputs, one)
        np.testing.assert_allclose(found[f"gradient:{one}"], expected, rtol=1e-11, atol=1e-12)


def test_second_derivatives_go_the_way_of_the_steps(target: str) -> None:
    """Weights that grow as the square of a size are made again where a recurrence reads them, which runs
    the other way."""
    case = CASES["chain"]
    inputs = case.inputs(np.random.default_rng(5))
    batched = oracle.batched_inputs(case.program, inputs)
    program = derive(case.program, Variant(("hessian_vector_product",), case.wrt, batched))
    vectors = {f"vector_{name}": np.cos(3 * inputs[name]) for name in case.wrt}
    given = {**inputs, **vectors, "scale": 1.0}
    found = running.run(program, given, "float64")
    for key, value in evaluate(program, given).items():
        np.testing.assert_allclose(found[key], value, rtol=1e-11, atol=1e-12, err_msg=key)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_one_step(dtype: str, target: str) -> None:
    inputs = {
        "emission": np.array([[[1.0, 2.0]], [[0.5, -1.0]]]), "transition": np.eye(2),
        "tag": np.array([[0], [1]]), "length": np.array([1, 1]),
    }  # fmt: skip
    found = gradients("chain", inputs, dtype)
    logits = inputs["emission"][:, 0]
    p = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    assert found["value"] == pytest.approx(-np.log(p[[0, 1], [0, 1]]).sum(), rel=1e-6)
    expected = (p - np.eye(2))[:, None]
    np.testing.assert_allclose(found["gradient:emission"], expected, rtol=1e-6)
    assert not found["gradient:transition"].any()


def test_nothing_behind_the_length_matters(target: str) -> None:
    inputs = CASES["chain"].inputs(np.random.default_rng(5))
    expected = gradients("chain", inputs)
    behind = np.arange(5) >= inputs["length"][:, None]
    inputs["emission"][behind] = np.nan
    inputs["tag"][behind] = 1 << 40
    found = gradients("chain", inputs)
    for key, value in expected.items():
        np.testing.assert_array_equal(found[key], value)


def test_a_bad_place_that_is_taken_is_told(target: str) -> None:
    from objc.target import IndexOutOfRange

    inputs = CASES["followed"].inputs(np.random.default_rng(5))
    inputs["before"][1, 2, 0] = 7
    with pytest.raises(IndexOutOfRange) as caught:
        gradients("followed", inputs)
    assert (caught.value.tensor, caught.value.value, caught.value.extent) == ("h", 7, 3)


def chain(length: int, batch: int, tags: int) -> dict[str, Any]:
    random = np.random.default_rng(1)
    return {
        "emission": random.normal(size=(batch, length, tags)),
        "transition": random.normal(size=(tags, tags)),
        "tag": random.integers(0, tags, (batch, length)),
        "length": random.integers(1, length + 1, batch),
    }


def test_long_chains_in_little_memory(target: str) -> None:
    """500 steps of 512 examples, against a loop in NumPy; memory beside the results is a few rows of
    an example (cpu), or the tensors of the recurrence and blocks of what is summed (numpy)."""
    inputs = chain(500, 512, 4)
    tracemalloc.start()
    try:
        found = gradients("chain", inputs)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < (4 if target == "cpu" else 20) * inputs["emission"].nbytes
    x, transition = inputs["emission"], inputs["transition"]
    alpha, rows = x[:, 0], np.arange(512)
    score = x[rows, 0, inputs["tag"][:, 0]]
    for t in range(1, 500):
        here = (t < inputs["length"])[:, None]
        following = x[:, t] + np.logaddexp.reduce(alpha[:, :, None] + transition, axis=1)
        tag, before = inputs["tag"][:, t], inputs["tag"][:, t - 1]
        score += np.where(here[:, 0], x[rows, t, tag] + transition[before, tag], 0)
        alpha = np.where(here, following, alpha)
    expected = (np.logaddexp.reduce(alpha, axis=1) - score).sum()
    assert found["value"] == pytest.approx(expected, rel=1e-12)
    marginals = found["gradient:emission"] + np.eye(4)[inputs["tag"]]
    present = np.arange(500) < inputs["length"][:, None]
    np.testing.assert_allclose(marginals.sum(2)[present], 1, rtol=1e-9)
    assert not found["gradient:emission"][~present].any()


@pytest.mark.usefixtures("small_chunks")
@pytest.mark.parametrize("name", ["chain", "warped", "recurrent"])
def test_the_same_bits_for_any_number_of_threads(name: str) -> None:
    inputs = CASES[name].inputs(np.random.default_rng(2))
    found = []
    for threads in (1, 2, 3):
        driver.set_threads(threads)
        found.append(gradients(name, inputs))
    for key, value in found[0].items():
        assert all(np.array_equal(value, other[key]) for other in found[1:])


def test_an_iteration_as_long_as_a_hyperparameter_says(target: str) -> None:
    text = (
        "loss f(x: real[N], w: real[N, N]; steps: count = 3) = sum[i](a[steps, i]^2)\n"
        "    where a[0, i] = x[i]\n"
        "          a[n, i] = tanh(sum[j](w[i, j] * a[n-1, j]))\n"
    )
    program = lower(parse(Source("<text>", text))).programs["f"]
    variant = Variant(("value", "gradient"), ("x", "w"), frozenset({"x"}))
    derived = derive(program, variant)
    random = np.random.default_rng(4)
    inputs = {"x": random.normal(size=(3, 4)), "w": random.normal(size=(4, 4)), "scale": 0.5}
    for steps in (0, 1, 6):
        expected = evaluate(derived, {**inputs, "steps": steps})
        found = running.run(derived, {**inputs, "steps": steps}, "float64")
        for key, value in expected.items():
            np.testing.assert_allclose(found[key], value, rtol=1e-12, atol=1e-13)


# ------------------------------------------------------------------ what a guard keeps unread

N, K = Dimension("N"), Dimension("K")
i, j, k = Index("i", N), Index("j", K), Index("k", K)
x = Input("x", (N, K), Domain("real"), "data")


@pytest.mark.parametrize("reduction", ["sum", "prod", "max", "min", "argmax"])
@pytest.mark.parametrize("place", [at(i, -1), Position(None, 5)])
def test_what_a_guard_on_free_indices_leaves_out_is_not_read(
    reduction: str, place: Position, target: str
) -> None:
    domain = Domain("index", dimension=K) if reduction == "argmax" else Domain("real")
    guard = IndexValue(i) > 0 if place.base is not None else IndexValue(i) > 9
    let = Let("s", (i,), x.read(place, j), reduction, (j,), guard, domain)
    running.agree(
        Program("f", (x,), (let,), {"result": "s"}, "function"), {"x": np.arange(6.0).reshape(3, 2)}
    )


def test_axes_of_an_accumulator_are_apart_from_the_loops_around(target: str) -> None:
    """A let whose axis has the name of another let's loop that it joins."""
    a, b = Input("a", (K,), Domain("real"), "data"), Input("b", (N, K), Domain("real"), "data")
    first = Let("r", (k,), sympy.exp(a.read(k)))
    body = first.read(j) * b.read(i, k) * (a.read(k) + 1) + sympy.exp(b.read(i, k))
    second = Let("s", (j, k), body, "sum", (i,))
    program = Program("f", (a, b), (first, second), {"result": "s"}, "function")
    inputs = {"a": np.arange(3.0) / 3, "b": np.arange(12.0).reshape(4, 3) / 10}
    running.agree(program, inputs)


STATES = """
loss of_unit(x: real[N, D]) = sum[d](h[N-1, d])
    where h[0, d] = x[0, d]
          h[t, d] = x[t, d] + h[t-1, d] / norm(h[t-1])
loss of_way(x: real[N, D]) = sum[d](h[N-1, d])
    where h[0, d] = x[0, d]
          h[t, d] = h[t-1, d] / sqrt(1 + sum[e]((x[t, e] - h[t-1, e])^2))
"""


@pytest.mark.parametrize("target", ["cpu", "numpy"])
@pytest.mark.parametrize("name", ["of_unit", "of_way"])
def test_lengths_of_the_state_of_a_recurrence(name: str, target: str) -> None:
    """The sum of squares below the root is no part of the step any more."""
    kernel = getattr(objc.compile(STATES, target=target), name)

    def value(x: Any) -> Any:
        h = x[0]
        for now in x[1:]:
            length = np.linalg.norm(now - h)
            h = now + h / np.linalg.norm(h) if name == "of_unit" else h / np.hypot(1, length)
        return h.sum()

    x = np.random.default_rng(0).normal(size=(5, 3))
    found, slope = kernel.value_and_grad(x)
    assert found == pytest.approx(value(x), rel=1e-14)
    along = np.random.default_rng(1).normal(size=x.shape)
    moved = (value(x + 1e-5 * along) - value(x - 1e-5 * along)) / 2e-5
    assert (slope * along).sum() == pytest.approx(moved, rel=1e-8)
