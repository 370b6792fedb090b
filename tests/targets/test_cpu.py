"""What is the CPU target's own: its atoms, what it declines, faults in chunks."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest
import sympy
from objc.targets.cpu import emission
from objc.targets.cpu.entry import translate
from objc.targets.cpu.mathematics import SPELLINGS
from objc.targets.cpu.translation import Parts

import objc
from objc.atoms import ATOMS, Branch
from objc.compiler import Variant, derive, lower, parse
from objc.ir.domain import Domain
from objc.ir.index import BATCH, Dimension, Index, Position
from objc.ir.program import Input, Let, Program
from objc.ir.symbols import IndexValue
from objc.source import Source
from objc.target import IndexOutOfRange

from .running import TARGET, agree, run

K = Dimension("K")
k, row = Index("k", K), Index("n", BATCH)
x = Input("x", (K,), Domain("real"), "differentiable")
label = Input("label", (BATCH,), Domain("index", dimension=K), "data")
rows = Input("rows", (BATCH, K), Domain("real"), "differentiable")
ROWS = np.random.default_rng(0).normal(size=(5, 4))


def function(inputs: tuple[Input, ...], *lets: Let, **outputs: str) -> Program:
    return Program("f", inputs, lets, outputs or {"result": lets[-1].name}, "function")


@pytest.mark.parametrize("name", ATOMS)
def test_every_atom_is_spelled(name: str) -> None:
    assert name in SPELLINGS


def test_what_is_not_spelled_is_declined() -> None:
    let = Let("r", (k,), sympy.polygamma(3, x.read(k)))
    assert "order 3" in str(TARGET.supports(function((x,), let)))
    mean = Let("r", (), x.read(k), "mean", (k,))
    assert "has not been expanded" in str(TARGET.supports(function((x,), mean)))


@pytest.mark.parametrize("threads", [1, 3])
def test_the_first_example_at_fault_is_named(threads: int, small_chunks: Any) -> None:
    TARGET.set_threads(threads)
    labels = np.zeros(500, np.int64)
    labels[[77, 78, 400]] = [-1, 5, 9]
    let = Let("r", (row,), x.read(Position(label.read(row))))
    with pytest.raises(IndexOutOfRange) as caught:
        run(function((x, label), let), {"x": [1.0, 2.0], "label": labels}, "float64")
    assert (caught.value.example, caught.value.value) == (77, -1)


def test_an_equality_with_a_gather_is_peeled() -> None:
    hit = sympy.Eq(IndexValue(k), label.read(row))
    body = Branch(hit, -sympy.exp(rows.read(row, k)), rows.read(row, k) ** 2) * 2
    program = function((rows, label), Let("r", (row, k), body))
    agree(program, {"rows": ROWS, "label": [0, 3, 1, 7, -2]})
    text = TARGET.emit(program, "float64").text
    loop = text[text.index("for i_k") : text.index("if 0 <= own_in_label")]
    assert "exp_64" not in loop


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("length", [1, 2, 7, 8, 15, 16, 17, 31, 33, 64, 65, 127, 129, 200])
def test_rows_of_every_length(length: int, dtype: str) -> None:
    """Whole vectors and what is left of a row: largest, sums with and without a guard, a result in
    whose memory something is kept."""
    value = rows.read(row, k)
    top = Let("t", (row,), value, "max", (k,))
    shifted = sympy.exp(value - top.read(row))
    total = Let("s", (row,), shifted, "sum", (k,), domain=Domain("nonnegative"))
    positive = Let("p", (row,), value, "sum", (k,), sympy.Gt(value, 0))
    equal = Let("e", (row,), Branch(sympy.Eq(value, top.read(row)), 1, 0), "sum", (k,))
    parts = total.read(row) + positive.read(row) + equal.read(row)
    result = Let("r", (row, k), shifted / total.read(row))
    rest = Let("v", (row,), parts)
    program = function((rows,), top, total, positive, equal, result, rest, r="r", v="v")
    values = np.random.default_rng(length).normal(size=(3, length))
    agree(program, {"rows": values}, dtype)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("body", [1, 2 * rows.read(row, k)])
def test_a_branch_under_a_guard_keeps_to_its_sides(body: Any, dtype: str) -> None:
    value = rows.read(row, k)
    inner = Branch(sympy.Gt(value, 0.5), body, 3)
    let = Let("r", (row,), inner, "sum", (k,), sympy.Lt(IndexValue(k), 2))
    agree(function((rows,), let), {"rows": ROWS}, dtype)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("taken", [[], [2], range(5)])
def test_rows_do_without_a_costly_side_that_none_of_theirs_takes(taken: Any, dtype: str) -> None:
    """The side is taken in some rows, by some entries; in the others it is not computed."""
    here = rows.read(row, k)
    total = Let("total", (row,), here, "sum", (k,))
    body = Branch(here > 2, sympy.exp(here) + total.read(row), here * total.read(row))
    program = function((rows,), total, Let("r", (row, k), body))
    given = np.clip(ROWS, -1.9, 1.9)
    given[list(taken), 1] += 4
    emitted = TARGET.emit(program, dtype)
    assert emitted.text.count("exp_") == 2  # it is imported, and stands in one of two loops
    agree(program, {"rows": given}, dtype, emitted)


@pytest.mark.parametrize("compare", [sympy.Gt, sympy.Le])
def test_what_is_no_number_is_on_the_other_side(compare: Any) -> None:
    """Neither `x > 0` nor `x <= 0`: a row that has it does not go without that side."""
    given = Input("given", (BATCH, K), Domain("real"), "data")
    condition = compare(given.read(row, k), 0)
    sides = (sympy.exp(given.read(row, k)), rows.read(row, k))
    program = function((rows, given), Let("r", (row, k), Branch(condition, *sides)))
    other = function((rows, given), Let("r", (row, k), Branch(condition, *sides[::-1])))
    for one in (program, other):
        for sign in (1, -1):
            values = sign * np.abs(ROWS)
            values[2, 1] = np.nan
            agree(one, {"rows": ROWS, "given": values})


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("batch", [1, 3, 4, 6, 41])
def test_rows_are_added_four_at_a_time(batch: int, dtype: str) -> None:
    generator = np.random.default_rng(batch)
    factor = Input("factor", (BATCH,), Domain("real"), "data")
    total = Let("r", (k,), factor.read(row) * rows.read(row, k), "sum", (row,))
    emitted = TARGET.emit(function((rows, factor), total), dtype)
    assert "quad_" in emitted.text
    given = {"rows": generator.normal(size=(batch, 21)), "factor": generator.normal(size=batch)}
    agree(function((rows, factor), total), given, dtype, emitted)


def test_what_cancels_over_rows_keeps_its_digits() -> None:
    """A batch is added in float64, where rows go together too."""
    factor = Input("factor", (BATCH,), Domain("real"), "data")
    total = Let("r", (k,), factor.read(row) * rows.read(row, k), "sum", (row,))
    given = {"rows": np.ones((8, 5)), "factor": np.array([1e8, 1, -1e8, 1, 3, 1e8, 1, -1e8])}
    found = run(function((rows, factor), total), given, "float32")["result"]
    np.testing.assert_array_equal(found, np.full(5, 6))


def test_sums_that_are_added_again_keep_their_digits() -> None:
    """16777217 is no number of float32, and what is left of it beside 16777216 is 1."""
    factor = Input("factor", (BATCH,), Domain("real"), "data")
    plain = Let("plain", (k,), rows.read(row, k), "sum", (row,))
    weighed = Let("weighed", (k,), factor.read(row) * rows.read(row, k), "sum", (row,))
    both = Let("r", (k,), plain.read(k) + weighed.read(k))
    given = {"rows": np.array([[16777216.0] * 3, [1.0] * 3]), "factor": np.array([-1.0, 0.0])}
    found = run(function((rows, factor), plain, weighed, both), given, "float32")["result"]
    np.testing.assert_array_equal(found, np.ones(3))


def test_rows_are_turned_in_registers() -> None:
    """Copies from rows into columns, and back, are no loops for LLVM, which would gather; where vectors are
    short they go number by number."""
    top = Let("top", (row,), rows.read(row, k), "max", (k,))
    least = Let("r", (row, k), sympy.exp(rows.read(row, k) - top.read(row)))
    turned = emission.forms(function((rows,), top, least), "float32")[1]
    assert turned is not None
    for bits, widths, copies in ((512, {"16"}, 2), (256, {"8"}, 2), (128, {"1", "4"}, 0)):
        parts: Parts = {}
        text = str(translate(turned.whole(), bits, parts))
        assert set(re.findall(r"vectorize.width\", i32 (\d+)", text)) == widths
        assert len(re.findall(r"call void @\"turned_copy\.", text)) == copies
        assert len(parts) == (copies > 0)  # compiled once, for all kernels


def test_what_a_short_row_needs_no_second_array_for() -> None:
    """The greatest entry and the number of those like it are made where they are kept, and are exact."""
    top = Let("top", (row,), rows.read(row, k), "max", (k,))
    alike = Branch(sympy.Eq(rows.read(row, k), top.read(row)), sympy.Integer(1), sympy.Integer(0))
    count = Let("count", (row,), alike, "sum", (k,))
    total = Let("total", (row,), rows.read(row, k), "sum", (k,))
    result = Let("r", (row, k), total.read(row) + count.read(row) * rows.read(row, k))
    program = function((rows,), top, count, total, result)
    turned = emission.forms(program, "float32")[1]
    assert turned is not None
    text = turned.whole()
    assert re.findall(r"    (sum_\w+) = view", text) == [
        "sum_total"
    ]  # in float64, until it is kept
    assert re.search(r"row_count = view\(.*, float32\)", text)
    given = np.array([[2.0, 1.0, 2.0], [3.0, 3.0, 3.0], [-1.0, -2.0, -3.0]])
    found = run(program, {"rows": given}, "float32")["result"]
    counts = (given == given.max(1, keepdims=True)).sum(1, keepdims=True)
    np.testing.assert_array_equal(found, given.sum(1, keepdims=True) + counts * given)


def _of_rows(text: str) -> Program:
    (program,) = lower(parse(Source("any", text))).programs.values()
    batched = frozenset(one.name for one in program.inputs)
    return derive(program, Variant(("value", "gradient"), ("z",), batched))


def test_rows_that_are_asked_stand_side_by_side_only_where_they_are_short() -> None:
    """Side by side no row can do without a side of a branch by itself: long rows gain more by that."""
    plain = "loss f(z: real[K] | y: index(K)) = -log(softmax(z)[y])\n"
    asked = "loss f(z: real[K] | p: simplex[K]) = sum[k](p[k] * log(p[k] / softmax(z)[k]))\n"
    found = []
    for text in (plain, asked):
        found.append(emission.emit(_of_rows(text), "float32").metadata["narrow"]["few"])
    assert found == [{"K": emission.FEW}, {"K": emission.FEW_ASKED}]


def test_light_rows_stand_side_by_side_only_where_they_fill_no_vector() -> None:
    """What is turned, and turned back, is moved twice: of rows without elementary functions that is most of
    the time."""
    heavy = "loss f(z: real[K] | t: real[K]) = log(1 + sum[k]((z[k] - t[k])^2))\n"
    light = "loss f(z: real[K] | t: real[K]) = sum[k](z[k] * t[k]) / (1 + sum[k](z[k]^2))\n"
    rooted = "loss f(z: real[K] | t: real[K]) = sqrt(1 + sum[k]((z[k] - t[k])^2))\n"
    said = light.replace("[K]", "[16]")
    for dtype, most in (("float32", 15), ("float64", 7)):
        found = []
        for text in (heavy, light, rooted):
            metadata = emission.emit(_of_rows(text), dtype).metadata
            found.append(metadata["narrow"]["few"]["K"])
        assert found == [emission.FEW, most, most]
        assert "narrow" not in emission.emit(_of_rows(said), dtype).metadata
        assert emission.forms(_of_rows(light.replace("[K]", "[5]")), dtype)[1] is not None


def test_no_row_is_asked_whether_all_entries_are_the_greatest() -> None:
    """The exponential is of those that are not, which nearly every row has: the question would be a pass."""
    text = "loss f(z: real[K] | y: index(K)) = logsumexp[k](z[k]) - z[y]\n"
    (program,) = lower(parse(Source("any", text))).programs.values()
    batched = frozenset(one.name for one in program.inputs)
    derived = derive(program, Variant(("value",), (), batched))
    emitted = emission.emit(derived, "float32").text
    assert "exp_below_zero_32" in emitted and "any_" not in emitted


def test_the_factors_of_a_negated_addend_keep_their_order() -> None:
    """Of `-(d * (x / n))`, which is added up, d/n is beyond the range where n is small: it is no factor of
    the text, and LLVM is not to make it one."""
    text = """
    loss scores(a: real[B, D] | v: real[B]) = sum[d](sum[i](v[i] * (a[i, d] - m[d]) / n[d])^2)
        where m[d] = mean[i](a[i, d])
              n[d] = sqrt(sum[i]((a[i, d] - m[d])^2))
    """
    a = np.array([[1.75, 1.0], [10.0, -7.0], [-7.5, -6.0]])
    v = np.array([1.0, -2.0, 3.0])
    plain = objc.compile(text).scores.gradient(a, v)
    small = 2.0**-885
    np.testing.assert_allclose(
        objc.compile(text).scores.gradient(a * small, v), plain / small, rtol=1e-12
    )
