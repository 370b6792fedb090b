"""Rows that are sorted, and what runs along their orders: calls of `sorting`, `running`, `sliding`."""

from __future__ import annotations

from typing import get_args

from objc.targets.cpu.layout import shape_of
from objc.targets.cpu.reductions import Reductions

from objc.ir.index import Index
from objc.ir.symbols import Read
from objc.schedule.loops import Ordered
from objc.schedule.orders import Kind

SIGNS = ("<", "<=", ">", ">=")
"""Signs of bounds, as `sliding` numbers them."""


class Orders(Reductions):
    """Writes what a step does along orders."""

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
        assert own.order is not None and own.value is not None
        order, value = self._row(own.order), self._row(own.value)
        if own.side is None:
            return self._sliding(item, goal, keys, order, value)
        group = keys if own.group is None else self._row(own.group)
        side = own.side
        through = 2 if side.but_own else side.through
        asked = [own.group is not None, side.from_end, through, side.by_ties, side.of_equals]
        if own.kind == "count":
            self.functions.add("running_count")
            words = [count, *(str(int(one)) for one in asked)]
            return f"running_count({', '.join([goal, order, group, keys, value, *words])})"
        name, first = "running", [goal]
        number = [get_args(Kind).index(own.kind)]
        if own.kind in ("first max", "first min"):
            name = "running_first"
            number = [own.weight is not None, 1 if own.kind == "first max" else -1]
        if side.but_own:
            name, first = "running_beside", [goal, self._memory("front", item.at[-1], "float64")]
            asked = [own.group is not None, side.from_end, side.of_equals]
        self.functions.add(name)
        weight = value if own.weight is None else self._row(own.weight)
        words = [count, *(str(int(one)) for one in (*asked, *number))]
        return f"{name}({', '.join([*first, order, group, keys, value, weight, *words])})"

    def _sliding(self, item: Ordered, goal: str, keys: str, order: str, value: str) -> str:
        """The call that runs along two orders between bounds."""
        own = item.ordering
        assert own.own is not None and own.own_order is not None
        enter = max(own.bounds, key=lambda one: one.is_upper)
        stay = min(own.bounds, key=lambda one: one.is_upper)
        number = -1 if stay == enter else SIGNS.index(stay.sign)
        rows = [order, keys, *map(self._row, (enter.over, stay.over, own.own_order, own.own))]
        rows += [*map(self._row, (enter.free, stay.free)), value]
        asked = [not enter.is_upper, SIGNS.index(enter.sign), number]
        words = [self._count(item.at[-1]), *(str(int(one)) for one in asked)]
        if own.kind == "count":
            self.functions.add("sliding_count")
            return f"sliding_count({', '.join([goal, *rows, *words])})"
        self.functions.add("sliding")
        memory = ("totals", "largest", "equals")
        spare = [self._memory(name, item.at[-1], "float64") for name in memory]
        weight = value if own.weight is None else self._row(own.weight)
        words = [weight, *words, str(get_args(Kind).index(own.kind))]
        return f"sliding({', '.join([goal, *spare, *rows, *words])})"

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
