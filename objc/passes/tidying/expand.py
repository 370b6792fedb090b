"""Reductions in terms of the primitive ones: sum, prod, max, min, argmax, argmin, argsort.

logsumexp becomes its maximum m and the rest r = log1p((c − 1) + s), with c the number of points at
the maximum and s the sum of exp(b − m) over the others. Its readers see the two addends m + r: a
small r isn't rounded away against a large m, so that log p near 0 keeps all its digits.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import sympy

from objc.atoms import Branch, iverson, log1p, quotient
from objc.ir.domain import REAL, Domain
from objc.ir.parts import inner_first
from objc.ir.program import Let, Names, Program
from objc.ir.recurrence import members
from objc.ir.symbols import Condition, Expression, Extent, Read, indices_of, substitute_positions
from objc.passes.counts import number_of_points
from objc.passes.empty_means import count_of
from objc.passes.rewrites import rewrite
from objc.passes.tidying.share import is_costly

ZERO, ONE = sympy.Integer(0), sympy.Integer(1)


def expand(program: Program) -> Program:
    """The program with primitive reductions only."""
    names = Names.of(program)
    parts: dict[str, Callable[[Read], Expression]] = {}
    lets: list[Let] = []
    inside = members(program)
    for let in program.lets:
        let = _with_parts(let, parts)
        match let.reduction:
            case "logsumexp":
                if let.name not in inside and _is_costly(let):
                    # Computed once: where the same is summed in another order it is not the same number,
                    # and what is largest in the one loop is not in the other.
                    name = names.fresh(f"exponent_{let.name}")
                    exponent = Let(name, let.indices, let.body, domain=REAL, span=let.span)
                    lets.append(exponent)
                    let = replace(let, body=exponent.read(*let.indices))
                lets += _logsumexp(let, names, parts, let.name in program.outputs.values())
            case "mean":
                lets += _mean(let, names)
            case "norm":
                lets += _norm(let, names)
            case "prod" if let.name not in inside and _may_leave_range(let):
                lets += _product(let, names)
            case "count":
                lets += _count(let, program, parts)
            case "any" | "all":
                lets += _truth(let, names)
            case _:
                lets.append(let)
    # In a recurrence a let may be read before it is defined.
    return program.with_lets(_with_parts(let, parts) for let in lets)


def _is_costly(let: Let) -> bool:
    """Whether elementary functions are made for every point of a reduction."""
    over = set(let.over)
    return any(is_costly(one) and indices_of(one) & over for one in inner_first(let.body))


def _with_parts(let: Let, parts: dict[str, Callable[[Read], Expression]]) -> Let:
    replacements = {
        read: parts[read.tensor](read)
        for read in let.body.atoms(Read) | let.guard.atoms(Read)
        if read.tensor in parts
    }
    if not replacements:
        return let
    return replace(
        let, body=let.body.xreplace(replacements), guard=let.guard.xreplace(replacements)
    )


def _logsumexp(
    let: Let, names: Names, parts: dict[str, Callable[[Read], Expression]], is_output: bool
) -> list[Let]:
    top = replace(let, name=names.fresh(f"max_{let.name}"), reduction="max")
    maximum = top.read(*let.free)
    here = sympy.Eq(let.body, maximum)
    others = replace(
        let,
        name=names.fresh(f"sum_{let.name}"),
        reduction="sum",
        body=Branch(here, ZERO, sympy.exp(let.body - maximum)),
        domain=Domain("nonnegative"),
    )
    ties = replace(
        let,
        name=names.fresh(f"ties_{let.name}"),
        reduction="sum",
        body=iverson(here),
        domain=Domain("nonnegative"),
    )
    rest = Let(
        names.fresh(f"rest_{let.name}"),
        let.free,
        log1p(others.read(*let.free) + (ties.read(*let.free) - 1)),
        # where nothing is left out some point is at the maximum
        domain=Domain("nonnegative") if let.guard == sympy.true else REAL,
        span=let.span,
    )
    lets = [top, ties, others, rest]
    if is_output:
        whole = maximum + rest.read(*let.free)
        lets.append(replace(let, reduction=None, over=(), guard=sympy.true, body=whole))

    def read_parts(read: Read) -> Expression:
        return top.read(*read.positions) + rest.read(*read.positions)

    parts[let.name] = read_parts
    return lets


def _mean(let: Let, names: Names) -> list[Let]:
    total = replace(let, name=names.fresh(f"sum_{let.name}"), reduction="sum")
    number = number_of_points(let)
    if number is not None:
        return [total, _finish(let, total.read(*let.free) / number)]
    count = count_of(let, names)
    return [total, count, _finish(let, total.read(*let.free) / count.read(*let.free))]


def _count(let: Let, program: Program, parts: dict[str, Callable[[Read], Expression]]) -> list[Let]:
    number = number_of_points(let) if let.body == 1 else None
    if number is None or let.name in {*program.gathered, *program.outputs.values()}:
        return [replace(let, reduction="sum")]

    def at(read: Read) -> Expression:
        return substitute_positions(number, dict(zip(let.free, read.positions, strict=True)))

    parts[let.name] = at
    return []


LEAST_SQUARE, GREATEST_SQUARE = sympy.Integer(2) ** -80, sympy.Integer(2) ** 120
"""Between these a sum of squares has neither overflowed nor lost addends, in float32 either."""


def _norm(let: Let, names: Names) -> list[Let]:
    """The root of the sum of squares; where that has left the range, the entries are divided by the
    largest first. Those loops are guarded: an ordinary row does not run them."""

    def part(word: str, reduction: str, body: Expression, guard: Condition) -> Let:
        return replace(
            let,
            name=names.fresh(f"{word}_{let.name}"),
            reduction=reduction,
            body=body,
            guard=guard,
            domain=Domain("nonnegative"),
        )

    squares = part("squares", "sum", let.body**2, let.guard)
    total = squares.read(*let.free)
    beyond = sympy.Or(sympy.Lt(total, LEAST_SQUARE), sympy.Gt(total, GREATEST_SQUARE))
    guard = sympy.And(let.guard, beyond)
    top = part("largest", "max", sympy.Abs(let.body), guard)
    largest = top.read(*let.free)
    at_largest = sympy.Eq(sympy.Abs(let.body), largest)
    scaled = part("scaled", "sum", Branch(at_largest, ONE, quotient(let.body, largest) ** 2), guard)
    number = scaled.read(*let.free)
    by_largest = Branch(sympy.Eq(number, 0), ZERO, largest * sympy.sqrt(number))
    return [squares, top, scaled, _finish(let, Branch(beyond, by_largest, sympy.sqrt(total)))]


_LEAST_PRODUCT = sympy.Integer(2) ** -120
"""Above it a number is a normal one in float32 too."""
_DEPTH = 690
"""exp(-690) is well above the smallest normal number of float64, in which products are taken."""


def is_ordinary(product: Expression) -> Condition:
    """Whether a product has not left the range, nor is near its ends. What is no number isn't between them
    either: zero times an infinity on the way."""
    size = sympy.Abs(product)
    return sympy.And(sympy.Gt(size, _LEAST_PRODUCT), sympy.Lt(size, GREATEST_SQUARE))


def _may_leave_range(product: Let) -> bool:
    """Whether a product is of anything but whole numbers or signs."""
    return not product.domain.is_integer and not isinstance(product.body, sympy.sign)


def _product(let: Let, names: Names) -> list[Let]:
    """The product; where it has left the range, or a part of it has, by the logarithms of the factors, in
    loops that an ordinary row does not run.

    A part that has overflowed, or is zero, shows in the result. One below the normal numbers does not:
    that none is follows from the smallest factor and their number, or else from all that are below 1.
    """

    def part(word: str, reduction: str, body: Expression, guard: Condition) -> Let:
        name = names.fresh(f"{word}_{let.name}")
        return replace(let, name=name, reduction=reduction, body=body, guard=guard, domain=REAL)

    logarithm = sympy.log(sympy.Abs(let.body))
    plain = replace(let, name=names.fresh(f"plain_{let.name}"))
    lowest = part("lowest", "min", sympy.Abs(let.body), let.guard)
    count: Expression = sympy.Mul(*(Extent(index.dimension) for index in let.over))
    shallow = sympy.Gt(count * sympy.log(lowest.read(*let.free)), -_DEPTH)
    below = Branch(sympy.Lt(logarithm, 0), logarithm, ZERO)
    depth = part("depth", "sum", below, sympy.And(let.guard, sympy.Not(shallow)))
    safe = sympy.Or(shallow, sympy.Gt(depth.read(*let.free), -_DEPTH))
    whole = plain.read(*let.free)
    inside = sympy.And(is_ordinary(whole), safe)
    guard = sympy.And(let.guard, sympy.Not(inside))
    logarithms = part("log", "sum", logarithm, guard)
    signs = replace(
        let, name=names.fresh(f"sign_{let.name}"), body=sympy.sign(let.body), guard=guard
    )
    sign = signs.read(*let.free)
    by_logarithms = sign * sympy.exp(logarithms.read(*let.free))
    value = Branch(inside, whole, Branch(sympy.Eq(sign, 0), ZERO, by_logarithms))
    return [plain, lowest, depth, logarithms, signs, _finish(let, value)]


def _truth(let: Let, names: Names) -> list[Let]:
    """any: some point is true; all: no point is false."""
    body = let.body if let.reduction == "any" else rewrite(1 - let.body)
    number = replace(
        let,
        name=names.fresh(f"count_{let.name}"),
        reduction="sum",
        body=body,
        domain=Domain("count"),
    )
    read = number.read(*let.free)
    holds = sympy.Gt(read, 0) if let.reduction == "any" else sympy.Eq(read, 0)
    return [number, _finish(let, iverson(holds))]


def _finish(let: Let, body: Expression) -> Let:
    return replace(let, reduction=None, over=(), guard=sympy.true, body=body)
