"""The floating types in which `objc check` looks for lost digits, and programs run in them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import mpmath
import numpy as np

from objc import target as targets
from objc.ir.evaluate import evaluate
from objc.ir.index import BATCH, Dimension
from objc.ir.program import Program
from objc.target import DType


@dataclass(frozen=True)
class Arithmetic:
    """A floating type: the bits of its numbers, and the sizes of results that are looked at."""

    dtype: DType
    bits: int
    smallest: float
    largest: float
    representable: float

    @property
    def step(self) -> float:
        """The change of the inputs that stands for their rounding, over a hundred roundings wide."""
        return 2.0 ** (7 - self.bits)

    def lost(self, got: float, expected: Any, scale: Any = None) -> float:
        """The binary digits that a number has lost, of itself or of a larger one."""
        if expected == 0:
            return 0.0 if got == 0 else float(self.bits)
        error = abs(mpmath.mpf(got) - expected) / abs(expected if scale is None else scale)
        bits = float(mpmath.log(error, 2)) + self.bits if error else 0.0
        return min(max(bits, 0.0), float(self.bits))


DOUBLE = Arithmetic("float64", 53, 1e-200, 1e12, 1e300)
SINGLE = Arithmetic("float32", 24, 1e-30, 1e12, 1e37)


def in_double(program: Program, inputs: Mapping[str, Any]) -> dict[str, Any]:
    """Every output of a program in float64, point by point."""
    with np.errstate(all="ignore"):
        return evaluate(program, inputs)


class InSingle:
    """A program as the target `numpy` computes it in float32: the same operations as on a processor."""

    def __init__(self, program: Program, sizes: Mapping[Dimension, int]) -> None:
        self.program = program
        self.sizes = sizes
        target = targets.load("numpy")
        self.is_supported = target.supports(program) is None
        if self.is_supported:
            self._run = target.load(target.emit(program, "float32"))

    def __call__(self, inputs: Mapping[str, Any]) -> dict[str, Any]:
        """Every output; inputs are given as numbers that float32 has."""
        arguments, sizes = {}, {BATCH: 1, **self.sizes}
        for one in self.program.inputs:
            value = np.asarray(inputs[one.name])
            sizes |= zip(one.dimensions, value.shape, strict=True)
            kind = np.int64 if one.domain.is_integer else np.float32
            arguments[one.name] = value.astype(kind) if value.shape else value.item()
        for axis in self.program.dimensions:
            if axis.count is not None:
                sizes[axis] = int(arguments[axis.count]) + axis.more
        lets = {key: self.program.let[name] for key, name in self.program.outputs.items()}
        results = {
            key: np.empty([sizes[one.dimension] for one in let.free], np.float32)
            for key, let in lets.items()
        }
        by_name = {axis.name: extent for axis, extent in sizes.items()}
        scalars = self._run(arguments, by_name, results)
        return {**results, **scalars}
