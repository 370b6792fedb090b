"""Sums of contributions to one derivative tensor.

A contribution to `d_x[f]` is `sum[over | guard] body`. Those that need no loop are added up in one
elementwise let; their coefficients that do not vary over all of f become lets of their own, shared
and with a fixed sign, so that `c·p − c·[k = y]` is seen as `c·(p − [k = y])`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

import sympy

from objc.atoms import quotient
from objc.ir.domain import Domain, domain_of, domain_of_let
from objc.ir.index import Index
from objc.ir.parts import found_in
from objc.ir.program import Let, Names, Program
from objc.ir.symbols import Branch, Condition, Expression, Read, indices_of, reads
from objc.passes.delta import Domains, resolve, split_guard, under, without_idle
from objc.passes.derivatives.gathers import at_own_place
from objc.passes.rewrites import rewrite
from objc.passes.rewrites.forms import factored
from objc.passes.tidying.inline import size

_MOST_NODES = 150
"""Nodes beyond which a sum is not looked through for common factors or a sign."""


@dataclass(frozen=True)
class Contribution:
    """`sum[over | guard] body`; with no `over`, `body` where the guard holds and 0 elsewhere."""

    body: Expression
    over: tuple[Index, ...]
    guard: Condition


class Sums:
    """Builds derivative lets. New lets go to `lets` in order of definition."""

    def __init__(self, names: Names, lets: list[Let], program: Program) -> None:
        self._names = names
        self._lets = lets
        self.domains: Domains = _Growing(program, lets)
        self._coefficients: dict[Expression, tuple[int, Let]] = {}

    def build(
        self,
        name: str,
        free: tuple[Index, ...],
        parts: list[Contribution],
        promised: Let | None = None,
    ) -> Let | None:
        """The let `name[free]` that adds the contributions up, or None if there are none left.

        A let that others read already is `promised`: the result has its name and domain, and is
        there in any case.
        """
        plain: list[tuple[Expression, Condition]] = []
        loops: list[Contribution] = []
        for part in parts:
            for addend in sympy.Add.make_args(part.body):
                body, over, guard = resolve(addend, part.over, part.guard, self.domains)
                body, over = without_idle(body, over, guard)
                if body == 0 or guard == sympy.false:
                    continue
                if over:
                    loops.append(Contribution(body, over, guard))
                else:
                    plain.append((body, guard))
        loops = _merged(loops)
        elementwise = [
            self._with_coefficient(body, guard, free)
            for body, guard in _joined(at_own_place(plain), set(free))
        ]
        if not elementwise and not loops and promised is None:
            return None
        if not elementwise and len(loops) == 1 and promised is None:
            return self._sum(self._names.fresh(name), free, loops[0])
        for loop in loops:
            part_let = self._sum(self._names.fresh(f"{name}_sum"), free, loop)
            elementwise.append(part_let.read(*free))
        body = rewrite(_factored(sympy.Add(*elementwise)))
        if promised is not None:
            self._lets.append(replace(promised, body=body))
            return self._lets[-1]
        if body == 0:
            return None
        let = Let(self._names.fresh(name), free, body, domain=domain_of(body))
        self._lets.append(let)
        if not is_trivial(body):
            sign, positive = with_sign(body)
            self._coefficients.setdefault(positive, (sign, let))
        return let

    def _sum(self, name: str, free: tuple[Index, ...], part: Contribution) -> Let:
        domain = domain_of_let(part.body, "sum", True)
        let = Let(name, free, part.body, "sum", part.over, part.guard, domain)
        self._lets.append(let)
        return let

    def _with_coefficient(
        self, body: Expression, guard: Condition, free: tuple[Index, ...]
    ) -> Expression:
        body, inner = split_guard(body)
        guard = sympy.And(guard, inner)
        if len(free) < 2 and guard == sympy.true:
            return body
        whole = set(free)
        inner_factors: list[Expression] = []
        outer_factors: list[Expression] = []
        for factor in sympy.Mul.make_args(body):
            varies = indices_of(factor) >= whole and bool(whole)
            waits = guard != sympy.true and _is_of_a_neighbour(factor)  # which there may not be
            (inner_factors if varies or waits else outer_factors).append(factor)
        if any(map(_may_leave_its_axes, inner_factors)):
            # What is zero where a read isn't possible must stay beside the read.
            inner_factors += [one for one in outer_factors if one.has(Branch)]
            outer_factors = [one for one in outer_factors if not one.has(Branch)]
        coefficient = self._shared(sympy.Mul(*outer_factors), free)
        # Iverson's bracket stays a factor until the end, so that common factors can be seen.
        return coefficient * under(guard, sympy.Mul(*inner_factors))

    def _shared(self, coefficient: Expression, free: tuple[Index, ...]) -> Expression:
        if is_trivial(coefficient) or indices_of(coefficient) >= set(free):
            return coefficient
        if is_trivial(1 / coefficient) and not indices_of(coefficient):
            return coefficient  # one over a temperature, which other addends have without a name
        sign, positive = with_sign(_factored(rewrite(coefficient)))
        if positive not in self._coefficients:
            used = indices_of(positive)
            if used - set(free):
                return coefficient
            indices = tuple(index for index in free if index in used)
            name = self._names.fresh("coefficient")
            let = Let(name, indices, positive, domain=domain_of(positive))
            self._coefficients[positive] = (1, let)
            self._lets.append(let)
        own_sign, let = self._coefficients[positive]
        return sign * own_sign * let.read(*let.free)


def _may_leave_its_axes(expression: Expression) -> bool:
    return any(one.index is None for read in reads(expression) for one in read.positions)


def _is_of_a_neighbour(expression: Expression) -> bool:
    return any(
        isinstance(one.base, Index) and one.offset != 0
        for read in reads(expression)
        for one in read.positions
    )


def _factored(expression: Expression) -> Expression:
    """Common factors taken out; not of what is so long that this would take its time."""
    return expression if size(expression) > _MOST_NODES else factored(expression)


def is_trivial(body: Expression) -> bool:
    """A number, or a read with a number before it: another name for it would hide that two adjoints
    are the same up to their sign."""
    rest = body.as_coeff_Mul()[1]
    return bool(rest == 1 or isinstance(rest, Read))


def with_sign(expression: Expression) -> tuple[int, Expression]:
    """(s, e) with `expression` = s·e, where e is the same for an expression and its negative."""
    sign = 1
    factors = []
    for factor in sympy.Mul.make_args(expression):
        if isinstance(factor, sympy.Add) and size(factor) <= _MOST_NODES:
            negative = sympy.Add(*(-one for one in factor.args))
            # SymPy's could_extract_minus_sign may say no to a sum and to its negative.
            if str(negative) < str(factor):
                sign, factor = -sign, negative
        elif factor.is_number and factor.is_negative:
            sign, factor = -sign, -factor
        factors.append(factor)
    return sign, sympy.Mul(*factors)


def _joined(
    plain: Iterable[tuple[Expression, Condition]], free: set[Index]
) -> list[tuple[Expression, Condition]]:
    """Those that don't vary over all of f become coefficients one by one, unless under one guard they
    have a form together, as c·exp(u) − c has: as names they would not be seen to cancel."""
    parts: list[tuple[Expression, Condition]] = []
    for whole, around in plain:
        body, inner = split_guard(whole)
        parts.append((body, sympy.And(around, inner)))
    parts = _one_coefficient(parts, free)
    groups: dict[Condition, list[Expression]] = {}
    for body, guard in parts:
        if guard != sympy.true and not indices_of(body) >= free and size(body) <= _MOST_NODES:
            groups.setdefault(guard, []).append(body)
    result = list(parts)
    for guard, bodies in groups.items():
        together = rewrite(sympy.Add(*bodies)) if len(bodies) > 1 else None
        if together is not None and len(sympy.Add.make_args(together)) < len(bodies):
            result = [one for one in result if one[1] != guard or one[0] not in bodies]
            result.append((together, guard))
    return result


def _one_coefficient(
    parts: list[tuple[Expression, Condition]], free: set[Index]
) -> list[tuple[Expression, Condition]]:
    """Those that have the same factors that vary over all of f, have one coefficient where their sum is a
    product: as names of their own they would not be seen to cancel. (Exponentials stay apart: what they have
    in common may leave the range where none of them does.)"""
    groups: dict[tuple[Condition, Expression], dict[Expression, Expression]] = {}
    for body, guard in parts:
        factors = sympy.Mul.make_args(body)
        varying = [one for one in factors if indices_of(one) >= free]
        others = (one for one in factors if one not in varying)
        groups.setdefault((guard, sympy.Mul(*varying)), {})[body] = sympy.Mul(*others)
    result = list(parts)
    for (guard, varied), bodies in groups.items():
        if len(bodies) < 2 or varied == 1 or max(map(size, bodies)) > _MOST_NODES:
            continue
        if any(found_in(one, sympy.exp) for one in bodies):
            continue
        coefficient = rewrite(_factored(sympy.Add(*bodies.values())))
        factors = sympy.Mul.make_args(coefficient)
        if not any(isinstance(one, sympy.Add | quotient) for one in factors):
            result = [one for one in result if one[1] != guard or one[0] not in bodies]
            result.append((coefficient * varied, guard))
    return result


def _merged(loops: list[Contribution]) -> list[Contribution]:
    """Loops over the same indices under the same guard are one loop."""
    bodies: dict[tuple[tuple[Index, ...], Condition], Expression] = {}
    for loop in loops:
        key = (loop.over, loop.guard)
        bodies[key] = bodies.get(key, 0) + loop.body
    return [Contribution(body, over, guard) for (over, guard), body in bodies.items() if body != 0]


class _Growing(Mapping[str, Domain]):
    """The domains of a program's tensors and of the lets that are being added to it."""

    def __init__(self, program: Program, lets: list[Let]) -> None:
        self._lets = lets
        self._known = {one.name: one.domain for one in program.inputs}
        self._known.update({one.name: one.domain for one in program.lets})

    def __getitem__(self, name: str) -> Domain:
        if name in self._known:
            return self._known[name]
        return next(let.domain for let in self._lets if let.name == name)

    def __iter__(self) -> Iterator[str]:
        yield from self._known
        yield from (let.name for let in self._lets)

    def __len__(self) -> int:
        return len(self._known) + len(self._lets)
