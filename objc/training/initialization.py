"""Initial values of parameters that have none of their own."""

from __future__ import annotations

import math
import zlib
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


def initial_value(
    name: str, shape: tuple[int, ...], kind: str, low: float, high: float, seed: int
) -> Array:
    """The value at which a parameter starts, float64.

    A matrix of reals is drawn uniformly with variance 2/(rows + columns) (Glorot & Bengio 2010; axes
    before the last two are stacked), scalars and vectors start at 0, and other domains at a point in
    their middle. Each parameter has a stream of its own, of the seed and its name, so that adding one
    does not change the others.
    """
    match kind:
        case "simplex":
            return np.full(shape, 1.0 / shape[-1])
        case "ordered":
            return np.array(np.broadcast_to(np.linspace(-1.0, 1.0, shape[-1]), shape))
        case "positive" | "nonnegative":
            return np.ones(shape)
        case "probability" | "interval":
            return np.full(shape, _middle(low, high))
    if len(shape) < 2:
        return np.zeros(shape)
    limit = math.sqrt(6.0 / max(shape[-2] + shape[-1], 1))
    generator = np.random.default_rng([seed, zlib.crc32(name.encode())])
    return generator.uniform(-limit, limit, shape)


def _middle(low: float, high: float) -> float:
    if math.isfinite(low) and math.isfinite(high):
        return low + (high - low) / 2
    if math.isfinite(low):
        return low + 1.0
    return high - 1.0 if math.isfinite(high) else 0.0
