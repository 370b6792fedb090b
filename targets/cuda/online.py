"""The greatest entry of a row and sums of exponentials below it from one reading of the row (Milakov and
Gimelshein 2018, "Online normalizer calculation for softmax"), for rows that no team keeps.

A sum of exp(c·(x - m)), with c one number for a row, waits for the greatest m. Here it is begun with the
greatest so far, and multiplied by exp(c·(m - m')) when a greater m' is met. The entries that are equal to m
are counted beside it, as the programs have it, and join it when m is surpassed. What is made of the
exponentials later is made of them anew.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import sympy
from objc.targets.cuda.held import read_by, reads_of
from objc.targets.cuda.reductions import Reductions

from objc.atoms import Branch
from objc.ir.index import Index, Position
from objc.ir.program import Program
from objc.ir.symbols import Expression, Read, indices_of, reads, substitute_positions
from objc.schedule.loops import (
    Accumulate,
    Assign,
    Finish,
    Item,
    Loop,
    Loops,
    Parallel,
    Peeled,
    Start,
)

ONE = sympy.Integer(1)


@dataclass(frozen=True)
class Rescale:
    """The greatest so far, a let `extreme` at `at`, is known: what was counted as equal to the one before and
    summed below that is brought to it. A count and a sum; `scale` is c."""

    extreme: str
    at: tuple[Index, ...]
    count: str
    sum: str
    scale: Expression = ONE


@dataclass(frozen=True)
class Online(Loop):
    """Two loops over a row as one: the items that look for the greatest entries, and those that sum."""

    rescales: tuple[Rescale, ...] = ()
    before: int = 0

    def halves(self) -> tuple[tuple[Item, ...], tuple[Item, ...]]:
        return self.body[: self.before], self.body[self.before :]


def online(step: Parallel, loops: Loops) -> Parallel | None:
    """The step with such a loop; None if it has none."""
    found = _Merge(step, loops).body()
    return None if found is None else replace(step, loop=replace(step.loop, body=found))


class _Merge:
    def __init__(self, step: Parallel, loops: Loops) -> None:
        self.loops = loops
        self.program: Program = loops.program
        self.items = step.loop.body
        others = [item for one in loops.steps for item in one.items if item != step.loop]
        self.elsewhere = read_by(others)

    def body(self) -> tuple[Item, ...] | None:
        rows = [n for n, one in enumerate(self.items) if isinstance(one, Loop)]
        found = (self._merged(*pair) for pair in itertools.pairwise(rows))
        return next((one for one in found if one is not None), None)

    def _merged(self, first: int, second: int) -> tuple[Item, ...] | None:
        """The items of the step with two of its loops as one."""
        one, two = self.items[first], self.items[second]
        between = self.items[first + 1 : second]
        assert isinstance(one, Loop) and isinstance(two, Loop)
        two_along = _along(two, one)
        if two_along is None or not _is_plain(one.body) or not _may_follow(between):
            return None
        sums = _Sums(one, two_along, between, self.program)
        rescales = sums.rescales()
        gone = sums.powers
        if not rescales or any(map(self._is_needed, gone)) or not self._may_be_again(gone):
            return None
        if any(
            self.loops.storage[name].kind != "local" for name in _made(two_along.body) - set(gone)
        ):
            return None  # what stands between the loops, and the first one, may read what was there
        starts = [item for item in between if isinstance(item, Start)]
        others = [item for item in between if not isinstance(item, Start)]
        summed = [
            _again(item, gone) for item in two_along.body if getattr(item, "let", "") not in gone
        ]
        loop = Online(one.index, (*one.body, *summed), rescales=rescales, before=len(one.body))
        rest = [_again(item, gone) for item in self.items[second + 1 :]]
        return (*self.items[:first], *starts, loop, *others, *rest)

    def _is_needed(self, name: str) -> bool:
        """Whether exponentials are for others than this loop over rows: another step, or another item where
        rows are taken in blocks."""
        kept = self.loops.storage[name]
        is_own = kept.kind in ("lent", "scratch", "local") and kept.block is None
        return not is_own or name in self.elsewhere

    def _may_be_again(self, gone: Mapping[str, Assign]) -> bool:
        """Whether exponentials can be made later as they are now: of what nothing takes the place of."""
        read = {one.tensor for one in reads_of([*gone.values()])}
        return all(
            name in self.program.input or self.loops.storage[name].kind in ("local", "shared")
            for name in read
        )


class _Sums:
    """What two loops over a row find: greatest entries, and what is summed below them. `powers` are what the
    second makes of the entries, exp(c·(x - m)); `scales` are the c of what has been seen to be one."""

    def __init__(self, one: Loop, two: Loop, between: Sequence[Item], program: Program) -> None:
        self.one, self.two, self.between = one, two, between
        met = reads_of(two.body)
        self.most: dict[Read, Accumulate] = {
            read: item
            for item in one.body
            if isinstance(item, Accumulate) and program.let[item.let].reduction == "max"
            for read in met
            if read.tensor == item.let
        }
        self.integers = {one.name for one in program.lets if one.domain.is_integer}
        self.scales: dict[Read, set[Expression]] = {read: set() for read in self.most}
        self.powers = {
            item.let: item
            for item in two.body
            if isinstance(item, Assign) and any(self._is_power(item.body, m) for m in self.most)
        }

    def rescales(self) -> tuple[Rescale, ...]:
        """How each of the greatest is followed; none if anything else of the second loop waits for what the
        first one makes."""
        known = {str(getattr(item, "let", "")) for item in (*self.one.body, *self.between)}
        known -= {item.let for item in self.between if isinstance(item, Start)}
        found: dict[Read, dict[str, str]] = {read: {} for read in self.most}
        for item in self.two.body:
            if not known & read_by((item,)) and not set(self.powers) & read_by((item,)):
                continue
            if isinstance(item, Assign) and item.let in self.powers:
                if {one.tensor for one in reads_of((item,))} & _made(self.two.body):
                    return ()
                continue
            told = self._told(item)
            if told is None or told[1] in found[told[0]]:
                return ()
            found[told[0]][told[1]] = item.let  # type: ignore[union-attr]
        if not found or any(len(one) < 2 for one in found.values()):
            return ()
        if any(len(one) > 1 for one in self.scales.values()):
            return ()
        return tuple(
            Rescale(
                read.tensor, self._at(read.tensor), one["count"], one["sum"], *self.scales[read]
            )
            for read, one in found.items()
        )

    def _at(self, let: str) -> tuple[Index, ...]:
        ends = [one for one in self.between if isinstance(one, Finish) and one.let == let]
        return ends[0].at

    def _told(self, item: Item) -> tuple[Read, str] | None:
        """The greatest that an item counts, or sums below of, and which it does."""
        if not isinstance(item, Accumulate) or item.at or item.let in self.integers:
            return None
        for read, most in self.most.items():
            if item.guard != most.guard or not isinstance(item.body, Branch):
                continue
            test, equal, other = item.body.args
            if test != sympy.Eq(most.body, read):
                continue
            if (equal, other) == (1, 0):
                return read, "count"
            held = isinstance(other, Read) and other.tensor in self.powers
            power = self.powers[other.tensor].body if held else other
            if equal == 0 and self._is_power(power, read):
                return read, "sum"
        return None

    def _is_power(self, body: Expression, most: Read) -> bool:
        """Whether a body is exp(c·(x - m)), with a c that is known before the row is read."""
        if not isinstance(body, sympy.exp):
            return False
        difference = self.most[most].body - most
        (exponent,) = body.args
        scale = exponent / difference if exponent != difference else ONE
        made = {str(getattr(item, "let", "")) for item in (*self.one.body, *self.between)}
        is_known = scale == 1 or (
            difference in sympy.Mul.make_args(exponent)
            and scale.is_positive
            and not indices_of(scale) & {self.one.index, self.two.index}
            and not {one.tensor for one in scale.atoms(Read)} & made
        )
        if is_known:
            self.scales[most].add(scale)
        return bool(is_known)


def _is_plain(items: Sequence[Item]) -> bool:
    return all(
        isinstance(one, Assign)
        or (isinstance(one, Accumulate) and not one.at and one.value is None)
        for one in items
    )


def _may_follow(between: Sequence[Item]) -> bool:
    """Whether what stands between two loops may stand behind the second, or before the first."""
    return all(isinstance(one, Assign | Start | Finish) for one in between) and not any(
        one.axes for one in between if isinstance(one, Start | Finish)
    )


def _made(items: Sequence[Item]) -> set[str]:
    return {one.let for one in items if isinstance(one, Assign)}


def _along(loop: Loop, other: Loop) -> Loop | None:
    """A loop along the index of another one; None where they differ in more."""
    if loop.index.dimension != other.index.dimension or loop.direction or other.direction:
        return None
    if not _is_plain(loop.body):
        return None
    places = {loop.index: Position(other.index)}
    body = [_substituted(item, lambda one: substitute_positions(one, places)) for item in loop.body]
    for n, item in enumerate(body):
        if isinstance(item, Assign):
            at = tuple(other.index if one == loop.index else one for one in item.at)
            body[n] = replace(item, at=at)
    return Loop(other.index, tuple(body))


def _again(item: Item, gone: Mapping[str, Assign]) -> Item:
    """An item that makes anew what is kept no more."""
    if isinstance(item, Loop):
        return replace(item, body=tuple(_again(one, gone) for one in item.body))

    def made(expression: Any) -> Any:
        moved = {}
        for read in reads(expression):
            if read.tensor in gone:
                one = gone[read.tensor]
                places = dict(zip(one.at, read.positions, strict=True))
                moved[read] = substitute_positions(one.body, places)
        return expression.xreplace(moved) if moved else expression

    return _substituted(item, made)


def _substituted(item: Item, change: Callable[[Any], Any]) -> Item:
    match item:
        case Accumulate(body=body, guard=guard):
            return replace(item, body=change(body), guard=change(guard))
        case Assign(body=body) | Peeled(body=body):
            return replace(item, body=change(body))
    return item


class Follows(Reductions):
    """Writes loops that follow the greatest entry of a row."""

    def _extremes(self) -> dict[str, Rescale]:
        """How the greatest entries are followed that this step finds online."""
        items = self.step.loop.body if isinstance(self.step, Parallel) else ()
        return {
            one.extreme: one for item in items if isinstance(item, Online) for one in item.rescales
        }

    def _start(self, item: Start) -> None:
        super()._start(item)
        if item.let in self._extremes():
            self._line(f"{self.layout.name('v', item.let)} = {self.dtype}(-math.inf)")

    def _rescale(self, one: Rescale) -> None:
        """Bring what was summed to the greatest so far. Where all is -inf nothing is to be brought."""
        most, known = self._accumulator(self.program.let[one.extreme]), self._known(one)
        count, total = (self._parts_of(self.program.let[name]) for name in (one.count, one.sum))
        self._line(f"if {most} != {known}:")
        self.indent += 1
        self._scaled(one, (known, most), count, total)
        self._line(f"{known} = {most}")
        self.indent -= 1
        self.visible[-1][one.extreme] = one.at
        self.kinds[one.extreme] = self.dtype

    def _known(self, one: Rescale) -> str:
        return self.layout.name("v", one.extreme)

    def _scaled(
        self, way: Rescale, ends: tuple[str, str], count: Sequence[str], total: Sequence[str]
    ) -> None:
        """What was equal to the greatest joins the rest, all of which is brought to the one that is now, from
        the first of `ends` to the second."""
        exponential = f"exp_{self.dtype[-2:]}"
        self.functions.add(exponential)
        exponent = " - ".join(ends)
        if way.scale != 1:
            factor = self._value(self.program.let[way.sum], way.scale)
            exponent = f"({factor}) * ({exponent})"
        self._line(f"scale = {exponential}({exponent})")
        if len(total) > 1:
            self.functions.add("plus")
            self._line(f"{total[0]}, {total[1]} = plus({total[0]}, {total[1]}, {count[0]})")
        else:
            self._line(f"{total[0]} = {total[0]} + {count[0]}")
        for one in total:
            self._line(f"{one} = {one} * scale")
        for one in count:
            self._line(f"{one} = {self.dtype}(0.0)")

    def _finish(self, item: Finish) -> None:
        """The greatest of all threads, to which each brings what it has summed."""
        found = self._extremes().get(item.let)
        if found is not None and item.let in self.private and not self.alone:
            self._together(self.program.let[item.let], self.mode)
            self._rescale(found)
            self.private.discard(item.let)
        super()._finish(item)
