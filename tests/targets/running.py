"""Running a program through the protocol of targets, as a kernel would."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from objc.targets.cpu import driver
from objc.targets.cpu.first_form import Usual

from objc.ir.evaluate import evaluate
from objc.ir.program import Program
from objc.target import Emitted, Target, load

from .. import programs

TARGET: Target = load("cpu")
TOLERANCE = {"float64": {"rtol": 1e-12, "atol": 1e-13}, "float32": {"rtol": 2e-5, "atol": 2e-6}}


def run(
    program: Program, inputs: Mapping[str, Any], dtype: str, emitted: Emitted | None = None
) -> dict[str, Any]:
    """Every output; the results are filled with what must be overwritten."""
    return run_of(TARGET.load(emitted or TARGET.emit(program, dtype)), program, inputs, dtype)


def run_of(
    executable: Any, program: Program, inputs: Mapping[str, Any], dtype: str
) -> dict[str, Any]:
    sizes: dict[str, int] = {}
    arguments: dict[str, Any] = {}
    for one in program.inputs:
        value = np.asarray(inputs.get(one.name, one.default))
        sizes |= {d.name: n for d, n in zip(one.dimensions, value.shape, strict=True)}
        kind = np.int64 if one.domain.is_integer else np.dtype(dtype)
        if one.dimensions:
            arguments[one.name] = np.ascontiguousarray(value, kind)
        else:
            arguments[one.name] = int(value) if one.domain.is_integer else float(value)
    results = {}
    for key, name in program.outputs.items():
        let = program.let[name]
        shape = [sizes.get(d.name, d.size) for d in let.dimensions]
        if let.free:
            results[key] = np.full(shape, -77, np.int64 if let.domain.is_integer else dtype)
    return {**executable(arguments, sizes, results), **results}


def given(case: programs.Case, what: str) -> tuple[Program, dict[str, Any]]:
    """A case as the target gets it, with inputs."""
    inputs = case.inputs(np.random.default_rng(11))
    program = programs.derived(case, programs.VARIANTS[what], inputs)
    internal = [one.name for one in program.inputs if one.role == "internal"]
    return program, {**inputs, **dict.fromkeys(internal, 0.5)}


def agree(
    program: Program, inputs: Mapping[str, Any], dtype: str = "float64", emitted: Any = None
) -> None:
    """The target, in every form that it has, and the interpreter say the same."""
    expected = evaluate(program, inputs)
    executable = TARGET.load(emitted or TARGET.emit(program, dtype))  # type: ignore[arg-type]
    for form in forms(executable):
        found = run_of(form, program, inputs, dtype)
        assert set(found) == set(expected)
        for key, value in expected.items():
            np.testing.assert_allclose(found[key], value, err_msg=key, **TOLERANCE[dtype])


def forms(executable: Any) -> list[Any]:
    """An executable, or the forms for rows of many and of few entries where it has both, and for any
    hyperparameters where it has one for the usual."""
    if isinstance(executable, driver.Either):
        return [*forms(executable.form(False)), *forms(executable.form(True))]
    if isinstance(executable, Usual):
        return [executable, executable.whole()]
    return [executable]
