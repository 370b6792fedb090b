"""The report of accuracy: kernels whose errors are known in advance."""

from __future__ import annotations

from typing import Any

import mpmath
import numpy as np
import pytest

import objc
from objc.accuracy import measure
from objc.accuracy.conditioning import Conditioning
from objc.accuracy.points import Sampler
from objc.accuracy.reference import DIAGONAL, PRODUCTS, Reference, vector_like
from objc.accuracy.report import Report, Row
from objc.accuracy.table import table
from objc.atoms import ATOMS
from objc.compiler import Variant, derive
from objc.errors import ObjcError
from objc.ir.numbers import Arbitrary
from objc.target import IndexOutOfRange

TEXT = """
loss spread(x: real[N] |) = mean[i](x[i]^3) - mean[i](x[i])^3
loss exponential(x: real |) = exp(x)
loss entropy_like(z: real[K] | y: index(K)) = -log(softmax(z)[y])
loss wide(x: real[600] |) = sum[i](x[i]^2)
loss scaled(x: real | y: real; rate: positive = 0.5) = rate * (x - y)^2
loss halved(x: real | y: real) = (x - y)^2 / 2
loss length(x: real[N] |) = sqrt(sum[i](x[i]^2))
metric hit(z: real[K] | y: index(K)) = [argmax[k](z[k]) == y]
function halves(x: real[K])[k] = x[k] / 2
loss last(x: real[N] | length: count; first: count = 0) = (x[length - 1] - x[first])^2
loss late(x: real[N] | place: count) = x[place + 100]^2
"""


@pytest.fixture(scope="module")
def module() -> Any:
    return objc.compile(TEXT, target="numpy")


def rows(report: Report) -> dict[tuple[str, str], Row]:
    return {(row.quantity, row.dtype): row for row in report.rows}


def test_cancellation_is_found_and_shown_with_its_inputs(module: Any) -> None:
    report = measure(module.spread, points=80, sizes={"N": 3}, dtypes=("float32",))
    row = rows(report)["value", "float32"]
    assert row.bits_lost > 10
    worst = row.worst["excess"]
    again = float(module.spread(np.asarray(worst.inputs["x"])[None], reduction="none")[0])
    np.testing.assert_equal(again, worst.got)
    assert f"{worst.got:.9g} instead of {worst.expected}" in table(report)


def test_what_is_rounded_once_loses_nothing(module: Any) -> None:
    found = rows(measure(module.halved, points=60))
    for row in found.values():
        assert row.entries >= 60
        assert row.error("excess") < 4
        assert not (row.nan or row.overflow or row.underflow)


def test_units_in_the_last_place(module: Any) -> None:
    row = rows(measure(module.exponential, points=200, dtypes=("float64",)))["value", "float64"]
    assert 0 < row.error("ulp") <= 1.0  # the C library's exponential
    assert row.undefined > 0  # beyond the largest number nothing is right or wrong


def test_same_seed_same_report(module: Any) -> None:
    first, second = (measure(module.scaled, points=40, seed=3).as_data() for _ in range(2))
    assert first == second
    assert measure(module.scaled, points=40, seed=4).as_data() != first


def test_metric_has_a_value_only(module: Any) -> None:
    report = measure(module.hit, points=20)
    assert [row.quantity for row in report] == ["value", "value"]
    assert all(row.error("ulp") == 0 for row in report)


def test_refusals(module: Any) -> None:
    with pytest.raises(ObjcError, match=r"E0360.*has 600 entries, and 512 can be measured"):
        measure(module.wide, points=5)
    with pytest.raises(ObjcError, match=r"E0361.*`halves` is a function"):
        measure(module.halves, points=5)
    with pytest.raises(ObjcError, match=r"E0362.*reads `x` within its 3 entries"):
        measure(module.late, points=5)


def test_examples_that_read_what_is_not_there_are_drawn_again(module: Any) -> None:
    sampler = Sampler.of(module.last.program, "float64", {"N": 4}, 0)
    drawn = sampler.draw(60, {"first": 0})
    assert set(drawn["length"]) == {1, 2, 3}
    with pytest.raises(IndexOutOfRange):
        sampler.draw(6, {"first": 1000})
    found = rows(measure(module.last, points=60, dtypes=("float64",)))
    assert found["value", "float64"].entries >= 12


def reference(kernel: Any, wrt: tuple[str, ...]) -> Reference:
    results = ("per_example", "gradient", "hessian_vector_product")
    batched = frozenset(one.name for one in kernel.program.inputs if one.role != "hyperparameter")
    derived = derive(kernel.program, Variant(results, wrt, batched))
    return Reference(kernel.program, derived, wrt, second=(*PRODUCTS, *DIAGONAL))


@pytest.mark.parametrize("scale", [1.0, 700.0, 1e200, 1e-200])
def test_truth_is_that_of_the_formula(module: Any, scale: float) -> None:
    z = np.array([[1.0, -0.5, 0.25], [3.0, 3.0, 3.0]]) * scale
    truth, _ = reference(module.entropy_like, ("z",)).at({"z": z, "y": np.array([1, 2])})
    vector = vector_like(z)
    with mpmath.workdps(1200):
        for example, label in enumerate((1, 2)):
            entries = [mpmath.mpf(one) for one in z[example]]
            powers = [mpmath.exp(one) for one in entries]
            p = [one / sum(powers) for one in powers]
            mean = sum(a * float(b) for a, b in zip(p, vector[example], strict=True))
            close(truth["per_example"][example], mpmath.log(sum(powers)) - entries[label])
            for k in range(3):
                close(truth["gradient:z"][example, k], p[k] - (k == label))
                product = p[k] * (float(vector[example, k]) - mean)
                close(truth["hessian_vector_product:z"][example, k], product)
                close(truth["hessian_diagonal:z"][example, k], p[k] * (1 - p[k]))


def close(found: Any, expected: Any) -> None:
    assert abs(found - expected) <= 1e-28 * abs(expected) + mpmath.mpf(10) ** -359


def test_where_the_text_has_no_value_the_stable_form_has(module: Any) -> None:
    truth, _ = reference(module.length, ("x",)).at({"x": np.zeros((1, 3))})
    assert truth["per_example"][0] == 0
    assert list(truth["gradient:x"][0]) == [0, 0, 0]


DOMAINS = """
loss every(a: real[K], b: positive[K], c: nonnegative, d: probability, e: simplex[K],
           f: interval(-1, 2) | g: sign, h: binary, i: index(K), j: count; k: interval(0, 1) = 0.5) =
    sum[m](a[m] * b[m] * e[m]) + c * d * f * g * h + j + k + [i == 0]
"""


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_points_lie_in_their_domains(dtype: Any) -> None:
    program = objc.compile(DOMAINS, target="numpy").every.program
    sampler = Sampler.of(program, dtype, {"K": 4}, 0)
    settings = list(sampler.settings(4))
    assert settings[0] == {"k": 0.5}
    assert all(0 <= one["k"] <= 1 for one in settings)
    drawn = sampler.draw(300, settings[0])
    for points in (drawn, sampler.near(drawn, settings[0])):
        assert points["a"].shape == (300, 4)
        assert all(np.isfinite(one).all() for one in points.values())
        assert (points["b"] > 0).all()
        assert (points["c"] >= 0).all()
        assert ((points["d"] >= 0) & (points["d"] <= 1)).all()
        assert (points["e"].sum(axis=1) == 1).all()
        assert ((points["f"] >= -1) & (points["f"] <= 2)).all()
        assert set(points["g"]) == {-1, 1}
        assert set(points["h"]) == {0, 1}
        assert set(points["i"]) <= {0, 1, 2, 3}
        assert {one.dtype for name, one in points.items() if name in "abcdefgh"} == {
            np.dtype(dtype)
        }
    magnitudes = np.abs(drawn["a"][drawn["a"] != 0].astype(float))
    assert np.ptp(np.log10(magnitudes)) > 60  # every magnitude


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_points_keep_to_the_magnitudes_that_are_asked_for(dtype: Any) -> None:
    program = objc.compile(DOMAINS, target="numpy").every.program
    sampler = Sampler.of(program, dtype, {"K": 4}, 0, (1e-3, 1e2))
    drawn = sampler.draw(300, {"k": 0.5})
    for points in (drawn, sampler.near(drawn, {"k": 0.5})):
        sizes = np.abs(np.concatenate([points[name].ravel() for name in "abc"]).astype(float))
        sizes = sizes[sizes != 0]
        assert sizes.min() > 0.999e-3
        assert sizes.max() <= 1e2
        assert np.ptp(np.log10(sizes)) > 4.9
    sizes = np.abs(drawn["a"])
    assert len(np.unique(sizes)) > 300  # they are drawn inside, not brought to the ends
    assert (sizes == 0).any()


SETTINGS = """
loss every(x: real[K]; a: positive = 0.5, b: nonnegative = 2, c: real, d: interval(0, 1) = 0.5) =
    sum[k](if x[k] > 0.375 then a * x[k] else b * x[k]) + c + d
"""


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_hyperparameters_are_drawn_at_edges_constants_and_every_magnitude(dtype: Any) -> None:
    program = objc.compile(SETTINGS, target="numpy").every.program
    sampler = Sampler.of(program, dtype, {"K": 3}, 0)
    assert 0.375 in sampler.constants
    first, *others = sampler.settings(200)
    assert (first["a"], first["b"], first["d"]) == (0.5, 2, 0.5)
    found = {name: np.array([one[name] for one in others]) for name in first}
    assert (found["a"] > 0).all()
    assert (found["b"] >= 0).all()
    assert (found["c"] < 0).any()
    for name in "abc":
        assert {1.0, 0.375} <= set(abs(found[name]))
        assert ((abs(found[name]) < 1e-9) & (found[name] != 0)).any()
        assert (abs(found[name]) > 1e9).any()
        assert (0 in found[name]) == (name != "a")
    assert {0.0, 1.0} <= set(found["d"])
    assert (found["a"] == 0.5).any()  # held, while another one moves


def test_inputs_leave_the_range_together_and_simplices_have_what_their_sum_does_not_see() -> None:
    program = objc.compile(DOMAINS, target="numpy").every.program
    sampler = Sampler.of(program, "float64", {"K": 4}, 0)
    drawn = sampler.draw(300, {"k": 0.5})
    sizes = np.concatenate([abs(drawn["a"]), drawn["b"]], axis=1)
    together = (sizes.min(axis=1) > 1e20) & (sizes.max(axis=1) < 100 * sizes.min(axis=1))
    assert together.sum() > 5
    tiny = (drawn["e"] > 0) & (drawn["e"] < 1e-18)
    assert tiny.any(axis=1).sum() > 20
    assert (drawn["e"] == 0).any(axis=1).sum() > 20


JUMP = "loss step(x: real | y: real) = if x > y then 1 + 0 * x else 0 * x"


def test_what_jumps_within_a_rounding_is_excused_between_its_ends_and_no_further() -> None:
    kernel = objc.compile(JUMP, target="numpy").step
    one = reference(kernel, ("x",))
    conditioning = Conditioning(kernel.program, one, "float64")
    inputs = {"x": np.array([1.0, 1.0]), "y": np.array([1.0, 0.0])}
    truth, digits = one.at(inputs)
    span = conditioning.within(inputs, truth, digits, np.array([0, 1]))
    for number, away in ((0.0, 0), (0.5, 0), (1.0, 0), (3.0, 2), (-1.0, 1)):
        assert span.away("per_example", (0,), number) == away
    assert span.away("per_example", (1,), 0.5) == 0.5


WAVEFRONT = """
loss paths(x: real[N, M] |) = d[N-1, M-1]
    where d[0, 0] = x[0, 0]
          d[0, j] = x[0, j] * d[0, j-1]
          d[i, 0] = x[i, 0] * d[i-1, 0]
          d[i, j] = x[i, j] * (d[i-1, j] + d[i, j-1])
"""


def test_the_reference_reads_nothing_before_the_start_of_a_recurrence() -> None:
    report = measure(
        objc.compile(WAVEFRONT, target="numpy").paths, points=12, sizes={"N": 2, "M": 3}
    )
    found = rows(report)
    assert {quantity for quantity, _ in found} == {
        "value", "gradient x", "Hessian product x", "Hessian diagonal x"
    }  # fmt: skip
    # The diagonal of what is linear in every entry is zero, beside products that leave the range.
    assert all(not row.nan for (quantity, _), row in found.items() if "diagonal" not in quantity)
    assert all(row.undefined < row.entries for row in found.values())


@pytest.mark.parametrize("x", [65.0, 12345.0, -700.0, 2.0**70, -(2.0**40) - 0.5])
def test_exponentials_of_whole_numbers_are_right_in_many_digits(x: float) -> None:
    with mpmath.workdps(400):
        found = ATOMS["exp"].reference(mpmath.mpf(x))
    with mpmath.workdps(460):
        exact = mpmath.exp(mpmath.mpf(x))
        assert abs(found - exact) <= mpmath.mpf(10) ** -395 * exact


def test_exponentials_of_exponentials_end_soon() -> None:
    """An exponent of a million bits takes minutes: what is beyond every number is infinite."""
    numbers = Arbitrary(100)
    exponential = numbers.function("exp")
    with numbers.working():
        assert exponential(exponential(mpmath.mpf(1e7))) == mpmath.inf
        assert exponential(-exponential(mpmath.mpf(1e7))) == 0
        assert mpmath.isfinite(exponential(mpmath.mpf(1e300)))


def test_where_derivatives_read_what_the_value_does_not_the_stable_form_is_asked() -> None:
    found, _ = reference(objc.library.ctc, ("logits",)).at(
        {
            "logits": np.array([[[1.0, 2.0], [0.5, 0.25]]]),
            "target": np.array([[0, 1]]),
            "input_length": np.array([1]),
            "target_length": np.array([1]),
            "blank": 7,
        }
    )
    with mpmath.workdps(50):
        close(found["per_example"][0], mpmath.log1p(mpmath.e))
