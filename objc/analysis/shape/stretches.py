"""Functions of one variable with folds, stretch by stretch: convex where each stretch is, no value jumps
at a seam, and no slope falls there."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import sympy

from objc.analysis.signs.elementary import innermost_fold, is_zero
from objc.analysis.signs.far import limit_at
from objc.analysis.signs.lines import (
    is_curved_inside,
    is_nonnegative_inside,
    is_smooth_inside,
    signs_inside,
    span_of,
)
from objc.analysis.signs.roots import Line, Span, enclosed
from objc.analysis.values.enclosures import Undecided
from objc.atoms import Branch, maximum

_MOST_STRETCHES = 12
_DIGITS = 60


@dataclass(frozen=True)
class Stretch:
    """A formula without folds on an open interval."""

    span: Span
    formula: Any


def is_convex_by_stretches(
    function: Any, x: Any, low: Any, high: Any, is_closed: bool = False, strictly: bool = False
) -> bool:
    """Whether a function of one variable with folds is convex between two ends, numbers or infinite, the
    ends included where they are closed; strictly, where no stretch is straight. False where nothing that is
    tried tells."""
    span = span_of(low, high)
    if span is None or function.free_symbols - {x}:
        return False
    try:
        found = list(_stretches(function, x, span))
        return (
            len(found) <= _MOST_STRETCHES
            and (not is_closed or _keeps_ends(function, x, found))
            and all(_is_convex(one, x) for one in found)
            and not (strictly and any(_is_straight(one, x) for one in found))
            and all(_meets(function, x, *pair) for pair in itertools.pairwise(found))
        )
    except Undecided:
        return False


def turns_once_by_stretches(
    function: Any, x: Any, low: Any, high: Any, is_closed: bool = False
) -> bool:
    """Whether a function of one variable is continuous, and does not fall after it has risen: then it is
    quasiconvex. False where nothing tells."""
    span = span_of(low, high)
    if span is None or function.free_symbols - {x}:
        return False
    try:
        found = list(_stretches(function, x, span))
        if len(found) > _MOST_STRETCHES or (is_closed and not _keeps_ends(function, x, found)):
            return False
        if not all(_agree(function, x, *pair, 0) for pair in itertools.pairwise(found)):
            return False
        has_risen = False
        for one in found:
            signs = signs_inside(sympy.diff(one.formula, x), x, *_ends(one.span))
            if signs is None or not is_smooth_inside(one.formula, x, *_ends(one.span)):
                return False
            for sign in signs:
                if sign < 0 and has_risen:
                    return False
                has_risen = has_risen or sign > 0
        return True
    except Undecided:
        return False


def is_within_by_stretches(
    function: Any, x: Any, low: Any, high: Any, order: int, ends: Any, is_closed: bool = False
) -> bool:
    """Whether a derivative of a function of one variable lies between two numbers (infinite ones ask
    nothing) on each stretch, and those of lower order don't jump. False where nothing tells."""
    span = span_of(low, high)
    if span is None or function.free_symbols - {x} or any(one.free_symbols for one in ends):
        return False
    try:
        found = list(_stretches(function, x, span))
        return (
            len(found) <= _MOST_STRETCHES
            and (not is_closed or _keeps_ends(function, x, found))
            and all(_is_between(one, x, order, *ends) for one in found)
            and all(_agree(function, x, *pair, order) for pair in itertools.pairwise(found))
        )
    except Undecided:
        return False


def jumping_derivative(
    function: Any, x: Any, low: Any, high: Any, most: int
) -> tuple[Any, int, Any, Any] | None:
    """A seam inside at which a derivative of an order up to `most` differs on both sides, with the order and
    both; None where none is found."""
    span = span_of(low, high)
    if span is None or function.free_symbols - {x}:
        return None
    try:
        found = list(itertools.islice(_stretches(function, x, span), _MOST_STRETCHES + 1))
        for left, right in itertools.pairwise(found):
            assert left.span.high is not None
            seam = _rational(left.span.high)
            for order in range(1, most + 1):
                sides = [
                    sympy.diff(one.formula, x, order).xreplace({x: seam}) for one in (left, right)
                ]
                gap = enclosed(sides[1] - sides[0], x, left.span.high, left.span.high, _DIGITS)
                if gap is not None and (gap.low > 0 or gap.high < 0):
                    return seam, order, *sides
    except Undecided:
        return None
    return None


def _keeps_ends(function: Any, x: Any, stretches: list[Stretch]) -> bool:
    """Whether a function is at the closed ends what it tends to: a condition may hold there alone."""
    ends = (
        (stretches[0], stretches[0].span.low, "+"),
        (stretches[-1], stretches[-1].span.high, "-"),
    )
    for stretch, end, side in ends:
        if end is None:
            continue
        here = _at(function, x, end)
        near = stretch.formula.xreplace({x: _rational(end)})
        if near.is_finite is not True:
            near = limit_at(stretch.formula, x, _rational(end), side)
        if here.is_finite is not True or near.is_finite is not True or not is_zero(here - near):
            return False
    return True


def _is_between(stretch: Stretch, x: Any, order: int, least: Any, most: Any) -> bool:
    value = sympy.diff(stretch.formula, x, order) if order else stretch.formula
    low, high = _ends(stretch.span)
    rooms = [value - least] if least != -sympy.oo else []
    rooms += [most - value] if most != sympy.oo else []
    is_inside = all(is_nonnegative_inside(one, x, low, high) for one in rooms)
    return is_inside and is_smooth_inside(stretch.formula, x, low, high)


def _agree(function: Any, x: Any, left: Stretch, right: Stretch, order: int) -> bool:
    """Whether the value at a seam is that of both sides, and their derivatives below an order are."""
    assert left.span.high is not None
    seam, here = _rational(left.span.high), _at(function, x, left.span.high)
    sides = [left.formula, right.formula]
    if not all(is_zero(one.xreplace({x: seam}) - here) for one in sides):
        return False
    jumps = [sympy.diff(sides[0] - sides[1], x, one) for one in range(1, order)]
    return all(is_zero(one.xreplace({x: seam})) for one in jumps)


def _ends(span: Span) -> tuple[Any, Any]:
    return (
        -sympy.oo if span.low is None else _rational(span.low),
        sympy.oo if span.high is None else _rational(span.high),
    )


def _is_straight(stretch: Stretch, x: Any) -> bool:
    """Whether a smooth stretch may be affine: one that is bent at a point is bent but at single points."""
    second = sympy.diff(stretch.formula, x, 2)
    return Line(x, stretch.span).sign_at(second, stretch.span.between()) == 0


def _is_convex(stretch: Stretch, x: Any) -> bool:
    return is_curved_inside(stretch.formula, x, *_ends(stretch.span))


def _stretches(function: Any, x: Any, span: Span) -> Iterator[Stretch]:
    fold = innermost_fold(function)
    if fold is None:
        yield Stretch(span, function)
        return
    boundary, arms = _arms(fold)
    line = Line(x, span)
    places = line.roots(boundary) if boundary.has(x) and sympy.expand(boundary) != 0 else []
    if len(places) > _MOST_STRETCHES or not all(one.is_known for one in places):
        raise Undecided
    low = span.low
    for end in (*(one.low for one in places), span.high):
        part = Span(low, end)
        sign = line.sign_at(boundary, part.between())
        yield from _stretches(function.xreplace({fold: arms[sign]}), x, part)
        low = end


def _arms(fold: Any) -> tuple[Any, dict[int, Any]]:
    """A function by whose sign one of the arms of a fold is taken."""
    if isinstance(fold, Branch):
        condition, then, otherwise = fold.args
        if not isinstance(condition, sympy.core.relational.Relational):
            raise Undecided
        taken = {sign: condition.func(sympy.Integer(sign), 0) == sympy.true for sign in (-1, 0, 1)}
        difference = condition.lhs - condition.rhs
        return difference, {sign: then if holds else otherwise for sign, holds in taken.items()}
    if isinstance(fold, sympy.sign):
        return fold.args[0], {sign: sympy.Integer(sign) for sign in (-1, 0, 1)}
    if isinstance(fold, sympy.Abs):
        (inner,) = fold.args
        return inner, {-1: -inner, 0: sympy.Integer(0), 1: inner}
    first, second = fold.args
    greater, less = (first, second) if isinstance(fold, maximum) else (second, first)
    return first - second, {-1: less, 0: first, 1: greater}


def _meets(function: Any, x: Any, left: Stretch, right: Stretch) -> bool:
    """Whether both sides and the value agree at a seam, and the slope doesn't fall."""
    assert left.span.high is not None
    seam = _rational(left.span.high)
    here = _at(function, x, left.span.high)
    values = [one.formula.xreplace({x: seam}) for one in (left, right)]
    if not all(is_zero(one - here) for one in values):
        return False
    rise = sympy.diff(right.formula, x) - sympy.diff(left.formula, x)
    if is_zero(rise.xreplace({x: seam})):
        return True
    found = enclosed(rise, x, left.span.high, left.span.high, _DIGITS)
    return found is not None and bool(found.low > 0)


def _at(function: Any, x: Any, place: Fraction) -> Any:
    """The value at a point, folds resolved."""
    here = function
    while (fold := innermost_fold(here)) is not None:
        boundary, arms = _arms(fold)
        sign = Line(x, Span(None, None)).sign_at(boundary, place)
        here = here.xreplace({fold: arms[sign]})
    return here.xreplace({x: _rational(place)})


def _rational(value: Fraction) -> Any:
    return sympy.Rational(value.numerator, value.denominator)
