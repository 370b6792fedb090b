"""A sum of sums in which the inner ones are of whole softmaxes: `Σₗ Σᵢ w[i]·p[i, l]` is `Σᵢ w[i]`.

So the rows of a class correlation matrix add up, `Σₗ Σᵢ p[i, j]·p[i, l]`, by which they are divided (Jin et
al. 2020, minimum class confusion): what is divided has the exponentials of what divides then, and the
quotient is a number where no example is of the class. And `Σₖ (1 − p[k])` is K − 1 (Ma et al. 2020, the
normalized mean absolute error), of which no slope is what rounding leaves.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import sympy

from objc.ir.index import Index, Position, at
from objc.ir.program import Let, Program
from objc.ir.spelling import spelled
from objc.ir.symbols import Expression, Extent, Read, indices_of, substitute_positions
from objc.passes.rewrites.forms import without_factor
from objc.passes.stable.entries import log_entry, normalizers_of
from objc.passes.stable.probabilities import constants_of_softmaxes


def sums_without_softmaxes(program: Program) -> Program:
    """The program with such sums of sums as one sum each, and what adds up to a number as that."""
    normalizers = normalizers_of(program)
    if not normalizers:
        return program
    lets: list[Let] = []
    numbers: dict[str, Expression] = {}
    for let in program.lets:
        known = {
            read: numbers[read.tensor] for read in let.body.atoms(Read) if read.tensor in numbers
        }
        let = replace(let, body=let.body.xreplace(known)) if known else let
        changed = _counted(let, program) or _exchanged(let, program, normalizers)
        if changed is not None and changed.body.is_number:
            numbers[let.name] = changed.body
        lets.append(let if changed is None else changed)
    return program.with_lets(lets)


def _counted(let: Let, program: Program) -> Let | None:
    """Σₖ (c + a·p[k]) of a whole softmax as K·c + a."""
    if let.reduction != "sum" or let.guard != sympy.true or len(let.over) != 1:
        return None
    addends = sympy.Add.make_args(let.body)
    varying = [one for one in addends if let.over[0] in indices_of(one)]
    if not varying:
        return None
    shares = constants_of_softmaxes(replace(let, body=sympy.Add(*varying)), program)
    if shares is None:
        return None
    whole = Extent(let.over[0].dimension) * (let.body - sympy.Add(*varying)) + shares
    return Let(let.name, let.free, whole, domain=let.domain, span=let.span)


def _exchanged(let: Let, program: Program, normalizers: Mapping[str, Let]) -> Let | None:
    """Σₗ f·s[…, l] of a sum s of products with softmaxes along l, as f times the sum without these."""
    if let.reduction != "sum" or let.guard != sympy.true or len(let.over) != 1:
        return None
    (along,) = let.over
    for read in sympy.Mul.make_args(let.body):
        inner = program.let.get(getattr(read, "tensor", ""))
        if inner is None or inner.reduction != "sum" or inner.guard != sympy.true:
            continue
        factor = let.body / read
        if along in indices_of(factor) or set(inner.over) & set(let.indices):
            continue
        places: dict[Index, Position] = dict(zip(inner.free, read.positions, strict=True))
        body = _without_softmax(substitute_positions(inner.body, places), along, normalizers)
        if body is not None:
            return replace(let, body=factor * body, over=inner.over)
    return None


def _without_softmax(
    body: Expression, along: Index, normalizers: Mapping[str, Let]
) -> Expression | None:
    """What a product adds up to along an index of which it has the entry of a softmax, and nothing else."""
    factors = sympy.Mul.make_args(body)
    powers = [one for one in factors if along in indices_of(one)]
    if len(powers) != 1 or not isinstance(powers[0], sympy.exp):
        return None
    exponent = sympy.expand(powers[0].args[0])
    for read in sorted(exponent.atoms(Read), key=spelled):
        normalizer = normalizers.get(read.tensor)
        if normalizer is None or normalizer.guard != sympy.true:
            continue
        if [one.dimension for one in normalizer.over] != [along.dimension]:
            continue
        rest = sympy.expand(exponent - log_entry(normalizer, read, at(along)))
        if along not in indices_of(rest) and along not in indices_of(read):
            return without_factor(body, powers[0]) * sympy.exp(rest)
    return None
