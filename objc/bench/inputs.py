"""Random inputs for a program, drawn from the declared domains."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from objc.ir.index import BATCH
from objc.ir.inside import brought_inside
from objc.ir.program import Input, Program

Array = NDArray[Any]

CLASSES = 10
"""The extent of a dimension that indices are declared into and no array has."""


def draw(
    program: Program, sizes: Mapping[str, int], generator: np.random.Generator
) -> dict[str, Any]:
    """An array for every input, in float64 or int64, and a number for each that has no dimension:
    hyperparameters at their defaults, `scale` for the mean."""
    drawn: dict[str, Any] = {}
    for one in program.inputs:
        shape = [size if (size := d.size) is not None else sizes[d.name] for d in one.dimensions]
        if one.role == "internal" and not one.dimensions:
            drawn[one.name] = np.float64(1 / sizes.get(BATCH.name, 1))
        elif one.role == "hyperparameter" and one.default is not None and one.default.is_number:
            value = np.full(shape, float(one.default))
            drawn[one.name] = value.astype(np.int64) if one.domain.is_integer else value
        else:
            drawn[one.name] = _entries(one, shape, sizes, generator)
    extents = {one: sizes[one.name] for one in program.dimensions if one.name in sizes}
    return brought_inside(program, drawn, extents)


def _entries(
    one: Input, shape: list[int], sizes: Mapping[str, int], generator: np.random.Generator
) -> Array:
    found: Any
    match one.domain.kind:
        case "positive" | "nonnegative":
            found = generator.gamma(2.0, 0.5, shape)
        case "negative" | "nonpositive":
            found = -generator.gamma(2.0, 0.5, shape)
        case "probability":
            found = generator.uniform(0.001, 0.999, shape)
        case "simplex":
            rows = generator.gamma(1.0, 1.0, shape) + 1e-6
            found = rows / rows.sum(axis=-1, keepdims=True)
        case "sign":
            found = generator.integers(0, 2, shape) * 2.0 - 1
        case "binary":
            found = generator.integers(0, 2, shape) * 1.0
        case "index":
            dimension = one.domain.dimension
            assert dimension is not None
            extent = dimension.size or sizes.get(dimension.name, CLASSES)
            return np.asarray(generator.integers(0, extent, shape))
        case "count" | "integer":
            return np.asarray(generator.poisson(2.0, shape), np.int64)
        case "interval":
            found = _between(one, shape, generator)
        case _:
            found = generator.normal(size=shape)
    return np.asarray(found, np.float64)


def _between(one: Input, shape: list[int], generator: np.random.Generator) -> Any:
    """Between the ends that are numbers; where there is none, within three of the other or of 0."""
    low, high = (
        float(end) if end.is_number and end.is_finite else None for end in one.domain.bounds
    )
    if low is None:
        low = -3.0 if high is None else high - 3.0
    if high is None:
        high = low + 3.0
    return generator.uniform(low, high, shape)
