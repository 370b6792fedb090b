"""How many threads kernels use on this machine's processors."""

from __future__ import annotations

from typing import Any, cast

from objc.target import load


def set_threads(count: int | None) -> None:
    """How many threads a call may use; None takes OBJC_NUM_THREADS, NUMBA_NUM_THREADS, OMP_NUM_THREADS,
    or all processors that this process may run on, of which a PyTorch that is loaded may leave some to
    others (`torch.set_num_threads`). Results are the same to the bit for any number.

    Raises:
        TypeError: a count that is no whole number.
        ValueError: a count below 1, or above 4096.
    """
    cast(Any, load("cpu")).set_threads(count)


def get_threads() -> int:
    """How many threads a call may use."""
    return int(cast(Any, load("cpu")).get_threads())
