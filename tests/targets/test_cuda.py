"""Constructs of the language on the CUDA target, in the simulator against the interpreter."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from objc.targets.cuda import host, ptx

import objc
from objc.compiler import Variant, derive
from objc.errors import ObjcError
from objc.ir.evaluate import evaluate

from .. import programs
from .pretended import TARGET
from .running import TOLERANCE, given

CASES = {case.program.name: case for case in programs.all_cases()}


LONG = ("chain", "warped", "aligned", "gated")
"""Recurrences whose second derivatives take seconds; that of `recurrent` is made each time."""


@pytest.mark.usefixtures("simulated")
@pytest.mark.parametrize("name", CASES)
@pytest.mark.share(1 / 2)
def test_constructs_agree_with_the_interpreter(name: str) -> None:
    """Guards, gathers, scatters, ties, counts, recurrences."""
    agrees(name, "value_and_grad", "float64")


@pytest.mark.usefixtures("simulated")
@pytest.mark.parametrize(
    "name",
    [pytest.param(one, marks=pytest.mark.slow if one in LONG else []) for one in CASES],
)
@pytest.mark.share(1 / 2)
def test_second_derivatives_agree_with_the_interpreter(name: str) -> None:
    agrees(name, "hessian_diagonal", "float32")


def agrees(name: str, what: str, dtype: str) -> None:
    try:
        program, inputs = given(CASES[name], what)
    except ObjcError:  # a metric has no gradient
        program, inputs = given(CASES[name], "per_example")
    found = run(program, inputs, dtype)
    for key, value in evaluate(program, inputs).items():
        np.testing.assert_allclose(found[key], value, err_msg=key, **TOLERANCE[dtype])


def run(program: Any, inputs: dict[str, Any], dtype: Any) -> dict[str, Any]:
    sizes: dict[str, int] = {}
    arguments: dict[str, Any] = {}
    for one in program.inputs:
        value = np.asarray(inputs.get(one.name, one.default))
        sizes |= {d.name: n for d, n in zip(one.dimensions, value.shape, strict=True)}
        kind = np.int64 if one.domain.is_integer else np.dtype(dtype)
        number = int if one.domain.is_integer else float
        arguments[one.name] = np.ascontiguousarray(value, kind) if value.ndim else number(value)
    results = {}
    for key, name in program.outputs.items():
        let = program.let[name]
        if let.free:
            shape = [sizes.get(one.name, one.size) for one in let.dimensions]
            results[key] = np.full(shape, -77, np.int64 if let.domain.is_integer else dtype)
    return {**host.OnHost(TARGET.emit(program, dtype))(arguments, sizes, results), **results}


@pytest.mark.usefixtures("simulated")
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_a_row_that_another_step_reads_is_not_kept_by_its_team_alone(dtype: str) -> None:
    """The gradient of a square of a sum over rows waits for the sum, and reads the exponentials again."""
    kernel = objc.compile("loss f(x: real[N, K]) = sum[i](logsumexp[k](x[i, k]))^2").f
    program = derive(kernel.program, Variant(("value", "gradient"), ("x",), frozenset(), False))
    inputs = {"x": np.random.default_rng(0).normal(size=(5, 8))}
    found = run(program, inputs, dtype)
    for key, value in evaluate(program, inputs).items():
        np.testing.assert_allclose(found[key], value, err_msg=key, **TOLERANCE[dtype])


@pytest.mark.usefixtures("simulated")
def test_a_place_is_chosen_over_all_blocks() -> None:
    """The greatest of all rows, which several blocks go over, and its place."""
    kernel = objc.compile("metric f(x: real[N] | y: real[N]) = y[argmax[i](x[i])]").f
    program = derive(kernel.program, Variant(("value",), (), frozenset(), False))
    rng = np.random.default_rng(1)
    inputs = {"x": rng.normal(size=30), "y": rng.normal(size=30)}
    assert run(program, inputs, "float32")["value"] == pytest.approx(
        inputs["y"][inputs["x"].argmax()], rel=1e-6
    )
    assert ".entry" in ptx.compiled(TARGET.emit(program, "float32").text, "sm_90")


@pytest.mark.usefixtures("simulated")
@pytest.mark.parametrize("weighted", [False, True])
def test_a_direction_of_zeros_and_signs_is_no_weight(weighted: bool) -> None:
    """What the Hessian is multiplied by has an entry an example, as weights have: an example of 0 there
    counts for the others' products."""
    kernel = objc.compile("loss q(z: real, a: real | t: real) = (a * tanh(z) - t)^2 + exp(a)").q
    variant = Variant(("hessian_vector_product",), ("z", "a"), frozenset({"z", "t"}), weighted)
    program = derive(kernel.program, variant)
    rng = np.random.default_rng(2)
    inputs = {"z": rng.normal(size=6), "a": 0.3, "t": rng.normal(size=6), "scale": 0.25}
    inputs |= {"vector_z": np.array([0.0, 1, 0, -2, 0.5, 0]), "vector_a": 1.5}
    if weighted:
        inputs["weight"] = np.array([0.5, 2, 0, 1, 1, 3])
    found = run(program, inputs, "float64")
    for key, value in evaluate(program, inputs).items():
        np.testing.assert_allclose(found[key], value, err_msg=key, **TOLERANCE["float64"])
