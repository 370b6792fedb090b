"""The sign of the second derivative in one scalar input.

By algebra: s = log u makes exponentials of a real input rational, p = u/(1 + u) a probability, and each
term shows its sign. A formula of the input alone, of its distance from the data, or of a label, is
decided on its line: by isolating the roots of the second derivative, and stretch by stretch where there
are folds.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import sympy

from objc.analysis.shape.scaling import compared_to_zero
from objc.analysis.shape.stretches import (
    is_convex_by_stretches,
    is_within_by_stretches,
    jumping_derivative,
    turns_once_by_stretches,
)
from objc.analysis.signs.elementary import (
    innermost_fold,
    is_nonnegative,
    is_positive,
    is_regular,
    is_smooth_formula,
    is_zero,
    parametrized,
    plain,
)
from objc.analysis.signs.lines import is_curved_inside
from objc.analysis.subject import Subject
from objc.atoms import stop_gradient
from objc.ir.program import Input
from objc.ir.symbols import Expression, Read

_LABELS = {"sign": (-1, 1), "binary": (0, 1)}


def is_curved(
    subject: Subject,
    name: str,
    least: Expression,
    strictly: bool = False,
    is_concave: bool = False,
) -> bool:
    """Whether the second derivative (of minus the loss, where asked for) is at least something inside the
    input's domain, or above it, and the loss has no fold and no pole there."""
    one = subject.program.input[name]
    if not _is_one_formula(subject, one):
        return False
    value = plain(-subject.value if is_concave else subject.value)
    q = one.read()
    if not is_smooth_formula(value, q):
        return False
    if _by_algebra(subject, name, value, least, strictly):
        return True
    if strictly and is_zero(sympy.diff(value, q, 2) - least):
        return False
    # Zeros of an analytic function that isn't zero lie apart: what is at least zero is so strictly.
    low, high = one.domain.bounds
    lines = _lines(subject, one, value, least)
    return all(is_curved_inside(line, q, low, high, least) for line in lines)


def _by_algebra(subject: Subject, name: str, value: Any, least: Expression, strictly: bool) -> bool:
    if not subject.is_smooth(name, 1):
        forms = parametrized(subject.program, value, (name,), value)
        if not all(is_regular(value.xreplace(form)) for form in forms):
            return False
    excess = sympy.diff(value, subject.program.input[name].read(), 2) - least
    has_sign = is_positive if strictly else is_nonnegative
    forms = parametrized(subject.program, excess, (name,), value)
    return all(has_sign(excess.xreplace(form)) for form in forms)


def _is_one_formula(subject: Subject, one: Input) -> bool:
    """Whether a loss is one formula, of an input that moves on a line, with the derivative of its value."""
    moves = not (one.dimensions or one.domain.is_integer or one.domain.kind in ("sign", "binary"))
    if not moves or len(subject.program.lets) != 1 or subject.value.has(stop_gradient):
        return False
    return subject.is_short


def is_convex_on_lines(
    subject: Subject, name: str, is_concave: bool = False, strictly: bool = False
) -> bool:
    """Whether a loss with folds is convex in a scalar input (concave, or strictly, where asked for),
    stretch by stretch."""
    one = subject.program.input[name]
    if not _is_one_formula(subject, one):
        return False
    value = plain(-subject.value if is_concave else subject.value)
    if innermost_fold(value) is None:
        return False
    low, high = one.domain.bounds
    lines = list(_lines(subject, one, value, sympy.Integer(0)))
    is_closed = one.domain.kind != "positive"
    return all(
        is_convex_by_stretches(line, one.read(), low, high, is_closed, strictly) for line in lines
    )


def turns_once_on_lines(subject: Subject, name: str) -> bool:
    """Whether a loss is continuous and falls no more once it has risen, in a scalar input."""
    one = subject.program.input[name]
    if not _is_one_formula(subject, one):
        return False
    value, (low, high) = plain(subject.value), one.domain.bounds
    is_closed = one.domain.kind != "positive"
    return all(
        turns_once_by_stretches(line, one.read(), low, high, is_closed)
        for line in _lines(subject, one, value, sympy.Integer(0))
    )


def jumping_on_lines(subject: Subject, name: str, most: int) -> str | None:
    """In words, where a derivative of an order up to `most` jumps in a scalar input that stands alone."""
    one = subject.program.input[name]
    value = plain(subject.value)
    if not _is_one_formula(subject, one) or len(value.atoms(Read)) != 1:
        return None
    found = jumping_derivative(value, one.read(), *one.domain.bounds, most)
    if found is None:
        return None
    seam, order, before, after = found
    return f"the derivative of order {order} jumps from {before} to {after} at {name} = {seam}"


def is_within_on_lines(
    subject: Subject, name: str, order: int, low: Expression, high: Expression
) -> bool:
    """Whether a derivative in a scalar input lies between two numbers wherever there is one, and those
    of lower order have no jump: the value for order 0."""
    one = subject.program.input[name]
    if not _is_one_formula(subject, one):
        return False
    value = plain(subject.value)
    ends, is_closed = one.domain.bounds, one.domain.kind != "positive"
    return all(
        is_within_by_stretches(line, one.read(), *ends, order, (low, high), is_closed)
        for line in _lines(subject, one, value, sympy.Integer(0))
    )


def _lines(subject: Subject, one: Input, value: Any, least: Expression) -> Iterator[Any]:
    """The loss as functions of the input alone, which together stand for all that the data may be; the
    loss itself where that isn't known."""
    q = one.read()
    others = [read for read in value.atoms(Read) if read != q]
    if len(others) != 1 or least.free_symbols:
        yield value
        return
    (other,) = others
    data = subject.program.input.get(other.tensor)
    if data is None or data.dimensions:
        yield value
    elif data.domain.kind in _LABELS:
        yield from (value.xreplace({other: sympy.Integer(y)}) for y in _LABELS[data.domain.kind])
    elif one.domain.kind == data.domain.kind == "real":
        moved = compared_to_zero(value.xreplace({q: q + other}))
        moved = moved if not moved.has(other) else sympy.expand(moved)
        yield value if moved.has(other) else moved
    else:
        yield value
