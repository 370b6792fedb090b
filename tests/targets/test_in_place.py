"""Sums up to each place of a row: nothing is sorted, and one number is added for each entry."""

from __future__ import annotations

import numpy as np
import pytest

import objc
from objc.compiler import Variant, derive, emit, lower, parse
from objc.schedule import schedule
from objc.schedule.cost import operations
from objc.schedule.loops import Ordered, step_items, walk
from objc.schedule.rows import with_orders
from objc.source import Source

CONDITIONS = {
    "<=": np.tril,
    "<": lambda a: np.tril(a, -1),
    ">=": np.triu,
    ">": lambda a: np.triu(a, 1),
}


def orders(guard: str) -> list[Ordered]:
    text = f"loss f(x: real[T]) = sum[t](sum[u | {guard}](x[u])^2)"
    program = lower(parse(Source("f.objc", text))).programs["f"]
    derived = derive(program, Variant(("value", "gradient"), ("x",), frozenset("x")))
    loops = schedule(with_orders(derived), in_place=True)
    items = (item for step in loops.steps for item, _ in walk(step_items(step)))
    return [one for one in items if isinstance(one, Ordered)]


@pytest.mark.parametrize("guard", ["u <= t", "u < t", "u >= t", "t > u", "u <= t and u > 2"])
def test_nothing_is_sorted_by_its_place(guard: str) -> None:
    found = orders(guard)
    assert len(found) == 2 and all(one.ordering.is_in_place for one in found)


@pytest.mark.parametrize("guard", ["x[u] <= x[t]", "x[u] < x[t]"])
def test_what_has_keys_is_sorted_by_them(guard: str) -> None:
    assert any(one.ordering.is_order for one in orders(guard))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("sign", CONDITIONS)
def test_the_sums_are_those_of_a_triangle(sign: str, dtype: str) -> None:
    kernel = objc.compile(
        f"loss f(x: real[T] | y: real[T]) = sum[t]((sum[u | u {sign} t](x[u]) - y[t])^2)"
    )["f"]
    rng = np.random.default_rng(5)
    for size in (1, 2, 5, 63, 64, 100):
        x, y = rng.normal(size=(2, 3, size)).astype(dtype)
        triangle = CONDITIONS[sign](np.ones((size, size)))
        residual = x.astype("float64") @ triangle.T - y
        value, gradient = kernel.value_and_grad(x, y)
        tolerance = 1e-5 if dtype == "float32" else 1e-12
        assert value == pytest.approx((residual**2).sum(1).mean(), rel=tolerance)
        expected = 2 * residual @ triangle / 3
        np.testing.assert_allclose(
            gradient, expected, rtol=tolerance, atol=tolerance * np.abs(expected).max()
        )


def test_a_long_sum_loses_no_digits() -> None:
    """It is held in float64, as along any order."""
    kernel = objc.compile("loss f(x: real[T]) = max[t](sum[u | u <= t](x[u]))")["f"]
    x = np.full((1, 300_000), 0.1, "float32")
    assert kernel(x) == pytest.approx(300_000 * float(x[0, 0]), rel=1e-7)


def test_what_is_no_number_reaches_all_that_follow() -> None:
    kernel = objc.compile("function f(x: real[T])[t] = sum[u | u <= t](x[u])")["f"]
    x = np.array([1.0, np.nan, 2.0])
    np.testing.assert_array_equal(kernel(x), [1.0, np.nan, np.nan])


def test_an_entry_costs_one_sum() -> None:
    text = "function f(x: real[T])[t] = sum[u | u <= t](x[u])"
    program = lower(parse(Source("f.objc", text))).programs["f"]
    rows = with_orders(derive(program, Variant(("result",), (), frozenset("x"))))
    loops = schedule(rows, in_place=True)
    assert sum(operations(step).get(("T",), 0) for step in loops.steps) <= 2


def test_a_target_that_does_not_sort_compares() -> None:
    text = "loss f(x: real[T]) = sum[t](sum[u | u <= t](x[u])^2)"
    program = lower(parse(Source("f.objc", text))).programs["f"]
    variant = Variant(("value", "gradient"), ("x",), frozenset("x"))
    for target in ("cuda", "numpy"):
        assert "running" not in emit(program, variant, target, "float32").text
