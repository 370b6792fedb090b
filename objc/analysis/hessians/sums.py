"""A loss as a function of sums over the entries of one vector, whatever their number."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import sympy

from objc.analysis.hessians.variables import (
    Variable,
    is_continuous,
    jumps_at_ends,
    variables_of,
    with_signs,
)
from objc.analysis.signs.elementary import is_regular, is_smooth_formula
from objc.analysis.signs.roots import Span
from objc.analysis.signs.several import LINE, RAY
from objc.analysis.subject import Subject
from objc.ir.program import Let
from objc.ir.symbols import Extent, IndexValue, Read, reads

_DOMAINS = frozenset({"real", "positive", "nonnegative"})
_AS_SUMS: Mapping[str, tuple[Callable[[Any], Any], Callable[[Any], Any]]] = {
    "sum": (lambda g: g, lambda s: s),
    "mean": (lambda g: g, lambda s: s),
    "logsumexp": (sympy.exp, sympy.log),
    "norm": (lambda g: g**2, sympy.sqrt),
}
"""A reduction as an outer function of a sum of an inner one."""


@dataclass(frozen=True)
class Sum:
    """`symbol` is `weight` times the sum over all entries of `term`, a function of the entry u."""

    symbol: Any
    term: Any
    weight: Any


@dataclass(frozen=True)
class OfSums:
    """`outer`, a smooth function of the symbols of sums; u runs over the inside of the entries' domain, and
    `share`, where it isn't None, over the weights of a distribution: positive, and of sum one."""

    outer: Any
    sums: tuple[Sum, ...]
    entry: Variable
    share: Any
    number: Any

    @property
    def spans(self) -> dict[Any, Span]:
        symbols = [one.symbol for one in self.sums]
        found = {one: RAY if one.is_positive else LINE for one in symbols}
        return {**found, self.entry.symbol: self.entry.span}


def of_sums(subject: Subject, name: str) -> OfSums | None:
    """The loss in this form; None where it hasn't it."""
    tensor = subject.program.input[name]
    if tensor.domain.kind not in _DOMAINS or not tensor.dimensions or not subject.is_short:
        return None
    varying = [read for read in reads(subject.value) if name in subject.reaching(read.tensor)]
    lets = {read: subject.program.let.get(read.tensor) for read in varying}
    if not lets or any(let is None or read.positions for read, let in lets.items()):
        return None
    return _Form(subject, name).found({read: let for read, let in lets.items() if let is not None})


class _Form:
    def __init__(self, subject: Subject, name: str) -> None:
        self.subject = subject
        self.name = name
        self.tensor = subject.program.input[name]
        self.number = sympy.Mul(*(Extent(one) for one in self.tensor.dimensions))
        self.share = sympy.Dummy("p", positive=True)
        self.shares: set[str] = set()

    def found(self, lets: Mapping[Read, Let]) -> OfSums | None:
        entry: Variable | None = None
        sums, mapping = [], {}
        for read, let in lets.items():
            own = self._entry_of(let)
            variables = None if own is None else variables_of(self.subject.program, [own])
            if own is None or not variables or jumps_at_ends(let.body, variables):
                return None
            entry = entry or variables[0]
            term = self._term(let, own, entry)
            if term is None:
                return None
            inner, outer = _AS_SUMS[str(let.reduction)]
            sign = {"positive": True} if inner(term).is_positive else {"real": True}
            symbol = sympy.Dummy("s", **sign)
            weight = 1 / self.number if let.reduction == "mean" else sympy.Integer(1)
            sums.append(Sum(symbol, inner(term), weight))
            mapping[read] = outer(symbol)
        assert entry is not None
        value = with_signs(self.subject.value.xreplace(mapping), self.subject.ranges, [])
        form = OfSums(value, tuple(sums), entry, self._share_in(sums), self.number)
        return form if _is_smooth(form) else None

    def _share_in(self, sums: list[Sum]) -> Any:
        return self.share if any(one.term.has(self.share) for one in sums) else None

    def _entry_of(self, let: Let) -> Read | None:
        """The entry that the body of a sum over all entries reads, each at one point."""
        found = [one for one in reads(let.body) if self.name in self._reaching(one)]
        if len(found) != 1 or let.reduction not in _AS_SUMS or let.guard != sympy.true or let.free:
            return None
        (own,) = found
        indices = [one.index for one in own.positions if one.offset == 0]
        is_whole = len(indices) == len(own.positions) and set(indices) == set(let.over)
        return own if is_whole and own.tensor == self.name else None

    def _reaching(self, read: Read) -> frozenset[str]:
        is_input = read.tensor in self.subject.program.input
        return frozenset({read.tensor}) if is_input else self.subject.reaching(read.tensor)

    def _term(self, let: Let, own: Read, entry: Variable) -> Any:
        """The body in the symbols of the entry and of its share; None where it depends on the place
        otherwise."""
        body = let.body.xreplace({own: entry.symbol})
        for read in body.atoms(Read):
            if not read.positions:
                continue
            is_one = len(let.over) == len(read.positions) == 1
            if not is_one or not self.subject.ranges.is_distribution(read, let.over[0]):
                return None
            self.shares.add(read.tensor)
            body = body.xreplace({read: self.share})
        # Where a weight is 0, what holds for positive ones holds in the limit.
        is_continuous_in_share = body.is_polynomial(self.share) or not body.has(self.share)
        if body.atoms(IndexValue) or len(self.shares) > 1 or not is_continuous_in_share:
            return None
        return with_signs(body, self.subject.ranges, [])


def _is_smooth(form: OfSums) -> bool:
    u, symbols = form.entry.symbol, [one.symbol for one in form.sums]
    return (
        all(
            is_smooth_formula(one.term, u) and is_continuous(one.term, [form.entry])
            for one in form.sums
        )
        and all(is_smooth_formula(form.outer, one) for one in symbols)
        and is_regular(form.outer)
        and (not form.entry.is_closed or not any(one.is_positive for one in symbols))
    )
