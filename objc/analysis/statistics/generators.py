"""f-divergences: Σ p·f(q/p) of two distributions, by the generator f.

Where f is convex the terms are its perspective, convex in q, in p and in both; by Jensen's inequality the
sum is at least f(1), and as f(t) ≤ f(0) + t·lim f(u)/u, at most f(0) + lim f(u)/u (Csiszár 1967; Vajda
2009). Terms at the ends of the simplex are the limits (0·log 0 = 0), which is what a guard leaves out.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import sympy

from objc.analysis.shape.stretches import is_convex_by_stretches
from objc.analysis.signs.elementary import innermost_fold, is_nonnegative, is_smooth_formula, plain
from objc.analysis.signs.far import limit_at
from objc.analysis.signs.lines import is_nonnegative_inside
from objc.analysis.statistics.divergences import keeps_closure
from objc.analysis.statistics.merging import merged
from objc.analysis.subject import Subject
from objc.atoms import Branch
from objc.ir.program import Let
from objc.ir.symbols import Expression, Read, reads

_T = GENERATED_OF = sympy.Dummy("t", positive=True)


@dataclass(frozen=True)
class Generated:
    """An arm of a loss: `around` of the sum of an f-divergence, f convex, with what `case` takes
    hyperparameters for."""

    generator: Any
    around: Any
    total: Any
    case: Mapping[Any, Any]

    def at(self, value: Any) -> Any:
        """The loss where the sum is a value."""
        return self.around.xreplace({self.total: value})


def is_convex(subject: Subject, name: str) -> bool:
    """Whether a loss of two distributions is an f-divergence of a convex f, times something of at least
    zero and plus a constant."""
    found = generated(subject)
    if found is None or name not in _distributions(subject):
        return False
    return all(_is_rising_line(one) for one in found)


def _is_rising_line(one: Generated) -> bool:
    slope = sympy.diff(one.around, one.total)
    return not slope.has(one.total) and is_nonnegative(slope)


def is_within(subject: Subject, low: Expression, high: Expression) -> bool:
    """Whether the value of a loss that rises with an f-divergence lies between two bounds."""
    found = generated(subject)
    if found is None:
        return False
    return all(_is_arm_within(subject, one, low, high) for one in found)


def _is_arm_within(subject: Subject, one: Generated, low: Expression, high: Expression) -> bool:
    least, most = one.generator.subs(_T, 1), most_of_sum(one.generator)
    rise = _direction(one, least, most)
    if rise == 0:
        return False
    ends = [one.at(least), None if most is None else one.at(most)]
    lowest, greatest = ends if rise > 0 else ends[::-1]
    for end, is_wanted, sign in (
        (lowest, low != -sympy.oo, 1),
        (greatest, high != sympy.oo, -1),
    ):
        bound = (low if sign > 0 else high).xreplace(one.case)
        if is_wanted and (end is None or not _is_at_least_zero(subject, sign * (end - bound))):
            return False
    return True


def _direction(one: Generated, least: Any, most: Any) -> int:
    """Whether the loss rises (1) or falls (−1) in the sum, from the least to the most that it may be."""
    if not is_smooth_formula(one.around, one.total):
        return 0
    v = sympy.Dummy("v", positive=True)
    over = least + v if most is None else (least + most * v) / (1 + v)
    slope = sympy.diff(one.around, one.total).xreplace({one.total: over})
    return 1 if is_nonnegative(slope) else -1 if is_nonnegative(-slope) else 0


def most_of_sum(generator: Any) -> Any:
    """f(0) + lim f(t)/t, which no sum exceeds; None where it isn't finite, or not found."""
    ends = [
        limit_at(generator, _T, 0),
        limit_at(sympy.expand(generator / _T), _T, sympy.oo),
    ]
    if not all(end.is_finite for end in ends):
        return None
    return sympy.Add(*ends)


def _is_at_least_zero(subject: Subject, difference: Any) -> bool:
    """Whether something of hyperparameters is at least zero, inside their domains and at their ends."""
    if is_nonnegative(sympy.simplify(difference)) or subject.is_at_least(
        difference, sympy.Integer(0)
    ):
        return True
    symbols = difference.free_symbols
    if len(symbols) != 1:
        return False
    (symbol,) = symbols
    if not isinstance(symbol, sympy.Dummy):
        return False
    return is_nonnegative_inside(difference, symbol, sympy.Integer(0), sympy.oo)


# ------------------------------------------------------------------ recognition


def _distributions(subject: Subject) -> list[str]:
    return [one.name for one in subject.program.inputs if one.domain.kind == "simplex"]


def generated(subject: Subject) -> list[Generated] | None:
    """The arms of a loss, each a function of one f-divergence of its two distributions."""
    names = _distributions(subject)
    if len(names) != 2 or not subject.is_short:
        return None
    subject = merged(subject)
    first, second = (subject.program.input[one] for one in names)
    if first.dimensions != second.dimensions or len(first.dimensions) != 1:
        return None
    known = {one.name for one in subject.program.inputs if one.role == "hyperparameter"}
    conditions = [one.args[0] for one in subject.value.atoms(Branch)]
    if any(read.tensor not in known for one in conditions for read in reads(one)):
        return None
    found = [
        _of_arm(subject, names, arm, case)
        for case in _cases(subject)
        for arm in _arms(subject.value.xreplace(case))
    ]
    decided = [one for one in found if one is not None]
    return decided if len(decided) == len(found) else None


def _cases(subject: Subject) -> Iterator[dict[Any, Any]]:
    """What hyperparameters of an interval may be: each end, and v/(1 + v) between them."""
    choices = []
    for one in subject.program.inputs:
        if one.role == "hyperparameter" and one.domain.kind in ("probability", "interval"):
            low, high = one.domain.bounds
            v = sympy.Dummy("v", positive=True)
            if low.is_finite and high.is_finite:
                values = (low, high, (low + high * v) / (1 + v))
                choices.append([(one.read(), value) for value in values])
    yield from map(dict, itertools.product(*choices))


def _arms(value: Any) -> Iterator[Any]:
    if isinstance(value, Branch):
        for arm in value.args[1:]:
            yield from _arms(arm)
    else:
        yield value


def _of_arm(
    subject: Subject, names: list[str], arm: Any, case: Mapping[Any, Any]
) -> Generated | None:
    program = subject.program
    totals = {one for one in reads(arm) if one.tensor in program.let}
    if len(totals) != 1:
        return None
    (read,) = totals
    let = program.let[read.tensor]
    if let.reduction != "sum" or len(let.over) != 1 or let.free:
        return None
    total = sympy.Dummy("s", positive=True)
    around = arm.xreplace({read: total})
    scale = sympy.Integer(1)
    if around.is_polynomial(total) and sympy.degree(around, total) == 1:
        # A factor belongs to the generator: its sign alone may not be known.
        scale = sympy.diff(around, total)
        around = total + around.subs(total, 0)
    found = _of_sign(subject, names, let, (around, total, scale), case)
    if found is None and scale == 1:
        # A falling function of a sum rises with its negative.
        turned = around.xreplace({total: -total})
        found = _of_sign(subject, names, let, (turned, total, sympy.Integer(-1)), case)
    return found


def _of_sign(
    subject: Subject,
    names: list[str],
    let: Let,
    outer: tuple[Any, Any, Any],
    case: Mapping[Any, Any],
) -> Generated | None:
    program, (around, total, scale) = subject.program, outer
    for one, other in (names, names[::-1]):
        places = program.input[one].read(*let.over), program.input[other].read(*let.over)
        there = replace(let, body=let.body.xreplace(case), guard=let.guard.xreplace(case))
        generator = _generator(subject, there, places, scale)
        if generator is not None:
            return Generated(generator, around, total, case)
    return None


def _generator(subject: Subject, let: Let, places: tuple[Read, Read], scale: Any) -> Any:
    """f with scale·term = p·f(q/p), convex; None where it isn't that."""
    moving, fixed = places
    known = {one.name for one in subject.program.inputs if one.role == "hyperparameter"}
    others = {one for side in (let.body, let.guard) for one in reads(side)} - {moving, fixed}
    if any(one.tensor not in known for one in others):
        return None
    p = sympy.Dummy("p", positive=True)
    there = scale * plain(let.body).xreplace({moving: p * _T, fixed: p})
    generator = sympy.simplify(sympy.expand_log(sympy.expand(there / p)))
    if generator.has(p) or not keeps_closure(let.guard, moving, fixed, generator, _T):
        return None
    return generator if _is_convex(generator) else None


def _is_convex(generator: Any) -> bool:
    if innermost_fold(generator) is not None:
        return is_convex_by_stretches(generator, _T, sympy.Integer(0), sympy.oo)
    return is_nonnegative(sympy.simplify(sympy.diff(generator, _T, 2)))
