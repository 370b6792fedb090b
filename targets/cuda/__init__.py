"""The CUDA target: the loops of the scheduler on NVIDIA's devices.

A program's text is Numba-CUDA's. objc translates it to PTX by itself, on any machine; Numba's simulator
runs it as it stands.
"""

from __future__ import annotations

from typing import Any

from objc.ir.program import Program
from objc.target import DType, Emitted, Executable

__all__ = ["adopt", "emit", "load", "supports"]


def supports(program: Program) -> str | None:
    """None if the program can be emitted, else the reason why not."""
    from objc.targets.cpu.declined import reason

    return reason(program)


def emit(program: Program, dtype: DType) -> Emitted:
    """The text of one program of primitive reductions, and how it is launched."""
    from objc.targets.cuda.emission import emit as write

    return write(program, dtype)


def load(emitted: Emitted) -> Executable:
    """Make the text run, on the device or, with `NUMBA_ENABLE_CUDASIM=1`, in Numba's simulator.

    Raises, when called:
        ObjcError: there is no device, or no simulator; an array is on the host.
    """
    from objc.targets.cuda.loading import load as place

    return place(emitted)


def adopt(value: Any) -> Any:
    """The array as one on the device (`objc.targets.cuda.arrays.OnDevice`), or None."""
    from objc.targets.cuda.arrays import adopt as take

    return take(value)
