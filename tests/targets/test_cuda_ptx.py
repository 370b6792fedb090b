"""PTX of kernels on any machine: what is moved at once, what is rounded, and what is missing."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest
from objc.targets.cuda import ptx
from objc.targets.cuda.launching import Sized

import objc
from objc.compiler import Variant, derive
from objc.errors import ObjcError

from .pretended import TARGET, TEXT


def test_without_a_device_a_call_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    from objc.targets.cuda import driver

    def missing() -> None:
        raise driver.NoDriver("the driver shows this process no device")

    monkeypatch.delenv("NUMBA_ENABLE_CUDASIM", raising=False)
    monkeypatch.setattr(driver, "driver", missing)
    kernel = objc.compile(TEXT, target="cuda").squared
    assert "cuda.blockIdx.x" in kernel.source
    with pytest.raises(ObjcError, match=r"E0352.*shows this process no device"):
        kernel(np.zeros(3), np.zeros(3))


def test_an_unknown_architecture_is_named() -> None:
    with pytest.raises(ObjcError, match=r"E0350.*`sm_91`"):
        ptx.compiled("", "sm_91")
    assert ptx.nearest((9, 0)) == "sm_90"
    assert ptx.nearest((8, 7)) == "sm_87"
    assert ptx.nearest((13, 0)) == "sm_121"


def test_without_libdevice_its_functions_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ptx, "libdevice", lambda: None)
    text = "loss wave(x: real; c: positive = 1) = erf(x)^2 + abs(x)^c"
    program = objc.compile(text).wave.gradient_program
    with pytest.raises(ObjcError, match=r"E0351.*takes `erff`, `powf` from"):
        ptx.compiled(TARGET.emit(program, "float32").text, "sm_90")


def test_the_error_of_a_sum_is_not_fused_away() -> None:
    """What is added to is never a part of a fused product, nor reassociated."""
    program = objc.compile(TEXT).squared.gradient_program
    found = ptx.compiled(TARGET.emit(program, "float32").text, "sm_90")
    step = found.partition(".entry step_1_thread")[2].partition(".entry")[0]
    assert len(re.findall(r"sub\.rn\.f32", step)) >= 4
    assert not re.findall(r"add\.f32", step)


@pytest.mark.parametrize(("name", "loads", "stores"), [("squared", 2, 1), ("focal", 6, 4)])
def test_four_entries_are_moved_at_once(name: str, loads: int, stores: int) -> None:
    """Where the layout allows it: of float32, with 128 bits."""
    program = getattr(objc.compile(TEXT), name).gradient_program
    found = ptx.compiled(TARGET.emit(program, "float32").text, "sm_90")
    assert len(re.findall(r"ld\.global\.(?:nc\.)?v4\.b32", found)) >= loads
    assert len(re.findall(r"st\.global\.v4\.b32", found)) >= stores


def test_results_that_are_read_again_are_not_read_rounded() -> None:
    """What each example loses is summed before it is stored."""
    kernel = objc.compile(TEXT).squared
    program = derive(kernel.program, Variant(("value", "per_example"), (), frozenset(INPUTS)))
    text = TARGET.emit(program, "bfloat16").text
    (stored,) = re.findall(
        r"(out_\w+)\[\w+\] = ", text.partition("@kernel")[2].partition("@kernel")[0]
    )
    assert f"{stored}[" in text and not re.findall(rf"= .*{stored}\[", text)


INPUTS = ("prediction", "target")


@pytest.mark.parametrize("kind", ["bfloat16", "float16"])
def test_eight_short_entries_are_moved_at_once(kind: Any) -> None:
    program = objc.compile(TEXT).focal.gradient_program
    text = TARGET.emit(program, kind).text
    for architecture in ("sm_80", "sm_90"):
        found = ptx.compiled(text, architecture)
        assert len(re.findall(r"ld\.global\.nc\.v4\.b32", found)) >= 4
        assert len(re.findall(r"st\.global\.v4\.b32", found)) >= 2
        assert f"cvt.rn.{'bf16' if kind == 'bfloat16' else 'f16'}" in found
        assert ".local" not in found
    facts = TARGET.emit(program, kind).metadata
    names = {
        size: Sized(facts, {"batch": 2048, "K": size}, None, True).launches[0].name
        for size in (32_000, 32_004)
    }
    assert names == {32_000: "step_1_block_four", 32_004: "step_1_block"}
