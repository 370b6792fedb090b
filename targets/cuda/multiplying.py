"""Products of matrices by cuBLAS: of PyTorch, of CuPy, of NVIDIA's packages or of a toolkit, whichever is
there.

Its functions are called as those of a C library, with addresses, so that whoever owns the arrays makes no
difference; what a framework has loaded already is taken first. Float32 is multiplied as float32, never
rounded before. A matrix here has its rows one after the other, cuBLAS's its columns: so the product is
asked for the other way about, (L·R)ᵀ = Rᵀ·Lᵀ.
"""

from __future__ import annotations

import ctypes
import functools
import os
import sys
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

# ---- copied into emitted modules from here on

_LIBRARIES = ("libcublas.so.13", "libcublas.so.12", "libcublas.so.11", "libcublas.so")
_FORMS: dict[str, tuple[str, Any]] = {
    "float32": ("cublasSgemm_v2", ctypes.c_float),
    "float64": ("cublasDgemm_v2", ctypes.c_double),
}
_EXACT = 0
"""CUBLAS_DEFAULT_MATH: of float32 all 24 bits count."""

ROOM = 32 << 20
"""Bytes that the library is given to work in: as many as it asks for on the largest devices."""


@dataclass(frozen=True)
class Matrix:
    """Where a matrix begins, behind the beginning of its array, in bytes; the entries from one of its rows
    to the next; whether it is read the other way about."""

    begins: int
    along: int
    turned: bool


@dataclass(frozen=True)
class Multiply:
    """goal[i, j] = Σ_p left[i, p]·right[p, j], for `rows`, `columns` and `steps` of the indices; with
    `adds` what stands in the goal is added to. `arguments` say where the three arrays begin, `room` where the
    library may work."""

    kind: str
    rows: int
    columns: int
    steps: int
    goal: Matrix
    left: Matrix
    right: Matrix
    adds: bool
    arguments: tuple[tuple[Any, ...], ...]
    room: tuple[Any, ...]


class CublasError(RuntimeError):
    """cuBLAS refused a call."""


class Products:
    """cuBLAS, with a handle for every context, which works in the memory of the call that it is for: streams
    do not meet there, and nothing is allocated while a graph is captured, if there has been a call before."""

    def __init__(self, library: Any) -> None:
        self.library = library
        self.lock = threading.Lock()
        self.handles: dict[int, Any] = {}
        whole, pointer = ctypes.c_int, ctypes.c_void_p
        for name, kind in _FORMS.values():
            number = ctypes.POINTER(kind)
            getattr(library, name).argtypes = (
                pointer, whole, whole, whole, whole, whole, number, pointer, whole, pointer,
                whole, number, pointer, whole,
            )  # fmt: skip

    def multiply(
        self, context: int, one: Multiply, places: list[int], stream: int, room: int
    ) -> None:
        """Give the stream a product; `places` are where goal, left and right begin, `room` where the library
        may work, in ROOM bytes."""
        name, kind = _FORMS[one.kind]
        goal, left, right = (
            place + matrix.begins
            for place, matrix in zip(places, (one.goal, one.left, one.right), strict=True)
        )
        with self.lock:
            handle = self._handle(context)
            self._call("cublasSetStream_v2", handle, ctypes.c_void_p(stream))
            self._call(  # the stream has put its own in place
                "cublasSetWorkspace_v2", handle, ctypes.c_void_p(room), ctypes.c_size_t(ROOM)
            )
            self._call(
                name, handle, int(one.right.turned), int(one.left.turned),
                one.columns, one.rows, one.steps, kind(1.0), right, max(one.right.along, 1), left,
                max(one.left.along, 1), kind(1.0 if one.adds else 0.0), goal, max(one.goal.along, 1),
            )  # fmt: skip

    def _handle(self, context: int) -> Any:
        found = self.handles.get(context)
        if found is None:
            found = ctypes.c_void_p()
            self._call("cublasCreate_v2", ctypes.byref(found))
            self._call("cublasSetMathMode", found, _EXACT)
            self.handles[context] = found
        return found

    def _call(self, name: str, *arguments: Any) -> None:
        status = getattr(self.library, name)(*arguments)
        if status:
            raise CublasError(f"{name}: status {status}")


@functools.lru_cache(maxsize=1)
def products() -> Products | None:
    """cuBLAS; None where it is not there."""
    loaded: int | None = getattr(os, "RTLD_NOLOAD", None)
    for name in _LIBRARIES:
        if loaded is None:
            break
        try:
            return Products(ctypes.CDLL(name, mode=loaded | ctypes.DEFAULT_MODE))
        except OSError:
            continue
    for name in (*_LIBRARIES, *_packaged()):
        try:
            return Products(ctypes.CDLL(name))
        except OSError:
            continue
    return None


def _packaged() -> Iterator[str]:
    """The library in packages of NVIDIA's, which are on no loader's path."""
    for folder in sys.path:
        for inner in ("nvidia/cu13/lib", "nvidia/cublas/lib"):
            for name in _LIBRARIES[:3]:
                path = os.path.join(folder, inner, name)
                if os.path.exists(path):
                    yield path


def largest(facts: Mapping[str, Any], sizes: Mapping[str, int]) -> int:
    """The multiplications of the largest product of a kernel."""
    found = 0
    for step in facts["steps"]:
        for item in step.get("items", ()):
            if "product" in item:
                extents = [
                    step["rows"] if one is None else one for one in item["product"]["extents"]
                ]
                count = 1
                for one in extents:
                    count *= sizes[one] if isinstance(one, str) else one
                found = max(found, count)
    return found
