"""Sums of products of powers, of which denominators are divided by in turn."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import sympy

from objc.atoms import quotient
from objc.ir.parts import found_in
from objc.ir.spelling import spelled
from objc.ir.symbols import Expression, Read
from objc.passes.rewrites.forms import ONE, is_short

_MOST_TERMS = 24


@dataclass(frozen=True)
class Monomials:
    """`Σ Mᵢ·Π Dⱼ^−mᵢⱼ`: the addends with a symbol for every denominator, and what the other symbols stand
    for: sums that are not multiplied out, of which a difference may be one that is exact. `sums` has the sums
    of squares by the squares of their lengths."""

    addends: tuple[Expression, ...]
    symbols: Mapping[Expression, sympy.Dummy]
    opaque: Mapping[Expression, Expression]
    sums: Mapping[Expression, Expression]

    @classmethod
    def of(
        cls,
        expression: Any,
        denominators: Collection[Expression],
        norms: Mapping[Expression, Expression],
        ratios: Collection[Expression],
    ) -> Monomials | None:
        """With squares of `norms` for sums of squares, and `ratios` x/s for what is in them; None where it
        takes too many."""
        symbols = {one: sympy.Dummy(positive=True) for one in denominators}
        powers = {
            one: symbols[one.base] ** one.exp
            for one in expression.atoms(sympy.Pow)
            if one.base in symbols and one.exp.is_Integer
        }
        opened = expression.xreplace(powers).xreplace(dict(norms))
        sums = {
            one: sympy.Dummy(real=True)
            for one in sorted(found_in(opened, sympy.Add), key=spelled)
            if not one.free_symbols & set(symbols.values()) and _is_linear(one)
        }
        opened = opened.xreplace(sums) if opened not in sums else opened
        if not is_short(opened):
            return None
        addends = sympy.Add.make_args(sympy.expand(opened, func=False, log=False, power_exp=False))
        if len(addends) > _MOST_TERMS:
            return None
        for ratio in sorted(ratios, key=spelled):
            addends = [_by_ratio(one, ratio) for one in addends]
        opaque = {symbol: one for one, symbol in sums.items()}
        return cls(tuple(addends), symbols, opaque, {two: one for one, two in norms.items()})

    @property
    def degree(self) -> int:
        """The greatest power of all denominators together."""
        return max(self._degree(one) for one in self.addends)

    @property
    def is_at_risk(self) -> bool:
        """Whether something is multiplied with the reciprocal of a denominator, or a power of one is taken:
        alone, it is 0 where it is below the range."""
        ones = dict.fromkeys(self.symbols.values(), 1)
        return any(
            (degree := self._degree(one)) > 1 or (degree == 1 and _has_entry(one.subs(ones)))
            for one in self.addends
        )

    def products(self) -> Iterator[tuple[Expression, Expression]]:
        """What every addend divides, and is divided by: products of entries and denominators."""
        whole = {symbol: base for base, symbol in self.symbols.items()}
        whole |= {**self.opaque, **self.sums}
        for one in self.addends:
            above, below = ONE, ONE
            for factor in sympy.Mul.make_args(one):
                base, exponent = factor.as_base_exp()
                if base.is_number or not exponent.is_number:
                    continue
                if exponent > 0:
                    above *= base**exponent
                else:
                    below *= base**-exponent
            yield above.xreplace(whole), below.xreplace(whole)

    def with_lengths(
        self, lengths: Mapping[Expression, tuple[Expression, Expression]]
    ) -> Iterator[Expression]:
        """The addends with k·b² for every denominator."""
        swaps = {self.symbols[base]: k * b**2 for base, (k, b) in lengths.items()}
        for one in self.addends:
            yield one.subs(swaps)

    def _degree(self, addend: Any) -> int:
        powers = addend.as_powers_dict()
        return sum(max(-int(powers.get(one, 0)), 0) for one in self.symbols.values())


def _is_linear(total: Any) -> bool:
    """Whether no addend is a product of two entries."""
    return all(
        sum(abs(n) for f, n in one.as_powers_dict().items() if f.free_symbols) <= 1
        for one in total.args
    )


def _is_never_less(total: Any) -> bool:
    """Whether nothing is subtracted in a sum."""
    return all(one.is_nonnegative for one in total.args)


def _by_ratio(product: Any, ratio: Any) -> Expression:
    """xᵃ/sᵇ = (x/s)ᵏ·xᵃ⁻ᵏ/sᵇ⁻ᵏ with the lesser k of both."""
    x, s = ratio.args
    powers = product.as_powers_dict()
    above, below = powers.get(x, 0), -powers.get(s, 0)
    if not (above > 0 and below > 0):
        return product
    degree = min(above, below)
    return product * x**-degree * s**degree * ratio**degree


def _has_entry(rest: Any) -> bool:
    return any(read.positions for read in rest.atoms(Read))


def divided_in_turn(expression: Any, ratios: Collection[Expression]) -> Expression:
    """The same, with a division for every divisor of its products, and `ratios` for what is in them."""
    if isinstance(expression, sympy.Add):
        return sympy.Add(*(divided_in_turn(one, ratios) for one in expression.args))
    if not isinstance(expression, (sympy.Mul, sympy.Pow)):
        return expression
    for one in expression.args if isinstance(expression, sympy.Mul) else ():
        if isinstance(one, sympy.Add) and not _is_linear(one) and _is_never_less(one):
            rest = expression / one
            return sympy.Add(*(divided_in_turn(rest * part, ratios) for part in one.args))
    opened = sympy.Mul(*(
        divided_in_turn(one, ratios) if isinstance(one, sympy.Add) else one
        for one in sympy.Mul.make_args(expression)
    ))  # fmt: skip
    for ratio in sorted(ratios, key=spelled):
        opened = _by_ratio(opened, ratio)
    return in_turn(opened, ()) if isinstance(opened, (sympy.Mul, sympy.Pow)) else opened


def in_turn(product: Any, entries: Collection[Expression]) -> Expression:
    """A product of powers as quotients of one factor by one other: what is in `entries`, of which none is
    longer than a divisor there, comes first."""
    above, below, others = list[Any](), list[Any](), list[Any]()
    for factor in sympy.Mul.make_args(product):
        base, exponent = factor.as_base_exp()
        if base.is_number or not exponent.is_number:
            others.append(factor)
        elif exponent.is_Integer:
            (above if exponent > 0 else below).extend([base] * abs(int(exponent)))
        elif exponent < 0:
            below.append(1 / factor)
        else:
            above.append(factor)
    above.sort(key=lambda one: (not getattr(one, "positions", ()), spelled(one)))
    below.sort(key=lambda one: (one not in entries, spelled(one)))
    pairs, above, below = _paired(above, below, entries)
    once = list(dict.fromkeys(pairs))
    bounded = [one for one in pairs if one[0] in entries and one[1] in entries]
    first = [one for one in once if one not in bounded] + bounded
    whole = sympy.Mul(*others, *(quotient(a, b) for a, b in first), *above)
    again = list(pairs)
    for one in first:
        again.remove(one)
    for a, b in again:
        whole = quotient(whole, quotient(b, a))
    # What is longer than one divides last: then nothing vanishes that the whole does not.
    for divisor in reversed(below):
        whole = quotient(whole, divisor)
    return whole


def _paired(
    above: list[Any], below: list[Any], entries: Collection[Expression]
) -> tuple[list[tuple[Any, Any]], list[Any], list[Any]]:
    """Pairs of a factor and a divisor, and what is left of both: entries and their lengths first, then what
    has the same symbols, then any."""
    pairs = []
    fits: tuple[Callable[[Any, Any], bool], ...] = (
        lambda a, b: a in entries and b in entries,
        lambda a, b: bool(a.free_symbols == b.free_symbols),
        lambda a, b: True,
    )
    for alike in fits:
        left = []
        for b in below:
            a = next((a for a in above if alike(a, b)), None)
            if a is None:
                left.append(b)
            else:
                above = _without(above, a)
                pairs.append((a, b))
        below = left
    return pairs, above, below


def as_fraction(product: Any) -> Expression:
    """A product with a/b for every quotient that is a factor of it."""
    factors = sympy.Mul.make_args(product)
    return sympy.Mul(*(a.args[0] / a.args[1] if isinstance(a, quotient) else a for a in factors))


def _without(items: list[Any], one: Any) -> list[Any]:
    place = items.index(one)
    return items[:place] + items[place + 1 :]
