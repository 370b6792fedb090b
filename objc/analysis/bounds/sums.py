"""Ratios of sums and counts: what is divided is at most what it is divided by, term by term.

The difference of the two is brought to one sum, a count being a sum of ones and a product of two sums one
over both indices. Its terms are at least zero for each way in which the conditions in them may hold, all of
them taken to be independent of each other.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from typing import Any

import sympy

from objc.analysis.bounds.direct import ends_of, holds, is_captured
from objc.analysis.decision import Decision, proved
from objc.analysis.subject import Subject
from objc.analysis.values.interval import UNIT, Interval
from objc.analysis.values.ranges import Ranges
from objc.atoms import Branch
from objc.ir.index import Index, Position, at
from objc.ir.program import Claim, Let, Program
from objc.ir.symbols import Expression, Read, substitute_positions

_MOST_CONDITIONS = 5
_ADDITIVE = frozenset({"sum", "count"})


def difference_as_one_sum(subject: Subject, claim: Claim) -> Decision | None:
    if not subject.is_short or not ends_of(claim)[1].is_finite:
        return None
    shares = _Shares(subject.program, subject.ranges)
    value, context = shares.hidden(subject.value)
    if not context or not holds(subject, claim, value, None, context):
        return None
    return proved("a sum over one of greater terms is at most one, by the conditions in the terms")


class _Shares:
    """Quotients that are found to lie between zero and one."""

    def __init__(self, program: Program, ranges: Ranges) -> None:
        self.program = program
        self.ranges = ranges
        self._known: dict[Any, bool] = {}

    def hidden(self, expression: Any) -> tuple[Any, dict[Any, Interval]]:
        """An expression with a symbol for each share in it, and the ranges of those."""
        context: dict[Any, Interval] = {}
        mapping = {}
        for one in sorted(expression.atoms(sympy.Mul), key=lambda one: -one.count_ops()):
            above, below = sympy.fraction(one)
            is_negative = self.ranges.of(above).is_nonpositive
            above = -above if is_negative else above
            if below == 1 or not self._is_share(above, below):
                continue
            symbol = sympy.Dummy("share", real=True)
            mapping[one] = -symbol if is_negative else symbol
            context[symbol] = UNIT
        return expression.xreplace(mapping), context

    def _is_share(self, above: Any, below: Any) -> bool:
        key = above, below
        if key not in self._known:
            self._known[key] = False
            is_positive = all(self.ranges.of(one).is_nonnegative for one in key)
            self._known[key] = is_positive and self._is_at_least_zero(below - above)
        return self._known[key]

    def _is_at_least_zero(self, difference: Any) -> bool:
        """Whether a combination of sums is at least zero, as one sum."""
        constant: Any = sympy.Integer(0)
        terms = []
        for addend in sympy.Add.make_args(sympy.expand(difference)):
            reduced = [read for read in addend.atoms(Read) if read.tensor in self.program.let]
            if not reduced:
                constant += addend
                continue
            term = self._as_sum(addend)
            if term is None:
                return False
            terms.append(term)
        if not self.ranges.of(constant).is_nonnegative or not terms:
            return False
        over = max((one[0] for one in terms), key=len)
        bodies = [_aligned(*one, over) for one in terms]
        return None not in bodies and self._has_nonnegative_terms(sympy.Add(*bodies))

    def _as_sum(self, addend: Any) -> tuple[tuple[Index, ...], Any] | None:
        """A product of a constant and of sums, as one sum: its indices and its body."""
        over: tuple[Index, ...] = ()
        body: Any = sympy.Integer(1)
        for factor in sympy.Mul.make_args(addend):
            base, exponent = factor.as_base_exp()
            let = self.program.let.get(base.tensor) if isinstance(base, Read) else None
            if let is None and not any(
                read.tensor in self.program.let for read in factor.atoms(Read)
            ):
                body *= factor
                continue
            if let is None or exponent != 1 or let.reduction not in _ADDITIVE:
                return None
            if set(over) & set(let.over) or is_captured(let, base):
                return None
            over += let.over
            body *= _guarded(let, base)
        return over, body

    def _has_nonnegative_terms(self, body: Any) -> bool:
        body, context = self.hidden(body)
        if len(_differences(body)) > _MOST_CONDITIONS:
            return False
        for truths in _truths(body):
            here = body.xreplace(truths)
            if here.atoms(Branch):
                return False
            forms = (here, sympy.expand(here), sympy.factor(here))
            if not any(self.ranges.of(one, context).is_nonnegative for one in forms) and not any(
                one.is_nonnegative for one in forms
            ):
                return False
        return True


def _truths(body: Any) -> Iterator[dict[Any, Any]]:
    """The ways in which the relations in a body may hold: for each difference of two sides, as it is below
    zero, zero or above."""
    differences = _differences(body)
    for signs in itertools.product((-1, 0, 1), repeat=len(differences)):
        yield {
            relation: relation.func(sympy.Integer(sign * side), 0)
            for sign, relations in zip(signs, differences.values(), strict=True)
            for relation, side in relations
        }


def _differences(body: Any) -> dict[Any, list[tuple[Any, int]]]:
    """The relations in the conditions of a body by what they compare to zero, and on which side of it."""
    found: dict[Any, list[tuple[Any, int]]] = {}
    for branch in sorted(body.atoms(Branch), key=str):
        for one in sorted(branch.args[0].atoms(sympy.Rel), key=str):
            difference = sympy.expand(one.lhs - one.rhs)
            side = -1 if difference.could_extract_minus_sign() else 1
            relations = found.setdefault(difference * side, [])
            if (one, side) not in relations:
                relations.append((one, side))
    return found


def _guarded(let: Let, read: Read) -> Expression:
    """The body of a sum at the positions of a read, zero where the guard fails; a count's is one."""
    places: Mapping[Index, Position] = dict(zip(let.free, read.positions, strict=True))
    assert let.reduction == "sum" or let.body.args[1:] == (1, 0)
    body = substitute_positions(let.body, places)
    guard = substitute_positions(let.guard, places)
    return body if guard == sympy.true else Branch(guard, body, sympy.Integer(0))


def _aligned(over: tuple[Index, ...], body: Any, wanted: tuple[Index, ...]) -> Any:
    """The body of a sum with its indices renamed to others of the same dimensions: those of the same names,
    else in order. None where they are not as many."""
    if len(over) != len(wanted):
        return None
    left = [one for one in wanted if one not in over]
    renamed: dict[Index, Position] = {}
    for one in over:
        if one in wanted:
            continue
        found = next((other for other in left if other.dimension == one.dimension), None)
        if found is None:
            return None
        left.remove(found)
        renamed[one] = at(found)
    return substitute_positions(body, renamed)
