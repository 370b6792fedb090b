"""Whether threads are worth waking, as the calls themselves say.

What a second thread costs to wake hangs on the machine and on what it does just now (10 µs where its
processor is busy with us anyway, 90 where it has gone to sleep), and how long a step takes is known to
its operations within a factor of a hundred. So neither is guessed: the first calls of a size are made
alone and shared in turn, and the faster way is taken from then on. At the size where one overtakes the
other both take the same time, so nothing jumps there. Results are the same to the bit either way.
"""

from __future__ import annotations

import math

# ---- copied into emitted modules from here on

ALWAYS = 1 << 25
"""Operations that are worth waking threads for on any machine; fewer are tried both ways."""

TRIES = 6
"""Calls of each way that are compared by their fastest: the first of them warms the caches."""

SHORT = 8e-6
"""Seconds in which no thread is woken: what is done in them alone isn't tried shared."""

LONG = 1e-2
"""Seconds beside which waking threads is nothing: what takes them alone is shared from then on."""

OLD = 1024
"""Calls after which both ways are tried again: the machine may be another's by now."""


class Trial:
    """A step of about one size, alone and shared among so many threads. Callers in several threads may
    use one at once: at worst a time is lost."""

    __slots__ = ("calls", "fastest", "is_shared", "tries")

    def __init__(self) -> None:
        self.begin()

    def begin(self) -> None:
        """Know nothing."""
        self.is_shared: bool | None = None
        self.fastest = [math.inf, math.inf]
        self.tries = [0, 0]
        self.calls = 0

    def note(self, is_shared: bool, seconds: float, operations: int) -> None:
        """Take in how long a call took; the last of the tries decides."""
        self.tries[is_shared] += 1
        self.fastest[is_shared] = min(self.fastest[is_shared], seconds / operations)
        if not is_shared and not SHORT <= seconds <= LONG:
            self.is_shared = seconds > LONG
        elif is_shared and self.tries[1] >= TRIES:
            self.is_shared = self.fastest[1] < self.fastest[0]


class Sharing:
    """The trials of one kernel, by step, size (within a factor of two) and number of threads."""

    def __init__(self) -> None:
        self.trials: dict[tuple[int, int, int], Trial] = {}

    def way(self, step: int, operations: int, threads: int) -> tuple[bool, Trial | None]:
        """Whether to share a step of so many operations; and what wants to know how long it takes."""
        if operations >= ALWAYS:
            return True, None
        key = step, operations.bit_length(), threads
        trial = self.trials.get(key)
        if trial is None:
            trial = self.trials.setdefault(key, Trial())
        if trial.is_shared is None:
            return trial.tries[0] >= TRIES, trial
        trial.calls += 1
        found = trial.is_shared
        if trial.calls >= OLD:
            trial.begin()
        return found, None
