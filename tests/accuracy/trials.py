"""Losses drawn at random, as targets compute them, beside the text in many digits."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

import mpmath
import numpy as np

from objc.accuracy.conditioning import Conditioning
from objc.accuracy.reference import PRODUCTS, Reference, vector_like
from objc.compiler import Variant, derive, load, lower, parse
from objc.ir.program import Input
from objc.passes.derivatives.differentiate import vectors_of
from objc.source import Source
from objc.target import DType
from objc.target import load as target_named

Level = Literal["gentle", "confident"]

_EXAMPLES, _SIZE = 6, 3
_DIGITS: dict[Level, int] = {"gentle": 80, "confident": 240}
_SETTINGS = ({}, {"a": 0.5, "g": 0.5, "t": 0.2})
"""Of the hyperparameters: the defaults, and some of them elsewhere."""
_ROUNDINGS = 30.0
"""Of its inputs, that explain any error."""
_NOTHING: dict[Level, float] = {"gentle": 1e-3, "confident": 1e-30}
"""What the largest entry of a result is taken for at least: where it is exactly zero, roundings are left."""


@dataclass(frozen=True)
class Wrong:
    """A result that is off by more than it may be: by how much of the largest entry beside it."""

    dtype: DType
    output: str
    inputs: dict[str, Any]
    found: list[float]
    expected: list[str]
    error: float

    @property
    def is_no_number(self) -> bool:
        return not np.isfinite(self.error)


class Trial:
    """One loss on a target in both floating types. Errors are relative to the largest entry of the same
    output for the same example, and none counts that rounding the inputs explains."""

    def __init__(self, text: str, level: Level, target: str = "numpy") -> None:
        self.level: Level = level
        self.target = target
        self.program = lower(parse(Source("natural.objc", text))).programs["natural"]
        given = [one for one in self.program.inputs if one.role != "hyperparameter"]
        self.wrt = tuple(one.name for one in self.program.differentiable)
        variant = Variant(
            ("per_example", "gradient", *PRODUCTS), self.wrt, frozenset(one.name for one in given)
        )
        self.derived = derive(self.program, variant)
        self.reference = Reference(self.program, self.derived, self.wrt)

    def wrong(self, dtype: DType, tolerance: float, seed: int) -> Iterator[Wrong]:
        """What is off by more than the tolerance, at random examples."""
        held = {one.name for one in self.program.inputs if one.role == "hyperparameter"}
        for setting in _SETTINGS:
            if setting and not held & set(setting):
                continue
            inputs = self._points(np.random.default_rng(seed), dtype)
            for one in self.program.inputs:
                if one.name in held:
                    inputs[one.name] = float(setting.get(one.name, one.default))
            yield from self._wrong_at(inputs, dtype, tolerance)

    def _wrong_at(self, inputs: dict[str, Any], dtype: DType, tolerance: float) -> Iterator[Wrong]:
        digits = np.full(_EXAMPLES, _DIGITS[self.level])
        truth, found = self.reference.once(inputs, digits), self._found(inputs, dtype)
        suspected = [
            (key, row)
            for key in truth
            for row in range(_EXAMPLES)
            if self._error(found[key][row], truth[key][row], dtype) > tolerance
        ]
        if not suspected:
            return
        conditioning = Conditioning(self.program, self.reference, dtype)
        explained = conditioning.of_tensors(inputs, truth, digits, np.arange(_EXAMPLES))
        for key, row in suspected:
            exact, own = truth[key][row], found[key][row]
            error = self._error(own, exact, dtype, explained[key][row])
            if error > tolerance:
                example = {
                    name: np.asarray(value)[row].tolist() if np.ndim(value) else value
                    for name, value in inputs.items()
                }
                expected = [mpmath.nstr(one, 10) for one in np.ravel(exact)]
                yield Wrong(dtype, key, example, np.ravel(own).tolist(), expected, error)

    def _found(self, inputs: dict[str, Any], dtype: DType) -> dict[str, Any]:
        """What the target computes of a batch."""
        sizes = {"batch": _EXAMPLES}
        for one in self.program.inputs:
            sizes |= {dimension.name: _SIZE for dimension in one.dimensions}
        results = {
            key: np.full(
                [sizes[one.name] for one in self.derived.let[name].dimensions], np.nan, dtype
            )
            for key, name in self.derived.outputs.items()
        }
        vectors = {
            vector: vector_like(inputs[name])
            for name, vector in vectors_of(self.derived, self.wrt).items()
        }
        executable = load(target_named(self.target).emit(self.derived, dtype), self.target)
        with np.errstate(all="ignore"):
            executable({**inputs, **vectors, "scale": 1.0}, sizes, results)
        return results

    def _points(self, generator: np.random.Generator, dtype: DType) -> dict[str, Any]:
        return {
            one.name: self._drawn(one, generator, dtype)
            for one in self.program.inputs
            if one.role != "hyperparameter"
        }

    def _drawn(self, one: Input, generator: np.random.Generator, dtype: DType) -> np.ndarray:
        """Numbers of a few units; where they are to be confident, one of each row far above the others."""
        shape = (_EXAMPLES, *(_SIZE for _ in one.dimensions))
        kind = one.domain.kind
        if kind == "index":
            return generator.integers(_SIZE, size=shape)
        if kind in ("binary", "count"):
            values = generator.integers(2 if kind == "binary" else 5, size=shape)
            return values if kind == "count" else values.astype(dtype)
        if kind == "probability":
            return generator.random(shape).astype(dtype)
        if kind == "simplex":
            whole = generator.multinomial(1024, [1 / _SIZE] * _SIZE, size=shape[:-1])
            whole[1::3] = 1024 * np.eye(_SIZE, dtype=int)[generator.integers(_SIZE, size=2)]
            return (whole / 1024).astype(dtype)
        values = generator.normal(size=shape) * generator.uniform(
            0.5, 2, size=(_EXAMPLES, *[1] * len(one.dimensions))
        )
        if kind == "positive":
            return np.exp(values / 2).astype(dtype)
        if self.level == "confident" and one.dimensions:
            above = generator.uniform(15, 40, size=(*shape[:-1], 1))
            values += above * np.eye(_SIZE)[generator.integers(_SIZE, size=shape[:-1])]
        return values.astype(dtype)

    def _error(self, found: Any, exact: Any, dtype: DType, explained: Any = None) -> float:
        """The largest error of some entries, relative to the largest of them, beyond what is explained;
        infinite where one is no number, though the true one is representable."""
        found, exact = np.ravel(found), np.ravel(exact)
        limit = float(np.finfo(dtype).max) / 1e4
        known = [mpmath.isfinite(one) and abs(one) < limit for one in exact]
        if not any(known):
            return 0.0
        scale = max(abs(one) for one, is_known in zip(exact, known, strict=True) if is_known)
        worst = 0.0
        for place, one in enumerate(exact):
            if not known[place]:
                continue
            if not np.isfinite(found[place]):
                return np.inf
            allowed = 0 if explained is None else _ROUNDINGS * np.ravel(explained)[place]
            beyond = max(abs(mpmath.mpf(float(found[place])) - one) - allowed, 0)
            worst = max(worst, float(beyond / max(scale, _NOTHING[self.level])))
        return worst
