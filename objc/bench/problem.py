"""One case made concrete: the program, what is differentiated, and the data of a run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, cast

import numpy as np

from objc.bench.cases import Case
from objc.bench.inputs import draw
from objc.compiler import Result, Variant, derive, differentiated
from objc.ir.index import BATCH
from objc.ir.program import Program
from objc.target import DType

ROTATED = 1 << 27
"""Bytes of data that no cache holds: smaller inputs come in several sets, in turn."""

_SETS = 8


class Absent(Exception):
    """A contender that takes no part, with the reason."""


@dataclass(frozen=True)
class Problem:
    """A case with its sizes, the type of the numbers, and the number of sets of data."""

    case: Case
    program: Program
    sizes: Mapping[str, int]
    dtype: DType
    seed: int = 0
    rotate: bool = True
    distinct: int | None = None
    """Examples that are drawn at most; a longer batch repeats them."""

    @cached_property
    def batched(self) -> frozenset[str]:
        """The inputs that have a batch axis."""
        if BATCH.name not in self.sizes:
            return frozenset()
        roles = ("differentiable", "data")
        return frozenset(one.name for one in self.program.inputs if one.role in roles) - (
            self.case.shared
        )

    @cached_property
    def wrt(self) -> tuple[str, ...]:
        return tuple(one.name for one in self.program.differentiable)

    @cached_property
    def value(self) -> Program:
        """The stabilised program with the mean over the batch, before differentiation."""
        return differentiated(self.program, Variant(("value",), (), self.batched))

    @cached_property
    def derived(self) -> Program:
        """The program with value and gradients, as a target gets it."""
        results = cast("tuple[Result, ...]", self.case.results)
        return derive(self.program, Variant(results, self.wrt, self.batched))

    @cached_property
    def data(self) -> list[dict[str, Any]]:
        """Sets of inputs of the derived program: arrays of the type, numbers as they are."""
        first = self._set(0)
        size = sum(value.nbytes for value in first.values() if np.ndim(value))
        count = min(_SETS, -(-ROTATED // max(size, 1))) if self.rotate else 1
        return [first, *(self._set(number) for number in range(1, count))]

    def _set(self, number: int) -> dict[str, Any]:
        sizes, batch = dict(self.sizes), self.sizes.get(BATCH.name, 1)
        if BATCH.name in sizes and self.distinct is not None:
            sizes[BATCH.name] = min(batch, self.distinct)
        drawn = draw(self.value, sizes, np.random.default_rng([self.seed, number]))
        for one in self.program.differentiable:
            if one.domain.kind == "real":
                drawn[one.name] = drawn[one.name] * self.case.spread
        held = {name: self._held(value) for name, value in drawn.items()}
        if sizes != self.sizes:
            for name in self.batched:
                held[name] = np.resize(held[name], (batch, *held[name].shape[1:]))
            for one in self.value.inputs:
                if one.role == "internal" and not one.dimensions:
                    held[one.name] = 1 / batch
        return held

    def _held(self, value: Any) -> Any:
        if not np.ndim(value):
            return value.item()
        return np.ascontiguousarray(value, self.dtype if value.dtype.kind == "f" else np.int64)

    def small(self) -> Problem:
        """The same at sizes at which the interpreter gives the truth."""
        most = {BATCH.name: 48}
        return self.resized({n: min(size, most.get(n, 12)) for n, size in self.sizes.items()})

    def resized(self, sizes: Mapping[str, int]) -> Problem:
        """The same at other sizes, on one set of data."""
        return Problem(self.case, self.program, sizes, self.dtype, self.seed, False)
