"""What is measured on a device, at which sizes, and what the project aims at there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from objc.bench import cases
from objc.bench.cases import Case

OWN = Path(__file__).with_name("cases.objc")

Storage = str
"""The type that arrays are stored in: float32, float64, bfloat16 or float16."""


@dataclass(frozen=True)
class Aim:
    """What a kernel should reach: a part of the copy's speed, multiples of the speed of peers, seconds
    of the host for a call, bytes beside inputs and results. `either`: one of speed and multiples is
    enough."""

    copy: float | None = None
    faster: Mapping[str, float] = field(default_factory=dict)
    host: float | None = None
    extra: int | None = None
    either: bool = False


@dataclass(frozen=True)
class DeviceCase:
    """One row. `truth` holds the sizes at which the interpreter gives the truth."""

    case: Case
    storage: Storage
    truth: Mapping[str, int]
    aim: Aim = Aim()

    @property
    def name(self) -> str:
        suffix = {"float32": "", "bfloat16": "_bf16", "float16": "_f16", "float64": "_f64"}
        return f"{self.case.name}{suffix[self.storage]}"


SMALL = {"batch": 6, "K": 8, "N": 9, "T": 3, "B": 4, "D": 4}
"""Sizes for the simulator."""


def small(one: DeviceCase) -> DeviceCase:
    """A case at sizes for the simulator, in which nothing is aimed at."""

    def cut(sizes: Mapping[str, int]) -> dict[str, int]:
        return {key: min(value, SMALL[key]) for key, value in sizes.items()}

    case = replace(one.case, sizes=cut(one.case.sizes))
    return replace(one, case=case, truth=cut(one.truth), aim=Aim())


_STREAM = Aim(copy=0.85)
_ROWS = Aim(copy=0.8, faster={"torch.compile": 1.0, "liger": 1.0})
_BETWEEN = Aim(copy=0.6, faster={"torch.compile": 3.0}, either=True)
_EXTRA = 64 << 20


def _elementwise(name: str, batch: int = 1 << 26) -> DeviceCase:
    case = Case(name, name, {"batch": batch}, None, name)
    return DeviceCase(case, "float32", {"batch": 4096}, _STREAM)


def _rows(batch: int, extent: int, storage: Storage, aim: Aim = _ROWS) -> DeviceCase:
    sizes = {"batch": batch, "K": extent}
    case = Case(f"cross_entropy_{extent}", "cross_entropy", sizes, None, "cross_entropy")
    return DeviceCase(case, storage, {"batch": 32, "K": extent}, aim)


def _between(name: str, batch: int, extent: int) -> DeviceCase:
    sizes = {"batch": batch, "K": extent}
    case = Case(f"{name}_{extent}", name, sizes, str(OWN), name)
    return DeviceCase(case, "float32", {"batch": 32, "K": extent}, _BETWEEN)


def _small(batch: int) -> DeviceCase:
    name = "binary_cross_entropy"
    case = Case(f"small_{batch}", name, {"batch": batch}, None, name)
    return DeviceCase(case, "float32", {"batch": batch}, Aim(host=15e-6))


def _sequences() -> DeviceCase:
    sizes = {"batch": 256, "T": 512, "K": 64}
    case = Case("crf", "crf", sizes, str(cases.OWN), "crf", frozenset({"transition"}))
    aim = Aim(faster={"torch": 20.0})
    return DeviceCase(case, "float32", {"batch": 8, "T": 24, "K": 24}, aim)


def _pairs() -> DeviceCase:
    case = Case(
        "pairwise_logistic",
        "pairwise_logistic",
        {"N": 1 << 16},
        str(cases.OWN),
        "pairwise_logistic",
    )
    return DeviceCase(case, "float32", {"N": 700}, Aim(extra=_EXTRA))


def _products() -> DeviceCase:
    case = Case("info_nce", "info_nce", {"B": 8192, "D": 256}, None, "info_nce")
    return DeviceCase(case, "float32", {"B": 200, "D": 32})


def _layer() -> DeviceCase:
    name = "linear_cross_entropy"
    sizes = {"batch": 8192, "K": 32_000, "D": 1024}
    case = Case(name, name, sizes, str(cases.OWN), name, frozenset({"weight"}))
    return DeviceCase(case, "float32", {"batch": 24, "K": 200, "D": 64})


CASES = (
    _rows(1 << 13, 32_768, "float32"),
    _rows(1 << 13, 32_768, "bfloat16"),
    _between("divergence", 1 << 13, 32_768),
    _between("jensen_shannon", 1 << 13, 32_768),
    _between("total_variation", 1 << 13, 32_768),
    _between("focal", 1 << 13, 32_768),
    _rows(1 << 18, 1000, "float32"),
    _rows(1 << 18, 1000, "bfloat16"),
    _rows(1 << 15, 8192, "float32"),
    _sequences(),
    _pairs(),
    _elementwise("binary_cross_entropy"),
    _elementwise("binary_focal"),
    _elementwise("huber"),
    _elementwise("poisson"),
    _small(256),
    _small(4096),
    _products(),
    _layer(),
    _rows(1 << 24, 10, "float32", Aim()),
    _rows(1 << 11, 131_072, "bfloat16", Aim()),
    _rows(16, 1 << 20, "float32", Aim()),
)
"""What is held against what it is compiled to by others comes first, while there is time to compile it."""
