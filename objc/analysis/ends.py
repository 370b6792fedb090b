"""Ends of the domains of numbers at which nothing is defined.

`interval(1, 2)` and `nonnegative` have their ends, and 1/p or 1/(2 − p) has no value there. What is proved
for symbols is proved where the formula has a value; where that is not the whole domain it is said.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from objc.analysis.facts import Fact
from objc.analysis.subject import Subject
from objc.analysis.values.evaluation import Outputs, entries, is_finite, outputs_of_all
from objc.analysis.values.membership import are_members
from objc.analysis.values.samples import Values, samples, shown
from objc.ir.domain import number_of
from objc.ir.program import Input

_ENDS = {"nonnegative": (0.0,), "nonpositive": (0.0,), "probability": (0.0, 1.0)}
_LEAST, _TRIES = 6, 24


def undefined_ends(subject: Subject) -> Iterator[Fact]:
    """A fact for each end at which no input tried has a finite value, though they have inside."""
    for (name, end), witness in _found(subject).items():
        where = f"{name} = {end:g}"
        how = (
            f"the value is infinite or no number at {witness}, and at every input tried; what is proved"
            " holds inside the domain"
        )
        statement = f"undefined at {where}"
        yield Fact("domain", statement, "proved", how, "undefined", (), f"at {where}")


def but_at_ends(subject: Subject) -> str:
    """What is left out of a proof, in words: nothing where the value is defined up to all ends."""
    found = [f"{name} = {end:g}" for name, end in _found(subject)]
    return f"; where it has a value, which it hasn't at {' or '.join(found)}" if found else ""


def _found(subject: Subject) -> dict[tuple[str, float], str]:
    if "undefined ends" not in subject.known:
        subject.known["undefined ends"] = {
            (one.name, end): witness
            for one in subject.declared.inputs
            if not one.dimensions
            for end in _ends_of(one)
            if (witness := _witness(subject, one.name, end)) is not None
        }
    found: dict[tuple[str, float], str] = subject.known["undefined ends"]
    return found


def _ends_of(one: Input) -> tuple[float, ...]:
    domain = one.domain
    if domain.kind != "interval":
        return _ENDS.get(domain.kind, ())
    numbers = (number_of(end, {}, {}) for end in (domain.low, domain.high) if end is not None)
    return tuple(end for end in numbers if end is not None and abs(end) != float("inf"))


def _witness(subject: Subject, name: str, end: float) -> str | None:
    """Inputs without a finite value at the end, if that is so of all that have one inside."""
    program = subject.program
    inside = [one for one in islice(samples(program, _TRIES), _TRIES) if one[name] != end]
    inside = [one for one in inside if are_members(program, {**one, name: end})]
    there: list[Values] = [{**one, name: end} for one in inside]
    found = outputs_of_all(program, inside), outputs_of_all(program, there)
    left = []
    for values, here, at_end in zip(there, *found, strict=True):
        if not _has_value(here):
            continue
        if _has_value(at_end):
            return None
        left.append(values)
    if len(left) < _LEAST:
        return None
    moving = {one.name for one in program.inputs if one.role != "hyperparameter"}
    return shown(left[-1], {*moving, name})


def _has_value(found: Outputs | None) -> bool:
    return found is not None and all(
        is_finite(one) for result in found.values() for one in entries(result)
    )
