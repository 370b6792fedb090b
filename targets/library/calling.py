"""Calling the functions of a shared object from Python, with ctypes and NumPy alone.

The text below the imports is copied into the loaders that objc writes.
"""

from __future__ import annotations

import ctypes
import time
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from objc.targets.cpu.division import CHUNK
from objc.targets.cpu.driver import get_threads, runs_of, workers
from objc.targets.cpu.sharing import Sharing

# ---- copied into emitted modules from here on


class Record(ctypes.Structure):
    """What a function says of an error: `objc_error` of the header."""

    _fields_ = (
        ("name", ctypes.c_char_p),
        ("axis", ctypes.c_int64),
        ("position", ctypes.c_int64),
        ("extent", ctypes.c_int64),
        ("example", ctypes.c_int64),
        ("index", ctypes.c_char_p),
    )


_TYPES = {
    "size": ctypes.c_int64,
    "integer": ctypes.c_int64,
    "number": ctypes.c_double,
    "array": ctypes.c_void_p,
    "result": ctypes.c_void_p,
    "scalar": ctypes.c_void_p,
}


class Function:
    """A function of a shared object, called with the arguments, sizes and results of a kernel.

    `parameters` are (kind, key, type of the elements) in the order of C, `steps` the number of steps
    that threads can share, `error` what is raised, with (tensor, axis, position, extent, example), for
    a position that leaves its axis.
    """

    def __init__(
        self,
        library: Any,
        symbol: str,
        parameters: Sequence[tuple[str, str, str]],
        steps: int,
        error: type[Exception],
    ) -> None:
        self.parameters = tuple(parameters)
        self.steps = steps
        self.error = error
        self.symbol = symbol
        self.sharing = Sharing()
        given = [_TYPES[kind] for kind, _, _ in self.parameters]
        sizes = [ctypes.c_int64 for kind, _, _ in self.parameters if kind == "size"]
        pointer, whole = ctypes.c_void_p, ctypes.c_int64
        self.whole = self._bound(library, "", [*given, pointer], ctypes.c_int)
        self.begin = self._bound(library, "_begin", [*given, pointer, pointer], ctypes.c_int)
        self.run = self._bound(
            library, "_run", [pointer, whole, whole, whole, pointer], ctypes.c_int
        )
        self.end = self._bound(library, "_end", [pointer, pointer], ctypes.c_int)
        self.workspace = self._bound(library, "_workspace", sizes, whole)
        self.scratch = self._bound(library, "_scratch", sizes, whole)
        self.chunks = self._bound(library, "_chunks", [whole, *sizes], whole)

    def _bound(self, library: Any, part: str, arguments: Sequence[Any], result: Any) -> Any:
        function = library[f"{self.symbol}{part}"]
        function.argtypes, function.restype = list(arguments), result
        return function

    def __call__(
        self, arguments: Mapping[str, Any], sizes: Mapping[str, int], results: Mapping[str, Any]
    ) -> dict[str, float]:
        scalars: dict[str, Any] = {}
        given: list[Any] = []
        for kind, key, element in self.parameters:
            match kind:
                case "size":
                    given.append(sizes[key])
                case "array" | "result":
                    held = arguments[key] if kind == "array" else results[key]
                    given.append(held.ctypes.data)
                case "scalar":
                    place = ctypes.c_int64() if element == "int64" else ctypes.c_double()
                    scalars[key] = place
                    given.append(ctypes.addressof(place))
                case "integer":
                    given.append(int(arguments[key]))
                case _:
                    given.append(float(arguments[key]))
        error = Record()
        self._check(self._call(given, error), error)
        return {key: place.value for key, place in scalars.items()}

    def _call(self, given: Sequence[Any], error: Record) -> int:
        """In this thread, or, where that is faster, on as many as may be used."""
        sizes = given[: sum(kind == "size" for kind, _, _ in self.parameters)]
        threads = get_threads()
        chunks = [self.chunks(step, *sizes) for step in range(self.steps if threads > 1 else 0)]
        several = sum(count for count in chunks if count > 1)
        if not several:
            return int(self.whole(*given, ctypes.byref(error)))
        is_shared, trial = self.sharing.way(0, several * CHUNK, threads)
        start = time.perf_counter()
        if is_shared:
            status = self._shared(given, sizes, chunks, threads, error)
        else:
            status = int(self.whole(*given, ctypes.byref(error)))
        if trial is not None:
            trial.note(is_shared, time.perf_counter() - start, several)
        return status

    def _shared(
        self, given: Sequence[Any], sizes: Sequence[int], chunks: Sequence[int], threads: int,
        error: Record,
    ) -> int:  # fmt: skip
        workspace = np.empty(self.workspace(*sizes) // 8 + 1, np.int64)
        place = workspace.ctypes.data
        status = int(self.begin(*given, place, ctypes.byref(error)))
        if status:
            return status
        for step, count in enumerate(chunks):
            status = self._share(place, step, count, threads)
            if status:
                break
        return int(self.end(place, ctypes.byref(error))) or status

    def _share(self, place: int, step: int, count: int, threads: int) -> int:
        """The chunks of a step, in runs that threads take as they become free."""
        if count == 1:
            return int(self.run(place, step, 0, 1, None))
        runs = runs_of(count, threads)
        left = iter(runs)
        found = [0]

        def work() -> None:
            for first, last in left:
                status = self.run(place, step, first, last, None)
                if status:
                    found.append(status)

        workers.run(work, min(threads, len(runs)) - 1)
        return max(found)

    def _check(self, status: int, error: Record) -> None:
        if not status:
            return
        name = (error.name or b"").decode("utf-8")
        if status == 1:
            example = None if error.example < 0 else error.example
            raised = self.error(name, error.axis, error.position, error.extent, example)
            if error.index:
                raised.add_note(f"The position comes from `{error.index.decode('utf-8')}`.")
            raise raised
        if status == 4:
            raise ValueError(f"{self.symbol}: `{name}` lies outside of its domain")
        if status == 5:
            raise MemoryError(f"{self.symbol}: there is no memory for arrays of this size")
        raise ValueError(f"{self.symbol}: `{name}` can't have this size (status {status})")
