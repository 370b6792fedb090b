"""Lets at one point of their loops: their values as text, and where these are put."""

from __future__ import annotations

from collections.abc import Sequence

from objc.targets._facts import Facts
from objc.targets.cpu.places import bare
from objc.targets.cpu.printer import Printer
from objc.targets.cpu.repeated import Repeated

from objc.ir.index import Index, Position
from objc.ir.order import meets_an_extreme
from objc.ir.program import Let
from objc.ir.symbols import Expression, Extent, position_value, reads
from objc.schedule.loops import Assign, Peeled, Serial


class Statements(Repeated):
    """Writes assignments."""

    def _printer(self, let: Let) -> Printer:
        """The printer of a let's body: float64 for a serial scalar that follows a sum over chunks, unless
        it is to cancel with what was rounded. Where
        every entry of it is taken, a position out of range is an error even if nothing shows it later."""
        serial = isinstance(self.step, Serial) and not self.around
        scalar = serial and not let.free and let.reduction is None
        scalar = scalar and not meets_an_extreme(let.body, self.program)
        if scalar and any(read.tensor in self.wide for read in reads(let.body)):
            self.wide.add(let.name)
            return Printer(self, "float64")
        hard = let.name in self.writing.certain[0]
        return Printer(self, "float64" if self._is_exponent(let) else self.dtype, hard)

    def _is_exponent(self, let: Let) -> bool:
        """Whether a let of one entry is held in float64."""
        return let.reduction is None and let.name in self.in_float64

    def _value(self, let: Let, body: Expression, facts: Facts | None = None) -> str:
        printer = self._printer(let)
        show = printer.integer if let.domain.is_integer else printer.real
        text = bare(show(body, self.facts[-1] if facts is None else facts))
        rounded = printer.dtype != self.dtype and self._kind(let) == self.dtype
        return f"{self.dtype}({text})" if rounded else text

    def _assign(self, item: Assign) -> None:
        let = self.program.let[item.let]
        if self._is_exponent(let):
            self._finished(let, item.at, self._value(let, item.body))
            return
        self._hold(item.body)
        self._finished(let, item.at, self._value(let, item.body))
        self._keep(item.body, self.layout.name("v", let.name))

    def _finished(self, let: Let, at: Sequence[Index], text: str) -> None:
        """A let is known at one point: its local variable, and its array or slot."""
        local = self.layout.name("v", let.name)
        self._line(f"{local} = {text}")
        self.visible[-1][let.name] = tuple(at)
        self.kinds[let.name] = self._kind(let)
        storage = self.loops.storage[let.name]
        depth = self.indent
        if not let.free and storage.kind in ("shared", "output"):
            self._by_first()
            self._hand_on(let, local)
            self.layout.filled.add(let.name)
        elif let.free and storage.kind != "local":
            self._by_first()
            self._store(let, at, local)
        self.indent = depth

    def _by_first(self) -> None:
        """What follows is done once, whoever computes what it stores."""

    def _hand_on(self, let: Let, local: str) -> None:
        """A scalar for later steps and for the caller."""
        self.parameters["values"] = "values"
        self._line(f"values[{self.layout.value('let', let.name)}] = {local}")

    def _kind(self, let: Let) -> str:
        if let.domain.is_integer:
            return "int64"
        return "float64" if let.name in self.wide or self._is_exponent(let) else self.dtype

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
        if not self._is_inside(item.position, item.peeled.dimension, facts):
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
