"""Rows of text in columns."""

from __future__ import annotations

from collections.abc import Sequence

LEFT = 3
"""Columns that hold words, from the left; the others hold numbers."""


def aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    """The rows as lines, the first as their head, with a rule below it."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = []
    for row in rows:
        cells = [
            text.ljust(width) if column < LEFT else text.rjust(width)
            for column, (text, width) in enumerate(zip(row, widths, strict=True))
        ]
        lines.append("  ".join(cells).rstrip())
    return [lines[0], "  ".join("-" * width for width in widths), *lines[1:]]
