"""The diagnostics of data files: E0501–E0509."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from objc.errors import Diagnostic, did_you_mean
from objc.training.errors import listed


@dataclass(frozen=True)
class UnreadableData(Diagnostic):
    """A data file can't be opened, or is not what its name says.

    Data comes from `.csv` (commas, one header line, UTF-8), `.tsv` (tabs) or `.npz` (NumPy's
    `savez`, without pickled objects).
    """

    code: ClassVar[str] = "E0501"
    path: str
    problem: str
    mend: str | None = None

    def title(self) -> str:
        return f"can't read the data file `{self.path}`: {self.problem}"

    def help(self) -> str | None:
        return self.mend


@dataclass(frozen=True)
class MissingColumn(Diagnostic):
    """The data file has no column for an input of the objective.

    A scalar input takes the column of its name. A vector input `x: real[D]` takes the columns
    `x_0, x_1, …`, or those that a mapping names:

        objc train ridge.objc:ridge --data cars.csv --map y=price --map "x=engine_*"
    """

    code: ClassVar[str] = "E0502"
    path: str
    wanted: str
    for_input: str
    columns: tuple[str, ...]
    mend: str | None = None

    def title(self) -> str:
        return f"`{self.path}` has no {self.wanted} for the input `{self.for_input}`"

    def notes(self) -> Sequence[str]:
        return [f"it has {listed(self.columns)}" if self.columns else "it has none at all"]

    def help(self) -> str | None:
        return self.mend or did_you_mean(self.for_input, self.columns)


@dataclass(frozen=True)
class BadCell(Diagnostic):
    """A cell of a data file is empty, not a number, or not finite.

    Every column that an input takes must be a finite number in every row, in the digits 0 to 9, with a
    decimal point and without separators of thousands. Fill or drop missing values before training: the
    loop does not guess them.
    """

    code: ClassVar[str] = "E0503"
    path: str
    line: int
    column: str
    cell: str

    def title(self) -> str:
        shown = "".join(one if one.isprintable() else ascii(one)[1:-1] for one in self.cell)
        shown = shown if len(shown) <= 60 else shown[:60] + "…"
        what = f"`{shown}` is not a finite number" if self.cell.strip() else "an empty cell"
        return f"{what} in column `{self.column}`, line {self.line} of `{self.path}`"


@dataclass(frozen=True)
class RoundedCell(Diagnostic):
    """A cell of a data file is an integer that float64 does not hold.

    Numbers of a table are read as float64, which holds integers up to 2^53, and some beyond. Rounded to
    it, integers that differ would be equal, or in another order: nanoseconds since 1970, or long
    identifiers. Write them from a later start, or as arrays of an `.npz`.
    """

    code: ClassVar[str] = "E0507"
    path: str
    line: int
    column: str
    cell: str
    rounded: int

    def title(self) -> str:
        return (
            f"`{self.cell.strip()}` in column `{self.column}`, line {self.line} of `{self.path}`,"
            f" would be rounded to {self.rounded}"
        )

    def help(self) -> str:
        return "count from a later start: nanoseconds of the first row, say"


@dataclass(frozen=True)
class RaggedRow(Diagnostic):
    """A row of a data file has more or fewer cells than its header.

    Example: the header is `x,y` and line 7 is `1.5`. A comma inside a cell has to stand in quotes.

    Mend: the line that the message names.
    """

    code: ClassVar[str] = "E0504"
    path: str
    line: int
    cells: int
    columns: int

    def title(self) -> str:
        return f"line {self.line} of `{self.path}` has {self.cells} cells; the header has {self.columns}"


@dataclass(frozen=True)
class EmptyData(Diagnostic):
    """A data file has no rows, or no header.

    Example: an empty file, or one that ends after its first line.

    Mend: the first line names the columns, and each line after it is one example.
    """

    code: ClassVar[str] = "E0505"
    path: str
    problem: str

    def title(self) -> str:
        return f"`{self.path}` {self.problem}"


@dataclass(frozen=True)
class BadHeader(Diagnostic):
    """The header of a data file is not one: it has numbers for names, or a name twice.

    The first line names the columns:

        x_0,x_1,label
        0.5,1.5,2
    """

    code: ClassVar[str] = "E0506"
    path: str
    problem: str

    def title(self) -> str:
        return f"the first line of `{self.path}` {self.problem}"

    def help(self) -> str | None:
        return "the first line names the columns, each once"
