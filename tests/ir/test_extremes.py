"""What is known to be never positive, by how it is written."""

from __future__ import annotations

from typing import Any

import pytest
import sympy

from objc.compiler import Variant, derive, lower, parse
from objc.ir.extremes import is_never_positive
from objc.ir.program import Program
from objc.source import Source


def made(text: str) -> Program:
    (program,) = lower(parse(Source("text", text))).programs.values()
    data = frozenset(one.name for one in program.inputs)
    wrt = tuple(one.name for one in program.differentiable)
    return derive(program, Variant(("value", "gradient"), wrt, data))


def told(text: str, *mentioned: str) -> list[bool]:
    """Of the exponentials of a derived loss, over what mentions these: whether they are never positive."""
    program = made(text)
    found: set[Any] = {one.args[0] for let in program.lets for one in let.body.atoms(sympy.exp)}
    asked = [one for one in found if all(name in str(one) for name in mentioned)]
    return [is_never_positive(one, program) for one in asked]


@pytest.mark.parametrize(
    "text",
    [
        "loss f(z: real[K] | y: index(K)) = logsumexp[k](z[k]) - z[y]",
        "loss f(z: real[K] | t: positive) = logsumexp[k](z[k] / t)",
        "loss f(z: real[M, K]) = sum[m](logsumexp[k](z[m, k] + z[m, 0]))",
        "loss f(z: real[M, K]) = logsumexp[m, k](z[m, k])",
    ],
)
def test_an_entry_less_the_greatest(text: str) -> None:
    found = told(text, "z[")
    assert found and all(found)


@pytest.mark.parametrize(
    "body",
    [
        "exp(w[0] - m) where m = max[k](z[k])",
        "exp(2 * z[0] - m) where m = max[k](z[k])",
        "exp(z[0] - m) where m = max[k | k > 0](z[k])",
        "exp(z[0] + m) where m = max[k](z[k])",
        "exp(z[0] - 2 * m) where m = max[k](z[k])",
        "exp(z[0] - m) where m = min[k](z[k])",
        "exp(z[0] - m + w[0]) where m = max[k](z[k])",
        "exp(z[0] - m + abs(w[0])) where m = max[k](z[k])",
    ],
)
def test_what_may_be_positive(body: str) -> None:
    found = told(f"loss f(z: real[K], w: real[K]) = 1 + {body}", "m[")
    assert found and not any(found)


def test_what_is_taken_off_besides_leaves_it_below_zero() -> None:
    text = "loss f(z: real[K], w: real[K]) = 1 + exp(z[0] - m - s) where m = max[k](z[k])\n"
    assert told(text + "    s = sum[k](w[k]^2)", "m[") == [True]
    assert told(text + "    s = sum[k](w[k])", "m[") == [False]
