"""Values of sums by the values of their terms: each a sum of functions of one number each, of which the
sign is decided on the line."""

from __future__ import annotations

from typing import Any

import sympy

from objc.analysis.signs.elementary import plain
from objc.analysis.signs.lines import is_nonnegative_inside
from objc.analysis.subject import Subject
from objc.analysis.values.interval import NONNEGATIVE, Interval
from objc.analysis.values.ranges import Ranges
from objc.ir.symbols import Read, reads

_GREATEST = 40
"""Operations beyond which a term isn't looked at."""


def is_nonnegative(subject: Subject) -> bool:
    """Whether a loss is at least zero because terms of its sums are."""
    if not subject.is_short:
        return False
    known: dict[str, Interval] = {}
    for let in subject.program.lets:
        if let.reduction not in ("sum", "mean") or let.body.count_ops() > _GREATEST:
            continue
        is_open = not subject.ranges.of(let.body).is_nonnegative
        if is_open and _is_at_least_zero(subject, let.body):
            known[let.name] = NONNEGATIVE
    if not known:
        return False
    sharper = Ranges(subject.program, known)
    return sharper.of_tensor[subject.let.name].is_nonnegative


def _is_at_least_zero(subject: Subject, body: Any) -> bool:
    """Whether a body is, group by group of the addends that read the same number."""
    groups: dict[Any, list[Any]] = {}
    constants = []
    for addend in sympy.Add.make_args(sympy.expand(body)):
        places = frozenset(reads(addend))
        if not places:
            constants.append(addend)
        else:
            groups.setdefault(places, []).append(addend)
    if any(len(places) > 1 for places in groups):
        return False
    parts = {next(iter(places)): sympy.Add(*addends) for places, addends in groups.items()}
    open_ones = {
        read: part for read, part in parts.items() if not subject.ranges.of(part).is_nonnegative
    }
    # The constant goes to the one part that needs it.
    if len(open_ones) != 1:
        return False
    ((read, part),) = open_ones.items()
    return _on_its_line(subject, read, part + sympy.Add(*constants))


def _on_its_line(subject: Subject, read: Read, part: Any) -> bool:
    if read.tensor not in subject.program.input:
        return False
    domain = subject.program.input[read.tensor].domain
    if domain.kind != "real":
        return False
    return is_nonnegative_inside(plain(part), read, *domain.bounds)
