"""Long chains of definitions: what stands on each other is not written out, and stays right."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from objc.compiler import Variant, derive, lower, parse
from objc.ir.evaluate import evaluate
from objc.source import Source

from . import oracle

STEPS = {
    "squares": ("x: positive", "@ * @ / 4 + 1/2", 90),
    "squares of any sign": ("x: real", "@ * @ / 4 + 1/2", 40),
    "sines": ("x: real", "sin(@) * @ / 2 + x", 50),
    "quotients": ("x: positive", "@ / (1 + @) + x", 30),
    "roots": ("x: positive", "(@ + x)^0.5", 40),
    "kinks": ("x: real", "abs(@ - x) / 2 + max(@, x) / 3", 20),
}


def chain(name: str) -> Any:
    domain, step, number = STEPS[name]
    lines = "".join(
        f"          a{i} = {step.replace('@', f'a{i - 1}')}\n" for i in range(1, number)
    )
    text = f"loss f({domain}) = log(1 + a{number - 1}^2)\n    where a0 = x\n{lines}"
    return lower(parse(Source("<text>", text))).programs["f"]


@pytest.mark.parametrize("name", STEPS)
@pytest.mark.share(1 / 2)
def test_chains(name: str) -> None:
    program, inputs = chain(name), {"x": np.array(0.7)}
    found = evaluate(derive(program, Variant(("value", "gradient"), ("x",))), inputs)
    assert found["value"] == pytest.approx(float(oracle.value(program, inputs)), rel=1e-13)
    expected = oracle.gradient(program, inputs, "x")
    np.testing.assert_allclose(found["gradient:x"], expected.astype(float), rtol=1e-10, atol=1e-13)


def test_a_polynomial_of_enormous_degree() -> None:
    """SymPy would look for its roots to know a sign."""
    nested = "x"
    for _ in range(12):
        nested = f"({nested}^2 / 4 + 1/2)"
    program = lower(parse(Source("<text>", f"loss f(x: positive) = {nested}"))).programs["f"]
    inputs = {"x": np.array(0.7)}
    found = evaluate(derive(program, Variant(("gradient",), ("x",))), inputs)
    expected = oracle.gradient(program, inputs, "x")
    np.testing.assert_allclose(found["gradient:x"], expected.astype(float), rtol=1e-12)
