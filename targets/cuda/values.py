"""The scalars of a call, which stay on the device until somebody reads them.

With them comes the record of positions that left their axis, and of weights that are none.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np
from objc.targets.cuda.launching import ERRORS, Sized

# ---- copied into emitted modules from here on

WEIGHT = -2
"""For the axis of a site where it is a number that stands for a weight and is none."""


class Scalars(Mapping[str, Any]):
    """The scalars of a call, on the device until one is read. Reading waits for the call, and raises
    what the kernel raises if a position left its axis."""

    def __init__(self, kernel: Any, plan: Sized, work: Any, base: int, stream: int) -> None:
        self.kernel = kernel
        self.plan = plan
        self.work = work
        self.base = base
        self.stream = stream
        self.found: dict[str, Any] | None = None
        self.weigh_nothing = False  # all examples, of those that have weights

    def __iter__(self) -> Iterator[str]:
        return iter(self.kernel.facts["scalars"])

    def __len__(self) -> int:
        return len(self.kernel.facts["scalars"])

    def __getitem__(self, key: str) -> Any:
        if self.found is None:
            self.found = self._fetched()
        return self.found[key]

    def check(self, shows: bool | None = None) -> None:
        """Wait for the call, and raise what it raises; `shows`: some array is not a number, where that
        is known."""
        if self.found is None:
            self.found = self._fetched(shows)

    def later(
        self,
        key: str,
        raised: Callable[[Any], Exception] = lambda error: error,
        nothing: Callable[[], Exception] | None = None,
    ) -> Value:
        """A scalar that is fetched when it is read; `raised` makes what is raised then, `nothing` what is
        raised where no example weighs anything."""
        return Value(self, key, raised, nothing)

    def place(self, key: str) -> int:
        """Where in the memory of the call a scalar stands: a float64, or an int64 of whole ones."""
        facts = self.kernel.facts
        array = "wholes" if key in facts["whole"] else "values"
        return int(self.plan.places[array] + facts["scalars"][key] * 8)

    def _fetched(self, shows: bool | None = None) -> dict[str, Any]:
        held = self.kernel.device().fetched(self.base, self.plan.head, self.stream)
        whole = self.kernel.facts["whole"]
        found = {
            key: struct.unpack_from("q" if key in whole else "d", held, self.place(key))[0]
            for key in self
        }
        slot = self.kernel.facts["scale"]
        if slot is not None:
            (scale,) = struct.unpack_from("d", held, self.plan.places["values"] + slot * 8)
            self.weigh_nothing = math.isinf(scale)
        checks = self.kernel.facts["sites"]  # without any, nobody has written the record
        errors = struct.unpack_from(f"{ERRORS}q", held) if checks else (0,) * ERRORS
        ranks = [rank for rank in (3, 2, 1) if errors[rank * 8]]
        if shows is None:
            shows = not found
        shows = shows or any(math.isnan(value) for value in found.values())
        if ranks and (ranks[0] == 3 or shows):
            site, position, extent, example = errors[ranks[0] * 8 + 1 : ranks[0] * 8 + 5]
            tensor, axis = self.kernel.facts["sites"][site]
            if axis == WEIGHT:
                (position,) = struct.unpack_from("d", held, (ranks[0] * 8 + 2) * 8)
            place = None if example < 0 else example
            raise self.kernel.error(tensor, axis, position, extent, place)
        return found


class Value:
    """A scalar of a call, on the device until it is read: by `float(value)`, `value.item()`, printing, or
    computing and comparing on the host. As an array (`__cuda_array_interface__`) it stays there.

    Reading waits for the call, and raises what is wrong if a position left its axis; who takes the array is
    not told.
    """

    __slots__ = ("_key", "_nothing", "_raised", "_scalars")

    def __init__(
        self, scalars: Scalars, key: str, raised: Callable[[Any], Exception],
        nothing: Callable[[], Exception] | None = None,
    ) -> None:  # fmt: skip
        self._scalars = scalars
        self._key = key
        self._raised = raised
        self._nothing = nothing

    @property
    def __cuda_array_interface__(self) -> dict[str, Any]:
        scalars = self._scalars
        whole = self._key in scalars.kernel.facts["whole"]
        return {
            "shape": (), "typestr": "<i8" if whole else "<f8", "strides": None, "version": 3,
            "data": (scalars.base + scalars.place(self._key), False),
            "stream": scalars.stream or 1,
        }  # fmt: skip

    def item(self) -> Any:
        """The number, as Python has it."""
        try:
            found = self._scalars[self._key]
        except self._scalars.kernel.error as error:
            raise self._raised(error) from None
        if self._nothing is not None and self._scalars.weigh_nothing:
            raise self._nothing()
        return found

    def __float__(self) -> float:
        return float(self.item())

    def __int__(self) -> int:
        return int(self.item())

    def __bool__(self) -> bool:
        return bool(self.item())

    def __hash__(self) -> int:
        return hash(self.item())

    def __format__(self, form: str) -> str:
        return format(self.item(), form)

    def __repr__(self) -> str:
        return repr(self.item())

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Any:
        return np.array(self.item(), dtype)


def _as_number(name: str) -> Callable[..., Any]:
    """What a number does under that name, of a value that is read for it."""

    def method(self: Value, *others: Any) -> Any:
        given = [one.item() if isinstance(one, Value) else one for one in others]
        return getattr(self.item(), name)(*given)

    method.__name__ = name
    return method


for _name in (
    "add", "sub", "mul", "truediv", "floordiv", "mod", "pow", "radd", "rsub", "rmul", "rtruediv",
    "rfloordiv", "rmod", "rpow", "neg", "pos", "abs", "round", "trunc", "floor", "ceil",
    "lt", "le", "gt", "ge", "eq", "ne",
):  # fmt: skip
    setattr(Value, f"__{_name}__", _as_number(f"__{_name}__"))
