"""The files of a library: shared object, header, loader."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from objc.targets import _module
from objc.targets.cpu.emission import emit as emit_text
from objc.targets.cpu.standalone import support
from objc.targets.library.header import header
from objc.targets.library.interface import Interface, interface_of, symbol_of
from objc.targets.library.linking import SUFFIX, linked
from objc.targets.library.objects import object_files
from objc.targets.library.status import Status

from objc.ir.program import Program
from objc.target import DType, Emitted

PARTS = ("", "_workspace", "_scratch", "_chunks", "_begin", "_run", "_end", "_STEPS")
"""What is appended to a function's symbol for the functions and the number that go with it."""

_SUFFIXES = {"value": "", "result": ""}
"""What a function's symbol adds to the declaration's; other results add their own name."""


@dataclass(frozen=True)
class Member:
    """One function of a library: of a declaration, what it computes."""

    declaration: Program
    what: str
    program: Program
    emitted: Emitted
    interface: Interface

    @property
    def steps(self) -> int:
        return len(self.emitted.metadata["steps"])


def emit(program: Program, dtype: DType, symbol: str = "objc_kernel") -> Emitted:
    """The text of a program, and how it is called from C."""
    emitted = emit_text(program, dtype)
    interface = interface_of(program, emitted.metadata, dtype, symbol)
    metadata = {**emitted.metadata, "interface": interface.data()}
    return Emitted(emitted.name, emitted.text, dtype, metadata)


def members(
    programs: Iterable[tuple[Program, Mapping[str, Program]]], dtype: DType, name: str
) -> list[Member]:
    """Every function of a library; a symbol begins with the library's name."""
    found: list[Member] = []
    functions = [
        (declaration, what, program)
        for declaration, variants in programs
        for what, program in variants.items()
    ]
    symbols = _symbols(name, [(one.name, what) for one, what, _ in functions])
    for declaration, what, program in functions:
        emitted = emit(program, dtype, symbols[declaration.name, what])
        interface = Interface.from_data(emitted.metadata["interface"])
        found.append(Member(declaration, what, program, emitted, interface))
    return found


def _symbols(library: str, functions: Sequence[tuple[str, str]]) -> dict[tuple[str, str], str]:
    """The symbols of what is made of declarations: a name of C's own letters comes before one that is spelled
    in them."""
    taken = {"objc_error", "objc_status", *(f"OBJC_{status.name}" for status in Status)}
    return {
        (name, what): symbol_of(f"{library}_{name}{_SUFFIXES.get(what, f'_{what}')}", taken, PARTS)
        for name, what in sorted(functions, key=lambda one: not one[0].isascii())
    }


def package(
    programs: Iterable[tuple[Program, Mapping[str, Program]]],
    dtype: DType,
    name: str,
    processor: str,
    origin: str,
) -> dict[str, str | bytes]:
    """The files by name. Raises ObjcError for an unknown processor, or without a linker."""
    functions = members(programs, dtype, name)
    kernels = [(one.emitted.text, one.interface, one.emitted.metadata) for one in functions]
    shared = f"lib{name}{SUFFIX}"
    codes = object_files(kernels, processor, origin)
    return {
        shared: linked(codes, shared),
        f"{name}.h": header(functions, dtype, name, processor, origin),
        f"{name}.py": f"# {origin}\n{loader(functions, dtype, name)}",
    }


def loader(functions: Iterable[Member], dtype: DType, name: str) -> str:
    """The Python module that loads a library and calls it."""
    functions = list(functions)
    by_program = {id(one.program): one for one in functions}
    declarations: dict[str, tuple[Program, dict[str, Program]]] = {}
    for one in functions:
        held = declarations.setdefault(one.declaration.name, (one.declaration, {}))
        held[1][one.what] = one.program

    def kernel(program: Program, name: str) -> str:
        one = by_program[id(program)]
        rows = "".join(
            f"        ({row.kind!r}, {row.key!r}, {row.element!r}),\n"
            for row in one.interface.parameters
        )
        return (
            f"{name} = Function(\n    _library,\n    {one.interface.symbol!r},\n    [\n{rows}    ],\n"
            f"    {one.steps},\n    IndexOutOfRange,\n)\n"
        )

    def helpers(text: str) -> list[str]:
        own = support(f"{text}\nFunction", _FILES)
        return [*own, _open(name)]

    needs = f"NumPy and the shared object lib{name}{SUFFIX} beside it"
    return _module.write(
        list(declarations.values()), dtype, needs, _IMPORTS, kernel, helpers
    )  # fmt: skip


_FILES = ("cpu/division.py", "cpu/sharing.py", "cpu/driver.py", "library/calling.py")
_IMPORTS = (
    "import ctypes",
    "import functools",
    "import math",
    "import os",
    "import queue",
    "import sys",
    "import threading",
    "import time",
)


def _open(name: str) -> str:
    file = json.dumps(f"lib{name}{SUFFIX}")
    return f"_library = ctypes.CDLL(os.path.join(os.path.dirname(os.path.abspath(__file__)), {file}))\n"
