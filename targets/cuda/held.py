"""Rows that a team keeps in shared memory while it takes a turn, so that each is read once.

The loops of a turn that go by four share out a row alike, so a thread meets the entries again that it has
put there itself, and nobody waits for another. An input is kept by the first loop that reads it; what
the turn makes for itself is never anywhere else. Two rows of which one is done with where the other
begins share their place.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import sympy
from objc.targets.cuda.sharing import Sharing

from objc.ir.index import Dimension, Index
from objc.ir.program import Input, Let, Program
from objc.ir.symbols import Read, reads
from objc.schedule.loops import (
    Accumulate,
    Assign,
    Item,
    Loop,
    Loops,
    Parallel,
    walk,
)


@dataclass
class Rows:
    """Which rows of a step are kept: the places by tensor, the loop that brings an input there, and along
    which dimension they all are."""

    dimension: Dimension | None = None
    place: dict[str, int] = field(default_factory=dict)
    brought: dict[str, Loop] = field(default_factory=dict)
    makes: frozenset[str] = frozenset()

    @property
    def count(self) -> int:
        return max(self.place.values(), default=-1) + 1

    def first(self, count: int) -> Rows:
        """The same for those of the first places, where there is no room for all."""
        place = {name: one for name, one in self.place.items() if one < count}
        brought = {name: one for name, one in self.brought.items() if name in place}
        return Rows(self.dimension, place, brought, self.makes & set(place))


def rows_of(
    loops: Loops, step: Parallel, sharing: Sharing, met: frozenset[str] = frozenset()
) -> Rows:
    """The plan for a step; without places where there is nothing to keep. What is `met` outside of the
    step, other items of it read or write."""
    return _Plan(loops, step, sharing, met).rows()


class _Plan:
    def __init__(self, loops: Loops, step: Parallel, sharing: Sharing, met: frozenset[str]) -> None:
        self.loops = loops
        self.met = met
        self.later = {
            name
            for other in loops.steps
            if step.loop not in other.items
            for name in read_by(other.items)
        }
        self.program: Program = loops.program
        self.outer = step.loop.index
        self.items = step.loop.body
        found = [one for one in self.items if isinstance(one, Loop) and sharing.may_go_by_four(one)]
        self.dimension = found[0].index.dimension if found else None
        self.own = [one for one in found if one.index.dimension == self.dimension]

    def rows(self) -> Rows:
        spans: dict[str, tuple[int, int]] = {}
        for name in self._inputs():
            met = [n for n, loop in enumerate(self.own) if name in self._plain(loop)]
            if len(met) > 1:
                spans[name] = met[0], met[-1]
        brought = {name: self.own[first] for name, (first, _) in spans.items()}
        for name in self._made():
            begun = [n for n, loop in enumerate(self.own) if name in _assigned(loop)]
            met = [n for n, loop in enumerate(self.own) if name in self._plain(loop)]
            spans[name] = begun[0], max([*begun, *met])
        made = frozenset(spans) - set(brought)
        return Rows(self.dimension, _placed(spans), brought, made)

    def _inputs(self) -> list[str]:
        """What a step finds: inputs, and what has been made for these rows before it."""
        written = {str(getattr(item, "let", "")) for item, _ in walk(self.items)}
        made = [
            self.program.let[name]
            for name in sorted(self.met - written)
            if name in self.program.let and self.loops.storage[name].block == 0
        ]
        tensors: tuple[Input | Let, ...] = (*self.program.inputs, *made)
        return [
            one.name for one in tensors if len(one.dimensions) == 2 and not one.domain.is_integer
        ]

    def _plain(self, loop: Loop) -> set[str]:
        """The tensors that a loop reads along itself, in the row of this turn."""
        return {one.tensor for one in reads_of(loop.body) if self._is_plain(one, loop.index)}

    def _is_plain(self, read: Read, index: Index) -> bool:
        return [position.index for position in read.positions] == [self.outer, index]

    def _made(self) -> Iterator[str]:
        """Lets that are rows of the turn alone, and met by nothing but these loops, one of which makes
        each before it is read."""
        inside = {id(item) for loop in self.own for item in loop.body}
        others = [item for item, _ in walk(self.items) if id(item) not in inside]
        elsewhere = {one.tensor for one in reads_of(others)} | self.met | self.later
        elsewhere |= {str(getattr(item, "let", "")) for item in others}
        for let in self.program.lets:
            storage = self.loops.storage[let.name]
            if storage.kind not in ("lent", "scratch") or let.name in elsewhere:
                continue
            if let.domain.is_integer or len(let.free) != 2:
                continue
            made = [loop for loop in self.own if let.name in _assigned(loop)]
            if len(made) != 1 or not self._is_row(let.name, made[0]):
                continue
            begun = self.own.index(made[0])
            read = [
                (n, one, loop)
                for n, loop in enumerate(self.own)
                for one in reads_of(loop.body)
                if one.tensor == let.name
            ]
            if all(n >= begun and self._is_plain(one, loop.index) for n, one, loop in read):
                yield let.name

    def _is_row(self, name: str, loop: Loop) -> bool:
        (item,) = [one for one in loop.body if isinstance(one, Assign) and one.let == name]
        return item.at == (self.outer, loop.index)


def _assigned(loop: Loop) -> set[str]:
    return {one.let for one in loop.body if isinstance(one, Assign)}


def read_by(items: Sequence[Item]) -> set[str]:
    """The tensors that items read."""
    return {one.tensor for one in reads_of([item for item, _ in walk(tuple(items))])}


def reads_of(items: Sequence[Item]) -> list[Read]:
    found: list[Read] = []
    for item in items:
        for part in ("body", "guard", "value", "left", "right"):
            expression = getattr(item, part, None)
            if isinstance(expression, sympy.Basic):
                found += reads(expression)
        if isinstance(item, Accumulate):
            for place in item.at:
                found += reads(place.base) if isinstance(place.base, Read) else []
        position = getattr(item, "position", None)
        if position is not None and isinstance(position.base, Read):
            found += reads(position.base)
    return found


def _placed(spans: dict[str, tuple[int, int]]) -> dict[str, int]:
    """A place for each row: that of one which is done with, where there is one."""
    ends: list[int] = []
    place: dict[str, int] = {}
    for name, (first, last) in sorted(spans.items(), key=lambda one: one[1]):
        free = next((n for n, end in enumerate(ends) if end <= first), len(ends))
        ends[free : free + 1] = [last]
        place[name] = free
    return place
