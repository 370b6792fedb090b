"""How far a result is from the truth, in units of the last place."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from objc.ir.evaluate import evaluate
from objc.ir.program import Program

DIGITS = 30
"""Digits of the reference of float64; that of float32 is float64."""


def reference(derived: Program, inputs: Mapping[str, Any], dtype: str) -> dict[str, Any]:
    """Every output of a derived program from the interpreter, at the inputs as a run holds them."""
    held = {name: rounded(value, dtype) for name, value in inputs.items()}
    return evaluate(derived, held, None if dtype == "float32" else DIGITS)


def rounded(value: Any, dtype: str) -> Any:
    """An input as a run in that type holds it, in float64; single numbers are held in float64."""
    array = np.asarray(value)
    if array.dtype.kind != "f" or not array.ndim:
        return array
    return array.astype(dtype).astype(np.float64)


def units(found: Any, truth: Any, dtype: str) -> float:
    """The largest error among the entries, in units of the last place of the true entry; of an entry
    that is 0, of the largest. Infinite where a number is missing, or is there against the truth."""
    truth = np.asarray(truth)
    found = np.asarray(found, np.float64).reshape(truth.shape)
    near = truth.astype(np.float64)
    if not near.size:
        return 0.0
    if not np.array_equal(np.isfinite(found), np.isfinite(near)):
        return float("inf")
    finite = np.isfinite(near)
    near = np.where(finite, near, 0.0)
    scale = np.where(near == 0, np.max(np.abs(near)), np.abs(near))
    place = np.spacing(np.maximum(scale, np.finfo(dtype).tiny).astype(dtype)).astype(np.float64)
    difference = np.asarray(found[finite] - truth[finite], object).astype(np.float64)
    return float(np.max(np.abs(difference) / place[finite], initial=0.0))
