"""A sum of squares beside a number of any size: `w·Σ x²` with a w like 1/s, or a hyperparameter, of which the
sum leaves the range and the product does not.

The product is then taken with one root of the sum after the other: |x|·w lies between w and w·x², and so in
the range where both are.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import sympy

from objc.atoms import Branch, quotient
from objc.ir.domain import Domain
from objc.ir.factors import is_setting
from objc.ir.program import Let, Names, Program
from objc.ir.recurrence import members
from objc.ir.spelling import spelled
from objc.ir.symbols import Expression, Read, indices_of
from objc.passes.rewrites.roots import root_of_square
from objc.passes.tidying.expand import GREATEST_SQUARE, LEAST_SQUARE


def weigh_by_roots(program: Program) -> Program:
    """The program with such products by the length, where the sum has left the range."""
    inside = members(program)
    squares = {let.name: let for let in program.lets if _is_sum_of_squares(let)}
    names, lets = Names.of(program), list[Let]()
    norms: dict[str, Let] = {}
    for let in program.lets:
        swaps = {}
        if let.reduction is None and let.name not in inside and squares:
            for node in sorted(let.body.atoms(sympy.Mul), key=spelled):
                read = _weighted(node, squares, program)
                if read is None:
                    continue
                if read.tensor not in norms:
                    norms[read.tensor] = _norm(squares[read.tensor], names)
                    lets.append(norms[read.tensor])
                swaps[node] = _by_length(node, read, norms[read.tensor], program)
        lets.append(replace(let, body=let.body.xreplace(swaps)) if swaps else let)
    return program.with_lets(lets)


def _is_sum_of_squares(let: Let) -> bool:
    return let.reduction == "sum" and root_of_square(let.body) is not None


def _norm(squares: Let, names: Names) -> Let:
    return replace(
        squares,
        name=names.fresh(f"length_{squares.name}"),
        reduction="norm",
        body=root_of_square(squares.body),
        domain=Domain("nonnegative"),
    )


def _weighted(node: Any, squares: dict[str, Let], program: Program) -> Read | None:
    """The sum of squares in a product that is divided by an input of the same axes, or multiplied with a
    hyperparameter of any size."""
    for read in node.args:
        if getattr(read, "tensor", "") not in squares:
            continue
        below = [
            one.base for one in node.args if isinstance(one, sympy.Pow) and one.exp.is_negative
        ]
        sizes = [one for one in below if getattr(one, "tensor", "") in program.input]
        has_setting = any(is_setting(one, program) for one in node.args)
        if has_setting or any(indices_of(one) == indices_of(read) for one in sizes):
            return read
    return None


def _by_length(node: Any, read: Read, norm: Let, program: Program) -> Expression:
    length = norm.read(*read.positions)
    if any(is_setting(one, program) for one in node.args):
        outside = sympy.Or(sympy.Lt(read, LEAST_SQUARE), sympy.Gt(read, GREATEST_SQUARE))
        return Branch(outside, node / read * length**2, node)
    far = length * quotient(length, read / node)
    return Branch(sympy.Gt(read, GREATEST_SQUARE), far, node)
