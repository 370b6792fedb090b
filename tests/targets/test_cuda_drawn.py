"""Drawn programs on the CUDA target: every mixture of shared, learned and batched inputs, in the simulator
against the interpreter. What no kernel has written is NaN there."""

from __future__ import annotations

import random
import re
from typing import Any

import numpy as np
import pytest
from objc.targets.cuda import host

import objc
from objc.compiler import Result, Variant, derive
from objc.ir.evaluate import evaluate
from objc.ir.program import Program
from objc.target import DType, load

from .running import TOLERANCE, run_of

INPUTS = {"b": "real[C]", "z": "real[C]", "w": "real[C, D]", "x": "real[D]", "s": "real"}
TERMS = (
    "sum[c]((b[c] * z[c])^2)",
    "sum[c](b[c]^3)",
    "sum[c](z[c]^2 * s)",
    "logsumexp[c](z[c] + b[c]) - b[y]",
    "sum[c](softmax(b)[c] * z[c])",
    "logsumexp[c](b[c] + sum[d](w[c, d] * x[d])) - z[y]",
    "sum[c](tanh(sum[d](w[c, d] * x[d])) * z[c])",
    "log(1 + sum[c, d](w[c, d]^2))",
    "max[c](b[c] * z[c])",
    "sum[d | d > 0](x[d] * x[d-1]) * b[y]",
    "sqrt(1 + s^2 * sum[c](b[c]^2))",
)
SIZES = {
    "batch": 7,
    "C": 5,
    "D": 3,
}  # more rows and entries than the simulator has threads or blocks
RESULTS: tuple[tuple[Result, ...], ...] = (
    ("value", "gradient"),
    ("value", "gradient"),
    ("hessian_vector_product",),
    ("hessian_diagonal",),
)


def draw(seed: int) -> tuple[str, Program, DType]:
    """A sum of two or three terms, of which one may be the factor of another; each input is given by
    example, shared or learned."""
    chance = random.Random(seed)
    terms = chance.sample(TERMS, chance.choice((2, 2, 3)))
    body = chance.choice((" + ", " + ", " * ")).join(f"({one})" for one in terms)
    names = [name for name in INPUTS if re.search(rf"\b{name}\b", body)]
    given = {name: chance.choice(("batched", "shared", "learned")) for name in names}
    if not any(one == "batched" for one in given.values()):
        given[names[-1]] = "batched"
    plain = [f"{name}: {INPUTS[name]}" for name in names if given[name] != "learned"]
    learned = [f"{name}: {INPUTS[name]}" for name in names if given[name] == "learned"]
    label = "y: index(C)" if "[y]" in body else ""
    tail = f"; learn {', '.join(learned)}" if learned else ""
    text = f"loss f({', '.join(plain)} | {label}{tail}) = {body}"
    batched = {name for name in names if given[name] == "batched"}
    batched |= {"y"} if "[y]" in body and chance.random() < 0.8 else set()
    wrt = tuple(sorted(chance.sample(names, chance.randint(1, len(names)))))
    variant = Variant(chance.choice(RESULTS), wrt, frozenset(batched), chance.random() < 0.3)
    dtype: DType = chance.choice(("float64", "float32"))
    return f"{text}  # {variant}", derive(objc.compile(text).f.program, variant), dtype


def drawn_inputs(program: Program, seed: int) -> dict[str, Any]:
    rng = np.random.default_rng(seed)
    found: dict[str, Any] = {}
    for one in program.inputs:
        shape = [SIZES[d.name] if d.size is None else d.size for d in one.dimensions]
        if one.domain.is_integer:
            found[one.name] = rng.integers(SIZES["C"], size=shape)
        elif one.role == "internal" and not shape:
            found[one.name] = 0.25
        elif one.role == "internal":  # weights of zero too, and directions
            signed = rng.normal(size=shape) * (rng.random(shape) < 0.7)
            found[one.name] = (
                signed if one.domain.kind == "real" else np.abs(signed) + (signed[0] == 0)
            )
        else:
            found[one.name] = rng.normal(size=shape) if shape else rng.normal()
    return found


def require_agreement(seed: int) -> None:
    """As loops, and with the products of matrices left to a library where there are such."""
    text, program, dtype = draw(seed)
    inputs = drawn_inputs(program, seed)
    expected = evaluate(program, inputs)
    emitted = load("cuda").emit(program, dtype)
    loops = host.OnHost(emitted, least=1 << 60)
    forms = [loops, host.OnHost(emitted, least=0)] if "products" in emitted.metadata else [loops]
    for form in forms:
        found = run_of(form, program, inputs, dtype)
        for key, value in expected.items():
            np.testing.assert_allclose(found[key], value, err_msg=text, **TOLERANCE[dtype])


@pytest.fixture(autouse=True)
def _simulated(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("numba_cuda")
    monkeypatch.setenv("NUMBA_ENABLE_CUDASIM", "1")


SEEDS = (4, 13, 14, 15, 22, 23, 522)
"""Quick ones. In three of them a step that runs once reads a sum over rows: a gradient, a second derivative
and two gradients. In the last, rows of two loops around a product share exponentials."""


@pytest.mark.parametrize("seed", SEEDS)
def test_a_drawn_program_agrees_with_the_interpreter(seed: int) -> None:
    require_agreement(seed)


@pytest.mark.slow  # a quarter of a second each
@pytest.mark.parametrize("seed", range(100, 800))
def test_many_drawn_programs_agree_with_the_interpreter(seed: int) -> None:
    require_agreement(seed)
