"""Argument handling of emitted modules for arrays on the device.

The text below the imports is copied into the modules. Arrays are read by shape and type alone; what fits
a declaration is said by `objc.targets._standalone`, to which stand-ins without memory are given.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from objc.targets._standalone import Argument, Declaration, _size_of
from objc.targets.cuda.arrays import OnDevice, adopt, preferred

# ---- copied into emitted modules from here on


class DeviceDeclaration(Declaration):
    """A declaration whose arrays are on the device. A value stays there until it is read. `dtype` may be
    one that arrays are stored in, and nothing is computed in: bfloat16, float16."""

    def __init__(
        self, name: str, dtype: str, arguments: Sequence[Argument], variants: Mapping[str, Any]
    ) -> None:
        super().__init__(name, "float64" if dtype == "float64" else "float32", arguments, variants)
        self.stored = dtype

    def value(self, values: Sequence[Any], weight: Any = None) -> Any:
        """The mean over the batch, fetched when it is read."""
        return self._run("value", values, weight)["value"]

    def value_and_grad(self, values: Sequence[Any], weight: Any = None) -> tuple[Any, Any]:
        """The value, and its gradient: an array, or a named tuple of them by input."""
        found = self._run("value_and_grad", values, weight)
        return found["value"], self._by_input("gradient", found)

    def _run(self, what: str, values: Sequence[Any], weight: Any) -> dict[str, Any]:
        what = what if weight is None else f"weighted_{what}"
        variant = self.variants[what]
        found = [adopt(value) for value in values]
        frameworks = [one.framework for one in found if one is not None]
        if not frameworks:
            raise TypeError(f"{self.name} takes arrays on the device: of PyTorch, CuPy, JAX, Numba")
        framework = preferred(frameworks)
        given = [
            self._numeric(one.name, value) if held is None else _stand_in(held)
            for one, value, held in zip(self.arguments, values, found, strict=True)
        ]
        self._check_domains(given)
        lead, shared = self._batch_axes(given)
        sizes = self._sizes(given)
        sizes["batch"] = count = int(np.prod(lead, dtype=np.int64))
        if count == 0:
            raise ValueError(f"{self.name}: the batch is empty")
        arguments = {
            one.key: self._number(one, x) if held is None else self._fitting(one, held, shared)
            for one, x, held in zip(self.arguments, given, found, strict=True)
        }
        if variant.scale is not None:  # that of weights is found on the device
            arguments[variant.scale] = 1.0 / count if weight is None else 0.0
        if weight is not None and variant.weight is not None:
            arguments[variant.weight] = self._weight(weight, lead)
        results: dict[str, Any] = {}
        for key, shape, integer in variant.results:
            if shape:
                extents = tuple(_size_of(size, sizes, arguments) for size in shape)
                extents = (*lead, *extents[1:]) if shape[0] == "batch" else extents
                results[key] = framework.empty(extents, "int64" if integer else self.stored)
        scalars: Any = variant.run(
            arguments, sizes, {key: adopt(array) for key, array in results.items()}
        )
        return {**results, **{key: scalars.later(key) for key in scalars}}

    def _number(self, one: Argument, array: Any) -> Any:
        if array.ndim or one.batched:
            raise TypeError(f"{self.name}: `{one.name}` is on the host, and is read on the device")
        return int(array) if one.integer else float(array)

    def _fitting(self, one: Argument, held: OnDevice, shared: set[str]) -> OnDevice:
        kind = "int64" if one.integer else self.stored
        if held.kind != kind:
            raise TypeError(f"{self.name}: `{one.name}` is of type {held.kind}, not {kind}")
        if not held.contiguous:
            raise ValueError(f"{self.name}: the entries of `{one.name}` do not stand in C order")
        if one.batched and one.key in shared:
            raise ValueError(f"{self.name}: `{one.name}` has no batch axes, and others have")
        if not one.batched and not one.shape:
            raise TypeError(f"{self.name}: `{one.name}` is a number, and is given as Python's")
        return held

    def _weight(self, weight: Any, lead: tuple[int, ...]) -> OnDevice:
        held = adopt(weight)
        if held is None:
            raise TypeError(f"{self.name}: `weight` is on the host, and is read on the device")
        if held.shape != lead:
            raise ValueError(
                f"{self.name}: the weights have the shape {held.shape}, the batch {lead}"
            )
        return self._fitting(Argument("weight", "", (), batched=True), held, set())

    def _check_ranges(self, variant: Any, arrays: Any, sizes: Mapping[str, int]) -> None:
        """The kernels look themselves."""


def _stand_in(one: OnDevice) -> Any:
    """An array of the same shape and type that has no memory of its own."""
    try:
        kind = np.dtype(one.kind)
    except TypeError:
        kind = np.dtype(np.float16)  # refused later: it is not the type that is computed in
    return np.broadcast_to(np.zeros((), kind), one.shape)
