"""The meaning of the language, against plain NumPy and mpmath."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import mpmath
import numpy as np
import pytest
import sympy
from hypothesis import given
from hypothesis import strategies as st

from objc.atoms import Branch
from objc.ir.domain import Domain
from objc.ir.evaluate import evaluate, evaluate_each
from objc.ir.index import BATCH, Dimension, Index, Position, at
from objc.ir.numbers import Arbitrary, Float64
from objc.ir.program import Input, Let, Program
from objc.ir.symbols import Extent, IndexValue
from objc.target import IndexOutOfRange

K, N = Dimension("K"), Dimension("N")
k, n = Index("k", K), Index("n", N)
x = Input("x", (K,), Domain("real"), "differentiable")
y = Input("y", (), Domain("index", dimension=K), "data")
matrix = Input("a", (N, K), Domain("real"), "differentiable")


def run(inputs: tuple[Input, ...], *lets: Let, precision: int | None = None, **given: Any) -> Any:
    program = Program("p", inputs, lets, {"result": lets[-1].name}, "function")
    return evaluate(program, given, precision)["result"]


def reduced(name: str, values: Any, guard: Any = sympy.true, precision: int | None = None) -> Any:
    integer = name.startswith("arg")
    domain = Domain("index", dimension=K) if integer else Domain("real")
    let = Let("r", (), x.read(k), name, (k,), guard, domain)
    return run((x,), let, precision=precision, x=values)


EXPECTED = {
    "sum": np.sum,
    "mean": np.mean,
    "prod": np.prod,
    "max": np.max,
    "min": np.min,
    "logsumexp": lambda v: np.log(np.sum(np.exp(v))),
    "norm": np.linalg.norm,
    "argmax": np.argmax,
    "argmin": np.argmin,
    "any": lambda v: float(np.any(v != 0)),
    "all": lambda v: float(np.all(v != 0)),
    "count": np.count_nonzero,
}
OVER_NOTHING = {
    "sum": 0, "mean": math.nan, "prod": 1, "max": -math.inf, "min": math.inf,
    "logsumexp": -math.inf, "norm": 0, "argmax": -1, "argmin": -1, "any": 0, "all": 1, "count": 0,
}  # fmt: skip


@pytest.mark.parametrize("precision", [None, 40])
@pytest.mark.parametrize("name", EXPECTED)
def test_reductions(name: str, precision: int | None) -> None:
    values = np.array([0.3, -1.2, 2.5, 0.0, 2.5, -1.2])
    assert float(reduced(name, values, precision=precision)) == pytest.approx(
        EXPECTED[name](values)
    )
    guarded = reduced(name, values, sympy.Ge(IndexValue(k), 3), precision)
    expected = EXPECTED[name](values[3:]) + (3 if name.startswith("arg") else 0)
    assert float(guarded) == pytest.approx(expected)


@pytest.mark.parametrize("precision", [None, 40])
@pytest.mark.parametrize("name", OVER_NOTHING)
def test_over_nothing(name: str, precision: int | None) -> None:
    for found in (reduced(name, [], precision=precision), reduced(name, [1.0], x.read(k) > 2)):
        assert float(found) == pytest.approx(OVER_NOTHING[name], nan_ok=True)


@given(st.lists(st.floats(-1e300, 1e300) | st.just(-math.inf), min_size=1, max_size=6))
def test_logsumexp_is_accurate_and_never_overflows(values: list[float]) -> None:
    found = reduced("logsumexp", values)
    exact = reduced("logsumexp", values, precision=30)
    assert found == pytest.approx(float(exact), rel=1e-15, abs=1e-15)


@given(st.lists(st.floats(allow_nan=False, width=64), min_size=1, max_size=5))
def test_norm_neither_overflows_nor_vanishes(values: list[float]) -> None:
    assert reduced("norm", values) == pytest.approx(math.hypot(*values), rel=1e-14)


@pytest.mark.parametrize("name", ["sum", "max", "min", "logsumexp", "norm", "mean", "prod"])
def test_nan_spreads(name: str) -> None:
    assert math.isnan(reduced(name, [1.0, math.nan, math.inf]))
    assert mpmath.isnan(reduced(name, [1.0, math.nan, math.inf], precision=20))


def test_a_branch_not_taken_is_not_read() -> None:
    previous = x.read(at(k, -1))
    let = Let("r", (k,), Branch(IndexValue(k) > 0, x.read(k) - previous, x.read(k)))
    np.testing.assert_array_equal(run((x,), let, x=[1.0, 4.0, 9.0]), [1, 3, 5])


def test_a_conjunction_reads_its_later_parts_only_where_the_earlier_hold() -> None:
    guard = sympy.And(x.read(at(k, -1)) > 0, IndexValue(k) > 0)
    let = Let("r", (), sympy.Integer(1), "sum", (k,), guard)
    assert run((x,), let, x=[1.0, -1.0, 2.0]) == 1


def test_a_disjunction_reads_its_later_parts_only_where_the_earlier_fail() -> None:
    guard = sympy.Or(x.read(at(k, -1)) > 0, sympy.Le(IndexValue(k), 0))
    let = Let("r", (), sympy.Integer(1), "sum", (k,), guard)
    assert run((x,), let, x=[1.0, -1.0, 2.0]) == 2


def test_a_fault_belongs_to_whoever_takes_it() -> None:
    shifted = Let("s", (k,), x.read(at(k, -1)))
    taken = Let("r", (), shifted.read(k), "sum", (k,), IndexValue(k) > 0)
    assert run((x,), shifted, taken, x=[1.0, 2.0, 4.0]) == 3
    with pytest.raises(IndexOutOfRange):
        run((x,), shifted, Let("r", (), shifted.read(k), "sum", (k,)), x=[1.0, 2.0, 4.0])


def test_positions_are_checked() -> None:
    batched = Input("labels", (BATCH,), Domain("index", dimension=K), "data")
    example = Index("n", BATCH)
    let = Let("r", (example,), x.read(Position(batched.read(example))))
    with pytest.raises(IndexOutOfRange) as caught:
        run((x, batched), let, x=[1.0, 2.0], labels=[0, 1, -1])
    fault = caught.value
    assert (fault.tensor, fault.axis, fault.value, fault.extent, fault.example) == (
        "x",
        0,
        -1,
        2,
        2,
    )


def test_constant_last_and_gathered_positions() -> None:
    body = (
        x.read(Position(None, 1)) + 10 * x.read(Position(K, -1)) + 100 * x.read(Position(y.read()))
    )
    assert run((x, y), Let("r", (), body), x=[1.0, 2.0, 3.0], y=0) == 132


def test_extents_and_index_values() -> None:
    let = Let("r", (n, k), IndexValue(k) / Extent(N) + matrix.read(n, k) * 0 + IndexValue(n))
    np.testing.assert_allclose(run((matrix,), let, a=np.zeros((2, 3))), [[0, 0.5, 1], [1, 1.5, 2]])


def test_integer_results_are_integers() -> None:
    best = Let("r", (n,), matrix.read(n, k), "argmax", (k,), domain=Domain("index", dimension=K))
    found = run((matrix,), best, a=[[1.0, 3.0, 3.0], [math.nan, 5.0, 1.0]])
    assert found.dtype == np.int64
    np.testing.assert_array_equal(found, [1, 0])


def test_precision_is_held() -> None:
    let = Let("r", (), sympy.exp(x.read(k)) + sympy.pi, "sum", (k,))
    found = run((x,), let, precision=60, x=[1, 2])
    with mpmath.workdps(60):
        assert abs(found - (mpmath.e + mpmath.e**2 + 2 * mpmath.pi)) < mpmath.mpf(10) ** -58


def test_defaults_and_large_lets() -> None:
    scale = Input("scale", (), Domain("positive"), "hyperparameter", sympy.Rational(1, 10))
    let = Let("r", (k,), x.read(k) * scale.read() + sympy.sqrt(2))
    values = np.arange(20_000.0)
    np.testing.assert_allclose(run((x, scale), let, x=values), values / 10 + math.sqrt(2))


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({}, "needs the input `x`"),
        ({"x": [1.0], "z": 1}, "has no input `z`; it has x, a"),
        ({"x": [[1.0]], "a": [[1.0]]}, "declared with the shape [K] and has 2 axes"),
        (
            {"x": [1.0, 2.0], "a": [[1.0]]},
            "axis 1 of `a` has 1 entries, but the dimension K is 2 by `x`",
        ),
    ],
)
def test_wrong_inputs(given: dict[str, Any], message: str) -> None:
    program = Program("p", (x, matrix), (Let("r", (), x.read(Position(None))),), {"result": "r"})
    with pytest.raises(ValueError) as caught:
        evaluate(program, given)
    assert message in str(caught.value)


def test_several_values_of_an_input_are_those_of_separate_calls() -> None:
    lets = (
        Let("length", (), x.read(k) ** 2, "sum", (k,)),
        Let("total", (n,), matrix.read(n, k) * x.read(k), "sum", (k,)),
    )
    total = lets[1].read(n)
    last = Let("result", (n,), total / lets[0].read())
    program = Program(
        "p", (x, matrix), (*lets, last), {"result": "result", "length": "length"}, "function"
    )
    assert program.beyond(["a"]) == {"total", "result"}
    given = {"x": [1.0, 2.0]}
    several = [{"a": [[1.0, 0.5], [3.0, 7.0]]}, {"a": [[0.0, 1.0], [2.0, 4.0]]}]
    found = evaluate_each(program, given, several, Arbitrary(30))
    for each, one in zip(found, several, strict=True):
        expected = evaluate(program, {**given, **one}, 30)
        assert each["length"] == expected["length"] == 5
        assert list(each["result"]) == list(expected["result"])


def test_what_stands_in_a_body_several_times_is_computed_once_at_every_point() -> None:
    computed: list[Any] = []

    class Counting(Float64):
        def function(self, name: str) -> Callable[..., Any]:
            plain = super().function(name)

            def counted(*arguments: Any) -> Any:
                computed.append(arguments)
                return plain(*arguments)

            return counted

    wave = sympy.sin(x.read(k))
    body = wave**2 + sympy.exp(wave) + Branch(wave > 0, wave, -wave)
    program = Program("p", (x,), (Let("r", (k,), body),), {"result": "r"}, "function")
    values = [1.0, 1.0, -2.0]
    found = evaluate(program, {"x": values}, numbers=Counting())["result"]
    assert list(found) == list(evaluate(program, {"x": values})["result"])
    expected = [math.sin(one) ** 2 + math.exp(math.sin(one)) + abs(math.sin(one)) for one in values]
    np.testing.assert_allclose(found, expected)
    assert computed.count((1.0,)) == 2 and computed.count((-2.0,)) == 1
