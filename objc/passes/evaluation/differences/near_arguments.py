"""Differences of one function at two places: σ(a) − σ(b) is σ(a)·σ(−b)·(1 − exp(b − a)).

Where both places are near each other, or the function has come near its limit at both, the values agree in
what is subtracted. The functions with an addition theorem have a form of which no part cancels, as long as
a − b itself is exact: a difference of two entries, or a single term.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import sympy

from objc.atoms import Branch, expm1, log1p, maximum, minimum, quotient, sigmoid, softplus
from objc.ir.program import Program
from objc.ir.symbols import Expression, Read, substitute_positions
from objc.passes.evaluation.nodes import change_nodes
from objc.passes.rewrites import rewrite
from objc.passes.rewrites.forms import ONE, ZERO, is_short, parts_with
from objc.passes.stable.differences import written_out


def differences_at_near_arguments(program: Program) -> Program:
    """The program with such differences of the functions of the table below."""
    kinds = tuple(DIFFERENCES)
    return change_nodes(program, lambda node: _changed(node, program), beside=kinds)


def differences_of_powers(program: Program) -> Program:
    """The program with such differences of powers of one exponent. (Of squares and of roots there are forms
    without a subtraction.)"""
    return change_nodes(program, lambda node: _of_powers(node, program), beside=(sympy.Pow,))


def _of_powers(node: Any, program: Program) -> Expression | None:
    """c·aⁿ − c·bⁿ by bⁿ·((1 + (a − b)/b)ⁿ − 1), where a is near b, which is above zero then."""
    terms = [
        (one, weight, power)
        for one, weight, factor in parts_with(node, sympy.Pow, Branch)
        if isinstance(power := _beside_its_kink(factor), sympy.Pow)
        and power.base.is_real
        and power.exp.is_real
        and not (2 * power.exp).is_integer
    ]
    for first, coefficient, one in terms:
        for second, other, two in terms:
            a, b = one.base, two.base
            if one.exp != two.exp or coefficient + other != 0 or len(b.args) > len(a.args):
                continue
            apart = written_out(_opened(a, program) - _opened(b, program), program)
            apart = rewrite(sympy.expand(apart)) if is_short(apart) else ZERO
            if apart == 0 or not _is_exact(apart):
                continue
            near = two * expm1(one.exp * log1p(quotient(apart, b)))
            is_near = sympy.Lt(2 * sympy.Abs(apart), b)
            rest = [part for part in node.args if part is not first and part is not second]
            return sympy.Add(*rest, Branch(is_near, coefficient * near, first + second))
    return None


def _opened(base: Any, program: Program) -> Any:
    """What a base that is a sum with a name stands for."""
    let = program.let.get(getattr(base, "tensor", ""))
    if let is None or let.reduction is not None or not isinstance(let.body, sympy.Add):
        return base
    return substitute_positions(let.body, dict(zip(let.free, base.positions, strict=True)))


def _beside_its_kink(factor: Any) -> Any:
    """A power that is written by cases where its base is zero."""
    is_kink = isinstance(factor, Branch) and factor.args[1] == 0
    return factor.args[2] if is_kink else factor


def _changed(node: Any, program: Program) -> Expression | None:
    parts = list(parts_with(node, *DIFFERENCES))
    for first, coefficient, f in parts:
        for second, other, g in parts:
            if f.func != g.func or coefficient + other != 0 or first is second:
                continue
            if coefficient.could_extract_minus_sign():
                continue
            found = difference(f, g, program)
            if found is not None:
                rest = [one for one in node.args if one is not first and one is not second]
                return sympy.Add(*rest, coefficient * found)
    return None


def difference(f: Any, g: Any, program: Program) -> Expression | None:
    """f − g for two values of one function, if what their arguments differ by is exact."""
    (a,), (b,) = f.args, g.args
    apart = written_out(a - b, program)
    apart = sympy.expand(apart) if is_short(apart) else ZERO
    if apart.is_number or not _is_exact(apart):
        return None
    return DIFFERENCES[f.func](a, b, apart)


def _is_exact(apart: Any) -> bool:
    """Whether a difference is a product, or that of two entries, times a number."""
    if not isinstance(apart, sympy.Add):
        return True
    terms = [one.as_coeff_Mul() for one in apart.args]
    reads = all(isinstance(one, Read) for _, one in terms)
    return reads and len(terms) == 2 and terms[0][0] + terms[1][0] == 0


def _signed(apart: Any, size: Any) -> Expression:
    return Branch(sympy.Gt(apart, 0), size, -size)


def _of_sigmoids(a: Any, b: Any, apart: Any) -> Expression:
    product = sigmoid(maximum(a, b)) * sigmoid(-minimum(a, b))
    return _signed(apart, product * -expm1(-sympy.Abs(apart)))


def _of_exponentials(a: Any, b: Any, apart: Any) -> Expression:
    return _signed(apart, sympy.exp(maximum(a, b)) * -expm1(-sympy.Abs(apart)))


def _of_softplus(a: Any, b: Any, apart: Any) -> Expression:
    """(1 + exp a)/(1 + exp b) = 1 + σ(b)·(exp(a − b) − 1)."""
    near = log1p(sigmoid(b) * expm1(apart))
    return Branch(sympy.Lt(sympy.Abs(apart), ONE), near, softplus(a) - softplus(b))


def _of_sines(a: Any, b: Any, apart: Any) -> Expression:
    near = 2 * sympy.cos(b + apart / 2) * sympy.sin(apart / 2)
    return Branch(sympy.Lt(sympy.Abs(apart), ONE), near, sympy.sin(a) - sympy.sin(b))


def _of_cosines(a: Any, b: Any, apart: Any) -> Expression:
    near = -2 * sympy.sin(b + apart / 2) * sympy.sin(apart / 2)
    return Branch(sympy.Lt(sympy.Abs(apart), ONE), near, sympy.cos(a) - sympy.cos(b))


DIFFERENCES: Mapping[Any, Callable[[Any, Any, Any], Expression]] = {
    sigmoid: _of_sigmoids,
    sympy.tanh: lambda a, b, apart: 2 * _of_sigmoids(2 * a, 2 * b, 2 * apart),
    sympy.exp: _of_exponentials,
    softplus: _of_softplus,
    sympy.sin: _of_sines,
    sympy.cos: _of_cosines,
}
"""By function, f(a) − f(b) from a, b and a − b."""
