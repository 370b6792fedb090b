"""How far results from a device are from the interpreter's, at the inputs as they are stored."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from objc.ir.evaluate import evaluate
from objc.ir.program import Program


def stored(value: Any, storage: str) -> Any:
    """An input as an array of that type holds it, in float64; numbers are held as they are."""
    array = np.asarray(value)
    if array.dtype.kind != "f" or not array.ndim:
        return value
    if storage != "bfloat16":
        return array.astype(storage).astype(np.float64)
    bits = array.astype(np.float32).view(np.uint32)
    even = (bits >> np.uint32(16)) & np.uint32(1)
    kept = (bits + np.uint32(0x7FFF) + even) & np.uint32(0xFFFF0000)
    return kept.view(np.float32).astype(np.float64)


def reference(derived: Program, inputs: Mapping[str, Any], storage: str) -> dict[str, Any]:
    """Every output of a derived program, from the interpreter in float64."""
    return evaluate(derived, {name: stored(one, storage) for name, one in inputs.items()})


def errors(
    value: float, gradients: Mapping[str, NDArray[Any]], truth: Mapping[str, Any]
) -> tuple[float, float]:
    """The error of the value as a part of it, and the largest of the gradients' entries as a part of
    the largest entry. Infinite where a number is missing."""
    parts = [_part(found, truth[f"gradient:{name}"]) for name, found in gradients.items()]
    return _part(value, truth["value"]), max(parts, default=0.0)


def _part(found: Any, true: Any) -> float:
    near = np.asarray(true, np.float64)
    held = np.asarray(found, np.float64).reshape(near.shape)
    if not np.array_equal(np.isfinite(held), np.isfinite(near)):
        return float("inf")
    finite = np.isfinite(near)
    scale = float(np.max(np.abs(near[finite]), initial=0.0))
    apart = float(np.max(np.abs(held[finite] - near[finite]), initial=0.0))
    return apart / scale if scale else apart
