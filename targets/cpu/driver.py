"""Runs a kernel: fills its table, divides the work among threads, collects what comes back.

Chunks are a function of the sizes alone and each has its own partial result, so the number of threads
changes nothing in a result. Compiled code releases Python's lock (it is called through ctypes), so
plain threads suffice; they are started when first needed, and woken where that pays (see `sharing`).
"""

from __future__ import annotations

import ctypes
import functools
import math
import os
import queue
import struct
import sys
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from objc.targets.cpu.division import divided, extent_of
from objc.targets.cpu.sharing import Sharing

# ---- copied into emitted modules from here on

KEPT = 1 << 26
"""Bytes that steps hand on to each other whose memory is kept from call to call: fresh memory is slow."""

_ALL = 1 << 62
_ERROR = struct.Struct("5q")
_NO_ERROR = (0, 0, 0, 0, 0)
_BYTE = ctypes.c_char

_threads: int | None = None

MOST_THREADS = 4096
"""More than any machine has processors: a number above it was meant for something else."""


def set_threads(count: int | None) -> None:
    """How many threads a call may use; None leaves it to what `get_threads` finds.

    Raises:
        TypeError: what is no whole number.
        ValueError: a count below 1 or above MOST_THREADS.
    """
    global _threads
    if count is None:
        _threads = None
        return
    if isinstance(count, bool) or not hasattr(count, "__index__"):
        raise TypeError(f"the number of threads is a whole number or None, not {count!r}")
    whole = count.__index__()
    if not 1 <= whole <= MOST_THREADS:
        raise ValueError(f"the number of threads is from 1 to {MOST_THREADS}, not {whole}")
    _threads = whole


VARIABLES = ("OBJC_NUM_THREADS", "NUMBA_NUM_THREADS", "OMP_NUM_THREADS")
"""What says in the environment how many threads a call may use, the first of them before the others."""


def get_threads() -> int:
    """How many threads a call may use: what was set, what the environment says, what a PyTorch that is
    loaded may use (one, in a worker that loads data), or all processors of this process.

    Raises:
        ValueError: OBJC_NUM_THREADS is no whole number from 1 to MOST_THREADS. What is meant for others
            as well is passed over where it is none.
    """
    if _threads is not None:
        return _threads
    own = os.environ.get(VARIABLES[0], "")
    if own and not (own.isdecimal() and 1 <= int(own) <= MOST_THREADS):
        raise ValueError(f"{VARIABLES[0]} is {own!r}, and is to be from 1 to {MOST_THREADS}")
    for variable in VARIABLES:
        value = os.environ.get(variable, "").partition(",")[0]  # OpenMP's has one for each level
        if value.isdigit() and int(value) > 0:
            return min(int(value), MOST_THREADS)
    known = hasattr(os, "sched_getaffinity")
    count = len(os.sched_getaffinity(0)) if known else os.cpu_count() or 1
    framework = getattr(sys.modules.get("torch"), "get_num_threads", None)
    return count if framework is None else min(count, framework())


class Shared:
    """A task that several threads may run at once, until it is closed: who comes later has nothing to do.
    So nobody waits for a thread that wakes when all is done."""

    def __init__(self, task: Callable[[], None]) -> None:
        self.task = task
        self.lock = threading.Lock()
        self.running = 0
        self.is_closed = False
        self.last = threading.Lock()
        self.last.acquire()

    def help(self) -> None:
        """Run the task in another thread."""
        with self.lock:
            is_late = self.is_closed
            self.running += not is_late
        if is_late:
            return
        try:
            self.task()
        finally:
            with self.lock:
                self.running -= 1
                is_last = self.is_closed and not self.running
            if is_last:
                self.last.release()

    def close(self) -> None:
        """Wait for those who have begun, whatever comes in between: they write to the caller's memory."""
        with self.lock:
            self.is_closed = True
            waits = self.running > 0
        interruption: KeyboardInterrupt | None = None
        while waits:
            try:
                self.last.acquire()
                waits = False
            except KeyboardInterrupt as error:
                interruption = error
        if interruption is not None:
            raise interruption


class Workers:
    """Threads that wait for work. They are daemons: they never hold up the end of a process."""

    def __init__(self) -> None:
        self.tasks: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        self.count = 0
        self.lock = threading.Lock()
        self.process = os.getpid()

    def run(self, task: Callable[[], None], helpers: int) -> None:
        """Run the task here and on up to `helpers` other threads; returns when all are done."""
        with self.lock:
            if self.process != os.getpid():  # a fork has left the threads behind
                self.tasks, self.count, self.process = queue.SimpleQueue(), 0, os.getpid()
            while self.count < helpers:
                self.count += 1
                threading.Thread(target=_serve, args=(self.tasks,), daemon=True).start()
        shared = Shared(task)
        for _ in range(helpers):
            self.tasks.put(shared.help)
        try:
            task()
        finally:
            shared.close()


def _serve(tasks: queue.SimpleQueue[Callable[[], None]]) -> None:
    while True:
        tasks.get()()


@functools.lru_cache(maxsize=256)
def runs_of(chunks: int, threads: int) -> tuple[tuple[int, int], ...]:
    """The chunks from `first` to before `last` that a thread takes at a time: many at first, since each
    time costs microseconds, and in the end single ones, so that all threads end together."""
    runs, first = [], 0
    while first < chunks:
        last = first + max(1, (chunks - first) // (2 * threads))
        runs.append((first, last))
        first = last
    return tuple(runs)


workers = Workers()
_own = threading.local()


def _memory(what: str, size: int) -> tuple[Any, int, int]:
    """Memory of this thread for its `scratch`, or for what steps `hand` on, the place in it of the first
    line of the processor's cache, and the address of that. It is kept between calls, unless large."""
    held: tuple[Any, int, int] | None = getattr(_own, what, None)
    if held is None or held[0].nbytes < size + 64:
        block = np.zeros(size // 8 + 16, np.int64)
        address = _address(block)
        held = block, -address % 64 // 8, address + -address % 64
        if what == "scratch" or size <= KEPT:
            setattr(_own, what, held)
    return held


DECLINED = 4
"""What a kernel reports in the place of an error where it is not for the given hyperparameters."""


class Declined(Exception):
    """A form of a kernel is not for the hyperparameters that it was called with; nothing was written."""


class Sized:
    """A kernel's table for given sizes: all that does not change from call to call."""

    def __init__(self, kernel: Kernel, sizes: Mapping[str, int]) -> None:
        self.steps = [divided(step, sizes) for step in kernel.steps]
        self.several = [  # steps that threads can share, and their operations
            (number, one.chunks * one.rows * one.work)
            for number, one in enumerate(self.steps)
            if one.chunks > 1
        ]
        self.filled: list[Any] = []
        self.work: list[tuple[int, int]] = []  # (slot, where): what steps hand on to each other
        self.handed = 0  # bytes of it
        self.scratch = 64
        for place, what in enumerate(kernel.slots):
            match what[0]:
                case "size":
                    self.filled.append(sizes[what[1]])
                case "chunks":
                    self.filled.append(self.steps[what[1]].chunks)
                case "rows":
                    self.filled.append(self.steps[what[1]].block)
                case "blocks":
                    self.filled.append(self.steps[what[1]].blocks)
                case "group":
                    self.filled.append(self.steps[what[1]].rows // self.steps[what[1]].block)
                case "scratch":
                    self.filled.append(self.scratch)
                    shape = [
                        n if isinstance(n, str | int) else self.steps[n[1]].block for n in what[2]
                    ]
                    self.scratch += (extent_of(shape, sizes) * what[3] + 63) // 64 * 64 + 64
                case "partials" | "partial" | "stored":
                    self.filled.append(0)
                    self.work.append((place, self.handed))
                    self.handed += (self._numbers(what, sizes) * 8 + 63) // 64 * 64 + 64
                case _:
                    self.filled.append(0)
        self.filled += [0.0] * len(kernel.values)

    def _numbers(self, what: tuple[Any, ...], sizes: Mapping[str, int]) -> int:
        if what[0] == "partials":
            return int(self.steps[what[1]].blocks * what[2])
        if what[0] == "partial":
            return int(self.steps[what[2]].chunks * extent_of(what[3], sizes))
        return extent_of(what[2], sizes)


class Kernel:
    """A loaded kernel. `entry` is the compiled function, `facts` what the compiler wrote of it, and
    `error` what is raised, with (tensor, axis, position, extent, example), for a position that
    leaves its axis."""

    def __init__(self, entry: Any, facts: Mapping[str, Any], error: type[Exception]) -> None:
        self.entry = entry
        self.error = error
        self.slots = facts["slots"]
        self.values = facts["values"]
        self.steps = facts["steps"]
        self.sites = facts["sites"]
        self.scalars = facts["scalars"]
        self.whole = frozenset(facts["whole"])
        self.tensors = facts["tensors"]
        self.twice = any(len(keys) > 1 for keys in self.tensors.values())
        self.counted = facts["counted"]
        self.table = struct.Struct(f"{len(self.slots)}q{len(self.values)}d")
        self.given = struct.Struct(f"{len(self.values)}d")
        self.pieces = 8 * len(self.slots)
        places = list(enumerate(self.slots))
        self.arrays = [(place, what[1]) for place, what in places if what[0] == "input"]
        self.integers = [(place, what[1]) for place, what in places if what[0] == "integer"]
        self.outputs = [(p, self.tensors[what[1]]) for p, what in places if what[0] == "output"]
        self.numbers = [
            (len(self.slots) + place, name)
            for place, (kind, name) in enumerate(self.values)
            if kind == "input"
        ]
        self.sized: dict[tuple[Any, ...], Sized] = {}
        self.sharing = Sharing()

    def __call__(
        self, arguments: Mapping[str, Any], sizes: Mapping[str, int], results: Mapping[str, Any]
    ) -> dict[str, float]:
        plan = self.plan(self.all_sizes(arguments, sizes))
        handed: Any = None
        filled = plan.filled.copy()
        nothing: Any = None  # this and what is handed on must live as long as the call
        for place, name in self.arrays:
            array = arguments[name]
            if not array.size:
                array = nothing = _nothing(arguments) if nothing is None else nothing
            filled[place] = _address(array)
        for place, keys in self.outputs:
            array = results.get(keys[0])
            if array is None:
                array = next((results[key] for key in keys if key in results), None)
            if array is None:
                raise KeyError(f"no array was given for {keys[0]}")
            filled[place] = _address(array)
        for place, name in self.integers:
            filled[place] = int(arguments[name])
        for place, name in self.numbers:
            filled[place] = float(arguments[name])
        if plan.work:
            handed, _, address = _memory("hand", plan.handed)
            for place, where in plan.work:
                filled[place] = address + where
        table = ctypes.create_string_buffer(self.table.size)
        self.table.pack_into(table, 0, *filled)
        error = self._run(table, plan)
        if error[0] == DECLINED:
            raise Declined
        values = self.given.unpack_from(table, self.pieces)
        found: dict[str, float] = {
            key: int(values[slot]) if key in self.whole else values[slot]
            for key, slot in self.scalars.items()
        }
        if error[0] and (error[0] == 3 or _shows(found, results)):
            tensor, axis = self.sites[error[1]]
            example = None if error[4] < 0 else error[4]
            raise self.error(tensor, axis, error[2], error[3], example)
        del nothing, handed  # until here
        if self.twice:
            self._copies(results)
        return found

    def all_sizes(
        self, arguments: Mapping[str, Any], sizes: Mapping[str, int]
    ) -> Mapping[str, int]:
        """The sizes, with those that hyperparameters count."""
        if not self.counted:
            return sizes
        told = {name: arguments[one] + more for name, (one, more) in self.counted.items()}
        return {**sizes, **told}

    def plan(self, sizes: Mapping[str, int]) -> Sized:
        """The table for all sizes, made once."""
        key = tuple(sizes.items())
        plan = self.sized.get(key)
        if plan is None:
            if len(self.sized) > 64:  # batches of ever new sizes
                self.sized.clear()
            plan = self.sized[key] = Sized(self, sizes)
        return plan

    def _run(self, table: Any, plan: Sized) -> tuple[int, ...]:
        """Every step; returns the worst bad position, the first of its kind."""
        base = ctypes.addressof(table)
        steps = len(plan.steps)
        threads = get_threads() if plan.several else 1
        if threads == 1:
            return self._call(base, plan.scratch, 0, steps, 0, _ALL)
        begin = 0
        errors: list[tuple[int, ...]] = []
        for number, operations in plan.several:
            is_shared, trial = self.sharing.way(number, operations, threads)
            if not is_shared and trial is None:
                continue  # with those beside it
            if begin < number:
                errors.append(self._call(base, plan.scratch, begin, number, 0, _ALL))
            start = time.perf_counter()
            if is_shared:
                self._divide(base, plan, number, threads, errors)
            else:
                errors.append(self._call(base, plan.scratch, number, number + 1, 0, _ALL))
            if trial is not None:
                trial.note(is_shared, time.perf_counter() - start, operations)
            begin = number + 1
            if any(one[0] >= 3 for one in errors):
                break
        else:
            if begin < steps:
                errors.append(self._call(base, plan.scratch, begin, steps, 0, _ALL))
        return max(errors, key=lambda one: (one[0], -one[4]), default=(0,))

    def _call(
        self, base: int, scratch: int, begin: int, end: int, first: int, last: int
    ) -> tuple[int, ...]:
        block, first_line, address = _memory("scratch", scratch)
        block[first_line] = 0
        self.entry(base, base + self.pieces, address, begin, end, first, last)
        if not block[first_line]:
            return _NO_ERROR
        return _ERROR.unpack_from(block, 8 * first_line)

    def _divide(
        self, base: int, plan: Sized, number: int, threads: int, errors: list[tuple[int, ...]]
    ) -> None:
        """The chunks of one step, in runs that threads take as they become free."""
        runs = runs_of(plan.steps[number].chunks, threads)
        left = iter(runs)

        def work() -> None:
            for first, last in left:
                error = self._call(base, plan.scratch, number, number + 1, first, last)
                if error[0]:
                    errors.append(error)

        workers.run(work, min(threads, len(runs)) - 1)

    def _copies(self, results: Mapping[str, Any]) -> None:
        """Where two results are the same tensor, the second array is a copy."""
        for keys in self.tensors.values():
            given = [results[key] for key in keys if key in results]
            for other in given[1:]:
                np.copyto(other, given[0])


class Either:
    """A kernel in two forms, of which the sizes choose: for rows of few entries and for others. `few` are
    the dimensions that are small then, each with the most entries. A form is made when it is first
    called."""

    def __init__(
        self,
        wide: Callable[[], Callable[..., Any]],
        narrow: Callable[[], Callable[..., Any]],
        few: Mapping[str, int],
    ) -> None:
        self.makers = wide, narrow
        self.made: list[Callable[..., Any] | None] = [None, None]
        self.few = tuple(few.items())
        self.lock = threading.Lock()

    def __call__(
        self, arguments: Mapping[str, Any], sizes: Mapping[str, int], results: Mapping[str, Any]
    ) -> dict[str, float]:
        return self.of(sizes)(arguments, sizes, results)

    def of(self, sizes: Mapping[str, int]) -> Callable[..., Any]:
        """The form for these sizes."""
        return self.form(all(sizes.get(name, most + 1) <= most for name, most in self.few))

    def form(self, side_by_side: bool) -> Callable[..., Any]:
        """One of the two, made now if need be."""
        found = self.made[side_by_side]
        if found is None:
            with self.lock:
                found = self.made[side_by_side] or self.makers[side_by_side]()
                self.made[side_by_side] = found
        return found


def _shows(scalars: Mapping[str, float], results: Mapping[str, Any]) -> bool:
    """Whether some result is not a number: a bad position that was taken shows in one."""
    if any(math.isnan(value) for value in scalars.values()):
        return True
    return any(bool(np.isnan(array).any()) for array in results.values())


def _address(array: Any) -> int:
    try:
        return ctypes.addressof(_BYTE.from_buffer(array))
    except (TypeError, ValueError):  # read-only, or without entries
        return int(array.__array_interface__["data"][0])


def _nothing(arguments: Mapping[str, Any]) -> Any:
    """What stands for an array without entries, so that even a wild first read is harmless."""
    sizes = [max(one, 1) for x in arguments.values() for one in getattr(x, "shape", ())]
    return np.zeros(max(math.prod(sizes), 1), np.float64)
