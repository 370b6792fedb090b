"""Whether an objective runs to −∞: a ray on which its limit is that, at data where it does.

What falls on and on in float64 is taken as a formula of the ray's length, entry by entry, its folds
as they are far out, and the limit is taken.

A mean over data runs to −∞ with one of them, where the rest stay as they are on the ray; and it does so
wherever it isn't constant, if it is concave on all lines: a concave function with a lower bound on a whole
line is constant there.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

import sympy

from objc.analysis.claims import decided
from objc.analysis.formulas import influences
from objc.analysis.objectives.rays import (
    Direction,
    directions,
    entries,
    exact_of,
    filled,
    floats,
    place_along,
    ray_text,
    sympified,
)
from objc.analysis.objectives.unrolled import NotUnrolled, unrolled
from objc.analysis.signs.elementary import plain
from objc.analysis.signs.far import far_out, limit
from objc.analysis.subject import Subject
from objc.analysis.values.evaluation import Outputs, is_nan, outputs_of_all
from objc.analysis.values.samples import Values, samples, shown
from objc.ir.declared import leaning
from objc.ir.program import Program

_LENGTHS = (8.0, 64.0, 512.0, 4096.0)
_LONGER = (2.0**18, 2.0**20, 2.0**22, 2.0**24)
"""Lengths at which a small square is more than what grows like a line, and powers still have digits left."""
_SHORTER = (1.0, 4.0, 16.0, 64.0)
"""Lengths for what overflows on the way: 0 · exp(8192) is no number."""
_DRAWS = 6


Course: TypeAlias = Literal["falls", "rises", "stays", "unclear"]


@dataclass(frozen=True)
class Runaway:
    """A ray on which the objective tends to −∞ (∞, if it is maximized); `always` if its mean over data
    does so too, as far as it isn't constant, for the reason `why`. What is `held` elsewhere says at which
    data it has the other limit."""

    ray: str
    data: str
    always: bool
    upward: bool
    names: tuple[str, ...] = ()
    why: str = ""
    held: str = ""

    def __str__(self) -> str:
        end = "∞" if self.upward else "-∞"
        at = f", at {self.data}" if self.data else ""
        return f"it tends to {end} along {self.ray}{at}{self.held}"


@dataclass
class _Tried:
    """A direction with the places at which the objective falls along it, or stays as it is, and those at
    which numbers don't tell."""

    direction: Direction
    falling: list[Values] = field(default_factory=list)
    still: int = 0
    unclear: list[Values] = field(default_factory=list)


def runaway(subject: Subject) -> Runaway | None:
    """A ray on which what is minimized has no lower bound, if one is found and proved."""
    places = [one for n, one in enumerate(samples(subject.program, 2 * _DRAWS + 6)) if n % 2 == 0]
    if not places or not any(one.is_differentiable for one in subject.program.inputs):
        return None
    search = _Search(subject, places)
    found = search.at(places)
    if found is None or found.held:  # data that are fitted say more than zeros
        return search.at(list(_fitted(subject.program, places))) or found
    return found


class _Search:
    def __init__(self, subject: Subject, places: Sequence[Values]) -> None:
        self.subject = subject
        self.program = subject.program
        self.places = places
        self.upward = subject.declared.direction == "maximize"
        # Along a ray of what others are tied to, its domain or theirs ends.
        tied = leaning(subject.program)
        inputs = subject.program.inputs
        self.moving = [one for one in inputs if one.is_differentiable and one.name not in tied]

    def at(self, places: Sequence[Values]) -> Runaway | None:
        """A ray from some of these places, one of those first on which the objective falls at most."""
        found: dict[str, _Tried] = {}
        for values in places[::-1]:  # the plainest, where everything ties, come last
            for direction in directions(self.moving, values):
                course = self._course(values, direction)
                tried = found.setdefault(ray_text(self.moving, direction), _Tried(direction))
                if course == "falls":
                    tried.falling.append(values)
                elif course == "unclear":
                    tried.unclear.append(values)
                tried.still += course == "stays"
        falling = [one for one in found.items() if one[1].falling]
        ranked = sorted(falling, key=lambda one: -len(one[1].falling))
        for text, one in ranked[:4]:
            is_all = self._falls_at_all(one, places)
            # Limits of long numbers are not found.
            one.falling.sort(key=lambda values: len(str(values)))
            where = one.falling[:2] if is_all else one.falling[:1]
            if all(self._end(one.direction, values) == -sympy.oo for values in where):
                return self._told(text, one, is_all)
        return None

    def _falls_at_all(self, one: _Tried, places: Sequence[Values]) -> bool:
        """Whether it falls at most of the data, and stays as it is at the rest; by its limit, where numbers
        don't tell."""
        falling, total = len(one.falling) + len(one.unclear), len(places)
        if places is not self.places or falling + one.still < total or 2 * falling < total:
            return False
        return all(self._end(one.direction, values) == -sympy.oo for values in one.unclear)

    def _told(self, text: str, one: _Tried, is_all: bool) -> Runaway:
        reached = influences(self.program)[self.subject.let.name]
        data = shown(one.falling[0], reached - {each.name for each in self.moving})
        names = tuple(
            each.name
            for each in self.moving
            if any(step for _, step in entries(one.direction[each.name]))
        )
        why = "" if is_all else self._whatever_data(names)
        held = "" if is_all or why else self._held(one)
        return Runaway(text, data, is_all or bool(why), self.upward, names, why, held)

    def _whatever_data(self, names: tuple[str, ...]) -> str:
        """Why no mean over data has a bound, unless it is constant."""
        inputs = [self.program.input[name] for name in names]
        if any(one.domain.kind != "real" or one.role != "learned" for one in inputs):
            return ""
        shape = self.subject.curvature(*names)
        word = "affine" if shape.affine else "convex" if self.upward else "concave"
        if word != "affine" and not decided(self.subject, word, inputs=names).is_proof:
            return ""
        return (
            f"whatever the data, it is {word} in {' and '.join(names)}: a mean of it over data has no"
            f" {'upper' if self.upward else 'lower'} bound either, unless it is constant"
        )

    def _held(self, one: _Tried) -> str:
        """Data at which it has the other limit on the same ray, and a mean of both has that as well."""
        for values in self.places[::-1]:
            if self._course(values, one.direction) != "rises":
                continue
            if self._end(one.direction, one.falling[0], values) == sympy.oo:
                reached = influences(self.program)[self.subject.let.name]
                data = shown(values, reached - {each.name for each in self.moving})
                other = "-∞" if self.upward else "∞"
                return f"; to {other} along the same at {data}, and so does the mean of both"
        return ""

    def _course(self, values: Values, direction: Direction) -> Course:
        """What the value does along a ray, in float64: it falls, no slower as it goes on by factors, or
        rises like that, or stays as it is. What it does far out counts, where that is clear."""
        found = self._along(values, direction, _LENGTHS)
        if found is None:
            nearer = self._along(values, direction, _SHORTER)
            return "unclear" if nearer is None else _course_of(nearer)
        farther = self._along(values, direction, _LONGER)
        beyond = "unclear" if farther is None else _course_of(farther)
        return beyond if beyond in ("falls", "rises") else _course_of(found)

    def _along(
        self, values: Values, direction: Direction, lengths: Sequence[float]
    ) -> list[float] | None:
        places = [
            {
                **values,
                **{
                    one.name: floats(
                        place_along(one, values[one.name], direction[one.name], length)
                    )
                    for one in self.moving
                },
            }
            for length in lengths
        ]
        known: list[Outputs] = [
            one for one in outputs_of_all(self.program, places) if one is not None
        ]
        found = [-one["total"] if self.upward else one["total"] for one in known]
        return found if len(found) == len(places) and not any(map(is_nan, found)) else None

    def _end(self, direction: Direction, *places: Values) -> Any:
        """The limit of what is minimized (of the negative of what is maximized) along a ray, summed over
        some places of the same shapes."""
        t = sympy.Dummy("t", positive=True)
        forms = [self._far_out(values, direction, t) for values in places]
        if any(one is None for one in forms):
            return None
        return limit(sympy.Add(*((-one if self.upward else one) for one in forms)), t)

    def _far_out(self, values: Values, direction: Direction, t: Any) -> Any:
        inputs = {name: exact_of(value) for name, value in values.items()}
        for one in self.moving:
            inputs[one.name] = place_along(one, inputs[one.name], direction[one.name], t)
        try:
            (value,) = unrolled(self.program, sympified(inputs)).values()
        except NotUnrolled:
            return None
        return far_out(plain(value), t)


def _course_of(found: Sequence[float]) -> Course:
    if max(found) == min(found) and math.isfinite(found[0]):
        return "stays"
    if _is_falling(found):
        return "falls"
    return "rises" if _is_falling([-one for one in found]) else "unclear"


def _is_falling(found: Sequence[float]) -> bool:
    first, second, third, fourth = found
    if fourth == -math.inf:
        return bool(third < second < first)
    return bool(
        fourth < third < second < first < math.inf and third - fourth >= (second - third) / 2
    )


def _fitted(program: Program, places: Sequence[Values]) -> Iterator[Values]:
    """Data that parameters of 0 may fit exactly: those of one real input are 0."""
    for values in places[-2:]:
        for one in program.inputs:
            if one.role == "data" and one.domain.kind == "real":
                yield {**values, one.name: filled(values[one.name], 0)}
