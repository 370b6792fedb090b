"""The functions that the CUDA target has of its own, as LLVM has them on this processor and as the
simulator has them, against mpmath."""

from __future__ import annotations

import ctypes
import re
from collections.abc import Callable
from typing import Any

import llvmlite.binding as llvm
import mpmath
import numpy as np
import pytest
from llvmlite import ir
from objc.targets.cpu.expressions import F32
from objc.targets.cpu.loading import native_target
from objc.targets.cuda import ptx, translation
from objc.targets.cuda.simulation import Simulated

Function = Callable[[float], float]


@pytest.fixture(scope="module")
def compiled() -> Callable[[str], Function]:
    """A function of float32 in machine code of this processor, from what is written for devices."""
    engines: list[Any] = []

    def function(name: str) -> Function:
        module = ir.Module("tried")
        translator = translation.Translator(module, translation.library(), 0)
        made, _ = translator.function(name, [ir.Constant(F32, 0.0)])
        made.linkage = "external"
        machine = native_target().create_target_machine()
        engine = llvm.create_mcjit_compiler(llvm.parse_assembly(str(module)), machine)
        engine.finalize_object()
        engines.append(engine)
        kind = ctypes.CFUNCTYPE(ctypes.c_float, ctypes.c_float)
        return kind(engine.get_function_address(made.name))

    return function


def wave(count: int) -> Any:
    """Arguments of every size that float32 has."""
    rng = np.random.default_rng(0)
    near, far = rng.normal(size=count) * 4, rng.uniform(-9000, 9000, count)
    return np.concatenate([near, far, 10.0 ** rng.uniform(3.9, 38.5, count)]).astype(np.float32)


def positive(count: int) -> Any:
    rng = np.random.default_rng(1)
    return (10.0 ** rng.uniform(-6, 6, count)).astype(np.float32)


CASES: dict[str, tuple[Callable[..., Any], Any, float]] = {
    "sin_32": (mpmath.sin, wave, 3),
    "cos_32": (mpmath.cos, wave, 3),
    "tan_32": (mpmath.tan, wave, 4),
    "digamma_32": (mpmath.digamma, positive, 12),
    "trigamma_32": (lambda x: mpmath.psi(1, x), positive, 12),
    "tetragamma_32": (lambda x: mpmath.psi(2, x), positive, 16),
}


@pytest.mark.parametrize("name", CASES)
def test_is_right_to_a_few_units(name: str, compiled: Callable[[str], Function]) -> None:
    """In units of 2^-24 of the result, of 1/1000 where that is less: near a root of the trigonometric
    functions, of the size of the logarithm near that of digamma."""
    exact, drawn, most = CASES[name]
    function, simulated = compiled(name), Simulated("").space[name]
    least = 1.0 if name == "digamma_32" else 1e-3
    with mpmath.workprec(400), np.errstate(all="ignore"):
        for x in drawn(200):
            expected = exact(mpmath.mpf(float(x)))
            unit = 2.0**-24 * max(abs(float(expected)), least)
            for found in (function(x), simulated(x)):
                assert abs(found - expected) <= most * unit, x


def test_the_exponential_by_the_instruction_for_powers_of_two() -> None:
    """What is around the instruction loses no more than a unit, over all exponents, and overflows, fades
    out and passes on what is no number as the function does."""
    simulated = Simulated("").space["exp_32"]
    with np.errstate(all="ignore"):
        drawn = np.linspace(-87.3, 88.7, 4001).astype(np.float32)
        for x in drawn:
            assert abs(float(simulated(x)) / np.exp(np.float64(x)) - 1) < 2.0**-22, x
        for x in np.float32([-88, -95, -103, 89, 100, np.inf, -np.inf, 0]):
            expected = np.exp(np.float64(x)).astype(np.float32)
            assert simulated(x) == pytest.approx(expected, rel=1e-5, abs=2e-45)
        assert np.isnan(simulated(np.float32(np.nan)))
    for name, products in (("exp_32", 4), ("sigmoid_32", 4), ("softplus_32", 20)):
        found = ptx.compiled(
            "@kernel\ndef one(p_out):\n    out = view(p_out, (8,), float32)\n"
            f"    out[0] = {name}(out[1])\n",
            "sm_80",
        )
        assert len(re.findall(r"ex2\.approx\.ftz\.f32", found)) == 1
        assert len(re.findall(r"fma\.rn\.f32", found)) <= products


@pytest.mark.parametrize("name", ["sin_32", "cos_32", "tan_32"])
def test_of_infinity_there_is_none(name: str, compiled: Callable[[str], Function]) -> None:
    assert all(np.isnan(compiled(name)(x)) for x in (np.inf, -np.inf, np.nan))


@pytest.mark.parametrize(
    ("name", "pole"), [("digamma_32", -np.inf), ("trigamma_32", np.inf), ("tetragamma_32", -np.inf)]
)
def test_poles(name: str, pole: float, compiled: Callable[[str], Function]) -> None:
    assert compiled(name)(0.0) == pole
    assert np.isnan(compiled(name)(-1.0))
