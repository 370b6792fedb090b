"""The same function in safe arithmetic.

Two rewrites act on lets: a sum of exponentials is read as the exponential of a logsumexp, and the
root of a sum of squares is a norm, which has a derivative at zero. The rest are rules on expressions
(`objc.passes.rewrites`).
"""

from __future__ import annotations

from dataclasses import replace

import sympy

from objc.ir.domain import REAL
from objc.ir.program import Let, Names, Program
from objc.ir.symbols import Expression, Extent, Read
from objc.passes.norms import name_norms
from objc.passes.rewrites import rewrite


def stabilise(program: Program, *, differentiated: bool = False) -> Program:
    """Bring every body to a stable form. After differentiation stop_gradient is dropped."""
    program = _exponential_sums(_logarithms_of_products(program))
    program = name_norms(program)
    lets = []
    for let in program.lets:
        body = rewrite(let.body, keep_stop=not differentiated)
        guard = rewrite(let.guard, keep_stop=not differentiated)
        lets.append(replace(let, body=body, guard=guard))
    return program.with_lets(lets)


def _logarithms_of_products(program: Program) -> Program:
    """`p := prod b` of positive entries, where its logarithm is read, becomes `l := sum log b` there: the
    product may be out of range where its logarithm is not."""
    products = {
        let.name: let for let in program.lets if let.reduction == "prod" and let.body.is_positive
    }
    if not products:
        return program
    names = Names.of(program)
    sums: dict[str, Let] = {}
    lets: list[Let] = []
    for let in program.lets:
        replacements = {}
        for logarithm in let.body.atoms(sympy.log):
            read = logarithm.args[0]
            if not isinstance(read, Read) or read.tensor not in products:
                continue
            product = products[read.tensor]
            if product.name not in sums:
                name = names.fresh(f"log_{product.name}")
                body = sympy.log(product.body)
                sums[product.name] = replace(
                    product, name=name, reduction="sum", body=body, domain=REAL
                )
                lets.append(sums[product.name])
            replacements[logarithm] = sums[product.name].read(*read.positions)
        lets.append(replace(let, body=let.body.xreplace(replacements)) if replacements else let)
    return program.with_lets(lets)


def _exponential_sums(program: Program) -> Program:
    """`s := sum exp(b)` becomes `l := logsumexp b` and every read of s becomes exp(l)."""
    names = Names.of(program)
    mapping: dict[str, tuple[Let, Expression]] = {}
    lets = []
    for let in program.lets:
        let = _substitute(let, mapping)
        exponent = _common_exponent(rewrite(let.body)) if _is_plain_sum(let) else None
        if exponent is None or let.name in program.outputs.values():
            lets.append(let)
            continue
        name = names.fresh(f"log_{let.name}")
        logarithm = replace(let, name=name, body=exponent, reduction="logsumexp", domain=REAL)
        lets.append(logarithm)
        shift: Expression = sympy.Integer(0)
        if let.reduction == "mean":
            shift = sympy.log(sympy.Mul(*(Extent(index.dimension) for index in let.over)))
        mapping[let.name] = (logarithm, shift)
    # In a recurrence a let may be read before it is defined.
    return program.with_lets(_substitute(let, mapping) for let in lets)


def _is_plain_sum(let: Let) -> bool:
    if let.reduction == "mean":
        return bool(let.guard == sympy.true)
    return let.reduction == "sum"


def _common_exponent(body: Expression) -> Expression | None:
    """u where the body is c·exp(u) with a number c > 0."""
    coefficient, rest = body.as_coeff_Mul()
    if not isinstance(rest, sympy.exp) or not coefficient.is_positive:
        return None
    exponent = rest.args[0]
    return exponent if coefficient == 1 else exponent + sympy.log(coefficient)


def _substitute(let: Let, mapping: dict[str, tuple[Let, Expression]]) -> Let:
    if not mapping:
        return let
    replacements = {}
    for read in let.body.atoms(Read) | let.guard.atoms(Read):
        if read.tensor in mapping:
            logarithm, shift = mapping[read.tensor]
            replacements[read] = sympy.exp(logarithm.read(*read.positions) - shift)
    if not replacements:
        return let
    return replace(
        let, body=let.body.xreplace(replacements), guard=let.guard.xreplace(replacements)
    )
