"""How much the rounding of the inputs alone changes every result: what no computation can better.

Near a root of a result its relative error says nothing: what can be bounded there is the error over the
change of the result when the inputs are rounded once. Two measures of it: every entry changed in
proportion to itself, and, of tensors of real numbers, every entry in proportion to the largest one, as
the error of a sum or a projection is; for the latter the largest entry of the same result counts too.

Both are slopes: twice the error is twice as many roundings. Where a result jumps within a rounding of its
inputs, as a softmax of entries that are all but equal goes over into a choice of one, a slope says nothing,
and a multiple of the jump must not be excused. There the range of the results within a rounding is asked for
(`within`): what lies in it is right for inputs that are rounded otherwise, and what doesn't is as far
off as it is from its nearer end.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import mpmath
import numpy as np

from objc.accuracy.reference import Reference, Truth
from objc.ir.domain import Domain
from objc.ir.inside import brought_inside
from objc.ir.program import Program
from objc.target import DType

_STEP = {"float32": 1e-6, "float64": 1e-14}
"""The relative change of the inputs from which conditioning is read, many roundings wide."""
_TRIES = 3
_PARTS = (1.0, 1e-10, 1e-25)
"""Of a rounding, at which the range of the results within one is looked for."""
EXACT = frozenset({"index", "count", "integer", "sign", "binary"})


@dataclass(frozen=True)
class Span:
    """Of every entry of every result, the least and the greatest number that it may be."""

    least: Truth
    greatest: Truth

    def widen(self, found: Truth, examples: np.ndarray) -> None:
        """Take in other results of some examples; what is no number changes nothing."""
        for key, values in found.items():
            low, high = self.least[key][examples], self.greatest[key][examples]
            self.least[key][examples] = np.where(values < low, values, low)
            self.greatest[key][examples] = np.where(values > high, values, high)

    def away(self, key: str, place: tuple[int, ...], number: float) -> Any:
        """The distance of a number from the nearer end; 0 between them."""
        low, high = self.least[key][place], self.greatest[key][place]
        return max(low - number, number - high, mpmath.mpf(0))


@dataclass
class Conditioning:
    """Of one program in one floating type. The changes are drawn anew for every set of points."""

    program: Program
    reference: Reference
    dtype: DType

    def __post_init__(self) -> None:
        self._drawn = 0

    def of_entries(self, inputs: Mapping[str, Any], truth: Truth, digits: np.ndarray) -> Truth:
        """The change of every result when every entry of every input is rounded once; hyperparameters
        are inputs too."""
        changes = {key: np.full(values.shape, mpmath.mpf(0)) for key, values in truth.items()}
        for generator in self._generators():
            moved = {
                name: self._moved(name, value, np.abs(value), generator)
                for name, value in inputs.items()
            }
            moved = brought_inside(self.program, moved, {})
            self._take_greater(changes, truth, self.reference.once(moved, digits), slice(None))
        return changes

    def of_tensors(
        self, inputs: Mapping[str, Any], truth: Truth, digits: np.ndarray, examples: np.ndarray
    ) -> Truth:
        """The same for some examples, when every entry of a tensor of real numbers is off by a rounding
        of the largest; at least a rounding of the largest entry of the result."""
        eps = float(np.finfo(self.dtype).eps)
        changes = {key: _largest(values) * eps for key, values in truth.items()}
        if not examples.size:
            return changes
        batched = self.reference.batched
        some = {
            name: value[examples] if name in batched else value for name, value in inputs.items()
        }
        for generator in self._generators():
            moved = {
                name: self._moved(name, value, self._size(name, value), generator)
                for name, value in some.items()
            }
            moved = brought_inside(self.program, moved, {})
            found = self.reference.once(moved, digits[examples])
            self._take_greater(changes, truth, found, examples)
        return changes

    def within(
        self, inputs: Mapping[str, Any], truth: Truth, digits: np.ndarray, examples: np.ndarray
    ) -> Span:
        """The least and the greatest results of some examples found with every entry of every input
        changed by a rounding or a part of one; of the others the truth alone."""
        span = Span({**truth}, {**truth})
        if not examples.size:
            return span
        span = Span(*({key: one.copy() for key, one in truth.items()} for _ in range(2)))
        batched = self.reference.batched
        step = mpmath.mpf(float(np.finfo(self.dtype).eps)) / _STEP[self.dtype]
        for generator, part in zip(self._generators(), _PARTS, strict=True):
            moved = {}
            for name, value in inputs.items():
                if name in batched:
                    one = value[examples]
                    size = np.abs(one.astype(object)) * part * step
                    moved[name] = self._moved(name, one, size, generator)
                else:
                    moved[name] = value
            moved = brought_inside(self.program, moved, {})
            span.widen(self.reference.once(moved, digits[examples]), examples)
        return span

    def _generators(self) -> list[np.random.Generator]:
        self._drawn += 1
        return [np.random.default_rng((self._drawn, number)) for number in range(_TRIES)]

    def _take_greater(self, changes: Truth, truth: Truth, found: Truth, examples: Any) -> None:
        """Changes of inputs by a step are those of a rounding times the factor of both."""
        factor = mpmath.mpf(float(np.finfo(self.dtype).eps)) / _STEP[self.dtype]
        for key, values in found.items():
            apart = np.abs(values - truth[key][examples]) * factor
            known = changes[key][examples]
            changes[key][examples] = np.where(apart > known, apart, known)

    def _size(self, name: str, value: Any) -> Any:
        """The largest entry of every example, where entries are real numbers; each its own elsewhere."""
        if name not in self.reference.batched or self.program.input[name].domain.kind != "real":
            return np.abs(value)
        return np.abs(value).max(axis=tuple(range(1, np.ndim(value))), keepdims=True)

    def _moved(self, name: str, value: Any, size: Any, generator: np.random.Generator) -> Any:
        domain: Domain = self.program.input[name].domain
        if domain.kind in EXACT or domain.is_integer:
            return value
        part = generator.uniform(-1, 1, size=np.shape(value)) * _STEP[self.dtype]
        kind = object if np.asarray(size).dtype == object else np.float64
        moved = np.asarray(value, np.float64).astype(kind) + np.asarray(size, kind) * part
        if domain.kind in ("probability", "simplex"):
            moved = np.minimum(moved, 1.0)
        return moved if moved.shape else float(moved)


def _largest(values: np.ndarray) -> np.ndarray:
    """In the place of every entry the largest absolute one of its example that is finite."""
    found = np.full(values.shape, mpmath.mpf(0))
    for example in range(len(values)):
        sizes = [abs(one) for one in values[example : example + 1].ravel() if mpmath.isfinite(one)]
        found[example : example + 1] = max(sizes, default=mpmath.mpf(0))
    return found
