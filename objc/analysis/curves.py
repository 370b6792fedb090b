"""The sign of the second derivative in one scalar input, by algebra: s = log u makes exponentials of a
real input rational, p = u/(1 + u) a probability, and each term shows its sign."""

from __future__ import annotations

import sympy

from objc.analysis.elementary import (
    is_nonnegative,
    is_positive,
    is_regular,
    is_smooth_formula,
    parametrized,
    plain,
)
from objc.analysis.subject import Subject
from objc.ir.symbols import Expression


def is_curved(subject: Subject, name: str, least: Expression, strictly: bool = False) -> bool:
    """Whether the second derivative is at least something inside the input's domain (above it, where
    asked for), and the loss has no fold and no pole there."""
    one = subject.program.input[name]
    if one.dimensions or len(subject.program.lets) != 1 or one.domain.is_integer:
        return False
    if not subject.is_short:
        return False
    q, value = one.read(), plain(subject.value)
    if one.domain.kind in ("sign", "binary") or not is_smooth_formula(value, q):
        return False
    if not subject.is_smooth(name, 1):
        forms = parametrized(subject.program, value, (name,), value)
        if not all(is_regular(value.xreplace(form)) for form in forms):
            return False
    excess = sympy.diff(value, q, 2) - least
    has_sign = is_positive if strictly else is_nonnegative
    forms = parametrized(subject.program, excess, (name,), value)
    return all(has_sign(excess.xreplace(form)) for form in forms)
