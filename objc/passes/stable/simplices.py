"""What adds up to one, and what is the greatest of it: forms of whole softmaxes that keep their digits.

`1 − Σ p²` is `Σ p·(1 − p)`, in which nothing cancels when one p is nearly one; the greatest of several
exponentials is the exponential of the greatest exponent, of which the complement is exact; and a sum over one
of exponentials, `Σ f·exp(b) / Σ exp(b)`, is the mean of f under the softmax.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import sympy

from objc.atoms import Branch, expm1, log1mexp, softplus
from objc.ir.domain import REAL, domain_of
from objc.ir.index import Index, Position, at
from objc.ir.program import Let, Names, Program
from objc.ir.recurrence import members
from objc.ir.spelling import spelled
from objc.ir.symbols import (
    Condition,
    Expression,
    IndexValue,
    Read,
    indices_of,
    position_value,
    substitute_positions,
)
from objc.passes.delta import split_guard
from objc.passes.stable.differences import is_weighted_exponent
from objc.passes.stable.entries import entries_of_softmaxes, normalizers_of, totals_over
from objc.passes.stable.probabilities import exponent_of


def greatest_exponents(program: Program) -> Program:
    """`m := max c·exp(u)` as exp of `max u` where it is read; also of all but one, `k != y`."""
    names = Names.of(program)
    kept = {*program.outputs.values(), *members(program), *(term.let for term in program.terms)}
    mapping: dict[str, tuple[Let, Expression]] = {}
    lets: list[Let] = []
    for let in program.lets:
        let = _with_exponentials(let, mapping)
        number, power = let.body.as_coeff_Mul()
        whole = let.guard == sympy.true or isinstance(let.guard, sympy.Ne)
        plain = let.reduction in ("max", "min") and whole
        if plain and isinstance(power, sympy.exp) and number.is_positive and let.name not in kept:
            name = names.fresh(f"log_{let.name}")
            exponent = replace(let, name=name, body=power.args[0], domain=REAL)
            mapping[let.name] = exponent, number
            let = exponent
        lets.append(let)
    return program.with_lets(lets)


def _with_exponentials(let: Let, mapping: Mapping[str, tuple[Let, Expression]]) -> Let:
    replacements = {}
    for read in let.body.atoms(Read) | let.guard.atoms(Read):
        if read.tensor in mapping:
            exponent, number = mapping[read.tensor]
            replacements[read] = number * sympy.exp(exponent.read(*read.positions))
    if not replacements:
        return let
    body, guard = let.body.xreplace(replacements), let.guard.xreplace(replacements)
    return replace(let, body=body, guard=guard)


def complements_of_squares(program: Program) -> Program:
    """`c − c·Σ p²` as `c·Σ p·(1 − p)` over a whole softmax, and `c − 2c·p[y] + c·Σ p²` as the squared
    distance from the choice of y (Brier 1950)."""
    normalizers = normalizers_of(program)
    squares = {
        let.name: found
        for let in program.lets
        if normalizers and (found := square_of_softmax(let, normalizers)) is not None
    }
    if not squares:
        return program
    names = Names.of(program)
    lets: list[Let] = []
    for let in program.lets:
        body = let.body
        for node in sorted(body.atoms(sympy.Add), key=spelled):
            for term in node.args:
                factor, read = _factor_and_read(term, squares)
                if read is None:
                    continue
                number, u = squares[read.tensor]
                constant = -factor * number
                square = program.let[read.tensor]
                if constant in node.args:
                    gone = [term, constant]
                    name = names.fresh(f"{square.name}_complement")
                    rest = replace(square, name=name, body=-sympy.exp(u) * expm1(u))
                    positions = read.positions
                elif -constant in node.args and (chosen := _chosen(node, constant, normalizers)):
                    constant = -constant
                    addend, place = chosen
                    gone = [term, constant, addend]
                    rest = distance_from_choice(square, u, place, read, names)
                    positions = tuple(map(at, rest.free))
                else:
                    continue
                lets.append(replace(rest, domain=domain_of(rest.body)))
                others = [one for one in node.args if one not in gone]
                changed = sympy.Add(*others, constant * lets[-1].read(*positions))
                body = body.xreplace({node: changed})
                break
        lets.append(let if body == let.body else replace(let, body=body))
    return program.with_lets(lets)


def _chosen(
    node: Any, constant: Expression, normalizers: Mapping[str, Let]
) -> tuple[Expression, Position] | None:
    """The addend 2c·p[y] of a sum, and y."""
    for addend in node.args:
        power = addend / (2 * constant)
        if isinstance(power, sympy.exp):
            for _, place in entries_of_softmaxes(power.args[0], normalizers):
                return addend, place
    return None


def distance_from_choice(
    square: Let, u: Expression, place: Position, read: Read, names: Names
) -> Let:
    """Σ (p − [k = y])², of the sum of squares that is read"""
    moves: dict[Index, Position] = dict(zip(square.free, read.positions, strict=True))
    chosen = sympy.Eq(IndexValue(square.over[0]), position_value(place))
    less = sympy.exp(substitute_positions(u, moves)) - Branch(chosen, 1, 0)
    free = tuple(sorted(indices_of(less) - set(square.over), key=lambda one: one.name))
    return replace(square, name=names.fresh(f"{square.name}_distance"), free=free, body=less**2)


def square_of_softmax(
    let: Let, normalizers: dict[str, Let]
) -> tuple[Expression, Expression] | None:
    """(d, u) of a sum of d·exp(2u), with the log-probabilities u of a whole softmax."""
    if let.reduction != "sum" or let.guard != sympy.true or not let.body.has(sympy.exp):
        return None
    number, power = let.body.as_coeff_Mul()
    exponent = exponent_of(sympy.Mul.make_args(power), let)
    if exponent is None:
        return None
    u = sympy.expand(exponent / 2)
    return (number, u) if any(totals_over(u, let, normalizers)) else None


def _factor_and_read(term: Any, known: Mapping[str, Any]) -> tuple[Expression, Read | None]:
    for one in sympy.Mul.make_args(term):
        if isinstance(one, Read) and one.tensor in known:
            return term / one, one
    return term, None


CONFIDENT = sympy.Rational(-7, 10)
"""A log-probability beyond which the rest is summed: its complement is a rounded 1 − p."""
MOST = sympy.Rational(-69, 100)
"""A log-probability, a little less than of one half, that one entry alone can have gone beyond."""
MORE = sympy.Rational(-2, 3)
"""One that is beyond it however either is rounded."""


def logs_of_the_rest(program: Program) -> Program:
    """`log(1 − p[y])` of a whole softmax, where p[y] is large, by the exponentials of all others; in the odds
    `log p[y] − log(1 − p[y])`, which are the logit less theirs, at all p."""
    normalizers = normalizers_of(program)
    inside, names = members(program), Names.of(program)
    rests: dict[tuple[str, tuple[Position, ...], Position | None], Let] = {}
    lets: list[Let] = []
    for let in program.lets:
        swaps = {}
        for node in sorted(let.body.atoms(log1mexp), key=spelled) if let.name not in inside else ():
            (u,) = node.args
            for total, place in entries_of_softmaxes(u, normalizers):
                normalizer = normalizers[total.tensor]
                if isinstance(place.base, Index):
                    few = total.tensor, (), None
                    if few not in rests:
                        largest, rests[few] = few_beside_the_largest(normalizer, names)
                        lets += [largest, rests[few]]
                    log_rest = rests[few].read(*total.positions) - total
                    swaps[node] = Branch(sympy.Gt(u, MORE), log_rest, node)
                    break
                key = total.tensor, total.positions, place
                if key not in rests:
                    rests[key] = log_of_the_rest(normalizer, total, place, let.indices, names)
                    lets.append(rests[key])
                log_rest = rests[key].read(*rests[key].free) - total
                gone = total not in let.body.xreplace({node: log_rest}).atoms(Read)
                swaps[node] = log_rest if gone else Branch(sympy.Gt(u, CONFIDENT), log_rest, node)
                break
        lets.append(replace(let, body=let.body.xreplace(swaps)) if swaps else let)
    return program.with_lets(lets)


def few_beside_the_largest(normalizer: Let, names: Names) -> tuple[Let, Let]:
    """The largest exponent, and the logarithm of the sum of all exponentials but that one, where it is most
    of the sum: one logarithm for all places, since one less a probability elsewhere is as right."""
    largest = replace(normalizer, name=names.fresh(f"top_{normalizer.name}"), reduction="max")
    total = normalizer.read(*normalizer.free)
    most = sympy.Gt(largest.read(*normalizer.free) - total, MOST)
    guard = sympy.And(normalizer.guard, most, sympy.Le(normalizer.body - total, MOST))
    few = replace(normalizer, name=names.fresh(f"few_{normalizer.name}"), guard=guard)
    return largest, few


def log_of_the_rest(
    normalizer: Let, total: Read, place: Position, indices: tuple[Index, ...], names: Names
) -> Let:
    """The logarithm of the sum of all exponentials but that of one place."""
    moves: dict[Index, Position] = dict(zip(normalizer.free, total.positions, strict=True))
    (index,) = normalizer.over
    body = substitute_positions(normalizer.body, moves)
    others = sympy.Ne(IndexValue(index), position_value(place))
    guard = sympy.And(substitute_positions(normalizer.guard, moves), others)
    needed = indices_of(body) | indices_of(guard)
    free = tuple(one for one in indices if one in needed and one != index)
    name = names.fresh(f"rest_{normalizer.name}")
    return replace(normalizer, name=name, free=free, body=body, guard=guard, domain=REAL)


def means_under_softmaxes(program: Program) -> Program:
    """`s·exp(−l)` with `s := Σ f·exp(b)` and `l := logsumexp b` as `Σ f·exp(b − l)`, and powers of it."""
    inside = members(program)
    sums = {
        let.name: let
        for let in program.lets
        if let.reduction == "sum" and let.name not in inside and _has_exponentials(let.body)
    }
    normalizers = {
        let.name: replace(let, body=_with_weights(let.body, program))
        for let in program.lets
        if let.reduction == "logsumexp"
    }
    if not sums or not normalizers:
        return program
    names = Names.of(program)
    lets: list[Let] = []
    made: dict[Any, Let] = {}
    for let in program.lets:
        body = let.body
        for product in sorted(body.atoms(sympy.Mul), key=spelled):
            changed = product
            while (found := _quotient(changed, sums, normalizers)) is not None:
                total = sums[found.read.tensor]
                mean = _mean(total, found, names, let.indices)
                if mean is None:
                    break
                key = mean.indices, mean.body, mean.guard
                if key not in made:
                    made[key] = mean
                    lets.append(mean)
                mean = made[key]
                changed = found.rest * mean.read(*mean.free) ** found.times
            body = body.xreplace({product: changed})
        lets.append(let if body == let.body else replace(let, body=body))
    return program.with_lets(lets)


@dataclass(frozen=True)
class _Quotient:
    """A product as rest·(s·exp(−l))ⁿ, of what is counted under a guard."""

    read: Read
    normalizer: Read
    times: int
    rest: Expression
    guard: Condition


def _with_weights(exponent: Expression, program: Program) -> Expression:
    """An exponent that has a name, of a score and the logarithm of a weight, by what it is."""
    let = program.let.get(exponent.tensor) if isinstance(exponent, Read) else None
    if let is None or let.reduction is not None:
        return exponent
    body, _ = split_guard(let.body)
    if not is_weighted_exponent(body):
        return exponent
    return substitute_positions(body, dict(zip(let.free, exponent.positions, strict=True)))


def _has_exponentials(body: Any) -> bool:
    return all(
        any(isinstance(factor, sympy.exp) for factor in sympy.Mul.make_args(addend))
        for addend in sympy.Add.make_args(body)
    )


def _quotient(
    product: Any, sums: Mapping[str, Let], normalizers: Mapping[str, Let]
) -> _Quotient | None:
    """A product with a sum and an exponential of −n·l, each exponent of the sum being l but for a constant.
    Where the exponential is of something else besides, a part of it is left that keeps that in range."""
    factors = sympy.Mul.make_args(product)
    for factor in factors:
        read, times = factor.as_base_exp()
        if getattr(read, "tensor", None) not in sums or not (times.is_Integer and times > 0):
            continue
        for power in factors:
            if not isinstance(power, sympy.exp):
                continue
            addends = sympy.Add.make_args(power.args[0])
            for addend in addends:
                count, other = addend.as_coeff_Mul()
                normalizer = normalizers.get(getattr(other, "tensor", ""))
                enough = -count >= times + (len(addends) > 1)
                guard = None
                if normalizer and enough:
                    guard = _guard(sums[read.tensor], read, normalizer, other, normalizers)
                if guard is not None:
                    left = sympy.exp(power.args[0] + times * other)
                    rest = sympy.Mul(*(one for one in factors if one not in (factor, power)))
                    return _Quotient(read, other, int(times), rest * left, guard)
    return None


def _guard(
    total: Let, read: Read, normalizer: Let, other: Read, normalizers: Mapping[str, Let]
) -> Condition | None:
    """Where a sum is to be taken if its exponents are those of a logsumexp, but for constants, for weights
    that are factors of the sum and for the entry of another softmax; None if they are not."""
    dimensions = [[index.dimension for index in one.over] for one in (total, normalizer)]
    if dimensions[0] != dimensions[1] or len(total.over) != 1:
        return None
    places: dict[Index, Position] = dict(zip(normalizer.free, other.positions, strict=True))
    places[normalizer.over[0]] = at(total.over[0])
    own = dict(zip(total.free, read.positions, strict=True))
    exponent = substitute_positions(normalizer.body, places)
    guard = substitute_positions(normalizer.guard, places)
    weights = [one.args[0] for one in sympy.Add.make_args(exponent) if isinstance(one, sympy.log)]
    counted = [sympy.Gt(one, 0) for one in weights]
    given = substitute_positions(total.guard, own)
    if sympy.And(guard, *counted) != sympy.And(given, *counted):
        return None
    for addend in sympy.Add.make_args(substitute_positions(total.body, own)):
        factors = sympy.Mul.make_args(addend)
        powers = [one.args[0] for one in factors if isinstance(one, sympy.exp)]
        shared = [one for one in sympy.Add.make_args(exponent) if _weight_of(one) in factors]
        if guard != given and len(shared) < len(weights):
            return None
        apart = sympy.expand(sympy.Add(*powers, *shared) - exponent)
        moves = indices_of(apart) & set(total.over) and not _is_log_share(apart, normalizers)
        if moves or other in apart.atoms(Read):
            return None  # the latter has been normalized before
    return guard


def _is_log_share(exponent: Expression, normalizers: Mapping[str, Let]) -> bool:
    """Whether an exponent is that of one entry of a softmax, at any index."""
    entries = entries_of_softmaxes(exponent, normalizers)
    return any(isinstance(place.base, Index) for _, place in entries)


def _weight_of(logarithm: Any) -> Expression | None:
    """The weight, or its power, that an addend of an exponent is the logarithm of."""
    number, function = logarithm.as_coeff_Mul()
    if isinstance(function, sympy.log):
        return function.args[0] ** number
    if isinstance(function, softplus):
        return (1 + sympy.exp(function.args[0])) ** number
    return None


def _mean(total: Let, found: _Quotient, names: Names, indices: tuple[Index, ...]) -> Let | None:
    own = dict(zip(total.free, found.read.positions, strict=True))
    body = sympy.Add(
        *(
            one * sympy.exp(-found.normalizer)
            for one in sympy.Add.make_args(substitute_positions(total.body, own))
        )
    )
    axes = tuple(index for index in indices if index in indices_of(body))
    if indices_of(body) - set(axes) - set(total.over) or set(axes) & set(total.over):
        return None
    name = names.fresh(f"mean_{total.name}")
    return replace(total, name=name, free=axes, body=body, guard=found.guard, domain=REAL)
