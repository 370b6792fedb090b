"""From loops to the text of a module of Numba-CUDA: every step for every size of team that suits it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import sympy
from objc.targets._conditional import computable_everywhere
from objc.targets._ranks import ranked
from objc.targets.cpu.layout import plain, shape_of
from objc.targets.cpu.places import Writing
from objc.targets.cuda.held import Rows, rows_of
from objc.targets.cuda.launching import MOST_THREADS
from objc.targets.cuda.layout import SHORT, Layout, Mode, Parameters
from objc.targets.cuda.sharing import is_simple
from objc.targets.cuda.steps import StepText, inner_loops

from objc.errors import InternalError
from objc.ir.index import BATCH, Dimension
from objc.ir.program import Input, Let, Program
from objc.ir.symbols import reads
from objc.schedule import schedule
from objc.schedule.loops import Finish, Loops, Parallel, Serial
from objc.schedule.storage import storage_of
from objc.target import DType, Emitted


def emit(program: Program, dtype: DType) -> Emitted:
    """The text of a program; `metadata` says how it is to be launched."""
    kernel = Kernel(scheduled(program, dtype), dtype)
    text = f"{kernel.head()}\n\n\n{kernel.body()}\n"
    return Emitted(program.name, text, dtype, kernel.metadata())


def scheduled(program: Program, dtype: DType) -> Loops:
    """The loops of a program: products of matrices are loops like others, sorting is by counting. Where
    arrays are stored in a short type, nothing that is computed with passes through those of results."""
    ready = ranked(computable_everywhere(program))
    if dtype not in SHORT:
        return schedule(ready, products=False)
    loops = schedule(apart(ready), products=False)
    return replace(loops, storage=storage_of(loops.program, loops.steps, {}))


def apart(program: Program) -> Program:
    """The program with a tensor of its own for every result that is read as well."""
    read = {one.tensor for let in program.lets for one in reads(let.body)}
    read |= {one.tensor for let in program.lets for one in reads(let.guard)}
    names = set(program.let) | {one.name for one in program.inputs}
    copies: dict[str, Let] = {}
    for name in program.outputs.values():
        let = program.let[name]
        if let.free and name in read and name not in copies:
            own = f"stored_{name}"
            while own in names:
                own += "_"
            copies[name] = replace(
                let, name=own, body=let.read(*let.free), reduction=None, over=(), guard=sympy.true
            )
    outputs = {
        key: copies[name].name if name in copies else name for key, name in program.outputs.items()
    }
    return replace(program, lets=(*program.lets, *copies.values()), outputs=outputs)


class Kernel:
    """The functions of one program's text, and what has to be known to launch them."""

    def __init__(self, loops: Loops, stored: DType, prefix: str = "") -> None:
        self.loops = loops
        self.dtype: DType = "float32" if stored in SHORT else stored
        self.prefix = prefix
        self.layout = Layout(self.dtype, stored=stored)
        self.sites: list[tuple[str, int]] = []
        self.functions: set[str] = set()
        self.writing = Writing(loops, self.dtype, prefix, self.layout, self.sites, self.functions)
        self.texts: list[str] = []
        self.steps: list[dict[str, Any]] = []
        for one in loops.program.inputs:
            self._check(one)
        for number, step in enumerate(loops.steps):
            if isinstance(step, Parallel):
                self._parallel(number, step)
            else:
                assert isinstance(step, Serial)  # products are loops here, so nothing is in blocks
                self._serial(number, step)
        self._require_filled()

    def _check(self, one: Input) -> None:
        """Indices that are compared only: nothing is read at them, so nothing else would see them
        leave their dimension."""
        program, bound = self.loops.program, one.domain.dimension
        if bound is None or not one.dimensions or one.name in program.gathered:
            return
        if bound.size is None and bound not in program.dimensions:
            return  # nothing says how large it is
        text = CheckText(self, one, bound)
        self.texts.append(text.text())
        functions = {"thread": (text.name, text.arguments.described())}
        shape = shape_of(one.dimensions)
        self.steps.append({"number": None, "turns": shape, "inner": (), "functions": functions})

    def _parallel(self, number: int, step: Parallel) -> None:
        sized = any(start.axes for start in step.reductions)
        first = self._step(number, "block")
        inner = inner_loops(step, first.sharing)
        modes: tuple[Mode, ...] = ("block",) if sized else ("thread",)
        if inner and not sized:
            modes = ("thread", "warp", "block")
        dimension = step.loop.index.dimension
        by_four = [one for one in inner if first.sharing.may_go_by_four(one)]
        if not inner and is_simple(step.loop):
            by_four = [step.loop]
        functions: dict[str, Any] = {}
        rows = Rows() if sized else rows_of(self.loops, step, first.sharing)
        most = MOST_THREADS if rows.count else 0  # others want more registers than threads
        for mode in modes:
            if by_four and (mode != "thread" or not inner):
                four = self._step(number, mode, True, None, most if mode == "block" else 0)
                text = four.text()
                if four.registers:
                    self.texts.append(text)
                    described = four.arguments.described()
                    multiple = tuple(shape_of([one.index.dimension])[0] for one in by_four)
                    at_once = self.layout.at_once
                    functions[f"{mode}_four"] = (four.function, described, multiple, at_once)
                    if mode != "thread" and rows.count:
                        self._held(number, mode, functions, rows)
            plain = self._step(number, mode, False, None, most if mode == "block" else 0)
            self.texts.append(plain.text())
            functions[mode] = (plain.function, plain.arguments.described())
        self.steps.append(
            {
                "number": number,
                "turns": shape_of([dimension])[0],
                "inner": tuple(shape_of([one.index.dimension])[0] for one in inner),
                "functions": functions,
                "most": most,
            }
        )

    def _held(self, number: int, mode: Mode, functions: dict[str, Any], rows: Rows) -> None:
        """The function for rows that fit in shared memory."""
        assert rows.dimension is not None
        own = self._step(number, mode, True, rows, MOST_THREADS if mode == "block" else 0)
        self.texts.append(own.text())
        _, _, multiple, at_once = functions[f"{mode}_four"]
        (extent,) = shape_of([rows.dimension])
        shared = rows.count, extent, self.dtype
        functions[f"{mode}_held"] = (
            own.function, own.arguments.described(), multiple, at_once, shared,
        )  # fmt: skip

    def _serial(self, number: int, step: Serial) -> None:
        for finish in step.combines:
            if finish.axes:
                self._combine(number, finish)
        if all(one.axes for one in step.combines) and not step.items:
            return
        text = self._step(number, "block")
        self.texts.append(text.text())
        functions = {"block": (text.function, text.arguments.described())}
        self.steps.append({"number": number, "turns": 1, "inner": (), "functions": functions})

    def _combine(self, number: int, finish: Finish) -> None:
        """One thread an entry adds what the blocks of the step before have of it, in their order."""
        text = CombineText(self._step(number, "thread"), finish)
        self.texts.append(text.text())
        functions = {"thread": (text.name, text.arguments.described())}
        shape = shape_of(axis.dimension for axis in finish.axes)
        self.steps.append({"number": None, "turns": shape, "inner": (), "functions": functions})

    def _step(
        self, number: int, mode: Mode, four: bool = False, rows: Rows | None = None, most: int = 0
    ) -> StepText:
        return StepText(self.writing, number, mode, four, rows, most)

    def _require_filled(self) -> None:
        """An output that no step fills would hold whatever was in memory before."""
        missing = sorted(set(self.loops.program.outputs.values()) - self.layout.filled)
        if missing:
            name = self.loops.program.name
            raise InternalError(f"{name}: no step fills the output {', '.join(missing)}")

    def head(self) -> str:
        names = ", ".join(sorted({*self.functions, "kernel", "view"}))
        return "\n".join(
            [
                '"""A kernel for CUDA that objc has made."""',
                "",
                "import math",
                "",
                "from numba import cuda, float32, float64, int64",
                f"from objc.targets.cuda.library import {names}",
            ]
        )

    def body(self) -> str:
        return "\n\n\n".join(self.texts)

    def metadata(self) -> dict[str, Any]:
        program = self.loops.program
        scalars = {}
        tensors: dict[str, list[str]] = {}
        for key, name in program.outputs.items():
            if program.let[name].free:
                tensors.setdefault(name, []).append(key)
            else:
                scalars[key] = self.layout.value("let", name)
        return {
            "steps": tuple(self.steps),
            "sites": tuple(self.sites),
            "scalars": scalars,
            "slots": max(len(self.layout.values), 1),
            "whole": tuple(
                k for k, n in program.outputs.items() if program.let[n].domain.is_integer
            ),
            "tensors": {name: tuple(keys) for name, keys in tensors.items()},
            "counted": {
                one.name: (one.count, one.more)
                for one in program.dimensions
                if one.count is not None
            },
        }


class CombineText:
    """A reduction in arrays over the turns of a step, from what its blocks have."""

    def __init__(self, step: StepText, finish: Finish) -> None:
        self.step = step
        self.let = step.program.let[finish.let]
        self.finish = finish
        self.name = f"{step.name}_{step.layout.name('sum', finish.let)}"
        self.arguments = Parameters()

    def text(self) -> str:
        step, let, number = self.step, self.let, self.step.number - 1
        kind = "int64" if let.domain.is_integer else step.dtype
        extents = [step.layout.extent(axis.dimension) for axis in self.finish.axes]
        for extent in extents:
            if extent in step.layout.sizes:
                self.arguments.add(extent, "size", step.layout.sizes[extent])
        shape = shape_of(axis.dimension for axis in self.finish.axes)
        blocks = self.arguments.add(f"blocks_{number + 1}", "blocks", number)
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
        signature = f"def {self.name}({', '.join(self.arguments.signature())}):"
        return "\n".join(
            [
                "@kernel",
                signature,
                f"    total = {' * '.join(extents)}",
                *self.arguments.head(),
                "    first = cuda.blockIdx.x * cuda.blockDim.x + cuda.threadIdx.x",
                "    for e in range(first, total, cuda.gridDim.x * cuda.blockDim.x):",
                f"        inside(errors, {place})",
            ]
        )

    def _extent(self, dimension: Dimension) -> str:
        name = self.kernel.layout.extent(dimension)
        if name in self.kernel.layout.sizes:
            self.arguments.add(name, "size", self.kernel.layout.sizes[name])
        return name
