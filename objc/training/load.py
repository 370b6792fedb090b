"""Reading data files for the command line: columns of a table, or arrays of an archive, by input name."""

from __future__ import annotations

import csv
import fnmatch
import math
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from objc.errors import ObjcError
from objc.files import PathLike
from objc.training.archives import UnreadableArchive, array_names, read_arrays
from objc.training.data_errors import OutOfDomain
from objc.training.domains import first_violation
from objc.training.load_errors import (
    BadCell,
    BadHeader,
    EmptyData,
    MissingColumn,
    RaggedRow,
    RoundedCell,
    UnreadableData,
)
from objc.training.objective import InputRecord, records_of
from objc.training.protocols import Kernel

Array = NDArray[Any]
ColumnMap = Mapping[str, str | Sequence[str]]

_CHUNK = 4096


def load_data(
    path: PathLike,
    kernel: Kernel,
    columns: ColumnMap | None = None,
    *,
    also: Sequence[str] = (),
    optional: Sequence[str] = (),
    without: Collection[str] = (),
) -> dict[str, Array]:
    """Read the data inputs of a kernel from a file.

    In a `.csv` or `.tsv` a scalar input takes the column of its name, and a vector input `x` the
    columns `x_0, x_1, …` (or `x0`, `x.0`, `x[0]`; from 0 or 1, in order of their numbers). `columns`
    says otherwise: a name, a pattern such as `pixel_*` (in the order of the file), or a list. A
    matrix input takes as many columns as its literal sizes need, row by row. In an `.npz` an input
    takes the array of its name, or of the name that `columns` says.

    Args:
        path: the file; UTF-8, numbers with a decimal point, one header line.
        kernel: whose data inputs are wanted.
        columns: where inputs with other names are found.
        also: further scalar columns, such as weights.
        optional: inputs before the bar that are read where the file has them.
        without: inputs that don't come from the file.

    Returns:
        An array for each, float64 or int64, with the examples along the first axis.

    Raises:
        ObjcError: E0501–E0507, and E0513 where a label is not one.
    """
    records = records_of(kernel)
    wanted = {
        name: one for name, one in records.items() if one.role == "data" and name not in without
    }
    wanted.update({name: records[name] for name in optional if name in records})
    for name in also:
        wanted.setdefault(name, InputRecord(name, (), "real", "data", None, None, None, None))
    source = Path(path)
    match source.suffix.lower():
        case ".csv" | ".tsv":
            return _load_table(source, wanted, columns or {}, set(optional))
        case ".npz":
            return _load_archive(source, wanted, columns or {}, set(optional))
        case suffix:
            ending = f"it ends in `{suffix}`" if suffix else "its name has no ending"
            mend = "give a .csv, .tsv or .npz"
            raise ObjcError(UnreadableData(None, str(path), ending, mend))


# ------------------------------------------------------------------ tables


@dataclass(frozen=True)
class _Table:
    """The cells of some columns, and the line of the file at which each row ends."""

    path: Path
    header: list[str]
    cells: Array
    lines: list[int]


def _load_table(
    path: Path, wanted: Mapping[str, InputRecord], columns: ColumnMap, optional: set[str]
) -> dict[str, Array]:
    with _opened(path) as rows:
        header = _header(path, rows)
        places: dict[str, list[int]] = {}
        for name, record in wanted.items():
            if name not in optional or name in columns or _default(header, record):
                places[name] = _columns_of(path, header, record, columns.get(name))
        used = sorted({place for several in places.values() for place in several})
        table = _read(path, rows, header, used)
    position = {place: number for number, place in enumerate(used)}
    found = {}
    for name, several in places.items():
        values = table.cells[:, [position[place] for place in several]]
        found[name] = _shaped(table, values, wanted[name], [header[place] for place in several])
    return found


class _opened:
    """The rows of a table as a context, whose reading errors are diagnostics."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __enter__(self) -> Any:
        try:
            self._file = self._path.open(encoding="utf-8-sig", newline="")
        except OSError as failure:
            raise self._unreadable(failure.strerror or str(failure)) from None
        delimiter = "\t" if self._path.suffix.lower() == ".tsv" else ","
        return csv.reader(self._file, delimiter=delimiter, strict=True)

    def __exit__(self, kind: type[BaseException] | None, failure: Any, trace: Any) -> None:
        self._file.close()
        if isinstance(failure, UnicodeDecodeError):
            raise self._unreadable("it is not UTF-8") from None
        if isinstance(failure, csv.Error):
            raise self._unreadable(str(failure)) from None
        if isinstance(failure, OSError):
            raise self._unreadable(failure.strerror or str(failure)) from None

    def _unreadable(self, problem: str) -> ObjcError:
        return ObjcError(UnreadableData(None, str(self._path), problem))


def _header(path: Path, rows: Iterator[list[str]]) -> list[str]:
    header = [name.strip() for name in next(rows, [])]
    if not any(header):
        raise ObjcError(EmptyData(None, str(path), "has no header line"))
    if all(_is_number(name) for name in header):
        raise ObjcError(BadHeader(None, str(path), "has numbers, not the names of columns"))
    for place, name in enumerate(header):
        if name in header[:place]:
            raise ObjcError(BadHeader(None, str(path), f"has the name `{name}` twice"))
    return header


def _columns_of(
    path: Path, header: list[str], record: InputRecord, given: str | Sequence[str] | None
) -> list[int]:
    """The places of the columns that an input takes."""
    if given is None:
        places = _default(header, record)
        what = f"column `{record.name}`" if record.rank == 0 else f"columns `{record.name}_0`, …"
    elif isinstance(given, str):
        if any(character in given for character in "*?["):
            places = [n for n, name in enumerate(header) if fnmatch.fnmatchcase(name, given)]
        else:
            places = [n for n, name in enumerate(header) if name == given]
        what = f"column `{given}`"
    else:
        missing = [name for name in given if name not in header]
        places = [] if missing else [header.index(name) for name in given]
        what = f"column `{missing[0]}`" if missing else "column"
    if not places:
        mend = _delimiter(header)
        if given is None and mend is None:
            mend = f'say which: --map "{record.name}=NAME"'
            if record.rank:
                mend = f'say which: --map "{record.name}=PATTERN*"'
        raise ObjcError(MissingColumn(None, str(path), what, record.name, tuple(header), mend))
    return places


def _delimiter(header: list[str]) -> str | None:
    """What to do where the whole header is one cell, because something else separates the columns."""
    if len(header) > 1:
        return None
    for sign, name in ((";", "`;`"), ("\t", "tabs")):
        if sign in header[0]:
            other = (
                ", or call the file .tsv" if sign == "\t" else ", and numbers have a decimal point"
            )
            return f"{name} between the columns? they are separated by commas{other}"
    return None


def _default(header: list[str], record: InputRecord) -> list[int]:
    """The column of the input's name, or its numbered columns in order."""
    if record.rank == 0 or record.name in header:
        return [n for n, name in enumerate(header) if name == record.name]
    pattern = re.compile(re.escape(record.name) + r"[_.\[]?(\d+)\]?")
    numbered = {}
    for place, name in enumerate(header):
        if (matched := pattern.fullmatch(name)) is not None:
            numbered[int(matched[1])] = place
    ordered = sorted(numbered)
    if ordered and ordered not in (
        list(range(len(ordered))),
        list(range(1, len(ordered) + 1)),
    ):
        return []
    return [numbered[number] for number in ordered]


def _read(path: Path, rows: Any, header: list[str], used: list[int]) -> _Table:
    chunks: list[Array] = []
    lines: list[int] = []
    while chunk := list(islice(_numbered(path, rows, len(header)), _CHUNK)):
        cells = [[row[place] for place in used] for _, row in chunk]
        values = _numbers(cells)
        if not np.isfinite(values).all():
            row, column = (int(axis) for axis in np.argwhere(~np.isfinite(values))[0])
            name, cell = header[used[column]], cells[row][column]
            raise ObjcError(BadCell(None, str(path), chunk[row][0], name, cell))
        for row, column in np.argwhere(np.abs(values) > _WHOLE):
            cell, rounded = cells[row][column], int(values[row, column])
            if _INTEGER.fullmatch(cell) and int(cell) != rounded:
                name = header[used[column]]
                raise ObjcError(RoundedCell(None, str(path), chunk[row][0], name, cell, rounded))
        chunks.append(values)
        lines.extend(line for line, _ in chunk)
    if not chunks:
        raise ObjcError(EmptyData(None, str(path), "has a header and no rows"))
    return _Table(path, header, np.concatenate(chunks), lines)


def _numbered(path: Path, rows: Any, width: int) -> Iterator[tuple[int, list[str]]]:
    """The rows with their lines; blank lines at the end of a file, or within it, are passed over."""
    for row in rows:
        if row:
            if len(row) != width:
                raise ObjcError(RaggedRow(None, str(path), rows.line_num, len(row), width))
            yield rows.line_num, row


def _numbers(cells: list[list[str]]) -> Array:
    """The numbers of some rows, NaN where a cell has none."""
    text = "".join(cell for row in cells for cell in row)
    if text.isascii() and not _NOT_IN_NUMBERS & set(text):
        try:
            return np.array(cells, dtype=np.str_).astype(np.float64)
        except ValueError:
            pass
    return np.array([[_number(cell) for cell in row] for row in cells])


_WHOLE = 2.0**53
"""Up to here float64 holds every integer."""

_INTEGER = re.compile(r"\s*[+-]?\d+\s*")

_NOT_IN_NUMBERS = frozenset("_\0")
"""What Python or NumPy would pass over: `1_000`, and a NUL at the end of a text."""


def _number(cell: str) -> float:
    """A cell's number, NaN where it has none: as other programs write numbers, without Python's
    underscores and without the digits of other scripts."""
    if not cell.isascii() or _NOT_IN_NUMBERS & set(cell):
        return float("nan")
    try:
        return float(cell)
    except ValueError:
        return float("nan")


def _is_number(cell: str) -> bool:
    """Whether a cell is a number, or one of the words for what is none: `nan`, `inf`."""
    words = ("nan", "inf", "infinity")
    return not math.isnan(_number(cell)) or cell.lower().lstrip("+-") in words


def _shaped(table: _Table, values: Array, record: InputRecord, names: list[str]) -> Array:
    if record.rank == 0 and values.shape[1] != 1:
        wanted = f"single column (found {len(names)})"
        raise ObjcError(
            MissingColumn(None, str(table.path), wanted, record.name, tuple(table.header))
        )
    shape = _row_shape(table, values.shape[1], record)
    shaped = values.reshape(len(values), *shape)
    found = first_violation(shaped, record, _literal(record.index_dimension))
    if found is not None:
        place = f"line {table.lines[found.position[0]]} of `{table.path}`"
        raise ObjcError(
            OutOfDomain(None, record.name, place, found.value, found.expected, found.mend)
        )
    return shaped.astype(np.int64) if record.is_integer else shaped


def _row_shape(table: _Table, width: int, record: InputRecord) -> tuple[int, ...]:
    """The shape of one example of `width` cells: one extent may be open."""
    known = [_literal(dimension) for dimension in record.shape]
    product = int(np.prod([one for one in known if one is not None], dtype=np.int64))
    opened = known.count(None)
    if opened > 1 or (opened == 0 and product != width) or width % product:
        problem = f"`{record.declared}` can't be made of {width} columns"
        mend = "give the input as an array of an .npz file"
        raise ObjcError(UnreadableData(None, str(table.path), problem, mend))
    return tuple(width // product if one is None else one for one in known)


def _literal(dimension: str | int | None) -> int | None:
    return dimension if isinstance(dimension, int) else None


# ------------------------------------------------------------------ archives


def _load_archive(
    path: Path, wanted: Mapping[str, InputRecord], columns: ColumnMap, optional: set[str]
) -> dict[str, Array]:
    try:
        names = array_names(path)
        places: dict[str, str] = {}
        for name, record in wanted.items():
            key = columns.get(name, name)
            if isinstance(key, str) and key in names:
                places[name] = key
            elif name not in optional or name in columns:
                raise ObjcError(
                    MissingColumn(None, str(path), f"array `{key}`", record.name, names)
                )
        arrays = read_arrays(path, set(places.values()))
    except UnreadableArchive as failure:
        raise ObjcError(UnreadableData(None, str(path), str(failure))) from None
    return {name: arrays[key] for name, key in places.items()}
