"""What a run shows while it goes on: a bar on a terminal, a line an epoch elsewhere, or nothing."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any, Protocol, TextIO

Record = Mapping[str, float]


class Reporter(Protocol):
    """What the loop tells."""

    def start(self, epochs: int, done_epochs: int, steps: int, done_steps: int) -> None:
        """Before the first epoch; the steps are those of the whole run, 0 where not known."""

    def step(self, record: Record) -> None:
        """After each step: `epoch`, `value` and the terms."""

    def epoch(self, number: int, record: Record) -> None:
        """After each epoch, with its record."""

    def close(self) -> None:
        """At the end, also after an error."""


class Silent:
    """Says nothing."""

    def start(self, epochs: int, done_epochs: int, steps: int, done_steps: int) -> None: ...

    def step(self, record: Record) -> None: ...

    def epoch(self, number: int, record: Record) -> None: ...

    def close(self) -> None: ...


class Lines:
    """One line an epoch, for logs."""

    def __init__(self, file: TextIO) -> None:
        self._file = file
        self._epochs = 0

    def start(self, epochs: int, done_epochs: int, steps: int, done_steps: int) -> None:
        self._epochs = epochs

    def step(self, record: Record) -> None: ...

    def epoch(self, number: int, record: Record) -> None:
        print(f"epoch {number}/{self._epochs}  {shown(record)}", file=self._file, flush=True)

    def close(self) -> None: ...


class Bar:
    """A progress bar of the steps, with every named term, on a terminal."""

    def __init__(self, file: TextIO) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
        from rich.progress import TimeRemainingColumn as Remaining

        self._progress = Progress(
            TextColumn("[bold]epoch {task.fields[epoch]}/{task.fields[epochs]}"),
            BarColumn(bar_width=24),
            MofNCompleteColumn(),
            Remaining(compact=True),
            TextColumn("{task.fields[values]}", markup=False),
            console=Console(file=file),
        )
        self._task: Any = None

    def start(self, epochs: int, done_epochs: int, steps: int, done_steps: int) -> None:
        self._progress.start()
        self._task = self._progress.add_task(
            "", total=steps or None, completed=done_steps, epoch=done_epochs + 1, epochs=epochs,
            values="",
        )  # fmt: skip

    def step(self, record: Record) -> None:
        values = {name: record[name] for name in record if name not in _NOT_SHOWN}
        epoch = int(record["epoch"])
        self._progress.update(self._task, advance=1, epoch=epoch, values=shown(values))

    def epoch(self, number: int, record: Record) -> None:
        self._progress.update(self._task, epoch=number, values=shown(record))

    def close(self) -> None:
        self._progress.stop()


_NOT_SHOWN = frozenset({"epoch", "step", "seconds", "examples", "learning_rate", "gradient_norm"})


def shown(record: Record) -> str:
    """The quantities of a record as a line: `value 0.31  fit 0.30`."""
    kept = {name: value for name, value in record.items() if name not in _NOT_SHOWN}
    return "  ".join(f"{name} {value:.4g}" for name, value in kept.items() if value == value)


def choose(progress: bool | None, file: TextIO | None = None) -> Reporter:
    """The reporter for `fit(progress=…)`: True is a bar on a terminal and lines elsewhere, None a bar
    on a terminal and nothing elsewhere, False nothing. It writes to standard error."""
    stream = sys.stderr if file is None else file
    if progress is False or (progress is None and not stream.isatty()):
        return Silent()
    return Bar(stream) if stream.isatty() else Lines(stream)
