"""One step of a schedule as the text of one function."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import reduce

import sympy
from objc.targets.cpu.bounds import bounds
from objc.targets.cpu.driver import DECLINED
from objc.targets.cpu.forms import shared_guard
from objc.targets.cpu.interior import interior
from objc.targets.cpu.layout import shape_of
from objc.targets.cpu.multiplication import Multiplication
from objc.targets.cpu.places import MOST_ROWS, bare
from objc.targets.cpu.printer import Printer
from objc.targets.cpu.quads import ROWS, added, four
from objc.targets.cpu.sides import seldom, skippable
from objc.targets.cpu.usual import usual

from objc.ir.index import Index
from objc.ir.program import Let
from objc.ir.symbols import Condition, Expression, conjuncts, indices_of
from objc.schedule.loops import (
    Accumulate,
    Assign,
    Block,
    Blocked,
    Divided,
    Finish,
    Item,
    Loop,
    Ordered,
    Parallel,
    Peeled,
    Product,
    Serial,
    Start,
)

_INDENT = "    "


def _function(name: str, arguments: Sequence[str], body: Sequence[str]) -> str:
    signature = f"def {name}({', '.join(arguments)}):"
    if len(signature) > 100:
        inner = "".join(f"    {one},\n" for one in arguments)
        signature = f"def {name}(\n{inner}):"
    return "\n".join(["@step", signature, *body])


def _words(lines: Sequence[str]) -> set[str]:
    return {word for line in lines for word in re.findall(r"\w+", line)}


class StepText(Multiplication):
    """Writes a step."""

    asks_rows = True
    """Whether a row may be asked what its loops can do without."""
    has_ends = True
    """Whether a loop may begin later, or end earlier, than along its axis."""
    asked_rows = 0
    has_forms = False
    """Whether hyperparameters decide between texts of the step."""
    question = ""
    """The call that finds out whether this form is for the hyperparameters that are given."""

    def text(self) -> str:
        match self.step:
            case Parallel():
                self._divided(self.step)
                arguments = ["chunk", "lo", "hi"]
            case Blocked():
                self._divided(self.step)
                arguments = ["chunk", "block", "fresh", "lo", "hi"]
            case Serial():
                self._serial(self.step)
                arguments = []
        twins = [] if self.is_twin else [*self._usual(), *self._few()]
        self.has_forms = bool(twins)
        for _, twin in twins:
            twin.parameters = {name: name for name in self.parameters}
        if twins and self.writing.is_usual:
            return self._in_one_form(arguments, *twins[0])
        arguments += sorted(self.parameters)
        turns: list[str] = []
        for asked, twin in twins:
            turns += [
                f"{_INDENT}if {asked}:",
                f"{_INDENT * 2}{twin.name}({', '.join(arguments)})",
                f"{_INDENT * 2}return",
            ]
        own = _function(self.name, arguments, [*self._heads(), *turns, *self._body()])
        return "\n\n\n".join([*(twin.text() for _, twin in twins), own])

    def _heads(self) -> list[str]:
        return [f"{_INDENT}{name} = {text}" for name, text in sorted(self.head.items())]

    def _body(self) -> list[str]:
        return self.lines or [f"{_INDENT}pass"]

    def _in_one_form(self, arguments: Sequence[str], asked: str, twin: StepText) -> str:
        """The form for the usual hyperparameters, or the one for any exponent where no exponent is
        usual; and a function that declines others."""
        if twin.few:
            asked = f"not ({asked})"
            own = _function(
                self.name,
                [*arguments, *sorted(self.parameters)],
                [*self._heads(), *self._body()],
            )
        else:
            twin.name = self.name
            own = twin.text()
        words = _words([asked])
        heads = [f"{_INDENT}{name} = {self.head[name]}" for name in sorted(words & set(self.head))]
        words |= _words(heads)
        given = {name: text for name, text in self.parameters.items() if name in words}
        body = [*heads, f"{_INDENT}if not ({asked}):", f"{_INDENT * 2}errors[0] = {DECLINED}"]
        passed = ["errors", *(given[name] for name in sorted(given))]
        self.question = f"{self.name}_asked({', '.join(passed)})"
        question = _function(f"{self.name}_asked", ["errors", *sorted(given)], body)
        return f"{question}\n\n\n{own}"

    def _usual(self) -> Iterator[tuple[str, StepText]]:
        """The step for the usual values of hyperparameters, and when it is for."""
        found = usual(self.step, self.program, self.settled.values())
        if found is not None:
            twin = self._twin("usual")
            twin.step = found.step
            wide, own = Printer(self, "float64"), Printer(self, self.dtype, hard=True)
            asked = [wide.condition(one, self.facts[-1]) for one in found.values]
            asked += [own.condition(one, self.facts[-1]) for one in found.conditions]
            yield " and ".join(asked), twin

    def _few(self) -> Iterator[tuple[str, StepText]]:
        """The step for exponents that are small whole numbers, and when it is for."""
        if self.settled:
            self.functions.add("is_few")
            twin = self._twin("few")
            twin.few = True
            yield " and ".join(f"is_few(float64({one}))" for one in self.settled), twin

    def _twin(self, name: str) -> StepText:
        twin = type(self)(self.writing, self.number)
        twin.is_twin = True
        twin.name = f"{self.name}_{name}"
        return twin

    def call(self) -> str:
        """How the entry calls the function; the chunk loop around it is the entry's."""
        first = []
        if not isinstance(self.step, Serial):
            extent = self.layout.extent(self.step.index.dimension)
            rows = f"slots[{self.layout.slot('rows', self.number)}]"
            turn = "chunk" if isinstance(self.step, Parallel) else "block"
            first = ["chunk", f"{turn} * {rows}", f"min({extent}, ({turn} + 1) * {rows})"]
            if isinstance(self.step, Blocked):
                first[1:1] = ["block", "1 if block == own else 0"]
        passed = [*first, *(self.parameters[name] for name in sorted(self.parameters))]
        return f"{self.name}({', '.join(passed)})"

    def _divided(self, step: Divided) -> None:
        multiplied = {item.let for item in step.items if isinstance(item, Product)}
        turn = "block" if isinstance(step, Blocked) else "chunk"
        slots: list[tuple[Start, int]] = []
        width = 0
        for start in step.reductions:
            let = self.program.let[start.let]
            if start.axes:
                name = self._partial(let, start.axes)
                self._line(f"{self._buffer(let)} = {name}[chunk]")
                if let.name not in multiplied:
                    self._first_clear(let, start.axes)
            else:
                slots.append((start, width))
                width += 2 if let.reduction in ("argmax", "argmin") else 1
                self._scalar_start(let)
        shared: set[Condition] = set()
        if isinstance(step, Blocked):
            passing = {name for name in multiplied if self.loops.storage[name].kind == "scratch"}
            shared = shared_guard(step.block, passing)
        self._where(shared)
        self._items(step.items)
        self._everywhere(shared)
        for start, slot in slots:
            let = self.program.let[start.let]
            partial = self._partials(self.number)
            self._line(f"{partial}[{turn}, {slot}] = {self._accumulator(let)}")
            if let.reduction in ("argmax", "argmin"):
                self._line(f"{partial}[{turn}, {slot + 1}] = {self.layout.name('best', let.name)}")

    def _first_clear(self, let: Let, axes: Sequence[Index]) -> None:
        """Clear an accumulator, in blocks before the first of a chunk."""
        if isinstance(self.step, Blocked):
            self._line("if fresh > 0:")
            self.indent += 1
            self._clear(let, axes)
            self.indent -= 1
        else:
            self._clear(let, axes)

    def _serial(self, step: Serial) -> None:
        if step.combines:
            number = self.number - 1
            before = self.loops.steps[number]
            assert not isinstance(before, Serial)
            slot = 0
            for start in before.reductions:
                let = self.program.let[start.let]
                finish = next(one for one in step.combines if one.let == let.name)
                if start.axes:
                    self._combine_tensor(let, finish)
                else:
                    self._combine_scalar(let, number, slot)
                    slot += 2 if let.reduction in ("argmax", "argmin") else 1
        self._items(step.items)

    def _partials(self, number: int) -> str:
        name = f"partial_{number + 1}"
        turns = "blocks" if isinstance(self.loops.steps[number], Blocked) else "chunks"
        extents = [f"slots[{self.layout.slot(turns, number)}]"]
        widths: list[int] = [
            2 if self.program.let[one.let].reduction in ("argmax", "argmin") else 1
            for one in self.loops.steps[number].reductions  # type: ignore[union-attr]
            if not one.axes
        ]
        width = sum(widths)
        self.layout.array(
            name, ("partials", number, width), [*extents, str(width)], "float64", False
        )
        self.parameters[name] = name
        return name

    def _partial(self, let: Let, axes: Sequence[Index]) -> str:
        number = self.number - isinstance(self.step, Serial)
        name = self.layout.name("part", let.name)
        extents = [f"slots[{self.layout.slot('chunks', number)}]"]
        extents += [self.layout.extent(axis.dimension) for axis in axes]
        shape = shape_of(axis.dimension for axis in axes)
        kind = "int64" if let.domain.is_integer else "float64"
        self.layout.array(name, ("partial", let.name, number, shape), extents, kind, False)
        self.parameters[name] = name
        return name

    def _combine_scalar(self, let: Let, number: int, slot: int) -> None:
        partial, name = self._partials(number), self._accumulator(let)
        if let.reduction in ("argmax", "argmin"):
            self._scalar_start(let)
            best = self.layout.name("best", let.name)
            sign = ">" if let.reduction == "argmax" else "<"
            self._line(f"for c in range({partial}.shape[0]):")
            x = f"{partial}[c, {slot + 1}]"
            x = x if self.dtype == "float64" else f"{self.dtype}({x})"
            self._line(
                f"    if {partial}[c, {slot}] >= 0 and ({name} < 0 or {x} {sign} {best}"
                f" or ({x} != {x} and {best} == {best})):"
            )
            self._line(f"        {name} = int64({partial}[c, {slot}])")
            self._line(f"        {best} = {x}")
        else:
            self._line(f"{name} = {partial}[0, {slot}]")
            self._line(f"for c in range(1, {partial}.shape[0]):")
            self._line(f"    {name} = {self._join(let, name, f'{partial}[c, {slot}]', 'float64')}")
            if let.domain.is_integer:
                self._line(f"{name}_whole = int64({name})")
                name = f"{name}_whole"
        if not let.domain.is_integer:
            self.wide.add(let.name)
        self._finished(let, (), name)

    def _combine_tensor(self, let: Let, finish: Finish) -> None:
        """Rows of the accumulator one after the other, each while it is in the cache."""
        name = self._partial(let, finish.axes)
        outer, inner = finish.axes[:-1], finish.axes[-1:]
        rows = self._enter_axes(outer)
        last = self._enter_axes(inner, f"for c in range(1, {name}.shape[0]):")
        places = ", ".join(part for part in (rows, last) if part)
        total, more = f"{name}[0, {places}]", f"{name}[c, {places}]"
        kind = "int64" if let.domain.is_integer else "float64"
        self._line(f"{total} = {self._join(let, total, more, kind)}")
        self._leave_axes(inner, extra=1)
        self._enter_axes(inner)
        self._store(let, finish.axes, f"{name}[0, {places}]")
        self._leave_axes(finish.axes)

    def _items(self, items: Sequence[Item]) -> None:
        for item in items:
            match item:
                case Loop():
                    self._loop(item, self._count(item.index))
                case Block():
                    self._rows_in_blocks(item)
                case Product():
                    self._product(item)
                case Ordered():
                    self._line(self._along(item))
                case Assign():
                    self._assign(item)
                case Peeled():
                    self._peeled(item)
                case Start():
                    self._start(item)
                case Accumulate():
                    self._accumulate(item)
                case Finish():
                    self._finish(item)

    def _rows_in_blocks(self, block: Block) -> None:
        """The rows of an example, block by block."""
        name, extent = self._index_name(block.index), self.layout_extent(block.index)
        self._line(f"for block_{name} in range(({extent} + {MOST_ROWS - 1}) // {MOST_ROWS}):")
        self.indent += 1
        self._line(f"first_{name} = block_{name} * {MOST_ROWS}")
        self._line(f"rows_{name} = min({extent} - first_{name}, {MOST_ROWS})")
        self.block = block.index
        self.visible.append({})
        self._items(block.items)
        self.visible.pop()
        self.block = None
        self.indent -= 1

    def _loop(self, loop: Loop, extent: str) -> None:
        sums = added(loop, self.program) if loop.index == self.outer and self.asks_rows else None
        if sums is not None:
            self._four_rows(loop, *sums, extent)
            return
        of_examples = loop.index == self.outer == self.block
        between = interior(loop, set(self.around)) if of_examples and self.around else None
        if between is not None:
            self._between_ends(*between, extent)
            return
        self._one_loop(loop, extent)

    def _between_ends(self, holds: Condition, light: Loop, ends: Loop, extent: str) -> None:
        """A loop over examples at a step of a recurrence: as it is between the ends, or at them."""
        before = self.asked.copy()
        self._where(set(conjuncts(holds)) - self.asked)
        self._one_loop(light, extent)
        self._everywhere(self.asked - before)
        self._line("else:")
        self.indent += 1
        self._one_loop(ends, extent)
        self.indent -= 1

    def _one_loop(self, loop: Loop, extent: str) -> None:
        shared = shared_guard(loop) - self.asked
        self._where(shared)
        asks = self.asks_rows and self._is_of_a_row(loop)
        forms = skippable(loop, self._is_there) if asks else None
        few = seldom(loop) if forms is None and asks and self.block is not None else None
        if forms is not None:
            self._in_two_forms(*forms, extent)
        elif few is not None:
            self._for_few(*few, loop, extent)
        else:
            self._plain_loop(loop, extent)
        self._everywhere(shared)

    def _where(self, shared: set[Condition]) -> None:
        """What follows is done where all of these hold."""
        if shared:
            condition = sympy.And(*shared)
            printer = Printer(self, self.dtype, hard=True)
            self._line(f"if {bare(printer.condition(condition, self.facts[-1]))}:")
            self.indent += 1
            self.facts.append(self.facts[-1].given(condition))
            self.asked |= shared

    def _everywhere(self, shared: set[Condition]) -> None:
        """The end of what is done where these hold."""
        if shared:
            self.asked -= shared
            self.facts.pop()
            self.indent -= 1

    def _four_rows(self, loop: Loop, inner: Loop, item: Accumulate, extent: str) -> None:
        """A loop over rows that adds each to an array, four of them together and then the rest."""
        name, along = self._index_name(loop.index), self._index_name(inner.index)
        quad, let = f"quad_{name}", self.program.let[item.let]
        self.around += [loop.index, inner.index]
        self.facts.append(self.facts[-1].inside(loop.index).inside(inner.index))
        body = self._value(let, item.body)
        body = f"float64({bare(body)})" if self.dtype == "float32" else body
        self.facts.pop()
        del self.around[-2:]
        place = f"{self._buffer(let)}[{along}]"
        self.functions.add("add")
        count = self._count(inner.index)
        for head, value in (
            (f"for {quad} in range(({extent}) // {ROWS}):", four(body, name, quad)),
            (f"for {name} in range(({extent}) // {ROWS} * {ROWS}, {extent}):", body),
        ):
            self._line(head)
            self._line(f"{_INDENT}for {along} in range({count}):")
            self._line(f"{_INDENT * 2}{place} = add({place}, {value})")

    def _is_of_a_row(self, loop: Loop) -> bool:
        """Whether a loop runs along a row, not over the examples of a block."""
        return bool(self.around) and loop.index not in (self.outer, self.block)

    def _in_two_forms(self, condition: Condition, loop: Loop, lighter: Loop, extent: str) -> None:
        """A loop, or a lighter one where no entry fulfills a condition."""
        text = self._written(condition, loop)
        if loop.index in indices_of(condition):
            text = self._any(text, loop, extent)
        for line, one in ((f"if {text}:", loop), ("else:", lighter)):
            self._line(line)
            self.indent += 1
            self._plain_loop(one, extent)
            self.indent -= 1

    def _for_few(self, condition: Condition, lighter: Loop, loop: Loop, extent: str) -> None:
        """A loop as for entries that don't fulfill a condition, then for those that do, if there are some:
        others pass by these without a store."""
        text = self._written(condition, loop)
        found = self._any(text, loop, extent)
        if lighter.body:
            self._plain_loop(lighter, extent)
        heads = (
            f"if {found}:",
            f"for {self._index_name(loop.index)} in range({extent}):",
            f"if {text}:",
        )
        for head in heads:
            self._line(head)
            self.indent += 1
        self._turn(loop)
        self.indent -= len(heads)

    def _written(self, condition: Condition, loop: Loop) -> str:
        facts = self.facts[-1].inside(loop.index)
        return bare(Printer(self, self.dtype, hard=True).condition(condition, facts))

    def _any(self, condition: str, loop: Loop, extent: str) -> str:
        """Asks whether an entry fulfills a condition; what says so."""
        self.asked_rows += 1
        found = f"any_{self.asked_rows}"
        self._line(f"{found} = 0")
        self._line(f"for {self._index_name(loop.index)} in range({extent}):")
        self._line(f"{_INDENT}{found} = 1 if {condition} else {found}")
        return f"{found} > 0"

    def _plain_loop(self, loop: Loop, extent: str) -> None:
        ends = self._ends(loop)
        for one in ends:
            self.facts.append(self.facts[-1].given(one))
        self.asked |= set(ends)
        self._turns(loop, self._range(ends, extent))
        self.asked -= set(ends)
        del self.facts[len(self.facts) - len(ends) :]

    def _ends(self, loop: Loop) -> dict[Condition, tuple[Expression | None, Expression | None]]:
        """What the turns of a loop wait for that is seen from the turn."""
        plain = self.has_ends and not loop.direction and loop.index not in (self.outer, self.block)
        found = bounds(loop, self.around) if plain else {}
        return {one: ends for one, ends in found.items() if one not in self.asked}

    def _range(
        self, ends: dict[Condition, tuple[Expression | None, Expression | None]], extent: str
    ) -> str:
        """The turns of a loop, from the first to before the last for which all hold."""
        printer = Printer(self, self.dtype, hard=True)
        first, last = ["0"], [extent]
        for begin, end in ends.values():
            if begin is not None:
                first.append(bare(printer.integer(begin, self.facts[-1])))
            if end is not None:
                last.append(bare(printer.integer(end, self.facts[-1])))
        begins, stops = (
            reduce(lambda one, other: f"{word}({one}, {other})", parts)
            for word, parts in (("max", first), ("min", last))
        )
        return f"{begins}, {stops}" if ends else extent

    def _turns(self, loop: Loop, turns: str) -> None:
        name = self._index_name(loop.index)
        counter = self.layout.name("step", loop.index.name) if loop.direction else name
        self._line(f"for {counter} in range({turns}):")
        self.indent += 1
        if loop.direction:
            self._line(f"{name} = {counter if loop.direction > 0 else f'{turns} - 1 - {counter}'}")
        self._turn(loop)
        self.indent -= 1

    def _turn(self, loop: Loop) -> None:
        """What a loop does for one index."""
        self.around.append(loop.index)
        self.visible.append({})
        self.facts.append(self.facts[-1].inside(loop.index))
        before = len(self.lines)
        self._enter_body(loop.body)
        self._items(loop.body)
        self._leave_body()
        if len(self.lines) == before:
            self._line("pass")
        self.facts.pop()
        self.visible.pop()
        self.around.pop()
