"""What one process of a benchmark is told, and what it says: plain data on both sides."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from objc.bench.cases import Case

OWN = {"objc": "kernel", "objc out": "kernel"}
"""objc's kernels, as called without and with arrays for the gradients; names and modules of `peers`."""

PEERS = {
    "torch": "torch",
    "torch.compile": "torch",
    "jax": "jax",
    "numpy": "numpy",
    "sklearn": "sklearn",
}
"""Whom they are measured against."""


@dataclass(frozen=True)
class Job:
    """A benchmark under one allocator mode. `check` asks for errors and peak memory as well; with
    dimensions in `sweep`, cases are measured along those of them that they have instead."""

    cases: tuple[Case, ...]
    peers: tuple[str, ...]
    dtype: str
    threads: int
    repetitions: int
    check: bool
    sweep: tuple[str, ...] = ()
    memory: bool = False
    """Whether one call of each case is made, for the memory that it takes, and nothing else."""
    ground: Mapping[str, float] | None = None
    """The floors, where they have been measured: only the cases are left then."""
    ended: Mapping[str, str] = field(default_factory=dict)
    """Peers whose process ended in these cases, and how: they are not tried again."""

    def data(self) -> dict[str, Any]:
        data = dataclasses.asdict(self)
        for one in data["cases"]:
            one["shared"] = sorted(one["shared"])
        return data

    @classmethod
    def from_data(cls, data: Mapping[str, Any]) -> Job:
        cases = [_case(one) for one in data["cases"]]
        lists = {"peers": tuple(data["peers"]), "sweep": tuple(data["sweep"])}
        return cls(**{**data, **lists, "cases": tuple(cases)})


def _case(data: Mapping[str, Any]) -> Case:
    own = {"shared": frozenset(data["shared"]), "results": tuple(data["results"])}
    return Case(**{**data, **own})


@dataclass(frozen=True)
class Entry:
    """One contender of one case: seconds, or why there are none."""

    peer: str
    absent: str | None = None
    form: str | None = None
    median: float | None = None
    lower: float | None = None
    upper: float | None = None
    samples: int | None = None
    calls: int | None = None
    value_error: float | None = None
    gradient_error: float | None = None
    memory: int | None = None


@dataclass(frozen=True)
class Limit:
    """What keeps a kernel from being faster, as measured: the time of its smallest call, and the time
    that its work takes in pieces whose data the processor's cache holds. Seconds; None where it has no
    batch to be taken in pieces."""

    word: str
    """`latency`, `bytes` or `operations`."""

    smallest: float | None
    cached: float | None


@dataclass(frozen=True)
class Row:
    """One case: its floor in seconds and what bounds it, the work (as `objc.bench.work` counts it), and
    everyone who took part."""

    case: str
    sizes: Mapping[str, int]
    entries: tuple[Entry, ...]
    bytes: int
    operations: int
    products: int
    functions: int
    floor: float
    bound: str
    dtype: str
    limit: Limit | None
    others: float | None
    """The part of the processors that others used while this was measured."""

    def entry(self, peer: str) -> Entry | None:
        return next((one for one in self.entries if one.peer == peer), None)

    @classmethod
    def from_data(cls, data: Mapping[str, Any]) -> Row:
        entries = tuple(Entry(**one) for one in data["entries"])
        limit = None if data["limit"] is None else Limit(**data["limit"])
        return cls(**{**data, "entries": entries, "limit": limit})


def as_data(rows: Sequence[Row]) -> list[dict[str, Any]]:
    """Rows as JSON holds them: an error that is infinite as the word."""
    found = [dataclasses.asdict(row) for row in rows]
    for row in found:
        for entry in row["entries"]:
            for name in ("value_error", "gradient_error"):
                if entry[name] is not None and entry[name] == float("inf"):
                    entry[name] = "infinite"
    return found
