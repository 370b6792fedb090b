"""What a target is, and how one is found.

A target is a module (or package) of `objc.targets`, found by name: a new target is a new file and
nothing else. It turns scheduled loops, or a program as it stands, into text, and text into something
that runs.
"""

from __future__ import annotations

import builtins
import importlib
import importlib.util
import keyword
import pkgutil
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, Protocol, cast

if TYPE_CHECKING:
    from objc.ir.program import Program

DType = Literal["float32", "float64", "bfloat16", "float16"]
"""The floating type of a run. The last two are how arrays are stored, on targets that say so: arithmetic is
then in float32."""


@dataclass(unsafe_hash=True)  # not frozen: Python writes the traceback into it
class IndexOutOfRange(Exception):
    """Raised by an executable when a gather leaves its dimension. The kernel makes the diagnostic.

    `tensor` is the tensor that was read, `axis` which of its axes, `value` the position that came,
    `extent` the axis's size, `example` the position along the batch (None without a batch). The axis is -1
    for an entry that is a position and is not read at, -2 for a weight that is negative or not finite.
    """

    tensor: str
    axis: int
    value: Any
    extent: int
    example: int | None


class Executable(Protocol):
    """A loaded program. Shapes, dtypes and domains have been checked by the kernel."""

    def __call__(
        self,
        arguments: Mapping[str, Any],
        sizes: Mapping[str, int],
        results: Mapping[str, Any],
    ) -> Mapping[str, float]:
        """Run once.

        `arguments` maps every input to a C-contiguous array (the program's floating type, or int64
        for integer domains) or, for a scalar input, to a Python float or int. `sizes` maps the name
        of every dimension without a literal size to its extent. `results` maps every output key
        whose let is a tensor to a C-contiguous array of the floating type (int64 for integer
        domains) to be filled; aliasing with arguments is not allowed. Scalar outputs are returned
        as float64. Raises IndexOutOfRange.
        """


@dataclass(frozen=True)
class Emitted:
    """A target's text for one program."""

    name: str
    text: str
    dtype: DType
    metadata: Mapping[str, Any] = field(default_factory=dict)


class Target(Protocol):
    """The module-level functions of a target."""

    def supports(self, program: Program) -> str | None:
        """None if the program can be emitted, else the reason why not, for a message."""

    def emit(self, program: Program, dtype: DType) -> Emitted:
        """The text of one program, which has been expanded to primitive reductions."""

    def load(self, emitted: Emitted) -> Executable:
        """Make the text run. Compiled code is kept in the cache, by content."""

    def module(
        self, programs: Iterable[tuple[Program, Mapping[str, Program]]], dtype: DType
    ) -> str:
        """A module for people: every declaration with its compiled variants (by what is computed:
        `value`, `per_example`, `value_and_grad`, …), that runs without objc."""


class Packager(Target, Protocol):
    """A target that writes files of its own instead of one module of Python. `PROCESSOR` is the option
    of the command line that says for what processor."""

    PROCESSOR: str

    def package(
        self,
        programs: Iterable[tuple[Program, Mapping[str, Program]]],
        dtype: DType,
        name: str,
        processor: str,
        origin: str,
    ) -> Mapping[str, str | bytes]:
        """The files by name, for a processor (`native`, or what LLVM calls it). The variants have
        those with weights beside those without, as `weighted_value` beside `value`. `origin` is the
        line that says what wrote the files; it stands in each of them."""


def packager(target: Target) -> Packager | None:
    """The target as one that writes files of its own, if it is one."""
    return cast(Packager, target) if hasattr(target, "package") else None


def available() -> list[str]:
    """The names of the targets that are there."""
    package = importlib.import_module("objc.targets")
    return sorted(
        found.name for found in pkgutil.iter_modules(package.__path__) if found.name[0] != "_"
    )


def load(name: str) -> Target:
    """The target of that name.

    Raises:
        LookupError: there is none; the message lists those that are there.
    """
    if not name.isidentifier() or importlib.util.find_spec(f"objc.targets.{name}") is None:
        raise LookupError(f"no target `{name}`: there are {', '.join(available())}")
    return cast(Target, importlib.import_module(f"objc.targets.{name}"))


def inexact(array: Any, dtype: str) -> Any:
    """Where an array of whole numbers has entries that a floating type does not hold: rounded to it, entries
    that differ would be equal. None where it holds all of them."""
    digits = 53 if dtype == "float64" else 24
    if array.dtype.kind not in "iu" or array.dtype.itemsize * 8 <= digits or not array.size:
        return None
    if array.max() <= 1 << digits and array.min() >= -(1 << digits):
        return None
    size = (array if array.dtype.kind == "u" else abs(array.astype("int64"))).astype("uint64")
    wrong = (size >> digits) >= (size & (~size + 1))  # an odd number times that power of two
    wrong &= size != 0
    return wrong if wrong.any() else None


_RESERVED = frozenset(dir(builtins)) | frozenset(keyword.kwlist) | frozenset(keyword.softkwlist)


def identifier(name: str) -> str:
    """A user's name as Python writes it: normalised as Python does, keywords and builtins with a
    trailing underscore (`lambda` is `lambda_`). This is the name of the argument at a call."""
    plain = unicodedata.normalize("NFKC", name)
    return f"{plain}_" if plain in _RESERVED else plain
