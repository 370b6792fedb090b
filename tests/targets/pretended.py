"""Arrays and a device that are the host's, for calls as if on a device."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from objc.targets.cuda import host
from objc.targets.cuda.launching import Sized

import objc
from objc.target import load

TARGET = load("cuda")
TEXT = """
loss focal(logits: real[K] | label: index(K); gamma: nonnegative = 2) =
    -(1 - p)^gamma * log(p)
    where p = softmax(logits)[label]

loss squared(prediction: real | target: real) = (prediction - target)^2 / 2

loss ordinal(score: real[K] | label: index(K)) = sum[k | k > label](softplus(score[k]))
"""

LOGITS = np.random.default_rng(0).normal(size=(2, 3, 4)).astype(np.float32)
LABEL = np.array([[0, 3, 1], [2, 2, 0]])


def sized(name: str, batch: int, **sizes: int) -> Sized:
    kernel = getattr(objc.compile(TEXT), name)
    facts = TARGET.emit(kernel.gradient_program, "float32").metadata
    return Sized(facts, {"batch": batch, **sizes})


class Owned:
    """An array of somebody's that says that it is on the device."""

    def __init__(self, array: NDArray[Any]) -> None:
        self.array = array

    @property
    def __cuda_array_interface__(self) -> dict[str, Any]:
        found = dict(self.array.__array_interface__)
        return {**found, "version": 3, "stream": 1}


class Brief(Owned):
    """An array of bfloat16, told as its bits."""

    @property
    def __cuda_array_interface__(self) -> dict[str, Any]:
        return {**super().__cuda_array_interface__, "typestr": "|V2"}


class Pretended(host.Device):
    """The simulator, with memory to give away."""

    def __init__(self) -> None:
        self.held: dict[int, Any] = {}
        self.fetches = 0

    def allocate(self, count: int, stream: int) -> int:
        array = np.full(count // 8 + 1, -1, np.int64)
        self.held[array.ctypes.data] = array
        return int(array.ctypes.data)

    def free(self, pointer: int, stream: int) -> None:
        del self.held[pointer]

    def fetched(self, pointer: int, count: int, stream: int) -> bytes:
        self.fetches += 1
        return super().fetched(pointer, count, stream)


def held_by(device: Pretended, array: Any) -> NDArray[Any]:
    """The memory of an array on the pretended device."""
    count: int = array.shape[0]
    return device.held[array.pointer].view(np.float64)[:count]
