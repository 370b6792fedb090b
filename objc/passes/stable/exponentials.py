"""A sum of exponentials is read as the exponential of a logsumexp, where something is made of it that
overflows later than it does, or is lost with it: its logarithm, a quotient by it.

Where only sums and multiples are made of it, it stays as it is: nothing is gained, and a sum of which all
terms vanish has no finite logarithm. A maximum that is taken out by hand is put back: a logsumexp takes out
its own.
"""

from __future__ import annotations

from collections.abc import Container, Iterator
from dataclasses import replace
from typing import Any

import sympy

from objc.atoms import Branch, expm1, sigmoid, softplus, stop_gradient
from objc.ir.domain import REAL
from objc.ir.index import Index, Position, at
from objc.ir.program import Let, Names, Program
from objc.ir.recurrence import members
from objc.ir.symbols import Expression, Extent, Read, indices_of, substitute_positions
from objc.passes.batch import dependent
from objc.passes.empty_means import count_of
from objc.passes.rewrites import rewrite
from objc.passes.rewrites.forms import is_short, without_factor
from objc.passes.stable.differences import is_weighted_exponent
from objc.passes.stable.probabilities import parts_of_affinity

ZERO = sympy.Integer(0)


def exponential_sums(program: Program, among: Container[str] | None = None) -> Program:
    """`s := sum exp(b)` becomes `l := logsumexp b` and every read of s becomes exp(l); those `among` some
    names alone, where such are given."""
    names = Names.of(program)
    mapping: dict[str, tuple[Let, Expression]] = {}
    plain, leaving = _only_added(program), _logarithms_and_quotients(program)
    weights = Weights(program)
    stepping = set(members(program))
    lets = []
    for let in program.lets:
        let = _substitute(let, mapping)
        wanted = _is_sum(let, stepping) and (let.name not in plain or _is_affinity(let, program))
        wanted = wanted and (among is None or let.name in among)
        body = rewrite(let.body) if wanted else ZERO
        exponent = _common_exponent(body)
        counted = sympy.true
        if exponent is None and let.name in leaving:
            exponent, counted = weighted_exponent(body, weights)
        if exponent is None or let.name in program.outputs.values():
            lets.append(let)
            continue
        name = names.fresh(f"log_{let.name}")
        shift = _largest_by_hand(exponent, let, program)
        if is_weighted_exponent(exponent) and not shift:
            free = tuple(one for one in let.indices if one in indices_of(exponent))
            lets.append(Let(names.fresh(f"exponent_{let.name}"), free, exponent, span=let.span))
            exponent = lets[-1].read(*free)
        logarithm = replace(
            let,
            name=name,
            body=exponent + shift,
            guard=sympy.And(let.guard, counted),
            reduction="logsumexp",
            domain=REAL,
        )
        lets.append(logarithm)
        if let.reduction == "mean":
            number: Expression = sympy.Mul(*(Extent(index.dimension) for index in let.over))
            if let.guard != sympy.true:
                lets.append(count_of(let, names))
                number = lets[-1].read(*let.free)
            shift += sympy.log(number)
        mapping[let.name] = (logarithm, shift)
    # In a recurrence a let may be read before it is defined.
    return program.with_lets(_substitute(let, mapping) for let in lets)


class Weights:
    """What a program knows of the weights of exponentials: the tensors that do not depend on what is
    differentiated, and the inputs that are between zero and one."""

    def __init__(self, program: Program) -> None:
        moving = dependent(program.lets, (one.name for one in program.differentiable))
        self.fixed = {*program.input, *program.let} - moving
        self.shares = {
            one.name
            for one in program.inputs
            if one.domain.kind in ("probability", "binary", "simplex")
        }

    def may_vanish(self, base: Any) -> bool:
        """Whether a weight is not negative, and is not moved."""
        is_held = all(read.tensor in self.fixed for read in base.atoms(Read))
        return is_held and (
            self._is_not_negative(base)
            or all(map(self._is_not_negative, sympy.Add.make_args(base)))  # a smoothed label, say
        )

    def _is_not_negative(self, node: Any) -> bool:
        return bool(node.is_nonnegative or self._is_share(node))

    def _is_share(self, node: Any) -> bool:
        if isinstance(node, Read):
            return node.tensor in self.shares
        if isinstance(node, sympy.Mul):
            return all(map(self._is_share, node.args))
        if isinstance(node, sympy.Pow):
            return bool(node.exp.is_positive) and self._is_share(node.base)
        if isinstance(node, Branch):
            return all(map(self._is_share, node.args[1:]))
        if node.is_Number:
            return bool(0 <= node <= 1)
        if not isinstance(node, sympy.Add):
            return False
        rest = sympy.expand(1 - node)  # of which the rest is the node again
        return not isinstance(rest, sympy.Add) and self._is_share(rest)


def _is_affinity(let: Let, program: Program) -> bool:
    """Whether a sum is the affinity of two softmaxes: one less it is by its logarithm."""
    if let.reduction != "sum" or not let.body.has(sympy.exp):
        return False
    body = rewrite(let.body)
    exponent = sympy.expand(body.args[0]) if isinstance(body, sympy.exp) else ZERO
    return parts_of_affinity(exponent, let, program) is not None


def _only_added(program: Program) -> set[str]:
    """The lets of which every reader, and every reader of those, is a sum of multiples of them by what
    has no exponential in it."""
    plain = {let.name for let in program.lets} - set(members(program))
    exponential: set[str] = set()
    for let in program.lets:
        if let.body.has(sympy.exp) or any(read.tensor in exponential for read in let.reads):
            exponential.add(let.name)
    for let in reversed(program.lets):
        linear = let.reduction in (None, "sum", "mean") and let.name in plain
        if linear:
            plain -= {read.tensor for read in let.guard.atoms(Read)}
            plain -= set(_otherwise(let.body, exponential))
        else:
            plain -= {read.tensor for read in let.reads}
    return plain


def _otherwise(node: Any, exponential: set[str]) -> Iterator[str]:
    """The tensors that are read in an expression in another place than an addend or a factor beside others
    that have no exponential in them, and do not divide by any."""
    if isinstance(node, Read):
        return
    if isinstance(node, sympy.Add):
        for one in node.args:
            yield from _otherwise(one, exponential)
    elif isinstance(node, sympy.Mul):
        reads = [one for one in node.args if isinstance(one, Read) and one.tensor in exponential]
        divided = any(
            isinstance(one, sympy.Pow) and any(r.tensor in exponential for r in one.atoms(Read))
            for one in node.args
        )
        if len(reads) > 1 or divided or node.has(sympy.exp):
            yield from (read.tensor for read in reads)
        for one in node.args:
            yield from _otherwise(one, exponential)
    elif isinstance(node, Branch):
        yield from (read.tensor for read in node.args[0].atoms(Read))
        for one in node.args[1:]:
            yield from _otherwise(one, exponential)
    else:
        yield from (read.tensor for read in node.atoms(Read))


def _is_sum(let: Let, stepping: set[str]) -> bool:
    """Whether a let is a sum, or a mean whose entries can be counted beside it."""
    counts = let.guard == sympy.true or let.name not in stepping
    return let.reduction == "sum" or (let.reduction == "mean" and counts)


def _common_exponent(body: Expression) -> Expression | None:
    """u where the body is c·exp(u) with a number c > 0."""
    coefficient, rest = body.as_coeff_Mul()
    if not isinstance(rest, sympy.exp) or not coefficient.is_positive:
        return None
    exponent = rest.args[0]
    return exponent if coefficient == 1 else exponent + sympy.log(coefficient)


def weighted_exponent(body: Expression, known: Weights) -> tuple[Expression | None, Any]:
    """u + log g where the body is g·exp(u) with g > 0, such as a density over its width, and where that is to
    be counted: of a weight that may be zero and is not moved, only what it is not zero of. (Of one that is
    moved, the exponential beside it may be infinite.) A sigmoid vanishes as an exponential does, and so do a
    softplus and what lies between two places of a normal distribution."""
    factors = _with_complement(body)
    exponents = [one.args[0] for one in factors if isinstance(one, sympy.exp)]
    weights = [one.as_base_exp() for one in factors if not isinstance(one, sympy.exp)]
    vanishing = exponents or any(
        isinstance(base, sigmoid | softplus) or _is_interval(base) for base, _ in weights
    )
    counted = [
        sympy.Gt(base, 0)
        for base, power in weights
        if exponents and not base.is_positive and power.is_positive and known.may_vanish(base)
    ]
    positive = [
        (base, power)
        for base, power in weights
        if (base.is_positive or _is_interval(base)) and power.is_real
    ]
    if not vanishing or len(positive) + len(counted) < len(weights):
        return None, sympy.true
    logarithms = (power * sympy.log(base) for base, power in weights)
    return sympy.Add(*exponents, *logarithms), sympy.And(*counted)


def _is_interval(base: Any) -> bool:
    """Whether a sum is c·erf(a) − c·erf(b) > 0, with a number c."""
    if not isinstance(base, sympy.Add) or len(base.args) != 2:
        return False
    terms = [one.as_coeff_Mul() for one in base.args]
    if terms[0][0] + terms[1][0] != 0 or not all(isinstance(one, sympy.erf) for _, one in terms):
        return False
    apart = sympy.Add(*(sympy.sign(number) * one.args[0] for number, one in terms))
    return is_short(apart) and bool(sympy.expand(apart).is_positive)


def _with_complement(body: Expression) -> tuple[Any, ...]:
    """The factors of a product, of which one may be −expm1(v) > 0, for v < 0."""
    for one in sympy.Mul.make_args(body):
        if isinstance(one, expm1) and one.args[0].is_negative:
            others = sympy.Mul.make_args(-without_factor(body, one))
            return (-one, *(other for other in others if other != 1))
    return sympy.Mul.make_args(body)


def _logarithms_and_quotients(program: Program) -> set[str]:
    """The lets of which a logarithm is taken, but for factors; of exponentials also those that stand beside
    addends there, or divide what has exponentials."""
    found: set[str] = set()
    others: set[str] = set()
    exponential = {let.name for let in program.lets if let.body.has(sympy.exp)}
    for let in program.lets:
        for node in let.body.atoms(sympy.log):
            factors = sympy.Mul.make_args(node.args[0])
            found |= {one.tensor for one in factors if isinstance(one, Read)}
            others |= set(_parts(node.args[0]))
        for node in let.body.atoms(sympy.Mul):
            if node.has(sympy.exp) or any(one.tensor in exponential for one in node.atoms(Read)):
                divisors = [one.base for one in node.args if one.is_Pow and one.exp.is_negative]
                others |= set(_parts(sympy.Mul(*divisors)))
    return found | (others & exponential)


def _parts(node: Any) -> Iterator[str]:
    """The tensors that are factors of the addends of an expression, or of those of its factors."""
    for addend in sympy.Add.make_args(node):
        for factor in sympy.Mul.make_args(addend):
            base, _ = factor.as_base_exp()
            if isinstance(base, Read):
                yield base.tensor
            elif isinstance(base, sympy.Add):
                yield from _parts(base)


def _largest_by_hand(exponent: Any, let: Let, program: Program) -> Expression:
    """m of exponents b − m with m = max b, which a logsumexp of b takes out itself; else 0."""
    for one in exponent.args if isinstance(exponent, sympy.Add) else ():
        read = (-one).args[0] if isinstance(-one, stop_gradient) else -one
        largest = program.let.get(getattr(read, "tensor", ""))
        if largest is None or largest.reduction != "max":
            continue
        dimensions = [[index.dimension for index in each.over] for each in (largest, let)]
        if dimensions[0] != dimensions[1] or largest.guard != let.guard:
            continue
        places: dict[Index, Position] = dict(zip(largest.free, read.positions, strict=True))
        places |= {old: at(new) for old, new in zip(largest.over, let.over, strict=True)}
        if substitute_positions(largest.body, places) == exponent - one:
            return -one
    return ZERO


def _substitute(let: Let, mapping: dict[str, tuple[Let, Expression]]) -> Let:
    if not mapping:
        return let
    replacements = {}
    for read in let.body.atoms(Read) | let.guard.atoms(Read):
        if read.tensor in mapping:
            logarithm, shift = mapping[read.tensor]
            places = dict(zip(logarithm.free, read.positions, strict=True))
            moved = substitute_positions(shift, places)
            replacements[read] = sympy.exp(logarithm.read(*read.positions) - moved)
    if not replacements:
        return let
    return replace(
        let, body=let.body.xreplace(replacements), guard=let.guard.xreplace(replacements)
    )
