"""One step of a schedule as the text of one function."""

from __future__ import annotations

from collections.abc import Sequence

import sympy
from objc.targets._facts import Facts
from objc.targets.cpu.forms import factor, is_count, shared_guard
from objc.targets.cpu.layout import shape_of
from objc.targets.cpu.multiplication import Multiplication
from objc.targets.cpu.places import bare
from objc.targets.cpu.printer import Printer
from objc.targets.cpu.repeated import Repeated

from objc.ir.index import Index, Position
from objc.ir.program import Let
from objc.ir.symbols import (
    Expression,
    Extent,
    conjuncts,
    position_value,
    reads,
)
from objc.schedule.loops import (
    Accumulate,
    Assign,
    Blocked,
    Divided,
    Finish,
    Item,
    Loop,
    Parallel,
    Peeled,
    Product,
    Serial,
    Start,
    step_items,
    walk,
)

_INDENT = "    "
_FAR = {"max": "-9223372036854775808", "min": "9223372036854775807"}


class StepText(Multiplication, Repeated):
    """Writes a step."""

    # -------------------------------------------------------------- the function

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
        arguments += sorted(self.parameters)
        head = [f"{_INDENT}{name} = {text}" for name, text in sorted(self.head.items())]
        body = self.lines or [f"{_INDENT}pass"]
        signature = f"def {self.name}({', '.join(arguments)}):"
        if len(signature) > 100:
            inner = "".join(f"    {one},\n" for one in arguments)
            signature = f"def {self.name}(\n{inner}):"
        return "\n".join(["@step", signature, *head, *body])

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
        self._items(step.items)
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

    def _join(self, let: Let, total: str, x: str, kind: str) -> str:
        """The accumulator with one more value; `kind` is the type of both."""
        match let.reduction:
            case "sum":
                if kind == "int64":
                    return f"{total} + {factor(x)}"
                self.functions.add("add")
                return f"add({total}, {x})"
            case "prod":
                return f"{total} * {factor(x)}"
            case _:
                if kind == "int64":
                    return f"{let.reduction}({total}, {x})"
                function = f"{let.reduction}imum"
                self.functions.add(function)
                return f"{function}({total}, {x})"

    # -------------------------------------------------------------- items

    def _items(self, items: Sequence[Item]) -> None:
        for item in items:
            match item:
                case Loop():
                    self._loop(item, self._count(item.index))
                case Product():
                    self._product(item)
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

    def _loop(self, loop: Loop, extent: str) -> None:
        shared = shared_guard(loop)
        if shared:
            condition = sympy.And(*shared)
            printer = Printer(self, self.dtype, hard=True)
            self._line(f"if {bare(printer.condition(condition, self.facts[-1]))}:")
            self.indent += 1
            self.facts.append(self.facts[-1].given(condition))
            self.asked |= shared
        self._plain_loop(loop, extent)
        if shared:
            self.asked -= shared
            self.facts.pop()
            self.indent -= 1

    def _plain_loop(self, loop: Loop, extent: str) -> None:
        name = self._index_name(loop.index)
        counter = self.layout.name("step", loop.index.name) if loop.direction else name
        self._line(f"for {counter} in range({extent}):")
        self.indent += 1
        if loop.direction:
            self._line(f"{name} = {counter if loop.direction > 0 else f'{extent} - 1 - {counter}'}")
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
        self.indent -= 1

    def _printer(self, let: Let) -> Printer:
        """The printer of a let's body: float64 for a serial scalar that follows a sum over chunks."""
        serial = isinstance(self.step, Serial) and not self.around
        scalar = serial and not let.free and let.reduction is None
        if scalar and any(read.tensor in self.wide for read in reads(let.body)):
            self.wide.add(let.name)
            return Printer(self, "float64")
        return Printer(self, self.dtype)

    def _value(self, let: Let, body: Expression, facts: Facts | None = None) -> str:
        printer = self._printer(let)
        show = printer.integer if let.domain.is_integer else printer.real
        return bare(show(body, self.facts[-1] if facts is None else facts))

    def _assign(self, item: Assign) -> None:
        let = self.program.let[item.let]
        self._hold(item.body)
        self._finished(let, item.at, self._value(let, item.body))

    def _finished(self, let: Let, at: Sequence[Index], text: str) -> None:
        """A let is known at one point: its local variable, and its array or slot."""
        local = self.layout.name("v", let.name)
        self._line(f"{local} = {text}")
        self.visible[-1][let.name] = tuple(at)
        self.kinds[let.name] = self._kind(let)
        storage = self.loops.storage[let.name]
        if not let.free and storage.kind in ("shared", "output"):
            self.parameters["values"] = "values"
            self._line(f"values[{self.layout.value('let', let.name)}] = {local}")
            self.layout.filled.add(let.name)
        elif let.free and storage.kind != "local":
            self._store(let, at, local)

    def _kind(self, let: Let) -> str:
        if let.domain.is_integer:
            return "int64"
        return "float64" if let.name in self.wide else self.dtype

    def _store(self, let: Let, at: Sequence[Index], text: str) -> None:
        target = self._element(let, [Position(index) for index in at])
        self._line(f"{target} = {text}")
        self.layout.filled.add(let.name)

    def _peeled(self, item: Peeled) -> None:
        let = self.program.let[item.let]
        printer = Printer(self, self.dtype, hard=True)
        value = position_value(item.position)
        place = printer.integer(value, self.facts[-1])
        extent = self.layout_extent(item.peeled)
        facts = self.facts[-1]
        if not facts.allow(item.position, item.peeled.dimension):
            self._line(f"if 0 <= {place} < {extent}:")
            self.indent += 1
            bound = Extent(item.peeled.dimension)
            facts = facts.also(value + 1, bound - value)
        positions = [
            item.position if index == item.peeled else Position(index) for index in item.at
        ]
        text = self._value(let, item.body, facts)
        self._line(f"{self._element(let, positions)} = {text}")
        if facts is not self.facts[-1]:
            self.indent -= 1

    # -------------------------------------------------------------- reductions

    def _start(self, item: Start) -> None:
        let = self.program.let[item.let]
        if not item.axes:
            self._scalar_start(let)
            return
        name = self._buffer(let)
        shape = tuple(self._room(axis)[0] for axis in item.axes)
        extents = [self._room(axis)[1] for axis in item.axes]
        kind = "int64" if let.domain.is_integer else "float64"
        self.layout.array(name, ("scratch", f"sum {let.name}", shape, 8), extents, kind, True)
        self.parameters[name] = name
        self._clear(let, item.axes)

    def _scalar_start(self, let: Let) -> None:
        name = self._accumulator(let)
        if let.reduction in ("argmax", "argmin"):
            start = "-math.inf" if let.reduction == "argmax" else "math.inf"
            self._line(f"{name} = -1")
            self._line(f"{self.layout.name('best', let.name)} = {self.dtype}({start})")
        else:
            kind = self.dtype if let.reduction in ("max", "min") else "float64"
            self._line(f"{name} = {self._identity(let, kind)}")

    def _identity(self, let: Let, kind: str) -> str:
        if let.domain.is_integer:
            return {"sum": "0", "prod": "1", **_FAR}[str(let.reduction)]
        text = {"sum": "0.0", "prod": "1.0", "max": "-math.inf", "min": "math.inf"}
        start = text[str(let.reduction)]
        return start if kind == "float64" else f"{kind}({start})"

    def _clear(self, let: Let, axes: Sequence[Index]) -> None:
        places = self._enter_axes(axes)
        self._line(f"{self._buffer(let)}[{places}] = {self._identity(let, 'float64')}")
        self._leave_axes(axes)

    def _enter_axes(self, axes: Sequence[Index], first: str | None = None) -> str:
        """Loops over the axes of an accumulator (inside one more loop, if given)."""
        if first is not None:
            self._line(first)
            self.indent += 1
        for axis in axes:
            self._line(f"for {self._index_name(axis)} in range({self._count(axis)}):")
            self.indent += 1
        return ", ".join(self._index_name(axis) for axis in axes)

    def _leave_axes(self, axes: Sequence[Index], extra: int = 0) -> None:
        self.indent -= len(axes) + extra

    def _accumulate(self, item: Accumulate) -> None:
        let = self.program.let[item.let]
        self._hold(item.body)
        depth = self.indent
        facts = self.facts[-1]
        guard = sympy.And(*[one for one in conjuncts(item.guard) if one not in self.asked])
        test = ""
        if guard != sympy.true:
            printer = Printer(self, self.dtype, hard=True)
            test = bare(printer.condition(guard, facts))
            if not self._adds_zero(let, item):
                self._line(f"if {test}:")
                self.indent += 1
            facts = facts.given(guard)
        places, facts = self._places(let, item, facts)
        if item.value is not None:
            self._compare(let, item, facts)
        else:
            name = self._accumulator(let) if not item.at else f"{self._buffer(let)}[{places}]"
            extreme = let.reduction in ("max", "min") and not item.at
            kind = "float64"
            if let.domain.is_integer:
                kind = "int64"
            elif extreme:
                kind = self.dtype
            text = self._value(let, item.body, facts)
            if kind == "float64" and is_count(item.body):
                text = bare(self._counted(item.body, facts))
            elif kind == "float64" and self.dtype == "float32":
                text = f"float64({text})"
            elif not extreme and let.reduction == "prod":
                text = f"({text})"
            if test and self._adds_zero(let, item):
                text = f"{factor(text)} if {test} else 0.0"
            self._line(f"{name} = {self._join(let, name, text, kind)}")
        self.indent = depth

    def _adds_zero(self, let: Let, item: Accumulate) -> bool:
        """Whether a sum takes a zero where its guard does not hold: as an expression a guard leaves
        the loop to be vectorised, as a statement it does not."""
        return let.reduction == "sum" and not let.domain.is_integer and not item.at

    def _counted(self, body: Expression, facts: Facts) -> str:
        """One number or another, as the accumulator takes it: a vector adds it under a mask."""
        condition, *numbers = body.args
        wide = Printer(self, "float64")
        then, otherwise = map(wide.constant, numbers)
        text = Printer(self, self.dtype).condition(condition, facts)
        return f"({then} if {text} else {otherwise})"

    def _places(self, let: Let, item: Accumulate, facts: Facts) -> tuple[str, Facts]:
        """Where in the accumulator, behind a check of gathered places: outside, nothing is added."""
        names = []
        tests = []
        axes = self._axes_of(let)
        for position, axis in zip(item.at, axes, strict=True):
            if position.index is not None and position.index in self.around:
                own = isinstance(self.step, Blocked) and position.index == self.outer
                name = self._index_name if own else self._inner_index
                names.append(name(position.index))
                continue
            value = position_value(position)
            text = Printer(self, self.dtype, hard=True).integer(value, facts)
            names.append(text)
            if not facts.allow(position, axis.dimension):
                tests.append(f"0 <= {text} < {self.layout_extent(axis)}")
                bound = Extent(axis.dimension)
                facts = facts.also(value + 1, bound - value)
        if tests:
            self._line(f"if {' and '.join(tests)}:")
            self.indent += 1
        return ", ".join(names), facts

    def _axes_of(self, let: Let) -> Sequence[Index]:
        for step in self.loops.steps:
            if not isinstance(step, Serial):
                for start in step.reductions:
                    if start.let == let.name:
                        return start.axes
        return self._starts()[let.name]

    def _starts(self) -> dict[str, Sequence[Index]]:
        return {
            item.let: item.axes
            for item, _ in walk(step_items(self.step))
            if isinstance(item, Start)
        }

    def _compare(self, let: Let, item: Accumulate, facts: Facts) -> None:
        name, best = self._accumulator(let), self.layout.name("best", let.name)
        x = self.layout.name("x", let.name)
        assert item.value is not None
        printer = Printer(self, self.dtype, hard=True)
        sign = ">" if let.reduction == "argmax" else "<"
        self._line(f"{x} = {bare(printer.real(item.body, facts))}")
        self._line(f"if {name} < 0 or {x} {sign} {best} or ({x} != {x} and {best} == {best}):")
        self._line(f"    {name} = {self.index(item.value)}")
        self._line(f"    {best} = {x}")

    def _finish(self, item: Finish) -> None:
        let = self.program.let[item.let]
        if item.axes:
            places = self._enter_axes(item.axes)
            self._store(let, item.at, f"{self._buffer(let)}[{places}]")
            self._leave_axes(item.axes)
            return
        text = self._accumulator(let)
        if not let.domain.is_integer and self.dtype == "float32":
            text = f"float32({text})"
        self._finished(let, item.at, text)

    def _accumulator(self, let: Let) -> str:
        return self.layout.name("a", let.name)

    def _buffer(self, let: Let) -> str:
        return self.layout.name("sum", let.name)
