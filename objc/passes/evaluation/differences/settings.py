"""Hyperparameters over sums that they stand in: α·β/(α·a + β·b + c)³, of which numerator and denominator
leave the range long before the fraction does. Each is divided by the sum by itself, then the rest. And what
is made of hyperparameters before anything else, as 1/σ⁴, in two factors 1/σ² of what it is multiplied with:
of what has vanished it leaves nothing.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import sympy

from objc.atoms import quotient
from objc.ir.domain import domain_of
from objc.ir.factors import is_setting
from objc.ir.program import Let, Names, Program
from objc.ir.recurrence import members
from objc.ir.symbols import Expression, Read, indices_of
from objc.passes.evaluation.differences.monomials import as_fraction


def divide_settings(expression: Any, program: Program) -> Any:
    """The expression with such fractions divided in turn."""
    if not getattr(expression, "args", ()) or isinstance(expression, Read):
        return expression
    arguments = [divide_settings(one, program) for one in expression.args]
    if arguments != list(expression.args):
        expression = expression.func(*arguments)
    if not isinstance(expression, sympy.Mul):
        return expression
    below: list[Expression] = []
    above: list[Expression] = []
    others: list[Expression] = []
    for factor in expression.args:
        base, exponent = factor.as_base_exp()
        if exponent.is_Integer and exponent.is_negative and _has_weighted_part(base, program):
            below += [base] * -int(exponent)
        elif exponent.is_Integer and exponent.is_positive:
            above += [base] * int(exponent)
        else:
            others.append(factor)
    if not below or (len(below) < 2 and not any(is_setting(one, program) for one in above)):
        return expression
    above.sort(key=lambda one: (not _has_weighted_part(one, program), not is_setting(one, program)))
    return _in_turn(above, below, sympy.Mul(*others))


def cancel_settings(program: Program) -> Program:
    """The program with α·t² written out where it is divided by t: the square may leave the range."""
    kept = {*program.outputs.values(), *(term.let for term in program.terms)} | members(program)
    products = {
        let.name: let.body
        for let in program.lets
        if let.reduction is None and let.name not in kept and isinstance(let.body, sympy.Mul)
        if not indices_of(let.body) and _is_product_of_numbers(let.body)
    }
    lets = []
    for let in program.lets:
        swaps = {
            read: products[read.tensor]
            for read in let.body.atoms(Read)
            if read.tensor in products and _divides(let.body, products[read.tensor])
        }
        lets.append(replace(let, body=let.body.xreplace(swaps)) if swaps else let)
    return program.with_lets(lets)


def _is_product_of_numbers(product: Expression) -> bool:
    return all(isinstance(one, Read) or one.is_number for one in product.as_powers_dict())


def _divides(body: Expression, product: Expression) -> bool:
    """Whether something is divided by what a product is a higher power of."""
    powers = product.as_powers_dict()
    return any(
        one.exp.is_number and one.exp.is_negative and powers.get(one.base, 0) > 1
        for one in body.atoms(sympy.Pow)
    )


def split_settings(program: Program) -> Program:
    """The program with two lets for one number that is over a high power of a hyperparameter; and with what
    one number for several entries is over a square of, beside the entries, of which each has a part."""
    names = Names.of(program)
    kept = {*program.outputs.values(), *(term.let for term in program.terms)} | members(program)
    divisors: dict[str, Expression] = {}
    lets: list[Let] = []
    for let in program.lets:
        swaps = {
            read: read * divisors[read.tensor]
            for read in let.body.atoms(Read)
            if read.tensor in divisors
        }
        let = replace(let, body=let.body.xreplace(swaps)) if swaps else let
        product = as_fraction(let.body)
        power = None if let.name in kept or let.reduction else _power_below(product, program)
        if power is not None and not let.free:
            half = power.base ** (power.exp // 2)
            name = names.fresh(f"{let.name}_part")
            part = Let(name, (), half, domain=domain_of(half), span=let.span)
            lets.append(part)
            divisors[let.name] = part.read()
            let = replace(let, body=let.body / half)
        elif power is not None:
            divisors[let.name] = power
            let = replace(let, body=product / power)
        lets.append(let)
    return program.with_lets(lets)


def _power_below(product: Any, program: Program) -> Any:
    """What a product is over a high power of: of a hyperparameter, at least of a square where the product has
    indices, and of more where it is one number."""
    least = 2 if indices_of(product) else 3
    for factor in sympy.Mul.make_args(product):
        base, exponent = factor.as_base_exp()
        if is_setting(base, program) and exponent.is_Integer and exponent <= -least:
            return factor
    return None


def _in_turn(above: list[Expression], below: list[Expression], rest: Expression) -> Expression:
    """Every factor by one divisor, the first ones first, as far as there are divisors."""
    pairs = list(zip(above, below, strict=False))
    once = list(dict.fromkeys(pairs))
    whole = rest * sympy.Mul(*(quotient(a, b) for a, b in once), *above[len(pairs) :])
    for a, b in once:
        pairs.remove((a, b))
    for a, b in pairs:  # a square may leave the range
        whole = quotient(whole, quotient(b, a))
    for divisor in below[len(above) :]:
        whole = quotient(whole, divisor)
    return whole


def _has_weighted_part(base: Any, program: Program) -> bool:
    """Whether an addend of a sum is multiplied with a hyperparameter of any size."""
    return isinstance(base, sympy.Add) and any(
        is_setting(factor, program)
        for addend in base.args
        for factor in sympy.Mul.make_args(addend)
    )
