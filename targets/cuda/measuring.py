"""What a benchmark asks of a device: events on a stream, the speed of a copy, what the device is.

Through the driver alone, so that all who are measured are measured alike, whoever owns their arrays.
In the simulator the host's clock does for events, so that what measures can be tried without a device.
"""

from __future__ import annotations

import ctypes
import statistics
import time
from collections.abc import Callable
from typing import Any

from objc.targets.cuda.driver import Driver, driver
from objc.targets.cuda.loading import require_device
from objc.targets.cuda.simulation import is_on

_ATTRIBUTES = {
    "multiprocessors": 16, "l2_bytes": 38, "shared_bytes_of_a_block": 97, "clock_kHz": 13,
    "memory_clock_kHz": 36, "bus_bits": 37,
}  # fmt: skip


class Clock:
    """Seconds between two events on a stream of the device."""

    def __init__(self, device: Driver) -> None:
        self.device = device
        device.context()
        self.first, self.last = ctypes.c_void_p(), ctypes.c_void_p()
        for event in (self.first, self.last):
            device.call("cuEventCreate", ctypes.byref(event), 0)

    def between(self, run: Callable[[], Any], stream: int) -> float:
        """Seconds that the device takes for what `run` gives it on a stream."""
        self._record(self.first, stream)
        run()
        self._record(self.last, stream)
        self.device.call("cuEventSynchronize", self.last)
        milliseconds = ctypes.c_float()
        self.device.call("cuEventElapsedTime", ctypes.byref(milliseconds), self.first, self.last)
        return milliseconds.value / 1e3

    def _record(self, event: Any, stream: int) -> None:
        self.device.call("cuEventRecord", event, ctypes.c_void_p(stream))

    def wait(self) -> None:
        """Wait for the device. Raises DriverError if something on it has failed."""
        self.device.context()
        self.device.call("cuCtxSynchronize")

    def copy(self, count: int = 1 << 30, repetitions: int = 15) -> float:
        """Bytes a second, read and written, of a copy on the device: the median."""
        places = [self.device.allocate(count, 0) for _ in range(2)]
        try:

            def run() -> None:
                self.device.copy(places[1], places[0], count, 0)

            self.device.clear(places[0], count, 0)
            run()
            found = [self.between(run, 0) for _ in range(repetitions)]
        finally:
            for one in places:
                self.device.free(one, 0)
        return 2 * count / statistics.median(found)

    def description(self) -> dict[str, Any]:
        """The device: its name, memory, compute capability, and what the driver tells of it."""
        handle, value = ctypes.c_int(), ctypes.c_int()
        self.device.call("cuCtxGetDevice", ctypes.byref(handle))
        name = ctypes.create_string_buffer(256)
        self.device.call("cuDeviceGetName", name, 256, handle)
        memory = ctypes.c_size_t()
        self.device.call("cuDeviceTotalMem_v2", ctypes.byref(memory), handle)
        found: dict[str, Any] = {
            "name": name.value.decode(),
            "memory_bytes": memory.value,
            "capability": ".".join(map(str, self.device.architecture())),
        }
        for what, number in _ATTRIBUTES.items():
            self.device.call("cuDeviceGetAttribute", ctypes.byref(value), number, handle)
            found[what] = value.value
        self.device.call("cuDriverGetVersion", ctypes.byref(value))
        found["driver_cuda"] = f"{value.value // 1000}.{value.value % 1000 // 10}"
        return found


class HostClock:
    """As Clock, for the simulator."""

    def between(self, run: Callable[[], Any], stream: int) -> float:
        start = time.perf_counter()
        run()
        return time.perf_counter() - start

    def wait(self) -> None:
        """Nothing runs behind."""

    def copy(self, count: int = 1 << 20, repetitions: int = 5) -> float:
        held = bytearray(count)
        found = [self.between(lambda: bytes(held), 0) for _ in range(repetitions)]
        return 2 * count / min(found)

    def description(self) -> dict[str, Any]:
        return {"name": "Numba's simulator"}


def clock() -> Clock | HostClock:
    """The clock of the device here.

    Raises:
        ObjcError: there is none.
    """
    if is_on():
        return HostClock()
    require_device()
    return Clock(driver())
