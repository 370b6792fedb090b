"""Kernels in the simulator, on arrays of the host: what stands for the driver, the device's memory being
the host's, and the protocol of executables."""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from objc.targets.cuda.arrays import OnDevice
from objc.targets.cuda.driver import Table
from objc.targets.cuda.launching import Shape
from objc.targets.cuda.multiplying import Matrix, Multiply
from objc.targets.cuda.readings import read_as
from objc.targets.cuda.running import LEAST, Either, Kernel, both
from objc.targets.cuda.simulation import BLOCKS, WIDTH, Simulated, simulator

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

    def products(self) -> OnNumPy:
        return OnNumPy()

    def require_here(self, name: str, pointer: int) -> None:
        """There is one device."""

    def follow(self, stream: int, other: int) -> None:
        """A launch is done when it returns."""

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


class OnNumPy:
    """As `objc.targets.cuda.multiplying.Products`, by NumPy on memory of the host."""

    def multiply(
        self, context: int, one: Multiply, places: list[int], stream: int, room: int
    ) -> None:
        goal, left, right = (
            self._matrix(place, matrix, shape, one.kind)
            for place, matrix, shape in zip(
                places,
                (one.goal, one.left, one.right),
                ((one.rows, one.columns), (one.rows, one.steps), (one.steps, one.columns)),
                strict=True,
            )
        )
        found = left @ right
        goal[...] = goal + found if one.adds else found

    @staticmethod
    def _matrix(place: int, one: Matrix, shape: tuple[int, int], kind: str) -> Any:
        rows, columns = shape[::-1] if one.turned else shape
        count = (rows - 1) * one.along + columns if rows and columns else 0
        element = np.dtype(kind)
        held = (ctypes.c_char * (count * element.itemsize)).from_address(place + one.begins)
        flat = np.frombuffer(held, element)  # type: ignore[call-overload]
        strides = (one.along * element.itemsize, element.itemsize)
        found = np.lib.stride_tricks.as_strided(flat, (rows, columns), strides, writeable=True)
        return found.T if one.turned else found


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

    def masked(self, mask: Any, weight: Any, kind: str) -> Any:
        kept = np.where(mask != 0, 1 if weight is None else weight, 0)
        return np.where((mask != 0) & (mask != 1), -np.inf, kept).astype(kind)

    weighs = names = True

    def weighed(self, array: Any, weight: Any) -> None:
        array[...] = np.where(weight != 0, array * weight, 0)


class Simulator(Memory):
    """The framework of arrays that Numba's simulator says are on its device."""

    def empty(self, shape: tuple[int, ...], kind: str) -> Any:
        return uploaded(super().empty(shape, kind))

    def pointer(self, array: Any) -> int:
        return super().pointer(np.asarray(array))

    def masked(self, mask: Any, weight: Any, kind: str) -> Any:
        whole = None if weight is None else np.asarray(weight)
        return uploaded(super().masked(np.asarray(mask), whole, kind))

    def weighed(self, array: Any, weight: Any) -> None:
        super().weighed(np.asarray(array), np.asarray(weight))


def uploaded(array: Any) -> Any:
    """A copy of an array of NumPy's that is on the simulator's device."""
    return simulator().to_device(np.ascontiguousarray(array))


def adopt(value: Any) -> OnDevice | None:
    """The array as one on the simulator's device; None if it is anything else, one of NumPy's too: what
    is tried here is to run on a device."""
    if not getattr(type(value), "__cuda_ndarray__", False):
        return None
    array = np.asarray(value).view(value.dtype)  # which loses the name of a type that NumPy has not
    return replace(on_device(array), owner=value, framework=Simulator())


def on_device(array: Any) -> OnDevice:
    """An array of NumPy's as one on the simulated device."""
    pointer = array.ctypes.data if array.size else 0
    kind = array.dtype.str if array.dtype.byteorder == ">" else array.dtype.name
    return OnDevice(array.shape, kind, pointer, array.flags.c_contiguous, array, Memory())


def _refused(name: str, value: Any) -> Exception:
    return TypeError(f"{name} is a {type(value).__name__}")


def simulated(
    emitted: Emitted,
    least: int = LEAST,
    shape: Shape = SHAPE,
    refused: Callable[[str, Any], Exception] = _refused,
) -> Kernel | Either:
    """A kernel whose device is the simulator; `refused` says what is wrong with an array of the host."""
    device = Device()

    def made(text: str, facts: Mapping[str, Any]) -> Kernel:
        return Kernel(
            facts,
            lambda *_: text,
            IndexOutOfRange,
            refused,
            lambda: device,
            shape,
            framework=Simulator,
            again=lambda kinds: made(*read_as(text, facts, kinds)),
        )

    return both(emitted, made, least)


class OnHost:
    """An executable on arrays of NumPy's."""

    def __init__(self, emitted: Emitted, least: int = LEAST, shape: Shape = SHAPE) -> None:
        self.kernel = simulated(emitted, least, shape)

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
