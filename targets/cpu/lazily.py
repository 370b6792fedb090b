"""Compilation by Numba at the first call: what modules for people do, where objc does it itself."""

from __future__ import annotations

import ctypes
import os
import threading
from typing import Any

from numba import cfunc, float64, int64, types

# ---- copied into emitted modules from here on


class Lazily:
    """The entry of a kernel, compiled when it is first called and kept by Numba's cache."""

    def __init__(self, function: Any) -> None:
        self.function = function
        self.lock = threading.Lock()
        self.compiled: Any = None
        self.call: Any = None

    def __call__(self, *arguments: Any) -> None:
        if self.call is None:
            with self.lock:
                self._compile()
        self.call(*arguments)

    def _compile(self) -> None:
        tables = (types.CPointer(int64), types.CPointer(float64))
        signature = types.void(*tables, *[int64] * 5)
        kept = os.path.exists(self.function.__code__.co_filename)  # what stands in no file can't be
        self.compiled = cfunc(signature, cache=kept)(self.function)
        kind = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_void_p, *[ctypes.c_int64] * 5)
        self.call = kind(self.compiled.address)
