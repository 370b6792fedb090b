"""Ends of the domains of hyperparameters at which nothing is defined.

`interval(1, 2)` and `nonnegative` have their ends, and 1/p or 1/(2 − p) has no value there. What is proved
for symbols is proved where the formula has a value; where that is not the whole domain it is said.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from objc.analysis.facts import Fact
from objc.analysis.values.evaluation import entries, is_finite, outputs
from objc.analysis.values.samples import Values, samples, shown
from objc.ir.domain import number_of
from objc.ir.program import Input, Program

_ENDS = {"nonnegative": (0.0,), "nonpositive": (0.0,), "probability": (0.0, 1.0)}
_LEAST, _TRIES = 6, 24


def undefined_ends(program: Program) -> Iterator[Fact]:
    """A fact for each end at which no input tried has a finite value, though they have inside."""
    for one in program.inputs:
        if one.role != "hyperparameter" or one.dimensions:
            continue
        for end in _ends_of(one):
            witness = _witness(program, one.name, end)
            if witness is not None:
                where = f"{one.name} = {end:g}"
                how = (
                    f"the value is infinite or no number at {witness}, and at every input tried; what"
                    " is proved holds inside the domain"
                )
                statement = f"undefined at {where}"
                yield Fact("domain", statement, "proved", how, "undefined", (), f"at {where}")


def _ends_of(one: Input) -> tuple[float, ...]:
    domain = one.domain
    if domain.kind != "interval":
        return _ENDS.get(domain.kind, ())
    numbers = (number_of(end, {}, {}) for end in (domain.low, domain.high) if end is not None)
    return tuple(end for end in numbers if end is not None and abs(end) != float("inf"))


def _witness(program: Program, name: str, end: float) -> str | None:
    """Inputs without a finite value at the end, if that is so of all that have one inside."""
    found: list[Values] = []
    for values in islice(samples(program, _TRIES), _TRIES):
        if values[name] == end or not _has_value(program, values):
            continue
        there = {**values, name: end}
        if _has_value(program, there):
            return None
        found.append(there)
    if len(found) < _LEAST:
        return None
    plain = found[-1]
    moving = {one.name for one in program.inputs if one.role != "hyperparameter"}
    return shown(plain, moving)


def _has_value(program: Program, values: Values) -> bool:
    results = outputs(program, values)
    return results is not None and all(
        is_finite(one) for result in results.values() for one in entries(result)
    )


__all__ = ["undefined_ends"]
