"""How long is thought about a question: a limit on the processor time of provers."""

from __future__ import annotations

import contextlib
import gc
import signal
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import FrameType
from typing import Literal

Level = Literal["quick", "normal", "thorough"]

_AGAIN = 0.02
"""Seconds after which a limit is raised once more, where something has swallowed it."""


class OutOfTime(BaseException):
    """A prover has taken too long. Not an `Exception`, which others catch for ends of their own."""


@dataclass(frozen=True)
class Effort:
    """Seconds of processor time: for each question that the text asks (its claims), and for all that is
    looked for beside them in one declaration. An infinity sets no limit."""

    claim: float
    found: float


LEVELS: Mapping[Level, Effort] = {
    "quick": Effort(claim=0.25, found=0.25),
    "normal": Effort(claim=3.0, found=0.6),
    "thorough": Effort(claim=60.0, found=60.0),
}
UNLIMITED = Effort(claim=float("inf"), found=float("inf"))


class Clock:
    """Processor time that is spent here, up to so many seconds."""

    def __init__(self, seconds: float) -> None:
        self.left = seconds

    @contextlib.contextmanager
    def running(self) -> Iterator[None]:
        """Raise OutOfTime when the time is spent, within a prover where the system has timers (on the main
        thread of a Unix), else before the next one.

        The time is that of this process, so that a busy machine decides no less.
        """
        if self.left <= 0:
            raise OutOfTime
        started = time.process_time()
        try:
            with _alarm(self.left):
                yield
        except OutOfTime:
            self.left = 0.0  # the timer and the clock agree up to their ticks only
            raise
        finally:
            self.left -= time.process_time() - started


@contextlib.contextmanager
def _alarm(seconds: float) -> Iterator[None]:
    is_ours = threading.current_thread() is threading.main_thread()
    if not is_ours or seconds == float("inf") or not hasattr(signal, "setitimer"):
        yield
        return
    is_over = False

    def ring(number: int, frame: FrameType | None) -> None:
        if not is_over and not _would_be_lost(frame):
            raise OutOfTime

    before = signal.signal(signal.SIGVTALRM, ring)
    around, _ = signal.getitimer(signal.ITIMER_VIRTUAL)  # a clock that runs around this one
    if around > 0:
        seconds = min(seconds, around)
    started = time.process_time()
    signal.setitimer(signal.ITIMER_VIRTUAL, seconds, _AGAIN)
    try:
        yield
    finally:
        is_over = True
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)
        if around > 0:
            left = max(around - (time.process_time() - started), _AGAIN / 100)
            signal.setitimer(signal.ITIMER_VIRTUAL, left, _AGAIN)


def _would_be_lost(frame: FrameType | None) -> bool:
    """Whether what is raised at this place reaches nobody: Python prints and forgets what finalizers and
    callbacks of references and of its collector raise. The next ring comes soon."""
    collecting = {getattr(each, "__code__", None) for each in gc.callbacks}
    while frame is not None:
        if frame.f_code.co_name == "__del__" or frame.f_code in collecting:
            return True
        if frame.f_globals.get("__name__") in ("weakref", "_weakrefset"):
            return True
        frame = frame.f_back
    return False
