"""A report as text: one line a quantity, and where the largest errors are."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from objc.accuracy.report import Report, Row

_HEAD = (
    "",
    "type",
    "ulp",
    "relative",
    "beyond",
    "bits lost",
    "normwise",
    "overflow",
    "underflow",
    "NaN",
)
_NOTABLE = 16.0
"""Roundings of the inputs beyond which an error is shown with the inputs that make it."""


def table(report: Report) -> str:
    """The table of one report.

    `ulp` and `relative` are the largest errors; `beyond` the largest over what one rounding of every
    input changes, and `bits lost` its binary logarithm; `normwise` is the same over a rounding of the
    largest entry of the result and of each input.
    """
    rows = [_HEAD, *(_cells(row) for row in report.rows)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(_HEAD))]
    lines = [f"{report.name}, target {report.target}, {report.points} points a type"]
    for row in rows:
        cells = [
            cell.ljust(width) if column < 2 else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        lines.append("  " + "  ".join(cells).rstrip())
    return "\n".join([*lines, *_places(report.rows)])


def _cells(row: Row) -> tuple[str, ...]:
    shares = (row.overflow, row.underflow, row.nan)
    return (
        row.quantity,
        row.dtype,
        _number(row.error("ulp")),
        _number(row.error("relative")),
        _number(row.error("excess")),
        f"{row.bits_lost:.1f}",
        f"{row.normwise_bits_lost:.1f}",
        *(f"{100 * row.share(one):.2g} %" if one else "-" for one in shares),
    )


def _places(rows: Sequence[Row]) -> Iterator[str]:
    for row in rows:
        worst = row.worst.get("excess")
        if worst is None or worst.error <= _NOTABLE:
            continue
        inputs = ", ".join(f"{name} = {_shown(value)}" for name, value in worst.inputs.items())
        entry = f" at {list(worst.entry)}" if worst.entry else ""
        yield f"  {row.quantity}, {row.dtype}{entry}: {worst.got:.9g} instead of {worst.expected}"
        yield f"    with {inputs}"


def _number(value: float) -> str:
    return f"{value:.2g}"


def _shown(value: Any) -> str:
    if getattr(value, "ndim", 0):
        return f"[{', '.join(_shown(one) for one in value)}]"
    return f"{value}" if float(value).is_integer() and abs(value) < 1e6 else f"{float(value)!r}"
