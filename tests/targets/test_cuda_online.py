"""Rows of the CUDA target that no team keeps: one reading finds the greatest entry and the sum below it."""

from __future__ import annotations

import itertools
import re
from typing import Any

import numpy as np
import pytest
from objc.targets.cuda import host
from objc.targets.cuda.launching import Shape

import objc
from objc.compiler import Variant, derive
from objc.ir.evaluate import evaluate
from objc.ir.program import Program
from objc.target import DType, load

from .running import TOLERANCE, run_of

TARGET = load("cuda")
LOSSES = objc.compile("""
loss cross_entropy(logits: real[K] | label: index(K)) = logsumexp(logits) - logits[label]

loss allowed(logits: real[K] | may: index(2)[K]) = logsumexp[k | may[k] == 1](logits[k] / 2)

loss both(logits: real[K], other: real[K]) = logsumexp(logits) * logsumexp(other)

loss squares(logits: real[K]) = sum[k](softmax(logits)[k]^2)

loss tempered(logits: real[K] | label: index(K); temperature: positive) =
    logsumexp[k](logits[k] / temperature) - logits[label] / temperature

loss waits(logits: real[K] | other: real[K]) = sum[k](abs(logits[k] - max[j](other[j])))
""")
KEPT = Shape(4, 3, tiny=True)
READ = Shape(4, 3, tiny=True, shared=0)
SHARED = Shape(4, 3, tiny=True, spread=True)


def derived(name: str) -> Program:
    program = getattr(LOSSES, name).program
    learned = tuple(one.name for one in program.inputs if one.role == "differentiable")
    arrays = frozenset(one.name for one in program.inputs)
    return derive(program, Variant(("per_example", "gradient"), learned, arrays, False))


def rows(extent: int) -> Any:
    """Rows that rise and fall; ties; hidden entries first, last and alone; what is no number."""
    rng = np.random.default_rng(extent)
    found = rng.normal(size=(9, extent)) * 3
    found[0].sort()
    found[1] = np.sort(found[1])[::-1]
    found[2] = np.round(found[2])
    found[3, : extent // 2] = found[4, extent // 2 :] = -np.inf
    found[5] = -np.inf
    found[6, extent // 2] = np.nan
    found[7, -1] = np.inf
    found[8] = np.linspace(-900, 900, extent)
    return found


@pytest.mark.parametrize(("extent", "dtype"), [(24, "float32"), (11, "float64")])
@pytest.mark.parametrize("name", ["cross_entropy", "allowed", "both", "squares", "tempered"])
@pytest.mark.share(1 / 2)
def test_one_reading_finds_what_two_do(
    name: str, extent: int, dtype: DType, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("numba_cuda")
    monkeypatch.setenv("NUMBA_ENABLE_CUDASIM", "1")
    program = derived(name)
    rng = np.random.default_rng(1)
    given = {
        "logits": rows(extent),
        "other": rows(extent)[::-1],
        "label": rng.integers(extent, size=9),
        "temperature": np.linspace(0.5, 3, 9),
        "may": np.concatenate([np.ones((6, extent), int), rng.integers(2, size=(3, extent))]),
    }
    inputs = {one.name: given.get(one.name, 0.5) for one in program.inputs}
    with np.errstate(all="ignore"):
        expected = evaluate(program, inputs)
    emitted = TARGET.emit(program, dtype)
    for shape in (KEPT, READ, SHARED):
        found = run_of(host.OnHost(emitted, shape=shape), program, inputs, dtype)
        for key, value in expected.items():
            np.testing.assert_allclose(found[key], value, err_msg=key, **TOLERANCE[dtype])


def function(name: str, form: str) -> str:
    text = TARGET.emit(derived(name), "float32").text
    return next(one for one in text.split("@kernel\n") if one.startswith(f"def {form}("))


def test_a_row_that_is_not_kept_is_read_twice() -> None:
    """Once for the greatest and the sum, once for the gradient; nothing is written but that."""
    for name, form in itertools.product(
        ("cross_entropy", "tempered"), ("step_1_block_four", "step_1_warp_four")
    ):
        text = function(name, form)
        assert len(re.findall(r"take\(\w+, in_logits", text)) == 2
        assert len(re.findall(r"(?:take|put)\((?:\w+, )?out_d_logits", text)) == 1
    kept = function("cross_entropy", "step_1_block_held")
    assert len(re.findall(r"take\(\w+, in_logits", kept)) == 1
    facts = TARGET.emit(derived("cross_entropy"), "float32").metadata
    launches, *_ = facts["steps"][0]["functions"]["spread_four"]
    assert len(launches) == 3


def test_two_rows_are_followed_at_once_and_what_waits_is_not() -> None:
    text = function("both", "step_1_block_four")
    assert text.count("scale = exp_32(") == 4  # in the loop, and with the other threads
    assert len(re.findall(r"take\(\w+, in_logits", text)) == 2
    assert "scale = " not in function("waits", "step_1_block_four")
