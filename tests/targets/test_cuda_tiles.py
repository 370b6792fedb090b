"""Sums over pairs on the CUDA target, in tiles that the threads of a block share."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest
from objc.targets.cuda import host, ptx, tiles
from objc.targets.cuda.launching import MANY, Sized

import objc
from objc.compiler import Variant, derive
from objc.ir.evaluate import evaluate
from objc.ir.program import Program
from objc.target import DType, load

from .running import TOLERANCE, run_of

TARGET = load("cuda")
LOSSES = objc.compile("""
loss ranked(score: real[N] | relevance: real[N]) =
    sum[i, j | relevance[i] > relevance[j]](softplus(score[j] - score[i])) / N

loss nearest(score: real[N] | label: index(C)[N], center: real[C]) =
    sum[i](max[j | label[j] != label[i]](-abs(score[i] - score[j])) * center[label[i]])

metric first(score: real[N] | relevance: real[N]) =
    sum[i](relevance[argmax[j](relevance[i] * score[j])])
""")


def derived(name: str) -> Program:
    kernel = getattr(LOSSES, name)
    if name != "ranked":
        return derive(kernel.program, Variant(("value",), (), frozenset(), False))
    return derive(kernel.program, Variant(("value", "gradient"), ("score",), frozenset(), False))


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("extent", [5, 24, 30])
@pytest.mark.parametrize("name", ["ranked", "nearest", "first"])
def test_tiles_agree_with_the_interpreter(
    name: str, extent: int, dtype: DType, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Several tiles and the last one short, several rows a thread, threads without a row, four entries
    at once; conditions that some rows meet, extremes and the places of them."""
    pytest.importorskip("numba_cuda")
    monkeypatch.setenv("NUMBA_ENABLE_CUDASIM", "1")
    monkeypatch.setattr(tiles, "SPAN", 8)
    rng = np.random.default_rng(extent)
    inputs: dict[str, Any] = {
        "score": rng.normal(size=extent),
        "relevance": rng.integers(4, size=extent) * 1.0,
        "label": rng.integers(3, size=extent),
        "center": rng.normal(size=3),
    }
    program = derived(name)
    given = {one.name: inputs[one.name] for one in program.inputs}
    executable = host.OnHost(TARGET.emit(program, dtype))
    found = run_of(executable, program, given, dtype)
    for key, value in evaluate(program, given).items():
        np.testing.assert_allclose(found[key], value, err_msg=key, **TOLERANCE[dtype])
    kernel: Any = executable.kernel
    (prepared,) = kernel.prepared.values()
    assert any("tile" in one.function[1] for one in prepared.runs)


def test_many_rows_go_through_tiles_in_memory_linear_in_their_number() -> None:
    facts = TARGET.emit(derived("ranked"), "float32").metadata
    few, many = (Sized(facts, {"N": n}, aligned=True) for n in (MANY // 2, 2 * MANY))
    assert [one.name for one in few.launches if "tile" in one.name] == []  # type: ignore[union-attr]
    assert any(one.name.endswith("tile_four") for one in many.launches)  # type: ignore[union-attr]
    assert many.bytes < 1 << 20


def test_a_tile_is_read_four_entries_at_once() -> None:
    found = ptx.compiled(TARGET.emit(derived("ranked"), "float32").text, "sm_90")
    step, *_ = re.findall(r"\.entry \w+_tile_four\((?:.|\n)*?\n\}", found)
    assert len(re.findall(r"ld\.shared\.v4", step)) == 2
    assert ".local" not in step and ".f64" not in step
