"""Laying out a document within a width, after Wadler, "A prettier printer" (2003).

A group is written on one line if it fits, else each of its own line breaks becomes one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

WIDTH = 100


@dataclass(frozen=True)
class Line:
    """A place to break: `flat` where the group fits, else an end of line."""

    flat: str = " "


@dataclass(frozen=True)
class Nest:
    """Lines within begin further right."""

    document: Document
    indent: int = 4


@dataclass(frozen=True)
class Group:
    document: Document


Document: TypeAlias = str | Line | Nest | Group | tuple["Document", ...]

LINE = Line()
SOFT = Line("")


def joined(parts: list[Document], separator: Document) -> Document:
    """The parts with the separator between them."""
    found: list[Document] = []
    for part in parts:
        if found:
            found.append(separator)
        found.append(part)
    return tuple(found)


def flat(document: Document) -> str:
    """The document on one line, however long."""
    return lay_out(document, 0, 1 << 60)


def lay_out(document: Document, indent: int, width: int = WIDTH, column: int | None = None) -> str:
    """The text of a document that begins at `column`, further lines from `indent`."""
    at = indent if column is None else column
    pieces: list[str] = []
    stack: list[tuple[int, bool, Document]] = [(indent, False, Group(document))]
    while stack:
        depth, is_flat, one = stack.pop()
        if isinstance(one, str):
            pieces.append(one)
            at += len(one)
        elif isinstance(one, tuple):
            stack.extend((depth, is_flat, part) for part in reversed(one))
        elif isinstance(one, Nest):
            stack.append((depth + one.indent, is_flat, one.document))
        elif isinstance(one, Group):
            stack.append((depth, is_flat or _fits(one.document, width - at, stack), one.document))
        elif is_flat:
            pieces.append(one.flat)
            at += len(one.flat)
        else:
            pieces.append("\n" + " " * depth)
            at = depth
    return "".join(pieces)


def _fits(document: Document, room: int, rest: list[tuple[int, bool, Document]]) -> bool:
    """Whether a group and what follows it up to the next possible break fit."""
    stack: list[tuple[bool, Document]] = [(True, document)]
    after = len(rest)
    while room >= 0:
        if not stack:
            if not after:
                return True
            after -= 1
            _, is_flat, following = rest[after]
            stack.append((is_flat, following))
            continue
        is_flat, one = stack.pop()
        if isinstance(one, str):
            room -= len(one)
        elif isinstance(one, Line):
            if not is_flat:
                return True
            room -= len(one.flat)
        elif isinstance(one, tuple):
            stack.extend((is_flat, part) for part in reversed(one))
        else:
            stack.append((is_flat, one.document))
    return False
