"""One call: arguments bound to shapes, a type and a batch."""

from __future__ import annotations

import functools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from objc.errors import InputError
from objc.kernel import shapes
from objc.kernel.arguments import MISSING, Options
from objc.kernel.arrays import floating, floating_level, integers, numeric
from objc.kernel.domains import (
    at_infinite_end,
    check_data,
    check_finite,
    check_hyperparameter,
    check_range,
)
from objc.kernel.errors import MissingInput
from objc.kernel.formula import value_of
from objc.kernel.signature import InputSignature, Signature
from objc.kernel.value_errors import EmptyBatch, WeightShape
from objc.kernel.weights import Weights, weights_of
from objc.target import DType

Array = NDArray[Any]

_WEAK = (float, int, list, tuple, bool)
"""What has no floating type of its own: it takes that of the arrays beside it."""


@dataclass(slots=True)
class Call:
    """What a call was given. `batch` holds the batch axes, None where no input has any; `sizes` the
    extent of every named dimension; `batched` the inputs that have batch axes."""

    signature: Signature
    values: dict[str, Any]
    batch: tuple[int, ...] | None
    batched: frozenset[str]
    sizes: dict[str, int]
    dtype: DType
    count: int = 1
    scale: float = 1.0
    empty: bool = False
    weights: Weights | None = None

    @property
    def kept(self) -> Array | None:
        """The examples that are computed, None for all."""
        return None if self.weights is None else self.weights.kept

    def weigh(self, options: Options) -> None:
        """Take in weight, mask, reduction and on_empty: the number of examples and the scale."""
        name = self.signature.name
        if options.weight is not None or options.mask is not None:
            if self.batch is None:
                option = "mask" if options.weight is None else "weight"
                raise InputError(WeightShape(None, name, option, (), None))
            found = weights_of(self.signature, options.weight, options.mask, self.batch)
            self.weights = found.relative() if options.reduction == "mean" else found
        if self.batch is None:
            return
        self.count = math.prod(self.batch)
        total = float(self.count)
        if self.weights is not None:
            total = self.weights.total
            if self.weights.kept is not None:
                self.count = len(self.weights.kept)
        self.sizes["batch"] = self.count
        if options.reduction == "mean":
            if total > 0.0:
                self.scale = 1.0 / total
                return
            if options.on_empty == "error":
                raise InputError(EmptyBatch(None, name, self._why_empty()))
            self.empty = True
            self.scale = 0.0

    def _why_empty(self) -> str:
        assert self.batch is not None
        if 0 in self.batch:
            return f"the batch has the shape {self.batch}"
        return "every weight is 0"

    def locate(self, one: InputSignature, position: tuple[int, ...]) -> tuple[int, ...]:
        """Where an entry of the computed array stands in the argument."""
        if one.name not in self.batched:
            return position
        return (*self.example(position[0]), *position[1:])

    def example(self, number: int) -> tuple[int, ...]:
        """The place of a computed example along the batch axes."""
        assert self.batch is not None
        kept = self.kept
        flat = number if kept is None else int(kept[number])
        return tuple(int(one) for one in np.unravel_index(flat, self.batch))

    def held(self, one: InputSignature) -> Any:
        """An input as the compiled program takes it: a number, or a contiguous array of its type
        with one batch axis, without the examples that weigh nothing."""
        value = self.values[one.name]
        if not isinstance(value, np.ndarray):
            return value
        if one.name in self.batched:
            assert self.batch is not None
            if len(self.batch) != 1:
                tail = value.shape[len(self.batch) :]
                value = value.reshape((math.prod(self.batch), *tail))
            if self.kept is not None:
                value = value[self.kept]
        locate = functools.partial(self.locate, one)
        if one.is_integer:
            value = integers(self.signature, one, value, locate)
        else:
            value = floating(self.signature, one, value, self.dtype, locate)
        return value.item() if value.ndim == 0 else value

    def check(self, held: Mapping[str, Any], options: Options, unchecked: Sequence[str]) -> None:
        """Look at the entries: as asked, and the range of indices that the program doesn't check."""
        asked = options.check or options.check_finite
        if not asked and not unchecked:
            return
        signature = self.signature
        values = {**self.values, **self.sizes, **held}
        for one in signature.inputs:
            array = np.asarray(held[one.name])
            locate = functools.partial(self.locate, one)
            if asked and one.role != "hyperparameter":
                end = not options.check_finite and at_infinite_end(one, array, values)
                check_finite(signature, one, array, locate, end)
                if options.check:
                    check_data(signature, one, array, values, locate)
            if one.extent is not None and (one.name in unchecked or options.check):
                extent = self.sizes.get(one.extent, one.extent_size)
                if extent is not None:
                    check_range(signature, one, array, extent, locate)


class Reader:
    """Reads the slots of calls: conversion, ranks, sizes, the batch, the type."""

    def __init__(self, signature: Signature) -> None:
        self.signature = signature
        self._tensors: list[tuple[int, InputSignature]] = []
        self._numbers: list[tuple[int, InputSignature]] = []
        self._simple: list[int] = []
        for n, one in enumerate(signature.inputs):
            if one.role == "hyperparameter" and not one.rank:
                self._numbers.append((n, one))
            else:
                self._tensors.append((n, one))
        self._literal = {
            name: size
            for one in signature.inputs
            for name, size in zip(one.dimensions, one.sizes, strict=True)
            if size is not None
        }
        self._batched: dict[tuple[str, ...], frozenset[str]] = {}

    def read(self, slots: Sequence[Any]) -> Call:
        """Raises InputError for whatever does not fit the declaration."""
        signature = self.signature
        values: dict[str, Any] = {}
        sizes = dict(self._literal)
        batch: tuple[int, ...] | None = None
        batched: tuple[str, ...] = ()
        strong = weak = 0
        fits = same_batch = True
        later: list[InputSignature] = []
        for n, one in self._tensors:
            value = slots[n]
            given = type(value)
            if given is not np.ndarray or value.dtype.kind not in "fiub":
                if value is MISSING:
                    later.append(one)
                    continue
                value = numeric(signature, one.keyword, value, one.place)
            shape = value.shape
            rank = len(one.dimensions)
            lead = len(shape) - rank
            if lead:
                if lead < 0:
                    raise shapes.too_few_axes(signature, one, shape)
                if one.role == "hyperparameter" or one.role == "learned":
                    raise shapes.not_batched(signature, one, shape)
                axes = shape[:lead]
                if batch is None:
                    batch = axes
                elif axes != batch:
                    same_batch = False
                batched += (one.name,)
            for dimension, size in zip(one.dimensions, shape[lead:], strict=True):
                if sizes.setdefault(dimension, size) != size:
                    fits = False
            if given not in _WEAK and not one.is_integer:
                level = floating_level(value)
                if shape:
                    strong = max(strong, level)
                else:
                    weak = max(weak, level)
            values[one.name] = value
        if not same_batch:
            raise shapes.batch_clash(signature, _shapes(values))
        if not fits:
            raise shapes.size_clash(signature, _shapes(values))
        self._read_numbers(slots, values)
        for one in later:
            values[one.name] = self._default(one, values, sizes)
        names = self._batched.get(batched)
        if names is None:
            names = self._batched[batched] = frozenset(batched)
        dtype: DType = "float32" if (strong or weak) == 1 else "float64"
        return Call(signature, values, batch, names, sizes, dtype)

    def _read_numbers(self, slots: Sequence[Any], values: dict[str, Any]) -> None:
        signature = self.signature
        for n, one in self._numbers:
            value = slots[n]
            if value is MISSING:
                value = value_of(one.default, values)
                value = int(value) if one.is_integer else value
            elif type(value) is not float and (type(value) is not int or not one.is_integer):
                value = self._number(one, value)
            values[one.name] = value
        for _, one in self._numbers:
            check_hyperparameter(signature, one, values[one.name], values)
            if one.is_integer:
                values[one.name] = int(values[one.name])
        for one in signature.hyperparameters:
            if one.rank and one.name in values:
                check_hyperparameter(signature, one, values[one.name], values)

    def _number(self, one: InputSignature, value: Any) -> float:
        array = numeric(self.signature, one.keyword, value, one.place)
        if array.ndim:
            raise shapes.not_batched(self.signature, one, array.shape)
        return float(floating(self.signature, one, array, "float64", lambda position: position))

    def _default(
        self, one: InputSignature, values: Mapping[str, Any], sizes: Mapping[str, int]
    ) -> Array:
        """The default of an input with a shape: one number everywhere."""
        shape = [sizes.get(dimension) for dimension in one.dimensions]
        if None in shape:
            span = self.signature.span(one.place)
            call = f"{self.signature.name}(…, {one.keyword}=…)"
            raise InputError(MissingInput(span, self.signature.name, (one.keyword,), call))
        kind = np.int64 if one.is_integer else np.float64
        return np.full([size or 0 for size in shape], value_of(one.default, values), kind)


def _shapes(values: Mapping[str, Any]) -> dict[str, tuple[int, ...]]:
    return {name: value.shape for name, value in values.items() if isinstance(value, np.ndarray)}
