"""Kernels on the device, through the protocol of executables.

A call fills tables that were made when its sizes were first seen, and hands them to the driver on the
caller's stream. Nothing waits for the device: a scalar stays there until somebody asks for it, and with
it comes the record of positions that left their axis.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from objc.targets.cuda.arrays import BYTES, OnDevice, Plain, preferred
from objc.targets.cuda.driver import Table, driver
from objc.targets.cuda.launching import ERRORS, Launch, Shape, Sized
from objc.targets.cuda.multiplying import Multiply, largest
from objc.targets.cuda.values import Scalars

from objc.target import Emitted


def both(
    emitted: Emitted, made: Callable[[str, Mapping[str, Any]], Kernel], least: int
) -> Kernel | Either:
    """The kernel of a text, `made` of that and its metadata, in all of its forms."""
    plain = made(emitted.text, emitted.metadata)
    more = emitted.metadata.get("products")
    if more is None:
        return plain
    return Either(plain, made(more["text"], more["metadata"]), least)


# ---- copied into emitted modules from here on

LEAST = 1 << 21
"""Multiplications of a product that is worth a call of a library: 128 cubed."""

_DECLARED = 4096
"""Bytes that the functions of a kernel share by themselves, at most."""


class Run:
    """A launch as the driver takes it. `open` are the parameters that a call gives."""

    def __init__(self, launch: Launch, function: Any) -> None:
        self.function = function
        self.blocks, self.threads, self.shared = launch.blocks, launch.threads, launch.shared
        self.table = Table([_kind(what) for what in launch.arguments])
        self.open: list[tuple[Any, Any]] = []
        for cell, what in zip(self.table.cells, launch.arguments, strict=True):
            if what[0] == "value":
                cell.value = what[1]
            else:
                self.open.append((cell, what))

    def on(self, device: Any, stream: int) -> None:
        device.launch(self.function, self.blocks, self.threads, self.table, stream, self.shared)


class Product:
    """A product of matrices as the library takes it; open are where its arrays begin."""

    def __init__(self, multiply: Multiply, context: int) -> None:
        self.multiply = multiply
        self.context = context
        self.cells = Table(["int64"] * 4).cells
        self.open = list(zip(self.cells, (*multiply.arguments, multiply.room), strict=True))

    def on(self, device: Any, stream: int) -> None:
        *places, room = (cell.value for cell in self.cells)
        device.products().multiply(self.context, self.multiply, places, stream, room)


class Prepared:
    """What a kernel gives a stream for given sizes."""

    def __init__(self, plan: Sized, function: Callable[[str], Any], context: int) -> None:
        self.plan = plan
        self.runs: list[Run | Product] = [
            Run(one, function(one.name)) if isinstance(one, Launch) else Product(one, context)
            for one in plan.launches
        ]


def _kind(what: Any) -> str:
    return str(what[2]) if what[0] in ("value", "number") else "int64"


class Kernel:
    """A kernel that is launched. `facts` are what the compiler wrote of it, `ptx` gives the text of a module
    for an architecture that has a function, which is by itself there if they are `apart`, and `error` is
    what is raised for a position that leaves its axis, `on_host` for an array that is not on the device.
    `device` gives the driver, or what does as if it were one, `modules` what has been loaded, by context;
    `framework` has the memory of a call without arrays; `again` makes the kernel for inputs of other types,
    or numbers that are on the device."""

    def __init__(
        self,
        facts: Mapping[str, Any],
        ptx: Callable[[tuple[int, int], str], str],
        error: type[Exception],
        on_host: Callable[[str, Any], Exception],
        device: Callable[[], Any] = driver,
        shape: Shape | None = None,
        modules: dict[Any, Any] | None = None,
        framework: Callable[[], Any] = Plain,
        again: Callable[[Mapping[str, str]], Kernel] | None = None,
        apart: bool = False,
    ) -> None:
        self.apart = apart
        self.again = again
        self.others: dict[Any, Kernel] = {}
        self.facts = facts
        self.framework = framework
        self.ptx = ptx
        self.error = error
        self.on_host = on_host
        self.device = device
        self.shape = shape
        self.lock = threading.Lock()
        self.modules: dict[Any, Any] = {} if modules is None else modules
        self.prepared: dict[tuple[Any, ...], Prepared] = {}

    def __call__(
        self, arguments: Mapping[str, Any], sizes: Mapping[str, int], results: Mapping[str, Any]
    ) -> Scalars:
        """Launch. `arguments` and `results` are OnDevice, or numbers; what comes back are scalars
        that are fetched when they are read."""
        for name, one in arguments.items():
            if not isinstance(one, OnDevice | float | int):
                raise self.on_host(name, one)
        if kinds := self.unlike(arguments):
            return self._other(kinds)(arguments, sizes, results)
        told = {name: arguments[one] + more for name, (one, more) in self.facts["counted"].items()}
        arrays = [
            one for one in (*arguments.values(), *results.values()) if isinstance(one, OnDevice)
        ]
        order = Order(arrays, self.framework)
        stream, others = order.streams()
        aligned = all(one.pointer % 16 == 0 for one in arrays)
        prepared = self._prepared({**sizes, **told}, aligned)
        device = self.device()
        for name, one in (*arguments.items(), *results.items()):
            if isinstance(one, OnDevice) and one.pointer:
                device.require_here(name.rpartition(":")[2], one.pointer)
        for other in others:
            device.follow(stream, other)
        work, base = order.framework.memory(prepared.plan.bytes)
        with self.lock:
            if self.facts["sites"]:
                device.clear(base, ERRORS * 8, stream)
            for run in prepared.runs:
                for cell, what in run.open:
                    cell.value = self._given(what, base, arguments, results)
                run.on(device, stream)
        self._copies(results, stream)
        for other in others:
            device.follow(other, stream)
        return Scalars(self, prepared.plan, work, base, stream)

    def unlike(self, arguments: Mapping[str, Any]) -> dict[str, str]:
        """The types of inputs that are not what the text reads."""
        if self.again is None:
            return {}
        read = self.facts["inputs"]
        return {
            name: one.kind
            for name, one in arguments.items()
            if isinstance(one, OnDevice) and one.kind != read.get(name) and one.kind in BYTES
        }

    def _other(self, kinds: Mapping[str, str]) -> Kernel:
        """The kernel whose text reads those."""
        key = tuple(sorted(kinds.items()))
        with self.lock:
            if key not in self.others:
                assert self.again is not None
                self.others[key] = self.again(kinds)
                self.others[key].device = self.device
            return self.others[key]

    def _prepared(self, sizes: Mapping[str, int], aligned: bool) -> Prepared:
        device = self.device()
        context = device.context()
        key = (context, aligned, *sizes.items())
        found = self.prepared.get(key)
        if found is None:
            found = self.prepared[key] = self._made(context, sizes, aligned)
        return found

    def _made(self, context: int, sizes: Mapping[str, int], aligned: bool) -> Prepared:
        device = self.device()
        with self.lock:
            shape = self.shape or Shape(shared=max(device.shared() - _DECLARED, 0))
            plan = Sized(self.facts, sizes, shape, aligned)
            made = Prepared(plan, lambda name: self._function(context, name), context)
            for run in made.runs:
                if isinstance(run, Run) and run.shared:
                    device.share(run.function, run.shared)
            return made

    def _function(self, context: int, name: str) -> Any:
        """A function on the device, of a module that is loaded when its first one is needed."""
        device = self.device()
        key = (context, name) if self.apart else context
        if key not in self.modules:
            self.modules[key] = device.load(self.ptx(device.architecture(), name))
        return device.function(self.modules[key], name)

    def bound(
        self, arguments: Mapping[str, Any], sizes: Mapping[str, int], results: Mapping[str, Any]
    ) -> Bound | None:
        """What launches again for other arrays of the same shapes, types and alignment, with the same
        numbers; None where two results are one tensor."""
        if any(sum(key in results for key in keys) > 1 for keys in self.facts["tensors"].values()):
            return None
        if kinds := self.unlike(arguments):
            return self._other(kinds).bound(arguments, sizes, results)
        return Bound(self, arguments, sizes, results)

    def _given(
        self, what: Any, base: int, arguments: Mapping[str, Any], results: Mapping[str, Any]
    ) -> Any:
        match what[0]:
            case "work":
                return base + what[1]
            case "input":
                return arguments[what[1]].pointer
            case "output":
                keys = self.facts["tensors"][what[1]]
                return next(results[key] for key in keys if key in results).pointer
        return arguments[what[1]]

    def _copies(self, results: Mapping[str, Any], stream: int) -> None:
        """Where two results are the same tensor, the second array is a copy."""
        for keys in self.facts["tensors"].values():
            given = [results[key] for key in keys if key in results]
            for other in given[1:]:
                count = math.prod(other.shape) * BYTES[other.kind]
                self.device().copy(other.pointer, given[0].pointer, count, stream)


class Order:
    """The stream that a call works on, that of its first array that names one, and those that others name: it
    begins when these are done with what they were given, and what they are given after it waits for it.
    `framework` is that of this array, and of the call's memory; `otherwise` gives that of a call without."""

    def __init__(self, arrays: Iterable[OnDevice], otherwise: Callable[[], Any]) -> None:
        met: dict[Any, Any] = {}
        for one in arrays:
            met.setdefault((type(one.framework), getattr(one.framework, "on", None)), one.framework)
        self.framework: Any = preferred([*met.values()]) if met else otherwise()
        self.others = [one for one in met.values() if one.names and one is not self.framework]

    def streams(self) -> tuple[int, list[int]]:
        """The stream of the call, and the others."""
        stream = self.framework.stream()
        if not self.others:
            return stream, self.others
        found = dict.fromkeys(one.stream() for one in self.others)
        return stream, [one for one in found if one != stream]


class Either:
    """A kernel in two forms, `plain` and with products of matrices by a library: that where there is the
    library and products are so large (`least` multiplications) that they are worth calling it."""

    def __init__(self, plain: Kernel, products: Kernel, least: int = LEAST) -> None:
        self.plain = plain
        self.products = products
        self.least = least

    def __call__(
        self, arguments: Mapping[str, Any], sizes: Mapping[str, int], results: Mapping[str, Any]
    ) -> Scalars:
        """As `Kernel`."""
        return self._chosen(arguments, sizes)(arguments, sizes, results)

    def bound(
        self, arguments: Mapping[str, Any], sizes: Mapping[str, int], results: Mapping[str, Any]
    ) -> Bound | None:
        """As `Kernel`."""
        return self._chosen(arguments, sizes).bound(arguments, sizes, results)

    def _chosen(self, arguments: Mapping[str, Any], sizes: Mapping[str, int]) -> Kernel:
        facts = self.products.facts
        told = {name: arguments[one] + more for name, (one, more) in facts["counted"].items()}
        large = largest(facts, {**sizes, **told}) >= self.least
        if not large or self.plain.unlike(arguments):  # the library reads what the kernel reads
            return self.plain
        return self.products if self.plain.device().products() else self.plain


class Bound:
    """The launches of a kernel for arrays of given shapes: a call hands over where they begin, inputs
    first, in the order in which they were bound."""

    def __init__(
        self, kernel: Kernel, arguments: Mapping[str, Any], sizes: Mapping[str, int],
        results: Mapping[str, Any],
    ) -> None:  # fmt: skip
        arrays = {n: one for n, one in arguments.items() if isinstance(one, OnDevice)}
        self.kernel = kernel
        self.order = Order((*arrays.values(), *results.values()), kernel.framework)
        self.lock = threading.Lock()
        self.context = kernel.device().context()
        told = {name: arguments[of] + more for name, (of, more) in kernel.facts["counted"].items()}
        aligned = all(one.pointer % 16 == 0 for one in (*arrays.values(), *results.values()))
        prepared = kernel._made(self.context, {**sizes, **told}, aligned)
        self.plan = prepared.plan
        self.runs = prepared.runs
        self.given: list[tuple[Any, int]] = []
        self.work: list[tuple[Any, int]] = []
        places = {("input", name): n for n, name in enumerate(arrays)}
        for name, keys in kernel.facts["tensors"].items():
            for n, key in enumerate(results, len(arrays)):
                if key in keys:
                    places["output", name] = n
        for run in prepared.runs:
            for cell, what in run.open:
                if (place := tuple(what[:2])) in places:
                    self.given.append((cell, places[place]))
                elif what[0] == "work":
                    self.work.append((cell, what[1]))
                else:
                    cell.value = arguments[what[1]]

    def __call__(self, pointers: list[int]) -> Scalars | None:
        """Launch; None in another context than that in which this was bound."""
        device = self.kernel.device()
        if device.context() != self.context:
            return None
        stream, others = self.order.streams()
        for other in others:
            device.follow(stream, other)
        work, base = self.order.framework.memory(self.plan.bytes)
        with self.lock:
            if self.kernel.facts["sites"]:
                device.clear(base, ERRORS * 8, stream)
            for cell, number in self.given:
                cell.value = pointers[number]
            for cell, offset in self.work:
                cell.value = base + offset
            for run in self.runs:
                run.on(device, stream)
        for other in others:
            device.follow(other, stream)
        return Scalars(self.kernel, self.plan, work, base, stream)
