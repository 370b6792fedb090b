"""What the rows of the table are to reach, as ratios: they carry over from machine to machine, times don't.

They come from kernels written by hand for two cores (the project's notes on performance).
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from objc.bench.job import OWN, Entry, Row


@dataclass(frozen=True)
class Aim:
    """How many times longer the strongest peer takes at least, in the default and in the tuned mode of
    the allocator; how many times its floor a kernel takes at most; seconds at most. `peer` is whom it
    is held against, where that is not the strongest."""

    tuned: float | None = None
    default: float | None = None
    floor: float | None = None
    seconds: float | None = None
    peer: str | None = None


AIMS: Mapping[str, Aim] = {
    "binary_cross_entropy": Aim(2.8, 6, 2.2),
    "binary_focal": Aim(4, 7),
    "cross_entropy_10": Aim(3),
    "cross_entropy_1000": Aim(2.2, 6, 1.3),
    "cross_entropy_32768": Aim(2.2, 6, 1.3),
    "pairwise_logistic": Aim(4),
    "ppo_clip": Aim(1.5),
    "crf": Aim(8, peer="jax"),
    "small_256": Aim(seconds=5e-6),
    "small_4096": Aim(seconds=5e-6),
    "logistic_regression": Aim(2),
    "kl_logits": Aim(2.5),
    "jensen_shannon": Aim(2.5),
    "info_nce": Aim(floor=1.3),
    "attention": Aim(1),
    "mmd": Aim(1),
    "squared_boosting": Aim(15, peer="sklearn"),
    "poisson_boosting": Aim(15, peer="sklearn"),
    "poisson_boosting_64": Aim(5, peer="sklearn"),
}
"""By the name of the case."""


@dataclass(frozen=True)
class Held:
    """One figure of a row against its aim. `ratio` is above 1 where it is reached."""

    text: str
    ratio: float


def held(row: Row, mode: str) -> Iterator[Held]:
    """The figures of a row that have an aim in this mode, objc with arrays for its results."""
    aim = AIMS.get(row.case)
    own = _fastest([one for one in row.entries if one.peer in OWN])
    if aim is None or own is None or own.median is None:
        return
    wanted = aim.tuned if mode == "tuned" else aim.default
    peers = [one for one in row.entries if one.peer not in OWN and aim.peer in (None, one.peer)]
    peer = _fastest(peers)
    if wanted is not None and peer is not None and peer.median is not None:
        found = peer.median / own.median
        yield Held(f"{found:.1f}× faster than {peer.peer} ({wanted:g}×)", found / wanted)
    if aim.floor is not None:
        found = own.median / row.floor
        yield Held(f"{found:.1f}× its floor ({aim.floor:g}×)", aim.floor / found)
    if aim.seconds is not None:
        text = f"{own.median * 1e6:.1f} µs ({aim.seconds * 1e6:g} µs)"
        yield Held(text, aim.seconds / own.median)


def _fastest(entries: list[Entry]) -> Entry | None:
    timed = [one for one in entries if one.median is not None]
    return min(timed, key=lambda one: one.median or 0.0, default=None)


EXACT = 1.0
"""Units of the last place of an error that nobody has to do better than."""


def less_exact(row: Row) -> str | None:
    """Where objc's errors are larger than those of the fastest peer, the figures of both; errors stand
    in one mode's rows only."""
    own = _fastest([one for one in row.entries if one.peer in OWN])
    peer = _fastest([one for one in row.entries if one.peer not in OWN])
    if own is None or peer is None:
        return None
    parts = []
    for what in ("value", "gradient"):
        ours, theirs = (getattr(one, f"{what}_error") for one in (own, peer))
        if ours is not None and theirs is not None and _error(ours) > max(EXACT, _error(theirs)):
            parts.append(f"{what} {_error(ours):.1f} ulp, {peer.peer} {_error(theirs):.1f}")
    return "; ".join(parts) or None


def _error(value: float | str) -> float:
    return math.inf if isinstance(value, str) else value


def bound(row: Row) -> str:
    """What bounds a row, with the measurement that says so."""
    if row.limit is None or row.limit.cached is None or row.limit.smallest is None:
        return f"bound by {row.bound}: {row.floor * 1e3:.3g} ms of them"
    cached, smallest = row.limit.cached * 1e3, row.limit.smallest * 1e6
    return (
        f"bound by {row.limit.word}: {cached:.3g} ms with its data in cache,"
        f" {smallest:.3g} µs for one example, {row.floor * 1e3:.3g} ms of {row.bound}"
    )
