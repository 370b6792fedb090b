"""A benchmark as a whole: one process for each allocator mode, and their findings put together."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from objc.bench import machine
from objc.bench.cases import Case
from objc.bench.errors import NoSuchSize, WorkerFailed
from objc.bench.job import Job, Row
from objc.bench.memory import Peak
from objc.bench.sweep import Curve
from objc.errors import ObjcError

MODES: Mapping[str, Mapping[str, str]] = {"default": {}, "tuned": machine.ALLOCATOR}
"""The environments of the C library's allocator."""

SCHEMA = 2


@dataclass
class Report:
    """What was measured, by allocator mode."""

    machine: dict[str, Any]
    dtype: str
    repetitions: int
    busy: float | None
    floors: dict[str, dict[str, float]] = field(default_factory=dict)
    first_value: dict[str, dict[str, float]] = field(default_factory=dict)
    rows: dict[str, list[Row]] = field(default_factory=dict)
    curves: list[Curve] = field(default_factory=list)
    peaks: list[Peak] = field(default_factory=list)

    def add(self, mode: str, event: Mapping[str, Any]) -> None:
        """One thing that a process of that mode has done."""
        if "floors" in event:
            self.floors[mode] = event["floors"]
        elif "first_value" in event:
            self.first_value[mode] = event["first_value"]
        elif "curve" in event:
            self.curves.append(Curve.from_data(event["curve"]))
        elif "peak" in event:
            self.peaks.append(Peak(**event["peak"]))
        elif "row" in event:
            self.rows.setdefault(mode, []).append(Row.from_data(event["row"]))

    def data(self) -> dict[str, Any]:
        """As JSON holds it: times in seconds, memory in bytes, errors in units of the last place."""
        from objc.bench.job import as_data
        from objc.bench.report import shortfalls

        return {
            "benchmark": SCHEMA,
            "machine": self.machine,
            "dtype": self.dtype,
            "repetitions": self.repetitions,
            "busy": self.busy,
            "floors": self.floors,
            "first_value": self.first_value,
            "cases": {mode: as_data(rows) for mode, rows in self.rows.items()},
            "short": shortfalls(self),
            "curves": [one.data() for one in self.curves],
            "peaks": [asdict(one) for one in self.peaks],
        }


def run(
    job: Job,
    modes: Sequence[str],
    busy: float | None,
    watch: Callable[[str, Mapping[str, Any]], None] = lambda mode, event: None,
) -> Report:
    """Measure in every mode; `watch` is told of everything as it happens.

    Raises:
        ObjcError: a process failed.
    """
    report = Report(machine.description(job.threads), job.dtype, job.repetitions, busy)
    for mode in modes:
        own = replace(job, check=job.check and mode == modes[0])
        for event in _events(own, mode):
            report.add(mode, event)
            watch(mode, event)
    return report


def _events(job: Job, mode: str) -> Any:
    environment = {**os.environ, **MODES[mode], **_threads(job.threads)}
    with tempfile.TemporaryFile("w+") as said:
        process = subprocess.Popen(
            [sys.executable, "-m", "objc.bench.worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=said,
            text=True,
            env=environment,
        )
        assert process.stdin is not None and process.stdout is not None
        try:
            with process.stdin as stream:
                json.dump(job.data(), stream)
            for line in process.stdout:
                if line.startswith("{"):  # a library may print what it likes
                    yield json.loads(line)
            status = process.wait()
        finally:
            process.stdout.close()
            if process.poll() is None:
                process.kill()
                process.wait()
        if status:
            said.seek(0)
            raise ObjcError(WorkerFailed(None, status, said.read()))


def _threads(count: int) -> dict[str, str]:
    names = ("OBJC", "OMP", "OPENBLAS", "MKL", "NUMEXPR", "NUMBA", "VECLIB_MAXIMUM")
    return {f"{name}_NUM_THREADS": str(count) for name in names}


def swept_cases(cases: Sequence[Case], dimensions: Sequence[str]) -> tuple[Case, ...]:
    """The cases that have one of the dimensions; all, where there are none to sweep along.

    Raises:
        ObjcError: none of them has one of the dimensions.
    """
    for name in dimensions:
        if not any(name in case.sizes for case in cases):
            listed = tuple(f"{key}={value}" for key, value in cases[0].sizes.items())
            raise ObjcError(NoSuchSize(None, cases[0].name, name, listed))
    return tuple(one for one in cases if not dimensions or set(dimensions) & set(one.sizes))


def resized(case: Case, sizes: Mapping[str, int]) -> Case:
    """A case at other sizes. Raises ObjcError for a dimension that it doesn't have."""
    for name in sizes:
        if name not in case.sizes:
            listed = tuple(f"{key}={value}" for key, value in case.sizes.items())
            raise ObjcError(NoSuchSize(None, case.name, name, listed))
    return replace(case, sizes={**case.sizes, **sizes})
