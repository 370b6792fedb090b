"""Totals of positive numbers with exponentials in them, by their logarithms.

`S = Σ (exp(z[k]) + 1)`, the strength of a Dirichlet distribution of which a network gives the counts (Malinin
and Gales 2018, Sensoy et al. 2018), leaves the range where no share of it, no logarithm, and no difference of
digamma functions does. With e = log(exp(z) + 1), a softplus, S is the exponential of a logsumexp, its shares
are a softmax of e, and ψ(exp e) is e and a series in exp(−e) where that is large (Abramowitz and
Stegun 1964, 6.3.18).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import sympy

from objc.atoms import Branch, expm1
from objc.ir.domain import REAL
from objc.ir.index import Index, Position, at
from objc.ir.parts import found_in
from objc.ir.program import Let, Names, Program
from objc.ir.recurrence import members
from objc.ir.spelling import spelled
from objc.ir.symbols import Expression, Read, indices_of, substitute_positions
from objc.passes.evaluation.gammas.series import FAR, SERIES
from objc.passes.rewrites import rewrite
from objc.passes.rewrites.forms import ZERO
from objc.passes.stable.entries import normalizers_of
from objc.passes.stable.simplices import square_of_softmax

_ORDERS = (0, 1, 2)


def totals_by_logarithms(program: Program) -> Program:
    """The program with such totals, and what is added up in them, as exponentials of their logarithms."""
    found = _totals(program)
    return _Changing(program, found).changed() if found else program


def _totals(program: Program) -> dict[str, Expression]:
    """The sums of positive numbers that others divide by or take logarithms or digamma functions of, with
    the logarithm of what is added up. (That of the squares of a softmax is in range as it is.)"""
    normalizers = normalizers_of(program)
    kept = {*program.outputs.values(), *members(program), *(term.let for term in program.terms)}
    found = {}
    for let in program.lets:
        is_sum = let.reduction == "sum" and len(let.over) == 1 and let.guard == sympy.true
        if is_sum and let.name not in kept and let.body.has(sympy.exp):
            logarithm = _logarithm(let.body)
            if logarithm is None or square_of_softmax(let, normalizers) is not None:
                continue
            if _is_normalizer(let, program):
                found[let.name] = logarithm
    return found


def _logarithm(body: Any) -> Expression | None:
    """log(c + g·exp(u)) with numbers c ≥ 0 and g > 0."""
    number, rest = body.as_coeff_Add()
    times, power = rest.as_coeff_Mul()
    if not isinstance(power, sympy.exp) or not times.is_positive or number.is_negative:
        return None
    return rewrite(sympy.log(body)) if number != 0 else power.args[0] + sympy.log(times)


def _is_normalizer(total: Let, program: Program) -> bool:
    """Whether a digamma function of a sum is taken, or a logarithm or quotient of one with a number beside
    its exponentials, or beside the sum. (Sums of exponentials alone have forms of their own.)"""
    is_beside = total.body.as_coeff_Add()[0] != 0
    for let in program.lets:
        for node in found_in(let.body, sympy.polygamma, sympy.log, sympy.Pow):
            if not any(one.tensor == total.name for one in node.atoms(Read)):
                continue
            if isinstance(node, sympy.polygamma):
                return True
            if is_beside and isinstance(node, sympy.log):
                return True
            if node.is_Pow and node.exp.could_extract_minus_sign():
                number, rest = node.base.as_coeff_Add()
                if is_beside or (number > 0 and getattr(rest, "tensor", "") == total.name):
                    return True
    return False


@dataclass(frozen=True)
class _Total:
    """A total, what it is the sum of, and the lets of the logarithms of both."""

    let: Let
    entries: Let
    logarithm: Let

    def at(self, places: tuple[Position, ...]) -> Expression:
        return self.logarithm.read(*places)

    def entry(self, moves: dict[Index, Position]) -> tuple[Any, Expression]:
        """What is added up at a place, and the logarithm of it."""
        read = self.entries.read(*self.entries.free)
        return substitute_positions(self.let.body, moves), substitute_positions(read, moves)


class _Changing:
    def __init__(self, program: Program, found: dict[str, Expression]) -> None:
        self.program = program
        self.found = found
        self.names = Names.of(program)
        self.totals: dict[str, _Total] = {}
        self.lets: list[Let] = []
        self.indices: tuple[Index, ...] = ()
        self.entries: list[tuple[Any, Expression]] = []
        """What is added up at the places of a let, the longest first, with its logarithm."""

    def changed(self) -> Program:
        for let in self.program.lets:
            if let.name in self.found:
                self._named(let, self.found[let.name])
                continue
            self.indices, self.entries = let.indices, list(self._entries(let))
            body = self._visited(let.body)
            guard = let.guard.xreplace(self._reads(let.guard))
            changed = body != let.body or guard != let.guard
            self.lets.append(replace(let, body=body, guard=guard) if changed else let)
        return self.program.with_lets(self.lets)

    def _named(self, let: Let, logarithm: Expression) -> None:
        free = tuple(one for one in let.indices if one in indices_of(logarithm))
        name = self.names.fresh(f"log_of_{let.name}")
        entries = Let(name, free, logarithm, domain=REAL, span=let.span)
        total = replace(
            let,
            name=self.names.fresh(f"log_{let.name}"),
            body=entries.read(*free),
            reduction="logsumexp",
            domain=REAL,
        )
        self.totals[let.name] = _Total(let, entries, total)
        self.lets += [entries, total]

    def _entries(self, let: Let) -> Iterator[tuple[Any, Expression]]:
        reads = sorted(found_in(let.body, Read), key=spelled)
        places = dict.fromkeys(place for read in reads for place in read.positions)
        for total in self.totals.values():
            own = [one for one in total.let.free if one in total.entries.free]
            if all(one in let.indices for one in own):
                for place in places:
                    yield total.entry({total.let.over[0]: place, **{one: at(one) for one in own}})

    def _reads(self, expression: Any) -> dict[Any, Any]:
        return {
            read: sympy.exp(self.totals[read.tensor].at(read.positions))
            for read in found_in(expression, Read)
            if read.tensor in self.totals
        }

    def _visited(self, node: Any) -> Any:
        if isinstance(node, Read):
            total = self.totals.get(node.tensor)
            return node if total is None else sympy.exp(total.at(node.positions))
        if not node.args:
            return node
        if isinstance(node, sympy.Add):
            return self._sum(node)
        if isinstance(node, sympy.polygamma) and node.args[0] in _ORDERS:
            logarithm = self._logarithm(node.args[1])
            if logarithm is not None:
                return _polygamma(int(node.args[0]), logarithm)
        arguments = [self._visited(one) for one in node.args]
        changed = node if arguments == list(node.args) else node.func(*arguments)
        return _one_exponential(changed) if isinstance(changed, sympy.Mul) else changed

    def _sum(self, node: Any) -> Any:
        """A sum, with the differences of totals and entries, and of digamma functions of them, as one."""
        addends = list(node.args)
        done: list[Any] = []
        for one, other, changed in self._pairs(node):
            for addend in list(addends):
                weight = _weight(addend, one)
                taken = None if weight is None else _without(addends, addend, -weight * other)
                if weight is not None and taken is not None:
                    addends = taken
                    done.append(self._visited(weight) * changed)
        for entry, logarithm in self.entries:
            for sign in (1, -1):
                taken = _without(addends, *sympy.Add.make_args(sign * entry))
                if taken is not None:
                    addends = taken
                    done.append(sign * sympy.exp(logarithm))
        return sympy.Add(*done, *map(self._visited, addends))

    def _pairs(self, node: Any) -> Iterator[tuple[Any, Any, Any]]:
        """(a, b, a − b) for what stands in a sum, of a total and an entry."""
        parts = found_in(node, sympy.polygamma)
        for read in sorted(found_in(node, Read), key=spelled):
            if read.tensor not in self.totals:
                continue
            total = self.totals[read.tensor].at(read.positions)
            for entry, logarithm in self.entries:
                yield read, entry, -sympy.exp(total) * expm1(logarithm - total)
                for order in _ORDERS if parts else ():
                    whole, part = (sympy.polygamma(order, one) for one in (read, entry))
                    if whole in parts and part in parts:
                        yield whole, part, self._polygammas(order, total, logarithm)

    def _polygammas(self, order: int, total: Expression, entry: Expression) -> Expression:
        """ψₙ(exp u) − ψₙ(exp v) for u ≥ v, by v and v − u, which has a name: the adjoint of u is the negative
        of one of v. Of the powers of exp(−u) and exp(−v) nothing is subtracted."""
        free = tuple(one for one in self.indices if one in indices_of(entry - total))
        share = Let(self.names.fresh("log_share"), free, entry - total, domain=REAL)
        known = next((o for o in self.lets if (o.free, o.body) == (free, share.body)), share)
        if known is share:
            self.lets.append(share)
        apart = known.read(*free)
        far: Expression = -apart if order == 0 else ZERO
        for n, by in SERIES[order].items():
            far += sympy.Rational(by) * sympy.exp(-n * entry) * expm1(n * apart)
        near = _polygamma(order, entry - apart) - sympy.polygamma(order, sympy.exp(entry))
        return Branch(sympy.Ge(entry, sympy.log(FAR)), far, near)

    def _logarithm(self, argument: Any) -> Expression | None:
        if isinstance(argument, Read) and argument.tensor in self.totals:
            return self.totals[argument.tensor].at(argument.positions)
        return next((log for entry, log in self.entries if entry == argument), None)


def _weight(addend: Any, factor: Any) -> Expression | None:
    factors = list(sympy.Mul.make_args(addend))
    if factor not in factors:
        return None
    factors.remove(factor)
    return sympy.Mul(*factors)


def _without(addends: list[Any], *removed: Any) -> list[Any] | None:
    """Addends without some, of which a sum is meant by its own."""
    left = list(addends)
    for one in (part for whole in removed for part in sympy.Add.make_args(sympy.expand_mul(whole))):
        if one not in left:
            return None
        left.remove(one)
    return left


def _one_exponential(product: Any) -> Any:
    """A product with all of its exponentials as one: SymPy has exp(a)·exp(b) as it is."""
    exponents, others = [], []
    for factor in product.args:
        base, power = factor.as_base_exp()
        if isinstance(factor, sympy.exp):
            exponents.append(factor.args[0])
        elif isinstance(base, sympy.exp):
            exponents.append(power * base.args[0])
        else:
            others.append(factor)
    return sympy.Mul(sympy.exp(sympy.Add(*exponents)), *others) if exponents else product


def _polygamma(order: int, logarithm: Any) -> Expression:
    """ψₙ(exp u) for any u."""
    far = logarithm + _series(order, logarithm) if order == 0 else _series(order, logarithm)
    near = sympy.polygamma(order, sympy.exp(logarithm))
    return Branch(sympy.Ge(logarithm, sympy.log(FAR)), far, near)


def _series(order: int, logarithm: Any) -> Expression:
    parts = SERIES[order].items()
    return sympy.Add(*(sympy.Rational(by) * sympy.exp(-n * logarithm) for n, by in parts))
