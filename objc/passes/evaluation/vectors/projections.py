"""What is left of a vector beside another one, where a coordinate is nearly all of the other: by the rest.

The slope of a direction u = x/n along v is `v[d] − u[d]·Σ v[j]·u[j]` over n, on the diagonal of the Hessian
of a length `1 − u[d]²`. Where x[d] is nearly all of x both are differences of what is nearly equal. But as
the squares of u add up to one, it is `v[d]·Σ u[j]² − u[d]·Σ v[j]·u[j]` over the j that aren't d, and nothing
of their size is lost. At most one coordinate has more than half of the sum of squares, so one sum of the
others is enough for all of them.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import sympy

from objc.atoms import Branch, quotient
from objc.ir.domain import REAL, Domain
from objc.ir.index import Index, Position, at
from objc.ir.program import Let, Names, Program
from objc.ir.recurrence import members
from objc.ir.spelling import spelled
from objc.ir.symbols import (
    Condition,
    Expression,
    Read,
    conjuncts,
    substitute_positions,
)
from objc.passes.delta import split_guard, under
from objc.passes.rewrites.forms import ONE, ZERO, is_short
from objc.passes.stable.differences import is_difference

_MOST = sympy.Rational(3, 4)
"""The part of a sum of squares from which on a coordinate is nearly all: below it two bits may cancel, and
only one of them can be above."""
_MOST_TERMS = 12


def project_by_the_rest(program: Program) -> Program:
    """The program with such differences from the other coordinates."""
    norms = {
        let.name: let for let in program.lets if let.reduction == "norm" and let.guard == sympy.true
    }
    if not norms:
        return program
    # What is left of a sum, when a part of it has gone into a difference, may be a sum of such differences.
    for reduction in (None, "sum"):
        program = _Projecting(program, norms).run(reduction)
    return program


@dataclass(frozen=True)
class _Share:
    """u[d] = x[d]/n in a body, and where the indices of the norm stand there."""

    ratio: Expression
    norm: Let
    places: tuple[tuple[Index, Position], ...]

    @property
    def along(self) -> set[Index]:
        """The indices of the coordinate, those of the reader."""
        over = set(self.norm.over)
        return {place.index for one, place in self.places if one in over and place.index}


@dataclass(frozen=True)
class _Term:
    """An addend: the conditions outside of which it is zero, and what it is there; the same with what has a
    name written out, and with quotients as powers."""

    conditions: frozenset[Any]
    core: Expression
    opened: Expression

    @property
    def plain(self) -> Expression:
        return _plain(self.opened)

    @property
    def whole(self) -> Expression:
        return under(sympy.And(*self.conditions), self.core)


@dataclass(frozen=True)
class _Found:
    """The read of a sum, what it is of, where its points stand in the reader, and which part of which addend
    is taken."""

    read: Read
    total: Let
    places: dict[Index, Position]
    addend: Expression
    part: Expression

    def ratio(self, share: _Share) -> Expression:
        """x[j]/n by the sum's own indices."""
        return next(
            one
            for one in sorted(self.addend.atoms(quotient), key=spelled)
            if substitute_positions(one, self.places) == share.ratio
        )


class _Projecting:
    """Changes bodies; `lets` are those of the program so far, with the sums that are made."""

    def __init__(self, program: Program, norms: dict[str, Let]) -> None:
        self.program = program
        self.known = dict(program.let)
        self.inside = members(program)
        self.norms = norms
        self.names = Names.of(program)
        self.lets: list[Let] = []
        self.made: dict[tuple[Any, ...], Let] = {}

    def run(self, reduction: str | None) -> Program:
        """The program with what is to be changed in lets of this reduction."""
        for let in self.program.lets:
            reads = any(one.tensor in self.norms for one in let.body.atoms(Read))
            plain = let.reduction == reduction and let.name not in self.inside
            if plain and reads and let.body.has(quotient) and is_short(let.body):
                let = replace(let, body=self._changed(let.body, let))
            self.lets.append(let)
        return self.program.with_lets(self.lets)

    def _changed(self, body: Any, reader: Let) -> Expression:
        """A body with all such differences taken from the rest."""
        left, done = self._paired([self._term(one) for one in _addends(body)], reader)
        opened, more = self._paired(self._all_opened(left), reader)
        if more:
            left = opened
        return sympy.Add(*done, *more, *(one.whole for one in left)) if done or more else body

    def _paired(self, left: list[_Term], reader: Let) -> tuple[list[_Term], list[Expression]]:
        """What is left of the terms, and such differences of the others."""
        done: list[Expression] = []
        while 1 < len(left) <= _MOST_TERMS and (found := self._pair(left, reader)) is not None:
            left, projection = found
            done.append(projection)
        return left, done

    def _all_opened(self, terms: list[_Term]) -> list[_Term]:
        """The same terms with all names written out and multiplied out: what a coefficient adds may be what
        another term takes away."""
        sums: dict[frozenset[Any], Expression] = {}
        for one in terms:
            sums[one.conditions] = sums.get(one.conditions, ZERO) + one.opened
        return (
            [
                self._term(under(sympy.And(*conditions), part))
                for conditions, whole in sums.items()
                for part in sympy.Add.make_args(sympy.expand_mul(whole))
            ]
            if all(map(is_short, sums.values()))
            else []
        )

    def _pair(self, terms: list[_Term], reader: Let) -> tuple[list[_Term], Expression] | None:
        """The first two of the terms that are a projection, as one, and the others; those without a sum
        first, as what they need another one could take."""
        pairs = [
            (first, second, share)
            for first in terms
            for share in self._shares(first, reader)
            for second in terms
            if second is not first
        ]
        for first, second, share in pairs:
            alone = self._alone(first, second, share)
            if alone is not None:
                return [one for one in terms if one not in (first, second)], alone
        for first, second, share in pairs:
            summed = self._summed(first, second, share, reader)
            if summed is not None:
                whole, left = summed
                return [one for one in terms if one not in (first, second)] + left, whole
        return None

    def _alone(self, first: _Term, second: _Term, share: _Share) -> Expression | None:
        """K − K·u². With a name for it K, over a length, may leave the range before 1 − u² takes it back."""
        plain = _plain(share.ratio)
        if first.conditions != second.conditions or first.plain + second.plain * plain**2 != 0:
            return None
        own = Branch(_is_most(share), self._rest(share), 1 - share.ratio**2)
        return under(sympy.And(*first.conditions), second.opened * own)

    def _summed(
        self, first: _Term, second: _Term, share: _Share, reader: Let
    ) -> tuple[Expression, list[_Term]] | None:
        """K·v − K·u·Σ v·u, where the sum may have other addends, or this one several times."""
        for read in sorted(first.opened.atoms(Read), key=spelled):
            total = self.known.get(read.tensor)
            if total is None or total.reduction != "sum" or len(total.over) != len(share.along):
                continue
            factor = first.plain / read
            if factor.has(read):
                continue
            for places in _places(total, read, share.along):
                for addend in sympy.Add.make_args(total.body):
                    guard = substitute_positions(total.guard, places)
                    term = self._term(substitute_positions(addend, places), guard)
                    if share.ratio not in sympy.Mul.make_args(term.core):
                        continue
                    part = -second.plain * _plain(share.ratio) ** 2 / (factor * term.plain)
                    alike = (first.conditions | term.conditions) ^ second.conditions <= {
                        *conjuncts(reader.guard)
                    }
                    if not (part.is_Rational and 0 < part <= 1 and alike):
                        continue
                    return self._projected(
                        first, second, share, _Found(read, total, places, addend, part)
                    )
        return None

    def _projected(
        self, first: _Term, second: _Term, share: _Share, found: _Found
    ) -> tuple[Expression, list[_Term]]:
        total, addend = found.total, found.part * found.addend
        other = Branch(sympy.Gt(found.ratio(share) ** 2, _MOST), ZERO, addend)
        taken, others = (
            self._sum(total, one).read(*found.read.positions) for one in (addend, other)
        )
        rest = self._rest(share)
        far = second.core * rest + first.opened.xreplace({found.read: others})
        near = second.core + first.opened.xreplace({found.read: taken})
        whole = under(sympy.And(*second.conditions), Branch(_is_most(share), far, near))
        body = total.body - addend
        if body == 0:
            return whole, []
        left = first.opened.xreplace(
            {found.read: self._sum(total, body).read(*found.read.positions)}
        )
        return whole, [self._term(under(sympy.And(*first.conditions), left))]

    def _rest(self, share: _Share) -> Read:
        """Σ u[j]² over the coordinates that are not nearly all."""
        norm = share.norm
        u = quotient(norm.body, norm.read(*norm.free))
        body = Branch(sympy.Gt(u**2, _MOST), ZERO, u**2)
        guard = sympy.Ne(norm.read(*norm.free), 0)
        like = replace(norm, reduction="sum", guard=guard, domain=Domain("nonnegative"))
        places = dict(share.places)
        return self._sum(like, body, like.domain).read(*(places[one] for one in norm.free))

    def _sum(self, like: Let, body: Expression, domain: Domain = REAL) -> Let:
        """A sum as another one, of something else."""
        if body == like.body:
            return like
        key = like.free, like.over, like.guard, body
        if key not in self.made:
            name = self.names.fresh(f"{like.name}_others")
            self.made[key] = replace(like, name=name, body=body, domain=domain)
            self.known[name] = self.made[key]
            self.lets.append(self.made[key])
        return self.made[key]

    def _shares(self, term: _Term, reader: Let) -> Iterator[_Share]:
        for ratio in sorted(term.opened.atoms(quotient), key=spelled):
            entry, length = ratio.args
            norm = self.norms.get(getattr(length, "tensor", ""))
            if norm is None:
                continue
            outer = dict(zip(norm.free, length.positions, strict=True))
            for places in _places(norm, length, set(reader.indices)):
                moved = substitute_positions(norm.body, places)
                if entry in (moved, -moved):
                    yield _Share(ratio, norm, tuple({**outer, **places}.items()))
                    break

    def _term(self, addend: Any, around: Condition = sympy.true) -> _Term:
        core, conditions = _guarded(addend)
        opened, more = _guarded(self._opened(core))
        known = frozenset({*conjuncts(sympy.And(around, conditions, more))} - {sympy.true})
        return _Term(known, core, _taken(opened, known))

    def _opened(self, core: Any) -> Any:
        """A product with what has a name written out, where that is a product too."""
        for _ in range(4):
            swaps = {}
            for read in core.atoms(Read) if isinstance(core, (sympy.Mul, Read, sympy.Pow)) else ():
                let = self.known.get(read.tensor)
                plain = let is not None and let.reduction is None and let.name not in self.inside
                plain = plain and not is_difference(let.body)  # type: ignore[union-attr]
                if plain and is_short(let.body):  # type: ignore[union-attr]
                    places = dict(zip(let.free, read.positions, strict=True))  # type: ignore[union-attr]
                    swaps[read] = substitute_positions(let.body, places)  # type: ignore[union-attr]
            if not swaps:
                return core
            core = core.xreplace(swaps)
        return core


def _is_most(share: _Share) -> Condition:
    return sympy.Gt(share.ratio**2, _MOST)


def _places(let: Let, read: Read, indices: set[Index]) -> Iterator[dict[Index, Position]]:
    """Where the points of a reduction may stand in a reader: at any of these indices."""
    outer = dict(zip(let.free, read.positions, strict=True))
    ordered = sorted(indices, key=lambda one: one.name)
    choices = [
        [at(one) for one in ordered if one.dimension == index.dimension] for index in let.over
    ]
    for chosen in itertools.product(*choices):
        yield {**outer, **dict(zip(let.over, chosen, strict=True))}


def _addends(body: Any) -> Iterator[Expression]:
    """The addends of a sum, also of those under a condition."""
    for addend in sympy.Add.make_args(sympy.expand_mul(body)):
        core, condition = _guarded(addend)
        parts = sympy.Add.make_args(sympy.expand_mul(core))
        if len(parts) == 1:
            yield addend
        else:
            for part in parts:
                yield from _addends(under(condition, part))


def _guarded(product: Any) -> tuple[Expression, Condition]:
    """A product with the conditions outside of which it is zero; the square of an Iverson bracket is one."""
    factors = [
        one.base
        if isinstance(one, sympy.Pow)
        and isinstance(one.base, Branch)
        and one.base.args[1:] == (ONE, ZERO)
        else one
        for one in sympy.Mul.make_args(product)
    ]
    return split_guard(sympy.Mul(*factors))


def _taken(expression: Any, known: frozenset[Any]) -> Any:
    """An expression with the arms of branches that are taken where these conditions hold."""
    swaps = {}
    for branch in expression.atoms(Branch):
        condition, then, otherwise = branch.args
        if condition in known or sympy.Not(condition) in known:
            swaps[branch] = then if condition in known else otherwise
    return expression.xreplace(swaps)


def _plain(expression: Any) -> Any:
    """With quotients as products of powers."""
    return expression.replace(quotient, lambda x, y: x / y)


__all__ = ["project_by_the_rest"]
