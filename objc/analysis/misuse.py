"""Domain misuse: a function taken outside its domain, at inputs inside theirs.

What interval arithmetic proves fine is silent. Of the rest a witness is sought: inputs inside the
declared domains at which the argument is outside and the result is not a number. Without a witness
there is no error. Infinities at the edge of a domain (log of a probability of zero) are not errors.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import chain
from typing import Any

import sympy

from objc.analysis.errors import DividesByZero, OutsideDomain
from objc.analysis.formulas import influences, placed
from objc.analysis.values.evaluation import (
    PRECISION,
    entries,
    is_finite,
    is_nan,
    outputs,
    outputs_of_all,
)
from objc.analysis.values.ranges import Ranges
from objc.analysis.values.samples import Values, samples, shown
from objc.atoms import Branch, log1p, loggamma, logit, minimum, xlogy
from objc.errors import Diagnostic
from objc.ir.domain import Domain
from objc.ir.program import Input, Let, Names, Program
from objc.ir.symbols import Condition, Expression, Read, reads
from objc.ir.text import Text
from objc.source import Span

_TRIES = 40
_MOST_ORDERS = 8
"""Declarations that are tried as the one that was meant."""
_DEEPEST = 4
_MORE_DIGITS = 1000


@dataclass(frozen=True)
class Use:
    """One place where a function needs its argument inside a domain.

    `margin` is negative where it is outside. For a division it is the divisor, which is wrong where
    it is zero, having both signs nearby. `conditions` lead to the place, `node` is what takes the argument.
    """

    node: Expression
    function: str
    argument: Expression
    margin: Expression
    needs: str
    conditions: tuple[Condition, ...]

    @property
    def is_division(self) -> bool:
        return self.function == "/"


def misuses(program: Program, ranges: Ranges) -> Iterator[Diagnostic]:
    """One error for every let that leaves a domain, with the witness and with a declaration that would
    leave none."""
    drawn: list[Values] | None = None
    reported: set[tuple[str, Expression]] = set()
    for let in program.lets:
        for use in _uses_of(let):
            if (use.function, use.argument) in reported or _is_proved(use, let, ranges):
                continue
            drawn = list(samples(program, _TRIES)) if drawn is None else drawn
            values = _witness(program, let, use, drawn)
            if values is not None:
                reported.add((use.function, use.argument))
                yield _error(program, let, use, values)
                break


def _uses_of(let: Let) -> Iterator[Use]:
    conditions = () if let.guard == sympy.true else (let.guard,)
    yield from _uses(let.body, conditions)


def _uses(expression: Any, conditions: tuple[Condition, ...]) -> Iterator[Use]:
    if not expression.args:
        return
    if isinstance(expression, Branch):
        condition, then, otherwise = expression.args
        yield from _uses(condition, conditions)
        yield from _uses(then, (*conditions, condition))
        yield from _uses(otherwise, (*conditions, sympy.Not(condition)))
        return
    for one in expression.args:
        yield from _uses(one, conditions)
    found = _need(expression)
    if found is not None and not found[2].is_number:
        yield Use(expression, *found, conditions)


def _need(node: Any) -> tuple[str, Expression, Expression, str] | None:
    """What a node asks of its argument: name, argument, margin and the need in words."""
    first = node.args[0]
    match node:
        case sympy.log():
            return "log", first, first, "positive"
        case log1p():
            return "log1p", first, 1 + first, "greater than -1"
        case loggamma():
            return "lgamma", first, first, "positive"
        case sympy.polygamma():
            return "digamma", node.args[1], node.args[1], "positive"
        case xlogy():
            return "log", node.args[1], node.args[1], "positive"
        case sympy.asin() | sympy.acos():
            name = type(node).__name__
            return name, first, minimum(1 - first, 1 + first), "between -1 and 1"
        case logit():
            return "logit", first, minimum(first, 1 - first), "between 0 and 1"
        case sympy.Pow():
            return _need_of_power(node.base, node.exp)
    return None


def _need_of_power(
    base: Expression, exponent: Any
) -> tuple[str, Expression, Expression, str] | None:
    if exponent.is_Integer:
        # An even power below the line only touches zero, without a change of sign.
        is_harmless = exponent > 0 or exponent % 2 == 0
        return None if is_harmless else ("/", base, base, "different from 0")
    if exponent.is_integer:
        return None
    if exponent.is_Rational and exponent.q == 2:
        return "sqrt", base, base, "at least 0"
    return "a broken power", base, base, "at least 0"


def _is_proved(use: Use, let: Let, ranges: Ranges) -> bool:
    condition = sympy.And(*use.conditions)
    plain = ranges.of(use.margin, ranges.assuming(condition, {}))
    values = plain.meet(ranges.under(use.margin, condition, {}))
    return values.is_nonnegative or (use.is_division and values.is_nonpositive)


def _witness(program: Program, let: Let, use: Use, drawn: list[Values]) -> Values | None:
    """Inputs of those drawn at which the argument is outside, and the result is not a number."""
    probed = _probed(program, let, use)
    signs: set[int] = set()
    at_zero: Values | None = None
    for values, found in zip(drawn, outputs_of_all(probed, drawn), strict=True):
        if found is None:
            continue
        margins = [one for one in entries(found.pop("probe")) if not is_nan(one)]
        results = [one for result in found.values() for one in entries(result)]
        if use.is_division:
            signs |= {(one > 0) - (one < 0) for one in margins}
            if at_zero is None and 0 in margins and not all(map(is_finite, results)):
                at_zero = values
            continue
        is_outside = any(one < 0 for one in margins) and any(map(is_nan, results))
        if is_outside and _is_confirmed(probed, values):
            return values
    return at_zero if {-1, 1} <= signs else None


def _error(program: Program, let: Let, use: Use, values: Values) -> Diagnostic:
    span, argument, witness = _described(program, let, use, values)
    declared = _mending(program, let, use)
    if use.is_division:
        return DividesByZero(span, argument, witness, declared)
    return OutsideDomain(span, argument, witness, use.function, use.needs, declared)


def _mending(program: Program, let: Let, use: Use) -> str | None:
    """A declaration of two inputs' order after which no witness is found: `hits: count(trials)`."""
    for one in itertools.islice(_orders(use.margin, program), _MOST_ORDERS):
        inputs = tuple(one if each.name == one.name else each for each in program.inputs)
        mended = replace(program, inputs=inputs)
        drawn = list(samples(mended, _TRIES))
        if len(drawn) == _TRIES and _witness(mended, let, use, drawn) is None:
            return str(one)
    return None


def _orders(expression: Any, program: Program) -> Iterator[Input]:
    """Inputs with a domain in which what is added somewhere in an expression is at least what is subtracted
    there."""
    for node in sympy.preorder_traversal(_written_out(expression, program)):
        if not isinstance(node, sympy.Add):
            continue
        added = {one for part in node.args if not _is_negative(part) for one in reads(part)}
        taken = {one for part in node.args if _is_negative(part) for one in reads(part)}
        for greater in sorted(added - taken, key=str):
            for less in sorted(taken - added, key=str):
                yield from _in_order(greater, less, program)


def _written_out(expression: Any, program: Program) -> Any:
    """An expression with the lets that reduce nothing as what they are."""
    for _ in range(_DEEPEST):
        lets = {
            read: placed(let, read, {})
            for read in reads(expression)
            if (let := program.let.get(read.tensor)) is not None and let.reduction is None
        }
        if not lets:
            break
        expression = expression.xreplace(lets)
    return expression


def _is_negative(addend: Any) -> bool:
    return bool(addend.could_extract_minus_sign())


def _in_order(greater: Read, less: Read, program: Program) -> Iterator[Input]:
    upper, lower = (program.input.get(read.tensor) for read in (greater, less))
    if upper is None or lower is None or upper.role != lower.role:
        return
    if upper.role not in ("differentiable", "data"):
        return
    if upper is lower:
        if upper.domain.kind == "real" and greater.positions[:-1] == less.positions[:-1]:
            yield replace(upper, domain=Domain("ordered"))
        return
    most, least = upper.read(), lower.read()
    is_under = not upper.dimensions or upper.dimensions == lower.dimensions
    is_above = not lower.dimensions or upper.dimensions == lower.dimensions
    match lower.domain.kind, upper.domain.kind:
        case "count", "count" if is_under:
            yield replace(lower, domain=Domain("count", most=most))
        case "positive" | "nonnegative", "real" | "positive" | "nonnegative" | "count" if is_under:
            yield replace(lower, domain=Domain("interval", low=sympy.Integer(0), most=most))
        case "real" | "nonnegative" | "positive", "real" if is_above:
            yield replace(upper, domain=Domain("interval", least=least))
        case "real", "positive" | "nonnegative" if is_under:
            yield replace(lower, domain=Domain("interval", most=most))


def _is_confirmed(probed: Program, values: Values) -> bool:
    """Whether a witness holds in high precision, where nothing overflows on the way, and in more digits than
    any cancellation takes: what is never negative may be off by the last one."""
    for digits in (PRECISION, _MORE_DIGITS):
        found = outputs(probed, values, digits)
        if found is None:
            return False
        outside = any(one < 0 for one in entries(found.pop("probe")) if not is_nan(one))
        if not outside or not any(map(is_nan, chain.from_iterable(map(entries, found.values())))):
            return False
    return True


def _probed(program: Program, let: Let, use: Use) -> Program:
    """The program with the margin at the place, 1 where the place isn't reached, as an output."""
    name = Names.of(program).fresh("probe")
    margin = Branch(sympy.And(*use.conditions), use.margin, sympy.Integer(1))
    if use.is_division or let.reduction is None:
        # A division wants every value, not the least: what is reduced over becomes free.
        probe = Let(name, let.indices, margin)
    else:
        probe = replace(let, name=name, body=margin, reduction="min", guard=sympy.true)
    place = program.lets.index(let) + 1
    lets = (*program.lets[:place], probe, *program.lets[place:])
    return program.with_lets(lets, {**program.outputs, "probe": name})


def _described(
    program: Program, let: Let, use: Use, values: Values
) -> tuple[Span | None, str, str]:
    """What both errors say: the span, the argument in words, the witness."""
    relevant = influences(program)
    names: set[str] = set()
    for expression in (use.argument, *use.conditions):
        for read in reads(expression):
            names |= relevant.get(read.tensor, frozenset({read.tensor}))
    text = Text(program).scalar(use.argument).text
    return _place(program, let, use.node) or program.span, text, shown(values, names)


def _place(program: Program, let: Let, node: Expression) -> Span | None:
    """The least part of the text of a let that says something."""
    inside = [
        span
        for expression, span in program.places.items()
        if let.span is not None and _holds(let.span, span) and _has(expression, node)
    ]
    return min(inside, key=lambda span: span.stop - span.start, default=let.span)


def _holds(outer: Span, inner: Span) -> bool:
    is_between = outer.start <= inner.start and inner.stop <= outer.stop
    return is_between and inner.source is outer.source


def _has(expression: Any, node: Expression) -> bool:
    return any(one == node for one in sympy.preorder_traversal(expression))
