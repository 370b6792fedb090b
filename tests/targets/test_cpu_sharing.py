"""Whether threads are woken is measured: what is chosen out of what was measured."""

from __future__ import annotations

import threading
from collections.abc import Callable
from types import SimpleNamespace

import numpy as np
import pytest
from objc.targets.cpu import driver, sharing
from objc.targets.cpu.sharing import ALWAYS, LONG, OLD, SHORT, TRIES, Sharing

WAKE = 90e-6


def called(own: Sharing, operations: int, seconds: Callable[[bool], float]) -> bool:
    """One call of a step, that takes so long alone, and shared."""
    is_shared, trial = own.way(0, operations, 2)
    if trial is not None:
        trial.note(is_shared, seconds(is_shared), operations)
    return is_shared


def settled(alone: float, operations: int = 1 << 20, wake: float = WAKE) -> bool:
    """What becomes of a step that takes so many seconds alone, and half of them and the wake shared."""
    own = Sharing()
    for _ in range(2 * TRIES):
        called(own, operations, lambda is_shared: alone / 2 + wake if is_shared else alone)
    return own.way(0, operations, 2) == (True, None)


def test_threads_are_woken_where_that_is_faster() -> None:
    assert [settled(alone) for alone in (20e-6, 170e-6, 190e-6, 2e-3)] == [False, False, True, True]
    assert [settled(alone, wake=10e-6) for alone in (15e-6, 25e-6)] == [False, True]


def test_what_is_very_short_or_long_is_tried_one_way_only() -> None:
    own = Sharing()
    assert not called(own, 1 << 20, lambda is_shared: SHORT / 2)
    assert own.way(0, 1 << 20, 2) == (False, None)
    assert not called(own, 1 << 22, lambda is_shared: LONG * 2)
    assert own.way(0, 1 << 22, 2) == (True, None)
    assert own.way(0, ALWAYS, 2) == (True, None)


def test_one_slow_call_decides_nothing() -> None:
    own, times = Sharing(), iter([5e-3, *[100e-6] * TRIES])
    for _ in range(TRIES):
        called(own, 1 << 20, lambda is_shared: next(times))
    for _ in range(TRIES):
        called(own, 1 << 20, lambda is_shared: 140e-6)
    assert own.way(0, 1 << 20, 2) == (False, None)


def test_sizes_steps_and_numbers_of_threads_are_apart_and_times_grow_old() -> None:
    own = Sharing()
    for _ in range(2 * TRIES):
        called(own, 1 << 20, lambda is_shared: 1e-3 if is_shared else 20e-6)
    assert own.way(0, (1 << 20) + 9, 2) == (False, None)
    for step, operations, threads in ((0, 1 << 21, 2), (1, 1 << 20, 2), (0, 1 << 20, 3)):
        assert own.way(step, operations, threads)[1] is not None
    for _ in range(OLD):
        own.way(0, 1 << 20, 2)
    assert own.way(0, 1 << 20, 2)[1] is not None


def test_a_kernel_is_tried_both_ways_with_the_same_bits(monkeypatch: pytest.MonkeyPatch) -> None:
    from objc.library import cross_entropy

    clock = iter(np.cumsum(np.tile([0.0, 50e-6], 1000)).tolist())
    monkeypatch.setattr(driver, "time", SimpleNamespace(perf_counter=lambda: next(clock)))
    monkeypatch.setattr(sharing, "OLD", 3)
    generator = np.random.default_rng(2)
    logits = generator.normal(size=(4001, 30))
    label = generator.integers(30, size=len(logits))
    shared = []
    divide = driver.Kernel._divide
    monkeypatch.setattr(driver.Kernel, "_divide", lambda *a: shared.append(1) or divide(*a))
    try:
        driver.set_threads(2)
        found = [cross_entropy.value_and_grad(logits, label) for _ in range(4 * TRIES + 6)]
    finally:
        driver.set_threads(None)
    assert 2 * TRIES <= len(shared) < 4 * TRIES
    for value, gradient in found[1:]:
        assert value == found[0][0]
        np.testing.assert_array_equal(gradient, found[0][1])


# ------------------------------------------------------------------ how it is shared


@pytest.mark.parametrize("threads", [1, 2, 3, 64])
@pytest.mark.parametrize("chunks", [1, 2, 3, 24, 1000])
def test_runs_are_all_chunks_once_and_end_small(chunks: int, threads: int) -> None:
    runs = driver.runs_of(chunks, threads)
    assert [one for first, last in runs for one in range(first, last)] == list(range(chunks))
    lengths = [last - first for first, last in runs]
    assert lengths == sorted(lengths, reverse=True)
    assert lengths[0] <= max(1, chunks / (2 * threads)) and lengths[-1] == 1


def test_nobody_waits_for_a_thread_that_wakes_when_all_is_done(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    sleeping = SimpleNamespace(start=lambda: None)
    monkeypatch.setattr(driver.threading, "Thread", lambda **given: sleeping)
    workers, done = driver.Workers(), []
    workers.run(lambda: done.append(1), 2)
    assert done == [1]
    for _ in range(2):  # they wake
        workers.tasks.get_nowait()()
    assert done == [1]


@pytest.mark.parametrize("failure", [ValueError, KeyboardInterrupt])
def test_who_has_begun_is_waited_for(failure: type[BaseException]) -> None:
    """Whatever happens to the caller: they write to its memory."""
    begun, go, ended = threading.Event(), threading.Event(), []
    caller = threading.get_ident()

    def task() -> None:
        if threading.get_ident() == caller:
            assert begun.wait(10)
            threading.Timer(0.02, go.set).start()
            raise failure
        begun.set()
        assert go.wait(10)
        ended.append(1)

    with pytest.raises(failure):
        driver.Workers().run(task, 1)
    assert ended == [1]
