"""The same function in safe arithmetic.

Two rewrites act on lets: a sum of exponentials is read as the exponential of a logsumexp, and the
root of a sum of squares is a norm, which has a derivative at zero. The rest are rules on expressions
(`objc.passes.rewrites`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import sympy

from objc.atoms import Branch, expm1
from objc.ir.domain import REAL
from objc.ir.program import Let, Names, Program
from objc.ir.symbols import Expression, Extent, Read, conjuncts
from objc.passes.batch import dependent
from objc.passes.magnitudes import keep_in_range
from objc.passes.norms import name_norms
from objc.passes.rewrites import rewrite
from objc.passes.rewrites.products import has_infinite_logarithm
from objc.passes.untaken import guard_products, sink_conditions


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


def sink(program: Program) -> Program:
    """Put factors inside the branches that they multiply: what isn't taken isn't computed. What a
    guard says is not asked again."""
    lets = []
    for let in program.lets:
        known = dict.fromkeys(conjuncts(let.guard), sympy.true)
        lets.append(replace(let, body=sink_conditions(let.body.xreplace(known))))
    return program.with_lets(lets)


def guard(program: Program) -> Program:
    """Zero times infinity is zero where a factor is exactly zero, and ratios stand for squares that may
    overflow. The last step: what it makes has the right value and not the right derivative."""
    unbounded = dependent(program.lets, _infinite(program))
    normalisers = {
        let.name
        for let in program.lets
        if let.reduction in ("max", "logsumexp") and let.name not in unbounded
    }
    exploding: set[str] = set()
    named: dict[Read, Expression] = {}

    def explosive(factor: Expression) -> bool:
        if isinstance(factor, Read):
            return factor.tensor in exploding
        if isinstance(factor, (sympy.exp, expm1, sympy.sinh, sympy.cosh)):
            argument = factor.args[0]
            return not argument.is_nonpositive and not _is_normalised(argument, normalisers)
        if isinstance(factor, sympy.Pow):
            return (
                not factor.exp.is_number and not factor.exp.is_positive
            ) or has_infinite_logarithm(factor)
        return has_infinite_logarithm(factor)

    lets = []
    for let in program.lets:
        if let.reduction in (None, "sum") and _has_part(let.body, explosive):
            exploding.add(let.name)
        guarded = guard_products(let.body, lambda factor: _has_part(factor, explosive))
        body = keep_in_range(guarded, named)
        lets.append(replace(let, body=body))
        if let.reduction is None:
            named[let.read(*let.free)] = body
    return program.with_lets(lets)


def _has_part(body: Expression, explosive: Callable[[Expression], bool]) -> bool:
    """Whether an addend, a factor or an arm of a branch may overflow, and the body with it."""
    if explosive(body):
        return True
    if isinstance(body, Branch):
        return any(_has_part(arm, explosive) for arm in body.args[1:])
    inside = isinstance(body, (sympy.Add, sympy.Mul))
    return inside and any(_has_part(part, explosive) for part in body.args)


def _infinite(program: Program) -> set[str]:
    """The lets that an infinity is written in: the largest of several may be -inf then, and what is
    left of -inf when -inf is subtracted is no number."""
    return {let.name for let in program.lets if let.body.has(sympy.oo, -sympy.oo)}


def _is_normalised(exponent: Expression, normalisers: set[str]) -> bool:
    """Whether a maximum or logsumexp is subtracted: such an exponential is a probability."""
    for addend in sympy.Add.make_args(exponent):
        coefficient, rest = addend.as_coeff_Mul()
        if coefficient < 0 and isinstance(rest, Read) and rest.tensor in normalisers:
            return True
    return False


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
