"""How a kernel is launched: for given sizes, which teams do each step, in how many blocks, and where in
one block of memory everything between the steps stands.

All of it is a function of the sizes alone, so that a result is the same to the bit on every device of
an architecture.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from objc.targets.cuda.multiplying import ROOM, Matrix, Multiply

# ---- copied into emitted modules from here on

ERRORS = 32
"""Numbers in the record of bad positions: eight for each rank."""

THREADS = 256
"""Of a block at most: a device has 65536 registers for it, and a thread may take 255."""

MOST_THREADS = 1024
"""Of a block that takes a long row: its function is then held to 64 registers."""

MOST_BLOCKS = 2048
WORKSPACE = 1 << 28
"""Bytes that arrays of teams, or of blocks, may take."""

LONG = 8192
"""Entries from which on a row is long."""

FEW = 64
"""Rows up to which they leave most of a device idle, with a block each."""

MOST_SHARING = 512
"""Blocks among which rows are shared at most: about four for each of a large device's multiprocessors."""

MANY = 1 << 15
"""Rows from which on a thread each is enough for a device, where they go through tiles."""

_BYTES = {"uint8": 1, "float32": 4, "float64": 8, "int64": 8, "bfloat16": 2, "float16": 2}
_LINE = 256


@dataclass(frozen=True)
class Shape:
    """How many blocks of how many threads launch a step, whether a few threads will do, how many bytes a
    block may share, how many the rows may take that go through products together, and whether rows are
    shared by blocks that need not be."""

    threads: int = THREADS
    blocks: int = MOST_BLOCKS
    tiny: bool = False
    shared: int = 40_000
    workspace: int = WORKSPACE
    spread: bool = False


def _arrays(item: Mapping[str, Any]) -> Iterator[tuple[Any, ...]]:
    """The parameters of an item of a step whose rows are taken in blocks."""
    if "product" in item:
        yield from (item["product"][name][0] for name in ("goal", "left", "right"))
        return
    for found in item["functions"].values():
        yield from found[1]


@dataclass
class Launch:
    """One launch. `arguments` say where each parameter comes from: `("value", number, type)`,
    `("work", offset)`, `("input", name)`, `("output", let)`, `("integer", name)` or
    `("number", name, type)`."""

    name: str
    blocks: int
    threads: int
    shared: int = 0
    arguments: list[tuple[Any, ...]] = field(default_factory=list)


class Sized:
    """The launches of a kernel for given sizes; `aligned`: every array begins at a multiple of 16
    bytes, so that four of its entries can be read at once. `bytes` is the memory that they work in; it begins
    with what the host may read: the record of bad positions, then scalars in float64, int64 and
    float32, `slots` of each."""

    def __init__(
        self,
        facts: Mapping[str, Any],
        sizes: Mapping[str, int],
        shape: Shape | None = None,
        aligned: bool = False,
    ) -> None:
        self.sizes = sizes
        self.shape = shape or Shape()
        self.aligned = aligned
        slots = facts["slots"]
        self.places = {"errors": 0, "values": ERRORS * 8}
        self.places["wholes"] = self.places["values"] + slots * 8
        self.places["shorts"] = self.places["wholes"] + slots * 8
        self.head = self.places["shorts"] + slots * 8
        self.bytes = -(-self.head // _LINE) * _LINE
        self.blocks: dict[int, int] = {}
        self.named: dict[tuple[Any, ...], int] = {}
        self.rows = self.room = self.lo = self.parts = self.turns = 0
        self.launches: list[Launch | Multiply] = []
        for step in facts["steps"]:
            if "items" in step:
                self._in_blocks(step)
                continue
            turns = self.extent(step["turns"])
            if (form := self._spread(step, turns)) is not None:
                self._launch_spread(step, form, turns)
            else:
                self.launches.append(self._launch(step, turns))

    def _spread(self, step: Mapping[str, Any], turns: int) -> str | None:
        """The form for rows that several blocks share, where these are long and too few for a device."""
        if "spread" not in step["functions"]:
            return None
        longest = max(self.extent(one) for one in step["inner"])
        if not self.shape.spread and (longest < 2 * LONG or turns > FEW):
            return None
        if self.aligned and "spread_four" in step["functions"]:
            _, extents, at_once = step["functions"]["spread_four"]
            if all(self.extent(one) % at_once == 0 for one in extents):
                return "spread_four"
        return "spread"

    def _launch_spread(self, step: Mapping[str, Any], form: str, turns: int) -> None:
        """A launch for each of the sums over a row that the next one waits for."""
        longest = max(self.extent(one) for one in step["inner"])
        most = max(2, MOST_SHARING // max(turns, 1))
        self.parts = 2 if self.shape.spread else max(2, min(most, longest // LONG))
        self.turns = turns
        blocks = turns * self.parts
        self.blocks[step["number"]] = blocks
        for name, parameters in step["functions"][form][0]:
            launch = Launch(name, blocks, self.shape.threads)
            row = f"rows of {step['number']}"  # what a launch keeps of a row, the next ones find
            launch.arguments = [self._argument(one, row, turns) for one in parameters]
            self.launches.append(launch)

    def extent(self, shape: Any) -> int:
        """The number of entries of a shape."""
        parts = shape if isinstance(shape, tuple | list) else (shape,)
        return math.prod(self.sizes[one] if isinstance(one, str) else one for one in parts)

    def _in_blocks(self, step: Mapping[str, Any]) -> None:
        """The items of a step for every block of its rows."""
        extent = self.extent(step["rows"])
        self.room = self._room(step, extent)
        for lo in range(0, extent, self.room):
            self.lo, self.rows = lo, min(self.room, extent - lo)
            for item in step["items"]:
                if "product" in item:
                    self.launches.append(self._multiply(item["product"]))
                else:
                    self.launches.append(self._launch(item, self.room))

    def _room(self, step: Mapping[str, Any], extent: int) -> int:
        """How many rows are taken together: as many as their arrays have memory for."""
        room = self.shape.workspace // max(self.bytes_of_a_row(step), 1)
        room = max(1, min(extent, room))
        return room if room == extent or room < 64 else room // 64 * 64

    def bytes_of_a_row(self, step: Mapping[str, Any]) -> int:
        """What the rows of a step are kept in while they are taken together, for each of them."""
        kept = {one[1]: one for item in step["items"] for one in _arrays(item) if one[0] == "block"}
        return sum(self.extent(one[3]) * _BYTES[one[4]] for one in kept.values())

    def _multiply(self, one: Mapping[str, Any]) -> Multiply:
        rows, columns, steps = (
            self.rows if extent is None else self.extent(extent) for extent in one["extents"]
        )
        kind = one["kind"]
        matrices = []
        for _, entries, own, turned in (one[name] for name in ("goal", "left", "right")):
            along = self.room if entries is None else self.extent(entries)
            begins = 0 if own is None else self.lo * (along if own == 0 else 1)
            matrices.append(Matrix(begins * _BYTES[kind], along, turned))
        places = tuple(self._argument(one[name][0], "", 0) for name in ("goal", "left", "right"))
        adds = bool(one["adds"]) and self.lo > 0
        goal, left, right = matrices
        room = "work", self._place(("library",), ROOM, "uint8")
        return Multiply(kind, rows, columns, steps, goal, left, right, adds, places, room)

    def _launch(self, step: Mapping[str, Any], turns: int) -> Launch:
        mode = self._mode(step, turns)
        four = self._by_four(step["functions"], mode)
        threads = self._threads(mode, step)
        teams = {"warp": max(threads // 32, 1), "block": 1}.get(mode, threads)
        held, shared = self._held(step["functions"], mode, teams) if four else ("", 0)
        form = held or (f"{mode}_four" if four else mode)
        name, parameters, *more = step["functions"][form]
        at_once = teams * more[1] if four and mode == "thread" else teams
        blocks = min(max(-(-turns // at_once), 1), self.shape.blocks)
        blocks = max(1, min(blocks, self._affordable(parameters, teams, step["number"])))
        if step["number"] is not None:
            self.blocks[step["number"]] = blocks  # of rows in blocks alike for all of them
        launch = Launch(name, blocks, threads, shared)
        launch.arguments = [self._argument(one, name, blocks * teams) for one in parameters]
        return launch

    def _by_four(self, functions: Mapping[str, Any], mode: str) -> bool:
        """Whether there is a function that reads several entries at once, and the sizes allow it."""
        if not self.aligned or f"{mode}_four" not in functions:
            return False
        _, _, extents, at_once = functions[f"{mode}_four"]
        return all(self.extent(one) % at_once == 0 for one in extents)

    def _held(self, functions: Mapping[str, Any], mode: str, teams: int) -> tuple[str, int]:
        """The form that keeps as many rows as a block has room for, and their bytes; none (an empty word)
        where not one fits, or nothing is kept."""
        forms = [one for one in functions if one.startswith(f"{mode}_held")]
        for form in sorted(forms, key=lambda one: -functions[one][4][0]):
            count, extent, kind = functions[form][4]
            wanted = teams * count * self.extent(extent) * _BYTES[kind]
            if wanted <= self.shape.shared:
                return form, wanted
        return "", 0

    def _mode(self, step: Mapping[str, Any], turns: int) -> str:
        """A thread for each turn where there are enough of them or nothing to share, else a warp or,
        where the loops inside are long, a block."""
        modes = [one for one in step["functions"] if "_" not in one and one != "spread"]
        if len(modes) == 1:
            return str(modes[0])
        longest = max(self.extent(one) for one in step["inner"])
        if "tile" in modes and (turns >= MANY or self.shape.tiny):
            return "tile"
        if self.shape.tiny:
            return "block" if longest > 2 else "thread"
        if longest <= 16 and turns >= 1024:
            return "thread"
        if step.get("in_order") and longest > 32:
            return "block"  # a recurrence: its steps wait for each other, so few rows are at work
        return "warp" if longest <= 1024 and turns >= 64 else "block"

    def _threads(self, mode: str, step: Mapping[str, Any]) -> int:
        if self.shape.tiny or mode in ("thread", "tile"):
            return self.shape.threads
        if mode == "warp":
            return 128
        if not step["inner"]:
            return self.shape.threads
        longest = max(self.extent(one) for one in step["inner"])
        if step.get("most") and longest >= LONG:
            return int(step["most"])
        return min(THREADS, max(64, -(-longest // 4 // 32) * 32))

    def _affordable(
        self, parameters: Sequence[tuple[Any, ...]], teams: int, number: int | None
    ) -> int:
        """The blocks whose arrays fit the memory that may be taken."""
        each = 0
        for one in parameters:
            if one[0] == "scratch":
                each += teams * self.extent(one[2]) * _BYTES[one[3]]
            elif one[0] == "partial" and one[2] == number:
                each += self.extent(one[3]) * _BYTES[one[4]]
        return WORKSPACE // each if each else MOST_BLOCKS

    def _argument(self, what: tuple[Any, ...], function: str, teams: int) -> tuple[Any, ...]:
        match what:
            case ("size", name):
                return "value", self.sizes[name], "int64"
            case ("blocks", number):
                return "value", self.blocks[number], "int64"
            case ("lo" | "rows" | "room" | "parts" as name, *_):
                return "value", getattr(self, name), "int64"
            case ("shares", name, kind):
                return "work", self._place(("shares", name), self.turns * self.parts * 2, kind)
            case ("block", name, _, shape, kind):
                count = self.room * self.extent(shape)
                return "work", self._place(("block", name), count, kind)
            case ("errors" | "values" | "wholes" | "shorts" as kind,):
                return "work", self.places[kind]
            case ("scratch", name, shape, kind):
                return "work", self._place((function, name), teams * self.extent(shape), kind)
            case ("partial", name, number, shape, kind):
                count = self.blocks[number] * self.extent(shape)
                return "work", self._place(("partial", name), count, kind)
            case ("stored", name, shape, kind):
                return "work", self._place(("stored", name), self.extent(shape), kind)
        return what

    def _place(self, key: tuple[Any, ...], count: int, kind: str) -> int:
        """Where in the memory of a call an array stands."""
        if key not in self.named:
            self.named[key] = self.bytes
            self.bytes += -(-count * _BYTES[kind] // _LINE) * _LINE + _LINE
        return self.named[key]
