"""Probabilities add up to one: `Σ c·exp(b[k] − l)` with `l = logsumexp[k] b[k]` is c, and `Σ c·q[k]` for a
q that is declared to lie in the simplex.

So it is in the adjoint of every normalizer; computed, the sum would be rounded, and what it cancels
with would be lost.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import sympy

from objc.ir.index import Index, Position, at
from objc.ir.program import Let, Names, Program
from objc.ir.recurrence import members
from objc.ir.symbols import Expression, Read, indices_of, substitute_positions

ZERO = sympy.Integer(0)


def without_probabilities(let: Let, program: Program) -> tuple[Let, Expression]:
    """A sum without the addends that are a constant times a whole softmax, and those constants."""
    normalizers = {one.name: one for one in program.lets if one.reduction == "logsumexp"}
    kept: list[Expression] = []
    whole: Expression = ZERO
    for addend in sympy.Add.make_args(sympy.expand_mul(let.body, deep=False)):
        constant = _weight_of_simplex(addend, let, program)
        if constant is None and normalizers:
            constant = _constant(addend, let, program, normalizers)
        if constant is None:
            kept.append(addend)
        else:
            whole += constant
    if whole == 0:
        return let, ZERO
    return replace(let, body=sympy.Add(*kept)), whole


def _weight_of_simplex(addend: Expression, let: Let, program: Program) -> Expression | None:
    """c of c·q[k], a distribution over all that the sum runs over, or over where it is positive."""
    for factor in sympy.Mul.make_args(addend):
        if not isinstance(factor, Read) or factor.tensor not in program.input:
            continue
        simplex = program.input[factor.tensor].domain.kind == "simplex"
        last = factor.positions[-1].index if factor.positions else None
        constant = addend / factor
        whole = (last,) == let.over and let.guard in (sympy.true, sympy.Gt(factor, 0))
        if simplex and whole and not indices_of(constant) & set(let.over):
            return constant
    return None


def _constant(
    addend: Expression, let: Let, program: Program, normalizers: dict[str, Let]
) -> Expression | None:
    """c of c·exp(b − l), where c doesn't vary over the loop and the exponentials are all there are."""
    for factor in sympy.Mul.make_args(addend):
        if not isinstance(factor, sympy.exp):
            continue
        constant = addend / factor
        if indices_of(constant) & set(let.over) or constant.has(sympy.exp):
            continue
        exponent = _written_out(factor.args[0], program)
        if any(_is_whole(exponent, read, let, normalizers) for read in exponent.atoms(Read)):
            return constant
    return None


def _written_out(exponent: Any, program: Program) -> Any:
    """A log-probability that has a name, by its addends."""
    if not isinstance(exponent, Read) or exponent.tensor not in program.let:
        return exponent
    named = program.let[exponent.tensor]
    if named.reduction is not None:
        return exponent
    return substitute_positions(named.body, dict(zip(named.free, exponent.positions, strict=True)))


def _is_whole(exponent: Any, read: Read, let: Let, normalizers: dict[str, Let]) -> bool:
    """Whether the exponent is b − l for the logsumexp that is read, over the indices of the sum."""
    normalizer = normalizers.get(read.tensor)
    if normalizer is None or len(normalizer.over) != len(let.over):
        return False
    for mapping in _renamings(normalizer, read, let):
        body = substitute_positions(normalizer.body, mapping)
        guard = substitute_positions(normalizer.guard, mapping)
        if guard == let.guard and body - read == exponent:
            return True
    return False


def _renamings(normalizer: Let, read: Read, let: Let) -> Iterator[dict[Index, Position]]:
    pairs = list(zip(normalizer.over, let.over, strict=True))
    if all(old.dimension == new.dimension for old, new in pairs):
        outer = dict(zip(normalizer.free, read.positions, strict=True))
        yield {**outer, **{old: at(new) for old, new in pairs}}


def center_means(program: Program) -> Program:
    """`Σ p[k]·u[k] − u[j]` with u = b − l a log-probability, counted from the largest b instead of
    from l: the mean of the same under a softmax doesn't change, and where all b are nearly equal, or
    one is much the largest, nothing cancels."""
    normalizers = {one.name: one for one in program.lets if one.reduction == "logsumexp"}
    inside = members(program)
    if not normalizers:
        return program
    centering = _Centering(program, normalizers)
    for let in program.lets:
        body = let.body
        if let.reduction is None and let.name not in inside:
            for node in sorted(body.atoms(sympy.Add), key=str):
                changed = centering.of(node, let)
                if changed is not None:
                    body = body.xreplace({node: changed})
        centering.lets.append(let if body == let.body else replace(let, body=body))
    return program.with_lets(centering.lets)


class _Centering:
    def __init__(self, program: Program, normalizers: dict[str, Let]) -> None:
        self.program = program
        self.normalizers = normalizers
        self.names = Names.of(program)
        self.lets: list[Let] = []

    def of(self, node: Any, reader: Let) -> Expression | None:
        """A sum with a mean and what it is the mean of, both counted from the largest."""
        for mean in node.args:
            total = self.program.let.get(mean.tensor) if isinstance(mean, Read) else None
            if total is None or total.reduction != "sum" or len(total.over) != 1:
                continue
            for addend in node.args:
                found = self._entry(total, mean, addend, reader)
                if found is not None:
                    u, place = found
                    rest = [one for one in node.args if one is not mean and one is not addend]
                    other, v = self._from_largest(total, u)
                    here = substitute_positions(v, {total.over[0]: place})
                    factor = addend / substitute_positions(u, {total.over[0]: place})
                    return sympy.Add(*rest, other.read(*mean.positions), factor * here)
        return None

    def _entry(
        self, total: Let, mean: Read, addend: Expression, reader: Let
    ) -> tuple[Read, Position] | None:
        """u and where it is read, if the sum is of −addend·exp(u) over a whole softmax."""
        for index in reader.indices:
            if index.dimension != total.over[0].dimension:
                continue
            mapping = dict(zip(total.free, mean.positions, strict=True))
            moved = substitute_positions(total.body, {**mapping, total.over[0]: at(index)})
            for one in total.body.atoms(sympy.exp):
                u = one.args[0]
                there = substitute_positions(one, {**mapping, total.over[0]: at(index)})
                whole = isinstance(u, Read) and self._is_log_probability(u, total)
                if whole and moved == -addend * there and (total.body / (u * one)).is_finite:
                    constant = total.body / (u * one)
                    if not indices_of(constant) & set(total.over):
                        return u, at(index)
        return None

    def _is_log_probability(self, u: Read, total: Let) -> bool:
        exponent = _written_out(u, self.program)
        return exponent is not u and any(
            _is_whole(exponent, read, total, self.normalizers) for read in exponent.atoms(Read)
        )

    def _from_largest(self, total: Let, u: Read) -> tuple[Let, Expression]:
        """The mean of b less its largest, and b less its largest at the indices of the sum."""
        exponent = _written_out(u, self.program)
        read = next(
            one for one in exponent.atoms(Read) if _is_whole(exponent, one, total, self.normalizers)
        )
        normalizer = self.normalizers[read.tensor]
        top = replace(normalizer, name=self.names.fresh(f"max_{normalizer.name}"), reduction="max")
        v = exponent + read - top.read(*read.positions)
        other = replace(
            total, name=self.names.fresh(f"{total.name}_centered"), body=total.body / u * v
        )
        self.lets += [top, other]
        return other, v
