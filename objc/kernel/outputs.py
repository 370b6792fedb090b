"""Results: buffers of the caller's, examples put back in their places, gradients by input."""

from __future__ import annotations

import functools
import math
from collections import namedtuple
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from objc.errors import InputError
from objc.kernel import memory
from objc.kernel.call import Call
from objc.kernel.option_errors import BadOut, NotByInput
from objc.kernel.signature import Signature
from objc.kernel.variants import Output

Array = NDArray[Any]

_DERIVATIVES = ("gradient:", "term_gradient:", "hessian")

_OVERLAP_WORK = 10_000
"""Effort for deciding whether strided buffers share memory; beyond it they are taken to."""


@functools.cache
def by_input(names: tuple[str, ...]) -> Any:
    """The named tuple in which results stand by input."""
    base = namedtuple("ByInput", names, rename=True)  # type: ignore[misc]
    members: dict[str, Any] = {
        "__slots__": (),
        "__reduce__": lambda self: (_rebuilt, (names, tuple(self))),
    }
    made: Any = type("ByInput", (base,), members)
    return made


def _rebuilt(names: tuple[str, ...], values: tuple[Any, ...]) -> Any:
    return by_input(names)(*values)


def parts_by_input(
    signature: Signature, option: str, value: Any, names: Sequence[str]
) -> dict[str, Any]:
    """What was given for several inputs (`out`, `vector`), by input: an array where there is one, else
    a mapping or a sequence in their order. Inputs that it leaves out are left out.

    Raises:
        InputError: names that are not there, or a sequence of the wrong length.
    """
    keywords = {signature.input[name].keyword: name for name in names}
    if isinstance(value, Mapping):
        for key in value:
            if key not in keywords and key not in names:
                raise _not_by_input(signature, option, f"a mapping with `{key}`", keywords)
        return {keywords.get(key, str(key)): part for key, part in value.items()}
    if len(names) == 1 and not isinstance(value, tuple):
        return {names[0]: value}
    if not isinstance(value, tuple | list):
        found = "an array" if isinstance(value, np.ndarray) else f"a {type(value).__name__}"
        raise _not_by_input(signature, option, found, keywords)
    if len(value) != len(names):
        raise _not_by_input(signature, option, f"{len(value)} of them", keywords)
    return {name: part for name, part in zip(names, value, strict=True) if part is not None}


def _not_by_input(
    signature: Signature, option: str, found: str, keywords: Iterable[str]
) -> InputError:
    return InputError(NotByInput(None, signature.name, option, found, tuple(keywords)))


def _bad(signature: Signature, name: str, reason: str) -> InputError:
    return InputError(BadOut(None, signature.name, name, reason))


class Results:
    """The arrays that a run fills, and what the caller gets of them."""

    def __init__(
        self, call: Call, outputs: Sequence[Output], out: Mapping[str, Any],
        beside: Sequence[tuple[str, Any]] = (),
    ) -> None:  # fmt: skip
        """`beside` are arrays that the call was given beside its inputs, with what they are."""
        self._call = call
        self._outputs = outputs
        self._out = out
        self._kinds = (np.dtype(call.dtype), np.dtype(np.int64))
        self.buffers: dict[str, Array] = {}
        for one in outputs:
            if not one.dimensions:
                continue
            sizes = call.sizes
            shape = [size if type(size) is int else sizes[size] for size in one.dimensions]  # type: ignore[index]
            target = out.get(one.key) if out else None
            if target is not None and self._direct(one, target):
                self.buffers[one.key] = target.reshape(shape)
            else:
                self.buffers[one.key] = memory.array(shape, self._kinds[one.integer])
        if out:
            self._check_out(beside)

    def _direct(self, one: Output, target: Any) -> bool:
        self._require(one, target)
        return bool(target.flags.c_contiguous) and self._call.kept is None

    def _require(self, one: Output, target: Any) -> None:
        """Raises InputError unless the result fits the caller's buffer exactly."""
        name, signature = one.key.rpartition(":")[2], self._call.signature
        if not isinstance(target, np.ndarray):
            raise _bad(signature, name, f"is a {type(target).__name__}, not an array")
        shape = self._shape(one)
        if target.shape != shape:
            raise _bad(signature, name, f"has the shape {target.shape}, and the result {shape}")
        kind = self._kinds[one.integer]
        if target.dtype != kind:
            raise _bad(signature, name, f"is of type {target.dtype}, and the result of {kind}")
        if not target.flags.writeable:
            raise _bad(signature, name, "can't be written to")
        if _overlaps_itself(target):
            raise _bad(signature, name, "has several entries in one place")

    def _check_out(self, beside: Sequence[tuple[str, Any]]) -> None:
        signature = self._call.signature
        known = {one.key: one for one in self._outputs}
        inputs = [(f"the input `{name}`", value) for name, value in self._call.values.items()]
        seen: list[tuple[str, Array]] = [
            (what, value) for what, value in (*inputs, *beside) if isinstance(value, np.ndarray)
        ]
        for key, target in self._out.items():
            name = key.rpartition(":")[2]
            if not known[key].dimensions:
                self._require(known[key], target)
            for what, other in seen:
                if _overlap(target, other):
                    raise _bad(signature, name, f"shares memory with {what}")
            seen.append((f"that for `{name}`", target))

    def _shape(self, one: Output) -> tuple[int, ...]:
        sizes = self._call.sizes
        tail = [size if type(size) is int else sizes[str(size)] for size in one.dimensions]
        if one.dimensions and one.dimensions[0] == "batch":
            return (*(self._call.batch or ()), *tail[1:])
        return tuple(tail)

    @property
    def targets(self) -> Mapping[str, Any]:
        """The caller's arrays by key."""
        return self._out

    @property
    def are_whole(self) -> bool:
        """Whether the caller gets the arrays as the kernel fills them, but for the axes of the batch."""
        whole = self._call.kept is None and self._call.batch is not None
        return whole or not any(one.dimensions[:1] == ("batch",) for one in self._outputs)

    @property
    def shapes(self) -> Mapping[str, tuple[int, ...]]:
        """The shapes of the results that are arrays, as the caller gets them."""
        return {one.key: self._shape(one) for one in self._outputs if one.dimensions}

    def scalar_kinds(self) -> tuple[tuple[str, Any], ...]:
        """The results that are numbers, with what they are made: None for a float as it is."""
        found: list[tuple[str, Any]] = []
        for one in self._outputs:
            if not one.dimensions:
                kind = int if one.integer else None
                is_derivative = one.key.startswith(_DERIVATIVES)
                found.append((one.key, self._kinds[0].type if is_derivative else kind))
        return tuple(found)

    def finish(self, scalars: Mapping[str, float]) -> dict[str, Any]:
        """Every result by key: numbers, and arrays shaped as the call was."""
        call, found = self._call, dict[str, Any]()
        flat = call.kept is None and call.batch is not None and len(call.batch) == 1
        for one in self._outputs:
            key = one.key
            if not one.dimensions:
                found[key] = int(scalars[key]) if one.integer else scalars[key]
                if key.startswith(_DERIVATIVES):
                    found[key] = self._kinds[0].type(scalars[key])
                continue
            array = self.buffers[key]
            if one.dimensions[0] == "batch" and not flat:
                array = self._in_place(one, array)
            found[key] = array
        for key, target in self._out.items():
            result = found[key]
            if target is not result:
                if not isinstance(result, np.ndarray) or not np.may_share_memory(target, result):
                    target[...] = result
                found[key] = target
        return found

    def _in_place(self, one: Output, array: Array) -> Array:
        """The rows of the computed examples among zeros for those that weigh nothing."""
        shape = self._shape(one)
        kept = self._call.kept
        if kept is None:
            return array.reshape(shape)
        count = math.prod(self._call.batch or ())
        whole = np.zeros((count, *array.shape[1:]), array.dtype)
        whole[kept] = array
        return whole.reshape(shape)

    def fill(self, number: float, shared_only: bool) -> None:
        """Put a number in every result, or in those that are not by example."""
        for one in self._outputs:
            if one.dimensions and not (shared_only and one.dimensions[0] == "batch"):
                self.buffers[one.key][...] = 0 if one.integer else number


def _overlaps_itself(array: Array) -> bool:
    """Whether entries may share memory: unless every axis steps over all that smaller steps reach."""
    reach = array.itemsize
    for step, size in sorted(zip(map(abs, array.strides), array.shape, strict=True)):
        if size > 1:
            if step < reach:
                return array.size > 0
            reach += step * (size - 1)
    return False


def _overlap(first: Array, second: Array) -> bool:
    if not np.may_share_memory(first, second):
        return False
    try:
        return bool(np.shares_memory(first, second, max_work=_OVERLAP_WORK))  # type: ignore[arg-type]
    except np.exceptions.TooHardError:
        return True
