"""Calls with arrays on a device that have been made before: the same shapes and types go straight to the
launches.

As `objc.kernel.recipes` for the host: what is kept under the kinds of the arguments is everything but
where the arrays begin. A call costs the host a few microseconds, most of them the driver's.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from objc.kernel.recipes import Made, Place

if TYPE_CHECKING:
    from objc.kernel.arguments import Binder
    from objc.kernel.variants import Compiled


_Pointer = Callable[[Any], int]
"""Where an array begins, as its framework says it: a call may have arrays of several."""


@dataclass(frozen=True)
class DeviceRecipe:
    """How to run a call of one kind. `bound` launches for pointers; `arrays` and `given` say where in a
    call inputs and buffers stand, `spans` how many bytes each of both takes, `made` what is made, by
    `framework`."""

    bound: Callable[[list[int]], Any]
    framework: Any
    arrays: tuple[tuple[Place, _Pointer], ...]
    given: tuple[tuple[str, Place, _Pointer], ...]
    spans: tuple[int, ...]
    made: tuple[tuple[str, tuple[int, ...], str], ...]
    scalars: tuple[str, ...]
    raised: Callable[[Any], Exception]
    finish: Callable[[dict[str, Any]], Any]

    def run(self, arguments: Sequence[Any], keywords: Mapping[str, Any]) -> Any:
        """What the call gives; None where it is to be looked at in full."""
        pointers = [pointer(place.of(arguments, keywords)) for place, pointer in self.arrays]
        found: dict[str, Any] = {}
        if self.given:
            for key, place, pointer in self.given:
                found[key] = target = place.of(arguments, keywords)
                pointers.append(pointer(target))
            if overlap(pointers, self.spans, len(self.arrays)) is not None:
                return None
        for key, shape, kind in self.made:
            found[key] = array = self.framework.empty(shape, kind)
            pointers.append(self.framework.pointer(array))
        scalars = self.bound(pointers)
        if scalars is None:
            return None
        for key in self.scalars:
            found[key] = scalars.later(key, self.raised)
        return self.finish(found)


def overlap(pointers: Sequence[int], spans: Sequence[int], inputs: int) -> tuple[int, int] | None:
    """A buffer for a result, and an input or another buffer that it shares memory with: their numbers,
    where the inputs come first."""
    for n in range(inputs, len(spans)):
        for other in range(n):
            begin = max(pointers[n], pointers[other])
            if begin < min(pointers[n] + spans[n], pointers[other] + spans[other]):
                return n, other
    return None


def recipe_of(
    made: Made | None,
    compiled: Compiled,
    binder: Binder,
    arguments: Mapping[str, Any],
    sizes: Mapping[str, int],
    held: Mapping[str, Any],
    out: Mapping[str, Any],
    raised: Callable[[Any], Exception],
    framework: Any,
) -> DeviceRecipe | None:
    """The recipe of a call that has been made; None if its arguments are not handed over as they are."""
    if made is None or made.kind is None:
        return None
    arrays: list[tuple[Place, _Pointer]] = []
    inputs: dict[str, Any] = {}
    for one in compiled.plan.arguments:
        value = arguments[one.name]
        if isinstance(value, float | int):
            continue
        at = binder.place(one.of, made.arguments, made.keywords) if one.what == "input" else None
        if at is None:
            return None  # an option
        arrays.append((Place(at), value.framework.pointer))
        inputs[one.name] = value
    given = _given(made, out, held, binder.option("out"))
    bind = getattr(compiled.run, "bound", None)
    if bind is None or given is None or not inputs:
        return None
    results = {key: held[key] for key in (*out, *(key for key in held if key not in out))}
    numbers = {name: one for name, one in arguments.items() if name not in inputs}
    bound = bind({**inputs, **numbers}, sizes, results)
    if bound is None:
        return None
    spans = tuple(bytes_of(one) for one in (*inputs.values(), *(results[key] for key in out)))
    allocated = tuple(
        (key, tuple(one.shape), one.kind) for key, one in results.items() if key not in out
    )
    scalars = tuple(one.key for one in compiled.plan.outputs if not one.dimensions)
    return DeviceRecipe(
        bound, framework, tuple(arrays), given, spans, allocated, scalars, raised, made.finish
    )


def bytes_of(array: Any) -> int:
    """The bytes of an array on a device."""
    return math.prod(array.shape) * int(array.itemsize)


def _given(
    made: Made, out: Mapping[str, Any], held: Mapping[str, Any], name: str
) -> tuple[tuple[str, Place, _Pointer], ...] | None:
    """Where the call has the arrays that receive results; None if one stands elsewhere."""
    given = made.keywords.get(name)
    places = [Place(name, n) for n in range(len(given))] if type(given) is tuple else [Place(name)]
    found = []
    for key, target in out.items():
        place = next((p for p in places if p.of(made.arguments, made.keywords) is target), None)
        if place is None:
            return None
        found.append((key, place, held[key].framework.pointer))
    return tuple(found)
