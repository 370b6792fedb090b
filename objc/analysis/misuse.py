"""Domain misuse: a function taken outside its domain, at inputs inside theirs.

What interval arithmetic proves fine is silent. Of the rest a witness is sought: inputs inside the
declared domains at which the argument is outside and the result is not a number. Without a witness
there is no error. Infinities at the edge of a domain (log of a probability of zero) are not errors.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import sympy

from objc.analysis.errors import DividesByZero, OutsideDomain
from objc.analysis.formulas import influences
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
from objc.ir.program import Let, Names, Program
from objc.ir.symbols import Condition, Expression, reads
from objc.ir.text import Text
from objc.source import Span

_TRIES = 40


@dataclass(frozen=True)
class Use:
    """One place where a function needs its argument inside a domain.

    `margin` is negative where it is outside. For a division it is the divisor, which is wrong where
    it is zero, having both signs nearby. `conditions` lead to the place.
    """

    function: str
    argument: Expression
    margin: Expression
    needs: str
    conditions: tuple[Condition, ...]

    @property
    def is_division(self) -> bool:
        return self.function == "/"


def misuses(program: Program, ranges: Ranges) -> Iterator[Diagnostic]:
    """One error for every let that leaves a domain, with the witness."""
    drawn: list[Values] | None = None
    reported: set[tuple[str, Expression]] = set()
    for let in program.lets:
        for use in _uses_of(let):
            if (use.function, use.argument) in reported or _is_proved(use, let, ranges):
                continue
            drawn = list(samples(program, _TRIES)) if drawn is None else drawn
            found = _search(program, let, use, drawn)
            if found is not None:
                reported.add((use.function, use.argument))
                yield found
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
        yield Use(*found, conditions)


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


def _search(program: Program, let: Let, use: Use, drawn: list[Values]) -> Diagnostic | None:
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
            span, argument, witness = _described(program, let, use, values)
            return OutsideDomain(span, argument, witness, use.function, use.needs)
    if at_zero is not None and {-1, 1} <= signs:
        return DividesByZero(*_described(program, let, use, at_zero))
    return None


def _is_confirmed(probed: Program, values: Values) -> bool:
    """Whether a witness holds in high precision, where nothing overflows on the way."""
    found = outputs(probed, values, PRECISION)
    if found is None:
        return False
    outside = any(one < 0 for one in entries(found.pop("probe")) if not is_nan(one))
    return outside and any(is_nan(one) for result in found.values() for one in entries(result))


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
    return let.span or program.span, text, shown(values, names)
