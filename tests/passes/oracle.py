"""Derivatives by finite differences of the interpreter at 60 digits: an oracle for the passes."""

from __future__ import annotations

from typing import Any

import mpmath
import numpy as np

from objc.ir.evaluate import evaluate
from objc.ir.program import Program

DIGITS = 60
STEP = mpmath.mpf(10) ** -20


def value(program: Program, inputs: dict[str, Any]) -> Any:
    """The sum of per-example values over the leading axis of inputs of one rank too many."""
    batched = batched_inputs(program, inputs)
    sizes = {np.shape(inputs[name])[0] for name in batched}
    if not sizes:
        return evaluate(program, inputs, precision=DIGITS)["per_example"]
    (size,) = sizes
    return mpmath.fsum(
        evaluate(
            program,
            {k: (v[i] if k in batched else v) for k, v in inputs.items()},
            precision=DIGITS,
        )["per_example"]
        for i in range(size)
    )


def batched_inputs(program: Program, inputs: dict[str, Any]) -> frozenset[str]:
    return frozenset(
        name
        for name, given in inputs.items()
        if np.ndim(given) == len(program.input[name].dimensions) + 1
    )


def gradient(program: Program, inputs: dict[str, Any], name: str) -> np.ndarray:
    """Central differences of the value with respect to one input."""
    with mpmath.workdps(DIGITS):
        return _each(inputs, name, lambda at: (at(STEP) - at(-STEP)) / (2 * STEP), program)


def second(program: Program, inputs: dict[str, Any], name: str) -> np.ndarray:
    """The diagonal of the Hessian."""
    with mpmath.workdps(DIGITS):
        return _each(inputs, name, lambda at: (at(STEP) - 2 * at(0) + at(-STEP)) / STEP**2, program)


def _each(inputs: dict[str, Any], name: str, formula: Any, program: Program) -> np.ndarray:
    exact = np.vectorize(mpmath.mpf, otypes=[object])(np.asarray(inputs[name]))
    result = np.zeros(exact.shape)
    for place in np.ndindex(exact.shape):

        def at(step: Any, place: Any = place) -> Any:
            moved = exact.copy()
            moved[place] = moved[place] + step
            return value(program, {**inputs, name: moved if moved.shape else moved[()]})

        result[place] = float(formula(at))
    return result
