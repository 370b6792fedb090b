"""What a run has recorded: a table of its steps and a table of its epochs."""

from __future__ import annotations

import csv
import io
import json
import math
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from objc.errors import ObjcError
from objc.files import replace_file
from objc.training.archives import write_arrays
from objc.training.errors import BadOption

Array = NDArray[Any]
Record = Mapping[str, float]


class Table:
    """Columns of numbers that grow by records. A record may lack columns, or bring new ones: NaN stands
    where there was no number."""

    def __init__(self, columns: Mapping[str, Array] | None = None) -> None:
        self._columns = {name: [float(x) for x in one] for name, one in (columns or {}).items()}
        self._length = max(map(len, self._columns.values()), default=0)

    def append(self, record: Record) -> None:
        for name in record:
            if name not in self._columns:
                self._columns[name] = [math.nan] * self._length
        for name, column in self._columns.items():
            column.append(float(record.get(name, math.nan)))
        self._length += 1

    def __len__(self) -> int:
        return self._length

    def __contains__(self, name: object) -> bool:
        return name in self._columns

    def __getitem__(self, name: str) -> Array:
        return np.array(self._columns[name], dtype=np.float64)

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(self._columns)

    def last(self) -> dict[str, float]:
        """The last record; empty before the first."""
        return {name: one[-1] for name, one in self._columns.items()} if self._length else {}

    def to_dict(self) -> dict[str, list[float]]:
        return {name: list(one) for name, one in self._columns.items()}


class History:
    """The record of a run.

    `epochs` has one row an epoch: `epoch`, `train.value` and `train.TERM` (means over the epoch's
    batches as they were met, weighed by their examples), `validation.value`, `validation.TERM`,
    `train.METRIC` and `validation.METRIC` (at the end of the epoch), `parameter.NAME` for each learned
    parameter that is a single number (at the end of the epoch), `learning_rate`, `seconds`.
    `steps` has one row a step: `epoch`, `step`, `value`, the terms, `learning_rate`, `gradient_norm`
    (before clipping), `examples`. `history["train.value"]` is a column of the epochs.
    """

    def __init__(self, epochs: Table | None = None, steps: Table | None = None) -> None:
        self.epochs = Table() if epochs is None else epochs
        self.steps = Table() if steps is None else steps

    def __getitem__(self, name: str) -> Array:
        return self.epochs[name]

    def __contains__(self, name: object) -> bool:
        return name in self.epochs

    def __len__(self) -> int:
        return len(self.epochs)

    def __repr__(self) -> str:
        last = ", ".join(
            f"{name} {value:.6g}"
            for name, value in self.epochs.last().items()
            if name not in ("epoch", "seconds")
        )
        return f"<History of {len(self.epochs)} epochs, {len(self.steps)} steps: {last}>"

    def to_dict(self) -> dict[str, dict[str, list[float]]]:
        """Both tables as lists by column."""
        return {"epochs": self.epochs.to_dict(), "steps": self.steps.to_dict()}

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the history: `.json` and `.npz` hold both tables, `.csv` the epochs.

        In JSON a NaN is `null`. In NPZ the arrays are `epochs/COLUMN` and `steps/COLUMN`.

        Raises:
            ObjcError: the name ends otherwise (E0516).
        """
        target = Path(path)
        match target.suffix:
            case ".json":
                text = json.dumps(_without_nan(self.to_dict()), indent=1, allow_nan=False)
                replace_file(target, lambda file: file.write(f"{text}\n".encode()))
            case ".csv":
                table = io.StringIO(newline="")
                writer = csv.writer(table)
                writer.writerow(self.epochs.names)
                writer.writerows(zip(*self.epochs.to_dict().values(), strict=True))
                replace_file(target, lambda file: file.write(table.getvalue().encode()))
            case ".npz":
                write_arrays(target, self.arrays())
            case suffix:
                raise ObjcError(
                    BadOption(None, "a history's file name", repr(suffix), ".json, .csv or .npz")
                )

    def arrays(self) -> dict[str, Array]:
        """Both tables as arrays named `epochs/COLUMN` and `steps/COLUMN`."""
        found = {f"epochs/{name}": self.epochs[name] for name in self.epochs.names}
        found.update({f"steps/{name}": self.steps[name] for name in self.steps.names})
        return found

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, Array]) -> History:
        """The history that `arrays` made the mapping of; other names are passed over."""

        def table(prefix: str) -> Table:
            return Table(
                {
                    name.removeprefix(prefix): one
                    for name, one in arrays.items()
                    if name.startswith(prefix)
                }
            )

        return cls(table("epochs/"), table("steps/"))

    def plot(self, where: Any = None, *, quantities: tuple[str, ...] | None = None) -> Any:
        """Draw the run: the objective and its terms over the epochs, the metrics beside it.

        Args:
            where: a path to write (`.png`, `.svg`, `.pdf`), a matplotlib axes to draw
                `quantities` on, or None for a new figure.
            quantities: columns of the epochs to draw; all by default.

        Returns:
            The matplotlib figure. Needs the extra `plot`.
        """
        from objc.training.plot import plot_history

        return plot_history(self, where, quantities)


def _without_nan(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _without_nan(one) for name, one in value.items()}
    if isinstance(value, list):
        return [None if not math.isfinite(one) else one for one in value]
    return value
