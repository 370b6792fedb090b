"""A measurement on a device as a whole: processes that measure, and one that watches them.

A process that dies, or says nothing for long, is ended, and another one begins where it was, without
the contender that it was busy with. What has been found is kept whatever happens.
"""

from __future__ import annotations

import json
import queue
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, TextIO

from objc.bench import machine
from objc.bench.cuda.job import DeviceJob, DeviceRow, rows_as_data
from objc.bench.errors import WorkerFailed
from objc.errors import ObjcError

SCHEMA = 1
PATIENCE = 150.0
"""Seconds without a word after which a process is taken for lost."""

LIBRARIES = ("torch", "triton", "jax", "jax-cuda13-plugin", "cupy-cuda13x", "liger-kernel")


@dataclass
class DeviceReport:
    """What was found, and what stopped it early."""

    host: dict[str, Any]
    repetitions: int
    device: dict[str, Any] = field(default_factory=dict)
    copy: float = 0.0
    rows: list[DeviceRow] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    seconds: float = 0.0

    def data(self) -> dict[str, Any]:
        """As JSON holds it: times in seconds, memory in bytes, speeds in bytes a second."""
        return {
            "benchmark": SCHEMA,
            "target": "cuda",
            "device": self.device,
            "host": self.host,
            "copy": self.copy,
            "repetitions": self.repetitions,
            "seconds": self.seconds,
            "cases": rows_as_data(self.rows),
            "not_measured": self.missing,
            "failures": self.failures,
        }


def run(
    job: DeviceJob,
    watch: Callable[[Mapping[str, Any]], None] = lambda event: None,
    keep: Callable[[DeviceReport], None] = lambda report: None,
    patience: float = PATIENCE,
) -> DeviceReport:
    """Measure; `watch` is told of everything as it happens, `keep` gets the report after each case.

    Raises:
        ObjcError: no process came as far as the device.
    """
    start = time.monotonic()
    report = DeviceReport(_host(), job.repetitions)
    todo = {one.name: one for one in job.cases}
    barred: dict[str, dict[str, str]] = {}
    while todo:
        left = job.limit - (time.monotonic() - start)
        part = replace(job, cases=tuple(todo.values()), limit=left, barred=barred)
        busy: tuple[str, str] | None = None
        said = ""
        for event in _events(part, min(patience, left), left):
            watch(event)
            if "device" in event:
                report.device, report.copy = event["device"], max(report.copy, event["copy"])
            elif "contender" in event:
                busy = event["case"], event["contender"]
            elif "row" in event:
                row = DeviceRow.from_data(event["row"])
                report.rows.append(row)
                todo.pop(row.case.name)
                busy = None
                report.seconds = time.monotonic() - start
                keep(report)
            elif "ended" in event:
                said = event["ended"]
        if not said or job.limit - (time.monotonic() - start) < 10:
            break
        if not report.device:
            raise ObjcError(WorkerFailed(None, 1, said))
        report.failures.append(f"{' '.join(busy or ('between cases',))}: {said}")
        if busy is None or busy[1] in barred.get(busy[0], {}):
            break  # not a contender's fault, so it would happen again
        barred.setdefault(busy[0], {})[busy[1]] = said
    report.missing = list(todo)
    report.seconds = time.monotonic() - start
    keep(report)
    return report


def _host() -> dict[str, Any]:
    found = machine.description(machine.available())
    more = {name: one for name in LIBRARIES if (one := machine.version(name)) is not None}
    return {**found, "libraries": {**found["libraries"], **more}}


def _events(job: DeviceJob, patience: float, left: float) -> Iterator[dict[str, Any]]:
    """What a process says, and at the end why it ended, if it did not end well."""
    with tempfile.TemporaryFile("w+") as errors:
        process = subprocess.Popen(
            [sys.executable, "-m", "objc.bench.cuda.worker"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors, text=True,
        )  # fmt: skip
        assert process.stdin is not None and process.stdout is not None
        lines: queue.Queue[str | None] = queue.Queue()
        reader = threading.Thread(target=_read, args=(process.stdout, lines), daemon=True)
        reader.start()
        end = time.monotonic() + left
        try:
            with process.stdin as stream:
                json.dump(job.data(), stream)
            while (line := _next(lines, min(patience, end - time.monotonic()))) is not None:
                if line.startswith("{"):  # a library may print what it likes
                    yield json.loads(line)
            if process.wait():
                errors.seek(0)
                lines_of = errors.read().strip().splitlines() or ["it said nothing"]
                yield {"ended": f"ended with the status {process.returncode}: {lines_of[-1][:200]}"}
        except TimeoutError:
            yield {"ended": "took too long"}
        finally:
            if process.poll() is None:
                process.kill()
                process.wait()
            reader.join()
            process.stdout.close()


def _read(stream: TextIO, lines: queue.Queue[str | None]) -> None:
    for line in stream:
        lines.put(line)
    lines.put(None)


def _next(lines: queue.Queue[str | None], patience: float) -> str | None:
    try:
        return lines.get(timeout=max(patience, 0.01))
    except queue.Empty:
        raise TimeoutError from None
