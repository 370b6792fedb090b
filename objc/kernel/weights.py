"""`weight=` and `mask=`: one number for each example."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from objc.errors import InputError
from objc.kernel.arrays import first_true, numeric
from objc.kernel.signature import Signature
from objc.kernel.value_errors import WeightShape, WeightValue

Array = NDArray[Any]

USUAL_EXPONENT = 20
"""Weights whose largest lies within 2^±20 are computed with as they are."""


@dataclass(frozen=True)
class Weights:
    """The weights of a call, the batch axes flattened.

    `kept` are the examples of a weight above 0, None where that is all of them: the others are left
    out of the computation, so that they contribute nothing whatever is in them. `weight` belongs to
    those kept, None where all weigh 1. `total` is the sum of the weights.
    """

    kept: Array | None
    weight: Array | None
    total: float

    def relative(self) -> Weights:
        """The same weights up to a factor, with the largest near 1, where their sum or its inverse could
        leave the floating numbers. The factor is a power of two: nothing else is rounded."""
        if self.weight is None or not self.weight.size:
            return self
        _, exponent = math.frexp(float(self.weight.max()))
        if abs(exponent) <= USUAL_EXPONENT:
            return self
        weight = np.ldexp(self.weight, -exponent)
        return Weights(self.kept, weight, float(weight.sum()))


def weights_of(signature: Signature, weight: Any, mask: Any, batch: tuple[int, ...]) -> Weights:
    """The weights of a call.

    Raises:
        InputError: a shape that is not the batch's, a weight that is negative or not finite, a mask
            that is neither 0 nor 1.
    """
    keep: Array | None = None
    if mask is not None:
        found = _array(signature, "mask", mask, batch)
        if found.dtype != np.bool_:
            _require(signature, "mask", found, (found != 0) & (found != 1))
        keep = found.reshape(-1) != 0
    held: Array | None = None
    if weight is not None:
        found = _array(signature, "weight", weight, batch)
        if found.dtype.kind != "b":
            _require(signature, "weight", found, ~((found >= 0) & np.isfinite(found)))
        held = found.reshape(-1).astype(np.float64)
        above = held > 0
        keep = above if keep is None else keep & above
    assert keep is not None
    if keep.all():
        return Weights(None, held, _total(keep.size, held))
    kept = np.flatnonzero(keep)
    held = None if held is None else held[kept]
    return Weights(kept, held, _total(kept.size, held))


def _total(count: int, weight: Array | None) -> float:
    if weight is None:
        return float(count)
    with np.errstate(over="ignore"):  # then they are made relative
        return float(weight.sum())


def _array(signature: Signature, option: str, value: Any, batch: tuple[int, ...]) -> Array:
    array = numeric(signature, option, value, None)
    if array.shape != batch:
        raise InputError(WeightShape(None, signature.name, option, array.shape, batch))
    return array


def _require(signature: Signature, option: str, array: Array, wrong: Array) -> None:
    if wrong.any():
        position = first_true(wrong)
        value = f"{array[position]:g}"
        raise InputError(WeightValue(None, signature.name, option, value, position))
