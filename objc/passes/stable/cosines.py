"""A vector over its own length is divided entry by entry, before anything is summed.

`s[i, j] := sum[d] a[i, d]·b[j, d]` over the lengths of a and b overflows where no cosine does. So the
unit vectors become lets, `u[i, d] := a[i, d] / |a[i]|`, and the cosine is their inner product. The zero
vector has no direction: its unit vector is zero, its cosine with any other 0, and so are their gradients.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import sympy

from objc.atoms import Branch, quotient
from objc.ir.domain import REAL
from objc.ir.index import Index, Position, at
from objc.ir.program import Let, Names
from objc.ir.spelling import spelled
from objc.ir.symbols import Expression, Read, move_read, substitute_positions
from objc.passes.stable.angles import Angles

_MOST_FACTORS, _MOST_MATCHES = 6, 16
"""Of products, and of ways to read entries as others, that are looked through."""


class Units:
    """The unit vectors and cosines of one program; new lets go to `lets` in order of definition."""

    def __init__(self, names: Names, lets: list[Let], norms: Mapping[str, Let]) -> None:
        self._names = names
        self._lets = lets
        self._norms = norms
        self._units: dict[str, Let] = {}
        self._cosines: dict[tuple[str, str, str], Let] = {}
        self._angles = Angles(names, lets)

    def within(self, expression: Any, sums: Mapping[str, Let]) -> Any:
        """The expression with its quotients of vectors by their lengths, its cosines and their angles."""
        lengths = {let.name: let for let in self._norms.values()}
        for product in sorted(expression.atoms(sympy.Mul), key=spelled):
            found = _lengths_below(product, lengths)
            if not found:
                continue
            changed = self._cosine(product, found, sums, lengths)
            if changed is None:
                changed = self._ratio(product, found, lengths)
            if changed is not None:
                expression = expression.xreplace({product: changed})
        return self._angles.within(expression, {let.name: let for let in self._cosines.values()})

    def _ratio(
        self, product: Any, found: list[Read], lengths: Mapping[str, Let]
    ) -> Expression | None:
        """x[k] / |x|."""
        for length in found:
            norm = lengths[length.tensor]
            entries = {read.tensor for read in norm.body.atoms(Read)}
            for factor in product.args:
                known = isinstance(factor, Read) and factor.tensor in entries
                whole = isinstance(factor, sympy.Add | Branch)
                if known or (whole and _length_of(factor, norm) == length):
                    return product / factor * length * _share(factor, length)
        return None

    def _cosine(
        self,
        product: Any,
        found: list[Read],
        sums: Mapping[str, Let],
        lengths: Mapping[str, Let],
    ) -> Expression | None:
        """sum[d] a[d]·b[d] / (|a|·|b|), and the size of one."""
        powers = product.as_powers_dict()
        for factor in sorted(powers, key=spelled):
            times = powers[factor]
            sized = isinstance(factor, sympy.Abs)
            inner = factor.args[0] if sized else factor
            if not isinstance(inner, Read) or inner.tensor not in sums:
                continue
            if not (times.is_Integer and times > 0):
                continue
            dot = sums[inner.tensor]
            place = dict(zip(dot.free, inner.positions, strict=True))
            for first in found:
                for second in found:
                    pair = self._canonical(dot, lengths[first.tensor], lengths[second.tensor])
                    if pair is None or tuple(move_read(one, place) for one in pair) != (
                        first,
                        second,
                    ):
                        continue
                    most = 2 * times if first == second else times
                    if max(powers[first], powers[second]) > -most:
                        continue
                    cosine = self._cosine_let(dot, pair).read(*inner.positions)
                    cosine = sympy.Abs(cosine) if sized else cosine
                    return product * (first * second * cosine / factor) ** times
        return None

    def _canonical(self, dot: Let, first: Let, second: Let) -> tuple[Read, Read] | None:
        """The lengths of the two factors of an inner product, over its own indices."""
        for one, other in _two_factors(dot.body):
            lengths = _length_of(one, first), _length_of(other, second)
            if lengths[0] is not None and lengths[1] is not None:
                return lengths[0], lengths[1]
        return None

    def _cosine_let(self, dot: Let, pair: tuple[Read, Read]) -> Let:
        key = (dot.name, str(pair[0]), str(pair[1]))
        if key not in self._cosines:
            units = [self._unit(one, dot) for one in pair]
            let = replace(
                dot,
                name=self._names.fresh(f"cosine_{dot.name}"),
                body=units[0] * units[1],
                domain=REAL,
            )
            self._lets.append(let)
            self._cosines[key] = let
        return self._cosines[key]

    def _unit(self, length: Read, dot: Let) -> Read:
        """The unit vector's entry at the indices of an inner product."""
        norm = next(let for let in self._norms.values() if let.name == length.tensor)
        if norm.name not in self._units:
            free = (*norm.free, *norm.over)
            value = norm.read(*norm.free)
            body = _share(norm.body, value)
            (named, *_) = sorted(one.tensor for one in norm.body.atoms(Read))
            name = self._names.fresh(f"unit_{named}")
            self._units[norm.name] = Let(name, free, body, span=norm.span)
            self._lets.append(self._units[norm.name])
        over = tuple(at(index) for index in dot.over)
        return self._units[norm.name].read(*length.positions, *over)


def _share(entry: Expression, length: Expression) -> Expression:
    """An entry over the length of its vector: that of the zero vector is 0, as is the subgradient of the
    length there, which it is."""
    return Branch(sympy.Eq(length, 0), sympy.Integer(0), quotient(entry, length))


def _lengths_below(product: Any, lengths: Mapping[str, Let]) -> list[Read]:
    """The norms that a product is divided by."""
    found = []
    for factor in product.args:
        base, exponent = factor.as_base_exp()
        if isinstance(base, Read) and base.tensor in lengths and exponent.is_negative:
            found.append(base)
    return found


def _length_of(entry: Expression, norm: Let) -> Read | None:
    """The read of a norm that is the length of the vector of which this is an entry."""
    pattern = norm.body
    if norm.reduction != "norm" or norm.guard != sympy.true or len(norm.over) != 1:
        return None
    own = sorted(pattern.atoms(Read), key=spelled)
    there = [[read for read in entry.atoms(Read) if read.tensor == one.tensor] for one in own]
    if math.prod(map(len, there)) > _MOST_MATCHES:
        return None
    for reads in itertools.product(*there):
        mapping: dict[Index, Position] = {}
        for mine, other in zip(own, reads, strict=True):
            if len(mine.positions) == len(other.positions):
                for place, taken in zip(mine.positions, other.positions, strict=True):
                    if place.index is not None:
                        mapping[place.index] = taken
        if set(norm.free) <= set(mapping) and substitute_positions(pattern, mapping) == entry:
            return norm.read(*(mapping[index] for index in norm.free))
    return None


def _two_factors(product: Any) -> Iterator[tuple[Any, Any]]:
    """A product as one of two factors in every way, of which a square may be taken apart."""
    factors: list[Any] = []
    for factor in sympy.Mul.make_args(product):
        base, exponent = factor.as_base_exp()
        is_short = isinstance(exponent, sympy.Integer) and 1 < exponent <= _MOST_FACTORS
        factors += [base] * int(exponent) if is_short else [factor]
    if len(factors) > _MOST_FACTORS:
        return
    places = range(len(factors))
    seen = set()
    for size in range(1, max(len(factors), 2)):
        for chosen in itertools.combinations(places, size):
            one, other = (
                sympy.Mul(*(factors[n] for n in places if (n in chosen) == taken))
                for taken in (True, False)
            )
            if one not in seen:
                seen.add(one)
                yield one, other
