"""The arithmetic of sizes as LLVM: chunks of each step, and where memory for one call stands.

What the driver of the CPU target does in Python. How a step is divided is told by the same functions
(`objc.targets.cpu.division`), on values of LLVM.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from llvmlite import ir
from objc.targets.cpu.division import Division, divided, extent_of
from objc.targets.library.whole import I64, Whole, least, most

from objc.errors import InternalError

F64 = ir.DoubleType()
LINE = 64
"""Bytes of a line of the processor's cache: blocks of memory start at one."""

_MOST = 2.0**62
"""Bytes that no memory has; sizes are multiplied as float64 too, which does not wrap around."""


class Plan:
    """What a kernel's table holds for given sizes (LLVM values by the names of dimensions).

    `steps` are their divisions, `numbers` by slot where the slot holds a number. `blocks` are (slot,
    offset in the workspace), `total` its bytes and `scratch` the bytes that a thread needs. `head` is
    the size of what stands before the blocks.
    """

    def __init__(
        self, builder: Any, metadata: Mapping[str, Any], sizes: Mapping[str, Any], head: int
    ) -> None:
        self.b = builder
        self.sizes = {name: Whole(builder, size) for name, size in sizes.items()}
        self.steps: list[Division] = [
            divided(step, self.sizes, most, least) for step in metadata["steps"]
        ]
        self.numbers: dict[int, Any] = {}
        self.blocks: list[tuple[int, Any]] = []
        self._total: Any = head
        self._scratch: Any = LINE
        self.wide: Any = F64(0.0)
        for place, what in enumerate(metadata["slots"]):
            self._slot(place, tuple(what))
        self.total = self._value(self._total + LINE)  # the workspace may start anywhere
        self.scratch = self._value(self._scratch + LINE)

    @property
    def chunks(self) -> list[Any]:
        """Of every step."""
        return [self._value(step.chunks) for step in self.steps]

    @property
    def fits(self) -> Any:
        """Whether all of it can be addressed."""
        return self.b.fcmp_ordered("<", self.wide, F64(_MOST))

    def hold(self, shape: Sequence[str | int]) -> None:
        """An array of the caller's, which is to be addressed too."""
        self._wide([self._extent(one) for one in shape], 8)

    def _slot(self, place: int, what: tuple[Any, ...]) -> None:
        match what:
            case ("size", name):
                self._number(place, self.sizes[name])
            case ("chunks", step):
                self._number(place, self.steps[step].chunks)
            case ("rows", step):
                self._number(place, self.steps[step].block)
            case ("blocks", step):
                self._number(place, self.steps[step].blocks)
            case ("group", step):
                self._number(place, self.steps[step].rows // self.steps[step].block)
            case ("scratch", _, shape, bytes_of):
                self._number(place, self._scratch)
                extents = [self._extent(one) for one in shape]
                self._scratch = self._after(self._scratch, extents, bytes_of)
            case ("partials", step, width):
                self._block(place, [self.steps[step].blocks, max(width, 1)])
            case ("partial", _, step, shape):
                self._block(place, [self.steps[step].chunks, *map(self._extent, shape)])
            case ("stored", _, shape):
                self._block(place, [self._extent(one) for one in shape])
            case ("input" | "integer" | "output", _):
                pass
            case _:
                raise InternalError(f"a slot of a kind that has no place in a library: {what}")

    def _extent(self, one: Any) -> Any:
        """One extent of a shape: a size by its name, a number, the rows of a step's blocks."""
        if isinstance(one, str | int):
            return extent_of((one,), self.sizes)
        kind, step = one
        if kind != "rows":
            raise InternalError(f"an extent of a kind that has no place in a library: {one}")
        return self.steps[step].block

    def _number(self, place: int, number: Any) -> None:
        self.numbers[place] = self._value(number)

    def _block(self, place: int, extents: list[Any]) -> None:
        self.blocks.append((place, self._value(self._total)))
        self._total = self._after(self._total, extents, 8)

    def _after(self, start: Any, extents: list[Any], bytes_of: int) -> Any:
        """Where the next block begins, behind one of so many numbers and a line; both wide and exact."""
        count: Any = 1
        for one in extents:
            count = count * one
        self._wide(extents, bytes_of)
        lines = (count * bytes_of + (LINE - 1)) // LINE
        return start + lines * LINE + LINE

    def _wide(self, extents: Sequence[Any], bytes_of: int) -> None:
        """The bytes of so many numbers, added to all others."""
        wide: Any = F64(float(bytes_of))
        for one in extents:
            wide = self.b.fmul(wide, self.b.sitofp(self._value(one), F64))
        self.wide = self.b.fadd(self.wide, wide)

    def _value(self, number: Any) -> Any:
        return number.value if isinstance(number, Whole) else I64(number)
