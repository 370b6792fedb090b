"""Sums of fractions that cancel, over one denominator: d²/q³ + 2d/q² + 1/q with d = p − q is p²/q³.

The second derivatives of (p − q)²/q and the like arrive as such sums, in which p/q may be lost beside 1.
Where the numerator over the common denominator is a product, or a sum of numbers of one sign, nothing is
subtracted any more; where it is the difference of two entries, nothing that has been rounded.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any

import sympy

from objc.atoms import Branch, hypot, maximum, minimum, quotient
from objc.ir.parts import found_in
from objc.ir.program import Program
from objc.ir.spelling import spelled
from objc.ir.symbols import Expression, Read
from objc.passes.evaluation.differences.monomials import as_fraction
from objc.passes.rewrites.forms import is_short
from objc.passes.stable.differences import written_out
from objc.passes.tidying.inline import size

_MOST_NODES = 60
_MOST_SYMBOLS = 4
_GREATEST_MULTIPLE = 8
_MOST_LEFT, _LEAST_GONE = 3, 2


def over_common_denominators(program: Program) -> Program:
    """The program with such sums as one fraction each."""
    changed = []
    for let in program.lets:
        body = let.body
        # The rule for (1 + q·x)^(1/q − 1) knows the exponent as it stands.
        powers = (one.exp for one in found_in(body, sympy.Pow) if not one.exp.is_number)
        exponents = {part for one in powers for part in found_in(one, sympy.Add)}
        sums = found_in(body, sympy.Add) - exponents
        # The largest first: of what is inside of it nothing may be left.
        for node in sorted(sums, key=lambda one: (-size(one), spelled(one))):
            whole = _whole(node, program)
            if whole is None:
                whole = _by_direction(node, program)
            if whole is None:
                whole = _where_taken(node, program)
            if whole is None:
                whole = _beside_common_factors(node, program)
            if whole is None:
                whole = _rest_of_share(node)
            if whole is None:
                whole = _part(node, program)
            if whole is not None:
                body = body.xreplace({node: whole})
        for node in sorted(found_in(body, sympy.Mul), key=lambda one: (-size(one), spelled(one))):
            whole = _without_common_factor(node, program)
            if whole is not None:
                body = body.xreplace({node: whole})
        changed.append(let if body == let.body else replace(let, body=body))
    return program.with_lets(changed)


def _whole(
    node: Any,
    program: Program,
    signs: frozenset[sympy.Dummy] = frozenset(),
    squares: Mapping[Any, Any] = MappingProxyType({}),
) -> Expression | None:
    """The sum as one fraction without a subtraction, if it is a sum of fractions with one. The squares of
    `signs` are one; those of roots, by `squares`, entries."""
    if not isinstance(node, sympy.Add):
        return None
    roots = _roots(node)
    if roots:
        entries = {u**2: x for x, u in roots.items()}
        found = _whole(_by_roots(written_out(node, program), roots), program, signs, entries)
        back = {u: sympy.sqrt(x) for x, u in roots.items()}
        return None if found is None else found.xreplace(back)
    if node.has(hypot):
        opened = _by_squares(node)
        return None if opened.has(hypot) else _whole(opened, program, signs, squares)
    if node.has(sympy.Abs):
        return _by_sizes(node, program)
    if size(node) > _MOST_NODES or not all(_is_fraction(one) for one in node.args):
        return None
    if not any(one.as_numer_denom()[1].free_symbols for one in node.args):
        return None
    # With a difference written out less may be left above, and below it may cancel.
    for opened in dict.fromkeys((written_out(node, program), node)):
        found = _one_fraction(opened, signs, squares)
        if found is not None:
            return found
    return None


def _part(node: Any, program: Program) -> Expression | None:
    """The addends without one of the entries as one fraction, beside the others."""
    if size(node) > _MOST_NODES:
        return None
    for entry in sorted(node.free_symbols, key=spelled):
        part = [one for one in node.args if not one.has(entry)]
        whole = _whole(sympy.Add(*part), program) if 2 <= len(part) < len(node.args) else None
        if whole is not None:
            return sympy.Add(whole, *(one for one in node.args if one.has(entry)))
    return None


def _beside_common_factors(node: Any, program: Program) -> Expression | None:
    """Multiples of one sum, a residual say, as its product with one fraction."""
    factors = [set(sympy.Mul.make_args(one)) for one in node.args]
    common = [
        one for one in set.intersection(*factors) if isinstance(one.as_base_exp()[0], sympy.Add)
    ]
    if not common:
        return None
    residual = sympy.Mul(*common)
    whole = _whole(sympy.Add(*(one / residual for one in node.args)), program)
    return None if whole is None else residual * whole


def _rest_of_share(node: Any) -> Expression | None:
    """c − c·a/(a + b) as c·b/(a + b), whatever a and b are that are never negative."""
    if len(node.args) != 2:
        return None
    for whole, part in (node.args, node.args[::-1]):
        for total in sorted(found_in(part, sympy.Add), key=spelled):
            if not _has_one_sign(total.args):
                continue
            share = _by_powers(-part * total / whole)
            rest = [one for one in total.args if _by_powers(one) != share]
            if len(rest) < len(total.args):
                return sympy.Mul(whole, sympy.Add(*rest), 1 / total)
    return None


def _by_powers(product: Any) -> Expression:
    """A product with (a/b)ⁿ for every power of a quotient that is a factor of it."""
    powers = (one.as_base_exp() for one in sympy.Mul.make_args(product))
    return sympy.Mul(*(as_fraction(base) ** n for base, n in powers))


def _one_fraction(
    opened: Any, signs: frozenset[sympy.Dummy], squares: Mapping[Any, Any]
) -> Expression | None:
    if len(opened.free_symbols - signs) > _MOST_SYMBOLS or not is_short(opened):
        return None
    if _has_one_sign(sympy.Add.make_args(opened)):
        return None
    whole = sympy.cancel(sympy.together(opened))
    for s in sorted(signs, key=spelled):
        above, below = (sympy.rem(one, s**2 - 1, s) for one in sympy.fraction(whole))
        whole = sympy.cancel(above / below)
    above, below = (sympy.factor(one).xreplace(squares) for one in sympy.fraction(whole))
    inexact = [one for one in _signed(above) if not one.free_symbols <= signs]
    if len(inexact) > 1 or not all(
        _is_exact(one) or _has_little_left(one, opened) for one in inexact
    ):
        return None
    if any(len(one.args) > 2 for one in _signed(below)):
        return None
    return by_ratios(above, below, signs)


def _without_common_factor(node: Any, program: Program) -> Expression | None:
    """(x² − y²)/(x − y) as x + y: of what both sides have nothing is left where they are nearly zero."""
    powers = [one.as_base_exp() for one in node.args if not isinstance(one, quotient)]
    is_whole = len(powers) == len(node.args) and not any(n.is_negative for _, n in powers)
    if is_whole or size(node) > _MOST_NODES or len(node.free_symbols) > _MOST_SYMBOLS:
        return None
    node = as_fraction(node)
    roots = _roots(node)
    opened = _by_roots(written_out(node, program), roots)
    powers = [one.as_base_exp() for one in sympy.Mul.make_args(opened)]
    sums = [(base, n) for base, n in powers if isinstance(base, sympy.Add)]
    vanishing = any(n.is_negative and not _has_one_sign(base.args) for base, n in sums)
    if not vanishing or not any(n.is_positive for _, n in sums):
        return None
    if size(opened) > _MOST_NODES or not _is_fraction(opened) or not is_short(opened):
        return None
    if len(opened.free_symbols) > _MOST_SYMBOLS:
        return None
    above, below = map(sympy.factor, sympy.fraction(sympy.cancel(opened)))
    if _degree(below) >= _degree(sympy.fraction(opened)[1]) or not all(
        map(_is_exact, _signed(below))
    ):
        return None
    back = {u: sympy.sqrt(x) for x, u in roots.items()}
    return by_ratios(above, below).xreplace(back)


def _degree(product: Any) -> int:
    """How many sums are multiplied in a product, those with squares in them twice."""
    powers = (one.as_base_exp() for one in sympy.Mul.make_args(product))
    return sum(n * max(sympy.Poly(base).total_degree(), 1) for base, n in powers if base.is_Add)


def _signed(product: Any) -> list[Any]:
    """The factors of a product that are sums in which something is subtracted."""
    bases = [one.as_base_exp()[0] for one in sympy.Mul.make_args(product)]
    return [one for one in bases if isinstance(one, sympy.Add) and not _has_one_sign(one.args)]


def _by_direction(node: Any, program: Program) -> Expression | None:
    """A tangent as one fraction for each entry of the direction that it is taken along, and each sum of
    such entries."""
    directions = {
        one.name for one in program.inputs if one.role == "internal" and len(one.dimensions) > 0
    }
    directions |= {
        let.name
        for let in program.lets
        if let.reduction == "sum" and any(x.tensor in directions for x in found_in(let.body, Read))
    }
    groups: dict[Any, list[Any]] = {}
    for one in node.args:
        entries = [f for f in sympy.Mul.make_args(one) if getattr(f, "tensor", "") in directions]
        if len(entries) != 1:
            return None
        groups.setdefault(entries[0], []).append(one)
    found = {
        entry: _whole(sympy.Add(*(one / entry for one in members)), program)
        for entry, members in groups.items()
        if len(groups) > 1 and len(members) > 1
    }
    if not any(one is not None for one in found.values()):
        return None
    parts = []
    for entry, members in groups.items():
        whole = found.get(entry)
        parts += members if whole is None else [entry * whole]
    return sympy.Add(*parts)


def _where_taken(node: Any, program: Program) -> Expression | None:
    """A sum of branches as one fraction, where all of them take the arm that is no exception: of u = 0 the
    other, of u ≠ 0 and u > 0 the first."""
    usual: list[Any] = []
    arms = _usual_arm(node, usual)
    if not usual or arms is None:
        return None
    whole = _whole(arms, program)
    return None if whole is None else Branch(sympy.And(*usual), whole, node)


def _usual_arm(node: Any, usual: list[Any]) -> Expression | None:
    """An expression without its branches; what holds then is added to `usual`. None if one is of another
    kind."""
    if isinstance(node, Branch):
        condition, then, otherwise = node.args
        taken = _usual_side(condition)
        if taken is None:
            return None
        usual.append(condition if taken else sympy.Not(condition))
        return _usual_arm(then if taken else otherwise, usual)
    if not isinstance(node, (sympy.Add, sympy.Mul)) or not node.has(Branch):
        return node
    parts = [_usual_arm(one, usual) for one in node.args]
    return None if None in parts else node.func(*parts)


def _usual_side(condition: Any) -> bool | None:
    """Whether a condition holds but for exceptions, or only for them; None if neither is known."""
    kinds = condition.args if isinstance(condition, (sympy.And, sympy.Or)) else (condition,)
    if all(isinstance(one, sympy.Eq) and one.rhs == 0 for one in kinds):
        return False
    single = isinstance(condition, sympy.And) or len(kinds) == 1
    positive = (sympy.Ne, sympy.StrictGreaterThan)
    if single and all(isinstance(one, positive) and one.rhs == 0 for one in kinds):
        return True
    return None


def by_ratios(above: Any, below: Any, signs: frozenset[sympy.Dummy] = frozenset()) -> Expression:
    """aⁿ·b/cᵐ divided factor by factor: powers may leave the range of which the fraction does not. `signs`
    are left where they are."""
    whole = sympy.Integer(1)
    waiting = []
    for one in sympy.Mul.make_args(below):
        base, exponent = one.as_base_exp()
        if isinstance(base, sympy.Add) and base.as_coeff_Add()[0].is_negative:
            # 1 − p is 0 from above, p − 1 would be so too: their reciprocals have one sign in floats.
            base, whole = -base, whole * (-1) ** exponent
        waiting.append([base, exponent])
    for one in sympy.Mul.make_args(above):
        base, exponent = one.as_base_exp()
        sides = _sides(base, waiting)
        while sides is not None and exponent >= 1 and min(side[1] for side in sides) >= 1:
            greater, less = (
                extreme(*(side[0] for side in sides)) for extreme in (maximum, minimum)
            )
            whole *= quotient(quotient(base, greater), less)
            exponent -= 1
            for side in sides:
                side[1] -= 1
        for divisor in waiting:
            if base.free_symbols <= signs or divisor[0].is_number:
                continue
            times = min(exponent, divisor[1])
            whole *= quotient(base, divisor[0]) ** times
            exponent, divisor[1] = exponent - times, divisor[1] - times
        whole *= base**exponent
    return sympy.Mul(whole, *(base**-exponent for base, exponent in waiting))


def _sides(base: Any, waiting: list[list[Any]]) -> list[list[Any]] | None:
    """The two divisors that a difference is of, if both are positive: by the greater it is at most one, by
    the other it may leave the range."""
    if not isinstance(base, sympy.Add) or len(base.args) != 2:
        return None
    sides = [one for one in waiting if one[0] in base.args or -one[0] in base.args]
    return sides if len(sides) == 2 and all(one[0].is_positive for one in sides) else None


def _roots(node: Any) -> dict[Read, Expression]:
    """A symbol for the root of every entry of which the sum has one."""
    halves = [one for one in found_in(node, sympy.Pow) if one.exp.is_Rational and one.exp.q == 2]
    bases = [one.base for one in halves if isinstance(one.base, Read) and one.base.is_nonnegative]
    return {x: sympy.Dummy(str(x), **x._assumptions_orig) for x in sorted(bases, key=spelled)}


def _by_roots(node: Any, roots: dict[Read, Expression]) -> Any:
    powers = {x**n: u ** (2 * n) for x, u in roots.items() for n in _exponents(node, x)}
    return node.xreplace(powers).xreplace({x: u**2 for x, u in roots.items()})


def _by_sizes(node: Any, program: Program) -> Expression | None:
    """The same of |x| as s·x, with the sign s of x, where x itself is s·|x|."""
    # Of |x − y| beside |x| all is known that way.
    for opened in dict.fromkeys((written_out(node, program), node)):
        inside = sorted({one.args[0] for one in found_in(opened, sympy.Abs)}, key=spelled)
        sign = {x: sympy.Dummy(f"sign {x}", real=True) for x in inside}
        entry = {x: sympy.Dummy(str(x), nonnegative=True) for x in inside if isinstance(x, Read)}
        swaps: dict[Any, Any] = {}
        for x, u in entry.items():
            swaps |= {sympy.Abs(x): u, sympy.sign(x): sign[x], x: sign[x] * u}
            powers = {n: u**n if n % 2 == 0 else sign[x] * u**n for n in _exponents(opened, x)}
            swaps |= {x**n: power for n, power in powers.items()}
        for x in inside:
            if x not in entry:
                swaps |= {sympy.Abs(x): sign[x] * x.xreplace(swaps), sympy.sign(x): sign[x]}
        found = _whole(opened.xreplace(swaps), program, frozenset(sign.values()))
        if found is not None:
            back: dict[Any, Any] = {u: sympy.Abs(x) for x, u in entry.items()}
            return found.xreplace(back | {s: sympy.sign(x) for x, s in sign.items()})
    return None


def _by_squares(node: Any) -> Any:
    """A sum with even powers of lengths as what they are of; ratios are fractions there."""
    opened = sympy.Add(*(as_fraction(one) for one in node.args))
    squares = {
        one: (one.base.args[0] ** 2 + one.base.args[1] ** 2) ** (one.exp / 2)
        for one in found_in(opened, sympy.Pow)
        if isinstance(one.base, hypot) and one.exp.is_Integer and one.exp.is_even
    }
    return opened.xreplace(squares)


def _exponents(node: Any, x: Read) -> list[Any]:
    return [one.exp for one in found_in(node, sympy.Pow) if one.base == x]


def _is_fraction(term: Any) -> bool:
    """Whether a term is a product of entries, of their sums with numbers, and of whole powers of them."""
    return all(
        node.is_Rational
        or isinstance(node, (Read, sympy.Dummy, sympy.Mul, sympy.Add))
        or (isinstance(node, sympy.Pow) and node.exp.is_Integer and abs(node.exp) <= 4)
        for node in sympy.preorder_traversal(term)
        if not isinstance(node, sympy.Integer)
    )


def _is_exact(total: Any) -> bool:
    """Whether a sum is the difference of two entries, which is exact where it cancels, or of small multiples
    of them, which is rounded no more than they are; or of an entry and a small whole number."""
    number, entry = total.as_coeff_Add()
    if isinstance(entry, (Read, sympy.Dummy)) or isinstance(-entry, (Read, sympy.Dummy)):
        return bool(number.is_Integer and abs(number) <= _GREATEST_MULTIPLE)
    entries = [one.as_coeff_Mul() for one in total.args]
    return len(entries) == 2 and all(
        abs(c) <= _GREATEST_MULTIPLE and isinstance(x, (Read, sympy.Dummy)) for c, x in entries
    )


def _has_little_left(total: Any, opened: Any) -> bool:
    """Whether next to nothing is left of what the numerators of a sum of fractions were multiplied out, and
    that is of known signs: what cancels there cancels in the sum as well, to no more than one product."""
    if len(total.args) > _MOST_LEFT or not all(_has_one_sign((one,)) for one in total.args):
        return False
    addends = sympy.Add.make_args(opened)
    below = [one.as_numer_denom()[1] for one in addends]
    whole = sum(
        len(sympy.Add.make_args(sympy.expand(one * sympy.Mul(*dict.fromkeys(below)))))
        for one in addends
    )
    return whole >= _LEAST_GONE * len(total.args)


def _has_one_sign(addends: Any) -> bool:
    """Whether no two addends can cancel: all are positive, or all negative, where they aren't zero."""
    return all(one.is_nonnegative for one in addends) or all(one.is_nonpositive for one in addends)
