"""`FILE[:NAME]` on the command line: finding the file, parsing it, picking the declaration."""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from objc.cli.errors import NoSuchDeclaration
from objc.errors import ObjcError
from objc.source import Source

if TYPE_CHECKING:
    from objc.errors import Diagnostic
    from objc.ir.program import Program
    from objc.passes.lower import Module
    from objc.syntax.tree import File

STANDARD_INPUT = "-"


@dataclass(frozen=True)
class TargetName:
    """A file, or one declaration of it."""

    path: str
    name: str | None = None

    @property
    def declaration(self) -> str | None:
        """The declaration's name: for a player that of its game."""
        return None if self.name is None else self.name.partition(".")[0]

    @classmethod
    def parse(cls, text: str) -> TargetName:
        """Split `FILE:NAME`. A colon inside an existing path, or before a separator, belongs to the
        path (`C:\\losses.objc`). A player of a game is `FILE:GAME.PLAYER`."""
        path, colon, name = text.rpartition(":")
        is_file = any(c in name for c in "/\\") or name.endswith(".objc")
        if not colon or not path or Path(text).exists() or is_file:
            return cls(text)
        if not name:
            raise click.UsageError(
                f"`{text}` names no declaration: one stands behind the colon, or there is no colon."
            )
        return cls(path, name)

    @classmethod
    def find(cls, text: str) -> TargetName:
        """As `parse`; a name alone that is no file is a declaration of the standard library."""
        target = cls.parse(text)
        if target.name is not None or Path(text).exists() or not _is_dotted_name(text):
            return target
        from objc.cli.library import families

        for family in families():
            if any(entry.name == text.partition(".")[0] for entry in family.entries):
                return cls(str(family.path), text)
        return target


def _is_dotted_name(text: str) -> bool:
    return all(part.isidentifier() for part in text.split(".")) and not text.endswith(".objc")


def read_source(path: str) -> Source:
    """The text of a file, or of the standard input for `-`.

    Raises:
        ObjcError: there is no such file, or it is not text.
    """
    from objc.syntax import read_source as read_file

    if path != STANDARD_INPUT:
        return read_file(path)
    from objc.syntax.file_errors import NotUtf8

    data = sys.stdin.buffer.read()
    try:
        return Source("<stdin>", re.sub("\r\n?", "\n", data.decode("utf-8-sig")))
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise ObjcError(NotUtf8(None, "<stdin>", line, data[error.start])) from error


def parse_target(target: TargetName) -> File:
    """The syntax tree of a target's file. Raises ObjcError if the name isn't declared there."""
    from objc.syntax import parse

    file = parse(read_source(target.path))
    if target.name is not None:
        whole = TargetName(target.path, target.declaration)
        require_name(whole, tuple(one.name for one in file.items if hasattr(one, "name")))
    return file


def require_name(target: TargetName, declared: tuple[str, ...]) -> None:
    if target.name not in declared:
        raise ObjcError(NoSuchDeclaration(None, target.path, str(target.name), declared))


def lower_target(target: TargetName) -> tuple[Module, tuple[Program, ...]]:
    """The lowered module of a target's file, and the programs that the target names: for a game those
    of its players."""
    return _lowered(parse_target(target), target)


def lower_soundly(target: TargetName) -> tuple[list[Diagnostic], tuple[Program, ...]]:
    """What is found in a target's file, and of the programs that the target names those without an error."""
    from objc.passes.lower import lower_sound

    try:
        file = parse_target(target)
    except ObjcError as error:
        return list(error.diagnostics), ()
    try:
        module, programs = _lowered(file, target)
    except ObjcError as error:
        return list(error.diagnostics), _named(lower_sound(file), target)
    return list(module.warnings), programs


def _lowered(file: File, target: TargetName) -> tuple[Module, tuple[Program, ...]]:
    from objc.passes.lower import lower

    module = lower(file)
    found = _named(module, target)
    if not found and target.name is not None and target.name not in module.stages:
        games = [name.partition(".")[0] for name in module.programs]
        require_name(target, tuple(dict.fromkeys([*module.programs, *games])))
    return module, found


def _named(module: Module, target: TargetName) -> tuple[Program, ...]:
    """The programs of a module that a target names: the whole, one, or the players of a game."""
    own, programs = target.name, module.programs
    if own is None:
        return tuple(programs.values())
    players = tuple(one for name, one in programs.items() if name.startswith(f"{own}."))
    return players or ((programs[own],) if own in programs else ())
