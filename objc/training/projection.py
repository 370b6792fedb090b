"""Parameters on the border of their domains: after every step such a parameter is projected back.

A `learn rate: nonnegative` that a step has taken below zero comes back to zero, which is in its domain. An
interval with one end is held so too, and whatever starts on its border; other domains have coordinates
(`coordinates.py`).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

SIMPLEX = "simplex"
ORDERED = "ordered"


def bounds(
    kind: str, low: float | None, high: float | None, dtype: np.dtype[Any]
) -> tuple[float, float]:
    """The closed interval to which entries of a domain are held; infinities where there is no end."""
    match kind:
        case "positive":
            return float(np.finfo(dtype).tiny), np.inf
        case "nonnegative":
            return 0.0, np.inf
        case "probability" | "simplex":
            return 0.0, 1.0
        case "interval":
            return -np.inf if low is None else low, np.inf if high is None else high
        case _:
            return -np.inf, np.inf


def project(value: Array, kind: str, low: float, high: float) -> Array:
    """The nearest point of the domain, in Euclidean distance."""
    if kind == SIMPLEX:
        return project_simplex(value)
    if low == -np.inf and high == np.inf:
        return value
    return np.clip(value, low, high)


def tangent(gradient: Array, kind: str) -> Array:
    """The part of a gradient along the domain: on a simplex, what keeps the sum.

    Without it an optimizer that scales each entry, as Adam does, would move all the entries alike, and
    the projection would undo the step.
    """
    if kind != SIMPLEX:
        return gradient
    return gradient - gradient.mean(axis=-1, keepdims=True, dtype=gradient.dtype)


def project_simplex(value: Array) -> Array:
    """The nearest point of the probability simplex along the last axis (Duchi et al. 2008)."""
    ordered = -np.sort(-value, axis=-1)
    excess = np.cumsum(ordered, axis=-1) - 1.0
    position = np.arange(1, value.shape[-1] + 1, dtype=value.dtype)
    kept = np.count_nonzero(ordered - excess / position > 0, axis=-1, keepdims=True)
    threshold = np.take_along_axis(excess, kept - 1, axis=-1) / kept.astype(value.dtype)
    return np.maximum(value - threshold, 0).astype(value.dtype, copy=False)
