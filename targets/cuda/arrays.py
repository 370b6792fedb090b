"""Arrays that are on the device: whose they are, where they begin, and how their owner makes more.

PyTorch and CuPy are met in their own terms, which are quick and know the stream of the caller; whatever
else has `__cuda_array_interface__` or DLPack is taken by that. Nothing is copied.
"""

from __future__ import annotations

import ctypes
import math
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from objc.targets.cuda.driver import driver

# ---- copied into emitted modules from here on

_LETTERS = {
    "<f4": "float32", "<f8": "float64", "<f2": "float16", "<i8": "int64", "<i4": "int32",
    "|b1": "bool", "|u1": "uint8", "|i1": "int8", "<i2": "int16", "<V2": "bfloat16", "|V2": "bfloat16",
}  # fmt: skip
_DLPACK = {
    (2, 32): "float32", (2, 64): "float64", (2, 16): "float16", (4, 16): "bfloat16",
    (0, 64): "int64", (0, 32): "int32", (0, 16): "int16", (0, 8): "int8", (1, 8): "uint8", (6, 8): "bool",
}  # fmt: skip
_ON_CUDA = 2
BYTES = {
    "float32": 4, "float64": 8, "int64": 8, "int32": 4, "float16": 2, "bfloat16": 2, "uint8": 1,
    "bool": 1, "int8": 1, "int16": 2,
}  # fmt: skip


class Framework(Protocol):
    """Who makes arrays of the kind that was given."""

    def empty(self, shape: tuple[int, ...], kind: str) -> Any:
        """A new array on the device, as people know it."""

    def memory(self, count: int) -> tuple[Any, int]:
        """Bytes on the device: who owns them, and where they begin."""

    def stream(self) -> int:
        """The stream that the caller works on."""

    names: bool
    """Whether arrays of the kind are ready in the order of that stream; else they are ready."""

    def pointer(self, array: Any) -> int:
        """Where an array of the kind begins."""

    def masked(self, mask: Any, weight: Any, kind: str) -> Any:
        """The weights (None: 1) where a mask is 1, 0 where it is 0, and what is no weight, -∞, where it is
        neither, on the device; None where that is more than this one does."""

    weighs: bool
    """Whether `weighed` is there."""

    def weighed(self, array: Any, weight: Any) -> None:
        """Multiply an array by weights, in its place; whatever it holds where they are 0, it is 0 there."""


@dataclass(frozen=True)
class OnDevice:
    """An array on the device: its entries' type, where they begin, whether they stand in C order."""

    shape: tuple[int, ...]
    kind: str
    pointer: int
    contiguous: bool
    owner: Any
    framework: Framework

    @property
    def itemsize(self) -> int:
        return BYTES[self.kind]


def adopt(value: Any) -> OnDevice | None:
    """The array as one on the device; None if it is anything else."""
    root = type(value).__module__.partition(".")[0]
    if root == "torch":
        return _of_torch(value) if getattr(value, "is_cuda", False) else None
    if root == "numpy" or isinstance(value, float | int | list | tuple):
        return None
    found = getattr(value, "__cuda_array_interface__", None)
    if found is not None:
        return _of_interface(value, found, CuPy() if root == "cupy" else Plain(_stream(found)))
    if hasattr(value, "__dlpack_device__") and value.__dlpack_device__()[0] == _ON_CUDA:
        return _of_dlpack(value)
    return None


def told(value: Any) -> Any:
    """What arrays have in common that a kernel can't tell apart but by what they hold; None for what is
    on no device."""
    if type(value).__module__.partition(".")[0] == "torch":
        if not getattr(value, "is_cuda", False):
            return None
        parts = value.dtype, value.shape, value.device, value.is_contiguous()
        return (*parts, value.data_ptr() % 16 == 0)
    found = adopt(value)
    if found is None:
        return None
    name, stream = type(found.framework).__name__, getattr(found.framework, "on", 0)
    number = getattr(getattr(value, "device", None), "id", 0)  # CuPy's
    return name, number, stream, found.kind, found.shape, found.contiguous, found.pointer % 16 == 0


def _stream(interface: Mapping[str, Any]) -> int | None:
    """The stream that an array names by version 3 of the protocol, None for one that is ready. 1 is the
    default stream of the process, which the driver calls 0 too; 2 is that of the thread, for both."""
    stream = interface.get("stream")
    return None if stream is None else 0 if stream == 1 else int(stream)


def preferred(frameworks: Sequence[Framework]) -> Framework:
    """Whose stream a call is on, and who makes its results: the first whose arrays name a stream."""
    return next((one for one in frameworks if one.names), frameworks[0])


def _of_torch(value: Any) -> OnDevice:
    kind = str(value.dtype).removeprefix("torch.")
    framework = Torch(value.device)
    return OnDevice(
        tuple(value.shape), kind, value.data_ptr(), value.is_contiguous(), value, framework
    )


def _of_interface(value: Any, found: Mapping[str, Any], framework: Framework) -> OnDevice:
    shape = tuple(found["shape"])
    kind = _LETTERS.get(found["typestr"], found["typestr"])
    strides = found.get("strides")
    contiguous = strides is None or tuple(strides) == _strides(shape, int(found["typestr"][2:]))
    return OnDevice(shape, kind, int(found["data"][0] or 0), contiguous, value, framework)


def _strides(shape: tuple[int, ...], size: int) -> tuple[int, ...]:
    return tuple(size * math.prod(shape[axis + 1 :]) for axis in range(len(shape)))


class _Tensor(ctypes.Structure):
    _fields_ = (
        ("data", ctypes.c_void_p), ("device", ctypes.c_int32 * 2), ("ndim", ctypes.c_int32),
        ("code", ctypes.c_uint8), ("bits", ctypes.c_uint8), ("lanes", ctypes.c_uint16),
        ("shape", ctypes.POINTER(ctypes.c_int64)), ("strides", ctypes.POINTER(ctypes.c_int64)),
        ("offset", ctypes.c_uint64),
    )  # fmt: skip


def _of_dlpack(value: Any) -> OnDevice:
    """By DLPack, which makes an array ready in the order of the default stream where none is asked for. The
    capsule is kept, and with it the memory, as long as the array is."""
    capsule = value.__dlpack__()
    get = ctypes.pythonapi.PyCapsule_GetPointer
    get.restype, get.argtypes = ctypes.c_void_p, (ctypes.py_object, ctypes.c_char_p)
    tensor = _Tensor.from_address(get(capsule, b"dltensor"))
    shape = tuple(tensor.shape[axis] for axis in range(tensor.ndim))
    contiguous = not tensor.strides or all(
        tensor.strides[axis] == math.prod(shape[axis + 1 :]) or size == 1
        for axis, size in enumerate(shape)
    )
    kind = _DLPACK.get((tensor.code, tensor.bits), f"code {tensor.code}, {tensor.bits} bits")
    pointer = (tensor.data or 0) + tensor.offset
    return OnDevice(shape, kind, pointer, contiguous, (value, capsule), Plain(0))


class Torch:
    """PyTorch's arrays, on one device."""

    weighs = names = True

    def __init__(self, device: Any) -> None:
        self.device = device
        self.torch = sys.modules["torch"]
        self.bytes = self.torch.uint8

    def empty(self, shape: tuple[int, ...], kind: str) -> Any:
        return self.torch.empty(shape, dtype=getattr(self.torch, kind), device=self.device)

    def memory(self, count: int) -> tuple[Any, int]:
        held = self.torch.empty(count, dtype=self.bytes, device=self.device)
        return held, held.data_ptr()

    def stream(self) -> int:
        torch = self.torch
        quick = getattr(torch._C, "_cuda_getCurrentRawStream", None)
        if quick is not None and self.device.index is not None:
            return int(quick(self.device.index))
        return int(torch.cuda.current_stream(self.device).cuda_stream)

    def pointer(self, array: Any) -> int:
        return int(array.data_ptr())

    def masked(self, mask: Any, weight: Any, kind: str) -> Any:
        element = getattr(self.torch, kind)
        whole = self.torch.ones((), dtype=element, device=self.device) if weight is None else weight
        kept = self.torch.where(mask != 0, whole, self.torch.zeros_like(whole))
        if mask.dtype != self.torch.bool:
            kept = kept.masked_fill((mask != 0) & (mask != 1), -math.inf)
        return kept.contiguous()

    def weighed(self, array: Any, weight: Any) -> None:
        array.mul_(weight).masked_fill_(weight == 0, 0)


class CuPy:
    """CuPy's arrays, on its current device."""

    weighs = names = True

    def empty(self, shape: tuple[int, ...], kind: str) -> Any:
        return sys.modules["cupy"].empty(shape, kind)

    def memory(self, count: int) -> tuple[Any, int]:
        held = self.empty((count,), "uint8")
        return held, int(held.data.ptr)

    def stream(self) -> int:
        return int(sys.modules["cupy"].cuda.get_current_stream().ptr)

    def pointer(self, array: Any) -> int:
        return int(array.data.ptr)

    def masked(self, mask: Any, weight: Any, kind: str) -> Any:
        cupy, whole = sys.modules["cupy"], 1 if weight is None else weight
        kept = cupy.where(mask != 0, whole, 0).astype(kind)
        return cupy.where((mask != 0) & (mask != 1), -math.inf, kept).astype(kind)

    def weighed(self, array: Any, weight: Any) -> None:
        array *= weight
        array[weight == 0] = 0


class Plain:
    """Arrays of nobody's that is known here: memory of the driver's, on the stream on which an array says it
    is ready, on the default one where it says none (None)."""

    weighs = False

    def __init__(self, on: int | None = None) -> None:
        self.on = on
        self.names = on is not None

    def empty(self, shape: tuple[int, ...], kind: str) -> Any:
        return Array(shape, kind, self.stream())

    def memory(self, count: int) -> tuple[Any, int]:
        held = self.empty((count,), "uint8")
        return held, held.pointer

    def stream(self) -> int:
        return self.on or 0

    def pointer(self, array: Any) -> int:
        found = adopt(array)
        assert found is not None
        return found.pointer

    def masked(self, mask: Any, weight: Any, kind: str) -> Any:
        return None

    def weighed(self, array: Any, weight: Any) -> None:
        raise NotImplementedError("nobody multiplies these arrays")


def upload(array: Any) -> Array:
    """A copy on the device of an array of NumPy's, for whoever has no framework."""
    import numpy as np

    held = np.ascontiguousarray(array)
    made = Array(held.shape, str(held.dtype))
    made.device.upload(made.pointer, held.ctypes.data, held.nbytes)
    return made


class Array:
    """An array on the device for whoever has no framework, in the order of a stream. `fetch` copies it to the
    host."""

    def __init__(self, shape: tuple[int, ...], kind: str, stream: int = 0) -> None:
        self.stream = stream
        self.shape = shape
        self.kind = kind
        self.nbytes = math.prod(shape) * BYTES[kind]
        self.device = driver()
        self.pointer = self.device.allocate(self.nbytes, stream)

    @property
    def __cuda_array_interface__(self) -> dict[str, Any]:
        letters = {kind: letter for letter, kind in _LETTERS.items()}
        return {
            "shape": self.shape, "typestr": letters[self.kind], "strides": None, "version": 3,
            "data": (self.pointer, False), "stream": self.stream or 1,
        }  # fmt: skip

    def fetch(self) -> Any:
        """The entries in an array of NumPy: of bfloat16, which that has not, in float32."""
        import numpy as np

        held = self.device.fetched(self.pointer, self.nbytes, self.stream)
        if self.kind == "bfloat16":
            bits = np.frombuffer(held, np.uint16).astype(np.uint32) << np.uint32(16)
            return bits.view(np.float32).reshape(self.shape)
        return np.frombuffer(held, self.kind).reshape(self.shape)

    def __del__(self) -> None:
        pointer, self.pointer = getattr(self, "pointer", 0), 0
        if pointer:
            self.device.free(pointer, self.stream)
