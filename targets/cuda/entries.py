"""Functions that go over whole arrays, an entry a thread: sums of the parts that blocks have, positions that
are held against their dimensions, and weights."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from objc.targets.cpu.layout import plain, shape_of
from objc.targets.cuda.layout import Parameters
from objc.targets.cuda.values import WEIGHT
from objc.targets.cuda.weighing import weight_of

from objc.ir.index import BATCH, Dimension
from objc.ir.program import Input, Let

if TYPE_CHECKING:
    from objc.targets.cuda.emission import Kernel
    from objc.targets.cuda.steps import StepText

    from objc.schedule.loops import Finish


class CombineText:
    """A reduction in arrays over the turns of a step, from what its blocks have."""

    def __init__(self, step: StepText, finish: Finish) -> None:
        self.step = step
        self.let = step.program.let[finish.let]
        self.finish = finish
        self.name = f"{step.name}_{step.layout.name('sum', finish.let)}"
        self.arguments = Parameters()

    def text(self) -> str:
        step, let = self.step, self.let
        number = step.layout.parts[let.name]
        kind = "int64" if let.domain.is_integer else step.dtype
        extents = [step.layout.extent(axis.dimension) for axis in self.finish.axes]
        for extent in extents:
            if extent in step.layout.sizes:
                self.arguments.add(extent, "size", step.layout.sizes[extent])
        shape = shape_of(axis.dimension for axis in self.finish.axes)
        blocks = self.arguments.add("blocks", "blocks", number)
        names = [step.layout.name("sum", let.name)]
        is_sum = let.reduction == "sum" and kind == "float32"
        if is_sum:
            names.append(step.layout.name("lost", let.name))
        for name in names:
            partial = (blocks, "total")
            self.arguments.array(name, partial, kind, "partial", name, number, tuple(shape), kind)
        storage = step.loops.storage[let.name]
        out = step.layout.name("out" if storage.kind == "output" else "kept", let.name)
        if storage.kind == "output":
            held = step._stored(let)
            self.arguments.array(out, ("total",), held, "output", let.name, held)
        else:
            self.arguments.array(out, ("total",), kind, "stored", let.name, tuple(shape), kind)
        step.layout.filled.add(let.name)
        lines = [f"    total = {' * '.join(extents)}", *self.arguments.head()]
        lines += [
            "    first = cuda.blockIdx.x * cuda.blockDim.x + cuda.threadIdx.x",
            "    for e in range(first, total, cuda.gridDim.x * cuda.blockDim.x):",
            f"        x = {names[0]}[0, e]",
        ]
        turns = f"        for c in range(1, {blocks}):"
        if is_sum:
            step.functions.update(("plus", "rounded"))
            lines += [
                f"        rest = {names[1]}[0, e]",
                turns,
                f"            x, rest = plus(x, rest, {names[0]}[c, e])",
                f"            rest = rest + {names[1]}[c, e]",
                f"        {out}[e] = rounded(x, rest)",
            ]
        else:
            joined = step._join(let, "x", f"{names[0]}[c, e]", kind)
            lines += [turns, f"            x = {joined}", f"        {out}[e] = x"]
        signature = f"def {self.name}({', '.join(self.arguments.signature())}):"
        return "\n".join(["@kernel", signature, *lines])


class CheckText:
    """The positions of an input, each held against its dimension."""

    def __init__(self, kernel: Kernel, one: Input, bound: Dimension) -> None:
        self.kernel = kernel
        self.one = one
        self.bound = bound
        self.name = f"{kernel.prefix}check_{plain(one.name)}"
        self.arguments = Parameters()

    def text(self) -> str:
        layout = self.kernel.layout
        extents = [self._extent(one) for one in self.one.dimensions]
        extent = self._extent(self.bound)
        held = layout.name("in", self.one.name)
        self.arguments.array(held, ("total",), "int64", "input", self.one.name, "int64")
        self.arguments.array("errors", ("32",), "int64", "errors")
        self.kernel.functions.add("inside")
        site = (self.one.name, -1)  # the entry itself, not a position that is read
        if site not in self.kernel.sites:
            self.kernel.sites.append(site)
        batched = self.one.dimensions[0] == BATCH
        example = f"e // ({' * '.join(extents[1:]) or '1'})" if batched else "-1"
        place = f"3, {self.kernel.sites.index(site)}, {held}[e], {extent}, {example}"
        weight = weight_of(self.kernel.loops.program) if batched else None
        check = [f"inside(errors, {place})"]
        if weight is not None:  # what counts for nothing may hold anything
            name = layout.name("in", weight.name)
            kind = layout.stored
            self.arguments.array(name, (extents[0],), kind, "input", weight.name, kind)
            zero = f"{self.kernel.dtype}(0.0)"
            check = [f"if {name}[{example}] != {zero}:", f"    {check[0]}"]
        return over_entries(self.name, self.arguments, " * ".join(extents), check)

    def _extent(self, dimension: Dimension) -> str:
        name = self.kernel.layout.extent(dimension)
        if name in self.kernel.layout.sizes:
            self.arguments.add(name, "size", self.kernel.layout.sizes[name])
        return name


class WeightText:
    """The weights of the examples, each of which is to be at least 0 and finite."""

    def __init__(self, kernel: Kernel, one: Input) -> None:
        self.kernel = kernel
        self.one = one
        self.name = f"{kernel.prefix}check_{plain(one.name)}"
        self.arguments = Parameters()

    def text(self) -> str:
        layout = self.kernel.layout
        extent = layout.extent(BATCH)
        self.arguments.add(extent, "size", layout.sizes[extent])
        held, kind = layout.name("in", self.one.name), layout.stored
        self.arguments.array(held, (extent,), kind, "input", self.one.name, kind)
        self.arguments.array("errors", ("32",), "int64", "errors")
        self.arguments.array("numbers", ("32",), "float64", "errors")
        self.kernel.functions.add("weighs")
        self.kernel.sites.append((self.one.name, WEIGHT))
        check = f"weighs(errors, numbers, {len(self.kernel.sites) - 1}, {held}[e], e)"
        return over_entries(self.name, self.arguments, extent, [check])


class WorthlessText:
    """The arrays of a call of which no scalar is read: nothing else could tell that a position or a weight
    has made them worthless. They are filled with what is no number then."""

    def __init__(self, kernel: Kernel) -> None:
        self.kernel = kernel
        self.name = f"{kernel.prefix}worthless"
        self.arguments = Parameters()
        self.arrays = [
            let
            for name in dict.fromkeys(kernel.loops.program.outputs.values())
            if (let := kernel.loops.program.let[name]).free and not let.domain.is_integer
        ]

    def extents(self, let: Let) -> list[str]:
        found = [self.kernel.layout.extent(one) for one in let.dimensions]
        for name in found:
            if name in self.kernel.layout.sizes:
                self.arguments.add(name, "size", self.kernel.layout.sizes[name])
        return found

    def text(self) -> str:
        layout = self.kernel.layout
        self.arguments.array("errors", ("32",), "int64", "errors")
        lines = []
        for let in self.arrays:
            total = " * ".join(self.extents(let))
            out, kind = layout.name("out", let.name), layout.stored
            self.arguments.array(out, (total,), kind, "output", let.name, kind)
            lines += [
                f"for e in range(first, {total}, cuda.gridDim.x * cuda.blockDim.x):",
                f"    {out}[e] = {self.kernel.dtype}(math.nan)",
            ]
        return "\n".join(
            [
                "@kernel",
                f"def {self.name}({', '.join(self.arguments.signature())}):",
                *self.arguments.head(),
                "    first = cuda.blockIdx.x * cuda.blockDim.x + cuda.threadIdx.x",
                "    if errors[24] != 0:",
                *(f"        {line}" for line in lines),
            ]
        )


def over_entries(name: str, arguments: Parameters, total: str, lines: Sequence[str]) -> str:
    """A function that does something for every entry `e` of so many."""
    return "\n".join(
        [
            "@kernel",
            f"def {name}({', '.join(arguments.signature())}):",
            f"    total = {total}",
            *arguments.head(),
            "    first = cuda.blockIdx.x * cuda.blockDim.x + cuda.threadIdx.x",
            "    for e in range(first, total, cuda.gridDim.x * cuda.blockDim.x):",
            *(f"        {one}" for one in lines),
        ]
    )
