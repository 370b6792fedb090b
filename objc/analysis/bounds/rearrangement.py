"""Gains by rank over what they are at best: between 0 and 1, by the rearrangement inequality.

Σ g(vᵢ)·w(rᵢ) is greatest, over all permutations r of 0 … N − 1, where r sorts v downwards, if g ≥ 0 rises
and w ≥ 0 falls (Hardy, Littlewood and Pólya 1934). Ranks that count who is ahead, ties broken by their
places, are a permutation. Soft ranks rᵢ = Σ over j ≠ i of h(sⱼ − sᵢ) with h(x) + h(−x) = 1 and 0 ≤ h ≤ 1 are
the scores of a generalized tournament, a mean of permutations (Landau 1953, Moon 1963): for them w has to be
convex.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import sympy

from objc.analysis.bounds.direct import ends_of
from objc.analysis.decision import Decision, proved
from objc.analysis.signs.elementary import is_zero, plain
from objc.analysis.signs.lines import is_nonnegative_inside
from objc.analysis.subject import Subject
from objc.analysis.values.interval import UNIT, Interval
from objc.atoms import Branch
from objc.ir.index import Index, at
from objc.ir.program import Claim, Let
from objc.ir.symbols import Expression, IndexValue, Read, substitute_positions

_RANK = sympy.Dummy("r", real=True, nonnegative=True)


def gains_over_the_best(subject: Subject, claim: Claim) -> Decision | None:
    low, high = ends_of(claim)
    value, share = subject.value, sympy.Dummy("q", real=True)
    arms = value.args[1:] if isinstance(value, Branch) else (value,)
    found = [_by_share(subject, one, share) for one in arms]
    if all(one is None for one in found):
        return None
    known: dict[Any, Interval] = {share: UNIT}
    for arm, by_share in zip(arms, found, strict=True):
        here = subject.ranges.of(arm if by_share is None else by_share, known)
        is_above = low.is_number and here.low >= low
        if not (is_above and (high == sympy.oo or (high.is_number and here.high <= high))):
            return None
    return proved(
        "gains by rank are at most those of the best order, by the rearrangement inequality"
    )


def _by_share(subject: Subject, arm: Expression, share: Any) -> Expression | None:
    """An arm with a symbol for the quotient of two sums of gains, where it is one."""
    lets = subject.program.let
    for product in sorted(arm.atoms(sympy.Mul), key=str):
        above = [one for one in product.args if isinstance(one, Read) and one.tensor in lets]
        below = [one.base for one in product.args if isinstance(one, sympy.Pow) and one.exp == -1]
        if len(above) != 1 or len(below) != 1 or not isinstance(below[0], Read):
            continue
        if below[0].tensor not in lets:
            continue
        if _is_at_most(subject, lets[above[0].tensor], lets[below[0].tensor]):
            rest = product / above[0] * below[0]
            return arm.xreplace({product: rest * share})
    return None


@dataclass(frozen=True)
class _Gains:
    """A sum over places of gain times weight, as functions of one value and of the rank."""

    gain: Any
    value: Read
    weight: Any
    guard: Any
    rank: Let


def _is_at_most(subject: Subject, some: Let, best: Let) -> bool:
    one, other = _gains(subject, some), _gains(subject, best)
    if one is None or other is None:
        return False
    (ours,), (theirs,) = some.over, best.over
    here = {theirs: at(ours)}
    gain, value = (substitute_positions(each, here) for each in (other.gain, other.value))
    if (gain, value) != (one.gain, one.value) or other.weight != one.weight:
        return False
    is_best = _is_counted(other.rank, other.value.tensor)
    is_hard, is_soft = _is_counted(one.rank), _is_soft(subject, one.rank)
    if not is_best or not (is_hard or is_soft) or other.guard != one.guard:
        return False
    if not (is_hard or one.guard == sympy.true):
        return False
    return _is_rising(subject, one) and _is_falling(one, is_convex=not is_hard)


def _gains(subject: Subject, let: Let) -> _Gains | None:
    if let.reduction != "sum" or let.free or len(let.over) != 1:
        return None
    program, place = subject.program, tuple(map(at, let.over))
    ranks = [read for read in let.body.atoms(Read) if read.tensor in program.let]
    values = [read for read in let.body.atoms(Read) if read.tensor in program.input]
    if len(ranks) != 1 or len(values) != 1 or {ranks[0].positions, values[0].positions} != {place}:
        return None
    (rank,), (value,) = ranks, values
    if let.body.atoms(IndexValue) or let.guard.atoms(IndexValue):
        return None
    body = let.body.xreplace({rank: _RANK})
    gain, weight = body.as_independent(_RANK, as_Add=False)
    if weight.has(value):
        return None
    guard = let.guard.xreplace({rank: _RANK})
    if any(read.positions for read in guard.atoms(Read)):
        return None
    return _Gains(gain, value, weight, guard, program.let[rank.tensor])


def _is_counted(rank: Let, tensor: str | None = None) -> bool:
    """Whether a let counts who is ahead: of greater value, or of the same and in an earlier place; of the
    tensor where one is named."""
    if rank.reduction != "count" or rank.guard != sympy.true or len(rank.free) != 1:
        return False
    if len(rank.over) != 1 or not isinstance(rank.body, Branch) or rank.body.args[1:] != (1, 0):
        return False
    (own,), (other,) = rank.free, rank.over
    reads = sorted(rank.body.atoms(Read), key=str)
    if (
        own.dimension != other.dimension
        or len(reads) != 2
        or len({one.tensor for one in reads}) != 1
    ):
        return False
    by_place = {one.positions: one for one in reads}
    if set(by_place) != {(at(own),), (at(other),)} or tensor not in (None, reads[0].tensor):
        return False
    mine, theirs = by_place[at(own),], by_place[at(other),]
    earlier = sympy.StrictLessThan(IndexValue(other), IndexValue(own))
    ahead = sympy.Or(theirs > mine, sympy.And(sympy.Eq(theirs, mine), earlier))
    return bool(rank.body.args[0] == ahead)


def _is_soft(subject: Subject, rank: Let) -> bool:
    """Whether a let sums h(sⱼ − sᵢ) over all others."""
    if rank.reduction != "sum" or len(rank.free) != 1 or len(rank.over) != 1:
        return False
    (own,), (other,) = rank.free, rank.over
    if own.dimension != other.dimension or rank.guard not in _others(own, other):
        return False
    reads = [one for one in rank.body.atoms(Read) if one.positions]
    by_place = {one.positions: one for one in reads}
    if len(reads) != 2 or len({one.tensor for one in reads}) != 1:
        return False
    if set(by_place) != {(at(own),), (at(other),)} or rank.body.atoms(IndexValue):
        return False
    mine, theirs = by_place[at(own),], by_place[at(other),]
    swapped = rank.body.xreplace({mine: theirs, theirs: mine})
    return subject.ranges.of(rank.body).within(0, 1) and is_zero(plain(rank.body + swapped) - 1)


def _others(own: Index, other: Index) -> tuple[Any, Any]:
    one, two = IndexValue(own), IndexValue(other)
    return sympy.Ne(one, two), sympy.Ne(two, one)


def _is_rising(subject: Subject, gains: _Gains) -> bool:
    """Whether the gain is at least zero, and rises with the value."""
    if not subject.ranges.of(gains.gain).is_nonnegative:
        return False
    v = sympy.Dummy("v", real=True, nonnegative=True if gains.value.is_nonnegative else None)
    slope = sympy.diff(plain(gains.gain).xreplace({gains.value: v}), v)
    low = sympy.Integer(0) if gains.value.is_nonnegative else -sympy.oo
    return bool(slope.is_nonnegative) or is_nonnegative_inside(slope, v, low, sympy.oo)


def _is_falling(gains: _Gains, is_convex: bool) -> bool:
    """Whether the weight, with its guard, is at least zero and falls with the rank."""
    if gains.guard != sympy.true and not _is_kept_below(gains.guard):
        return False
    weight, zero = plain(gains.weight), sympy.Integer(0)
    conditions = [weight, -sympy.diff(weight, _RANK)]
    conditions += [sympy.diff(weight, _RANK, 2)] if is_convex else []
    is_defined = weight.xreplace({_RANK: zero}).is_finite is True
    return is_defined and all(
        is_nonnegative_inside(one, _RANK, zero, sympy.oo) for one in conditions
    )


def _is_kept_below(guard: Any) -> bool:
    """Whether a condition that holds at a rank holds at each smaller one."""
    if not isinstance(
        guard, sympy.LessThan | sympy.StrictLessThan | sympy.GreaterThan | sympy.StrictGreaterThan
    ):
        return False
    slope = sympy.diff(guard.gts - guard.lts, _RANK)
    return bool(slope.is_negative and not slope.has(_RANK))
