"""Gradient clipping and the norm that a run records."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


def global_norm(gradients: Mapping[str, Array]) -> float:
    """The Euclidean norm of all the gradients as one vector, summed in float64 and without overflow."""
    largest = max(
        (float(np.max(np.abs(one))) for one in gradients.values() if one.size), default=0.0
    )
    if largest == 0.0 or not math.isfinite(largest):
        return largest
    total = 0.0
    for one in gradients.values():
        scaled = np.asarray(one, dtype=np.float64).ravel() / largest
        total += float(np.sum(scaled * scaled))
    return largest * math.sqrt(total)


def clip(
    gradients: Mapping[str, Array], *, norm: float | None, value: float | None
) -> dict[str, Array]:
    """The gradients with every entry brought into [-value, value] and then, where their global norm is
    above `norm`, scaled down to it (Pascanu, Mikolov & Bengio 2013)."""
    clipped = dict(gradients)
    if value is not None:
        clipped = {name: np.clip(one, -value, value) for name, one in clipped.items()}
    if norm is not None and (size := global_norm(clipped)) > norm:
        clipped = {name: one * (norm / size) for name, one in clipped.items()}
    return clipped
