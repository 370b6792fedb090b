"""The CUDA target: the loops of the scheduler on NVIDIA's devices.

A program's text is Numba-CUDA's. objc translates it to PTX by itself, on any machine; Numba's simulator
runs it as it stands.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from objc.ir.program import Program
from objc.target import DType, Emitted, Executable

__all__ = [
    "adopt", "clock", "emit", "load", "module", "package", "parts", "supports", "telling",
    "upload",
]  # fmt: skip

PROCESSOR = "--arch"

STORED = ("bfloat16", "float16")
"""Types that arrays may be stored in, beside those that are computed in."""

_Programs = Iterable[tuple[Program, Mapping[str, Program]]]


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


def module(programs: _Programs, dtype: DType) -> str:
    """The module that loads a PTX named `kernels.ptx` beside it; `package` writes that as well."""
    from objc.targets.cuda.standalone import package as write

    return str(write(programs, dtype, "kernels", "native", "Written by objc")["kernels.py"])


def package(
    programs: _Programs, dtype: DType, name: str, processor: str, origin: str
) -> Mapping[str, str | bytes]:
    """A module of Python and its PTX, by name, for an architecture (`sm_90`; `native`: that of the
    device here, else one that all later devices run).

    Raises:
        ObjcError: an unknown architecture, or libdevice is needed and not there.
    """
    from objc.targets.cuda.standalone import package as write

    return write(programs, dtype, name, processor, origin)


def upload(array: Any) -> Any:
    """A copy on the device of an array of NumPy's, which `fetch()` copies back; in the simulator Numba's
    array (`numba.cuda.to_device`).

    Raises:
        ObjcError: there is no device.
    """
    from objc.targets.cuda.loading import require_device
    from objc.targets.cuda.simulation import is_on

    if is_on():
        from objc.targets.cuda.host import uploaded

        return uploaded(array)
    from objc.targets.cuda.arrays import upload as copy

    require_device()
    return copy(array)


def clock() -> Any:
    """What measures on the device here (`objc.targets.cuda.measuring`); in the simulator, on the host.

    Raises:
        ObjcError: there is no device.
    """
    from objc.targets.cuda.measuring import clock as made

    return made()


def parts() -> Mapping[str, tuple[bool, str]]:
    """What the target has here beside a device, by name: whether it is there, and for what."""
    import llvmlite.binding as llvm
    from objc.targets.cuda.multiplying import products
    from objc.targets.cuda.ptx import architectures, libdevice

    found = libdevice()
    missing = "for powers, trigonometry and the gamma family (`pip install 'objc[cuda]'`)"
    version = ".".join(map(str, llvm.llvm_version_info))
    return {
        "PTX": (True, f"by LLVM {version} in llvmlite, up to {architectures()[-1]}"),
        "libdevice": (found is not None, missing if found is None else str(found)),
        "cuBLAS": (products() is not None, "for products of matrices, which are loops without it"),
    }


def adopt(value: Any) -> Any:
    """The array as one on the device (`objc.targets.cuda.arrays.OnDevice`), or None."""
    from objc.targets.cuda.simulation import is_on

    if is_on():
        from objc.targets.cuda.host import adopt as simulated

        return simulated(value)
    from objc.targets.cuda.arrays import adopt as take

    return take(value)


def telling() -> Callable[[Any], Any]:
    """What tells of an array on the device what it has in common with those whose calls differ in nothing
    but what they hold; of anything else it tells None."""
    from objc.targets.cuda.arrays import told

    return told
