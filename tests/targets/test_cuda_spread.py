"""Rows that several blocks of the CUDA target share: a launch for every sum that the rest waits for."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest
from objc.targets.cuda import host, ptx
from objc.targets.cuda.launching import LONG, Launch, Shape, Sized

import objc
from objc.compiler import Variant, derive
from objc.ir.evaluate import evaluate
from objc.ir.program import Program
from objc.target import DType, load

from .running import TOLERANCE, run_of

TARGET = load("cuda")
LOSSES = objc.compile("""
loss cross_entropy(logits: real[K] | label: index(K)) = logsumexp(logits) - logits[label]

loss focal(logits: real[K] | label: index(K); gamma: nonnegative = 2) =
    -(1 - p)^gamma * log(p)
    where p = softmax(logits)[label]

loss divergence(student: real[K] | teacher: real[K]) =
    sum[k](p[k] * (log(p[k]) - log(q[k])))
    where p = softmax(teacher)
          q = softmax(student)

loss total_variation(student: real[K] | teacher: real[K]) =
    sum[k](abs(softmax(teacher)[k] - softmax(student)[k])) / 2

loss squares(x: real[K] | y: real[K]) = sum[k]((x[k] - y[k])^2) / sum[k](y[k]^2 + 1)

metric largest(x: real[K] | y: real[K]) = y[argmax[k](x[k] / 9)] + y[argmin[k](x[k] * 9)]
""")
NAMES = ("cross_entropy", "focal", "divergence", "total_variation", "squares", "largest")


def derived(name: str) -> Program:
    program = getattr(LOSSES, name).program
    learned = tuple(one.name for one in program.inputs if one.role == "differentiable")
    arrays = frozenset(one.name for one in program.inputs if one.role != "hyperparameter")
    results: Any = ("value",) if program.kind == "metric" else ("value", "gradient")
    return derive(program, Variant(results, learned if len(results) > 1 else (), arrays, False))


def drawn(program: Program, extent: int) -> dict[str, Any]:
    rng = np.random.default_rng(extent)
    found: dict[str, Any] = {}
    for one in program.inputs:
        if not one.dimensions:
            found[one.name] = 0.3 if one.role == "internal" else 1.5
        elif one.domain.is_integer:
            found[one.name] = rng.integers(extent, size=9)
        else:
            found[one.name] = rng.normal(size=(9, extent))
    return found


@pytest.mark.parametrize(
    ("extent", "dtype"),
    [
        (5, "float64"),
        (24, "float32"),
        pytest.param(5, "float32", marks=pytest.mark.slow),
        pytest.param(24, "float64", marks=pytest.mark.slow),
    ],
)
@pytest.mark.parametrize("name", NAMES)
@pytest.mark.share(1 / 2)
def test_shared_rows_agree_with_the_interpreter(
    name: str, extent: int, dtype: DType, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("numba_cuda")
    monkeypatch.setenv("NUMBA_ENABLE_CUDASIM", "1")
    program = derived(name)
    inputs = drawn(program, extent)
    emitted = TARGET.emit(program, dtype)
    executable = host.OnHost(emitted, shape=Shape(4, 3, tiny=True, spread=True))
    found = run_of(executable, program, inputs, dtype)
    for key, value in evaluate(program, inputs).items():
        np.testing.assert_allclose(found[key], value, err_msg=key, **TOLERANCE[dtype])
    kernel: Any = executable.kernel
    (prepared,) = kernel.prepared.values()
    names = [one.function[1] for one in prepared.runs]
    assert any(f"spread{'_four' if extent % 4 == 0 else ''}_1" in one for one in names)


@pytest.mark.parametrize("name", ["divergence", "total_variation"])
def test_of_rows_that_do_not_fit_as_many_are_kept_as_do(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("numba_cuda")
    monkeypatch.setenv("NUMBA_ENABLE_CUDASIM", "1")
    program = derived(name)
    inputs = drawn(program, 8)
    emitted = TARGET.emit(program, "float64")
    kept = set()
    for shared in (0, 64, 1 << 16):
        executable = host.OnHost(emitted, shape=Shape(4, 3, tiny=True, shared=shared))
        found = run_of(executable, program, inputs, "float64")
        for key, value in evaluate(program, inputs).items():
            np.testing.assert_allclose(found[key], value, err_msg=key, **TOLERANCE["float64"])
        kernel: Any = executable.kernel
        (prepared,) = kernel.prepared.values()
        kept.add(prepared.runs[0].function[1])
    assert {"step_1_block_four", "step_1_block_held_1", "step_1_block_held"} <= kept


def test_few_long_rows_are_shared_and_many_are_not() -> None:
    facts = TARGET.emit(derived("cross_entropy"), "float32").metadata
    launches = {
        (rows, extent): Sized(facts, {"batch": rows, "K": extent}, aligned=True).launches
        for rows, extent in ((4, 64 * LONG), (2048, 64 * LONG), (4, LONG))
    }
    shared = [one for one in launches.pop((4, 64 * LONG)) if isinstance(one, Launch)]
    assert [one.blocks for one in shared[:-1]] == [4 * 64] * (len(shared) - 1)
    assert all("spread_four" in one.name for one in shared[:-1])
    assert not any("spread" in one.name for held in launches.values() for one in held)  # type: ignore[union-attr]


IN_PLACE = """
loss f(w: real[N, M], u: real[M], x: real[N]) = logsumexp[i](cosine(w[i], u) + x[i])
"""


def test_what_all_read_is_not_overwritten_by_the_first() -> None:
    """A row's number that takes the place of another: every thread has read that before the first one
    stores, and launches that share the row would read it again."""
    kernel = objc.compile(IN_PLACE).f
    program = derive(kernel.program, Variant(("value", "gradient"), ("w", "u", "x"), frozenset()))
    text = TARGET.emit(program, "float32").text
    met = set()
    for one in text.split("@kernel\n")[1:]:
        found = re.search(r"\* (out_\w+\[i_\w+\])\n(.*)\n(.*)\n(.*)\n", one)
        name = one.partition("(")[0].removeprefix("def ")
        if found is None or name.endswith("_thread"):
            continue
        wait, first, store = (found[n].strip() for n in (2, 3, 4))
        assert wait == f"cuda.sync{'threads' if '_block' in name else 'warp'}()", name
        assert first == "if lane == 0:" and store.startswith(f"{found[1]} = "), name
        met.add(name.split("_", 2)[2])
    assert met == {f"{team}{form}" for team in ("warp", "block") for form in ("", "_four", "_held")}


def test_every_launch_is_translated() -> None:
    text = TARGET.emit(derived("largest"), "float32").text
    found = ptx.compiled(text, "sm_80")
    assert set(re.findall(r"def (\w+)\(", text)) == set(re.findall(r"\.entry (\w+)\(", found))


def test_shared_rows_are_read_four_entries_at_once() -> None:
    text = TARGET.emit(derived("focal"), "float32").text
    found = ptx.compiled(text, "sm_90")
    steps = found.split(".visible .entry ")
    shared = [one for one in steps if "_spread_four_" in one.partition("(")[0]]
    assert len(shared) >= 3
    assert all(".local" not in one and ".f64" not in one for one in shared)
    assert any("ld.global.nc.v4" in one for one in shared)
