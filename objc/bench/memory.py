"""The memory that one call takes beyond its inputs and its results."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from objc.bench.cases import Case

MOST = 2 << 30
"""Bytes that a call of the large cases may take, however long its batch is."""


@dataclass(frozen=True)
class Peak:
    """One call with arrays for its results: bytes of inputs and results, the most that it took beyond
    them (None where the system doesn't tell), seconds."""

    case: str
    sizes: Mapping[str, int]
    bytes: int
    memory: int | None
    seconds: float


def one_call(case: Case, dtype: str) -> Peak:
    """Value and gradient once. The kernel is compiled, and its results' pages are there, before."""
    import time

    import numpy as np

    from objc.bench import machine
    from objc.bench.peers.kernel import Own
    from objc.bench.problem import Problem
    from objc.bench.programs import program_of
    from objc.kernel import Kernel

    program = program_of(case)
    kernel = Kernel.of_program(program)
    problem = Problem(case, program, case.sizes, cast(Any, case.dtype or dtype), rotate=False)
    Own(problem.small(), True, kernel).run(0)
    own = Own(problem, True, kernel)
    results = own.arrays.values()
    for array in results:
        array.fill(0)
    given = [np.asarray(one) for one in problem.data[0].values()]
    start = time.perf_counter()
    memory = machine.peak(lambda: own.run(0))
    seconds = time.perf_counter() - start
    size = sum(one.nbytes for one in (*given, *results))
    return Peak(case.name, dict(case.sizes), size, memory, seconds)


def text(peaks: Sequence[Peak]) -> str:
    """A line for every call."""
    lines = []
    for one in peaks:
        sizes = "×".join(map(str, one.sizes.values()))
        taken = "unknown" if one.memory is None else f"{one.memory / 2**20:.0f} MiB"
        lines.append(
            f"{one.case} {sizes}: {one.bytes / 2**20:.0f} MiB of inputs and results, {taken} beside"
            f" them, {one.seconds:.1f} s"
        )
    return "\n".join(lines)
