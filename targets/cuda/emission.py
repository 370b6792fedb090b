"""From loops to the text of a module of Numba-CUDA: every step for every size of team that suits it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import sympy
from objc.targets._conditional import computable_everywhere
from objc.targets._ranks import ranked
from objc.targets._series import as_long_as_asked
from objc.targets._written import Written
from objc.targets.cpu.layout import shape_of
from objc.targets.cpu.places import Writing
from objc.targets.cuda.entries import CheckText, CombineText, WeightText, WorthlessText
from objc.targets.cuda.layout import SHORT, Layout
from objc.targets.cuda.products import Matrices, are_for_library, pieces
from objc.targets.cuda.steps import Piece, StepText
from objc.targets.cuda.turning import turned, with_whole_sums
from objc.targets.cuda.variants import Variants
from objc.targets.cuda.weighing import FOUND, joined, weighed, weight_of

from objc.ir.index import Index
from objc.ir.program import Input, Let, Names, Program
from objc.ir.symbols import reads
from objc.schedule import Products, schedule
from objc.schedule.blocks import plain_products, with_products
from objc.schedule.loops import Blocked, Finish, Loops, Parallel, Product, Serial
from objc.schedule.storage import storage_of
from objc.target import DType, Emitted


def emit(program: Program, dtype: DType) -> Emitted:
    """The text of a program; `metadata` says how it is to be launched, and has under `products` the text
    and the metadata of a form that leaves products of matrices to a library, where there is one."""
    kernel, second = forms(program, dtype)
    metadata = kernel.metadata()
    if second is not None:
        metadata["products"] = {"text": second.whole(), "metadata": second.metadata()}
    return Emitted(program.name, kernel.whole(), dtype, metadata)


def forms(
    program: Program, dtype: DType, prefixes: tuple[str, str] = ("", "")
) -> tuple[Kernel, Kernel | None]:
    """A program's kernel, and one whose products of matrices are a library's, where it has such."""
    finding, program = weighed(program)
    scale = None if finding is None else finding.outputs[FOUND]
    kernel = Kernel(_after(finding, scheduled(program, dtype)), dtype, prefixes[0], scale)
    blocked = in_blocks(program, dtype)
    if not are_for_library(blocked):
        return kernel, None
    return kernel, Kernel(_after(finding, blocked), dtype, prefixes[1], scale)


def _after(finding: Program | None, loops: Loops) -> Loops:
    """Loops, behind those that find what they are scaled with."""
    return loops if finding is None else joined(schedule(finding, Products.NONE), loops)


def scheduled(program: Program, dtype: DType) -> Loops:
    """The loops of a program: products of matrices are loops like others, sorting is by counting. Where
    arrays are stored in a short type, nothing that is computed with passes through those of results."""
    ready = ranked(computable_everywhere(as_long_as_asked(program, dtype)))
    if dtype not in SHORT:
        return with_whole_sums(turned(schedule(ready, Products.NONE)))
    return with_whole_sums(_unlent(turned(schedule(apart(ready), Products.NONE))))


def in_blocks(program: Program, dtype: DType) -> Loops:
    """The loops of a program whose products of matrices are apart, for a library."""
    ready = ranked(computable_everywhere(as_long_as_asked(program, dtype)))
    loops = schedule(widened(ready) if dtype in SHORT else ready, Products.PLAIN, phases=False)
    owners = {loops.storage[one.of].kind for one in loops.storage.values() if one.of}
    if dtype in SHORT and "output" in owners:
        loops = _unlent(loops)
    return with_whole_sums(loops)


def _unlent(loops: Loops) -> Loops:
    """Loops of which no tensor is kept in the place of another."""
    return replace(loops, storage=storage_of(loops.program, loops.steps, {}))


def widened(program: Program) -> Program:
    """The program whose products of matrices have factors and results that are computed, in the type that is
    computed in, of arrays that are stored in a short one."""
    program = with_products(program, Products.PLAIN)
    names = Names.of(program)
    products = plain_products(program)
    wide: dict[str, Let] = {}
    for one in {read.tensor: read for pair in products.values() for read in pair}.values():
        found = program.input.get(one.tensor)
        if found is not None:
            free = tuple(Index(names.fresh(f"w{n}"), d) for n, d in enumerate(found.dimensions))
            name = names.fresh(f"wide_{one.tensor}")
            wide[one.tensor] = Let(name, free, found.read(*free), domain=found.domain)
    lets = []
    for let in program.lets:
        if let.name in products:
            moved = {
                one: wide[one.tensor].read(*one.positions)
                for one in products[let.name]
                if one.tensor in wide
            }
            let = replace(let, body=let.body.xreplace(moved))
        lets.append(let)
    return apart(replace(program, lets=(*wide.values(), *lets)), frozenset(products))


def apart(program: Program, also: frozenset[str] = frozenset()) -> Program:
    """The program with a tensor of its own for every result that is read as well, or is one of those."""
    read = {one.tensor for let in program.lets for one in reads(let.body)}
    read |= {one.tensor for let in program.lets for one in reads(let.guard)} | also
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


class Kernel(Written):
    """The functions of one program's text, and what has to be known to launch them. `scale` names that of a
    weighted mean that is found on the device."""

    layout: Layout

    def __init__(
        self, loops: Loops, stored: DType, prefix: str = "", scale: str | None = None
    ) -> None:
        self.scale = scale
        self.loops = loops
        self.dtype: DType = "float32" if stored in SHORT else stored
        self.prefix = prefix
        self.layout = Layout(self.dtype, stored=stored)
        self.sites: list[tuple[str, int]] = []
        self.functions: set[str] = set()
        self.writing = Writing(loops, self.dtype, prefix, self.layout, self.sites, self.functions)
        self.texts: list[str] = []
        self.steps: list[dict[str, Any]] = []
        weight = weight_of(loops.program)
        if weight is not None:
            self._over_entries(WeightText(self, weight), weight)
        for one in loops.program.inputs:
            self._check(one)
        for number, step in enumerate(loops.steps):
            match step:
                case Parallel():
                    self._parallel(number, step)
                case Blocked():
                    self._blocked(number, step)
                case Serial():
                    self._serial(number, step)
        self.require_filled()
        if self.sites and not self.results()["scalars"]:
            self._worthless()

    def _worthless(self) -> None:
        """What nobody would be told of with a value is seen in the arrays."""
        text = WorthlessText(self)
        if text.arrays:
            self.texts.append(text.text())
            functions = {"thread": (text.name, text.arguments.described())}
            shape = shape_of(text.arrays[0].dimensions)
            step = {"number": None, "turns": shape, "inner": (), "functions": functions}
            self.steps.append(step)

    def _check(self, one: Input) -> None:
        """Indices that are compared only: nothing is read at them, so nothing else would see them
        leave their dimension."""
        program, bound = self.loops.program, one.domain.dimension
        if bound is None or not one.dimensions or one.name in program.gathered:
            return
        if bound.size is None and bound not in program.dimensions:
            return  # nothing says how large it is
        self._over_entries(CheckText(self, one, bound), one)

    def _over_entries(self, text: CheckText | WeightText, one: Input) -> None:
        self.texts.append(text.text())
        functions = {"thread": (text.name, text.arguments.described())}
        shape = shape_of(one.dimensions)
        self.steps.append({"number": None, "turns": shape, "inner": (), "functions": functions})

    def _parallel(self, number: int, step: Parallel) -> None:
        found = Variants(self.writing, number, step)
        self.texts += found.texts
        self.steps.append(found.described())

    def _blocked(self, number: int, step: Blocked) -> None:
        """Rows in blocks: products by a library, and the loops between them as steps of their own."""
        matrices = Matrices(self.loops, self.layout, number, step.index)
        items: list[dict[str, Any]] = []
        for place, item, met in pieces(step):
            if isinstance(item, Product):
                items.append({"product": matrices.described(item)})
                continue
            found = Variants(self.writing, number, item, Piece(place, item), met)
            self.texts += found.texts
            items.append(found.described())
        (extent,) = shape_of([step.index.dimension])
        self.steps.append({"number": number, "rows": extent, "items": tuple(items)})

    def _serial(self, number: int, step: Serial) -> None:
        for finish in step.combines:
            if finish.axes and finish.let in self.layout.parts:  # else a product's, which is whole
                self._combine(number, finish)
        if all(one.axes for one in step.combines) and not step.items:
            return
        text = StepText(self.writing, number, "block")
        self.texts.append(text.text())
        functions = {"block": (text.function, text.arguments.described())}
        self.steps.append({"number": number, "turns": 1, "inner": (), "functions": functions})

    def _combine(self, number: int, finish: Finish) -> None:
        """One thread an entry adds what the blocks of the step before have of it, in their order."""
        text = CombineText(StepText(self.writing, number, "thread"), finish)
        self.texts.append(text.text())
        functions = {"thread": (text.name, text.arguments.described())}
        shape = shape_of(axis.dimension for axis in finish.axes)
        self.steps.append({"number": None, "turns": shape, "inner": (), "functions": functions})

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
        results = self.results()
        return {
            "steps": tuple(self.steps),
            "sites": tuple(self.sites),
            "inputs": {
                one.name: "int64" if one.domain.is_integer else self.layout.stored
                for one in self.loops.program.inputs
                if one.dimensions
            },
            "scale": None if self.scale is None else self.layout.value("let", self.scale),
            "slots": max(len(self.layout.values), 1),
            **results,
        }
