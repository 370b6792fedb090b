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

from objc.target import inexact

# ---- copied into emitted modules from here on


class IndexOutOfRange(IndexError):
    """A gather has left its axis: a label beyond the number of classes, say. The axis is -1 for an entry that
    is a position and is not read at, -2 for a weight that is none."""

    def __init__(self, tensor: str, axis: int, value: float, extent: int, example: int | None):
        where = "" if example is None else f", at example {example}"
        said = {
            -1: f"is {value}, and must be at least 0 and below {extent}",
            -2: f"is {value:g}, and must be at least 0 and finite",
        }.get(axis, f"is read at position {value} of axis {axis}, which has {extent} entries")
        super().__init__(f"`{tensor}` {said}{where}")


class Argument(NamedTuple):
    """One input of a declaration.

    `name` is its name at the call and `key` in the kernel. `shape` is that of one example: names of
    dimensions and literal sizes. `batched` says that the kernel holds it with the batch as first axis.
    `domain` is the kind of set that a hyperparameter must lie in, with the ends of an interval or a count:
    numbers, or functions of the hyperparameters.
    """

    name: str
    key: str
    shape: tuple[Any, ...]
    integer: bool = False
    batched: bool = False
    differentiable: bool = False
    domain: str = ""
    low: Any = None
    high: Any = None


class Variant(NamedTuple):
    """One compiled computation: `run(arguments, sizes, results)` fills the results that are arrays and
    returns those that are scalars. `results` has (key, shape, integer) of each, the batch in the shape
    as "batch" and what a hyperparameter counts as (its name, what is added). `weight` and `scale` are
    the kernel's names for the weights and for 1/Σ weight. `ranges` has (key, size) of the indices that
    are compared only: nothing is read at them, so that the kernel itself does not see them leave
    their dimension.
    """

    run: Callable[..., Mapping[str, float]]
    results: tuple[tuple[str, tuple[Any, ...], bool], ...]
    weight: str | None = None
    scale: str | None = None
    ranges: tuple[tuple[str, Any], ...] = ()


def outside(domain: str, x: Any, low: Any, high: Any) -> Any:
    """Where entries lie outside of a domain; the ends are those of an interval or a count."""
    match domain:
        case "positive":
            wrong = x <= 0
        case "nonnegative" | "index":
            wrong = x < 0
        case "count":
            wrong = (x < 0) | (x > (np.inf if high is None else high))
        case "probability" | "simplex":
            wrong = (x < 0) | (x > 1)
        case "interval":
            wrong = (x < low) | (x > high)
        case "sign":
            wrong = np.abs(x) != 1
        case "binary":
            wrong = (x != 0) & (x != 1)
        case _:
            wrong = np.zeros(np.shape(x), bool)
    return wrong | ~np.isfinite(x)


def first(array: Any, wrong: Any) -> str:
    """The first entry that is wrong, and where it stands."""
    place = tuple(map(int, np.argwhere(wrong)[0]))
    at = f" at {place[0] if len(place) == 1 else place}" if place else ""
    shown = str(array[place]) if array.dtype.kind in "iu" else f"{float(array[place]):g}"
    return f"{shown}{at}"


def _size_of(size: Any, sizes: Mapping[str, int], arguments: Mapping[str, Any]) -> int:
    """An extent: a number, a dimension by its name, or a hyperparameter and what is added to it."""
    if isinstance(size, tuple):
        return int(arguments[size[0]]) + size[1]
    return sizes[size] if isinstance(size, str) else size


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
        given = [
            self._numeric(one.name, value)
            for one, value in zip(self.arguments, values, strict=True)
        ]
        kept = None if weight is None or variant.weight is None else self._kept(given, weight)
        if kept is not None:
            return self._run_kept(what, given, np.asarray(weight), kept)
        self._check_domains(given)
        arrays = [self._array(one, x) for one, x in zip(self.arguments, given, strict=True)]
        lead, shared = self._batch_axes(arrays)
        count = int(np.prod(lead, dtype=np.int64))
        if count == 0:
            raise ValueError(f"{self.name}: the batch is empty")
        sizes = self._sizes(arrays)
        self._check_ranges(variant, arrays, sizes)
        sizes["batch"] = count
        arguments = {
            one.key: self._held(one, array, count)
            for one, array in zip(self.arguments, arrays, strict=True)
        }
        arguments.update(self._weights(variant, weight, lead, count))
        buffers = {}
        for key, shape, integer in variant.results:
            if shape:
                extents = [_size_of(size, sizes, arguments) for size in shape]
                buffers[key] = np.empty(extents, np.int64 if integer else self.dtype)
        found: dict[str, Any] = dict(variant.run(arguments, sizes, buffers))
        for key, shape, _ in variant.results:
            if shape:
                batched = shape[0] == "batch"
                by_example = key.partition(":")[2] not in shared
                found[key] = self._shaped(buffers[key], batched, by_example, lead)
        return found

    def _kept(self, given: Sequence[np.ndarray[Any, Any]], weight: Any) -> Any:
        """Which examples weigh something, where some do and some don't; else None."""
        weights = self._numeric("weight", weight)
        lead, _ = self._batch_axes(given)
        kept = weights != 0
        if weights.shape != lead or not lead or np.all(kept) or not np.any(kept):
            return None
        return kept

    def _run_kept(
        self, what: str, given: Sequence[np.ndarray[Any, Any]], weight: Any, kept: Any
    ) -> dict[str, Any]:
        """The results of the examples that weigh something, among zeros: the others may hold anything."""
        batched = [
            array.ndim > len(one.shape) for one, array in zip(self.arguments, given, strict=True)
        ]
        rows = [array[kept] if own else array for array, own in zip(given, batched, strict=True)]
        found = self._run(what, rows, weight[kept])
        shared = {one.key for one, own in zip(self.arguments, batched, strict=True) if not own}
        for key, shape, _ in self.variants[what].results:
            if shape and shape[0] == "batch" and key.partition(":")[2] not in shared:
                whole = np.zeros(kept.shape + found[key].shape[1:], found[key].dtype)
                whole[kept] = found[key]
                found[key] = whole
        return found

    def _numeric(self, name: str, value: Any) -> np.ndarray[Any, Any]:
        array = np.asarray(value)
        found = str(array.dtype)
        if isinstance(value, np.ma.MaskedArray):
            found = "a masked array"
        elif array.dtype.kind in "biuf" or found.startswith(("bfloat16", "float8")):
            return array
        raise ValueError(f"{self.name}: `{name}` holds real numbers, and was given {found}")

    def _check_domains(self, arrays: Sequence[np.ndarray[Any, Any]]) -> None:
        """Hyperparameters: what is proved of a formula, and its safe form, hold on their domains."""
        if not any(one.domain for one in self.arguments):
            return
        given = {one.key: array for one, array in zip(self.arguments, arrays, strict=True)}
        for one in self.arguments:
            if one.domain:
                with np.errstate(all="ignore"):
                    low, high = (
                        end(given) if callable(end) else end for end in (one.low, one.high)
                    )
                    wrong = outside(one.domain, given[one.key], low, high)
                if np.any(wrong):
                    ends = f"({low:g}, {high:g})" if one.domain == "interval" else ""
                    ends = f"({high:g})" if one.domain == "count" and high is not None else ends
                    raise ValueError(
                        f"{self.name}: `{one.name}` is {first(given[one.key], wrong)}, outside its"
                        f" domain {one.domain}{ends}"
                    )

    def _check_ranges(
        self, variant: Variant, arrays: Sequence[np.ndarray[Any, Any]], sizes: Mapping[str, int]
    ) -> None:
        by_key = {one.key: (one.name, x) for one, x in zip(self.arguments, arrays, strict=True)}
        for key, size in variant.ranges:
            name, array = by_key[key]
            extent = sizes.get(size) if isinstance(size, str) else size
            if extent is not None:
                wrong = (array < 0) | (array >= extent)
                if np.any(wrong):
                    raise IndexError(
                        f"{self.name}: `{name}` is {first(array, wrong)}, outside 0 … {extent - 1}"
                    )

    def _array(self, one: Argument, array: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
        if not one.integer:
            wrong = inexact(array, str(self.dtype))
            if wrong is not None:
                raise ValueError(
                    f"{self.name}: `{one.name}` is {first(array, wrong)}, an integer that {self.dtype} does"
                    " not hold: give floating numbers, or subtract what they have in common"
                )
            return np.asarray(array, self.dtype)
        if array.dtype.kind not in "iub":
            wide = np.asarray(array, np.float64)
            wrong = ~((wide == np.trunc(wide)) & (np.abs(wide) < 2.0**63))
            if np.any(wrong):
                raise TypeError(
                    f"{self.name}: `{one.name}` holds integers, and {first(wide, wrong)} is none"
                )
        elif array.dtype.kind == "u" and array.size and int(array.max()) >= 2**63:
            raise ValueError(f"{self.name}: `{one.name}` is {array.max()}, beyond 64-bit integers")
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
            given = self._numeric("weight", weight)
            if given.shape != lead:
                raise ValueError(
                    f"{self.name}: the weights have the shape {given.shape}, the batch {lead}"
                )
            wrong = ~((given >= 0) & np.isfinite(given))
            if np.any(wrong):
                raise ValueError(
                    f"{self.name}: the weights hold {first(given, wrong)}, and must be at least 0"
                    " and finite"
                )
            given = np.asarray(given, self.dtype)
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
