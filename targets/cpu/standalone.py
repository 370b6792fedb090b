"""Modules for people: kernels with all they stand on, that need only Numba and NumPy.

What the kernels call is copied from the files of this target, function by function, so that there is
one source of it.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from objc.targets import _module
from objc.targets.cpu.emission import Kernel, few_entries, forms

from objc.ir.program import Program
from objc.target import DType

_FOLDER = Path(__file__).parent.parent
_MARK = "# ---- copied into emitted modules from here on\n"
_FILES = (
    "cpu/mathematics/instructions.py", "cpu/mathematics/bits.py", "cpu/mathematics/float32.py",
    "cpu/mathematics/float64.py", "cpu/mathematics/normal.py",
    "cpu/mathematics/special.py", "cpu/mathematics/wide.py",
    "cpu/mathematics/error_function.py", "cpu/mathematics/powers.py",
    "cpu/mathematics/trigonometry.py",
    "cpu/mathematics/tile.py", "cpu/mathematics/turn.py", "cpu/mathematics/registers.py",
    "cpu/kernels.py", "cpu/products.py", "cpu/sorting.py", "cpu/running.py", "cpu/sliding.py",
    "cpu/division.py", "cpu/sharing.py", "cpu/driver.py", "cpu/lazily.py",
)  # fmt: skip
_IMPORTS = (
    "import contextlib",
    "import ctypes",
    "import functools",
    "import itertools",
    "import math",
    "import os",
    "import queue",
    "import struct",
    "import sys",
    "import threading",
    "import time",
    "from llvmlite import ir",
    "from numba import cfunc, float32, float64, int64, njit, types",
    "from numba.core.compiler import Compiler",
    "from numba.extending import intrinsic",
    "from numba.np.arrayobj import make_array, populate_array",
)


def module(programs: Iterable[tuple[Program, Mapping[str, Program]]], dtype: DType) -> str:
    """The text of a module: a function for each declaration and result."""

    def kernel(program: Program, name: str) -> str:
        wide, narrow = forms(program, dtype, (f"{name}_", f"{name}_few_"))
        if narrow is None:
            return f"{wide.body()}\n\n\n{name} = {_called(wide)}\n"
        parts = [
            one.body() + f"\n\n\n{one.prefix}kernel = {_called(one)}" for one in (wide, narrow)
        ]
        made = [f"    lambda: {one.prefix}kernel,\n" for one in (wide, narrow)]
        chosen = f"{name} = Either(\n{''.join(made)}    {few_entries(wide, narrow)!r},\n)"
        return "\n\n\n".join([*parts, chosen]) + "\n"

    return _module.write(programs, dtype, "Numba and NumPy", _IMPORTS, kernel, support)


def _called(kernel: Kernel) -> str:
    """A kernel as the driver calls it, once it is compiled."""
    facts = ",\n".join(f"        {key!r}: {value!r}" for key, value in kernel.metadata().items())
    entry = f"Lazily({kernel.prefix}entry)"
    return f"Kernel(\n    {entry},\n    {{\n{facts},\n    }},\n    IndexOutOfRange,\n)"


def support(text: str, files: Sequence[str] = _FILES) -> list[str]:
    """The definitions that a text needs, and those that they need, in the order of the files."""
    definitions: dict[str, tuple[str, set[str]]] = {}
    for file in files:
        for name, source, uses in _definitions((_FOLDER / file).read_text("utf-8")):
            definitions[name] = source, uses
    wanted = _names(ast.parse(text))
    needed = {"set_threads", "get_threads"} & set(definitions)
    while wanted:
        needed |= wanted & set(definitions)
        wanted = {n for one in needed for n in definitions[one][1]} & set(definitions) - needed
    return [source for name, (source, _) in definitions.items() if name in needed]


def _definitions(text: str) -> Iterator[tuple[str, str, set[str]]]:
    """(name, source, names that it uses) of everything defined below the mark of a file."""
    lines = text.splitlines()
    first = text[: text.index(_MARK)].count("\n") + 1
    nodes = [node for node in ast.parse(text).body if node.lineno > first]
    for node in nodes:
        uses = _names(node)
        match node:
            case ast.FunctionDef() | ast.ClassDef():
                name = node.name
            case ast.Assign(targets=[ast.Name(id=name)]) | ast.AnnAssign(target=ast.Name(id=name)):
                pass
            case _:
                continue
        start = min([node.lineno, *(d.lineno for d in getattr(node, "decorator_list", []))])
        yield name, "\n".join(lines[start - 1 : node.end_lineno]) + "\n", uses


def _names(node: ast.AST) -> set[str]:
    return {one.id for one in ast.walk(node) if isinstance(one, ast.Name)}
