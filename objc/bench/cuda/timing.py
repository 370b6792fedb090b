"""Medians of interleaved samples, by events on the stream where it is known."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from objc.bench.cuda.contenders import Contender

LEAST = 2e-3
"""Seconds of a sample: shorter calls are repeated within one."""

MOST = 400
"""Calls within a sample: the queue of a stream holds about a thousand launches."""


@dataclass(frozen=True)
class DeviceTiming:
    """Seconds of a call: the median of the samples and the quartiles, on the device (`events`) or by the
    host's clock (`host`), and the seconds until a call returned to the caller."""

    median: float
    lower: float
    upper: float
    samples: int
    calls: int
    clock: str
    returned: float


def interleaved(
    ready: Mapping[str, Contender], clock: Any, repetitions: int, enough: Callable[[], bool]
) -> dict[str, DeviceTiming]:
    """Time contenders against each other: each in turn, until there are enough samples or `enough` says
    that the time is over; three samples are taken of each in any case."""
    calls = {name: _calls(one, clock) for name, one in ready.items()}
    samples: dict[str, list[float]] = {name: [] for name in ready}
    returns: dict[str, list[float]] = {name: [] for name in ready}
    for number in range(repetitions):
        if number >= 3 and enough():
            break
        for name, one in ready.items():
            one.wait(one.run(0))
            samples[name].append(_sample(one, clock, calls[name]))
            returns[name].append(_returned(one))
    return {
        name: _timing(samples[name], returns[name], calls[name], _clock(one))
        for name, one in ready.items()
    }


def _clock(one: Contender) -> str:
    return "host" if one.arrays is None else "events"


def _calls(one: Contender, clock: Any) -> int:
    """How many calls last as long as a sample should, after two to warm up."""
    one.wait(one.run(0))
    one.wait(one.run(1))
    calls = 1
    while calls < MOST and (spent := _sample(one, clock, calls) * calls) < LEAST:
        calls = min(MOST, max(2 * calls, int(1.2 * calls * LEAST / max(spent, 1e-9))))
    return calls


def _sample(one: Contender, clock: Any, calls: int) -> float:
    def run() -> None:
        for number in range(calls - 1):
            one.run(number)
        held = one.run(calls - 1)
        if one.arrays is None:
            one.wait(held)

    if one.arrays is not None:
        return float(clock.between(run, one.arrays.stream())) / calls
    start = time.perf_counter()
    run()
    return (time.perf_counter() - start) / calls


def _returned(one: Contender, calls: int = 5) -> float:
    """Seconds until a call returns, the device being idle before."""
    found = []
    for number in range(calls):
        start = time.perf_counter()
        held = one.run(number)
        found.append(time.perf_counter() - start)
        one.wait(held)
    return min(found)


def _timing(samples: list[float], returns: list[float], calls: int, clock: str) -> DeviceTiming:
    median = statistics.median(samples)
    lower, upper = (min(samples), max(samples))
    if len(samples) > 3:
        lower, _, upper = statistics.quantiles(samples, n=4, method="inclusive")
    return DeviceTiming(
        median, lower, upper, len(samples), calls, clock, statistics.median(returns)
    )
