"""Derivative programs against finite differences of the interpreter at 60 digits."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from objc.compiler import Variant, derive
from objc.ir.evaluate import evaluate

from . import oracle, programs

CASES = {case.name: case for case in programs.cases()}


def _run(case: programs.Case, results: tuple[Any, ...], **more: Any) -> tuple[dict, dict]:
    inputs = case.inputs(np.random.default_rng(7))
    batched = oracle.batched_inputs(case.program, inputs)
    program = derive(case.program, Variant(results, case.wrt, batched))
    given = {**inputs, **more}
    if "scale" in program.input:
        given["scale"] = 1.0
    return evaluate(program, given), inputs


@pytest.mark.parametrize("name", CASES)
def test_value_and_gradient(name: str) -> None:
    case = CASES[name]
    found, inputs = _run(case, ("value", "gradient"))
    assert found["value"] == pytest.approx(float(oracle.value(case.program, inputs)), rel=1e-13)
    for one in case.wrt:
        expected = oracle.gradient(case.program, inputs, one)
        np.testing.assert_allclose(found[f"gradient:{one}"], expected, rtol=1e-11, atol=1e-13)


@pytest.mark.parametrize("name", CASES)
def test_hessian_diagonal(name: str) -> None:
    case = CASES[name]
    found, inputs = _run(case, ("hessian_diagonal",))
    for one in case.wrt:
        expected = oracle.second(case.program, inputs, one)
        np.testing.assert_allclose(
            found[f"hessian_diagonal:{one}"], expected, rtol=1e-9, atol=1e-11
        )


@pytest.mark.parametrize("name", CASES)
def test_hessian_vector_product(name: str) -> None:
    """Against central differences of the gradient program along the vector."""
    case = CASES[name]
    inputs = case.inputs(np.random.default_rng(7))
    generator = np.random.default_rng(3)
    vectors = {one: generator.normal(size=np.shape(inputs[one])) for one in case.wrt}
    found, _ = _run(
        case,
        ("hessian_vector_product",),
        **{f"vector_{one}": vector for one, vector in vectors.items()},
    )
    batched = oracle.batched_inputs(case.program, inputs)
    program = derive(case.program, Variant(("gradient",), case.wrt, batched))

    def gradients(step: float) -> dict[str, Any]:
        moved = {one: inputs[one] + step * vectors[one] for one in case.wrt}
        given = {**inputs, **moved}
        if "scale" in program.input:
            given["scale"] = 1.0
        return evaluate(program, given)

    forwards, backwards = gradients(1e-5), gradients(-1e-5)
    for one in case.wrt:
        key = f"gradient:{one}"
        expected = (forwards[key] - backwards[key]) / 2e-5
        np.testing.assert_allclose(
            found[f"hessian_vector_product:{one}"], expected, rtol=1e-6, atol=1e-7
        )
