"""Entropies and divergences of gamma, beta and Dirichlet distributions: log Γ(x) beside x·ψ(x).

Both are about x·log x, and what is left of log Γ(x) − (x − 1)·ψ(x) + x, the entropy of a gamma distribution,
is about log x: of a Dirichlet distribution of a thousand counts nothing was right in float32. Here x·ψ(x) is
log Γ(x) + x − G(x), with G(x) = log Γ(x) − x·ψ(x) + x by its asymptotic series where x is large (from those
of Abramowitz and Stegun 1964, 6.1.40 and 6.3.18: −log(x)/2 + log(2πe)/2 + Σ B₂ₙ/(2n − 1)·x^(1 − 2n)). The
logarithms of gamma functions cancel as formulas, and of a Dirichlet distribution the sum of all
counts with the counts, Σ (aₖ − 1)·ψ(s) being (s − K)·ψ(s).
"""

from __future__ import annotations

from collections.abc import Collection, Set
from dataclasses import dataclass, replace
from typing import Any

import sympy

from objc.atoms import Branch, loggamma, quotient
from objc.ir.domain import REAL
from objc.ir.index import Dimension, Index, Position, at
from objc.ir.parts import found_in
from objc.ir.program import Let, Names, Program
from objc.ir.recurrence import members
from objc.ir.spelling import spelled
from objc.ir.symbols import Expression, Extent, Read, indices_of, substitute_positions
from objc.passes.rewrites.forms import HALF, ZERO, is_short
from objc.passes.tidying.inline import size

FAR = sympy.Integer(10)
"""From here on ten terms are exact to 2⁻⁵³ of the second derivative."""
_TERMS = 10
_MOST_NODES = 200


def entropies_of_gammas(program: Program) -> Program:
    """The program with G for each sum in which log Γ(x) meets x·ψ(x)."""
    if not any(_has_digamma(let.body) for let in program.lets):
        return program
    return _Entropies(program).run()


def excess(x: Any, far: Any) -> Expression:
    """G(x) = log Γ(x) − x·ψ(x) + x, of which every derivative keeps its digits; `far` is far anyway."""
    powers = (sympy.bernoulli(2 * n) / (2 * n - 1) * x ** (1 - 2 * n) for n in range(2, _TERMS + 1))
    first = quotient(HALF / 3, x)  # a reciprocal of a sum may be read as that of a norm
    series = sympy.Add((sympy.log(2 * sympy.pi) + 1 - sympy.log(x)) * HALF, first, *powers)
    if x == far:
        return series
    return Branch(sympy.Ge(x, FAR), series, loggamma(x) - x * sympy.polygamma(0, x) + x)


@dataclass
class _Part:
    """What is added up at one place: over an index, or outside of every sum."""

    index: Index | None
    body: Any


class _Entropies:
    def __init__(self, program: Program) -> None:
        self.program = program
        self.names = Names.of(program)
        inside = members(program)
        self.sums = {
            let.name: let
            for let in program.lets
            if let.reduction == "sum"
            and let.guard == sympy.true
            and len(let.over) == 1
            and let.name not in inside
        }
        self.lets: list[Let] = []
        self.excesses: dict[Expression, Any] = {}
        self.weights: dict[Expression, Expression] = {}
        self.reads: set[Read] = set()

    def run(self) -> Program:
        for let in self.program.lets:
            body = let.body
            if let.name not in self.sums or not self._is_added(let.name):
                nodes = [one for one in found_in(body, sympy.Add) if self._has_both(one)]
                for node in sorted(nodes, key=lambda one: (-size(one), spelled(one))):
                    changed = self._of(node) if body.has(node) else None
                    if changed is not None:
                        body = body.xreplace({node: changed})
            self.lets.append(let if body == let.body else replace(let, body=body))
        return self.program.with_lets(self.lets)

    def _is_added(self, name: str) -> bool:
        """Whether the one that reads a sum adds it to others, and sees it whole."""
        return any(
            isinstance(node, sympy.Add) and _read_of(addend, self.sums, name) is not None
            for let in self.program.lets
            for node in found_in(let.body, sympy.Add)
            for addend in node.args
        )

    def _has_both(self, node: Any) -> bool:
        whole = [node, *(self.sums[r.tensor].body for r in _reads_of(node, self.sums))]
        return any(_has_digamma(one) for one in whole) and any(one.has(loggamma) for one in whole)

    def _of(self, node: Any) -> Expression | None:
        self.excesses.clear()
        self.weights.clear()
        outside = _Part(None, ZERO)
        parts: dict[Dimension, _Part] = {}
        for addend in node.args:
            read = _read_of(addend, self.sums)
            if read is None or not (
                _has_digamma(self.sums[read.tensor].body)
                or self.sums[read.tensor].body.has(loggamma)
            ):
                outside.body += addend
                continue
            (own,) = self.sums[read.tensor].over
            part = parts.setdefault(own.dimension, _Part(own, ZERO))
            if part.index is None or part.index in indices_of(node):
                return None
            part.body += (addend / read) * self._body(read, part.index)
        every = [outside, *parts.values()]
        inner = {one.index for one in parts.values() if one.index is not None}
        self.reads = {
            read
            for one in every
            for read in one.body.atoms(Read)
            if read.tensor in self.sums and not indices_of(read) & inner
        }
        if sum(size(one.body) for one in every) > _MOST_NODES:
            return None
        for part in parts.values():
            self._move_out(part, outside)
        outside.body = self._by_arguments(outside.body)
        if not sum(self._by_excess(one) for one in every) or self._are_near():
            return None
        if not all(self._cancel(part, outside) for part in parts.values()):
            return None
        if not all(is_short(one.body) for one in every):
            return None
        far = self._greatest(inner)
        if far is None:
            return None
        written = {symbol: excess(x, far) for x, symbol in self.excesses.items()}
        for part in every:
            part.body = part.body.xreplace(written)
        read_again = [self._summed(one) for one in parts.values() if one.body != 0]
        condition = sympy.And(sympy.Ge(far, FAR), sympy.Ge(far, 2 * sympy.Abs(self.weights[far])))
        return Branch(condition, sympy.Add(outside.body, *read_again), node)

    def _by_excess(self, part: _Part) -> int:
        """Write (m·x + r)·ψ(x) − m·log Γ(x) as m·(x − G(x)) + r·ψ(x); returns how many there are."""
        count = 0
        for one in sorted(part.body.atoms(sympy.polygamma), key=spelled):
            order, x = one.args
            gamma = loggamma(x)
            if order != 0 or not x.is_positive or not part.body.has(gamma):
                continue
            opened = sympy.expand(part.body, func=False)
            weight, other = opened.coeff(one), opened.coeff(gamma)
            times = -other
            if not times.is_number or times == 0:
                continue
            rest = sympy.expand(weight - times * x)
            if not _is_less(rest, weight, x):
                continue
            left = sympy.expand(opened - weight * one - other * gamma, func=False)
            if left.has(one) or left.has(gamma):
                continue
            part.body = (
                left
                + sympy.expand(times * x)
                - times * self.excesses.setdefault(x, sympy.Dummy("excess", real=True))
                + rest * one
            )
            self.weights[x] = rest / times
            count += 1
        return count

    def _greatest(self, inner: Set[Index]) -> Expression | None:
        """The argument that is the sum of all others, or the only one, and hangs on no index of a sum."""
        for one in self.excesses:
            if indices_of(one) & inner:
                continue
            parts = sympy.expand(one)
            known = self.sums.get(getattr(one, "tensor", ""))
            others = [x for x in self.excesses if x is not one]
            if all(self._is_part(x, parts, known) for x in others):
                return one
        return None

    @staticmethod
    def _is_part(x: Any, whole: Any, known: Let | None) -> bool:
        entries = x.atoms(Read)
        if known is None:
            return entries < whole.atoms(Read) and sympy.expand(whole - x).is_nonnegative is True
        return bool({one.tensor for one in entries} & {one.tensor for one in known.reads})

    def _are_near(self) -> bool:
        """Whether two are of the same entries, as x and x + 1/2: differences of gamma functions, of which the
        derivatives keep their digits otherwise."""
        entries = [frozenset(one.atoms(Read)) for one in self.excesses]
        return len(set(entries)) < len(entries)

    def _move_out(self, part: _Part, outside: _Part) -> None:
        """Σₖ pₖ·ψ(s) as ψ(s)·Σₖ pₖ, where pₖ is a multiple of what s is the sum of and a number."""
        for one in sorted(part.body.atoms(sympy.polygamma), key=spelled):
            if part.index in indices_of(one) or one.args[0] != 0:
                continue
            opened = sympy.expand(part.body, func=False)
            weight = opened.coeff(one)
            total = self._total(weight, part)
            if total is not None and not (rest := opened - sympy.expand(weight * one)).has(one):
                part.body = rest
                outside.body += total * one

    def _by_arguments(self, body: Any) -> Any:
        """Sums that ψ(s) is multiplied by in terms of s: Σ eₖ is s − K where s is Σ (eₖ + 1)."""
        for one in sorted(body.atoms(sympy.polygamma), key=spelled):
            whole = one.args[1]
            if whole not in self.reads:
                continue
            weight = sympy.expand(body, func=False).coeff(one)
            for read in sorted(weight.atoms(Read) & (self.reads - {whole}), key=spelled):
                (own,) = self.sums[read.tensor].over
                total = self._total(self._body(read, own), _Part(own, ZERO), (whole,))
                if total is not None:
                    body = sympy.expand(body, func=False) - sympy.expand(weight * one)
                    weight = weight.xreplace({read: total})
                    body += sympy.expand(weight * one)
        return body

    def _cancel(self, part: _Part, outside: _Part) -> bool:
        """What is left without a gamma function moves out; whether it is known summed up."""
        terms = sympy.Add.make_args(sympy.expand(part.body, func=False))
        opaque = (loggamma, sympy.polygamma, sympy.Dummy)
        plain = sympy.Add(*(one for one in terms if not one.has(*opaque)))
        total = self._total(plain, part)
        if total is None:
            return False
        part.body = sympy.expand(part.body, func=False) - plain
        outside.body = sympy.expand(outside.body + total, func=False)
        return True

    def _total(
        self, weight: Any, part: _Part, known: Collection[Read] | None = None
    ) -> Expression | None:
        """Σₖ of a weight: a number, a multiple of what a known sum is of, or both."""
        assert part.index is not None
        if part.index not in indices_of(weight):
            return weight * Extent(part.index.dimension)
        for read in sorted(self.reads, key=spelled) if known is None else known:
            body = self._body(read, part.index)
            if body is None:
                continue
            for term in sympy.Add.make_args(sympy.expand(body)):
                entry = term.as_coeff_Mul()[1]
                times, by = (sympy.expand(one).coeff(entry) for one in (weight, body))
                if part.index not in indices_of(entry) or times == 0 or not times.is_number:
                    continue
                rest = sympy.expand(weight - times / by * body)
                if len(sympy.Add.make_args(rest)) <= len(sympy.Add.make_args(weight)):
                    left = self._total(rest, part, known) if not rest.has(entry) else None
                    if left is not None:
                        return times / by * read + left
        return None

    def _body(self, read: Read, index: Index) -> Expression | None:
        """What a sum that is read is of, at another index; None where that is of another dimension."""
        let = self.sums[read.tensor]
        if let.over[0].dimension != index.dimension:
            return None
        places: dict[Index, Position] = dict(zip(let.free, read.positions, strict=True))
        return substitute_positions(let.body, {**places, let.over[0]: at(index)})

    def _summed(self, part: _Part) -> Expression:
        assert part.index is not None
        free = tuple(sorted(indices_of(part.body) - {part.index}, key=lambda index: index.name))
        for let in self.lets:
            if (let.body, let.over, let.free) == (part.body, (part.index,), free):
                return let.read(*free)
        name = self.names.fresh("entropy")
        self.lets.append(Let(name, free, part.body, "sum", (part.index,), domain=REAL))
        return self.lets[-1].read(*free)


def _is_less(rest: Any, weight: Any, x: Any) -> bool:
    """Whether what is left of a weight has no more of the argument."""
    entries = x.atoms(Read)
    return bool(entries & weight.atoms(Read)) and bool(entries - rest.atoms(Read))


def _has_digamma(body: Any) -> bool:
    return any(one.args[0] == 0 for one in body.atoms(sympy.polygamma))


def _reads_of(node: Any, sums: dict[str, Let]) -> list[Read]:
    found = (_read_of(one, sums) for one in node.args)
    return [one for one in found if one is not None]


def _read_of(addend: Any, sums: dict[str, Let], name: str | None = None) -> Read | None:
    """The sum that an addend is a number times, or one that no index runs over."""
    rest = addend.as_coeff_Mul()[1]
    if isinstance(rest, Read) and rest.tensor in sums and name in (None, rest.tensor):
        return rest
    return None
