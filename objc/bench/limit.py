"""What bounds a kernel, from measurements: its smallest call, and its work on data that caches hold.

A call that does next to nothing gives the latency. The same work in pieces that stay in the cache, in
one thread and then shared evenly, takes the time of the operations alone; where it is much shorter than
the whole, moving bytes is what costs.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from objc.bench.job import Limit
from objc.bench.problem import Problem
from objc.bench.timing import interleaved
from objc.ir.index import BATCH
from objc.kernel.threads import set_threads

CACHED = 1 << 19
"""Bytes of inputs and results of a piece: less than the second cache of every processor since 2019."""

SHARE = 0.75
"""Of the whole time: what the cached work takes at most for bytes to be the bound."""

_SAMPLES = 5


def limit(
    problem: Problem, bytes_of: int, whole: float, threads: int, make: Callable[[Problem], Any]
) -> Limit | None:
    """The bound of a case whose call moves that many bytes in `whole` seconds with so many threads, by
    what `make` makes of the same problem at smaller sizes; None for a single example."""
    batch = problem.sizes.get(BATCH.name)
    if batch is None:
        return None
    piece = max(1, min(batch, int(CACHED / (bytes_of / batch))))
    set_threads(1)
    try:
        smallest, part = (_time(problem, size, make) for size in (1, piece))
    finally:
        set_threads(threads)
    cached = smallest + max(0.0, part - smallest) * batch / (piece * threads)
    return Limit(_word(whole, smallest, cached), smallest, cached)


def _word(whole: float, smallest: float, cached: float) -> str:
    if smallest > whole / 2:
        return "latency"
    return "bytes" if cached < SHARE * whole else "operations"


def _time(problem: Problem, batch: int, make: Callable[[Problem], Any]) -> float:
    one = make(problem.resized({**problem.sizes, BATCH.name: batch}))
    return interleaved({"": one.run}, _SAMPLES)[""].median
