"""Divergences and ratios of positive numbers that nearly agree.

`y/m − log(y/m) − 1`, `q·log(q/p) − q + p` and what else is w·log(a/b) beside w − w·b/a are of second order
in a − b, their terms of first order: what stands there is taken as a sum of φ(a/b) ≥ 0, as the divergences
of distributions are. A logarithm of a ratio that is left is the one of 1 + (a − b)/b where that is near,
and a difference of logarithms where the ratio leaves the range.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import sympy

from objc.atoms import Branch, log1p, log_cosh, quotient, xlogy
from objc.ir.parts import found_in
from objc.ir.program import Program
from objc.ir.spelling import spelled
from objc.ir.symbols import Expression, Read
from objc.passes.evaluation.divergences.distributions import Term, never_negative, with_mixtures
from objc.passes.evaluation.nodes import change_nodes
from objc.passes.rewrites.forms import HALF, ONE, is_short
from objc.passes.rewrites.normal import squared_difference
from objc.passes.stable.differences import is_difference, written_out
from objc.passes.tidying.inline import size

_MOST_NODES = 60
_MOST_NODES_OF_A_SIDE = 6
_LEAST, _GREATEST = sympy.Rational(1, 2**120), sympy.Integer(2) ** 120
"""Ratios that no floating type rounds more than usual."""


def rates_by_parts(program: Program) -> Program:
    """The program with divergences of rates as sums of what is never negative."""
    return _changed(_changed(_with_names(program), _fewer_terms), _as_divergence)


def log_ratios_near_one(program: Program) -> Program:
    """The program with logarithms of ratios that keep their digits near one, and are in range."""
    changed = _changed(program, _near_one)
    return change_nodes(changed, lambda node: _of_mixture(node, program), kinds=(xlogy,))


def _changed(program: Program, change: Any) -> Program:
    return change_nodes(
        program,
        lambda node: change(node, program),
        kinds=(sympy.Add, sympy.log),
        beside=(sympy.log, xlogy),
        order=lambda one: (-size(one), spelled(one)),
    )


def _with_names(program: Program) -> Program:
    """With differences by their names wherever they stand beside logarithms."""
    named: dict[Expression, Expression] = {}
    lets = []
    for let in program.lets:
        body = let.body.xreplace(named) if named and let.body.has(sympy.log) else let.body
        if let.reduction is None and is_difference(let.body):
            named[let.body] = let.read(*let.free)
        lets.append(let if body == let.body else replace(let, body=body))
    return program.with_lets(lets)


def _fewer_terms(node: Any, program: Program) -> Expression | None:
    """c·(log u + 1) − c = c·log u."""
    if not isinstance(node, sympy.Add) or size(node) > _MOST_NODES:
        return None
    logarithms = sorted(found_in(node, sympy.log), key=spelled)
    known = {one: sympy.Dummy(real=True) for one in logarithms}
    opaque = node.xreplace(known)
    if not opaque.is_polynomial() or not is_short(opaque):
        return None
    apart = sum(len(sympy.Add.make_args(sympy.expand(one))) for one in opaque.args)
    expanded = sympy.expand(opaque)
    if len(sympy.Add.make_args(expanded)) > apart - 2:
        return None
    return sympy.factor_terms(expanded).xreplace({dummy: one for one, dummy in known.items()})


def _as_divergence(node: Any, program: Program) -> Expression | None:
    if not isinstance(node, sympy.Add) or size(node) > _MOST_NODES:
        return None
    found = _divergence(node, program)
    if found is not None:
        return found
    opposite = _divergence(-node, program)
    return None if opposite is None else -opposite


def _divergence(node: Any, program: Program) -> Expression | None:
    opened, rates = _by_rates(node)
    parted = _parted(opened, program)
    if parted is None:
        terms = list(_terms(opened))
        found = _of_squares(terms, _beside(opened, terms)) if terms else None
    else:
        left, resolved = parted
        found = left + sympy.Add(*map(never_negative, resolved))
    return None if found is None else found.xreplace(rates)


def rest_of_divergence(node: Any, program: Program) -> Expression | None:
    """What is left of a sum beside a divergence that is never negative; None if there is none in it."""
    if not isinstance(node, sympy.Add) or size(node) > _MOST_NODES:
        return None
    opened, rates = _by_rates(node)
    parted = _parted(opened, program)
    return None if parted is None else parted[0].xreplace(rates)


def _by_rates(node: Any) -> tuple[Any, dict[Any, Any]]:
    """A sum with y·log(m) for y·u where m = exp(u) stands beside it, and what the symbols for m stand for."""
    rates: dict[Any, Any] = {}
    powers = {one: one.args[0].as_coeff_Mul() for one in found_in(node, sympy.exp)}
    for u in sorted({u for _, u in powers.values() if isinstance(u, Read)}, key=spelled):
        rate = sympy.Dummy(f"exp {u}", positive=True)
        known = {
            one: rate**times for one, (times, v) in powers.items() if v == u and abs(times) == 1
        }
        inside = node.xreplace(known)
        if inside.has(u):
            rates[rate] = sympy.exp(u)
            inside = inside.replace(xlogy, lambda y, ratio: y * sympy.log(ratio))
            node = sympy.Add(*(_expanded(one, u) for one in sympy.Add.make_args(inside)))
            node = node.xreplace({u: sympy.log(rate)})
    return node, rates


def _expanded(addend: Any, u: Any) -> Any:
    """A product with a sum that u is in, multiplied out: y·(log y − u)."""
    factors = sympy.Mul.make_args(addend)
    sums = [one for one in factors if isinstance(one, sympy.Add) and one.has(u)]
    if len(sums) != 1:
        return addend
    rest = sympy.Mul(*(one for one in factors if one is not sums[0]))
    return sympy.Add(*(rest * one for one in sums[0].args))


def _beside(node: Any, terms: list[Term]) -> Expression:
    used = [one for term in terms for one in sympy.Add.make_args(term.whole)]
    return sympy.Add(*(one for one in _opened(node) if one not in used))


def _parted(node: Any, program: Program) -> tuple[Expression, list[Term]] | None:
    """What of a sum is no part of its divergences, and the terms of these."""
    terms = list(_terms(node))
    if not terms:
        return None
    others = _beside(node, terms)
    resolved = [
        Term(one.whole, *(written_out(part, program) for part in one.parts)) for one in terms
    ]
    left = written_out(others, program) - sympy.Add(*(one.added for one in resolved))
    if (others == 0 and len(terms) < 2) or not is_short(left):
        return None
    left = sympy.expand(left)
    before = len(sympy.Add.make_args(sympy.expand(written_out(others, program))))
    if left != 0 and (others == 0 or len(sympy.Add.make_args(left)) >= before):
        return None
    return left, resolved


def _of_squares(terms: list[Term], others: Any) -> Expression | None:
    """w·log(a/b) beside w·(b²/a² − 1)/2 is w·(log(a/b) + b/a − 1) and w·(1 − b/a)²/2: the divergence of
    normal distributions by their deviations. Squares of other sums beside it stay whole."""
    parts = frozenset[Any]().union(*(p.free_symbols for one in terms for p in one.parts))
    whole = {
        one: sympy.Symbol(f"square {number}", nonnegative=True)
        for number, one in enumerate(sorted(others.atoms(sympy.Pow), key=spelled))
        if one.exp == 2 and isinstance(one.base, sympy.Add) and not one.free_symbols & parts
    }
    opened = sympy.expand(others.xreplace(whole))
    added = [
        replace(one, weight=one.weight / 2, above=one.above**2, below=one.below**2).added
        for one in terms
    ]
    left = sympy.expand(opened - sympy.Add(*added))
    if len(sympy.Add.make_args(left)) > len(sympy.Add.make_args(opened)) - len(terms):
        return None
    squares = (one.weight / 2 * quotient(one.above - one.below, one.above) ** 2 for one in terms)
    rest = left.xreplace({symbol: one for one, symbol in whole.items()})
    return rest + sympy.Add(*map(never_negative, terms), *squares)


def _opened(node: Any) -> list[Expression]:
    """The addends of a sum, with a sum of logarithms in one of them multiplied out."""
    found: list[Expression] = []
    for one in node.args:
        sums = [
            f for f in sympy.Mul.make_args(one) if isinstance(f, sympy.Add) and f.has(sympy.log)
        ]
        if len(sums) == 1 and isinstance(one, sympy.Mul):
            rest = sympy.Mul(*(f for f in one.args if f is not sums[0]))
            found += [rest * part for part in sums[0].args]
        else:
            found.append(one)
    return found


def _terms(node: Any) -> Iterator[Term]:
    """The addends w·log(a/b), the pairs w·log a − w·log b, x·log x and log x, with w ≥ 0."""
    logs = [(one, *_weight_and_argument(one)) for one in _opened(node)]
    waiting = []
    for whole, weight, argument in logs:
        if argument is None or weight.has(sympy.log):
            continue
        above, below = argument.as_numer_denom()
        if below.free_symbols and above.free_symbols:
            yield from _term(whole, weight, above, below)
        else:
            waiting.append((whole, weight, argument))
    while waiting:
        whole, weight, above = waiting.pop()
        for other in waiting:
            if other[1] == -weight:
                waiting.remove(other)
                yield from _term(whole + other[0], weight, above, other[2])
                break
        else:
            # x·log x beside 1 − x, or −log x beside x − 1
            if weight.as_coeff_Mul()[1] in (above, 1) and above.free_symbols:
                yield from _term(whole, weight, above, sympy.Integer(1))


def _term(whole: Any, weight: Any, above: Any, below: Any) -> Iterator[Term]:
    # a·log a is nothing where a is, as log a alone is not.
    vanishing = [weight.as_coeff_Mul()[1] == one and one.is_nonnegative for one in (above, below)]
    pairs = zip((above, below), vanishing, strict=True)
    if not all(one.is_positive or isinstance(one, sympy.Abs) or may for one, may in pairs):
        return
    if weight.is_nonnegative:
        yield Term(whole, weight, above, below)
    elif weight.is_nonpositive:
        yield Term(whole, -weight, below, above)


def _weight_and_argument(term: Any) -> tuple[Any, Any]:
    factors = sympy.Mul.make_args(term)
    logs = [one for one in factors if isinstance(one, sympy.log)]
    if len(logs) != 1:
        return term, None
    return sympy.Mul(*(one for one in factors if one is not logs[0])), logs[0].args[0]


def _near_one(node: Any, program: Program) -> Expression | None:
    if isinstance(node, sympy.log):
        above, below = node.args[0].as_numer_denom()
        return _by_difference(above, below, node, program)
    logs = [(one, *_weight_and_argument(one)) for one in node.args]
    for whole, weight, above in logs:
        for other, other_weight, below in logs:
            if above is None or below is None or weight + other_weight != 0:
                continue
            if not weight.could_extract_minus_sign():
                apart = sympy.log(above) - sympy.log(below)
                found = _by_difference(above, below, apart, program)
                if found is not None:
                    rest = [one for one in node.args if one is not whole and one is not other]
                    return sympy.Add(*rest, weight * found)
    return None


def _of_mixture(node: Any, program: Program) -> Expression | None:
    """w·log(a/b) of an a that a mixture b nearly is, by a hyperparameter that may be tiny: a − b is the share
    of the others, and lost in b."""
    weight, ratio = node.args
    above, below = ratio.as_numer_denom()
    opened = with_mixtures(below, program)
    if not (above.is_nonnegative and opened.is_polynomial() and is_short(opened)):
        return None
    apart = sympy.factor(sympy.expand(above - opened))
    settings = [one for one in sympy.Mul.make_args(apart) if isinstance(one, Read)]
    if len(settings) != 1 or settings[0].positions:
        return None
    near = weight * log1p(quotient(apart, below))
    return Branch(sympy.Lt(sympy.Abs(apart), HALF * below), near, node)


def _by_difference(above: Any, below: Any, far: Any, program: Program) -> Expression | None:
    """log(a/b) for entries and their sums; `far` is what it is where they are unlike. A sum that a stands in,
    and is not negative, is positive where the logarithm is a number."""
    sides = [written_out(one, program) for one in (above, below)]
    if not above.is_nonnegative or not (below.is_positive or sides[1].is_Add):
        return None
    if not (above.free_symbols and below.free_symbols):
        return None
    squared = squared_difference(sides[0], below)
    if squared is None:
        apart = _apart(*sides)
        if apart is None:
            return None
        is_near, near = sympy.Lt(sympy.Abs(apart), HALF * below), log1p(quotient(apart, below))
    else:
        factors = sympy.Mul.make_args(below.as_coeff_Mul()[1])
        (s, exponent), (t, _) = (one.as_base_exp() for one in factors)
        far = log_cosh(exponent * (sympy.log(s) - sympy.log(t)))
        is_near, near = sympy.Lt(squared, ONE), log1p(squared)
    if isinstance(far, sympy.log):
        ratio = above / below
        inside = sympy.And(sympy.Gt(ratio, _LEAST), sympy.Lt(ratio, _GREATEST))
        far = Branch(inside, far, sympy.log(above) - sympy.log(below))
    return Branch(is_near, near, far)


def _apart(above: Any, below: Any) -> Expression | None:
    """What two sides differ by: of long ones if that is what one of them has beside the other."""
    powers = sorted(found_in(above, sympy.exp) | found_in(below, sympy.exp), key=spelled)
    known = {one: sympy.Dummy(positive=True) for one in powers}
    opaque = [one.xreplace(known) for one in (above, below)]
    if not all(one.is_polynomial() and is_short(one) for one in opaque):
        return None
    apart = sympy.expand(opaque[0] - opaque[1])
    if apart.is_number:
        return None
    if any(size(one) > _MOST_NODES_OF_A_SIDE for one in (above, below)):
        terms = [
            set(sympy.Add.make_args(sympy.expand(one))) for one in (*opaque, -opaque[0], -opaque[1])
        ]
        left = set(sympy.Add.make_args(apart))
        if not any(left < one for one in terms):
            return None
    return apart.xreplace({symbol: one for one, symbol in known.items()})
