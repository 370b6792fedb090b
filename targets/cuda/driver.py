"""NVIDIA's driver, called as a C library: nothing of Python's has to be installed for it.

Whatever framework holds the device holds its primary context; so does this. A launch hands the driver a
table of addresses that is made once for given sizes.
"""

from __future__ import annotations

import ctypes
import functools
import threading
from collections.abc import Sequence
from typing import Any

from objc.targets.cuda.multiplying import Products, products

# ---- copied into emitted modules from here on

_NAMES = ("libcuda.so.1", "libcuda.so", "nvcuda.dll")
_SHARED = 97
_SHARES = 8
_MAJOR = 75
_MINOR = 76
_TYPES = {"int64": ctypes.c_int64, "float32": ctypes.c_float, "float64": ctypes.c_double}
_SIGNATURES: dict[str, tuple[Any, ...]] = {
    "cuLaunchKernel": (ctypes.c_void_p, *[ctypes.c_uint] * 7, *[ctypes.c_void_p] * 3),
    "cuMemAllocAsync": (ctypes.c_void_p, ctypes.c_size_t, ctypes.c_void_p),
    "cuMemFreeAsync": (ctypes.c_uint64, ctypes.c_void_p),
    "cuMemsetD8Async": (ctypes.c_uint64, ctypes.c_ubyte, ctypes.c_size_t, ctypes.c_void_p),
    "cuMemcpyDtoDAsync_v2": (ctypes.c_uint64, ctypes.c_uint64, ctypes.c_size_t, ctypes.c_void_p),
    "cuMemcpyHtoD_v2": (ctypes.c_uint64, ctypes.c_void_p, ctypes.c_size_t),
    "cuMemcpyDtoHAsync_v2": (ctypes.c_void_p, ctypes.c_uint64, ctypes.c_size_t, ctypes.c_void_p),
    "cuStreamSynchronize": (ctypes.c_void_p,),
    "cuStreamWaitEvent": (ctypes.c_void_p, ctypes.c_void_p, ctypes.c_uint),
    "cuEventRecord": (ctypes.c_void_p, ctypes.c_void_p),
    "cuPointerGetAttribute": (ctypes.c_void_p, ctypes.c_int, ctypes.c_uint64),
    "cuEventDestroy_v2": (ctypes.c_void_p,),
}
"""Arguments of the functions that a call is made of: numbers are then handed over as they are."""

_UNTIMED = 2
_ORDINAL = 9
_LOG = 8192
_ERROR_LOG = 5
_ERROR_LOG_BYTES = 6


class NoDriver(Exception):
    """There is no driver, or it has no device for this process; the text says which."""


class DriverError(RuntimeError):
    """The driver refused a call."""


class Driver:
    """The driver's functions that are needed, each of which raises DriverError."""

    def __init__(self) -> None:
        self.library = self._loaded()
        for name, kinds in _SIGNATURES.items():
            getattr(self.library, name).argtypes = kinds
        self._launch = self.library.cuLaunchKernel
        self.lock = threading.Lock()
        try:
            self.call("cuInit", 0)
        except DriverError as error:
            raise NoDriver(str(error)) from None
        count = ctypes.c_int()
        self.call("cuDeviceGetCount", ctypes.byref(count))
        if not count.value:
            raise NoDriver("the driver shows this process no device")

    @staticmethod
    def _loaded() -> Any:
        for name in _NAMES:
            try:
                return ctypes.CDLL(name)
            except OSError:
                continue
        raise NoDriver(f"NVIDIA's driver ({_NAMES[0]}) is not there")

    def call(self, name: str, *arguments: Any) -> None:
        status = getattr(self.library, name)(*arguments)
        if status:
            raise DriverError(f"{name}: {self._said(status)}")

    def _said(self, status: int) -> str:
        text = ctypes.c_char_p()
        self.library.cuGetErrorString(status, ctypes.byref(text))
        return text.value.decode() if text.value else f"status {status}"

    def context(self) -> int:
        """The context of this thread; that of the first device is made current if there is none."""
        current = ctypes.c_void_p()
        self.call("cuCtxGetCurrent", ctypes.byref(current))
        if not current.value:
            device = ctypes.c_int()
            self.call("cuDeviceGet", ctypes.byref(device), 0)
            self.call("cuDevicePrimaryCtxRetain", ctypes.byref(current), device)
            self.call("cuCtxSetCurrent", current)
        return int(current.value or 0)

    def architecture(self) -> tuple[int, int]:
        """The compute capability of the current device."""
        self.context()
        device, value = ctypes.c_int(), ctypes.c_int()
        self.call("cuCtxGetDevice", ctypes.byref(device))
        found = []
        for attribute in (_MAJOR, _MINOR):
            self.call("cuDeviceGetAttribute", ctypes.byref(value), attribute, device)
            found.append(value.value)
        return found[0], found[1]

    def require_here(self, name: str, pointer: int) -> None:
        """Raises DriverError for memory of another device than the current one, which a kernel can't read."""
        current, found = ctypes.c_int(), ctypes.c_int(-1)
        self.call("cuCtxGetDevice", ctypes.byref(current))
        status = self.library.cuPointerGetAttribute(ctypes.byref(found), _ORDINAL, pointer)
        if status == 0 and found.value != current.value:
            raise DriverError(
                f"`{name}` is on device {found.value}, and device {current.value} is current: make that"
                " of the arrays current, as by `with torch.cuda.device(x.device)`"
            )

    # -------------------------------------------------------------- modules

    def load(self, ptx: str) -> Any:
        """The module of a text in PTX, compiled by the driver, which keeps what it compiles."""
        self.context()
        module, log = ctypes.c_void_p(), ctypes.create_string_buffer(_LOG)
        options = (ctypes.c_int * 2)(_ERROR_LOG, _ERROR_LOG_BYTES)
        values = (ctypes.c_void_p * 2)(ctypes.addressof(log), _LOG)
        text = ctypes.create_string_buffer(ptx.encode())
        try:
            self.call("cuModuleLoadDataEx", ctypes.byref(module), text, 2, options, values)
        except DriverError as error:
            said = log.value.decode(errors="replace").strip()
            raise DriverError(f"{error}\n{said}".strip()) from None
        return module

    def function(self, module: Any, name: str) -> Any:
        found = ctypes.c_void_p()
        self.call("cuModuleGetFunction", ctypes.byref(found), module, name.encode())
        return found

    def shared(self) -> int:
        """The bytes that a block may share on the current device."""
        device, value = ctypes.c_int(), ctypes.c_int()
        self.call("cuCtxGetDevice", ctypes.byref(device))
        self.call("cuDeviceGetAttribute", ctypes.byref(value), _SHARED, device)
        return value.value

    def share(self, function: Any, count: int) -> None:
        """Let the blocks of a function share so many bytes."""
        self.call("cuFuncSetAttribute", function, _SHARES, count)

    @staticmethod
    def products() -> Products | None:
        """What multiplies matrices, if anything does."""
        return products()

    def follow(self, stream: int, other: int) -> None:
        """Let what a stream is given from now on wait for what another has been given; the host does not."""
        event = ctypes.c_void_p()
        self.call("cuEventCreate", ctypes.byref(event), _UNTIMED)
        self.call("cuEventRecord", event, other)
        self.call("cuStreamWaitEvent", stream, event, 0)
        self.call("cuEventDestroy_v2", event)

    # -------------------------------------------------------------- memory

    def allocate(self, count: int, stream: int) -> int:
        """Memory in the order of a stream, so that it can be had while a graph is captured."""
        pointer = ctypes.c_uint64()
        self.call("cuMemAllocAsync", ctypes.byref(pointer), max(count, 1), stream)
        return pointer.value

    def free(self, pointer: int, stream: int) -> None:
        self.call("cuMemFreeAsync", pointer, stream)

    def clear(self, pointer: int, count: int, stream: int) -> None:
        self.call("cuMemsetD8Async", pointer, 0, count, stream)

    def copy(self, target: int, source: int, count: int, stream: int) -> None:
        """From the device to the device."""
        self.call("cuMemcpyDtoDAsync_v2", target, source, count, stream)

    def upload(self, target: int, source: int, count: int) -> None:
        """From the host to the device, at once."""
        self.call("cuMemcpyHtoD_v2", target, source, count)

    def fetched(self, pointer: int, count: int, stream: int) -> bytes:
        """What stands on the device, when all that the stream was given before is done."""
        held = ctypes.create_string_buffer(count)
        self.call("cuMemcpyDtoHAsync_v2", held, pointer, count, stream)
        self.call("cuStreamSynchronize", stream)
        return held.raw

    def launch(
        self, function: Any, blocks: int, threads: int, table: Table, stream: int, shared: int = 0
    ) -> None:
        """Run a function; `shared` are the bytes that each block may share beside what it declares."""
        status = self._launch(
            function, blocks, 1, 1, threads, 1, 1, shared, stream, table.addresses, None
        )
        if status:
            raise DriverError(f"cuLaunchKernel: {self._said(status)}")


@functools.lru_cache(maxsize=1)
def driver() -> Driver:
    """The driver. Raises NoDriver."""
    return Driver()


class Table:
    """The parameters of one launch in memory, and the table of their addresses."""

    def __init__(self, kinds: Sequence[str]) -> None:
        self.cells: list[Any] = [_TYPES[kind]() for kind in kinds]
        places = [ctypes.addressof(cell) for cell in self.cells]
        self.addresses = (ctypes.c_void_p * max(len(places), 1))(*places)
