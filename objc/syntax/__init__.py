"""Text to syntax tree and back. `tree` holds the nodes; the grammar is `grammar/objc.lark`."""

from objc.syntax.parse import parse, read_source, tokenize

__all__ = ["parse", "read_source", "tokenize"]
