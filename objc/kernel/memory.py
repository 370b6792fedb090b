"""Memory of results: what nobody refers to any more is written again.

Fresh memory is slow. The system hands it out page by page and clears each, which takes as long as an
elementwise loss. So a large result is given the memory of an earlier one, as soon as nothing refers to
that: neither the array, nor a view of it, nor what shares its memory (a tensor of a framework, a
memoryview): they all hold a reference to what the memory is of.
"""

from __future__ import annotations

import math
import os
import sys
import threading
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

LEAST = 1 << 20
"""Bytes of a result whose memory is kept: below it the C library does as well."""

_SPARE = 4
"""Blocks that stay where another is made, though nothing lies in them, with that one."""

_LINE = 64
"""Results begin with a line of the processor's cache."""


def _most() -> int:
    """Bytes that are kept at most: a sixteenth of the machine's memory, and none where Python's counts
    of references lag behind."""
    if not getattr(sys, "_is_gil_enabled", lambda: True)():
        return 0
    whole = machine_memory()
    return 1 << 28 if whole is None else whole // 16


def machine_memory() -> int | None:
    """Bytes of the machine's memory, None on a system that does not say it as POSIX does."""
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):
        return None


class Memory:
    """Blocks of memory in the order of their last use, not more than `most` bytes of them."""

    def __init__(self, most: int) -> None:
        self.most = most
        self._lock = threading.Lock()
        self._blocks = [np.empty(1, np.uint8)]
        self._unused = self._references(0)
        self._blocks.clear()

    def array(self, shape: Sequence[int], kind: Any) -> NDArray[Any]:
        """An array with whatever its memory holds."""
        kind = np.dtype(kind)
        if self.maker(shape, kind) is np.empty:
            return np.empty(shape, kind)
        size = math.prod(shape) * kind.itemsize
        with self._lock:
            block = self._block(size + _LINE)
            return np.ndarray(shape, kind, block, -block.ctypes.data % _LINE)

    def maker(
        self, shape: Sequence[int], kind: Any
    ) -> Callable[[Sequence[int], Any], NDArray[Any]]:
        """What makes arrays of this size best."""
        size = math.prod(shape) * np.dtype(kind).itemsize
        return self.array if LEAST <= size <= self.most else np.empty

    def release(self) -> None:
        """Keep no memory but what arrays lie in."""
        with self._lock:
            self._blocks.clear()

    def _block(self, size: int) -> NDArray[np.uint8]:
        """The smallest block that fits and nobody refers to, else a new one. Batches of ever new sizes
        leave few blocks behind."""
        unused = [at for at in range(len(self._blocks)) if self._references(at) <= self._unused]
        fits = [at for at in unused if size <= self._blocks[at].nbytes <= 2 * size]
        if fits:
            best = min(reversed(fits), key=lambda at: self._blocks[at].nbytes)
            self._blocks.append(self._blocks.pop(best))
            return self._blocks[-1]
        for at in reversed(unused[: -_SPARE + 1]):
            del self._blocks[at]
        made = np.empty(size, np.uint8)
        self._blocks.append(made)
        held = sum(block.nbytes for block in self._blocks)
        while held > self.most:
            held -= self._blocks.pop(0).nbytes  # lives on with the arrays that lie in it
        return made

    def _references(self, at: int) -> int:
        return sys.getrefcount(self._blocks[at])


_memory = Memory(_most())
array = _memory.array
maker = _memory.maker


def release_memory() -> None:
    """Give the memory of earlier results back, which is kept for later ones: of results of 1 MiB and
    more, no more than a sixteenth of the machine's memory. Results that are still in use stay."""
    _memory.release()
