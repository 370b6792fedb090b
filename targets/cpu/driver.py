"""Runs a kernel: fills its table, divides the work among threads, collects what comes back.

Chunks are a function of the sizes alone and each has its own partial result, so the number of threads
changes nothing in a result. Compiled code releases Python's lock (it is called through ctypes), so
plain threads suffice; they are started when first needed and cost a few microseconds a call.
"""

from __future__ import annotations

import ctypes
import itertools
import math
import os
import queue
import struct
import threading
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

# ---- copied into emitted modules from here on

CHUNK = 1 << 19
"""Operations of a chunk: some tens of microseconds."""

ALONE = 1 << 21
"""Operations that are not worth waking a second thread for."""

PARTIALS = 1 << 26
"""Bytes that partial results in arrays may take."""

_threads: int | None = None


def set_threads(count: int | None) -> None:
    """How many threads a call may use; None takes OBJC_NUM_THREADS, NUMBA_NUM_THREADS or all."""
    global _threads
    if count is not None and count < 1:
        raise ValueError(f"the number of threads is at least 1, not {count}")
    _threads = count


def get_threads() -> int:
    """How many threads a call may use."""
    if _threads is not None:
        return _threads
    for variable in ("OBJC_NUM_THREADS", "NUMBA_NUM_THREADS"):
        value = os.environ.get(variable, "")
        if value.isdigit() and int(value) > 0:
            return int(value)
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


class Workers:
    """Threads that wait for work. They are daemons: they never hold up the end of a process."""

    def __init__(self) -> None:
        self.tasks: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        self.count = 0
        self.lock = threading.Lock()
        self.process = os.getpid()

    def run(self, task: Callable[[], None], helpers: int) -> None:
        """Run the task here and on `helpers` other threads; returns when all are done."""
        with self.lock:
            if self.process != os.getpid():  # a fork has left the threads behind
                self.tasks, self.count, self.process = queue.SimpleQueue(), 0, os.getpid()
            while self.count < helpers:
                self.count += 1
                threading.Thread(target=_serve, args=(self.tasks,), daemon=True).start()
        done = threading.Semaphore(0)

        def helped() -> None:
            try:
                task()
            finally:
                done.release()

        for _ in range(helpers):
            self.tasks.put(helped)
        task()
        for _ in range(helpers):
            done.acquire()


def _serve(tasks: queue.SimpleQueue[Callable[[], None]]) -> None:
    while True:
        tasks.get()()


workers = Workers()
_own = threading.local()


def _scratch(size: int) -> Any:
    """Scratch memory of this thread, kept between calls."""
    block = getattr(_own, "block", None)
    if block is None or block.nbytes < size:
        block = _own.block = np.empty(size // 8 + 8, np.float64)
    return block


class Kernel:
    """A loaded kernel. `entry` is the compiled function, `facts` what the compiler wrote of it, and
    `error` what is raised, with (tensor, axis, position, extent, example), for a position that
    leaves its axis."""

    def __init__(
        self, entry: Any, facts: Mapping[str, Any], dtype: str, error: type[Exception]
    ) -> None:
        self.entry = entry
        self.error = error
        self.slots = facts["slots"]
        self.values = facts["values"]
        self.steps = facts["steps"]
        self.sites = facts["sites"]
        self.scalars = facts["scalars"]
        self.whole = frozenset(facts["whole"])
        self.tensors = facts["tensors"]
        self.inputs = facts["inputs"]
        self.dtype = np.dtype(dtype)
        self.table = struct.Struct(f"{len(self.slots)}q{len(self.values)}d")
        self.pieces = 8 * len(self.slots)

    def __call__(
        self, arguments: Mapping[str, Any], sizes: Mapping[str, int], results: Mapping[str, Any]
    ) -> dict[str, float]:
        plan = [self._chunks(number, sizes) for number in range(len(self.steps))]
        keep: list[Any] = []
        empty = _empty(arguments)
        filled: list[Any] = []
        offset = 64
        for what in self.slots:
            kind = what[0]
            if kind == "size":
                filled.append(sizes[what[1]])
            elif kind == "input":
                array = arguments[what[1]]
                filled.append(_address(array if array.size or empty is None else empty))
            elif kind == "output":
                keys = self.tensors[what[1]]
                array = next((results[key] for key in keys if key in results), None)
                if array is None:
                    raise KeyError(f"no array was given for {keys[0]}")
                filled.append(_address(array))
            elif kind == "integer":
                filled.append(int(arguments[what[1]]))
            elif kind == "chunks":
                filled.append(plan[what[1]][0])
            elif kind == "rows":
                filled.append(plan[what[1]][1])
            elif kind == "scratch":
                filled.append(offset)
                offset += (_extent(what[2], sizes) * what[3] + 63) // 64 * 64 + 64
            else:
                array = self._workspace(what, plan, sizes)
                keep.append(array)
                filled.append(_address(array))
        for kind, name in self.values:
            filled.append(float(arguments[name]) if kind == "input" else 0.0)
        table = ctypes.create_string_buffer(self.table.size)
        self.table.pack_into(table, 0, *filled)
        error = self._run(table, plan, offset)
        values = struct.unpack_from(f"{len(self.values)}d", table, self.pieces)
        found: dict[str, float] = {
            key: int(values[slot]) if key in self.whole else values[slot]
            for key, slot in self.scalars.items()
        }
        if error[0] and (error[0] == 3 or _shows(found, results)):
            tensor, axis = self.sites[error[1]]
            example = None if error[4] < 0 else error[4]
            raise self.error(tensor, axis, error[2], error[3], example)
        self._copies(results)
        return found

    def _workspace(self, what: tuple[Any, ...], plan: Any, sizes: Mapping[str, int]) -> Any:
        kind = what[0]
        if kind == "partials":
            return np.empty(plan[what[1]][0] * what[2], np.float64)
        if kind == "partial":
            return np.empty(plan[what[2]][0] * _extent(what[3], sizes), np.float64)
        return np.empty(_extent(what[2], sizes), np.float64)

    def _chunks(self, number: int, sizes: Mapping[str, int]) -> tuple[int, int, int]:
        """(chunks, iterations of a chunk, operations of an iteration), of the sizes alone."""
        step = self.steps[number]
        if step is None:
            return 1, 1, 0
        extent = _extent((step[0],), sizes)
        work = max(1, sum(count * _extent(names, sizes) for count, names in step[1]))
        rows = max(1, CHUNK // work)
        partial = sum(_extent(shape, sizes) for shape in step[2])
        if partial:
            rows = max(rows, -(-4 * partial // work), -(-extent * partial * 8 // PARTIALS))
        return max(1, -(-extent // rows)), rows, work

    def _run(self, table: Any, plan: list[tuple[int, int, int]], scratch: int) -> tuple[int, ...]:
        """Every step; returns the worst bad position, the first of its kind."""
        base = ctypes.addressof(table)
        values = base + self.pieces
        threads = get_threads()
        begin = 0
        errors: list[tuple[int, ...]] = []
        for number, (chunks, rows, work) in enumerate(plan):
            if threads > 1 and chunks > 1 and chunks * rows * work > ALONE:
                if begin < number:
                    errors.append(self._call(base, values, scratch, begin, number, 0, chunks))
                self._divide(base, values, scratch, number, chunks, threads, errors)
                begin = number + 1
                if any(one[0] == 3 for one in errors):
                    break
        else:
            if begin < len(plan):
                errors.append(self._call(base, values, scratch, begin, len(plan), 0, 1 << 62))
        return max(errors, key=lambda one: (one[0], -one[4]), default=(0,))

    def _call(
        self, base: int, values: int, scratch: int, begin: int, end: int, first: int, last: int
    ) -> tuple[int, ...]:
        block = _scratch(scratch)
        address = (_address(block) + 63) // 64 * 64
        start = address - _address(block)
        block[start // 8 : start // 8 + 8] = 0.0
        self.entry(base, values, address, begin, end, first, last)
        return struct.unpack_from("5q", block, start)

    def _divide(
        self, base: int, values: int, scratch: int, number: int, chunks: int, threads: int,
        errors: list[tuple[int, ...]],
    ) -> None:  # fmt: skip
        """The chunks of one step, in runs that threads take as they become free."""
        length = max(1, chunks // (threads * 8))
        runs = itertools.count()

        def work() -> None:
            while True:
                first = next(runs) * length
                if first >= chunks:
                    return
                error = self._call(
                    base, values, scratch, number, number + 1, first, min(first + length, chunks)
                )
                if error[0]:
                    errors.append(error)

        workers.run(work, min(threads, -(-chunks // length)) - 1)

    def _copies(self, results: Mapping[str, Any]) -> None:
        """Where two results are the same tensor, the second array is a copy."""
        for keys in self.tensors.values():
            given = [results[key] for key in keys if key in results]
            for other in given[1:]:
                np.copyto(other, given[0])


def _shows(scalars: Mapping[str, float], results: Mapping[str, Any]) -> bool:
    """Whether some result is not a number: a bad position that was taken shows in one."""
    if any(math.isnan(value) for value in scalars.values()):
        return True
    return any(bool(np.isnan(array).any()) for array in results.values())


def _address(array: Any) -> int:
    return int(array.__array_interface__["data"][0])


def _extent(shape: Any, sizes: Mapping[str, int]) -> int:
    return math.prod(sizes[one] if isinstance(one, str) else one for one in shape)


def _empty(arguments: Mapping[str, Any]) -> Any:
    """What stands for arrays without entries, so that even a wild first read is harmless."""
    if all(getattr(one, "size", 1) for one in arguments.values()):
        return None
    sizes = [max(one, 1) for x in arguments.values() for one in getattr(x, "shape", ())]
    return np.zeros(max(math.prod(sizes), 1), np.float64)
