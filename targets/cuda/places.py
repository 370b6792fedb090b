"""Where the expressions of a step stand on a device: its arguments, arrays and scalars."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from objc.targets._facts import Facts
from objc.targets.cpu import places
from objc.targets.cpu.layout import shape_of
from objc.targets.cpu.mathematics import SPELLINGS
from objc.targets.cuda.held import Rows
from objc.targets.cuda.layout import Layout, Mode, Number, Parameters

from objc.errors import InternalError
from objc.ir.index import BATCH, Index, Position
from objc.ir.program import Input, Let
from objc.schedule.loops import Loop, Parallel, Storage

LETTERS = {"int64": "k", "float32": "c", "float64": "w"}
"""What the name of a scalar begins with, by its type."""


_SPELLINGS: Mapping[str, str] = {
    **SPELLINGS,
    **{name: f"math.{name}" for name in ("sin", "cos", "erf", "erfc", "pow")},
}


@dataclass
class Quads:
    """What a loop that goes by four has in registers: by their names, the rows of arrays; which of them are
    kept in shared memory as well; and sums of the few entries, with what they are added to."""

    index: Index
    loop: Loop
    kept: dict[str, str] = field(default_factory=dict)
    sums: dict[str, tuple[str, str]] = field(default_factory=dict)
    taken: dict[str, str] = field(default_factory=dict)
    put: dict[str, str] = field(default_factory=dict)


@dataclass
class Tile:
    """What a block has in shared memory of what stands along an index, from the entry `begin` on: arrays of
    tiles, and what is brought there."""

    index: Index
    begin: str
    brought: dict[str, str] = field(default_factory=dict)


class Places(places.Places):
    """The scope that the expressions of a step are printed in, for one mode of teams."""

    spellings = _SPELLINGS
    below_zero: Mapping[str, str] = {}
    in_float64: frozenset[str] = frozenset()

    layout: Layout
    mode: Mode
    arguments: Parameters

    def set_mode(self, mode: Mode, four: bool, rows: Rows | None) -> None:
        self.mode = mode
        self.four = four
        self.rows = rows or Rows()
        self.quads: Quads | None = None
        self.tile: Tile | None = None
        self.tile_kinds: dict[str, str] = {}
        self.puts = False  # whether what is shown is written to
        self.registers: dict[str, str] = {}
        self.arguments = Parameters()
        suffix = f"_{mode}_four" if four else f"_{mode}"
        suffix = f"_{mode}_held" if rows is not None else suffix
        self.function = f"{self.name}{suffix}" if isinstance(self.step, Parallel) else self.name

    def _extent_text(self, name: str) -> str:
        if name in self.layout.sizes:
            self.arguments.add(name, "size", self.layout.sizes[name])
        return name

    def index(self, index: Index) -> str:
        return self._index_name(index)

    def _inner_index(self, index: Index) -> str:
        return self._index_name(index)

    # -------------------------------------------------------------- scalars

    def _scalar(self, tensor: Input | Let, kind: str) -> tuple[str, str]:
        whole = tensor.domain.is_integer
        if isinstance(tensor, Input):
            held = "int64" if whole else "float64" if kind == "float64" else self.dtype
            name = self.layout.name(LETTERS[held], tensor.name)
            what = ("integer", tensor.name) if whole else ("number", tensor.name, held)
            return self.arguments.add(name, *what), held
        held = "int64" if whole else "float64" if kind == "float64" else self.dtype
        name = self.layout.name(LETTERS[held], tensor.name)
        array, slot = self._slot(tensor, held)
        self.head[name] = f"{array}[{slot}]"
        return name, held

    def _slot(self, let: Let, kind: str) -> tuple[str, int]:
        """The array that hands scalars on in a type, and the place in it."""
        array = {"int64": "wholes", "float32": "shorts", "float64": "values"}[kind]
        self.arguments.array(array, ("1048576",), kind, array)
        return array, self.layout.value("let", let.name)

    def _hand_on(self, let: Let, local: str) -> None:
        """A scalar for later steps and for the host."""
        kinds = ("int64",) if let.domain.is_integer else dict.fromkeys((self.dtype, "float64"))
        for kind in kinds:
            array, slot = self._slot(let, kind)
            value = local if self.kinds[let.name] == kind else f"{kind}({local})"
            self._line(f"{array}[{slot}] = {value}")

    # -------------------------------------------------------------- arrays

    def _element(
        self, tensor: Input | Let, positions: Sequence[Position], facts: Facts | None = None
    ) -> str:
        if self._is_held(tensor, positions) and (held := self._held(tensor)) is not None:
            return held
        facts = self.facts[-1] if facts is None else facts
        dimensions = tensor.dimensions
        extents = [self.layout.extent(one) for one in dimensions]
        kind = "int64" if tensor.domain.is_integer else self.dtype
        axes: Sequence[int] = range(len(dimensions))
        storage = None if isinstance(tensor, Input) else self.loops.storage[tensor.name]
        if storage is not None and storage.kind == "lent":
            return self._element(self.program.let[storage.of], positions, facts)
        for extent in extents:
            self._extent_text(extent)
        if storage is None:
            name = self.layout.name("in", tensor.name)
            held = self._stored(tensor)
            self.arguments.array(name, tuple(extents), held, "input", tensor.name, held)
        elif storage.kind == "output":
            name = self.layout.name("out", tensor.name)
            held = self._stored(tensor)
            self.arguments.array(name, tuple(extents), held, "output", tensor.name, held)
        elif storage.kind == "stored":
            name = self.layout.name("kept", tensor.name)
            shape = shape_of(dimensions)
            self.arguments.array(name, tuple(extents), kind, "stored", tensor.name, shape, kind)
        elif storage.block is not None:
            name, axes = self._of_block(tensor, storage, extents, kind), storage.axes
        else:
            name = self.layout.name("row", tensor.name)
            axes = storage.axes
            shape = shape_of(dimensions[axis] for axis in axes)
            self._of_team(name, [extents[axis] for axis in axes], shape, kind)
        texts = [self._place(positions[axis], facts) for axis in axes]
        if storage is not None and storage.kind == "scratch":
            texts = self._in_scratch(texts, storage, positions)
        if self.tile is not None and [one.index for one in positions] == [self.tile.index]:
            name, texts = self._in_tile(name, kind), [f"{texts[0]} - {self.tile.begin}"]
        if self.quads is not None and self._is_side_by_side(tensor, positions):
            return self._quad(name, texts, kind)
        return f"{name}[{', '.join(texts)}]"

    def _in_tile(self, array: str, kind: str) -> str:
        """The tile of an array."""
        assert self.tile is not None
        name = self.layout.name("tile", array)
        self.tile_kinds[name] = kind
        self.tile.brought[name] = array
        return name

    def _is_held(self, tensor: Input | Let, positions: Sequence[Position]) -> bool:
        """Whether an entry is of a row that the team keeps."""
        if self.quads is None or tensor.name not in self.rows.place:
            return False
        return [position.index for position in positions] == [self.outer, self.quads.index]

    def _held(self, tensor: Input | Let) -> str | None:
        """An entry of a row that the team keeps; None where it has to be brought there."""
        assert self.quads is not None
        row = f"held_{self.rows.place[tensor.name] + 1}"
        if self.rows.brought.get(tensor.name) is not self.quads.loop:
            return self._register(row, row, self.dtype)
        assert self.outer is not None
        if isinstance(tensor, Input):
            place = f"{self.layout.name('in', tensor.name)}[{self._index_name(self.outer)}]"
        else:
            place = f"{self.layout.name('block', tensor.name)}[{self._row_name(self.outer)}]"
        self.quads.kept[place] = row
        return None

    def _stored(self, tensor: Input | Let) -> str:
        """The type of an array that the caller has."""
        return "int64" if tensor.domain.is_integer else self.layout.stored

    def _is_side_by_side(self, tensor: Input | Let, positions: Sequence[Position]) -> bool:
        """Whether the turns of the loop that goes by four read entries that stand side by side, in a
        row that there is whatever guards the read: all are read before anything is asked."""
        assert self.quads is not None
        *outer, last = [
            position.index if position.index and position.index.dimension == dimension else None
            for position, dimension in zip(positions, tensor.dimensions, strict=True)
        ]
        return last == self.quads.index and not {None, last} & set(outer)

    def _quad(self, name: str, texts: Sequence[str], kind: str) -> str:
        """Entries in registers, of which this turn has one."""
        assert self.quads is not None
        row = f"{name}[{', '.join(texts[:-1])}]" if len(texts) > 1 else name
        return self._register(row, name, kind)

    def _register(self, row: str, name: str, kind: str) -> str:
        assert self.quads is not None
        held = self.quads.put if self.puts else self.quads.taken
        if row not in held.values():
            prefix = "put" if self.puts else "four"
            register = self.layout.name(prefix, f"{name}_{len(self.registers) + 1}")
            self.registers[register] = f"cuda.local.array({self.layout.at_once}, {kind})"
            held[register] = row
        found = next(one for one, other in held.items() if other == row)
        return f"{found}[u]"

    def _of_team(
        self, name: str, extents: Sequence[str], shape: Sequence[object], kind: str
    ) -> None:
        """An array that every team has one of: of threads, side by side, so that their accesses are
        of one line of memory."""
        teams = self._teams()
        whole = (*extents, teams) if self.mode == "thread" else (teams, *extents)
        self.arguments.array(name, whole, kind, "scratch", name, tuple(shape), kind)

    def _of_block(
        self, tensor: Input | Let, storage: Storage, extents: Sequence[str], kind: str
    ) -> str:
        """An array of the rows that are taken together."""
        name = self.layout.name("block", tensor.name)
        number = self.number
        whole = [extents[axis] for axis in storage.axes]
        room = self.arguments.add("room", "room", number)
        whole[storage.axes.index(storage.block or 0)] = room
        others = [axis for axis in storage.axes if axis != storage.block]
        shape = shape_of(tensor.dimensions[axis] for axis in others)
        return self.arguments.array(
            name, tuple(whole), kind, "block", tensor.name, number, shape, kind
        )

    def _in_scratch(
        self, texts: Sequence[str], storage: Storage, positions: Sequence[Position]
    ) -> list[str]:
        """The places in an array of the team, or of the rows that are taken together."""
        if storage.block is None:
            return self._with_team(texts)
        assert self.outer is not None
        if positions[storage.block].index != self.outer:
            raise InternalError("only a block of the rows is there, not all")
        places = list(texts)
        places[storage.axes.index(storage.block)] = self._row_name(self.outer)
        return places

    def _row_name(self, index: Index) -> str:
        """The number of a row among those that are taken together."""
        return self.layout.name("r", index.name)

    def _with_team(self, texts: Sequence[str]) -> list[str]:
        if not isinstance(self.step, Parallel):
            return ["0", *texts]
        return [*texts, "team"] if self.mode == "thread" else ["team", *texts]

    def _teams(self) -> str:
        return "teams" if isinstance(self.step, Parallel) else "1"

    if TYPE_CHECKING:  # of the text of a step, which these places are a part of

        def _axes_of(self, let: Let) -> Sequence[Index]: ...

    def _buffers(self, let: Let) -> list[str]:
        """The arrays that a reduction with axes accumulates in: the sums, and what they have lost."""
        axes = self._axes_of(let)
        kind = "int64" if let.domain.is_integer else self.dtype
        extents = [self._extent_text(self.layout.extent(axis.dimension)) for axis in axes]
        shape = shape_of(axis.dimension for axis in axes)
        prefixes = ["sum"]
        if let.reduction == "sum" and kind == "float32":
            prefixes.append("lost")
        names = []
        for prefix in prefixes:
            name = self.layout.name(prefix, let.name)
            if self._is_outer(let):
                number = self.layout.parts[let.name]
                blocks = (self._blocks(number), *extents)
                self.arguments.array(
                    name, blocks, kind, "partial", name, number, tuple(shape), kind
                )
            else:
                self._of_team(name, extents, shape, kind)
            names.append(name)
        return names

    def _in_buffer(self, let: Let, places: str) -> str:
        if self._is_outer(let):
            return f"cuda.blockIdx.x, {places}"
        return ", ".join(self._with_team([places]))

    def _is_outer(self, let: Let) -> bool:
        """Whether a reduction is over the outer loop of the step."""
        step = self.step
        return isinstance(step, Parallel) and any(one.let == let.name for one in step.reductions)

    def _part(self, let: Let, what: str = "part") -> str:
        """The parts that the blocks of a step have of a scalar reduction, and what they lost."""
        number = self.layout.parts[let.name]
        kind = "int64" if let.domain.is_integer else self.dtype
        if what == "part" and let.reduction in ("argmax", "argmin"):
            kind = "int64"
        if what == "best":
            kind = self.dtype
        name = self.layout.name("part", f"{what}_{let.name}" if what != "part" else let.name)
        shape = (self._blocks(number), "2")
        return self.arguments.array(name, shape, kind, "partial", name, number, (2,), kind)

    def _blocks(self, number: Number) -> str:
        """How many blocks run a step."""
        numbers = number if isinstance(number, tuple) else (number,)
        name = "_".join(["blocks", *(str(one + 1) for one in numbers)])
        return self.arguments.add(name, "blocks", number)

    def _shares(self, let: Let, what: str = "part") -> str:
        """What the blocks of a row have of a sum, by row and block."""
        kind = "int64" if let.domain.is_integer and what == "part" else self.dtype
        name = self.layout.name("of", f"{what}_{let.name}")
        assert self.outer is not None
        rows = self._extent_text(self.layout.extent(self.outer.dimension))
        parts = self.arguments.add("parts", "parts")
        return self.arguments.array(name, (rows, parts, "2"), kind, "shares", name, kind)

    def _errors(self) -> str:
        self.functions.add("inside")
        return self.arguments.array("errors", ("32",), "int64", "errors")

    def _example(self) -> str:
        if self.outer is not None and self.outer.dimension == BATCH:
            return self._inner_index(self.outer)
        return "-1"
