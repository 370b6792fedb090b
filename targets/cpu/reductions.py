"""Reductions within a step: an accumulator is set, takes values, and becomes a let."""

from __future__ import annotations

from collections.abc import Sequence

import sympy
from objc.targets._facts import Facts
from objc.targets.cpu.forms import factor, is_count
from objc.targets.cpu.places import bare
from objc.targets.cpu.printer import Printer
from objc.targets.cpu.statements import Statements

from objc.ir.index import Index
from objc.ir.program import Let
from objc.ir.symbols import Expression, Extent, conjuncts, position_value
from objc.schedule.loops import Accumulate, Blocked, Finish, Serial, Start, step_items, walk

_FAR = {"max": "-9223372036854775808", "min": "9223372036854775807"}


class Reductions(Statements):
    """Writes the items of reductions."""

    def _start(self, item: Start) -> None:
        let = self.program.let[item.let]
        if not item.axes:
            self._scalar_start(let)
            return
        if self._is_in_place(let):
            self._clear(let, item.axes)
            return
        name = self._buffer(let)
        shape = tuple(self._room(axis)[0] for axis in item.axes)
        extents = [self._room(axis)[1] for axis in item.axes]
        kind = self._kind_of_sum(let)
        size = 4 if kind == "float32" else 8
        self.layout.array(name, ("scratch", f"sum {let.name}", shape, size), extents, kind, True)
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

    def _kind_of_sum(self, let: Let) -> str:
        """The type of an accumulator with axes. An extreme is one of the values, and as exact as they, and
        so is the number of entries of a short row; what chunks hand on is float64."""
        if let.domain.is_integer:
            return "int64"
        handed = any(
            start.let == let.name
            for step in self.loops.steps
            if not isinstance(step, Serial)
            for start in step.reductions
        )
        exact = let.reduction in ("max", "min") or (self.writing.is_narrow and is_count(let.body))
        return self.dtype if exact and not handed else "float64"

    def _clear(self, let: Let, axes: Sequence[Index]) -> None:
        places = self._enter_axes(axes)
        self._line(f"{self._buffer(let)}[{places}] = {self._identity(let, self._kind_of_sum(let))}")
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
        self._begin_value(let, item)
        test, facts = self._asked_of(item)
        is_idle = bool(test) and self._adds_nothing(let, item)
        if test and not is_idle:
            self._line(f"if {test}:")
            self.indent += 1
        places, facts = self._places(let, item, facts)
        if item.value is not None:
            self._compare(let, item, facts)
        else:
            self._add(let, item, places, facts, test if is_idle else "")
        self.indent = depth

    def _begin_value(self, let: Let, item: Accumulate) -> None:
        """What stands before a value of a reduction is asked for."""

    def _add(
        self, let: Let, item: Accumulate, places: str, facts: Facts, idle_unless: str = ""
    ) -> None:
        """One more value for an accumulator, or what changes nothing unless a condition holds."""
        name = f"{self._buffer(let)}[{places}]" if item.at else self._accumulator(let)
        extreme = let.reduction in ("max", "min")
        kind = self._kind_of_sum(let) if item.at or not extreme else self.dtype
        kind = "int64" if let.domain.is_integer else kind
        text = self._value(let, item.body, facts)
        if kind != "int64" and not extreme and is_count(item.body):
            text = bare(self._counted(item.body, facts, kind))
        elif kind == "float64" and self.dtype == "float32":
            text = f"float64({text})"
        elif let.reduction == "prod":
            text = f"({text})"
        if idle_unless:
            text = f"{factor(text)} if {idle_unless} else {self._identity(let, kind)}"
        self._line(f"{name} = {self._join(let, name, text, kind)}")

    def _asked_of(self, item: Accumulate) -> tuple[str, Facts]:
        """What the guard of an item asks that nothing around has asked, as text (empty for nothing),
        and what is known where it holds."""
        facts = self.facts[-1]
        guard = sympy.And(*[one for one in conjuncts(item.guard) if one not in self.asked])
        if guard == sympy.true:
            return "", facts
        printer = Printer(self, self.dtype, hard=True)
        return bare(printer.condition(guard, facts)), facts.given(guard)

    def _adds_nothing(self, let: Let, item: Accumulate) -> bool:
        """Whether a sum takes a zero, or an extreme the least of all, where its guard does not hold: as an
        expression a guard leaves the loop to be vectorised, as a statement it does not."""
        idle = let.reduction in ("sum", "max", "min") and item.value is None
        return idle and not let.domain.is_integer and not item.at

    def _counted(self, body: Expression, facts: Facts, kind: str) -> str:
        """One number or another, as the accumulator takes it: a vector adds it under a mask."""
        condition, *numbers = body.args
        printer = Printer(self, "float64" if kind == "float64" else self.dtype)
        then, otherwise = map(printer.constant, numbers)
        text = Printer(self, self.dtype).condition(condition, facts)
        return f"({then} if {text} else {otherwise})"

    def _places(self, let: Let, item: Accumulate, facts: Facts) -> tuple[str, Facts]:
        """Where in the accumulator, behind a check of gathered places: outside, nothing is added."""
        names = []
        tests = []
        axes = self._axes_of(let) if item.at else ()
        for position, axis in zip(item.at, axes, strict=True):
            if position.index is not None and position.index in self.around:
                own = isinstance(self.step, Blocked) and position.index == self.outer
                name = self._index_name if own else self._inner_index
                names.append(name(position.index))
                continue
            value = position_value(position)
            text = Printer(self, self.dtype, hard=True).integer(value, facts)
            names.append(text)
            if not self._is_inside(position, axis.dimension, facts):
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

    def _finish(self, item: Finish) -> None:
        let = self.program.let[item.let]
        if item.axes and self._is_in_place(let):
            self.layout.filled.add(let.name)
            return
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
        return self._array(let)[0] if self._is_in_place(let) else self.layout.name("sum", let.name)

    def _is_in_place(self, let: Let) -> bool:
        """Whether a let is made in the array that keeps it: one that has all its axes, and is as exact."""
        storage = self.loops.storage[let.name]
        return (
            storage.kind == "scratch"
            and self._starts().get(let.name) == let.free
            and storage.axes == tuple(range(len(let.free)))
            and self._kind_of_sum(let) == self._kind_of(let)
        )
