"""The CPU target: Numba compiles chunk kernels, and threads share the chunks.

A program is scheduled into steps, written as readable Numba text, compiled once to object code that the
disk cache keeps, and run by a driver that needs no compiler.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from objc.ir.program import Program
from objc.target import DType, Emitted, Executable, IndexOutOfRange

if TYPE_CHECKING:
    from objc.schedule.loops import Loops

__all__ = [
    "bound",
    "emit",
    "get_threads",
    "load",
    "loops",
    "module",
    "operations",
    "set_threads",
    "supports",
]


def supports(program: Program) -> str | None:
    """None if the program can be emitted, else the reason why not."""
    from objc.targets.cpu.declined import reason

    return reason(program)


def emit(program: Program, dtype: DType) -> Emitted:
    """The text of one program of primitive reductions."""
    from objc.targets.cpu.emission import emit as write

    return write(program, dtype)


def loops(program: Program) -> Loops:
    """The loops of a program as they are emitted: what `objc show --stage loops` prints."""
    from objc.targets.cpu.emission import scheduled

    return scheduled(program, "float64")


def load(emitted: Emitted) -> Executable:
    """Make the text run; compiled code comes from the disk cache where it is there."""
    from objc.targets.cpu import driver
    from objc.targets.cpu.first_form import Usual
    from objc.targets.cpu.loading import entry_of

    def form(text: str, metadata: Mapping[str, Any]) -> Callable[..., dict[str, float]]:
        def whole() -> driver.Kernel:
            return driver.Kernel(entry_of(text), metadata, IndexOutOfRange)

        usual = metadata.get("usual")
        if usual is None:
            return whole()
        entry = entry_of(usual["text"])
        return Usual(driver.Kernel(entry, usual["metadata"], IndexOutOfRange), whole)

    narrow = emitted.metadata.get("narrow")
    if narrow is None:
        return form(emitted.text, emitted.metadata)
    return driver.Either(
        lambda: form(emitted.text, emitted.metadata),
        lambda: form(narrow["text"], narrow["metadata"]),
        narrow["few"],
    )


def module(programs: Iterable[tuple[Program, Mapping[str, Program]]], dtype: DType) -> str:
    """A module for people: every declaration with its compiled variants, without objc."""
    from objc.targets.cpu.standalone import module as write

    return write(programs, dtype)


def bound(
    run: Any, sizes: Mapping[str, int], numbers: Mapping[str, Any], given: Sequence[Any]
) -> Callable[[tuple[Any, ...]], list[float] | None] | None:
    """What was loaded, bound to arguments of a call's kinds: see `objc.targets.cpu.binding`."""
    from objc.targets.cpu.binding import bound as bind

    return bind(run, sizes, numbers, given)


def operations(run: Any, arguments: Mapping[str, Any], sizes: Mapping[str, int]) -> tuple[int, int]:
    """The operations of what was loaded at these sizes, and those that several threads can share."""
    from objc.targets.cpu.binding import kernel_of

    kernel = kernel_of(run, sizes)
    plan = kernel.plan(kernel.all_sizes(arguments, sizes))
    whole = sum(one.chunks * one.rows * one.work for one in plan.steps)
    return whole, sum(operations for _, operations in plan.several)


def set_threads(count: int | None) -> None:
    """How many threads a call may use; None leaves it to what `get_threads` finds."""
    from objc.targets.cpu import driver

    driver.set_threads(count)


def get_threads() -> int:
    """How many threads a call may use."""
    from objc.targets.cpu import driver

    return driver.get_threads()
