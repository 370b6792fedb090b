"""Medians of interleaved repetitions."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

LEAST = 2e-3
"""Seconds of a sample: shorter calls are repeated within one."""

MOST = 2.0
"""Seconds that one contender's samples may take: slower ones are sampled less often, but"""

FEWEST = 5
"""times at least (or as often as is asked for, where that is less)."""


@dataclass(frozen=True)
class Timing:
    """Seconds of a call: the median of the samples, the quartiles, how many samples of how many calls."""

    median: float
    lower: float
    upper: float
    samples: int
    calls: int

    @property
    def spread(self) -> float:
        """The quartiles' distance as a part of the median."""
        return (self.upper - self.lower) / self.median


def interleaved(
    runs: Mapping[str, Callable[[int], object]],
    repetitions: int,
    note: Callable[[], None] = lambda: None,
    least: float = LEAST,
) -> dict[str, Timing]:
    """Time functions against each other: each in turn, as often as `repetitions` says.

    A run gets the number of its call, for inputs that rotate. Every sample follows an untimed call of
    the same function, so that caches and threads are its own. `note` is called after each sample.
    """
    found = {name: _calls(run, least) for name, run in runs.items()}
    calls = {name: own for name, (own, _) in found.items()}
    wanted = {name: _repetitions(repetitions, spent) for name, (_, spent) in found.items()}
    samples: dict[str, list[float]] = {name: [] for name in runs}
    for number in range(max(wanted.values(), default=0)):
        for name, run in runs.items():
            if number < wanted[name]:
                run(0)
                samples[name].append(_sample(run, calls[name]))
            note()
    return {name: _timing(own, calls[name]) for name, own in samples.items()}


def _repetitions(asked: int, spent: float) -> int:
    """How many samples of that length there is time for, each with a call before it."""
    return min(asked, max(FEWEST, int(MOST / (2 * max(spent, 1e-9)))))


def _calls(run: Callable[[int], object], least: float) -> tuple[int, float]:
    """How many calls last as long as a sample should, after two to warm up; and how long they last."""
    run(0)
    run(1)
    calls = 1
    while (spent := _sample(run, calls) * calls) < least:
        calls = max(2 * calls, int(1.2 * calls * least / max(spent, 1e-9)))
    return calls, spent


def _sample(run: Callable[[int], object], calls: int) -> float:
    start = time.perf_counter()
    for number in range(calls):
        run(number)
    return (time.perf_counter() - start) / calls


def _timing(samples: list[float], calls: int) -> Timing:
    if len(samples) == 1:
        (only,) = samples
        return Timing(only, only, only, 1, calls)
    lower, median, upper = statistics.quantiles(samples, n=4, method="inclusive")
    return Timing(median, lower, upper, len(samples), calls)
