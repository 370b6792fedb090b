"""One less the overlap of two maps, without the subtraction: by what is in one of them alone.

`1 - 2·Σ p·y / Σ (p + y)` (Dice 1945), `1 - Σ p·y / Σ (p + y - p·y)` (Jaccard 1912), with other weights
(Tversky 1977), with squares (Milletari, Navab and Ahmadi 2016) or with a number above and below, is `D - N`
over D, sums over the same places, of which the difference is one sum. Its body is linear in an entry between
0 and 1, and so what it is where that is 1 times the entry, and where it is 0 times the rest: `p + y - 2·p·y`
is `p·(1 - y) + (1 - p)·y`, where nothing cancels. The logarithm of an overlap that is nearly one is by that
too.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import combinations_with_replacement
from typing import Any

import sympy

from objc.atoms import Branch, expm1, log1p, sigmoid
from objc.ir.domain import REAL, Domain
from objc.ir.index import Index, Position, at
from objc.ir.parts import found_in
from objc.ir.program import Let, Names, Program
from objc.ir.recurrence import members
from objc.ir.spelling import spelled
from objc.ir.symbols import Expression, Read, indices_of, substitute_positions
from objc.passes.rewrites import rewrite
from objc.passes.rewrites.forms import HALF, ONE, ZERO, is_short
from objc.passes.stable.entries import entries_of_softmaxes, normalizers_of, totals_over
from objc.passes.stable.simplices import distance_from_choice, square_of_softmax

_MOST_SUMS = 6
_MOST_ENTRIES = 3


def overlaps_by_the_rest(program: Program) -> Program:
    """The program with a let for what is in one of two maps alone."""
    overlaps = _Overlaps(program)
    if not overlaps.sums:
        return program
    lets: list[Let] = []
    for let in program.lets:
        body = let.body
        if let.name not in overlaps.inside:
            for node in sorted(found_in(body, sympy.Add, sympy.log), key=spelled):
                changed = overlaps.changed(node)
                if changed is not None:
                    body = body.xreplace({node: changed})
        lets += overlaps.made
        overlaps.made = []
        lets.append(let if body == let.body else replace(let, body=body))
    return program.with_lets(lets)


@dataclass(frozen=True)
class _Rest:
    """What an overlap is less than one, over its denominator: a read of the sum, and how often."""

    times: Expression
    read: Read


class _Overlaps:
    """Finds the overlaps of one program; `made` are the lets that are still to be put before their reader."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.names = Names.of(program)
        self.inside = set(members(program))
        self.sums = {
            let.name: let
            for let in program.lets
            if let.reduction in ("sum", "mean") and let.name not in self.inside
        }
        self.normalizers = normalizers_of(program)
        self.made: list[Let] = []
        self.known: dict[Any, Let] = {}

    def changed(self, node: Any) -> Expression | None:
        if isinstance(node, sympy.log):
            return self._logarithm(node)
        for term in node.args:
            for one in sympy.Mul.make_args(term):
                if not (isinstance(one, sympy.Pow) and one.exp == -1):
                    continue
                for whole in node.args:
                    if whole is term or not whole.is_number:
                        continue
                    sign = sympy.sign(whole)
                    apart = sign * whole * one.base + sign * term * one.base
                    others = [each for each in node.args if each not in (term, whole)]
                    distance = self._distance_from_choice(apart)
                    if distance is not None:
                        return sympy.Add(*others, sign * distance / one.base)
                    rest = self._rest(apart)
                    if rest is not None:
                        less = sign * rest.times * rest.read
                        below = self._by_rest(one.base, apart, rest)
                        below = below or self._below(one.base, term, whole, less)
                        return sympy.Add(*others, less / below)
        for way in (self._affinity, self._product, self._mean):
            changed = way(node)
            if changed is not None:
                return changed
        return None

    def _distance_from_choice(self, apart: Any) -> Expression | None:
        """c + c·Σ p² − 2c·p[y] as c times the squared distance of a softmax from one of its classes."""
        number, rest = _opened(apart).as_coeff_Add() if is_short(apart) else (ZERO, ZERO)
        if number == 0 or not isinstance(rest, sympy.Add) or len(rest.args) != 2:
            return None
        for one, other in (rest.args, rest.args[::-1]):
            times, read = one.as_coeff_Mul()
            let = self.sums.get(getattr(read, "tensor", ""))
            found = None if let is None else square_of_softmax(let, self.normalizers)
            entry = -other / (2 * number)
            if let is None or found is None or not isinstance(entry, sympy.exp):
                continue
            for _, place in entries_of_softmaxes(entry.args[0], self.normalizers):
                if times * found[0] == number:
                    self.made.append(distance_from_choice(let, found[1], place, read, self.names))
                    return number * self.made[-1].read(*self.made[-1].free)
        return None

    def _product(self, node: Any) -> Expression | None:
        """c − c·Σ p·t as c·Σ p·(1 − t), of what adds up to one."""
        whole, rest = node.as_coeff_Add()
        for term in sympy.Add.make_args(rest):
            times, read = term.as_coeff_Mul()
            if times == -whole and getattr(read, "tensor", "") in self.sums:
                found = self._rest(1 - read)
                if found is not None:
                    return node - term - whole + whole * found.times * found.read
        return None

    def _affinity(self, node: Any) -> Expression | None:
        """c − c·Σ √p·√q as c·Σ (√p − √q)²/2, of what is given and a softmax, which add up to one."""
        for term in node.args:
            times, read = term.as_coeff_Mul()
            let = self.sums.get(getattr(read, "tensor", ""))
            if let is None or -times not in node.args or let.reduction != "sum":
                continue
            powers = [one for one in sympy.Mul.make_args(let.body) if isinstance(one, sympy.exp)]
            others = [one for one in sympy.Mul.make_args(let.body) if one not in powers]
            if (
                len(powers) != 1
                or len(others) != 1
                or let.guard != sympy.true
                or len(let.over) != 1
            ):
                continue
            (p,), (q,) = others, powers
            exponent = sympy.expand(2 * q.args[0])
            if self._is_root_of_given(p, let) and self._is_log_softmax(exponent, let.over):
                name = self.names.fresh(f"rest_{let.name}")
                body, domain = (p - q) ** 2, Domain("nonnegative")
                self.made.append(replace(let, name=name, body=body, domain=domain))
                rest = [one for one in node.args if one not in (term, -times)]
                return sympy.Add(*rest, -times * self.made[-1].read(*read.positions) / 2)
        return None

    def _is_root_of_given(self, root: Any, let: Let) -> bool:
        """Whether something is the root of an entry of a distribution that is given, in a sum over it."""
        read, exponent = root.as_base_exp()
        given = self.program.input.get(getattr(read, "tensor", ""))
        is_given = given is not None and given.role == "data" and given.domain.kind == "simplex"
        return is_given and exponent == HALF and read.positions[-1] == at(let.over[0])

    def _below(self, below: Any, term: Any, whole: Any, less: Any) -> Expression:
        """What an overlap is divided by: a single sum as that of what both have and of the rest."""
        both = -term * below / whole
        return both + less / whole if isinstance(below, Read) and both.is_nonnegative else below

    def _by_rest(self, below: Any, apart: Any, rest: _Rest) -> Expression | None:
        """What an overlap of distributions is divided by, `2 − Σ p·t`, by the rest alone."""
        reads = [one for one in below.atoms(Read) if one.tensor in self.sums]
        if len(reads) != 1:
            return None
        (product,), apart = reads, _opened(apart)
        start, slope = apart.xreplace({product: ZERO}), apart.coeff(product)
        if start == 0 or not start.is_number or not slope.is_number:
            return None
        return _opened(below.xreplace({product: (rest.times * rest.read - start) / slope}))

    def _mean(self, node: Any) -> Expression | None:
        """c − c·mean N/D as the mean of what that is one by one."""
        whole, rest = node.as_coeff_Add()
        for term in sympy.Add.make_args(rest):
            times, read = term.as_coeff_Mul()
            let = self.sums.get(getattr(read, "tensor", ""))
            if let is None or let.reduction != "mean" or whole == 0 or whole * times >= 0:
                continue
            changed = self.changed(times * let.body + whole)
            if changed is None:
                changed = self.changed(sympy.expand_mul(times * let.body) + whole)
            if changed is not None:
                name = self.names.fresh(f"rest_{let.name}")
                self.made.append(replace(let, name=name, body=changed, domain=REAL))
                return node - term - whole + self.made[-1].read(*read.positions)
        return None

    def _logarithm(self, node: Any) -> Expression | None:
        """log(N/D) = log1p(−(D − N)/D) where that is near one."""
        factors = sympy.Mul.make_args(node.args[0])
        below = [one.base for one in factors if isinstance(one, sympy.Pow) and one.exp == -1]
        if len(below) != 1:
            return None
        rest = self._rest(below[0] - node.args[0] * below[0])
        if rest is None:
            return None
        less = rest.times * rest.read
        return Branch(sympy.Lt(less, HALF * below[0]), log1p(-less / below[0]), node)

    def _rest(self, whole: Any) -> _Rest | None:
        """A combination of sums over the same places, in which something cancels, as one sum of what is never
        negative."""
        reads = {one for one in whole.atoms(Read) if one.tensor in self.sums}
        if not 1 <= len(reads) <= _MOST_SUMS or not is_short(whole):
            return None
        whole = _opened(whole)
        weights = {one: whole.coeff(one) for one in sorted(reads, key=spelled)}
        weights = {one: weight for one, weight in weights.items() if weight != 0}
        if not weights:
            return None
        left = _opened(whole - sum(w * one for one, w in weights.items()))
        if any(weight.atoms(Read) & reads for weight in weights.values()):
            return None
        if all(weight.is_nonnegative for weight in (*weights.values(), left)):
            return None  # nothing cancels
        first, *others = weights
        like = self.sums[first.tensor]
        parts = [weights[first] * self._body(first, first)]
        for one in others:
            let = self.sums[one.tensor]
            alike = [index.dimension for index in let.over] == [
                index.dimension for index in like.over
            ]
            if not alike or let.reduction != like.reduction:
                return None
            if self._guard(one, first) != self._guard(first, first):
                return None
            parts.append(weights[one] * self._body(one, first))
        if left != 0:
            share = next(self._shares(parts, like), None) if left.is_number else None
            if share is None:
                return None
            parts.append(left * share)
        whole = sympy.Add(*map(rewrite, parts))
        body = self._never_negative(whole)
        if body is None:
            body = self._of_sums(whole)
        return None if body is None else self._sum(body, first)

    def _of_sums(self, body: Any) -> Expression | None:
        """A combination of sums within a sum, with a weight that is never negative (Sudre et al. 2017)."""
        factored = sympy.factor_terms(body)
        for one in sympy.Mul.make_args(factored):
            if one.is_Add and any(read.tensor in self.sums for read in one.atoms(Read)):
                weights = sympy.Mul.make_args(factored / one)
                if all(each.is_nonnegative or each.as_base_exp()[1].is_even for each in weights):
                    rest = self._rest(one)
                    return None if rest is None else factored / one * rest.times * rest.read
        return None

    def _shares(self, parts: list[Any], like: Let) -> Iterator[Any]:
        """Entries in the bodies of sums that add up to one over what these run over."""
        if like.reduction != "sum" or len(like.over) != 1:
            return
        for one in sorted(self._entries(sympy.Add(*parts)), key=spelled):
            if isinstance(one, sympy.exp):
                adds_up = any(totals_over(one.args[0], like, self.normalizers))
            else:
                given = self.program.input.get(getattr(one, "tensor", ""))
                is_simplex = given is not None and given.domain.kind == "simplex"
                adds_up = (
                    is_simplex
                    and like.guard == sympy.true
                    and one.positions[-1] == at(like.over[0])
                )
            if adds_up:
                yield one

    def _body(self, read: Read, first: Read) -> Expression:
        return self._placed(self.sums[read.tensor].body, read, first)

    def _guard(self, read: Read, first: Read) -> Expression:
        return self._placed(self.sums[read.tensor].guard, read, first)

    def _placed(self, part: Any, read: Read, first: Read) -> Any:
        """A part of a sum where it is read, at the indices that another runs over."""
        let, like = self.sums[read.tensor], self.sums[first.tensor]
        places: dict[Index, Position] = dict(zip(let.free, read.positions, strict=True))
        places |= {old: at(new) for old, new in zip(let.over, like.over, strict=True)}
        return substitute_positions(part, places)

    def _sum(self, body: Expression, first: Read) -> _Rest:
        like = self.sums[first.tensor]
        guard = self._guard(first, first)
        times, body = body.as_coeff_Mul()
        key = body, guard, like.over, like.reduction
        if key not in self.known:
            parts = indices_of(body) | indices_of(guard)
            free = tuple(sorted(parts - set(like.over), key=lambda index: index.name))
            self.known[key] = replace(
                like, name=self.names.fresh(f"rest_{like.name}"), free=free, body=body, guard=guard,
                domain=Domain("nonnegative"),
            )  # fmt: skip
            self.made.append(self.known[key])
        let = self.known[key]
        return _Rest(times, let.read(*let.free))

    def _never_negative(self, body: Any) -> Expression | None:
        """A body of entries between 0 and 1 without the subtractions in it."""
        expanded = _opened(body.replace(expm1, lambda exponent: sympy.exp(exponent) - 1))
        expanded = expanded.replace(sympy.exp, _powers)
        signs = {one.could_extract_minus_sign() for one in sympy.Add.make_args(expanded)}
        if len(signs) < 2:
            return None
        entries = sorted(self._entries(expanded), key=spelled)
        if not 1 <= len(entries) <= _MOST_ENTRIES:
            return None
        symbols = {one: sympy.Dummy(nonnegative=True) for one in entries}
        named = expanded.xreplace(self._products(expanded, symbols)).xreplace(symbols)
        found = self._by_entries(named, list(symbols.items()))
        return None if found is None else found.xreplace({v: k for k, v in symbols.items()})

    def _by_entries(self, body: Any, entries: list[tuple[Any, Any]]) -> Expression | None:
        """A polynomial of entries, opened by one in which it is linear, and then by the others."""
        if body == 0 or not any(body.has(symbol) for _, symbol in entries):
            return body if body.is_nonnegative else None
        labels = [symbol for entry, symbol in entries if self._is_binary(entry)]
        for symbol in labels:
            body = _of_label(body, symbol)
        if not body.has(*labels):
            factored = _factored(body, [symbol for _, symbol in entries])
            if factored is not None:
                return factored
        for symbol in labels or [symbol for _, symbol in entries]:
            if not body.has(symbol) or not body.is_polynomial(symbol):
                continue
            if sympy.degree(body, symbol) != 1:
                continue
            others = [one for one in entries if one[1] != symbol]
            ends = [
                self._by_entries(sympy.expand(body.subs(symbol, end)), others)
                for end in (ZERO, ONE)
            ]
            if None not in ends:
                entry = next(one for one, other in entries if other == symbol)
                if _is_indicator(entry):
                    condition, then, _ = entry.args
                    return Branch(condition, *(ends if then == 0 else ends[::-1]))
                return (1 - symbol) * ends[0] + symbol * ends[1]
        return None

    def _entries(self, body: Any) -> Iterator[Any]:
        """What is between 0 and 1 of what a sum is made of."""
        waiting = [body]
        found: set[Any] = set()
        while waiting:
            one = waiting.pop()
            if self._is_entry(one):
                found.add(one)
            else:
                waiting += one.args
        yield from found

    def _products(self, body: Any, symbols: dict[Any, Any]) -> dict[Any, Any]:
        """The exponentials that are products of entries of softmaxes, of which SymPy makes one, by these."""
        exponents = [one.args[0] for one in symbols if isinstance(one, sympy.exp)]
        return {
            sympy.exp(first + second): symbols[sympy.exp(first)] * symbols[sympy.exp(second)]
            for first, second in combinations_with_replacement(exponents, 2)
            if body.has(sympy.exp(first + second))
        }

    def _is_entry(self, one: Any) -> bool:
        if isinstance(one, sigmoid) or _is_indicator(one):
            return True
        if isinstance(one, Read):
            given = self.program.input.get(one.tensor)
            if given is None or given.role not in ("differentiable", "data"):
                return False
            return given.domain.is_within(0, 1)
        return isinstance(one, sympy.exp) and self._is_log_softmax(one.args[0])

    def _is_log_softmax(self, exponent: Any, over: tuple[Index, ...] = ()) -> bool:
        entries = entries_of_softmaxes(exponent, self.normalizers)
        return any(not over or place in map(at, over) for _, place in entries)

    def _is_binary(self, entry: Any) -> bool:
        if _is_indicator(entry):
            return True
        given = self.program.input.get(getattr(entry, "tensor", ""))
        return given is not None and given.domain.kind == "binary"


def _is_indicator(entry: Any) -> bool:
    """Whether something is 1 where a condition holds and 0 elsewhere, or the other way round."""
    return isinstance(entry, Branch) and set(entry.args[1:]) == {ZERO, ONE}


def _opened(expression: Any) -> Any:
    """An expression multiplied out, but for its exponentials."""
    return sympy.expand(expression, power_exp=False)


def _powers(exponent: Any) -> Any:
    """exp(n·u) as the power of exp(u) that it is."""
    times, rest = exponent.primitive()
    return sympy.Pow(sympy.exp(rest), times, evaluate=False) if times != 1 else sympy.exp(exponent)


def _of_label(body: Any, symbol: Any) -> Any:
    """A polynomial of what is 0 or 1, of which powers are the same."""
    powers = {
        one: symbol for one in body.atoms(sympy.Pow) if one.base == symbol and one.exp.is_Integer
    }
    return sympy.expand(body.xreplace(powers))


def _factored(body: Any, symbols: list[Any]) -> Expression | None:
    """A product of entries, of one less entries, and of what is never negative; None if it is none."""
    try:
        number, factors = sympy.factor_list(body)
    except sympy.PolynomialError:  # there are quotients in it
        return None
    parts: list[Expression] = []
    for base, exponent in factors:
        if base.is_nonnegative or exponent % 2 == 0:
            parts.append(base**exponent)
        elif any(base == symbol - 1 for symbol in symbols):
            parts.append((-base) ** exponent)
            number *= (-1) ** exponent
        else:
            return None
    return sympy.Mul(number, *parts) if number.is_nonnegative else None
