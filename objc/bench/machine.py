"""The machine that is measured: what it is, how busy it is, and the memory that a call takes."""

from __future__ import annotations

import contextlib
import ctypes
import importlib.metadata
import importlib.util
import os
import platform
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

BUSY = 0.1
"""The part of the processors in use, by others, beyond which a measurement is refused."""

ALLOCATOR = {
    "MALLOC_MMAP_THRESHOLD_": str(1 << 32),
    "MALLOC_TRIM_THRESHOLD_": str(1 << 34),
    "MALLOC_TOP_PAD_": str(1 << 28),
}
"""What makes the C library keep large blocks instead of giving them back: `tuned`."""

_LIBRARIES = ("numpy", "numba", "llvmlite", "torch", "jax", "scikit-learn")


def description(threads: int) -> dict[str, Any]:
    """The processor, the system and the versions, as data."""
    return {
        "processor": _processor(),
        "processors": available(),
        "threads": threads,
        "memory": _memory(),
        "system": platform.platform(),
        "python": platform.python_version(),
        "libraries": {name: found for name in _LIBRARIES if (found := version(name)) is not None},
    }


def version(distribution: str) -> str | None:
    """The version of a library, or None where it is not installed."""
    try:
        return importlib.metadata.version(distribution)
    except importlib.metadata.PackageNotFoundError:
        return None


def available() -> int:
    """The processors that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _processor() -> str:
    with contextlib.suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text("utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def _memory() -> int | None:
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, OSError, ValueError):
        return None


def busy(seconds: float = 0.5) -> float | None:
    """The part of this process's processors that others use now, or None where nobody tells."""
    before = _ticks()
    time.sleep(seconds)
    after = _ticks()
    if before is None or after is None or after[1] <= before[1]:
        return None
    return max(0.0, 1 - (after[0] - before[0]) / (after[1] - before[1]))


class Others:
    """Counts, from its making on, what others use of this process's processors."""

    def __init__(self) -> None:
        self._before = _ticks()
        self._own = _own_seconds()

    def share(self) -> float | None:
        """The part that others have used since, or None where nobody tells."""
        after = _ticks()
        if self._before is None or after is None or after[1] <= self._before[1]:
            return None
        every = after[1] - self._before[1]
        used = every - (after[0] - self._before[0])
        own = (_own_seconds() - self._own) * os.sysconf("SC_CLK_TCK")
        return min(1.0, max(0.0, (used - own) / every))


def _own_seconds() -> float:
    """Seconds of processors that this process and the children that it has waited for have used."""
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


def _ticks() -> tuple[int, int] | None:
    """(idle, all) of the processors that this process may use, since the start of the system."""
    try:
        own = {f"cpu{one}" for one in os.sched_getaffinity(0)}
        rows = [line.split() for line in Path("/proc/stat").read_text().splitlines()]
    except (AttributeError, OSError):
        return None
    times = [[int(one) for one in row[1:9]] for row in rows if row and row[0] in own]
    if not times:
        return None
    return sum(row[3] + row[4] for row in times), sum(map(sum, times))


def peak(call: Callable[[], object]) -> int | None:
    """Bytes that a call adds to the memory of the process at most, its results among them; None where
    the system doesn't tell."""
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).malloc_trim(0)
    try:
        Path("/proc/self/clear_refs").write_text("5")
        before = _status("VmRSS")
        call()
        return max(0, _status("VmHWM") - before)
    except (OSError, KeyError):
        return None


def _status(key: str) -> int:
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(key):
            return int(line.split()[1]) * 1024
    raise KeyError(key)
