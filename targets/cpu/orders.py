"""Rows that are sorted, and what runs along their orders: calls of `sorting`, `sliding`, `running`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import get_args

from objc.targets.cpu.layout import shape_of
from objc.targets.cpu.places import bare
from objc.targets.cpu.printer import Printer
from objc.targets.cpu.reductions import Reductions

from objc.ir.index import Index
from objc.ir.symbols import Expression, Read
from objc.schedule.comparisons import Side
from objc.schedule.distances import POWERS
from objc.schedule.loops import Item, Ordered
from objc.schedule.orders import Kind

SIGNS = ("<", "<=", ">", ">=")
"""Signs of bounds, as `ranks_between` numbers them."""

HELD = ("sums", "tops", "ties")
"""What `running` keeps of each rank on."""


class Orders(Reductions):
    """Writes what a step does along orders."""

    reached = ""
    """The call that has found what `low` and `high` hold where the next line is written."""

    def _along(self, item: Ordered) -> str:
        """The call that sorts a row, or runs along the order of one."""
        let, own = self.program.let[item.let], item.ordering
        goal, keys = self._row(let.read(*item.at)), self._row(own.keys)
        count = self._count(item.at[-1])
        self.layout.filled.add(let.name)
        if own.is_order:
            self.functions.add("sort")
            kind = self._kind_of(self.program.tensor(own.keys.tensor))
            kinds = {f"spare_{kind}": "int64", "held": kind, "moved": kind}
            spare = [self._memory(name, item.at[-1], one) for name, one in kinds.items()]
            return f"sort({', '.join([goal, *spare, keys, count])})"
        assert own.value is not None
        if own.order is None:
            assert own.side is not None
            self.functions.add("running_in_place")
            rows = [goal, self._row(own.value), count]
            return f"running_in_place({_listed(*rows, own.side.from_end, own.side.through)})"
        order, value = self._row(own.order), self._row(own.value)
        low, high = (self._memory(name, item.at[-1], "int64") for name in ("low", "high"))
        own_order, from_end = order, own.side is not None and own.side.from_end
        if own.side is None:
            own_order, from_end = self._between(item, low, high, order)
        else:
            self._before(item, low, high, order, own.side)
        but_own = own.side is not None and own.side.but_own
        asked: list[int] = [from_end, but_own]
        if own.kind == "count":
            self.functions.add("running_count")
            rows = [goal, self._memory("counts", item.at[-1], "int64"), low, high, order, own_order]
            return f"running_count({_listed(*rows, value, count, *asked)})"
        self.functions.add("running")
        spare = [self._memory(name, item.at[-1], "float64") for name in HELD]
        fronts = [
            self._memory(f"front_{name}", item.at[-1], "float64") if but_own else one
            for name, one in zip(HELD, spare, strict=True)
        ]
        weight = value if own.weight is None else self._row(own.weight)
        held, number, weighed = (
            [low, high, order, own_order],
            get_args(Kind).index(own.kind),
            own.weight is not None,
        )
        own_keys = keys if own.own is None else self._row(own.own)
        both, lead = [keys, own_keys], self._lead(own.lead)
        rows = [goal, *spare, *fronts, *held, value, weight, *both, lead]
        call = f"running({_listed(*rows, count, *asked, weighed, number)})"
        if own.kind not in POWERS:
            return call
        self._line(call)
        self.functions.add("running_at_infinity")
        group = keys if own.group is None else self._row(own.group)
        rows = [goal, *held, group, *both, value, weight, lead]
        asked = [from_end, own.group is not None, weighed, own.everywhere, own.but_own, number]
        return f"running_at_infinity({_listed(*rows, count, *asked)})"

    def _before(self, item: Ordered, low: str, high: str, order: str, side: Side) -> None:
        """The call that finds what is on a side of each entry."""
        own = item.ordering
        keys = self._row(own.keys)
        group = keys if own.group is None else self._row(own.group)
        asked = [own.group is not None, side.from_end, side.through, side.by_ties, side.of_equals]
        rows = [low, high, order, group, keys, self._count(item.at[-1])]
        self._reach("ranks_before", _listed(*rows, *asked))

    def _between(self, item: Ordered, low: str, high: str, order: str) -> tuple[str, bool]:
        """The call that finds what is between bounds; the order of the entries that these are for, and
        whether both are gone along from the end."""
        own = item.ordering
        assert own.own_order is not None
        enter = max(own.bounds, key=lambda one: one.is_upper)
        stay = min(own.bounds, key=lambda one: one.is_upper)
        number = -1 if stay == enter else SIGNS.index(stay.sign)
        own_order, from_end = self._row(own.own_order), not enter.is_upper
        over, free = ([enter.over, stay.over], [enter.free, stay.free])
        rows = [low, high, order, *map(self._row, over), own_order, *map(self._row, free)]
        rows += [self._lead(enter.lead), self._lead(stay.lead)]
        led = any(one.is_led for one in own.bounds)
        asked = [from_end, SIGNS.index(enter.sign), number, led]
        self._reach("ranks_between", _listed(*rows, self._count(item.at[-1]), *asked))
        return own_order, from_end

    def _lead(self, lead: Expression) -> str:
        """What is added to differences of keys."""
        if lead == 0:
            return "0.0"
        return f"float64({bare(Printer(self, self.dtype).real(lead, self.facts[-1]))})"

    def _reach(self, name: str, given: str) -> None:
        """A call that finds what is before each entry, unless that is known."""
        call = f"{name}({given})"
        if self.reached != call:
            self.functions.add(name)
            self._line(call)
            self.reached = call

    def _enter_body(self, items: Sequence[Item]) -> None:
        super()._enter_body(items)
        self.reached = ""

    def _leave_body(self) -> None:
        super()._leave_body()
        self.reached = ""

    def _row(self, read: Read) -> str:
        """The row of a tensor along its last axis."""
        name, texts = self._entry(self.program.tensor(read.tensor), read.positions)
        return f"{name}[{', '.join(texts[:-1])}]" if texts[1:] else name

    def _memory(self, name: str, index: Index, kind: str) -> str:
        """An array along a dimension for the time of a call."""
        name = self.layout.name(name, f"{kind}_{index.dimension}")
        shape = shape_of([index.dimension])
        what = ("scratch", name, shape, 4 if kind == "float32" else 8)
        self.parameters[name] = name
        return self.layout.array(name, what, [self.layout.extent(index.dimension)], kind, True)


def _listed(*arguments: str | int) -> str:
    """What a call is given: names, and numbers."""
    return ", ".join(one if isinstance(one, str) else str(int(one)) for one in arguments)
