"""The terms of an objective, each by itself: its shape, and how hard it pulls."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from objc.analysis.decision import Decision, proved
from objc.analysis.formulas import influences
from objc.analysis.subject import Subject
from objc.analysis.values.evaluation import is_finite, outputs_of_all
from objc.analysis.values.samples import Values, samples
from objc.ir.program import Claim, Program, Term

_STEP = 1e-4
_DRAWS = 4
_MOST_ENTRIES = 24


@dataclass(frozen=True)
class Part:
    """A term with its weight, as what facts may be about; `names` are the parameters that reach it."""

    term: Term
    subject: Subject
    names: tuple[str, ...]


def parts_of(subject: Subject) -> list[Part]:
    """The terms of an objective."""
    if "parts" not in subject.known:
        subject.known["parts"] = [_part(subject.declared, one) for one in subject.declared.terms]
    found: list[Part] = subject.known["parts"]
    return found


def _part(declared: Program, term: Term) -> Part:
    alone = replace(declared, terms=(term,), outputs={}, kind="objective", claims=())
    subject = Subject(alone)
    reached = influences(subject.program)[subject.let.name]
    names = tuple(name.name for name in declared.differentiable if name.name in reached)
    return Part(term, subject, names)


def each_term(subject: Subject, claim: Claim) -> Decision | None:
    """A sum is convex if each of its terms is, and concave if each is that."""
    from objc.analysis.claims import decided

    if subject.declared.kind != "objective" or len(subject.declared.terms) < 2:
        return None
    arguments = []
    for part in parts_of(subject):
        names = tuple(name for name in claim.inputs if name in part.names)
        if not names:
            continue
        found = decided(part.subject, *claim.words, inputs=names)
        if not found.is_proof:
            return None
        arguments.append(f"{part.term.name} {found.argument}")
    return proved(f"each term is: {'; '.join(arguments)}")


# ------------------------------------------------------------------ how hard each term pulls


def pulls(declared: Program, parts: Sequence[Part]) -> Mapping[str, float]:
    """The median length of each term's gradient in the parameters, at some drawn inputs, by differences in
    float64; empty where a term has none there."""
    found: dict[str, list[float]] = {part.term.name: [] for part in parts}
    for values in _draws(declared):
        for part in parts:
            length = _length(part, values)
            if length is None:
                return {}
            found[part.term.name].append(length)
    medians = {name: sorted(one)[len(one) // 2] for name, one in found.items() if one}
    return medians if all(one > 0 for one in medians.values()) else {}


def _draws(declared: Program) -> Iterator[Values]:
    drawn = list(samples(declared, 2 * _DRAWS + 6, seed=1))[6:]
    yield from drawn[::2]


def _length(part: Part, values: Values) -> float | None:
    here = {name: values[name] for name in part.subject.program.input}
    places = [
        {**here, name: _moved(values[name], entry, step)}
        for name in part.names
        for entry in range(min(_size(values[name]), _MOST_ENTRIES))
        for step in (_STEP, -_STEP)
    ]
    if not places:
        return None
    found = outputs_of_all(part.subject.program, places)
    totals = [one["total"] for one in found if one is not None and is_finite(one["total"])]
    if len(totals) < len(places):
        return None
    slopes = [(up - down) / (2 * _STEP) for up, down in zip(totals[::2], totals[1::2], strict=True)]
    return math.hypot(*slopes)


def _size(value: Any) -> int:
    return sum(map(_size, value)) if isinstance(value, list) else 1


def _moved(value: Any, entry: int, step: float) -> Any:
    if not isinstance(value, list):
        return value + step if entry == 0 else value
    moved = []
    for one in value:
        size = _size(one)
        moved.append(_moved(one, entry, step) if 0 <= entry < size else one)
        entry -= size
    return moved
