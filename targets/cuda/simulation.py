"""Kernels in Numba's simulator: the one module that knows Numba-CUDA.

The text of a kernel runs as Python, one thread of the simulator a thread of the device, on memory of
the host. What the text stands on is its own: the elementary functions as they are translated for
devices, reductions of teams through shared memory. Blocks are small, so that small inputs have several
blocks, several threads and rests.
"""

from __future__ import annotations

import ast
import ctypes
import functools
import importlib
import math
import os
import sys
import threading
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np

WIDTH = 4
"""Threads of a block."""

BLOCKS = 3
"""Blocks of a launch at most."""


def is_on() -> bool:
    """Whether Numba-CUDA has been told to simulate."""
    return os.environ.get("NUMBA_ENABLE_CUDASIM", "0") not in ("", "0")


class Simulated:
    """The functions of a text. A call is `launch(name, blocks, threads, arguments)`."""

    def __init__(self, text: str) -> None:
        from objc.targets.cuda import teams

        cuda = simulator()
        self.space: dict[str, Any] = {**_floor(), "cuda": cuda}
        for code in _library():
            exec(code, self.space)
        own = compile(_body(text), "kernel", "exec")
        for one in teams.needed(_names_of(own)):
            exec(compile(one.simulated(), f"simulated {one.name}", "exec"), self.space)
        self.space["kernel"] = cuda.jit
        exec(own, self.space)

    def launch(
        self, name: str, blocks: int, threads: int, arguments: Sequence[Any], shared: int = 0
    ) -> None:
        """Run a function of the text; `shared` are the bytes of its rows. The simulator waits for its
        threads in a busy loop, which must not keep Python from them."""
        before = sys.getswitchinterval()
        sys.setswitchinterval(1e-5)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # on a device, infinity and NaN are numbers
                self.space[name][blocks, threads, 0, shared](*arguments)
        finally:
            sys.setswitchinterval(before)


def simulator() -> Any:
    """Numba-CUDA, which reads whether it is to simulate when Numba is first imported."""
    from numba.core import config

    config.ENABLE_CUDASIM = 1
    from numba import cuda

    if not hasattr(cuda, "simulator"):
        raise RuntimeError("numba.cuda was imported before NUMBA_ENABLE_CUDASIM was set")
    shared = importlib.import_module("numba.cuda.simulator.kernelapi").FakeCUDAShared
    shared.array = _shared_array
    return cuda


_at_once = threading.Lock()


def _shared_array(self: Any, shape: int, dtype: Any) -> Any:
    """The array of a block for a place in the text. The simulator's own gives two threads that come at
    once an array each."""
    if shape == 0:
        return np.frombuffer(self._dynshared.data, str(dtype))
    caller = sys._getframe(1)
    place = caller.f_code.co_filename, caller.f_lineno
    with _at_once:
        found = self._allocations.get(place)
        if found is None:
            found = self._allocations[place] = np.empty(shape, str(dtype))
    return found


@functools.cache
def _library() -> tuple[Any, ...]:
    """The code of the files that every text stands on, for this process."""
    folder = Path(__file__).parent
    mathematics = folder.parent / "cpu" / "mathematics"
    files = [mathematics / f"{one}.py" for one in ("float32", "float64", "normal", "special")]
    files += [folder / f"{one}.py" for one in ("sums", "special")]
    return tuple(
        compile(_body(one.read_text("utf-8")), f"simulated {one.name}", "exec") for one in files
    )


def _body(text: str) -> str:
    """A text without its imports: the names are those of the simulator."""
    lines = text.splitlines()
    for node in ast.parse(text).body:
        if isinstance(node, ast.Import | ast.ImportFrom):
            for line in range(node.lineno - 1, node.end_lineno or node.lineno):
                lines[line] = ""
    return "\n".join(lines)


def _names_of(code: Any) -> set[str]:
    found = set(code.co_names)
    for one in code.co_consts:
        if hasattr(one, "co_names"):
            found |= _names_of(one)
    return found


# -------------------------------------------------------------- what texts stand on


def helper(function: Any) -> Any:
    """Functions of a text are plain ones here."""
    return function


elementary = helper


def claimed(array: Any, place: int) -> bool:
    """Whether this thread is the one that turns an entry from 0 to 1."""
    with _at_once:
        if array[place]:
            return False
        array[place] = 1
        return True


def take(registers: Any, row: Any, first: int) -> None:
    """Entries that stand side by side, read at once."""
    for place in range(len(registers)):
        registers[place] = row[first + place]


def put(row: Any, first: int, registers: Any) -> None:
    """Entries that stand side by side, written at once."""
    for place in range(len(registers)):
        row[first + place] = registers[place]


class Short:
    """An array that is stored in 16 bits: what is read is float32, what is written is rounded to even."""

    def __init__(self, held: Any, kind: str) -> None:
        self.held = held
        self.kind = kind

    def __getitem__(self, where: Any) -> Any:
        found = self.held[where]
        if isinstance(found, np.ndarray):
            return Short(found, self.kind)
        if self.kind == "float16":
            return np.float32(found.view(np.float16))
        return np.uint32(int(found) << 16).view(np.float32)

    def __setitem__(self, where: Any, value: Any) -> None:
        x = np.float32(value)
        if self.kind == "float16":
            self.held[where] = np.float16(x).view(np.uint16)
        elif np.isnan(x):
            self.held[where] = 0x7FC0
        else:
            bits = int(x.view(np.uint32))
            self.held[where] = (bits + 0x7FFF + (bits >> 16 & 1)) >> 16


def raised(r: Any, shifted: Any) -> Any:
    """2^r·2^n, for n + 127 in the lowest bits of a number whose last place is 1."""
    if np.isnan(r):
        return np.float32(math.nan)
    return np.exp2(r) * np.float32(np.ldexp(1.0, int(shifted) - 12583039))


def quarters(x: Any) -> tuple[int, Any]:
    """(k, f) with x ≡ (k + f)·π/2 and |f| ≤ ½, for a large float32: exactly, by integers."""
    product = int(float(x) * 2048.0) * _TWO_OVER_PI >> 11
    quarter = (product + (1 << 319)) >> 320
    return quarter % 4, np.float32((product - (quarter << 320)) / (1 << 320))


_TWO_OVER_PI = int(
    "a2f9836e4e441529fc2757d1f534ddc0db6295993c439041fe5163abdebbc561b7246e3a424dd2e0", 16
)
"""2/π in units of 2^-320."""


class Converted:
    """An array whose entries become numbers of another type when they are read."""

    def __init__(self, held: Any, kind: Any) -> None:
        self.held = held
        self.kind = kind

    def __getitem__(self, where: Any) -> Any:
        found = self.held[where]
        return Converted(found, self.kind) if np.ndim(found) else self.kind(found)


def view(address: int, shape: tuple[int, ...], kind: Any, becomes: Any = None) -> Any:
    """The array at an address; what is read of it `becomes` of another type."""
    if becomes is not None:
        held = view(address, shape, kind)
        return held if isinstance(held, Short) else Converted(held, np.dtype(str(becomes)).type)
    if kind in ("bfloat16", "float16"):
        return Short(view(address, shape, "uint16"), kind)
    element = np.dtype(str(kind))
    count = math.prod(int(one) for one in shape)
    if not count or not address:
        return np.empty(0, element)
    if len(shape) == 1 and shape[0] == 1 << 20:
        count = 64  # handed on from step to step: as many as there may be
        shape = (count,)
    held = (ctypes.c_char * (count * element.itemsize)).from_address(address)
    whole = np.frombuffer(held, element)  # type: ignore[call-overload]
    return whole.reshape([int(one) for one in shape])


def _extreme(choose: Any) -> Callable[[Any, Any], Any]:
    return lambda a, b: choose(a, b)


def _split(x: Any) -> tuple[Any, Any]:
    mantissa, exponent = np.frexp(x)
    if mantissa < math.sqrt(0.5):
        mantissa, exponent = mantissa * type(x)(2.0), exponent - 1
    return type(x)(mantissa), type(x)(exponent)


def _power_of_two(n: Any) -> Any:
    return type(n)(math.nan if np.isnan(n) else np.ldexp(1.0, int(n)))


def _quietly(function: Callable[..., float]) -> Callable[..., Any]:
    """A function of Python's mathematics as devices have it: no exceptions, the argument's type."""

    @functools.wraps(function)
    def call(*arguments: Any) -> Any:
        kind = type(arguments[0]) if isinstance(arguments[0], np.floating) else np.float64
        try:
            return kind(function(*map(float, arguments)))
        except OverflowError:
            return kind(math.inf)
        except ValueError:
            return kind(math.inf if function is math.lgamma else math.nan)

    return call


def _floor() -> dict[str, Any]:
    from numba import float32, float64, int64

    names = ("sin", "cos", "tan", "asin", "acos", "atan", "sinh", "cosh", "asinh", "erf", "erfc",
             "lgamma", "log")  # fmt: skip
    functions = {name: _quietly(getattr(math, name)) for name in names}
    mathematics = SimpleNamespace(
        inf=math.inf, nan=math.nan, sqrt=np.sqrt, pow=np.power, fabs=np.fabs, **functions
    )
    return {
        "math": mathematics, "float32": float32, "float64": float64, "int64": int64,
        "Any": Any, "helper": helper, "elementary": elementary, "claimed": claimed,
        "bfloat16": "bfloat16", "float16": "float16", "int32": "int32", "int16": "int16", "int8": "int8",
        "uint8": "uint8", "quarters": quarters, "raised": raised, "view": view,
        "take": take, "put": put,
        "split": _split, "power_of_two": _power_of_two,
        "rint": np.rint, "maximum": _extreme(np.maximum), "minimum": _extreme(np.minimum),
        "annotations": None,
    }  # fmt: skip
