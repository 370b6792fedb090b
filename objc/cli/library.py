"""The standard library as text: found and parsed without SymPy, for `objc list`."""

from __future__ import annotations

import importlib.util
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from objc.source import Span
from objc.syntax.tree import Declaration, File, Function, Game, Objective, Parameter, Scalar

_NAME = r"[A-ZÀ-Þ][\w’'\-]+"
_REFERENCE = re.compile(
    rf"((?:[Vv]an (?:den )?)?{_NAME}(?:(?:, | and | et al\.| )(?:{_NAME})?)*)\s?\(?\b(\d{{4}})\b"
)
"""Authors and a year: `Lin, Goyal and He (2017)`, or inside of brackets `(Cox 1958)`."""


@dataclass(frozen=True)
class Entry:
    """One declaration of the library. `family` is its file's name, `file` what stands in that."""

    family: str
    declaration: Declaration
    file: File

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
        text = text.replace("( ", "(").replace(" )", ")").replace(" ;", ";")
        return self.name + (text if text.startswith("(") else f"({text})")

    @property
    def docstring(self) -> str:
        return self.declaration.docstring or ""

    @property
    def summary(self) -> str:
        """The first sentence of the docstring, in one line."""
        text = " ".join(self.docstring.split())
        return _SENTENCE_END.split(text)[0].rstrip(".")

    @property
    def parameters(self) -> list[tuple[str, Parameter]]:
        """What it takes, each with its role."""
        signature = self.declaration.signature
        first = "data" if self.kind == "metric" else "differentiable"
        if isinstance(self.declaration, Function):
            first = "input"
        found = [(first, one) for one in signature.inputs]
        found += [("data", one) for one in signature.data]
        for one in signature.hyperparameters:
            found.append(("learned" if one.learn else "hyperparameter", one))
        return found

    @property
    def players(self) -> tuple[str, ...]:
        """Of a game: its players."""
        if not isinstance(self.declaration, Game):
            return ()
        return tuple(one.name for one in self.declaration.players)

    @property
    def references(self) -> tuple[str, ...]:
        """The papers that the docstring names: `Huber (1964)`."""
        found = _REFERENCE.findall(" ".join(self.docstring.split()))
        return tuple(dict.fromkeys(f"{one.strip()} ({year})" for one, year in found))

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
        return tuple(Entry(self.name, one, self.file) for one in self.file.declarations)


_SENTENCE_END = re.compile(r"(?<!\bal)(?<!\b[A-Z])(?<!\bDr)(?<!\bvs)\. (?=[A-Z])")
"""A full stop before a capital that ends no abbreviation: "et al.", "Dr. GRPO", an initial."""


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
