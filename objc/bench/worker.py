"""One process of a benchmark: reads a job as JSON, writes a line of JSON for each thing it has done.

It is a process of its own since the allocator's mode and the number of threads must be settled before a
library is loaded.
"""

from __future__ import annotations

import functools
import json
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, replace
from typing import Any, TextIO, cast

from objc.bench.job import OWN, Entry, Job, Limit, Row, as_data

Say = Callable[[dict[str, Any]], None]


def main(source: TextIO, goal: TextIO) -> None:
    """Do the job that `source` holds."""
    job = Job.from_data(json.load(source))
    _confine(job.threads)

    def say(event: dict[str, Any]) -> None:
        goal.write(json.dumps(event) + "\n")
        goal.flush()

    for event in work(job, say):
        say(event)


def work(job: Job, say: Say = lambda event: None) -> Iterator[dict[str, Any]]:
    """The floors, the time from a text to its first value, and every case."""
    from objc.bench import floors
    from objc.bench.memory import one_call
    from objc.target import DType

    numbers = 1 << 24 if job.repetitions > 1 else 1 << 16
    if job.memory:
        for case in job.cases:
            say({"ready": "memory", "case": case.name})
            yield {"peak": asdict(one_call(case, job.dtype))}
        return
    if job.ground is None:
        ground = floors.measure(job.threads, cast(DType, job.dtype), numbers)
        yield {"floors": asdict(ground)}
        if not job.sweep:
            yield {"first_value": first_value()}
    else:
        ground = floors.Floors(**job.ground)
    if job.sweep:
        yield from _curves(job, say)
        return
    for case in job.cases:
        row = _row(job, case, ground, say)
        yield {"row": as_data([row])[0]}


def _curves(job: Job, say: Say) -> Iterator[dict[str, Any]]:
    from objc.bench.sweep import sweep

    for case in job.cases:
        for dimension in job.sweep:
            if dimension in case.sizes:
                say({"ready": dimension, "case": case.name})
                yield {"curve": sweep(case, dimension, job.dtype, job.threads).data()}


def _confine(threads: int) -> None:
    """Every library sees as many processors as there are threads."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:threads])
    from objc.target import load

    cast(Any, load("cpu")).set_threads(threads)


def _row(job: Job, case: Any, ground: Any, say: Say) -> Row:
    from objc.bench.machine import Others
    from objc.bench.peers import contender
    from objc.bench.problem import Absent, Problem
    from objc.bench.programs import program_of
    from objc.bench.timing import interleaved
    from objc.bench.work import work_of

    problem = Problem(case, program_of(case), case.sizes, cast(Any, case.dtype or job.dtype))
    entries: dict[str, Entry] = {}
    ready: dict[str, Any] = {}
    for name in job.peers:
        if name in job.ended:
            entries[name] = Entry(name, absent=job.ended[name])
            continue
        try:
            ready[name] = contender(name, problem)
            ready[name].run(0)
            entries[name] = Entry(name, form=ready[name].form)
        except Absent as error:
            entries[name] = Entry(name, absent=str(error))
        except Exception as error:  # a framework that fails is a finding, and no end
            ready.pop(name, None)
            entries[name] = Entry(name, absent=f"{type(error).__name__}: {_line(error)}")
        say({"ready": name, "case": case.name})
    runs = {name: one.run for name, one in ready.items()}
    others = Others()
    timings = interleaved(runs, job.repetitions, lambda: say({"sample": case.name}))
    for name, timing in timings.items():
        entries[name] = replace(entries[name], **asdict(timing))
    share = others.share()
    if job.check:
        _check(problem, ready, entries)
    done = work_of(problem.derived, problem.sizes, problem.dtype)
    floor, bound = done.floor(ground)
    return Row(
        case.name, dict(problem.sizes), tuple(entries.values()), done.bytes, done.operations,
        done.products, done.functions, floor, bound, problem.dtype,
        _limit(job, problem, done.bytes, entries), share,
    )  # fmt: skip


def _limit(job: Job, problem: Any, bytes_of: int, entries: Mapping[str, Entry]) -> Limit | None:
    """What bounds objc's own kernel."""
    from objc.bench.limit import limit
    from objc.bench.peers import contender

    own = next((entries[name] for name in reversed(OWN) if name in entries), None)
    if own is None or own.median is None:
        return None
    make = functools.partial(contender, own.peer)
    return limit(problem, bytes_of, own.median, job.threads, make)


def _check(problem: Any, ready: Mapping[str, Any], entries: dict[str, Entry]) -> None:
    """Errors, at sizes at which there is a truth, and the memory of a call at full size."""
    from objc.bench.accuracy import reference, units
    from objc.bench.machine import peak
    from objc.bench.peers import contender

    small = problem.small()
    truth = reference(small.derived, small.data[0], small.dtype)
    for name, one in ready.items():
        memory = peak(lambda one=one: one.run(0))  # type: ignore[misc]
        own = contender(name, small)
        errors = {
            key: units(part, truth[key], small.dtype)
            for key, part in own.results(own.run(0)).items()
        }
        entries[name] = replace(
            entries[name],
            memory=memory,
            value_error=errors.pop("value", None),
            gradient_error=max(errors.values(), default=None),
        )


def first_value() -> dict[str, float]:
    """Seconds from a text to its first value and gradient: cold, and with the disk cache filled. The
    process has compiled another text before."""
    import numpy as np

    import objc

    text = "loss first(x: real | y: real) = log(1 + exp((x - y)^2))"
    other = "loss other(x: real | y: real) = (x - y)^2"
    x = np.linspace(0.0, 1.0, 1000)
    found = {}
    chosen = os.environ.get("OBJC_CACHE_DIR")
    with tempfile.TemporaryDirectory(prefix="objc-bench-") as folder:
        os.environ["OBJC_CACHE_DIR"] = folder
        try:
            objc.compile(other).other.value_and_grad(x, x)
            for name in ("cold", "cached"):
                start = time.perf_counter()
                objc.compile(text).first.value_and_grad(x, x)
                found[name] = time.perf_counter() - start
        finally:
            os.environ.pop("OBJC_CACHE_DIR")
            if chosen is not None:
                os.environ["OBJC_CACHE_DIR"] = chosen
    return found


def _line(error: Exception) -> str:
    return next(iter(str(error).splitlines()), "")[:200]


if __name__ == "__main__":
    main(sys.stdin, sys.stdout)
