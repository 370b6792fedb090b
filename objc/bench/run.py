"""A benchmark as a whole: one process for each case and allocator mode, and their findings put together."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from objc.bench import machine
from objc.bench.cases import Case
from objc.bench.errors import NoSuchSize, WorkerFailed
from objc.bench.job import OWN, Job, Row
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
    rescue: Callable[[Report], None] = lambda report: None,
) -> Report:
    """Measure in every mode; `watch` is told of everything as it happens. Where an error or the keyboard
    ends it, `rescue` is given what has been measured until then.

    Raises:
        ObjcError: a process failed.
    """
    report = Report(machine.description(job.threads), job.dtype, job.repetitions, busy)
    try:
        _fill(report, job, modes, watch)
    except BaseException:
        if report.rows or report.curves or report.peaks:
            rescue(report)
        raise
    return report


def _fill(
    report: Report,
    job: Job,
    modes: Sequence[str],
    watch: Callable[[str, Mapping[str, Any]], None],
) -> None:
    for mode in modes:
        own = replace(job, check=job.check and mode == modes[0])
        for event in _each_by_itself(own, mode):
            report.add(mode, event)
            watch(mode, event)


def _each_by_itself(job: Job, mode: str) -> Iterator[Mapping[str, Any]]:
    """The floors, then every case in a process of its own: what a framework holds on to, or compiled for
    the last case, is not the next one's."""
    if not job.memory:
        for event in _events(replace(job, cases=()), mode):
            yield event
            if "floors" in event:
                job = replace(job, ground=event["floors"])
    for case in job.cases:
        yield from _whoever_is_left(replace(job, cases=(case,)), mode)


def _whoever_is_left(job: Job, mode: str) -> Iterator[Mapping[str, Any]]:
    """One case; a peer whose process ends takes no part in it any more, and the rest begin again."""
    while True:
        started: list[str] = []
        try:
            for event in _events(job, mode):
                started += [event["ready"]] if "ready" in event else []
                yield event
            return
        except ObjcError as failure:
            ended = _guilty(job, started)
            if not ended:
                raise
            reason = failure.diagnostics[0].title()
            job = replace(job, ended={**job.ended, **dict.fromkeys(ended, reason)})


def _guilty(job: Job, started: Sequence[str]) -> tuple[str, ...]:
    """The peer that was to be next when a process ended; all of them, where it ended afterwards. None
    where it was none of the peers."""
    others = [one for one in job.peers if one not in started and one not in job.ended]
    if others:
        return () if others[0] in OWN else (others[0],)
    return tuple(one for one in job.peers if one not in OWN and one not in job.ended)


def _events(job: Job, mode: str) -> Iterator[Mapping[str, Any]]:
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
