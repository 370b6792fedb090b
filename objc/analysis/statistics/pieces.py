"""Proper losses of a probability, piece by piece: with kinks and jumps at known probabilities.

On a piece the derivative of the expected loss has to be (q − η)·w, w ≥ 0. Across a threshold c the losses at
the two outcomes may jump by −(1 − c)·j and c·j with j ≥ 0, which moves the expected loss by (c − η)·j; the
loss at c itself lies between both sides. It is then a mixture of the cost-weighted errors at all
thresholds (Schervish 1989), strictly proper if w > 0.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sympy

from objc.analysis.decision import Decision, proved, refuted
from objc.analysis.signs.elementary import (
    innermost_fold,
    is_nonnegative,
    is_positive,
    is_regular,
    is_smooth_formula,
    is_zero,
)
from objc.atoms import Branch, maximum, minimum

_MOST = 6
_ENDS = (sympy.Integer(0), sympy.Integer(1))


@dataclass(frozen=True)
class _Piece:
    """The losses at the two outcomes, likelier and not, between two thresholds, without folds."""

    low: Any
    high: Any
    first: Any
    second: Any

    def at(self, place: Any, q: Any) -> tuple[Any, Any]:
        return self.first.subs(q, place), self.second.subs(q, place)


def by_pieces(losses: Sequence[Any], q: Any, strictly: bool) -> Decision | None:
    """What is decided of two losses of a probability alone; None where nothing is, or there is one piece."""
    if any(one.free_symbols - {q} for one in losses):
        return None
    thresholds = _thresholds(losses, q)
    if not thresholds:
        return None
    found = []
    for low, high in itertools.pairwise((_ENDS[0], *thresholds, _ENDS[1])):
        inside = [_resolved(one, q, (low + high) / 2) for one in losses]
        if any(one is None for one in inside):
            return None
        found.append(_Piece(low, high, *inside))
    if not all(_is_proper_inside(one, q) for one in found) or not _are_ends_met(found, losses, q):
        return None
    if not all(_is_met(*pair, losses, q) for pair in itertools.pairwise(found)):
        return None
    told = ", ".join(map(str, thresholds))
    if not strictly or all(_is_positive_inside(_weight(one, q), one, q) for one in found):
        return proved(
            "between the thresholds the derivative of the expected loss is (p - η) w,"
            f" w {'>' if strictly else '≥'} 0, and across them, {told}, it moves by (p - η) times no less"
            " than 0"
        )
    return _tied(found, q)


def _tied(found: Sequence[_Piece], q: Any) -> Decision | None:
    for one in found:
        if not one.first.has(q) and not one.second.has(q):
            places = [one.low + (one.high - one.low) * share / 3 for share in (1, 2)]
            return refuted(
                f"predictions of {places[0]} and of {places[1]} cost the same at either outcome, so that"
                " neither is the only best one"
            )
    return None


def _thresholds(losses: Sequence[Any], q: Any) -> tuple[Any, ...] | None:
    """The probabilities at which a fold turns, in rising order; None where one turns elsewhere."""
    lines = []
    for loss in losses:
        if loss.atoms(sympy.sign, sympy.Mod, sympy.floor, sympy.ceiling):
            return None
        lines += [one.lhs - one.rhs for one in loss.atoms(sympy.core.relational.Relational)]
        lines += [one.args[0] for one in loss.atoms(sympy.Abs)]
        lines += [one.args[0] - one.args[1] for one in loss.atoms(maximum, minimum)]
    found = set()
    for line in lines:
        if innermost_fold(line) is not None:
            return None
        rise, here = sympy.diff(line, q), line.subs(q, 0)
        if not (rise.is_Rational and here.is_Rational):
            return None
        if rise != 0 and 0 < -here / rise < 1:
            found.add(-here / rise)
    return tuple(sorted(found)) if len(found) <= _MOST else None


def _resolved(expression: Any, q: Any, place: Any) -> Any:
    """A formula with its folds as they are at one place; None where that isn't decided."""
    if not expression.args or not expression.has(q):
        return expression
    if isinstance(expression, Branch):
        holds = expression.args[0].subs(q, place)
        if holds not in (sympy.true, sympy.false):
            return None
        return _resolved(expression.args[1 if holds == sympy.true else 2], q, place)
    parts = [_resolved(one, q, place) for one in expression.args]
    if any(one is None for one in parts):
        return None
    if isinstance(expression, sympy.Abs | maximum | minimum):
        other = parts[1] if len(parts) == 2 else -parts[0]
        is_first = bool(parts[0].subs(q, place) >= other.subs(q, place))
        return parts[0] if is_first != isinstance(expression, minimum) else other
    return expression.func(*parts)


def _inside(formula: Any, piece: _Piece, q: Any) -> Any:
    odds = sympy.Dummy("u", positive=True)
    return formula.xreplace({q: (piece.low + piece.high * odds) / (1 + odds)})


def _weight(piece: _Piece, q: Any) -> Any:
    return sympy.diff(piece.second, q) - sympy.diff(piece.first, q)


def _is_positive_inside(formula: Any, piece: _Piece, q: Any) -> bool:
    return is_positive(_inside(formula, piece, q))


def _is_proper_inside(piece: _Piece, q: Any) -> bool:
    sides = (piece.first, piece.second)
    if not all(is_smooth_formula(one, q) and is_regular(_inside(one, piece, q)) for one in sides):
        return False
    first, second = (sympy.diff(one, q) for one in sides)
    if not is_zero(_inside(q * first + (1 - q) * second, piece, q)):
        return False
    weight = _inside(second - first, piece, q)
    return is_zero(weight) or is_nonnegative(weight)


def _are_ends_met(found: Sequence[_Piece], losses: Sequence[Any], q: Any) -> bool:
    """Whether the losses at predictions of 0 and 1 are what the outermost pieces tend to."""
    for piece, end in ((found[0], _ENDS[0]), (found[-1], _ENDS[1])):
        for loss, near in zip(losses, (piece.first, piece.second), strict=True):
            here, wanted = _resolved(loss, q, end), near.subs(q, end)
            if here is None or here.subs(q, end) != wanted:
                return False
    return True


def _is_met(left: _Piece, right: _Piece, losses: Sequence[Any], q: Any) -> bool:
    """Whether the jump at a threshold is one of a cost-weighted error, and the loss there between."""
    c = left.high
    before, after = left.at(c, q), right.at(c, q)
    here = [_resolved(one, q, c) for one in losses]
    if any(one is None for one in here):
        return False
    at = [one.subs(q, c) for one in here]
    jumps = [b - a for a, b in zip(before, after, strict=True)]
    if not is_zero(c * jumps[0] + (1 - c) * jumps[1]):
        return False
    if is_zero(jumps[1]):
        return all(is_zero(a - b) for a, b in zip(at, before, strict=True))
    share = sympy.nsimplify((at[1] - before[1]) / jumps[1], rational=False)
    if not (is_positive(jumps[1]) and share.is_number and 0 <= share <= 1):
        return False
    return is_zero(at[0] - before[0] - share * jumps[0])
