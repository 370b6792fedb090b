"""The standard library as text: found and parsed without SymPy, for `objc list`."""

from __future__ import annotations

import importlib.util
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from objc.source import Span
from objc.syntax.tree import Declaration, File, Objective, Scalar


@dataclass(frozen=True)
class Entry:
    """One declaration of the library. `family` is its file's name."""

    family: str
    declaration: Declaration

    @property
    def name(self) -> str:
        return self.declaration.name

    @property
    def kind(self) -> str:
        return str(getattr(self.declaration, "kind", type(self.declaration).__name__.lower()))

    @property
    def signature(self) -> str:
        """`huber(prediction: real | target: real; delta: positive = 1)`."""
        text = " ".join(self.declaration.signature.span.text.split())
        return self.name + (text if text.startswith("(") else f"({text})")

    @property
    def docstring(self) -> str:
        return self.declaration.docstring or ""

    @property
    def summary(self) -> str:
        """The first sentence of the docstring, in one line."""
        text = " ".join(self.docstring.split())
        return re.split(r"(?<!\bal)(?<!\b[A-Z])\. (?=[A-Z])", text)[0].rstrip(".")

    @property
    def claims(self) -> tuple[str, ...]:
        if not isinstance(self.declaration, Scalar | Objective):
            return ()
        return tuple(" ".join(one.span.text.split()) for one in self.declaration.claims)

    @cached_property
    def text(self) -> str:
        """The declaration as it stands in its file."""
        return self.declaration.span.text.strip()


@dataclass(frozen=True)
class Family:
    """One file of the library."""

    name: str
    path: Path
    file: File

    @property
    def summary(self) -> str:
        return " ".join((self.file.docstring or "").split()).rstrip(".")

    @property
    def entries(self) -> tuple[Entry, ...]:
        return tuple(Entry(self.name, one) for one in self.file.declarations)


def library_files() -> list[Path]:
    """The library's files, in the order of their names."""
    specification = importlib.util.find_spec("objc.library")
    locations = specification.submodule_search_locations if specification else None
    folders = [Path(one) for one in locations or ()]
    return sorted(path for folder in folders for path in folder.rglob("*.objc"))


def families() -> Iterator[Family]:
    """Every file of the library, parsed."""
    from objc.cli.targets import read_source
    from objc.syntax import parse

    for path in library_files():
        yield Family(path.stem, path, parse(read_source(str(path))))


def place(span: Span) -> str:
    """`regression.objc:12`, for the end of a listing."""
    line, _ = span.source.position(span.start)
    return f"{Path(span.source.name).name}:{line}"
