"""Divergences of nearly equal distributions: sums of terms that cancel to first order.

`p·log(p/m) + q·log(q/m)` with `m = (p + q)/2` is of second order in p − q, its terms are of first order.
To each term w·log(a/b) its own `b − a`, so weighed, is added: c·b·φ(a/b) with φ(r) = r·log r − r + 1 is
never negative, and of second order by itself. What was added is zero as a whole: term by term in a
Jensen–Shannon divergence, over the whole simplex where a and b are distributions. One of the last
rewrites: the value is the same, and no derivatives are taken of it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import sympy

from objc.atoms import Branch, quotient, xlogy
from objc.ir.parts import found_in
from objc.ir.program import Let, Program
from objc.ir.spelling import spelled
from objc.ir.symbols import Expression, Read, substitute_positions
from objc.passes.rewrites.forms import ZERO, is_short
from objc.passes.tidying.inline import size

_TERMS = 7
_NEAR = sympy.Rational(1, 8)
"""For |a − b| below so much of b, |s| is below 1/15, and 7 terms are exact to 2⁻⁵⁹."""


@dataclass(frozen=True)
class Term:
    """w·log(a/b), an addend; `whole` as it stands, with what it is where w is zero."""

    whole: Expression
    weight: Expression
    above: Expression
    below: Expression

    @property
    def parts(self) -> tuple[Expression, Expression, Expression]:
        return self.weight, self.above, self.below

    @property
    def added(self) -> Expression:
        """c·b − w, where w = c·a."""
        return self.weight / self.above * self.below - self.weight


def divergences_by_parts(program: Program) -> Program:
    """The program with divergences as sums of what is never negative, where they are that."""
    return program.with_lets(_changed(let, program) for let in program.lets)


def _changed(let: Let, program: Program) -> Let:
    parted = _parted(let, program)
    if parted is None:
        return _within(let, program)
    rest, terms, outside = parted
    body = rest + sympy.Add(*(never_negative(one) for one in terms))
    if outside == 0:
        return replace(let, body=body)
    return replace(let, body=Branch(let.guard, body, outside), guard=sympy.true)


def _within(let: Let, program: Program) -> Let:
    """The same of sums inside of a body, as under a root."""
    body = let.body
    sums = found_in(body, sympy.Add) if body.has(xlogy) else set()
    for node in sorted(sums - {body}, key=lambda one: (-size(one), spelled(one))):
        parted = _parted(Let(let.name, (), node), program) if node.has(xlogy) else None
        if parted is not None:
            rest, terms, _ = parted
            body = body.xreplace({node: rest + sympy.Add(*map(never_negative, terms))})
    return let if body == let.body else replace(let, body=body)


def rest_of_divergences(let: Let, program: Program) -> Expression | None:
    """What is left of a let beside divergences that are never negative; None if there are none in it."""
    parted = _parted(let, program)
    if parted is None or not all(_is_share(one) for one in parted[1]):
        return None
    return parted[0]


def _is_share(term: Term) -> bool:
    share = sympy.cancel(term.weight / term.above)
    return bool(share.is_nonnegative or (term.weight.is_nonnegative and term.above.is_nonnegative))


def _parted(let: Let, program: Program) -> tuple[Expression, list[Term], Expression] | None:
    """What of a let is no part of its divergences, the terms of these, and, of a sum over a simplex, what
    they are without what was added: outside of the guard that stays."""
    if let.reduction not in (None, "sum") or not let.body.has(xlogy):
        return None
    terms = [_resolved(one, program) for one in _terms(let.body)]
    used = [addend for one in terms for addend in sympy.Add.make_args(one.whole)]
    others = sympy.Add(*(one for one in sympy.Add.make_args(let.body) if one not in used))
    if not terms or others.has(xlogy):
        return None
    added = sympy.Add(*(one.added for one in terms))
    if not is_short(added):
        return None
    added = sympy.expand(sympy.cancel(added))
    if added == 0:
        return others, terms, ZERO
    left = sympy.expand(others - added) if is_short(others) else others
    if _count(left) == _count(others) - _count(added):  # such as q − p beside p·log(p/q)
        return left, terms, ZERO
    if let.reduction == "sum" and others == 0 and _sums_to_zero(added, let, program):
        return ZERO, terms, added
    return None


def _count(total: Expression) -> int:
    return 0 if total == 0 else len(sympy.Add.make_args(total))


def _terms(body: Expression) -> list[Term]:
    """The addends w·log(a/b), and the pairs w·log a − w·log b."""
    found = []
    negative: dict[Expression, list[tuple[Expression, Expression]]] = {}
    signed = [(one, *one.as_coeff_Mul()) for one in sympy.Add.make_args(body)]
    leaves = [(whole, sign, _leaf(rest)) for whole, sign, rest in signed]
    for whole, sign, leaf in leaves:
        if leaf is not None and sign.is_negative:
            negative.setdefault(-sign * leaf.args[0], []).append((whole, leaf.args[1]))
    for whole, sign, leaf in leaves:
        if leaf is None or not sign.is_positive:
            continue
        weight = sign * leaf.args[0]
        above, below = leaf.args[1].as_numer_denom()
        if below == 1 and weight in negative:
            other, below = negative[weight].pop()
            whole += other
            if not negative[weight]:
                del negative[weight]
        if (weight / above).is_negative:
            above, below = -above, -below
        found.append(Term(whole, weight, above, below))
    return found


def _leaf(term: Any) -> Any:
    """The w·log(a/b) of a term, of which all other arms are for w = 0, and are 0 there."""
    if isinstance(term, xlogy):
        return term
    if not (isinstance(term, Branch) and isinstance(term.args[0], sympy.Eq)):
        return None
    condition, then, otherwise = term.args
    leaf = _leaf(otherwise)
    if leaf is None or sympy.expand(condition.lhs - condition.rhs) not in _zeros(leaf.args[0]):
        return None
    return leaf if then == 0 or (isinstance(then, xlogy) and then.args[0] == leaf.args[0]) else None


def _zeros(weight: Expression) -> Iterator[Expression]:
    """What is zero where the weight is."""
    expanded = sympy.expand(weight)
    yield from (expanded, -expanded)


def _resolved(term: Term, program: Program) -> Term:
    """The term with mixtures written out."""
    parts = [with_mixtures(one, program) for one in (term.weight, term.above, term.below)]
    return Term(term.whole, *parts)


def with_mixtures(expression: Expression, program: Program) -> Expression:
    """An expression with the sums written out that have names."""
    mapping = {}
    for read in expression.atoms(Read):
        let = program.let.get(read.tensor)
        if let is not None and let.reduction is None and isinstance(let.body, sympy.Add):
            places = dict(zip(let.free, read.positions, strict=True))
            mapping[read] = substitute_positions(let.body, places)
    return expression.xreplace(mapping) if mapping else expression


def _sums_to_zero(added: Expression, let: Let, program: Program) -> bool:
    """Whether an expression is a combination of distributions over the loop, the factors of which
    add up to zero: each of them sums to one."""
    total: Expression = ZERO
    for addend in sympy.Add.make_args(added):
        reads = [one for one in addend.atoms(Read) if set(_indices(one)) & set(let.over)]
        if len(reads) != 1 or not _is_distribution(reads[0], let, program):
            return False
        factor = addend / reads[0]
        if factor.has(reads[0]):
            return False
        total += factor
    return bool(sympy.expand(total) == 0)


def _is_distribution(read: Read, let: Let, program: Program) -> bool:
    one = program.input.get(read.tensor)
    last = read.positions[-1].index if read.positions else None
    return one is not None and one.domain.kind == "simplex" and (last,) == let.over


def _indices(read: Read) -> list[Any]:
    return [position.index for position in read.positions]


def _factored(apart: Expression) -> Expression:
    """The difference of an entry and a mixture as the share of the other: (1 − β)·(p − q)."""
    return sympy.factor(apart) if len(sympy.Add.make_args(apart)) == 4 else apart


def never_negative(term: Term, apart: Expression | None = None) -> Expression:
    """c·b·φ(a/b); where a and b are near each other by log(a/b) = 2·artanh(s) with
    s = (a − b)/(a + b), of which the first term takes away what cancels: a − b = s·(a + b). That may be given
    in a better form."""
    if apart is None:
        apart = _factored(sympy.expand(term.above - term.below))
    s = quotient(apart, sympy.expand(term.above + term.below))
    series: Expression = ZERO
    for n in reversed(range(_TERMS)):
        series = sympy.Rational(1, 2 * n + 3) + s**2 * series
    share = term.weight / term.above
    near = share * (s * apart + 2 * term.above * s**3 * series)
    condition = sympy.Lt(sympy.Abs(apart), _NEAR * term.below)
    return Branch(condition, near, term.whole - _less(share, apart, term))


def _less(share: Expression, apart: Expression, term: Term) -> Expression:
    """c·(a − b); where c divides, what it is of a and b far from each other may leave the range."""
    if not share.as_numer_denom()[1].free_symbols:
        return share * apart
    alike = sympy.Lt(sympy.Abs(apart), term.below)
    return Branch(alike, share * apart, term.weight - share * term.below)
