"""The accuracy of the library, as `figures.json` keeps it.

`python -m tests.accuracy.figures NAME…` measures these losses again, or all where none is named, and
writes what it found. A row is a quantity in one floating type: the bits lost over what rounding the
inputs once explains, the largest relative error, the share of results that are infinite, zero or
no number where the true one is representable, and the bits lost over what a rounding of the largest
entry of the result and of each input explains.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import objc
from objc.accuracy import measure
from objc.accuracy.report import Row
from objc.target import DType

KEPT = Path(__file__).with_name("figures.json")
DTYPES: tuple[DType, ...] = ("float32", "float64")
POINTS, ROUNDS, SEED = 24, 2, 0

Figures = dict[str, dict[str, list[float]]]
"""By type and quantity: bits lost, relative error, share of wrong results, bits lost normwise."""


def kept() -> dict[str, Figures]:
    found: dict[str, Figures] = json.loads(KEPT.read_text("utf-8"))
    return found


def names() -> list[str]:
    """The losses and objectives of the library that give a number for an example."""
    found = []
    for name in dir(objc.library):
        if not name.startswith("__"):
            kernel = getattr(objc.library, name)
            if getattr(kernel, "kind", "") in ("loss", "objective") and kernel.signature.is_scalar:
                found.append(name)
    return found


def measured(name: str) -> Figures:
    kernel = getattr(objc.library, name)
    report = measure(kernel, dtypes=DTYPES, points=POINTS, rounds=ROUNDS, seed=SEED)
    figures: Figures = {dtype: {} for dtype in DTYPES}
    for row in report:
        figures[row.dtype][row.quantity] = list(_figures(row))
    return figures


def _figures(row: Row) -> Iterator[float]:
    yield round(min(row.bits_lost, 1100.0), 1)
    yield float(f"{min(row.error('relative'), 1e300):.1e}")
    yield round(row.share(row.nan + row.overflow + row.underflow), 4)
    yield round(min(row.normwise_bits_lost, 1100.0), 1)


def main(chosen: list[str]) -> None:
    """Write the figures of these losses, one line a loss."""
    found: dict[str, Any] = kept() if KEPT.exists() else {}
    for name in chosen or names():
        found[name] = measured(name)
        lines = (f"{json.dumps(one)}: {json.dumps(found[one])}" for one in sorted(found))
        KEPT.write_text("{\n" + ",\n".join(lines) + "\n}\n", "utf-8")
        print(name, file=sys.stderr)


if __name__ == "__main__":
    main(sys.argv[1:])
