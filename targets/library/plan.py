"""The arithmetic of sizes as LLVM: chunks of each step, and where memory for one call stands.

What the driver of the CPU target does in Python (`objc.targets.cpu.driver`): chunks are a function of
the sizes alone, so that results do not depend on who computes which.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from llvmlite import ir
from objc.targets.cpu import driver

from objc.errors import InternalError

I64, F64 = ir.IntType(64), ir.DoubleType()
LINE = 64
"""Bytes of a line of the processor's cache: blocks of memory start at one."""

_MOST = 2.0**62
"""Bytes that no memory has; sizes are multiplied as float64 too, which does not wrap around."""


class Plan:
    """What a kernel's table holds for given sizes (LLVM values by the names of dimensions).

    `chunks` and `rows` are by step, `numbers` by slot where the slot holds a number. `blocks` are
    (slot, offset in the workspace) and `scratch` the bytes that a thread needs. `head` is the size of
    what stands before the blocks.
    """

    def __init__(
        self, builder: Any, metadata: Mapping[str, Any], sizes: Mapping[str, Any], head: int
    ) -> None:
        self.b = builder
        self.sizes = sizes
        self.chunks: list[Any] = []
        self.rows: list[Any] = []
        for step in metadata["steps"]:
            self._step(step)
        self.numbers: dict[int, Any] = {}
        self.blocks: list[tuple[int, Any]] = []
        self.total: Any = I64(head)
        self.scratch: Any = I64(LINE)
        self.wide: Any = F64(0.0)
        for place, what in enumerate(metadata["slots"]):
            self._slot(place, tuple(what))
        self.total = self._add(self.total, LINE)  # the workspace may start anywhere
        self.scratch = self._add(self.scratch, LINE)

    @property
    def fits(self) -> Any:
        """Whether all of it can be addressed."""
        return self.b.fcmp_ordered("<", self.wide, F64(_MOST))

    def _slot(self, place: int, what: tuple[Any, ...]) -> None:
        match what:
            case ("size", name):
                self.numbers[place] = self.sizes[name]
            case ("chunks", step):
                self.numbers[place] = self.chunks[step]
            case ("rows", step):
                self.numbers[place] = self.rows[step]
            case ("scratch", _, shape, bytes_of):
                self.numbers[place] = self.scratch
                count = self._mul(self.extent(shape), bytes_of)
                self.scratch = self._add(self._rounded(self._add(self.scratch, count)), LINE)
                self._widen(self._wide(shape), bytes_of)
            case ("partials", step, width):
                count = self._mul(self.chunks[step], max(width, 1))
                self._block(place, count, self._float(self.chunks[step]), width)
            case ("partial", _, step, shape):
                count = self._mul(self.chunks[step], self.extent(shape))
                self._block(place, count, self._float(self.chunks[step]), self._wide(shape))
            case ("stored", _, shape):
                self._block(place, self.extent(shape), self._wide(shape), 1)
            case ("input" | "integer" | "output", _):
                pass
            case _:
                raise InternalError(f"a slot of a kind that has no place in a library: {what}")

    def _block(self, place: int, numbers: Any, wide: Any, factor: Any) -> None:
        self.blocks.append((place, self.total))
        self.total = self._add(self._rounded(self._add(self.total, self._mul(numbers, 8))), LINE)
        wide_factor = factor if not isinstance(factor, int) else F64(float(factor))
        self._widen(self.b.fmul(wide, wide_factor), 8)

    def _step(self, step: Any) -> None:
        """Chunks and rows of a step: see `Kernel.chunks` of the driver."""
        if step is None:
            self.chunks.append(I64(1))
            self.rows.append(I64(1))
            return
        divided, work_of, partials, _ = step
        extent = self.extent((divided,))
        work: Any = I64(0)
        for count, names in work_of:
            work = self._add(work, self._mul(self.extent(names), count))
        work = self._most(work, I64(1))
        rows = self._most(self.b.sdiv(I64(driver.CHUNK), work), I64(1))
        if partials:
            partial: Any = I64(0)
            for shape in partials:
                partial = self._add(partial, self.extent(shape))
            least = self._up(self._mul(partial, 4), work)
            memory = self._up(self._mul(self._mul(extent, partial), 8), I64(driver.PARTIALS))
            bound = self._most(self._most(rows, least), memory)
            some = self.b.icmp_signed(">", partial, I64(0))
            rows = self.b.select(some, bound, rows)
        self.rows.append(rows)
        self.chunks.append(self._most(self._up(extent, rows), I64(1)))

    def extent(self, shape: Any) -> Any:
        """The number of entries of a shape."""
        product: Any = I64(1)
        for one in shape:
            product = self._mul(product, self.sizes[one] if isinstance(one, str) else one)
        return product

    def _wide(self, shape: Any) -> Any:
        product: Any = F64(1.0)
        for one in shape:
            size = self._float(self.sizes[one]) if isinstance(one, str) else F64(float(one))
            product = self.b.fmul(product, size)
        return product

    def _widen(self, wide: Any, bytes_of: int) -> None:
        self.wide = self.b.fadd(self.wide, self.b.fmul(wide, F64(float(bytes_of))))

    def _float(self, value: Any) -> Any:
        return self.b.sitofp(value, F64)

    def _add(self, left: Any, right: Any) -> Any:
        return self.b.add(left, right if not isinstance(right, int) else I64(right))

    def _mul(self, left: Any, right: Any) -> Any:
        return self.b.mul(left, right if not isinstance(right, int) else I64(right))

    def _most(self, left: Any, right: Any) -> Any:
        return self.b.select(self.b.icmp_signed(">", left, right), left, right)

    def _up(self, above: Any, below: Any) -> Any:
        """The quotient, rounded up."""
        return self.b.sdiv(self._add(above, self.b.sub(below, I64(1))), below)

    def _rounded(self, size: Any) -> Any:
        return self.b.and_(self._add(size, LINE - 1), I64(-LINE))
