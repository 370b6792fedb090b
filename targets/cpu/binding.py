"""Calls of a kind that has been made before: from Python's objects straight to the kernel.

What such a call looks at in every argument (is it an array of this type and shape, contiguous? the same
number?) is done by a few dozen instructions, where Python needs microseconds. They read what stands in
an array as every extension module compiled against NumPy does; whether it stands there is looked at
once, and where it does not, or anything of a call differs, nothing is done and the call is made in full.
"""

from __future__ import annotations

import ctypes
import functools
import struct
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from objc.targets.cpu.driver import Either, get_threads
from objc.targets.cpu.first_form import Usual
from objc.targets.cpu.sharing import ALWAYS

if TYPE_CHECKING:
    from objc.targets.cpu.driver import Kernel, Sized

NAME = "call"

MOST_MEMORY = 1 << 17
"""Bytes of scratch and of what steps hand on, up to which a kind of call has them for itself."""

MOST_AXES = 8

SURE = 15
"""Calls after one that a thread made alone which it makes alone too: to ask the environment how many
threads there may be takes as long as a small call."""

HEAD = 16
"""Bytes of an object before what is its own: the count of references, and its type."""

ENTRY, SLOTS, VALUES, SCRATCH, STEPS, COUNT, ITEMS, RECORDS = range(8)
"""Words of a frame: the kernel's `entry`, its tables, its scratch and steps; the number of arguments, how
many bytes of a tuple stand before its items; and from where on there is a record for each argument."""

TYPE, HOLDS, SLOT, FLAGS, BYTES, IS_RESULT, RANK, PLACE, SHAPE = range(9)
"""Words of a record: the type of the object (0 if it is to be this very object); the object, the bits of
the number, the length of the tuple, or the type of the entries; and for arrays (FLAGS is 0 for others)
the kernel's slot or -1, the flags that are wanted, the bytes, whether it receives a result, the axes,
where it was last, the shape."""

WIDTH = SHAPE + MOST_AXES

CONTIGUOUS, ALIGNED, WRITEABLE = 0x1, 0x100, 0x400
"""NumPy's flags."""

SIGNATURE = ctypes.CFUNCTYPE(ctypes.c_int64, ctypes.c_void_p, ctypes.py_object)


class Bound:
    """Calls a kernel with a tuple of arguments of the kinds that were `given`. Frames are taken from those
    that are free, so that several threads may call at once."""

    def __init__(
        self, kernel: Kernel, plan: Sized, numbers: Mapping[str, Any], given: Sequence[Any]
    ) -> None:
        self.call = _call()
        self.kernel, self.plan = kernel, plan
        self.numbers, self.held = dict(numbers), [_held(one) for one in given]
        self.records = [word for one in given for word in _record(kernel, one)]
        self.names = tuple(kernel.scalars)
        self.scalars = tuple(kernel.scalars.values())
        self.free: list[tuple[int, Any, Any]] = []
        self.sure = 0  # calls for which nobody asks how many threads there are

    def __call__(self, given: tuple[Any, ...]) -> list[float] | None:
        """The results that are numbers, in the order of `names`; None where nothing was done, or
        where something is the matter with a position."""
        if self.plan.several and not self._is_alone():
            return None
        try:
            frame = self.free.pop()
        except IndexError:
            frame = self._frame()
        address, values, _ = frame
        status = self.call(address, given)
        found = None if status else [values[slot] for slot in self.scalars]
        self.free.append(frame)
        return found

    def _is_alone(self) -> bool:
        """Whether all steps are run by one thread, as is known by now."""
        if self.sure > 0:
            self.sure -= 1
            return True
        threads, way = get_threads(), self.kernel.sharing.way
        found = threads == 1 or all(
            way(number, operations, threads) == (False, None)
            for number, operations in self.plan.several
        )
        is_short = all(operations < ALWAYS for _, operations in self.plan.several)
        self.sure = SURE if found and is_short else 0
        return found

    def _frame(self) -> tuple[int, Any, Any]:
        """The address of a new frame, its values, and what holds the memory."""
        kernel, plan = self.kernel, self.plan
        head = [0] * RECORDS + self.records
        slots = len(kernel.slots)
        before = (len(head) + len(plan.filled) + 7) // 8 * 8
        words = before + (plan.scratch + plan.handed + 127) // 8
        memory: Any = np.zeros(words + 8, np.int64)
        first = -memory.ctypes.data % 64 // 8
        address = memory.ctypes.data + 8 * first
        scratch = address + 8 * before
        filled = plan.filled.copy()
        for place, name in kernel.integers:
            filled[place] = int(self.numbers[name])
        for place, name in kernel.numbers:
            filled[place] = float(self.numbers[name])
        for place, where in plan.work:
            filled[place] = scratch + (plan.scratch + 63) // 64 * 64 + where
        table = address + 8 * len(head)
        head[:RECORDS] = [
            ctypes.cast(kernel.entry, ctypes.c_void_p).value or 0, table, table + 8 * slots, scratch,
            len(plan.steps), len(self.held), _items(),
        ]  # fmt: skip
        memory[first : first + len(head)] = head
        kernel.table.pack_into(memory, 8 * (first + len(head)), *filled)
        values = memoryview(memory[first + len(head) + slots :].view(np.float64))
        return address, values, memory


def bound(
    run: Any, sizes: Mapping[str, int], numbers: Mapping[str, Any], given: Sequence[Any]
) -> Bound | None:
    """What is loaded, bound to arguments of these kinds; None where that spares nothing or can't be."""
    run = kernel_of(run, sizes)
    plan = run.plan(run.all_sizes(numbers, sizes))
    arrays = [one.value for one in given if isinstance(one.value, np.ndarray)]
    if (
        run.twice
        or plan.scratch + plan.handed > MOST_MEMORY
        or any(not one.size or one.ndim > MOST_AXES for one in arrays)
        or not _is_known()
    ):
        return None
    return Bound(run, plan, numbers, given)


def kernel_of(run: Any, sizes: Mapping[str, int]) -> Kernel:
    """The kernel that is called at these sizes of what was loaded."""
    if isinstance(run, Either):
        run = run.of(sizes)
    return (run.made or run.usual) if isinstance(run, Usual) else run


def _record(kernel: Kernel, one: Any) -> list[int]:
    """What a call looks at in an argument."""
    value, record = one.value, [0] * WIDTH
    if isinstance(value, np.ndarray):
        flags = CONTIGUOUS | ALIGNED | (WRITEABLE if one.result else 0)
        record[:PLACE] = [
            id(np.ndarray), id(value.dtype), _slot(kernel, one), flags, value.nbytes,
            one.result is not None, value.ndim,
        ]  # fmt: skip
        record[SHAPE : SHAPE + value.ndim] = value.shape
    elif type(value) is float:
        record[:2] = id(float), struct.unpack("q", struct.pack("d", value))[0]
    elif type(value) is tuple:  # its parts are arguments of their own
        record[:2] = id(tuple), len(value)
    else:
        record[HOLDS] = id(value)
    return record


def _slot(kernel: Kernel, one: Any) -> int:
    for place, name in kernel.arrays:
        if name == one.input:
            return place
    for place, keys in kernel.outputs:
        if one.result in keys:
            return place
    return -1


def _held(one: Any) -> Any:
    """What has to live as long as its address is compared with."""
    if isinstance(one.value, np.ndarray):
        return one.value.dtype
    return None if type(one.value) is tuple else one.value


# ------------------------------------------------------------------ what stands where


def _words(one: Any, count: int) -> list[int]:
    return list((ctypes.c_int64 * count).from_address(id(one)))


@functools.lru_cache(maxsize=1)
def _items() -> int:
    """Bytes of a tuple before its items; 0 where they are not found."""
    pair = 1.5, 2.5
    words = _words(pair, 6)
    places = [8 * n for n in (3, 4) if words[n : n + 2] == [id(pair[0]), id(pair[1])]]
    return places[0] if places and words[2] == 2 else 0


@functools.lru_cache(maxsize=1)
def _is_known() -> bool:
    """Whether arrays, numbers and tuples are made as `call` expects."""
    if sys.implementation.name != "cpython" or object.__basicsize__ != HEAD or not _items():
        return False
    if _words(0.75, 3)[1:] != [id(float), struct.unpack("q", struct.pack("d", 0.75))[0]]:
        return False
    whole = np.zeros((5, 7, 3), np.float32)
    frozen = np.arange(4.0)
    frozen.flags.writeable = False
    return all(map(_is_as_expected, (whole, whole[1:, ::2], whole[..., 0], frozen)))


def _is_as_expected(array: Any) -> bool:
    _, kind, data, rank, shape, _, _, entries, flags = _words(array, 9)
    return (
        (kind, data, entries) == (id(np.ndarray), array.ctypes.data, id(array.dtype))
        and (rank & 0xFFFFFFFF, flags & 0xFFFFFFFF) == (array.ndim, array.flags.num)
        and tuple((ctypes.c_int64 * array.ndim).from_address(shape)) == array.shape
    )


@functools.lru_cache(maxsize=1)
def _call() -> Any:
    """`call(frame, tuple)`: see `checking`, which is read only where the cache has no code of it."""
    from objc.targets.cpu import loading

    def make() -> list[bytes]:
        from objc.targets.cpu.checking import compiled

        return compiled()

    folder = Path(__file__).parent
    key = "".join((folder / name).read_text("utf-8") for name in ("binding.py", "checking.py"))
    return loading.function_of(key, make, NAME, SIGNATURE)
