"""The NumPy target: vectorised text without a compiler, the second opinion of every test.

Lets become arrays in their order, bodies broadcast over free and reduced indices. Arithmetic is in
the floating type of the run, scalars and sums over the batch in double precision.
"""

from __future__ import annotations

import inspect
import types
import unicodedata
from collections.abc import Iterable, Mapping
from typing import Any

import sympy

from objc.atoms import BY_FUNCTION, Branch
from objc.ir.index import Dimension
from objc.ir.program import Program
from objc.ir.recurrence import groups
from objc.ir.reductions import REDUCTIONS
from objc.ir.text import formula
from objc.target import DType, Emitted, Executable

from .. import _module
from .._conditional import computable_everywhere
from . import _support
from .expressions import Names
from .lets import LetWriter
from .recurrences import statements
from .spellings import DECLINED, SPELLINGS

__all__ = ["SPELLINGS", "emit", "load", "module", "supports"]

_HELPERS: dict[str, types.FunctionType] = {
    name: value
    for name, value in vars(_support).items()
    if isinstance(value, types.FunctionType) and value.__module__ == _support.__name__
}

_IMPORTS = (
    "import math",
    "from collections.abc import Iterator",
    "from typing import Any",
    "import numpy as np",
)
_HEAD = "\n".join(
    ["from __future__ import annotations", "", *_IMPORTS, "from objc.target import IndexOutOfRange"]
)


def supports(program: Program) -> str | None:
    """None if the program can be emitted, else the reason why not, for a message."""
    for let in program.lets:
        if let.reduction is not None and not REDUCTIONS[let.reduction].primitive:
            return f"`{let.reduction}` in `{let.name}` has not been expanded"
        for expression in (let.body, let.guard):
            for node in expression.atoms(sympy.Function):
                if isinstance(node, Branch | sympy.polygamma):
                    continue
                atom = BY_FUNCTION.get(node.func)
                if atom is None or atom.name in DECLINED or atom.name not in SPELLINGS:
                    return f"`{node.func.__name__}` in `{let.name}` has no spelling in NumPy"
    return None


def emit(program: Program, dtype: DType) -> Emitted:
    """The text of one program, which has been expanded to primitive reductions."""
    body = function(program, dtype, "compute")
    return Emitted(program.name, "\n\n".join([_HEAD, *helpers(body), body]), dtype)


def load(emitted: Emitted) -> Executable:
    """Make the text run: nothing is compiled but by Python itself."""
    namespace: dict[str, Any] = {"__name__": "objc_numpy_kernel"}
    place = f"<objc numpy {emitted.name}>"
    exec(compile(emitted.text, place, "exec", dont_inherit=True), namespace)
    loaded: Executable = namespace["compute"]
    return loaded


def module(programs: Iterable[tuple[Program, Mapping[str, Program]]], dtype: DType) -> str:
    """A module for people that needs NumPy only: a function for each declaration and result."""

    def kernel(program: Program, name: str) -> str:
        return function(program, dtype, name, about=formula(program))

    return _module.write(programs, dtype, "NumPy", _IMPORTS, kernel, helpers)


def function(program: Program, dtype: DType, name: str, about: str | None = None) -> str:
    """The function `name(arguments, sizes, results)` that computes a program, and says what it is `about`."""
    program = computable_everywhere(program)
    names = _names(program)
    lines: list[str] = []
    for group in groups(program):
        if group.is_recurrence:
            lines += statements(program, names, group, dtype)
        else:
            lines += LetWriter(program, names, group.lets[0], dtype).write()
    head = [f"def {name}(arguments, sizes, results):"]
    if about is not None:
        head.append(f"    {_module.docstring(about, '    ')}")
    for one in program.inputs:
        head.append(f"    {names.tensors[one.name]} = arguments[{one.name!r}]")
        if not one.dimensions and not one.domain.is_integer:
            head[-1] = f"    {names.tensors[one.name]} = np.float64(arguments[{one.name!r}])"
    for dimension, variable in names.sizes.items():
        extent = f"sizes[{dimension.name!r}]"
        if dimension.count is not None:
            extent = f"int(arguments[{dimension.count!r}]) + {dimension.more}"
        head.append(f"    {variable} = {extent}")
    for dimension, variable in names.positions.items():
        if dimension in names.used_positions:
            head.append(f"    {variable} = np.arange({names.size(dimension)})")
    text = head + ['    with np.errstate(all="ignore"):'] + [f"        {line}" for line in lines]
    scalars = []
    for key, output in program.outputs.items():
        variable = names.tensors[output]
        if program.let[output].free:
            text.append(f"    results[{key!r}][...] = {variable}")
        else:
            scalars.append(f"{key!r}: float({variable})")
    text.append(f"    return {{{', '.join(scalars)}}}")
    return "\n".join(text) + "\n"


def helpers(text: str) -> list[str]:
    """The source of the helpers that a text calls, and of those that they call."""
    code = compile(text, "<emitted>", "exec")
    wanted = _called(code)
    while more := {
        name for one in wanted for name in _called(_HELPERS[one].__code__) if name not in wanted
    }:
        wanted |= more
    return [inspect.getsource(_HELPERS[name]) for name in _HELPERS if name in wanted]


def _called(code: types.CodeType) -> set[str]:
    found = {name for name in code.co_names if name in _HELPERS}
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            found |= _called(constant)
    return found


def _names(program: Program) -> Names:
    """Names with prefixes, so that no user's name reaches the text as it is."""
    taken: set[str] = set()
    named = [*program.input, *program.let]
    tensors = {name: _fresh("v", name, taken) for name in named}
    open_sizes = [one for one in program.dimensions if one.size is None]
    sizes: dict[Dimension, str] = {one: _fresh("n", one.name, taken) for one in open_sizes}
    positions = {one: _fresh("i", one.name, taken) for one in program.dimensions}
    stepping = dict.fromkeys(index for group in groups(program) for index in group.indices)
    steps = {index: _fresh("s", index.name, taken) for index in stepping}
    return Names(tensors, sizes, positions, steps)


def _fresh(prefix: str, name: str, taken: set[str]) -> str:
    plain = unicodedata.normalize("NFKC", name)
    safe = "".join(one if f"a{one}".isidentifier() else "_" for one in plain)
    wanted, number = f"{prefix}_{safe}", 0
    while wanted in taken:
        number += 1
        wanted = f"{prefix}_{safe}_{number}"
    taken.add(wanted)
    return wanted
