"""Witnesses of kinks: exact inputs at which a loss is shown not to be differentiable, or to jump.

A formula with `abs` in it need not have a kink: `x·abs(x)` and `abs(x)²` have none, and a seam may lie
where no input reaches. So a kink counts as proved only at inputs where `objc.analysis.values.onesided` tells
both sides apart.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Literal

import sympy

from objc.analysis.formulas import influences
from objc.analysis.values.interval import Interval
from objc.analysis.values.membership import stays_inside
from objc.analysis.values.onesided import ZERO, Along, Exhausted, Move, Still, Undecided, Work
from objc.analysis.values.samples import Values, samples, shown
from objc.ir.domain import number_of
from objc.ir.index import Index, at
from objc.ir.program import Let, Names, Program
from objc.ir.symbols import Condition, Expression, substitute_positions

_SAMPLES = 14
_CONSTANT_SAMPLES = 6
"""The first samples have every real entry alike: there much is tied that is no part of the kink."""
_ENTRIES = 3
_POINTS = 6
_CANDIDATES = 24
"""Places on the seam that are looked at for one kink."""
_WORK, _GREATEST_WORK = 6_000, 20_000
"""Parts of formulas that may be evaluated for one kink, and for all of an input."""
_UNTIL_FOUND = 2_000
"""The same for one kink until a place on its seam is found."""
_MOST_SILENT = 36
"""Pairs of values after which a gap that had no exact value at any is asked at drawn places alone."""
_REACHES = (Fraction(1, 2**12), Fraction(1, 2**40))
_PAIRS = tuple(
    (Fraction(a), Fraction(a) + Fraction(b))
    for a, b in ((1000, 1), (-1000, -1), (3, 1), (-3, -1), (0, 1), (Fraction(1, 4), Fraction(1, 2)))
)
"""Values of the moving entry between which the way to the seam is taken to be straight."""


@dataclass(frozen=True)
class Gap:
    """What is zero on a seam, at each point of some indices."""

    expression: Expression
    indices: tuple[Index, ...] = ()


@dataclass(frozen=True)
class Witness:
    """Inputs at which the function of one of them is not smooth, with what differs there in words: all
    values, the entry that moves, and where it is."""

    kind: Literal["jump", "kink"]
    text: str
    values: Values
    entry: tuple[int, ...]
    origin: Fraction

    def moved(self, name: str, step: Fraction) -> Values:
        """The inputs with the entry so far from the seam, exactly."""
        value = _replaced(self.values[name], self.entry, self.origin + step)
        return {**self.values, name: value}


def gaps_of(difference: Expression, let: Let) -> tuple[Gap, ...]:
    """The gap between two expressions of a let's body."""
    return (Gap(difference, let.indices),)


def gaps_of_condition(condition: Condition, let: Let) -> tuple[Gap, ...]:
    """The gaps at whose zeros a condition changes."""
    relations = sorted(condition.atoms(sympy.core.relational.Relational), key=str)
    return tuple(Gap(one.args[0] - one.args[1], let.indices) for one in relations)


def gaps_of_reduction(let: Let, program: Program) -> tuple[Gap, ...]:
    """The gaps at whose zeros a reduction takes another of its points, or a norm ends."""
    if let.reduction in ("norm", "any", "all", "count"):
        inner = gaps_of_condition(let.body, let)
        return inner or (Gap(let.body, let.indices),)
    names = Names.of(program)
    others = {one: names.index(one) for one in let.over}
    moved = substitute_positions(let.body, {one: at(new) for one, new in others.items()})
    return (Gap(let.body - moved, (*let.indices, *others.values())),)


class Search:
    """The search for witnesses in one input of a program whose scalar is `value`."""

    def __init__(self, program: Program, value: Expression, name: str) -> None:
        self.program = program
        self.value = value
        self.name = name
        self._drawn: list[Values] | None = None
        self._left = _GREATEST_WORK
        self._work = Work(0)
        self._silent: Counter[Gap] = Counter()
        reached = {let for let, by in influences(program).items() if name in by}
        self._moving = frozenset({name} | reached)
        self._still: dict[int, Still] = {}

    def witness(
        self, gaps: Sequence[Gap], others: Sequence[Gap], is_continuous: bool
    ) -> Witness | None:
        """A witness on the seam of `gaps`: off those of `others`, unless all of the seam lies on them.

        A jump is looked for before a kink, unless the function is known to be continuous there.
        """
        best: dict[bool, Witness | None] = {}
        most = min(_WORK, self._left)
        self._work = Work(min(_UNTIL_FOUND, most))
        granted = self._work.left
        try:
            for values, entry, origin in self._candidates(gaps):
                self._work.left += most - granted
                granted = most
                is_apart = not self._is_on(others, values, entry, origin)
                if True in best and not is_apart:
                    continue
                found = self._told_apart(values, entry, origin)
                if found is not None and is_apart and (is_continuous or found.kind == "jump"):
                    return found
                best[is_apart] = best.get(is_apart) or found
        except Exhausted:
            pass
        finally:
            self._left -= granted - max(self._work.left, 0)
        return best.get(True, best.get(False))

    # ------------------------------------------------------------- candidates

    def _candidates(
        self, gaps: Sequence[Gap]
    ) -> Iterator[tuple[Values, tuple[int, ...], Fraction]]:
        found = self._on_seams(gaps)
        seen: set[Any] = set()
        for values, entry, origin in itertools.islice(found, 4 * _CANDIDATES):
            key = (str(values), entry, origin)
            if key not in seen and len(seen) < _CANDIDATES:
                seen.add(key)
                yield values, entry, origin

    def _on_seams(self, gaps: Sequence[Gap]) -> Iterator[tuple[Values, tuple[int, ...], Fraction]]:
        for values in self._samples():
            for entry in itertools.islice(_entries(values[self.name]), _ENTRIES):
                for gap in gaps:
                    for point in self._points(gap, values):
                        for origin in self._origins(gap, point, values, entry):
                            yield values, entry, origin

    def _samples(self) -> list[Values]:
        """Drawn inputs, those with ties last."""
        if self._drawn is None:
            drawn = [self._readable(one) for one in samples(self.program, _SAMPLES)]
            self._drawn = drawn[_CONSTANT_SAMPLES:] + drawn[:_CONSTANT_SAMPLES]
        return self._drawn

    def _readable(self, values: Values) -> Values:
        """Values that are what they look like; the ends of an interval stay as they are."""
        kinds = {one.name: one.domain.kind for one in self.program.inputs}
        return {k: one if kinds[k] == "interval" else _rounded(one) for k, one in values.items()}

    def _points(self, gap: Gap, values: Values) -> Iterator[Mapping[Index, int]]:
        along = self._along(values, (), Fraction(0))
        try:
            ranges = [range(along.size(one.dimension)) for one in gap.indices]
        except Undecided:
            return
        for places in itertools.islice(itertools.product(*ranges), _POINTS):
            yield dict(zip(gap.indices, places, strict=True))

    def _origins(
        self, gap: Gap, point: Mapping[Index, int], values: Values, entry: tuple[int, ...]
    ) -> Iterator[Fraction]:
        """Values of the entry at which the gap is exactly zero."""
        tried: set[Fraction] = set()
        flat = 0
        for one, other in _PAIRS:
            if not (self._is_inside(one, values) and self._is_inside(other, values)):
                continue
            if self._silent[gap] >= _MOST_SILENT:
                break
            first, second = (self._gap(gap, point, values, entry, x) for x in (one, other))
            if first is None or second is None:
                self._silent[gap] += 1
                continue
            self._silent[gap] = -_GREATEST_WORK  # it has exact values
            if first == second:
                flat += 1
                if flat > 1:
                    break  # the entry does not move this gap
                continue
            origin = one - first * (other - one) / (second - first)
            if origin in tried or not self._is_inside(origin, values):
                continue
            tried.add(origin)
            if self._gap(gap, point, values, entry, origin) == 0:
                yield origin
        here = Fraction(str(_entry(values[self.name], entry)))
        is_new = here not in tried and self._is_inside(here, values)
        if is_new and self._gap(gap, point, values, entry, here) == 0:
            yield here

    def _gap(
        self,
        gap: Gap,
        point: Mapping[Index, int],
        values: Values,
        entry: tuple[int, ...],
        origin: Fraction,
    ) -> Fraction | None:
        try:
            return self._along(values, entry, origin).of(gap.expression, point).number()
        except (Undecided, KeyError):
            return None

    def _along(self, values: Values, entry: tuple[int, ...], origin: Fraction) -> Along:
        return self._moved(values, Move(self.name, entry, origin, 0, Fraction(1)))

    def _moved(self, values: Values, move: Move) -> Along:
        still = self._still.setdefault(id(values), Still(self._moving))
        return Along(self.program, values, move, self._work, still)

    def _is_inside(self, origin: Fraction, values: Values) -> bool:
        """Whether a value lies inside the declared domain, with room on both sides."""
        domain = self.program.input[self.name].domain
        if domain.kind == "simplex" or domain.is_integer or domain.kind in ("sign", "binary"):
            return False
        low, high = (number_of(one, values, {}) for one in domain.bounds)
        room = _REACHES[0]
        if low is None or high is None or not low + room < origin < high - room:
            return False
        return stays_inside(self.program, values, self.name, origin, room)

    def _is_on(
        self, others: Sequence[Gap], values: Values, entry: tuple[int, ...], origin: Fraction
    ) -> bool:
        return any(
            self._gap(gap, point, values, entry, origin) == 0
            for gap in others
            for point in self._points(gap, values)
        )

    # ------------------------------------------------------------- certificates

    def _shown(self, place: Values, origin: Fraction) -> str:
        others = shown(place, set(place) - {self.name})
        return f"{self.name} = {_exactly(origin)}" + (f", {others}" if others else "")

    def _told_apart(
        self, values: Values, entry: tuple[int, ...], origin: Fraction
    ) -> Witness | None:
        place = {**values, self.name: _replaced(values[self.name], entry, float(origin))}
        where = "" if _has_tensors(place) else f" at {self._shown(place, origin)}"
        there = values, entry, origin
        for reach in _REACHES:
            try:
                moves = [Move(self.name, entry, origin, side, reach) for side in (0, -1, 1)]
                here, left, right = (self._moved(values, one).of(self.value, {}) for one in moves)
            except (Undecided, KeyError):
                continue
            pairs = ((left.value, right.value), (here.value, left.value), (here.value, right.value))
            if any(_are_disjoint(*pair) for pair in pairs):
                if _are_disjoint(left.value, right.value):
                    text = f"values {_both(left.start, right.start)}{where}"
                    return Witness("jump", text, *there)
                around = left if _are_disjoint(here.value, left.value) else right
                sides = _both(around.start, here.start, " beside it and ")
                return Witness("jump", f"values {sides}{where}", *there)
            if _are_disjoint(-left.slope, right.slope):
                text = f"slopes {_both(-left.slope, right.slope)}{where}"
                return Witness("kink", text, *there)
        return None


def _rounded(value: Any) -> Any:
    if isinstance(value, list):
        return [_rounded(one) for one in value]
    return float(f"{value:.10g}") if isinstance(value, float) else value


def _exactly(origin: Fraction) -> str:
    text = f"{float(origin):.10g}"
    return text if Fraction(text) == origin else str(origin)


def _are_disjoint(one: Interval, other: Interval) -> bool:
    return one.high < other.low or other.high < one.low


def _both(one: Interval, other: Interval, between: str = " and ") -> str:
    """A number in each of two intervals, with digits enough to tell them apart."""
    for digits in range(3, 17):
        texts = [_near(values, digits) for values in (one, other)]
        if texts[0] != texts[1]:
            break
    return between.join(texts)


def _near(values: Interval, digits: int) -> str:
    if values == ZERO:
        return "0"
    if not values.is_bounded:
        return "one beyond all bounds"
    return f"{float((values.low + values.high) / 2):.{digits}g}"


def _entries(value: Any) -> Iterator[tuple[int, ...]]:
    if not isinstance(value, list):
        yield ()
        return
    for number, one in enumerate(value):
        for inner in _entries(one):
            yield (number, *inner)


def _entry(value: Any, entry: tuple[int, ...]) -> Any:
    for place in entry:
        value = value[place]
    return value


def _replaced(value: Any, entry: tuple[int, ...], new: float | Fraction) -> Any:
    if not entry:
        return new
    head, *rest = entry
    return [
        _replaced(one, tuple(rest), new) if number == head else one
        for number, one in enumerate(value)
    ]


def _has_tensors(values: Values) -> bool:
    return any(isinstance(one, list) for one in values.values())
