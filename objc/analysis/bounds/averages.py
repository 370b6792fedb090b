"""Means beside extremes: min ≤ mean ≤ max ≤ logsumexp of the same terms, and Jensen's inequality, by which a
convex function of a mean is at most the mean of that function.

A part of the value that is linear in such reductions over one axis is at least a mean of what is under
them. An extreme of c·b is at least c·b at any place, so at every one that a mean runs over, and φ(mean of g)
is at least the mean of φ(g), φ concave. What is left of the sum under one mean bounds the part from below.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import sympy

from objc.analysis.bounds.direct import holds
from objc.analysis.decision import Decision, proved
from objc.analysis.formulas import placed
from objc.analysis.subject import Subject
from objc.analysis.values.interval import NONNEGATIVE, UNIT, Interval, atom_of
from objc.ir.index import Dimension, Index, at
from objc.ir.program import Claim
from objc.ir.symbols import Extent, Read

_EXTREMES = frozenset({"max", "min", "logsumexp"})
_MEANS = frozenset({"mean", "sum"})


@dataclass
class _Part:
    """Reductions over one axis: what is under a mean with `weights` (None are equal ones), an extreme that
    counts at one place of its own, and which kinds there are with a positive factor and a negative one."""

    dimension: Dimension
    guard: Any
    body: Any = sympy.Integer(0)
    weights: Any = None
    has_mean: bool = False
    has_place: bool = False
    addends: list[Any] = field(default_factory=list)
    kinds: list[tuple[str, Any]] = field(default_factory=list)

    @property
    def index(self) -> Index:
        """An index of its own, which occurs nowhere else."""
        return Index(f"each {self.dimension}", self.dimension)

    @property
    def is_over_something(self) -> bool:
        """Whether there is a place: a mean over nothing is an error, an extreme over nothing infinite."""
        return self.has_mean or self.guard == sympy.true

    @property
    def more(self) -> Any:
        """What a logsumexp of N terms is more than their mean, at least: log N."""
        if not self.has_mean or self.weights is not None or self.guard != sympy.true:
            return sympy.Integer(0)
        factors = [factor for kind, factor in self.kinds if kind == "logsumexp"]
        return sympy.Add(*factors) * sympy.log(Extent(self.dimension))


def means_and_extremes(subject: Subject, claim: Claim) -> Decision | None:
    if not subject.is_short:
        return None
    finder = _Finder(subject)
    known: dict[str, Interval] = {}
    for let in subject.program.lets[:-1]:
        if let.reduction in ("sum", "mean") and let.guard == sympy.true:
            value, context = finder.bounded(let.body)
            if context and subject.ranges.of(value, context).is_nonnegative:
                known[let.name] = NONNEGATIVE
    value, context = finder.bounded(subject.value)
    if not (context or known) or not holds(subject, claim, value, known or None, context):
        return None
    return proved(
        "a mean lies between the extremes, and a convex function of it below its mean (Jensen)"
    )


class _Finder:
    """Parts of formulas that are bounded by what is under them."""

    def __init__(self, subject: Subject) -> None:
        self.program = subject.program
        self.ranges = subject.ranges

    def bounded(self, expression: Any) -> tuple[Any, dict[Any, Interval]]:
        """A formula with a symbol in place of each such part, and the ranges of those."""
        parts: list[_Part] = []
        for addend in sympy.Add.make_args(sympy.expand(expression)):
            if (found := self._addend(addend, parts)) is not None:
                found.addends.append(addend)
        value, context = sympy.expand(expression), {}
        for part in parts:
            least = self.ranges.of(sympy.expand(part.body)).low
            is_bounded = not isinstance(least, float) and part.is_over_something
            if len(part.addends) < 2 or not is_bounded:
                continue
            symbol = sympy.Dummy("part", real=True)
            share, above = Interval(least), sympy.Integer(1)
            if (most := _most(part)) is not None:
                share, above = UNIT, most
            context[symbol] = share
            value = value - sympy.Add(*part.addends) + symbol * above + part.more
        return value, context

    def _addend(self, addend: Any, parts: list[_Part]) -> _Part | None:
        """The part that an addend belongs to, with it taken in; None where it is no such addend."""
        found = [one for one in addend.atoms(Read) if self._is_reduction(one)]
        if len(found) != 1:
            return None
        (read,) = found
        let = self.program.let[read.tensor]
        factor, kind = self._factor(addend, read)
        sign = self.ranges.of(factor)
        if kind is None or not (sign.is_nonnegative or sign.is_nonpositive):
            return None
        for part in (*parts, None):
            fresh = part or _Part(let.over[0].dimension, self._guard(read))
            terms = self._under(read, fresh)
            if terms is None:
                continue
            if self._takes_in(fresh, addend, (read, factor, sign), terms):
                if part is None:
                    parts.append(fresh)
                return fresh
        return None

    def _takes_in(self, part: _Part, addend: Any, scaled: Any, terms: Any) -> bool:
        """Whether an addend can be in a part with what is in it already; it is then."""
        (read, factor, sign), (weights, body) = scaled, terms
        reduction = self.program.let[read.tensor].reduction
        if reduction in _MEANS:
            if part.has_place or (part.has_mean and part.weights != weights):
                return False
            part.has_mean, part.weights = True, weights
            part.body += addend.xreplace({read: self._times(read, weights) * body})
            return True
        is_above = sign.is_nonnegative == (reduction != "min")
        if not is_above and (part.has_place or part.has_mean or reduction == "logsumexp"):
            return False
        part.has_place = part.has_place or not is_above
        part.kinds.append((str(reduction), factor))
        part.body += factor * body
        return True

    def _factor(self, addend: Any, read: Read) -> tuple[Any, str | None]:
        """What multiplies a reduction, or a function of a mean that bends so that the mean of the function
        is at most it; the second is None where neither is so."""
        factors = sympy.Mul.make_args(addend)
        inner = sympy.Mul(*(one for one in factors if one.has(read)))
        factor = addend / inner
        if inner == read:
            return factor, "itself"
        bends = self._bends(inner, read)
        if self.program.let[read.tensor].reduction not in _MEANS or bends is None:
            return factor, None
        sign = self.ranges.of(factor)
        is_above = sign.is_nonpositive if bends == "convex" else sign.is_nonnegative
        return factor, "function" if is_above else None

    def _bends(self, function: Any, read: Read) -> str | None:
        """How an elementary function of a mean bends, over all values that are averaged."""
        if isinstance(function, sympy.Pow) and function.exp == 2:
            inner, word = function.base, "convex"
        else:
            atom = atom_of(function)
            if atom is None or len(function.args) != 1:
                return None
            inner, word = function.args[0], atom.curvature
        rise = sympy.expand(inner).coeff(read)
        is_affine = not rise.has(read) and not sympy.expand(inner - rise * read).has(read)
        if not is_affine or word not in ("convex", "concave"):
            return None
        return word if self._is_inside(function, inner, read) else None

    def _is_inside(self, function: Any, inner: Any, read: Read) -> bool:
        """Whether a function has a value at all that is averaged, and not at the mean alone."""
        atom = atom_of(function)
        if atom is None:
            return True
        terms = self._under(read, _Part(self.program.let[read.tensor].over[0].dimension, None))
        if terms is None:
            return False
        times = self._times(read, terms[0])
        values = self.ranges.of(inner.xreplace({read: times * terms[1]}))
        (low, high), *_ = atom.domain
        return bool(low == -sympy.oo or values.low >= low) and bool(
            high == sympy.oo or values.high <= high
        )

    def _times(self, read: Read, weights: Any) -> Any:
        """How many terms a sum has that is no mean."""
        let = self.program.let[read.tensor]
        is_sum = let.reduction == "sum" and weights is None
        return Extent(let.over[0].dimension) if is_sum else sympy.Integer(1)

    def _is_reduction(self, read: Read) -> bool:
        let = self.program.let.get(read.tensor)
        return let is not None and let.reduction in _EXTREMES | _MEANS and len(let.over) == 1

    def _guard(self, read: Read) -> Any:
        """The guard of a reduction at the index of a part."""
        let = self.program.let[read.tensor]
        own = _Part(let.over[0].dimension, None).index
        return placed(replace(let, body=let.guard), read, {let.over[0]: at(own)})

    def _under(self, read: Read, part: _Part) -> tuple[Any, Any] | None:
        """The weights and the terms of a reduction, at the index of a part; None where it runs over another
        axis, or other places of it."""
        let = self.program.let[read.tensor]
        if let.over[0].dimension != part.dimension:
            return None
        if part.guard is not None and self._guard(read) != part.guard:
            return None
        body = placed(let, read, {let.over[0]: at(part.index)})
        if let.reduction != "sum":
            return None, body
        if let.guard != sympy.true:
            return None
        for one in sympy.Mul.make_args(body):
            if self.ranges.is_distribution(one, part.index):
                return one, body / one
        return None, body


def _most(part: _Part) -> Any:
    """What a part is at most: c·log N where it is c times the logsumexp less the greatest of N terms."""
    if part.has_mean or sympy.expand(part.body) != 0 or part.guard != sympy.true:
        return None
    kinds = dict(part.kinds)
    if len(part.kinds) != 2 or set(kinds) != {"logsumexp", "max"}:
        return None
    return kinds["logsumexp"] * sympy.log(Extent(part.dimension))
