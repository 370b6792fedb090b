"""Digits that cancel although every rule has been tried: a quick search, for `objc check`.

A few examples of moderate size are computed in float64 by the derived program, in many digits by the
text as written. Where a result has lost more than the rounding of its inputs explains, the let is
found that loses most by itself, from exact numbers rounded once; its span is where the warning points.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import mpmath
import numpy as np

from objc.accuracy.errors import Cancellation
from objc.accuracy.points import Points, Sampler
from objc.accuracy.reference import Reference
from objc.compiler import Result, Variant, derive
from objc.errors import ObjcError
from objc.ir.evaluate import evaluate
from objc.ir.index import Dimension
from objc.ir.program import Input, Let, Program, Term
from objc.ir.recurrence import members
from objc.passes.prune import prune
from objc.target import IndexOutOfRange

_EXAMPLES = 24
_MOST_WORK = 10_000
"""Bodies that may be evaluated, at all points of all lets: what keeps the search below a second."""
_LEAST, _LEAST_ENTRY, _GREATEST = 1e-6, 1e-2, 1e4
"""The size of numbers in these examples, and of the entries of a tensor: what overflows is not what
cancels, and scores that all but tie are the root of many a gradient."""
_BITS = 14.0
"""Of 53; fewer are not worth a warning."""
_SMALLEST, _LARGEST = 1e-200, 1e12
_STEP = 2.0**-46
_DIGITS = 120


@dataclass(frozen=True)
class _Loss:
    """One result that has lost digits."""

    bits: float
    key: str
    place: tuple[int, ...]
    got: float
    expected: Any


def cancellation(program: Program) -> Cancellation | None:
    """The worst loss of digits in value or gradient among a few examples, if it is worth a warning.

    None too for a program of which one example takes as long as the whole search may.
    """
    if "per_example" not in program.outputs:
        return None
    # Terms over parameters belong to no example, and parameters are drawn anew for each.
    each = program.outputs["per_example"]
    program = replace(prune(program, {"per_example": each}), terms=(Term("value", each),))
    try:
        return _Search(program).run()
    except (ObjcError, IndexOutOfRange):
        return None  # drawn at random, examples may break a rule that no domain tells


class _Search:
    def __init__(self, program: Program) -> None:
        self.program = program
        self.batched = frozenset(one.name for one in program.inputs if one.role != "hyperparameter")
        self.wrt = () if program.kind == "metric" else tuple(
            one.name for one in program.differentiable
        )  # fmt: skip
        results: tuple[Result, ...] = ("per_example", "gradient") if self.wrt else ("per_example",)
        self.derived = derive(program, Variant(results, self.wrt, self.batched))
        self.sampler = Sampler.of(program, "float64", {}, 0)
        self.setting = next(iter(self.sampler.settings(1)))
        internal = (one for one in self.derived.inputs if one.role == "internal")
        self.internal = {one.name: 1.0 for one in internal}

    def run(self) -> Cancellation | None:
        number = min(_EXAMPLES, _MOST_WORK // self._work())
        if number < 1:
            return None
        reference = Reference(self.program, self.derived, self.wrt, products=False)
        points = self._moderate(number)
        inputs = {**points, **self.setting}
        truth = reference.once(inputs, np.full(number, _DIGITS))
        found = self._computed(inputs)
        worst: dict[int, _Loss] = {}
        for loss in self._suspicious(found, truth):
            row = loss.place[0]
            if row not in worst or loss.bits > worst[row].bits:
                worst[row] = loss
        best: tuple[_Loss, Points] | None = None
        for row, loss in worst.items():
            if best is not None and loss.bits <= best[0].bits:
                continue
            one = {name: value[row : row + 1] for name, value in points.items()}
            bits = loss.bits - self._explained(reference, {**one, **self.setting}, loss)
            if bits >= _BITS and (best is None or bits > best[0].bits):
                best = replace(loss, bits=bits), one
        return None if best is None else self._warning(*best, number)

    def _work(self) -> int:
        """About how many bodies are evaluated for one example."""
        lets = self.derived.lets
        return 1 + sum(
            math.prod(self._extent(one.dimension) for one in let.indices) for let in lets
        )

    def _extent(self, dimension: Dimension) -> int:
        if dimension.count is not None:
            return int(self.setting.get(dimension.count, 1)) + dimension.more
        return self.sampler.sizes.get(dimension, 1)

    def _moderate(self, number: int) -> Points:
        """Examples in which every number is zero or of moderate size; in some the entries of a tensor
        are near each other."""
        drawn = self.sampler.draw(number, self.setting)
        generator = np.random.default_rng(1)
        for one in self.program.inputs:
            if one.name in drawn and one.domain.kind in ("real", "positive", "nonnegative"):
                value = drawn[one.name]
                least = _LEAST_ENTRY if one.dimensions else _LEAST
                size = np.clip(np.abs(value), least, _GREATEST)
                value = np.where(value == 0, 0.0, np.copysign(size, value))
                if one.dimensions:
                    near = value[::3].reshape(len(value[::3]), -1)[:, :1]
                    near = near.reshape(-1, *[1] * (value.ndim - 1))
                    spread = generator.choice([1e-3, 1e-6], size=near.shape)
                    value[::3] = near * (1 + spread * generator.normal(size=value[::3].shape))
                drawn[one.name] = value
        return drawn

    def _computed(self, inputs: Mapping[str, Any]) -> dict[str, Any]:
        with np.errstate(all="ignore"):
            return evaluate(self.derived, {**inputs, **self.internal})

    def _suspicious(self, found: Mapping[str, Any], truth: Mapping[str, Any]) -> Iterator[_Loss]:
        for key, values in found.items():
            for place in np.ndindex(values.shape):
                got, expected = float(values[place]), truth[key][place]
                if not (math.isfinite(got) and mpmath.isfinite(expected)):
                    continue
                bits = _bits(got, expected)
                if _SMALLEST <= abs(expected) <= _LARGEST and bits >= _BITS:
                    yield _Loss(bits, key, place, got, expected)

    def _explained(self, reference: Reference, inputs: Mapping[str, Any], loss: _Loss) -> float:
        """The bits that rounding the inputs takes already."""
        generator = np.random.default_rng(0)
        place = (0, *loss.place[1:])
        most = 0.0
        for _ in range(3):
            moved = {name: self._moved(name, value, generator) for name, value in inputs.items()}
            change = abs(
                reference.once(moved, np.array([_DIGITS]))[loss.key][place] - loss.expected
            )
            most = max(most, float(change / abs(loss.expected)) / _STEP)
        return math.log2(max(most, 1.0))

    def _moved(self, name: str, value: Any, generator: np.random.Generator) -> Any:
        if name not in self.batched or not np.issubdtype(np.asarray(value).dtype, np.floating):
            return value
        moved = value * (1 + generator.uniform(-1, 1, size=value.shape) * _STEP)
        bounded = self.program.input[name].domain.kind in ("probability", "simplex")
        return np.minimum(moved, 1.0) if bounded else moved

    def _warning(self, loss: _Loss, example: Points, number: int) -> Cancellation:
        where = {**{name: value[0] for name, value in example.items()}, **self.setting}
        kind, _, name = loss.key.partition(":")
        return Cancellation(
            self._place(example).span or self.program.span,
            self.program.name,
            name if kind == "gradient" else None,
            loss.bits,
            tuple((key, np.asarray(value).tolist()) for key, value in where.items()),
            tuple(loss.place[1:]),
            loss.got,
            mpmath.nstr(loss.expected, 17),
            number,
        )

    def _place(self, example: Points) -> Let:
        """The let that loses most digits by itself, of those that the user wrote."""
        inputs = {**example, **self.setting, **self.internal}
        outputs = {let.name: let.name for let in self.derived.lets}
        exact = evaluate(replace(self.derived, outputs=outputs), inputs, _DIGITS)
        inside = members(self.derived)
        written = [let for let in self.derived.lets if let.span is not None]
        result = self.derived.let[self.derived.outputs["per_example"]]
        losses = [
            (0.0 if let.name in inside else self._own_loss(let, inputs, exact), let)
            for let in written
        ]
        return max(losses, key=lambda one: one[0], default=(0.0, result))[1]

    def _own_loss(self, let: Let, inputs: Mapping[str, Any], exact: Mapping[str, Any]) -> float:
        """The bits that a let loses when what it reads is exact but for one rounding."""
        read = {one.tensor for one in let.reads}
        given = {name: inputs[name] for name in read if name in inputs}
        given |= {name: _rounded(exact[name]) for name in read if name in exact}
        tensors = [self.derived.tensor(name) for name in sorted(read)]
        arguments = [
            one if isinstance(one, Input) else Input(one.name, one.dimensions, one.domain, "data")
            for one in tensors
        ]
        # Dimensions that only the loop has are bound by all inputs of the program.
        others = [one for one in self.derived.inputs if one.name not in read]
        alone = Program(let.name, (*arguments, *others), (let,), {"let": let.name})
        with np.errstate(all="ignore"):
            found = np.asarray(evaluate(alone, {**inputs, **given})["let"], float)
        expected = np.asarray(exact[let.name], object).reshape(found.shape)
        bits = [
            _bits(float(found[place]), expected[place])
            for place in np.ndindex(found.shape)
            if math.isfinite(found[place]) and abs(expected[place]) >= _SMALLEST
        ]
        return max(bits, default=0.0)


def _rounded(values: Any) -> Any:
    array = np.asarray(values)
    return array if np.issubdtype(array.dtype, np.integer) else array.astype(float)


def _bits(got: float, expected: Any) -> float:
    """The binary digits of 53 that a number has lost."""
    if expected == 0:
        return 0.0 if got == 0 else 53.0
    error = abs(mpmath.mpf(got) - expected) / abs(expected)
    return min(max(float(mpmath.log(error, 2)) + 53, 0.0), 53.0) if error else 0.0
