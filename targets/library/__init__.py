"""The library target: ahead of time, to a shared object that C and everything that calls C can use.

Kernels are those of the CPU target, compiled through LLVM for a processor of choice and linked by the
system's C compiler. Beside the shared object stand a header that documents every function, and a
Python module that loads it with ctypes and NumPy alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from objc.ir.program import Program
from objc.target import DType, Emitted, Executable

__all__ = ["emit", "load", "module", "package", "supports"]

PROCESSOR = "--cpu"

_Programs = Iterable[tuple[Program, Mapping[str, Program]]]


def supports(program: Program) -> str | None:
    """None if the program can be emitted, else the reason why not."""
    from objc.targets.cpu.declined import reason

    counted = next((one for one in program.dimensions if one.count is not None), None)
    if counted is not None:
        return f"an iteration as long as the hyperparameter `{counted.count}` says"
    return reason(program)


def emit(program: Program, dtype: DType) -> Emitted:
    """The text of one program, as of the CPU target, with how it looks from C."""
    from objc.targets.library.files import emit as write

    return write(program, dtype)


def load(emitted: Emitted) -> Executable:
    """Compile and link for this machine, and call what was made; the disk cache keeps it.

    Raises:
        ObjcError: there is no C compiler to link with.
    """
    from objc.targets.library.loading import load as place

    return place(emitted)


def module(programs: _Programs, dtype: DType) -> str:
    """The Python loader of a shared object named `kernels`; `package` writes the object as well."""
    from objc.targets.library.files import loader, members

    return loader(members(programs, dtype, "kernels"), dtype, "kernels")


def package(
    programs: _Programs, dtype: DType, name: str, processor: str, origin: str
) -> Mapping[str, str | bytes]:
    """The files of a library by name: shared object, C header, Python loader.

    `origin` is the line that says what wrote the files, and from what.

    Raises:
        ObjcError: an unknown processor, or no linker.
    """
    from objc.targets.library.files import package as write

    return write(programs, dtype, name, processor, origin)
