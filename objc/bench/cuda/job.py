"""What the process of a measurement is told, and what it says: plain data on both sides."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from objc.bench.cases import Case
from objc.bench.cuda.cases import Aim, DeviceCase
from objc.bench.cuda.timing import DeviceTiming


@dataclass(frozen=True)
class DeviceJob:
    """A measurement. `limit` are the seconds that it may take; `barred` names contenders of cases that
    have ended a process before, with what is said of them."""

    cases: tuple[DeviceCase, ...]
    peers: tuple[str, ...]
    repetitions: int
    limit: float
    barred: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    def data(self) -> dict[str, Any]:
        data = dataclasses.asdict(self)
        for one in data["cases"]:
            one["case"]["shared"] = sorted(one["case"]["shared"])
        return data

    @classmethod
    def from_data(cls, data: Mapping[str, Any]) -> DeviceJob:
        return cls(
            tuple(_case(one) for one in data["cases"]), tuple(data["peers"]),
            data["repetitions"], data["limit"], data["barred"],
        )  # fmt: skip


def _case(data: Mapping[str, Any]) -> DeviceCase:
    held = data["case"]
    own = {"shared": frozenset(held["shared"]), "results": tuple(held["results"])}
    case = Case(**{**held, **own})
    return DeviceCase(case, data["storage"], data["truth"], Aim(**data["aim"]))


@dataclass(frozen=True)
class DeviceEntry:
    """One contender of one case, or why there are no figures: times in seconds, errors as parts of the
    true value and of the largest entry of the true gradient, memory in bytes beyond the inputs."""

    peer: str
    absent: str | None = None
    form: str | None = None
    timing: DeviceTiming | None = None
    value_error: float | None = None
    gradient_error: float | None = None
    memory: int | None = None


@dataclass(frozen=True)
class DeviceRow:
    """One case: the bytes that every call moves at least, results among them, and who took part."""

    case: DeviceCase
    bytes: int
    results: int
    entries: tuple[DeviceEntry, ...]

    def entry(self, peer: str) -> DeviceEntry | None:
        return next((one for one in self.entries if one.peer == peer), None)

    def seconds(self, peer: str) -> float | None:
        """The median of a contender, if it was measured."""
        found = self.entry(peer)
        return None if found is None or found.timing is None else found.timing.median

    def data(self) -> dict[str, Any]:
        """As JSON holds it: an error that is infinite as the word."""
        data = dataclasses.asdict(self)
        data["case"]["case"]["shared"] = sorted(data["case"]["case"]["shared"])
        data["name"] = self.case.name
        for entry in data["entries"]:
            for name in ("value_error", "gradient_error"):
                if entry[name] == float("inf"):
                    entry[name] = "infinite"
        return data

    @classmethod
    def from_data(cls, data: Mapping[str, Any]) -> DeviceRow:
        entries = []
        for one in data["entries"]:
            held = dict(one)
            if held["timing"] is not None:
                held["timing"] = DeviceTiming(**held["timing"])
            for name in ("value_error", "gradient_error"):
                if held[name] == "infinite":
                    held[name] = float("inf")
            entries.append(DeviceEntry(**held))
        return cls(_case(data["case"]), data["bytes"], data["results"], tuple(entries))


def rows_as_data(rows: Sequence[DeviceRow]) -> list[dict[str, Any]]:
    return [one.data() for one in rows]
