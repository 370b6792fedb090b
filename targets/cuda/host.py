"""Kernels in the simulator, on arrays of the host: what stands for the driver, the device's memory being
the host's, and the protocol of executables."""

from __future__ import annotations

import ctypes
from collections.abc import Mapping
from typing import Any

import numpy as np
from objc.targets.cuda.arrays import OnDevice
from objc.targets.cuda.driver import Table
from objc.targets.cuda.launching import Shape
from objc.targets.cuda.running import Kernel
from objc.targets.cuda.simulation import BLOCKS, WIDTH, Simulated

from objc.target import Emitted, IndexOutOfRange

SHAPE = Shape(WIDTH, BLOCKS, tiny=True)
_TYPES: dict[Any, Any] = {ctypes.c_float: np.float32, ctypes.c_double: np.float64}


class Device:
    """As `objc.targets.cuda.driver.Driver`, but a module is a text in the simulator."""

    def context(self) -> int:
        return 1

    def architecture(self) -> tuple[int, int]:
        return 0, 0

    def load(self, text: str) -> Simulated:
        return Simulated(text)

    def function(self, module: Simulated, name: str) -> tuple[Simulated, str]:
        return module, name

    def shared(self) -> int:
        return SHAPE.shared

    def share(self, function: tuple[Simulated, str], count: int) -> None:
        """As many bytes as a launch asks for."""

    def clear(self, pointer: int, count: int, stream: int) -> None:
        ctypes.memset(pointer, 0, count)

    def copy(self, target: int, source: int, count: int, stream: int) -> None:
        ctypes.memmove(target, source, count)

    def fetched(self, pointer: int, count: int, stream: int) -> bytes:
        return ctypes.string_at(pointer, count)

    def launch(
        self,
        function: tuple[Simulated, str],
        blocks: int,
        threads: int,
        table: Table,
        stream: int,
        shared: int = 0,
    ) -> None:
        module, name = function
        given = [_TYPES.get(type(cell), int)(cell.value or 0) for cell in table.cells]
        module.launch(name, blocks, threads, given, shared)


class Memory:
    """The framework of arrays that are of NumPy's."""

    def empty(self, shape: tuple[int, ...], kind: str) -> Any:
        return np.empty(shape, kind)

    def memory(self, count: int) -> tuple[Any, int]:
        held = np.full(count // 8 + 1, 0x7FF8DEAD7FF8DEAD, np.int64)  # what nobody has written
        return held, held.ctypes.data

    def stream(self) -> int:
        return 0

    def pointer(self, array: Any) -> int:
        return int(array.ctypes.data)


def on_device(array: Any) -> OnDevice:
    """An array of NumPy's as one on the simulated device."""
    pointer = array.ctypes.data if array.size else 0
    return OnDevice(
        array.shape, array.dtype.name, pointer, array.flags.c_contiguous, array, Memory()
    )


def simulated(emitted: Emitted) -> Kernel:
    """A kernel whose device is the simulator."""
    device = Device()
    return Kernel(
        emitted.metadata,
        lambda _: emitted.text,
        IndexOutOfRange,
        lambda name, value: TypeError(f"{name} is a {type(value).__name__}"),
        lambda: device,
        SHAPE,
    )


class OnHost:
    """An executable on arrays of NumPy's."""

    def __init__(self, emitted: Emitted) -> None:
        self.kernel = simulated(emitted)

    def __call__(
        self, arguments: Mapping[str, Any], sizes: Mapping[str, int], results: Mapping[str, Any]
    ) -> dict[str, float]:
        given = {
            name: on_device(one) if isinstance(one, np.ndarray) else one
            for name, one in arguments.items()
        }
        scalars = self.kernel(given, sizes, {key: on_device(one) for key, one in results.items()})
        shows = any(np.isnan(one).any() for one in results.values())
        scalars.check(shows)
        return dict(scalars)
