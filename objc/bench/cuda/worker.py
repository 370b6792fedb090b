"""The process of a measurement on a device: reads a job as JSON, writes a line of JSON for each thing done.

It is a process of its own since a kernel that fails takes the device's context with it: the parent
then begins another one behind the contender that failed.
"""

from __future__ import annotations

import json
import math
import os
import sys
import time
import warnings
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any, TextIO, cast

from objc.bench.cuda.job import DeviceEntry, DeviceJob, DeviceRow
from objc.bench.problem import Absent, Problem
from objc.target import load

Say = Callable[[dict[str, Any]], None]

ENOUGH = 8.0
"""Seconds that are kept back for each case that is to come, for those who have nothing slow to compile: fewer
where there is not so much for all of them. With less than half of it left, one is not begun."""

SLOW = {"torch.compile": 90.0, "jax": 45.0}
"""Seconds that must be left for a contender to be compiled."""


def main(source: TextIO, goal: TextIO) -> None:
    """Do the job that `source` holds."""
    os.environ.setdefault("XLA_PYTHON_CLIENT_PREALLOCATE", "false")  # the device is shared
    warnings.simplefilter("ignore")  # of frameworks, on what they compile
    job = DeviceJob.from_data(json.load(source))

    def say(event: dict[str, Any]) -> None:
        goal.write(json.dumps(event) + "\n")
        goal.flush()

    for event in work(job, say):
        say(event)


def work(job: DeviceJob, say: Say = lambda event: None) -> Iterator[dict[str, Any]]:
    """The device, the speed of a copy on it, and every case."""
    clock = cast(Any, load("cuda")).clock()
    yield {"device": clock.description(), "copy": clock.copy()}
    end = time.monotonic() + job.limit
    share = min(ENOUGH, job.limit / (len(job.cases) + 1))
    for number, case in enumerate(job.cases, start=1):
        if end - time.monotonic() < share / 2:
            return
        say({"case": case.name})
        due = end - share * (len(job.cases) - number)
        row = Measured(job, case, clock, say, end, due, share).row()
        yield {"row": row.data()}


class Measured:
    """One case being measured, until `end`; what takes long is begun if it is done before `due`."""

    def __init__(
        self, job: DeviceJob, case: Any, clock: Any, say: Say, end: float, due: float, share: float
    ) -> None:
        from objc.bench.programs import program_of

        self.job = job
        self.case = case
        self.clock = clock
        self.say = say
        self.end = end
        self.due = due
        self.share = share
        self.program = program_of(case.case)
        self.problem = Problem(case.case, self.program, case.case.sizes, "float32")
        self.entries: dict[str, DeviceEntry] = {}
        self.ready: dict[str, Any] = {}

    def row(self) -> DeviceRow:
        from objc.bench.cuda.timing import interleaved

        for name in self.job.peers:
            self._begin(name)
        now = time.monotonic()
        until = min(self.end - 5, max(self.due, now + self.share / 2), now + 60)
        timings = interleaved(
            self.ready, self.clock, self.job.repetitions, lambda: time.monotonic() > until
        )
        for name, timing in timings.items():
            self.entries[name] = replace(self.entries[name], timing=timing)
        moved, results = _work(self.problem, self.case.storage)
        self._give_back(*list(self.ready))
        return DeviceRow(self.case, moved, results, tuple(self.entries.values()))

    def _begin(self, name: str) -> None:
        """Errors at the sizes of the truth, then a contender at full size with the memory of a call."""
        barred = self.job.barred.get(self.case.name, {}).get(name)
        if barred is not None:
            self.entries[name] = DeviceEntry(name, absent=barred)
            return
        if name in SLOW and self.due - time.monotonic() < SLOW[name]:
            self.entries[name] = DeviceEntry(name, absent="no time was left to compile it")
            return
        self.say({"contender": name, "case": self.case.name})
        try:
            self._take(name)
        except Absent as error:
            self._drop(name, str(error))
        except Exception as error:  # a framework that fails is a finding, and no end
            self._drop(name, f"{type(error).__name__}: {_line(error)}")
            self.clock.wait()  # raises, and ends this process, where the context is lost

    def _take(self, name: str) -> None:
        from objc.bench.cuda.contenders import contender

        value_error, gradient_error = self._errors(name)
        made = contender(name, self.case, self.problem)
        self.ready[name] = made
        made.wait(made.run(0))
        memory = None if made.arrays is None else made.arrays.peak(lambda: made.run(0))
        self.entries[name] = DeviceEntry(
            name, form=made.form, value_error=value_error, gradient_error=gradient_error,
            memory=memory,
        )  # fmt: skip

    def _errors(self, name: str) -> tuple[float, float]:
        from objc.bench.cuda.accuracy import errors, reference
        from objc.bench.cuda.contenders import contender

        small = Problem(self.case.case, self.program, self.case.truth, "float32", 1, False)
        truth = reference(small.derived, small.data[0], self.case.storage)
        own = contender(name, self.case, small)
        return errors(*own.results(own.run(0)), truth)

    def _drop(self, name: str, why: str) -> None:
        self.entries[name] = DeviceEntry(name, absent=why)
        self._give_back(name)

    def _give_back(self, *names: str) -> None:
        """Forget contenders, and give back their memory."""
        for name in names:
            made = self.ready.pop(name, None)
            if made is not None and made.arrays is not None:
                arrays = made.arrays
                del made
                arrays.free()


def _work(problem: Problem, storage: str) -> tuple[int, int]:
    """The bytes of inputs and results, each once, and those of the results."""
    width = {"float32": 4, "float64": 8, "bfloat16": 2, "float16": 2}[storage]
    derived = problem.derived

    def size(one: Any) -> int:
        if not one.dimensions:
            return 0
        extents = [d.size if d.size is not None else problem.sizes[d.name] for d in one.dimensions]
        return math.prod(extents) * (8 if one.domain.is_integer else width)

    results = sum(size(derived.let[name]) for name in set(derived.outputs.values()))
    return sum(map(size, derived.inputs)) + results, results


def _line(error: Exception) -> str:
    return next(iter(str(error).splitlines()), "")[:200]


if __name__ == "__main__":
    main(sys.stdin, sys.stdout)
