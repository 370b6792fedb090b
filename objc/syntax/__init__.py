"""Text to syntax tree and back. `tree` holds the nodes; the grammar is `grammar/objc.lark`."""

from __future__ import annotations

from objc.source import Source
from objc.syntax.parse import parse, read_source, tokenize


def format_source(source: Source) -> str:
    """The text in its one layout; see `objc.syntax.format`."""
    from objc.syntax.format import format_source as format_text

    return format_text(source)


__all__ = ["format_source", "parse", "read_source", "tokenize"]
