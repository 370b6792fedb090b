"""The coordinates in which parameters of open domains are trained.

A step of an optimizer can leave a domain. What has an inside is therefore moved in coordinates that know
no border (Carpenter et al. 2017, "Stan", of whose transforms these are): a `positive` by its logarithm, a
`probability` or an `interval` with two ends by the logit of its place between them, a `simplex` by
logarithms of which the softmax is taken, an `ordered` vector by its first entry and the logarithms of its
steps. Gradients are pulled back by the chain rule. A border is approached there and never met, so that a
formula that is infinite at it, as `log(s)` at 0, stays finite.

`nonnegative` and intervals with one end are projected instead (`projection.py`), and so is a parameter
that starts on its border, from which these coordinates would not let it go.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from objc.training.projection import ORDERED, SIMPLEX

Array = NDArray[Any]


class Coordinates(Protocol):
    """A map of the inside of a domain onto all real numbers, and back. Arrays keep shape and type."""

    def of(self, value: Array) -> Array:
        """The coordinates of a value inside the domain."""

    def value(self, coordinates: Array) -> Array:
        """The value at some coordinates: inside the domain, or not finite where they are too large."""

    def pulled_back(self, gradient: Array, coordinates: Array) -> Array:
        """A gradient with respect to the value as one with respect to the coordinates."""


@dataclass(frozen=True)
class Logarithm:
    """Positive numbers by their logarithm."""

    def of(self, value: Array) -> Array:
        return _typed(np.log(_wide(value)), value)

    def value(self, coordinates: Array) -> Array:
        found = _typed(np.exp(_wide(coordinates)), coordinates)
        return np.maximum(found, np.finfo(found.dtype).tiny)

    def pulled_back(self, gradient: Array, coordinates: Array) -> Array:
        return _typed(_wide(gradient) * np.exp(_wide(coordinates)), gradient)


@dataclass(frozen=True)
class Logit:
    """Numbers between two ends by the logarithm of the ratio of the distances to them."""

    low: float
    high: float

    def of(self, value: Array) -> Array:
        wide = _wide(value)
        return _typed(np.log(wide - self.low) - np.log(self.high - wide), value)

    def value(self, coordinates: Array) -> Array:
        wide = _wide(coordinates)
        width = self.high - self.low
        # From the nearer end, so that the distance to it keeps its digits.
        near = width * _logistic(-np.abs(wide))
        found = np.where(wide < 0, self.low + near, self.high - near)
        return np.clip(_typed(found, coordinates), *self._inner(coordinates.dtype))

    def pulled_back(self, gradient: Array, coordinates: Array) -> Array:
        wide = _wide(coordinates)
        slope = (self.high - self.low) * _logistic(wide) * _logistic(-wide)
        return _typed(_wide(gradient) * slope, gradient)

    def _inner(self, dtype: np.dtype[Any]) -> tuple[Any, Any]:
        """The least and the greatest number of a type strictly between the ends; next to 0 the least
        one whose reciprocal is finite."""
        low, high = dtype.type(self.low), dtype.type(self.high)
        tiny = np.finfo(dtype).tiny
        least = tiny if low == 0 else np.nextafter(low, high)
        return least, -tiny if high == 0 else np.nextafter(high, low)


@dataclass(frozen=True)
class Softmax:
    """Points of a simplex, along the last axis, by logarithms up to a constant."""

    def of(self, value: Array) -> Array:
        return _typed(np.log(_wide(value)), value)

    def value(self, coordinates: Array) -> Array:
        found = _typed(self._wide_value(coordinates), coordinates)
        return np.maximum(found, np.finfo(found.dtype).tiny)

    def pulled_back(self, gradient: Array, coordinates: Array) -> Array:
        share = self._wide_value(coordinates)
        wide = _wide(gradient)
        return _typed(share * (wide - np.sum(share * wide, axis=-1, keepdims=True)), gradient)

    def _wide_value(self, coordinates: Array) -> Array:
        wide = _wide(coordinates)
        powers = np.exp(wide - wide.max(axis=-1, keepdims=True))
        return np.asarray(powers / powers.sum(axis=-1, keepdims=True))


@dataclass(frozen=True)
class Rises:
    """Numbers that rise strictly along the last axis, by the first and the logarithms of the steps."""

    def of(self, value: Array) -> Array:
        wide = _wide(value)
        return _typed(
            np.concatenate([wide[..., :1], np.log(np.diff(wide, axis=-1))], axis=-1), value
        )

    def value(self, coordinates: Array) -> Array:
        found = _typed(np.cumsum(self._steps(coordinates), axis=-1), coordinates)
        for k in range(1, found.shape[-1]):  # a step may be less than a rounding
            least = np.nextafter(found[..., k - 1], found.dtype.type(np.inf))
            found[..., k] = np.maximum(found[..., k], least)
        return found

    def pulled_back(self, gradient: Array, coordinates: Array) -> Array:
        behind = np.cumsum(_wide(gradient)[..., ::-1], axis=-1)[..., ::-1]
        steps = self._steps(coordinates)
        steps[..., 0] = 1.0
        return _typed(behind * steps, gradient)

    def _steps(self, coordinates: Array) -> Array:
        wide = _wide(coordinates)
        return np.concatenate([wide[..., :1], np.exp(wide[..., 1:])], axis=-1)


def coordinates_for(kind: str, low: float, high: float) -> Coordinates | None:
    """The coordinates of a domain; None where it has none and is projected."""
    match kind:
        case "positive":
            return Logarithm()
        case "simplex":
            return Softmax()
        case "ordered":
            return Rises()
        case "probability" | "interval":
            return Logit(low, high) if low < high and np.isfinite(high - low) else None
        case _:
            return None


def is_inside(value: Array, kind: str, low: float, high: float) -> bool:
    """Whether no entry lies on the border of the domain."""
    if kind == SIMPLEX:
        return bool((value > 0).all())
    if kind == ORDERED:
        return bool((np.diff(value, axis=-1) > 0).all())
    return kind == "positive" or bool(((value > low) & (value < high)).all())


def _wide(values: Array) -> Array:
    return np.asarray(values, dtype=np.float64)


def _typed(values: Any, like: Array) -> Array:
    return np.asarray(values, dtype=like.dtype)


def _logistic(values: Array) -> Array:
    """1 / (1 + e⁻ˣ), with all digits at both ends."""
    power = np.exp(-np.abs(values))
    return np.asarray(np.where(values < 0, power, 1.0) / (1.0 + power))
