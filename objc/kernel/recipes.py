"""Calls that have been made before: the same kinds and shapes of arrays go straight to the kernel.

Most calls of a training loop differ from the last in nothing but the numbers in the arrays. What such a
call needed beyond these is kept under the kinds of its arguments: which argument goes where, the
sizes, the results to allocate. Whatever hangs on the numbers themselves is looked at in every call.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from objc.kernel import memory
from objc.kernel.weights import USUAL_EXPONENT
from objc.target import IndexOutOfRange, inexact

if TYPE_CHECKING:
    from objc.kernel.arguments import Binder
    from objc.kernel.call import Call
    from objc.kernel.outputs import Results
    from objc.kernel.variants import Compiled

Array = NDArray[Any]

MOST = 256
"""Kinds of calls that are kept for one kernel."""

_PLAIN = (str, float, int, bool, type(None))
"""Arguments whose values belong to the kind of a call."""


def kind_of(
    method: str,
    arguments: Sequence[Any],
    keywords: Mapping[str, Any],
    told: Callable[[Any], Any] | None = None,
) -> Any:
    """What calls have in common that differ in the numbers in their arrays alone; None for a call that
    is not of the plain kind. `told` says it of an array on a device."""
    kind: list[Any] = [method]
    kind += arguments
    for name, value in keywords.items():
        kind.append(name)
        if type(value) is tuple and name in ("out", "wrt"):
            kind.append(len(value))
            kind += value
        else:
            kind.append(value)
    for n, value in enumerate(kind):
        given = type(value)
        if given is np.ndarray and value.shape:
            kind[n] = value.dtype, value.shape, value.flags.carray
        elif given in _PLAIN:
            kind[n] = given, value
        elif told is None or (found := told(value)) is None:
            return None
        else:
            kind[n] = found
    return tuple(kind)


@dataclass(frozen=True)
class Place:
    """Where an array stands in a call: its position, its keyword, or its place in the tuple `out`."""

    at: int | str
    part: int | None = None

    def of(self, arguments: Sequence[Any], keywords: Mapping[str, Any]) -> Any:
        value = arguments[self.at] if isinstance(self.at, int) else keywords[self.at]
        return value if self.part is None else value[self.part]


@dataclass(frozen=True)
class Weighing:
    """Where a call has its weights, the arguments that they and the scale become, and the scale that does
    not hang on them (None for a mean)."""

    at: Place
    weight: str
    kind: Any
    scale: str
    fixed: float | None

    def of(self, arguments: Sequence[Any], keywords: Mapping[str, Any]) -> dict[str, Any] | None:
        """These arguments; None unless all weights are of a usual size, so that none is left out."""
        weight = self.at.of(arguments, keywords)
        numbers = weight.astype(np.float64).reshape(-1)
        least, most = 2.0**-USUAL_EXPONENT, 2.0**USUAL_EXPONENT
        if not (numbers.min() >= least and numbers.max() <= most):
            return None
        scale = 1.0 / float(numbers.sum()) if self.fixed is None else self.fixed
        return {self.weight: numbers.astype(self.kind, copy=False), self.scale: scale}


@dataclass(frozen=True)
class Recipe:
    """How to run a call of one kind."""

    compiled: Compiled
    fixed: Mapping[str, Any]
    arrays: tuple[tuple[str, Place], ...]
    given: tuple[tuple[str, Place], ...]
    made: tuple[tuple[str, tuple[int, ...], Any], ...]
    scalars: tuple[tuple[str, Any], ...]
    sizes: Mapping[str, int]
    ranges: tuple[tuple[Place, int], ...]
    """Indices of which the program does not check the range, and how far it goes."""
    finish: Callable[[dict[str, Any]], Any]
    weighing: Weighing | None = None
    laid: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    """The shapes of inputs as the kernel takes them, where a batch has several axes,"""
    filled: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    """and of results."""
    converted: Mapping[str, Any] = field(default_factory=dict)
    """The types of inputs that are given in others, such as labels of 32 bits or of yes and no."""

    def run(self, arguments: Sequence[Any], keywords: Mapping[str, Any]) -> Any:
        """What the call gives; None where it is to be looked at in full."""
        for place, extent in self.ranges:
            if not is_within(place.of(arguments, keywords), extent):
                return None
        inputs = dict(self.fixed)
        for name, place in self.arrays:
            inputs[name] = place.of(arguments, keywords)
        for name, kind in self.converted.items():
            inputs[name] = converted(inputs[name], kind)
            if inputs[name] is None:
                return None
        if self.weighing is not None:
            weighed = self.weighing.of(arguments, keywords)
            if weighed is None:
                return None
            inputs.update(weighed)
        found: dict[str, Any] = {}
        for key, place in self.given:
            target = place.of(arguments, keywords)
            others = [*(inputs[name] for name, _ in self.arrays), *found.values()]
            if self.weighing is not None:
                others.append(self.weighing.at.of(arguments, keywords))
            if any(np.may_share_memory(target, other) for other in others):
                return None
            found[key] = target
        for key, shape, kind in self.made:
            found[key] = memory.array(shape, kind)
        buffers = {**found, **{key: found[key].reshape(self.filled[key]) for key in self.filled}}
        for name, shape in self.laid.items():
            inputs[name] = inputs[name].reshape(shape)
        try:
            scalars = self.compiled.run(inputs, self.sizes, buffers)
        except IndexOutOfRange:
            return None  # the full call says which
        if any(scalars[key] != scalars[key] for key, _ in self.scalars):
            return None  # not a number: the full call sees why
        for key, kind in self.scalars:
            found[key] = scalars[key] if kind is None else kind(scalars[key])
        return self.finish(found)


def converted(array: Array, kind: Any) -> Array | None:
    """A contiguous array of another type; None where that does not hold all entries."""
    real = "float32" if kind.itemsize == 4 else "float64"
    if kind.kind == "f" and array.dtype.kind != "b" and inexact(array, real) is not None:
        return None
    return np.asarray(array, kind, order="C")


def is_within(array: Array, extent: int) -> bool:
    """Whether all indices are from 0 to before `extent`."""
    return not array.size or (array.min() >= 0 and bool(array.max() < extent))


@dataclass(frozen=True)
class Made:
    """A call of a kind that has none of the options that look at numbers: what it was given, and how
    its results are handed over."""

    kind: Any
    arguments: Sequence[Any]
    keywords: Mapping[str, Any]
    finish: Callable[[dict[str, Any]], Any]


def recipe_of(
    made: Made, call: Call, compiled: Compiled, inputs: Mapping[str, Any], results: Results,
    binder: Binder,
) -> Recipe | None:  # fmt: skip
    """The recipe of a call that has been made; None if nothing can be spared."""
    if call.empty or not results.are_whole:
        return None
    weighing = None
    if call.weights is not None:
        weighing = _weighing(made, call, compiled, binder)
        if weighing is None:
            return None
    fixed: dict[str, Any] = {}
    arrays: list[tuple[str, Place]] = []
    laid: dict[str, tuple[int, ...]] = {}
    other: dict[str, Any] = {}
    for one in compiled.plan.arguments:
        value = inputs[one.name]
        if one.what == "weight":
            continue
        if not isinstance(value, np.ndarray):
            fixed[one.name] = value
            continue
        at: int | str | None = None
        if one.what == "input":
            at = binder.place(one.of, made.arguments, made.keywords)
        elif one.what == "vector":
            at = binder.option("vector")
        if at is None:
            return None  # a default
        array = Place(at).of(made.arguments, made.keywords)
        if not _is_same(array, value):
            if not _is_conversion(array, value):
                return None
            other[one.name] = value.dtype
        arrays.append((one.name, Place(at)))
        if array.shape != value.shape:
            laid[one.name] = value.shape
    given = _given(made, results, binder.option("out"))
    if given is None:
        return None
    allocated = [
        (key, results.shapes[key], buffer.dtype)
        for key, buffer in results.buffers.items()
        if key not in results.targets
    ]
    return Recipe(
        compiled, fixed, tuple(arrays), given, tuple(allocated), results.scalar_kinds(),
        dict(call.sizes), tuple(_ranges(call, compiled, dict(arrays))), made.finish,
        weighing, laid,
        {
            key: buffer.shape
            for key, buffer in results.buffers.items()
            if buffer.shape != results.shapes[key]
        },
        other,
    )  # fmt: skip


def _weighing(made: Made, call: Call, compiled: Compiled, binder: Binder) -> Weighing | None:
    """How a call's weights are taken in; None where examples may be left out, or results be weighed."""
    given = {plain: made.keywords.get(keyword) for keyword, plain in binder.options.items()}
    weight, reduction = given["weight"], given.get("reduction", "mean") or "mean"
    names = {one.what: one.name for one in compiled.plan.arguments}
    if (
        type(weight) is not np.ndarray
        or weight.dtype.kind != "f"
        or given.get("mask") is not None
        or reduction == "none"
        or not {"weight", "scale"} <= set(names)
    ):
        return None
    return Weighing(
        Place(binder.option("weight")), names["weight"], np.dtype(call.dtype), names["scale"],
        None if reduction == "mean" else call.scale,
    )  # fmt: skip


def _is_same(given: Any, held: Array) -> bool:
    """Whether an array is held as it was given, but for the axes of its batch."""
    return given is held or (
        type(given) is np.ndarray
        and given.dtype == held.dtype
        and given.size == held.size
        and given.flags.c_contiguous
        and given.ctypes.data == held.ctypes.data
    )


def _is_conversion(given: Any, held: Array) -> bool:
    """Whether an array holds the entries of one of whole numbers, or of yes and no, of another type."""
    if type(given) is not np.ndarray or given.size != held.size or given.dtype == np.uint64:
        return False
    return given.dtype.kind in "biu" and np.array_equal(given.reshape(-1), held.reshape(-1))


def _ranges(
    call: Call, compiled: Compiled, arrays: Mapping[str, Place]
) -> Iterator[tuple[Place, int]]:
    """The indices in arrays whose range is to be looked at in every call."""
    for name in compiled.plan.unchecked:
        one = call.signature.input[name]
        extent = None if one.extent is None else call.sizes.get(one.extent, one.extent_size)
        if extent is not None and name in arrays:
            yield arrays[name], extent


def _given(made: Made, results: Results, name: str) -> tuple[tuple[str, Place], ...] | None:
    """Where the call has the arrays that receive results; None if one does not receive it itself."""
    out = made.keywords.get(name)
    places = [Place(name, n) for n in range(len(out))] if type(out) is tuple else [Place(name)]
    found = []
    for key, target in results.targets.items():
        buffer = results.buffers.get(key)
        place = next((p for p in places if p.of(made.arguments, made.keywords) is target), None)
        if buffer is None or place is None or not _is_same(target, buffer):
            return None
        found.append((key, place))
    return tuple(found)
