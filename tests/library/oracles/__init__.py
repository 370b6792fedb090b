"""The oracles: a row for each declaration of the library, in a file of the name of the library's.

Each module has its rows in `ROWS`; a declaration is added to the tests by adding its row there.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator, Mapping
from dataclasses import replace

from .record import Exact, Row, Stated


def _rows() -> Iterator[Row]:
    for found in pkgutil.iter_modules(__path__):
        module = importlib.import_module(f"{__name__}.{found.name}")
        for row in getattr(module, "ROWS", ()):
            yield replace(row, file=found.name)


ROWS: Mapping[str, Row] = {row.name: row for row in _rows()}
EXACT = {name: row for name, row in ROWS.items() if isinstance(row, Exact)}
STATED = {name: row for name, row in ROWS.items() if isinstance(row, Stated)}
