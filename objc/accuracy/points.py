"""Adversarial inputs from the declared domains: edges, every magnitude, ties, near-equal pairs, seams."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Any

import numpy as np

from objc.accuracy.errors import TooLarge
from objc.accuracy.settings import constants_of, hyperparameter
from objc.errors import ObjcError
from objc.ir.domain import Domain, number_of
from objc.ir.evaluate import evaluate
from objc.ir.index import Dimension
from objc.ir.inside import brought_inside
from objc.ir.program import Input, Program
from objc.passes.tidying.prune import prune
from objc.target import DType, IndexOutOfRange

Points = dict[str, np.ndarray]
"""Inputs of many examples: those that have a batch axis, and scalars for hyperparameters."""

_SIZES = (3, 2, 4, 2)
_DRAWS = 8
_GREATEST_SIZE = 512
"""Entries that one example may have."""
_MODERATE = (1e-8, 1e-3, 1.0, 10.0, 50.0, 700.0, 1e4)
_SCALED = ("real", "positive", "nonnegative")


@dataclass
class Sampler:
    """Draws examples of one program, in the floating type of the kernel under test.

    Every example has one character: independent entries, all alike up to a rounding error, one that
    dominates, or one magnitude. Equally shaped real inputs are brought near each other in some, and in some
    all inputs are of one magnitude, however far out. With `magnitudes`, no number is below or above them
    but zero.
    """

    program: Program
    dtype: DType
    sizes: Mapping[Dimension, int]
    generator: np.random.Generator
    magnitudes: tuple[float, float] | None = None

    @classmethod
    def of(
        cls,
        program: Program,
        dtype: DType,
        sizes: Mapping[str, int],
        seed: int,
        magnitudes: tuple[float, float] | None = None,
    ) -> Sampler:
        """Raises ObjcError where an example would be too large for arbitrary precision."""
        given = iter(_SIZES * len(program.dimensions))
        chosen = {
            one: sizes.get(one.name, one.size if one.size is not None else next(given))
            for one in program.dimensions
        }
        total = sum(
            int(np.prod([chosen[one] for one in each.dimensions])) for each in program.inputs
        )
        if total > _GREATEST_SIZE:
            raise ObjcError(TooLarge(program.span, program.name, total, _GREATEST_SIZE))
        if magnitudes is not None:
            limits = np.finfo(dtype)
            low, high = np.clip(magnitudes, limits.smallest_subnormal, limits.max)
            magnitudes = float(low), float(high)
        return cls(program, dtype, chosen, np.random.default_rng(seed), magnitudes)

    def settings(self, number: int) -> Iterator[dict[str, Any]]:
        """Hyperparameters: the defaults first, then one or more of them elsewhere in their domains."""
        wanted = [one for one in self.program.inputs if one.role == "hyperparameter"]
        for count in range(number if wanted else 1):
            moved = self.generator.integers(len(wanted)) if wanted else 0
            drawn: dict[str, Any] = {}
            for place, one in enumerate(wanted):
                held = count == 0 or (place != moved and self.generator.random() < 0.5)
                drawn[one.name] = self._hyperparameter(one, drawn, held)
            yield drawn

    def draw(self, number: int, setting: Mapping[str, Any]) -> Points:
        """Many examples: every input but the hyperparameters, with a batch axis. Those that read a place
        that is not there, as with a length beyond its axis, are drawn again.

        Raises IndexOutOfRange where no example can be had.
        """
        points = self._draw(number, setting)
        refused = self._refused(points, setting)
        for _ in range(_DRAWS):
            if not refused:
                return points
            others = self._draw(number, setting)
            still = self._refused(others, setting)
            known = [row for row in range(number) if row not in still]
            rows = dict(zip(list(refused), known, strict=False))
            for row, other in rows.items():
                for name in points:
                    points[name][row] = others[name][other]
                del refused[row]
        known = [row for row in range(number) if row not in refused]
        if not known:
            raise next(iter(refused.values()))
        for row in refused:
            for value in points.values():
                value[row] = value[known[row % len(known)]]
        return points

    def _refused(self, points: Points, setting: Mapping[str, Any]) -> dict[int, IndexOutOfRange]:
        """By row, why an example has no value."""
        found: dict[int, IndexOutOfRange] = {}
        if not self._gathers:
            return found
        for row in range(len(next(iter(points.values())))):
            one = {name: value[row] for name, value in points.items()}
            try:
                with np.errstate(all="ignore"):
                    evaluate(self._value, {**one, **setting})
            except IndexOutOfRange as error:
                found[row] = error
        return found

    @cached_property
    def _value(self) -> Program:
        """What the value of an example takes."""
        outputs = self.program.outputs
        return prune(self.program, {"per_example": outputs["per_example"]})

    @cached_property
    def _gathers(self) -> bool:
        """Whether a place follows from numbers that are drawn other than as places."""
        return any(one.domain.kind in ("count", "integer") for one in self.program.inputs)

    def _draw(self, number: int, setting: Mapping[str, Any]) -> Points:
        inputs = [one for one in self.program.inputs if one.role != "hyperparameter"]
        points = {one.name: self._examples(one, number, setting) for one in inputs}
        self._bring_together([one for one in inputs if one.domain.kind == "real"], points, number)
        self._scale_together(points, number, setting)
        return brought_inside(self.program, self._within(points), self.sizes, setting)

    def near(self, points: Points, setting: Mapping[str, Any]) -> Points:
        """For every example another one close to it: some entries moved by a few roundings, a small
        factor, a sign or a power of ten. What isn't a magnitude stays."""
        moved = {}
        for one in self.program.inputs:
            if one.name not in points:
                continue
            old = points[one.name]
            if one.domain.kind not in ("real", "positive", "nonnegative", "probability", "ordered"):
                moved[one.name] = old
                continue
            exponent = self.generator.choice([1e-15, 1e-12, 1e-7, 1e-3, 0.3], size=old.shape)
            factor = 1 + self.generator.normal(size=old.shape) * exponent
            kept = self.generator.random(old.shape) < 0.4
            new = np.where(kept, old, old * factor)
            top = 1.0 if one.domain.kind == "probability" else np.inf
            moved[one.name] = self._fit(np.clip(new, None, top))
        return brought_inside(self.program, self._within(moved), self.sizes, setting)

    @cached_property
    def constants(self) -> tuple[float, ...]:
        """The numbers of the text."""
        return constants_of(self.program)

    # ------------------------------------------------------------------ entries

    def _hyperparameter(self, one: Input, drawn: Mapping[str, Any], held: bool) -> Any:
        default = None
        if one.default is not None and not one.dimensions:
            default = number_of(one.default, drawn, self.sizes)
        if default is not None and held:
            return int(default) if one.domain.is_integer else default
        shape = tuple(self.sizes[axis] for axis in one.dimensions)
        if one.domain.kind in _SCALED:
            constants = self.constants
            value = self._fit(
                hyperparameter(one.domain, default, constants, shape, self.dtype, self.generator)
            )
            value = self._kept(value)
        else:
            value = self._entries(one.domain, shape, drawn)
        return value.item() if not shape else value

    def _examples(self, one: Input, number: int, setting: Mapping[str, Any]) -> np.ndarray:
        shape = (number, *(self.sizes[axis] for axis in one.dimensions))
        if one.domain.kind == "simplex":
            return self._simplex(shape)
        values = self._entries(one.domain, shape, setting)
        if one.domain.kind in ("real", "ordered") and len(shape) > 1:
            values = self._characters(values)
        return values

    def _entries(
        self, domain: Domain, shape: tuple[int, ...], setting: Mapping[str, Any]
    ) -> np.ndarray:
        generator = self.generator
        match domain.kind:
            case "real" | "ordered":
                return self._fit(
                    self._magnitudes(shape) * generator.choice([-1.0, 1.0], size=shape)
                )
            case "nonnegative":
                return self._magnitudes(shape)
            case "positive":
                tiny = np.finfo(self.dtype).tiny
                return np.maximum(self._magnitudes(shape), tiny)
            case "probability":
                return self._probabilities(shape)
            case "simplex":
                return self._simplex(shape)
            case "sign":
                return generator.choice([-1.0, 1.0], size=shape).astype(self.dtype)
            case "binary":
                return generator.choice([0.0, 1.0], size=shape).astype(self.dtype)
            case "index":
                top = 6 if domain.dimension is None else self.sizes.get(domain.dimension, 3)
                return np.asarray(generator.integers(top, size=shape))
            case "count":
                return np.asarray(generator.choice([0, 1, 2, 3, 5, 20, 1000], size=shape))
            case "integer":
                return np.asarray(generator.integers(-6, 7, size=shape))
        return self._between(domain, shape, setting)

    def _magnitudes(self, shape: tuple[int, ...]) -> np.ndarray:
        """Nonnegative: zero and one now and then, moderate numbers, and every magnitude there is."""
        generator = self.generator
        moderate = np.abs(generator.normal(size=shape)) * generator.choice(_MODERATE, size=shape)
        limits = np.finfo(self.dtype)
        low, high = float(np.log10(limits.smallest_subnormal)), float(np.log10(limits.max)) - 0.01
        if self.magnitudes is not None:
            low, high = (float(np.log10(one)) for one in self.magnitudes)
        extreme = 10 ** generator.uniform(low, high, size=shape)
        marked = [0.0, 1.0, float(limits.tiny), float(limits.eps), *map(abs, self.constants)]
        special = generator.choice(marked, size=shape)
        kind = generator.random(shape)
        drawn = np.where(kind < 0.6, moderate, np.where(kind < 0.85, extreme, special))
        outside = self._kept(drawn) != drawn  # many at one edge would be alike
        return self._fit(np.where(outside, extreme, drawn))

    def _characters(self, values: np.ndarray) -> np.ndarray:
        """One character for each example."""
        generator = self.generator
        flat = values.reshape(len(values), -1).copy()
        for row in flat:
            kind = generator.integers(5)
            if kind == 0:  # alike up to a rounding error
                row[:] = self._fit(row[0] * (1 + generator.integers(-2, 3, row.size) * 1e-15))
            elif kind == 1:  # a tie of all
                row[:] = row[0]
            elif kind == 2:  # one magnitude
                scale = generator.choice(_MODERATE)
                row[:] = self._fit(generator.normal(size=row.size) * scale)
        return flat.reshape(values.shape)

    def _bring_together(self, inputs: list[Input], points: Points, number: int) -> None:
        """In a third of the examples an input nearly equals another one of its shape."""
        for first, second in pairwise(inputs):
            if first.dimensions != second.dimensions:
                continue
            base = points[first.name]
            distance = self.generator.choice([0.0, 1e-16, 1e-12, 1e-7, 1e-2], size=base.shape)
            near = self._fit(base * (1 + distance * self.generator.normal(size=base.shape)))
            chosen = self.generator.random(number) < 1 / 3
            chosen = chosen.reshape(-1, *[1] * (base.ndim - 1))
            points[second.name] = np.where(chosen, near, points[second.name])

    def _scale_together(self, points: Points, number: int, setting: Mapping[str, Any]) -> None:
        """In a sixth of the examples every input that is a magnitude is of the same one, which may be that
        of a hyperparameter: what is divided by each other, squared or added leaves the range together."""
        limits = np.finfo(self.dtype)
        low, high = float(np.log10(limits.tiny)), float(np.log10(limits.max)) - 1
        if self.magnitudes is not None:
            low, high = (float(np.log10(one)) for one in self.magnitudes)
        scales = 10 ** self.generator.uniform(low, high, size=number)
        known = [abs(one) for one in setting.values() if isinstance(one, float) and one != 0]
        if known:
            given = self.generator.choice(known, size=number)
            scales = np.where(self.generator.random(number) < 0.5, given, scales)
        chosen = self.generator.random(number) < 1 / 6
        for one in self.program.inputs:
            if one.name in points and one.domain.kind in _SCALED:
                old = points[one.name]
                across = (-1, *[1] * (old.ndim - 1))
                with np.errstate(over="ignore"):
                    near = self.generator.uniform(0.1, 9.0, size=old.shape) * scales.reshape(across)
                near = np.maximum(near, float(limits.tiny))
                new = self._fit(np.copysign(near, old))
                points[one.name] = np.where(chosen.reshape(across), new, old)

    def _probabilities(self, shape: tuple[int, ...]) -> np.ndarray:
        generator = self.generator
        limits = np.finfo(self.dtype)
        small = 10 ** generator.uniform(float(np.log10(limits.tiny)), 0, size=shape)
        near_one = 1 - 10 ** generator.uniform(float(np.log10(limits.epsneg)), 0, size=shape)
        edges = generator.choice([0.0, 1.0, 0.5], size=shape)
        kind = generator.random(shape)
        values = np.where(kind < 0.3, generator.random(shape), small)
        values = np.where(kind > 0.6, near_one, values)
        return self._fit(np.where(kind > 0.85, edges, values))

    def _simplex(self, shape: tuple[int, ...]) -> np.ndarray:
        """Multiples of 2^-10 that sum to one exactly, corners and faces of the simplex among them; in a third
        of the examples what is zero there is any number that the sum does not see."""
        generator = self.generator
        weights = generator.gamma(
            generator.choice([0.05, 0.5, 5.0], size=(*shape[:-1], 1)), 1, shape
        )
        weights = weights / np.maximum(weights.sum(-1, keepdims=True), np.finfo(float).tiny)
        counts = np.floor(weights * 1024)
        first = counts.argmax(-1)[..., None]
        rest = 1024 - counts.sum(-1, keepdims=True)
        np.put_along_axis(counts, first, np.take_along_axis(counts, first, -1) + rest, -1)
        limits = np.finfo(self.dtype)
        unseen = float(np.log10(limits.eps)) - 3
        tiny = 10 ** generator.uniform(float(np.log10(limits.tiny)), unseen, size=shape)
        filled = (generator.random((*shape[:-1], 1)) < 1 / 3) & (counts == 0)
        return self._fit(np.where(filled, tiny, counts / 1024))

    def _between(
        self, domain: Domain, shape: tuple[int, ...], setting: Mapping[str, Any]
    ) -> np.ndarray:
        low, high = (number_of(one, setting, self.sizes) for one in domain.bounds)
        magnitudes = self._magnitudes(shape)
        if low is None or high is None:
            return np.zeros(shape, self.dtype)
        if np.isinf(low) and np.isinf(high):  # other inputs are its ends
            return self._fit(magnitudes * self.generator.choice([-1.0, 1.0], size=shape))
        if np.isinf(low) or np.isinf(high):
            return self._fit(low + magnitudes if np.isinf(high) else high - magnitudes)
        part = self._probabilities(shape).astype(float)
        return self._fit(np.clip(low + (high - low) * part, low, high))

    def _within(self, points: Points) -> Points:
        """The same points with no magnitude beyond what is asked for."""
        if self.magnitudes is not None:
            for one in self.program.inputs:
                if one.name in points and one.domain.kind in (*_SCALED, "ordered"):
                    points[one.name] = self._kept(points[one.name])
        return points

    def _kept(self, values: np.ndarray) -> np.ndarray:
        """Numbers within the magnitudes asked for, and zeros."""
        if self.magnitudes is None:
            return values
        kept = np.copysign(np.clip(np.abs(values), *self.magnitudes), values)
        return np.asarray(np.where(values == 0, values, kept)).astype(values.dtype)

    def _fit(self, values: Any) -> np.ndarray:
        """Rounded to the floating type, within its finite numbers."""
        limit = float(np.finfo(self.dtype).max)
        return np.asarray(np.clip(values, -limit, limit)).astype(self.dtype)
