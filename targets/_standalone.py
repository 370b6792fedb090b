"""Argument handling of the modules that objc writes: what stands between a call and a kernel.

The text below the imports is copied into every module that a target writes for people, so it needs
NumPy and nothing of objc. It binds what a call gives (numbers, lists, arrays with or without batch
axes) to what a kernel wants (contiguous arrays of one type, the size of every dimension), allocates
the results and shapes them as the call was shaped.
"""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

# ---- copied into emitted modules from here on


class IndexOutOfRange(IndexError):
    """A gather has left its axis: a label beyond the number of classes, say."""

    def __init__(self, tensor: str, axis: int, value: int, extent: int, example: int | None):
        where = "" if example is None else f", at example {example}"
        super().__init__(
            f"`{tensor}` is read at position {value} of axis {axis}, which has {extent} entries{where}"
        )


class Argument(NamedTuple):
    """One input of a declaration.

    `name` is its name at the call and `key` in the kernel. `shape` is that of one example: names of
    dimensions and literal sizes. `batched` says that the kernel holds it with the batch as first axis.
    """

    name: str
    key: str
    shape: tuple[Any, ...]
    integer: bool = False
    batched: bool = False
    differentiable: bool = False


class Variant(NamedTuple):
    """One compiled computation: `run(arguments, sizes, results)` fills the results that are arrays and
    returns those that are scalars. `results` has (key, shape, integer) of each, the batch in the shape
    as "batch". `weight` and `scale` are the kernel's names for the weights and for 1/Σ weight.
    """

    run: Callable[..., Mapping[str, float]]
    results: tuple[tuple[str, tuple[Any, ...], bool], ...]
    weight: str | None = None
    scale: str | None = None


class Declaration:
    """A loss, metric, objective, function or model as something to call."""

    def __init__(
        self,
        name: str,
        dtype: str,
        arguments: Sequence[Argument],
        variants: Mapping[str, Variant],
    ):
        self.name = name
        self.dtype = np.dtype(dtype)
        self.arguments = tuple(arguments)
        self.variants = dict(variants)
        names = [one.name for one in self.arguments if one.differentiable]
        self.gradients = namedtuple("gradients", names, rename=True)  # type: ignore[misc]

    def value(self, values: Sequence[Any], weight: Any = None) -> float:
        """The mean over the batch (weighted, where there are weights)."""
        return float(self._run("value", values, weight)["value"])

    def value_and_grad(self, values: Sequence[Any], weight: Any = None) -> tuple[float, Any]:
        """The value, and its gradient: an array, or a named tuple of them by input."""
        found = self._run("value_and_grad", values, weight)
        return float(found["value"]), self._by_input("gradient", found)

    def hessian_diagonal(self, values: Sequence[Any], weight: Any = None) -> Any:
        """The second derivatives of the value by each entry, shaped as the gradient."""
        return self._by_input("hessian_diagonal", self._run("hessian_diagonal", values, weight))

    def per_example(self, values: Sequence[Any]) -> Any:
        """One value an example, in the shape of the batch axes."""
        return self._run("per_example", values, None)["per_example"]

    def result(self, values: Sequence[Any]) -> Any:
        """The tensor of a function or a model, behind the batch axes."""
        return self._run("result", values, None)["result"]

    def _by_input(self, what: str, found: Mapping[str, Any]) -> Any:
        parts = [found[f"{what}:{one.key}"] for one in self.arguments if one.differentiable]
        return parts[0] if len(parts) == 1 else self.gradients(*parts)

    def _run(self, what: str, values: Sequence[Any], weight: Any) -> dict[str, Any]:
        if weight is not None and f"weighted_{what}" in self.variants:
            what = f"weighted_{what}"
        variant = self.variants[what]
        arrays = [
            self._array(one, value) for one, value in zip(self.arguments, values, strict=True)
        ]
        lead, shared = self._batch_axes(arrays)
        count = int(np.prod(lead, dtype=np.int64))
        if count == 0:
            raise ValueError(f"{self.name}: the batch is empty")
        sizes = self._sizes(arrays)
        sizes["batch"] = count
        arguments = {
            one.key: self._held(one, array, count)
            for one, array in zip(self.arguments, arrays, strict=True)
        }
        arguments.update(self._weights(variant, weight, lead, count))
        buffers = {}
        for key, shape, integer in variant.results:
            if shape:
                extents = [sizes[size] if isinstance(size, str) else size for size in shape]
                buffers[key] = np.empty(extents, np.int64 if integer else self.dtype)
        found: dict[str, Any] = dict(variant.run(arguments, sizes, buffers))
        for key, shape, _ in variant.results:
            if shape:
                batched = shape[0] == "batch"
                by_example = key.partition(":")[2] not in shared
                found[key] = self._shaped(buffers[key], batched, by_example, lead)
        return found

    def _array(self, one: Argument, value: Any) -> np.ndarray[Any, Any]:
        array = np.asarray(value)
        if not one.integer:
            return np.asarray(array, self.dtype)
        if array.dtype.kind not in "iub":
            whole = np.asarray(array, np.int64)
            if not np.array_equal(whole, array):
                raise TypeError(f"{self.name}: `{one.name}` holds integers, not {array.dtype}")
            return whole
        return np.asarray(array, np.int64)

    def _batch_axes(
        self, arrays: Sequence[np.ndarray[Any, Any]]
    ) -> tuple[tuple[int, ...], set[str]]:
        """The batch axes of the call, and the inputs of the kernel's batch that have none."""
        lead: tuple[int, ...] = ()
        first = ""
        shared = set()
        for one, array in zip(self.arguments, arrays, strict=True):
            extra = array.ndim - len(one.shape)
            if extra < 0 or (extra > 0 and not one.batched):
                raise ValueError(
                    f"{self.name}: `{one.name}` has {array.ndim} axes and is declared with"
                    f" {len(one.shape)}"
                )
            if extra == 0:
                shared.add(one.key)
            elif not first:
                lead, first = array.shape[:extra], one.name
            elif array.shape[:extra] != lead:
                raise ValueError(
                    f"{self.name}: the batch axes of `{one.name}` are {array.shape[:extra]},"
                    f" those of `{first}` {lead}"
                )
        return lead, shared if first else set()

    def _sizes(self, arrays: Sequence[np.ndarray[Any, Any]]) -> dict[str, int]:
        sizes: dict[str, int] = {}
        for one, array in zip(self.arguments, arrays, strict=True):
            extents = array.shape[array.ndim - len(one.shape) :]
            for size, extent in zip(one.shape, extents, strict=True):
                wanted = sizes.setdefault(size, extent) if isinstance(size, str) else size
                if wanted != extent:
                    raise ValueError(
                        f"{self.name}: `{one.name}` has {extent} entries where the dimension"
                        f" {size} has {wanted}"
                    )
        return sizes

    def _held(self, one: Argument, array: np.ndarray[Any, Any], count: int) -> Any:
        """What the kernel gets: a contiguous array with the batch axes as one, or a number."""
        example = array.shape[array.ndim - len(one.shape) :]
        if one.batched:
            shape = (count, *example)
            flat = np.broadcast_to(array, shape) if array.ndim == len(example) else array
            return np.ascontiguousarray(flat.reshape(shape))
        if one.shape:
            return np.ascontiguousarray(array)
        return int(array) if one.integer else float(array)

    def _weights(
        self, variant: Variant, weight: Any, lead: tuple[int, ...], count: int
    ) -> dict[str, Any]:
        total = float(count)
        held: dict[str, Any] = {}
        if weight is not None:
            if variant.weight is None:
                raise TypeError(f"{self.name} was compiled without weights")
            given = np.asarray(weight, self.dtype)
            if given.shape != lead:
                raise ValueError(
                    f"{self.name}: the weights have the shape {given.shape}, the batch {lead}"
                )
            total = float(np.sum(given, dtype=np.float64))
            if not total > 0:
                raise ValueError(f"{self.name}: the weights sum to {total}")
            held[variant.weight] = np.ascontiguousarray(given.reshape(count))
        elif variant.weight is not None:
            held[variant.weight] = np.ones(count, self.dtype)
        if variant.scale is not None:
            held[variant.scale] = 1.0 / total
        return held

    def _shaped(
        self, array: np.ndarray[Any, Any], batched: bool, by_example: bool, lead: tuple[int, ...]
    ) -> Any:
        if batched and by_example:
            array = array.reshape(lead + array.shape[1:])
        elif batched:  # shared by the batch: every example adds to its derivative
            array = np.sum(array, axis=0, dtype=np.float64).astype(array.dtype)
        return array if array.ndim else array.item()
