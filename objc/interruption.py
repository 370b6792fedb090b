"""Interrupts from the keyboard, met where nothing is half done."""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Callable, Iterator
from typing import Any


@contextlib.contextmanager
def interrupts_held() -> Iterator[Callable[[], None]]:
    """Hold Ctrl-C back, and give a function that lets it through: it raises KeyboardInterrupt if one waits.

    What waits at the end is raised there. A second Ctrl-C is met at once: whoever presses twice means it.
    Python raises an interrupt between any two instructions, and so in the middle of a file, of an update
    of several arrays, or of a `finally` that then doesn't end.

    Where somebody else handles the signal (an outer `interrupts_held`, a notebook, a framework), and in
    threads other than the main one, which get no signals, this does nothing.
    """
    ours = threading.current_thread() is threading.main_thread()
    if not ours or signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
        yield _nothing
        return
    hold = _Hold()
    signal.signal(signal.SIGINT, hold.interrupted)
    try:
        yield hold.let_through
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)
        hold.let_through()


class _Hold:
    def __init__(self) -> None:
        self._waits = False

    def interrupted(self, number: int, frame: Any) -> None:
        if self._waits:
            self.let_through()
        self._waits = True

    def let_through(self) -> None:
        if self._waits:
            self._waits = False
            raise KeyboardInterrupt


def _nothing() -> None:
    """Nothing is held, so nothing waits."""
