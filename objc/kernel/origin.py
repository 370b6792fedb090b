"""Where a declaration comes from: a text, with the files that it uses.

Parsing and lowering happen only when something asks for a program; the disk cache answers what calls
need (names and signatures) for a text that has been compiled before.
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterable, Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from objc import cache
from objc.errors import Diagnostic, ObjcError
from objc.kernel.errors import UnknownDeclaration
from objc.kernel.signature import Signature, from_data, signature_of
from objc.source import Source, Span

if TYPE_CHECKING:
    from objc.ir.program import Program
    from objc.ir.stages import Run
    from objc.passes.lower import Module
    from objc.syntax import tree

_TEXTS = "texts"


class Origin:
    """A source text and what was made of it.

    With `whole` every declaration is lowered at once, so that every error of the text is found;
    without, each when it is asked for (the library, whose texts are tested).
    """

    def __init__(self, source: Source, whole: bool = True) -> None:
        self.source = source
        self.whole = whole
        self._lock = threading.RLock()
        self._uses: dict[str, str] = {}
        self._file: tree.File | None = None
        self._parts: dict[str, tree.File] = {}
        self._module: Module | None = None
        self._programs: dict[str, Program] = {}
        self._signatures: dict[str, Signature] = {}
        self._key: str | None = None

    # ------------------------------------------------------------------ what it declares

    def signatures(self) -> Mapping[str, Signature]:
        """Every declaration of the text, in its order. Raises ObjcError with all that is wrong."""
        with self._lock:
            if not self._signatures and not self._recall():
                self._signatures = {
                    name: self._signature_of(program)
                    for name, program in self._lowered().programs.items()
                }
                self._remember()
            return self._signatures

    def signature(self, name: str) -> Signature:
        """One declaration. Raises ObjcError with what is wrong in it, or where there is none."""
        with self._lock:
            if self.whole:
                if name not in self.signatures():
                    raise self._unknown(name, self.signatures())
            elif name not in self._signatures:
                self._signatures[name] = self._one_signature(name)
            return self._signatures[name]

    def _one_signature(self, name: str) -> Signature:
        entry = cache.digest("signature", self.key, name)
        known = cache.read(_TEXTS, entry)
        if known is not None:
            return from_data(json.loads(known), self.source)
        found = self._signature_of(self.program(name))
        cache.write(_TEXTS, entry, json.dumps(found.as_data()).encode())
        return found

    def _unknown(self, name: str, known: Iterable[str]) -> ObjcError:
        return ObjcError(UnknownDeclaration(None, self.source.name, name, tuple(known)))

    @property
    def key(self) -> str:
        """A hash of the text and of the files beside it that it uses."""
        with self._lock:
            if self._key is None:
                if self.whole:
                    self.signatures()
                self._key = _key(self.source, self._uses)
            return self._key

    # ------------------------------------------------------------------ compiling

    def program(self, name: str) -> Program:
        """The program of one declaration. Raises ObjcError."""
        with self._lock:
            if name not in self._programs:
                if self.whole:
                    programs = self._lowered().programs
                    if name not in programs:
                        raise self._unknown(name, programs)
                    self._programs.update(programs)
                else:
                    from objc.passes.lower import lower_declaration

                    self._programs[name] = lower_declaration(self._part(name), name, self._load)
            return self._programs[name]

    @property
    def file(self) -> tree.File:
        """The syntax tree."""
        with self._lock:
            if self._file is None:
                from objc.syntax import parse

                self._file = parse(self.source)
            return self._file

    def _part(self, name: str) -> tree.File:
        """The syntax tree of what a declaration is made of, a game's for its players; of the whole text
        where that is read anyway."""
        if self.whole or self._file is not None:
            return self.file
        declared = name.partition(".")[0]
        with self._lock:
            if declared not in self._parts:
                from objc.syntax import parse

                self._parts[declared] = parse(self.source, declared)
            return self._parts[declared]

    def players(self, name: str) -> tuple[str, ...]:
        """The players of a game. Raises KeyError where the text has no such game."""
        for one in self._part(name).declarations:
            if one.name == name and hasattr(one, "players"):
                return tuple(player.name for player in one.players)
        raise KeyError(name)

    def stages(self) -> Mapping[str, Run]:
        """The runs of stages. A text that has some is not remembered, so that they are at hand."""
        self.signatures()
        return {} if self._module is None else self._module.stages

    @property
    def warnings(self) -> tuple[Diagnostic, ...]:
        """What lowering had to remark. A text with remarks is not remembered, so none is lost."""
        return () if self._module is None else self._module.warnings

    def _lowered(self) -> Module:
        if self._module is None:
            from objc import compiler

            module = compiler.lower(self.file, self._load)
            found: list[Diagnostic] = []
            for program in module.programs.values():
                found += compiler.errors(program)
            if found:
                raise ObjcError(found)
            self._module = module
        return self._module

    def _signature_of(self, program: Program) -> Signature:
        """The signature of one of the text's programs; that of a player knows its game's inputs."""
        name, is_player, _ = program.name.partition(".")
        declared = self._part(name).declarations
        found = next((one for one in declared if one.name == name), None)
        if found is None:
            return signature_of(program, self.source)
        inputs = (*found.signature.inputs, *found.signature.data) if is_player else ()
        return signature_of(program, self.source, found.span, tuple(one.name for one in inputs))

    def _load(self, path: str, span: Span) -> tree.File:
        """The loader of `use`, which notes what was used."""
        from objc.passes.lower.loading import default_loader

        file = default_loader(self.source.name)(path, span)
        user = span.source.name
        place = user if user.endswith(".objc") else self.source.name
        self._uses[f"{place}\n{path}"] = file.span.source.text
        return file

    # ------------------------------------------------------------------ the disk cache

    def _recall(self) -> bool:
        """Take the signatures from the disk cache if this text has been compiled before."""
        found = cache.read(_TEXTS, self._entry())
        if found is None:
            return False
        data: dict[str, Any] = json.loads(found)
        uses = {use: _used_text(use) for use in data["uses"]}
        if any(cache.digest(text) != data["uses"][use] for use, text in uses.items()):
            return False
        self._uses = uses
        self._signatures = {
            one["name"]: from_data(one, self.source) for one in data["declarations"]
        }
        return True

    def _remember(self) -> None:
        if self.warnings or self._lowered().stages:
            return
        data = {
            "uses": {path: cache.digest(text) for path, text in self._uses.items()},
            "declarations": [one.as_data() for one in self._signatures.values()],
        }
        cache.write(_TEXTS, self._entry(), json.dumps(data).encode())

    def _entry(self) -> str:
        place = str(Path(self.source.name).absolute().parent) if _has_use(self.source) else ""
        return cache.digest("file", place, self.source.text)


def _key(source: Source, uses: Mapping[str, str]) -> str:
    parts = [part for use in sorted(uses) for part in (use, uses[use])]
    return cache.digest(source.text, *parts)


def _has_use(source: Source) -> bool:
    return re.search(r"\buse\b", source.text) is not None


def _used_text(use: str) -> str:
    """The text that a `use` means now: the file beside the user, else the library's, else nothing.

    Where the loader would decide otherwise the texts differ, and the entry is made anew.
    """
    user, _, path = use.partition("\n")
    parts = path.replace(".", "/").split("/")
    for folder in (Path(user).parent, *_library_folders()):
        file = folder.joinpath(*parts).with_suffix(".objc")
        if file.is_file():
            try:
                return read(file).text
            except ObjcError:
                return ""
    return ""


def _library_folders() -> list[Path]:
    specification = find_spec("objc.library")
    places = specification.submodule_search_locations if specification else None
    return [Path(one) for one in places or ()]


def read(path: str | Path) -> Source:
    """The text of a file. Raises ObjcError where it can't be read or is not UTF-8."""
    try:
        text = Path(path).read_bytes().decode("utf-8-sig")
    except (OSError, ValueError):
        from objc.syntax.parse import read_source  # which says what is wrong with it

        return read_source(path)
    return Source(str(path), re.sub("\r\n?", "\n", text))
