"""How time grows with a size: of the batch, or of a row at the same number of entries in all."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any, cast

import numpy as np

from objc.bench.cases import Case
from objc.ir.index import BATCH

BATCHES = (*(lead * 10**power for power in range(2, 8) for lead in (1, 3)), 10**8)
"""Entries of the largest input, from 10² to 10⁸."""

ROWS = (
    2, 3, 5, 8, 10, 16, 17, 24, 32, 33, 48, 64, 100, 128, 200, 333, 512, 1000, 2048, 4000, 10_000,
    32_768, 100_000,
)  # fmt: skip
"""Sizes of another dimension: round ones, powers of two, and ones beside them."""

ENTRIES = 1 << 22
"""Of the largest input, while another dimension than the batch grows."""

ROOM = 1 / 4
"""Of the memory, that inputs and results may take."""

DISTINCT = 1 << 18
"""Examples that are drawn: a longer batch repeats them, since their values cost no time."""

SAMPLES = 5


@dataclass(frozen=True)
class Point:
    """Seconds of value and gradient at one size, with the quartiles."""

    size: int
    entries: int
    median: float
    lower: float
    upper: float


@dataclass(frozen=True)
class Curve:
    """The times of one case along one dimension."""

    case: str
    dimension: str
    points: tuple[Point, ...]

    @classmethod
    def from_data(cls, data: Mapping[str, Any]) -> Curve:
        points = tuple(Point(**one) for one in data["points"])
        return cls(data["case"], data["dimension"], points)

    def data(self) -> dict[str, Any]:
        return asdict(self)

    def cliff(self) -> tuple[float, int] | None:
        """The worst step from a point to the next: how many times more an entry costs behind it, and
        the size there."""
        costs = [(one.median / one.entries, one.size) for one in self.points]
        steps = [(new / old, size) for (old, _), (new, size) in itertools.pairwise(costs)]
        return max(steps, default=None)

    def along(self, point: Point) -> int:
        """Where a point stands among those of other cases: at the entries of a batch, at the size of
        another dimension."""
        return point.entries if self.dimension == BATCH.name else point.size


def sizes_along(
    case: Case, dimension: str, widths: Mapping[str, int], memory: int | None
) -> Iterator[dict[str, int]]:
    """The sizes of a sweep. `widths` are the entries of an example in the largest input, by the
    dimension beside which they stand, and the bytes of all arrays for each of them (`bytes`)."""
    most = BATCHES[-1] if memory is None else int(memory * ROOM / widths["bytes"])
    if dimension == BATCH.name:
        for entries in BATCHES:
            if entries <= most and entries >= widths["example"]:
                yield {**case.sizes, dimension: entries // widths["example"]}
        return
    for size in ROWS:
        row = widths["example"] // case.sizes[dimension] * size
        if BATCH.name in case.sizes:
            yield {**case.sizes, dimension: size, BATCH.name: max(1, ENTRIES // row)}
        elif row * size <= most:
            yield {**case.sizes, dimension: size}


def sweep(case: Case, dimension: str, dtype: str, threads: int) -> Curve:
    """Measure a case along one of its dimensions, with arrays for its results."""
    from objc.bench import machine
    from objc.bench.peers.kernel import Own
    from objc.bench.problem import Problem
    from objc.bench.programs import program_of
    from objc.bench.timing import interleaved
    from objc.kernel import Kernel

    program = program_of(case)
    kernel = Kernel.of_program(program)
    kind = cast(Any, case.dtype or dtype)
    points = []
    told = machine.description(threads)["memory"]
    for sizes in sizes_along(case, dimension, _widths(case, program, kind), told):
        problem = Problem(
            replace(case, sizes=sizes), program, sizes, kind, rotate=False, distinct=DISTINCT
        )
        own = Own(problem, True, kernel)
        timing = interleaved({"": own.run}, SAMPLES)[""]
        entries = max(np.size(value) for value in problem.data[0].values())
        points.append(Point(sizes[dimension], entries, timing.median, timing.lower, timing.upper))
    return Curve(case.name, dimension, tuple(points))


def _widths(case: Case, program: Any, dtype: Any) -> dict[str, int]:
    """The entries of an example in the largest input, and the bytes that every entry of it takes."""
    from objc.bench.problem import Problem
    from objc.bench.work import work_of

    sizes = {**case.sizes, **({BATCH.name: 1} if BATCH.name in case.sizes else {})}
    problem = Problem(case, program, sizes, dtype, rotate=False)
    example = max(np.size(value) for value in problem.data[0].values())
    return {
        "example": example,
        "bytes": max(1, -(-work_of(problem.derived, sizes, dtype).bytes // example)),
    }
