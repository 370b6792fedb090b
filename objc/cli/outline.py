"""The syntax tree as indented text: a node a line, leaves in place."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields

from objc.source import Span
from objc.syntax.tree import Node

_STEP = "  "


def outline(node: Node) -> str:
    """The tree below a node, without its spans."""
    return "\n".join(_lines("", node, 0))


def _lines(role: str, node: Node, depth: int) -> Iterator[str]:
    """The lines of a node: plain values beside its name, nodes below it."""
    plain: list[str] = []
    below: list[tuple[str, Node]] = []
    for one in fields(node):
        value = getattr(node, one.name)
        if isinstance(value, Span) or value is None or value == ():
            continue
        members = value if isinstance(value, tuple) else (value,)
        if all(isinstance(member, Node) for member in members):
            below += [(one.name, member) for member in members]
        elif one.name == "docstring":
            plain.append(f"docstring={_shortened(value)!r}")
        else:
            plain.append(f"{one.name}={_shown(value)}")
    head = f"{role}: " if role else ""
    yield f"{_STEP * depth}{head}{' '.join([type(node).__name__, *plain])}"
    for name, member in below:
        yield from _lines(name, member, depth + 1)


def _shown(value: object) -> str:
    if isinstance(value, tuple):
        return " ".join(str(one) for one in value)
    return str(value)


def _shortened(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= 60 else line[:59] + "…"
