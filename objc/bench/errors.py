"""E0340 to E0345: what `objc bench` refuses."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from objc.errors import Diagnostic, did_you_mean


@dataclass(frozen=True)
class NothingToMeasure(Diagnostic):
    """`objc bench` measures value and gradient together, so it wants a loss or an objective that can be
    differentiated: a metric, a function or a model has no such pair.

    Example: `objc bench metrics.objc:accuracy`.

    Mend: name a loss of the file, as `objc bench losses.objc:huber`.
    """

    code: ClassVar[str] = "E0340"

    name: str

    def title(self) -> str:
        return f"`{self.name}` is no loss or objective with a gradient"


@dataclass(frozen=True)
class NoSuchCase(Diagnostic):
    """`--case` names a case that `objc bench` doesn't have.

    `objc bench --list` prints the cases with their sizes; a declaration of your own is measured as
    `objc bench FILE:NAME`.
    """

    code: ClassVar[str] = "E0341"

    name: str
    known: tuple[str, ...]

    def title(self) -> str:
        return f"there is no case `{self.name}`"

    def help(self) -> str | None:
        return did_you_mean(self.name, self.known) or "`objc bench --list` lists them"


@dataclass(frozen=True)
class BusyMachine(Diagnostic):
    """Other processes use the processors, so that a measurement would say little.

    Wait until they are done, or measure all the same with `--busy`: the result then says how busy the
    machine was.
    """

    code: ClassVar[str] = "E0342"

    percent: int

    def title(self) -> str:
        return f"the machine is busy: others use {self.percent} % of its processors"

    def help(self) -> str | None:
        return "wait, or measure all the same with `--busy`"


@dataclass(frozen=True)
class WorkerFailed(Diagnostic):
    """A process of the benchmark ended before its job was done: out of memory, for the most part. Where a
    peer ends it the table says so, and goes on without the peer; here it was a kernel of objc's.

    Measure fewer cases at a time (`--case`) or smaller ones (`--size`).
    """

    code: ClassVar[str] = "E0343"

    status: int
    said: str

    def title(self) -> str:
        return f"a process of the benchmark ended with the status {self.status}"

    def notes(self) -> Sequence[str]:
        return tuple(self.said.strip().splitlines()[-4:])


@dataclass(frozen=True)
class NoSuchSize(Diagnostic):
    """`--size` names a dimension that the case doesn't have.

    objc bench --case binary_cross_entropy --size K=10
    error[E0344]: `binary_cross_entropy` has no dimension `K`
      = note: its sizes are batch=10000000
    """

    code: ClassVar[str] = "E0344"

    case: str
    name: str
    sizes: tuple[str, ...]

    def title(self) -> str:
        return f"`{self.case}` has no dimension `{self.name}`"

    def notes(self) -> Sequence[str]:
        return (f"its sizes are {', '.join(self.sizes)}",)
