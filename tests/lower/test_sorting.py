"""`argsort` and sorted reads, against NumPy and torch, by the interpreter and by every target."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from scipy.stats import wasserstein_distance

import objc
from objc.compiler import Variant, derive
from objc.ir.evaluate import evaluate
from objc.passes.lower import lower
from objc.source import Source
from objc.syntax import parse

RANDOM = np.random.default_rng(17)
TEXT = """
loss weighted(x: real[N] | w: real[N]) = sum[i](x[order[i]] * w[i]^2)
    where order = argsort(x)
loss rows(x: real[N, M] | y: real[N, M]) = mean[n](sum[i]((x[n, p[n, i]] - y[n, q[n, i]])^2))
    where p[n, i] = argsort(x[n])[i]
          q[n, i] = argsort[j](y[n, j])[i]
loss largest(x: real[N] | w: real[N]) = x[argsort[i](-w[i])[0]]^2 + x[argsort[i](-w[i])[1]]
loss twice(x: real[N] | y: real[N]) = sum[i](sin(x[by[i]]) * y[of[i]] * i)
    where by = argsort(y)
          of = argsort[i](x[by[i]])
loss before(x: real[N] | y: real[N, M]) = sum[n | n > 0](x[n] * exp(y[n-1, argsort(y[n-1])[0]]))
loss ranked(x: real[N] | y: real[N]) = sum[i](x[i]^2 * y[rank[i]])
    where order = argsort(y)
          rank = argsort(order)
function places(x: real[N])[i] = x[argsort(x)[i]]
"""
TARGETS = ["interpreter", "numpy", "cpu"]


def programs() -> Any:
    return lower(parse(Source("<text>", TEXT))).programs


def found(name: str, inputs: dict[str, Any], how: str) -> tuple[float, Any]:
    if how == "interpreter":
        program = derive(programs()[name], Variant(("value", "gradient"), ("x",)))
        values = evaluate(program, inputs)
        return float(values["value"]), values["gradient:x"]
    value, gradient = getattr(objc.compile(TEXT, target=how), name).value_and_grad(**inputs)
    return value, gradient


def weighted(x: Any, w: Any) -> Any:
    return (torch.sort(x, stable=True).values * w**2).sum()


def rows(x: Any, y: Any) -> Any:
    return ((torch.sort(x).values - torch.sort(y).values) ** 2).sum(1).mean()


def largest(x: Any, w: Any) -> Any:
    first, second = torch.argsort(-w, stable=True)[:2]
    return x[first] ** 2 + x[second]


def twice(x: Any, y: Any) -> Any:
    by = torch.argsort(y)
    of = torch.argsort(x[by])
    return (torch.sin(x[by]) * y[of] * torch.arange(len(x))).sum()


def ranked(x: Any, y: Any) -> Any:
    return (x**2 * y[torch.argsort(torch.argsort(y))]).sum()


def before(x: Any, y: Any) -> Any:
    return (x[1:] * torch.exp(y[:-1].min(1).values)).sum()


V, W = RANDOM.normal(size=7), RANDOM.normal(size=7)
TIES = np.array([2.0, 1, 2, 1, 1, 3, 2])
A, B = RANDOM.normal(size=(4, 5)), RANDOM.normal(size=(4, 5))
CASES = [
    (weighted, {"x": V, "w": W}), (weighted, {"x": TIES, "w": W}), (weighted, {"x": V[:1], "w": W[:1]}),
    (weighted, {"x": np.array([np.inf, 1, -np.inf, 0]), "w": np.array([0.0, 1, 0, 1])}),
    (rows, {"x": A, "y": B}), (largest, {"x": V, "w": TIES}), (twice, {"x": V, "y": W}),
    (before, {"x": V[:4], "y": A}), (ranked, {"x": V, "y": W}),
]  # fmt: skip


@pytest.mark.parametrize("how", TARGETS)
@pytest.mark.parametrize(("function", "inputs"), CASES)
def test_against_torch(function: Any, inputs: dict[str, Any], how: str) -> None:
    x = torch.tensor(inputs["x"], requires_grad=True)
    wanted = function(x, *(torch.tensor(one) for name, one in inputs.items() if name != "x"))
    wanted.backward()
    value, gradient = found(function.__name__, inputs, how)
    np.testing.assert_allclose(value, wanted.item(), rtol=1e-12)
    assert x.grad is not None
    np.testing.assert_allclose(gradient, x.grad.numpy(), rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("how", ["numpy", "cpu"])
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_places(how: str, dtype: str) -> None:
    x = RANDOM.integers(0, 40, size=(3, 100)).astype(dtype)
    kernel = objc.compile(TEXT, target=how).places
    np.testing.assert_array_equal(kernel(x), np.sort(x))
    x[1, 7] = np.nan
    np.testing.assert_array_equal(kernel(x), np.sort(x))


def test_a_batch_sorts_each_of_its_examples() -> None:
    x, w = RANDOM.normal(size=(6, 5)), RANDOM.normal(size=5)
    for how in ("numpy", "cpu"):
        kernel = objc.compile(TEXT, target=how).weighted
        np.testing.assert_allclose(kernel.per_example(x, w), np.sort(x) @ w**2, rtol=1e-12)


def test_the_order_is_made_once() -> None:
    program = programs()["weighted"]
    assert [let.reduction for let in program.lets] == ["argsort", "sum"]
    order = program.lets[0]
    assert str(order) == "order[n:N] := argsort[n_1:N] x[n_1]"
    assert order.domain.is_integer


@pytest.mark.parametrize("how", ["numpy", "cpu"])
def test_wasserstein_in_one_dimension(how: str) -> None:
    """`wasserstein_1d` of the library, against SciPy."""
    text = (
        "use divergence (wasserstein_1d)\nloss f(x: real[N] | y: real[N]) = wasserstein_1d(x | y)\n"
    )
    x, y = RANDOM.normal(size=(5, 50)), RANDOM.normal(1, 2, size=(5, 50))
    found = objc.compile(text, target=how).f.per_example(x, y)
    wanted = [wasserstein_distance(a, b) for a, b in zip(x, y, strict=True)]
    np.testing.assert_allclose(found, wanted, rtol=1e-12)


@pytest.mark.parametrize("how", ["numpy", "cpu"])
def test_sorted_quantiles(how: str) -> None:
    """The superquantile (Rockafellar and Uryasev 2000): the mean of the worst tenth."""
    text = (
        "loss cvar(x: real[N]; tail: probability = 0.1) =\n"
        "    sum[i | i >= (1 - tail) * N](x[order[i]]) / count[i](i >= (1 - tail) * N)\n"
        "    where order = argsort(x)\n"
    )
    x = RANDOM.normal(size=(4, 40))
    kernel = objc.compile(text, target=how).cvar
    np.testing.assert_allclose(kernel.per_example(x), np.sort(x)[:, -4:].mean(1), rtol=1e-12)
    value, gradient = kernel.value_and_grad(x, tail=0.25)
    assert value == pytest.approx(np.sort(x)[:, -10:].mean())
    assert ((gradient > 0).sum(1) == 10).all()
