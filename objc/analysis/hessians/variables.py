"""The numbers that a formula varies with, as symbols on intervals, and its continuity up to closed ends."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

import sympy

from objc.analysis.signs.elementary import is_nonnegative, is_positive, is_regular, plain
from objc.analysis.signs.lines import span_of
from objc.analysis.signs.roots import Span
from objc.analysis.values.ranges import Ranges
from objc.atoms import Branch
from objc.ir.program import Program
from objc.ir.symbols import Read

_OPEN = frozenset({"real", "positive"})
_CLOSED = frozenset({"nonnegative", "probability", "simplex", "interval"})
_CONTINUOUS = (
    sympy.exp, sympy.sin, sympy.cos, sympy.sinh, sympy.cosh, sympy.tanh, sympy.atan, sympy.asinh,
    sympy.erf, sympy.erfc,
)  # fmt: skip


@dataclass(frozen=True)
class Variable:
    """A read as a symbol that runs over the inside of the read's domain."""

    read: Read
    symbol: Any
    span: Span
    is_closed: bool


def variables_of(program: Program, found: Iterable[Read]) -> list[Variable] | None:
    """Entries of inputs as variables; None where one of them runs over no interval of known ends."""
    variables = []
    for read in found:
        domain = program.input[read.tensor].domain
        if domain.kind not in _OPEN | _CLOSED:
            return None
        low, high = (
            (sympy.Integer(0), sympy.Integer(1)) if domain.kind == "simplex" else domain.bounds
        )
        span = span_of(low, high)
        if span is None or (span.low is not None and span.low == span.high):
            return None
        variables.append(Variable(read, _inside(span), span, domain.kind in _CLOSED))
    return variables


def _inside(span: Span) -> Any:
    is_positive = span.low is not None and span.low >= 0
    is_negative = span.high is not None and span.high <= 0
    return sympy.Dummy(
        "x", real=True, positive=is_positive or None, negative=is_negative or None
    )  # fmt: skip


def jumps_at_ends(formula: Any, variables: Iterable[Variable]) -> bool:
    """Whether a condition may hold at a closed end of a variable alone, which a symbol for the inside of its
    interval would decide."""
    closed = [one.read for one in variables if one.is_closed]
    steps = formula.atoms(Branch, sympy.sign)
    return any(step.has(read) for step in steps for read in closed)


def undecided_at_ends(variables: Iterable[Variable]) -> list[Variable]:
    """The same with symbols that decide no condition at a closed end."""
    return [
        replace(one, symbol=sympy.Dummy("x", real=True)) if one.is_closed else one
        for one in variables
    ]


def with_signs(formula: Any, ranges: Ranges, variables: Iterable[Variable]) -> Any:
    """A formula in the symbols of its variables, all else with the sign that its range shows: what isn't
    an input with a domain of its own becomes a symbol."""
    program, mapping = ranges.program, {one.read: one.symbol for one in variables}
    for read in formula.atoms(Read):
        if read in mapping or (read.tensor in program.input and not read.positions):
            continue
        mapping[read] = _signed(read, ranges)
    return plain(formula).xreplace(mapping)


def _signed(read: Read, ranges: Ranges) -> Any:
    values = ranges.of(read)
    if values.low > 0 or values.high < 0:
        return sympy.Dummy("c", positive=values.low > 0, negative=values.high < 0)
    return sympy.Dummy(
        "c",
        real=True,
        nonnegative=True if values.is_nonnegative else None,
        nonpositive=True if values.is_nonpositive else None,
        integer=True if read.is_integer else None,
    )


# ------------------------------------------------------------------ up to the ends


def is_continuous(formula: Any, variables: Iterable[Variable]) -> bool:
    """Whether a formula is smooth inside, and at closed ends what it tends to along each line from
    within: x·log x is 0 at 0, and −x·log y infinite at y = 0, as the value there is."""
    variables = list(variables)
    inside = _from_within(variables)
    if not is_regular(formula.xreplace(inside)):
        return False
    closed = [one for one in variables if one.is_closed]
    if not closed:
        return True
    return any(_is_continuous(form, closed) for form in (formula, _spread(formula, inside)))


def _from_within(variables: Iterable[Variable]) -> Mapping[Any, Any]:
    """What is between two numbers as a function of what is positive."""
    forms = {}
    for one in variables:
        if one.span.low is not None and one.span.high is not None:
            u = sympy.Dummy("u", positive=True)
            low, high = _rational(one.span.low), _rational(one.span.high)
            forms[one.symbol] = (low + high * u) / (1 + u)
    return forms


def _spread(formula: Any, inside: Mapping[Any, Any]) -> Any:
    """Multiplied out, logarithms of products as sums where each factor is positive inside."""
    mapping = {}
    for one in formula.atoms(sympy.log):
        factors = sympy.Mul.make_args(sympy.factor(sympy.together(one.args[0])))
        powers = [each.as_base_exp() for each in factors]
        if all(is_positive(base.xreplace(inside)) and power.is_real for base, power in powers):
            mapping[one] = sympy.Add(*(power * sympy.log(base) for base, power in powers))
    return sympy.expand(sympy.expand(formula).xreplace(mapping))


def _is_continuous(formula: Any, closed: list[Variable]) -> bool:
    """Whether a formula is a sum of what is continuous up to the ends, and of C·log v with polynomials C and
    v: along a line to where v is 0 it tends to 0 if C does, and is infinite if not, as the value there is."""
    logarithms = [one for one in formula.atoms(sympy.log) if one.args[0].free_symbols]
    rest = formula
    for one in logarithms:
        factor = formula.coeff(one)
        symbols = sorted(one.args[0].free_symbols | factor.free_symbols, key=str)
        if factor.has(sympy.log) or not (
            factor.is_polynomial(*symbols) and one.args[0].is_polynomial(*symbols)
        ):
            return False
        rest = sympy.expand(rest - factor * one)
    if rest.atoms(sympy.log) & set(logarithms):
        return False
    forms = (rest.xreplace(form) for form in _up_to_ends(rest, closed))
    return all(_is_continuous_at(form) or _is_but_at_corner(form) for form in forms)


def _is_but_at_corner(formula: Any) -> bool:
    """Whether a formula of nonnegative symbols is continuous wherever one of them is positive, and has no
    value where all of them are zero, as (p − q)²/(p + q)."""
    weak = [one for one in formula.free_symbols if isinstance(one, sympy.Dummy) and one.name == "w"]
    corner = formula.xreplace(dict.fromkeys(weak, sympy.Integer(0)))
    return (
        bool(weak)
        and corner.has(sympy.zoo, sympy.nan)
        and all(
            _is_continuous_at(formula.xreplace({one: sympy.Dummy("v", positive=True)}))
            for one in weak
        )
    )


def _up_to_ends(formula: Any, closed: list[Variable]) -> Iterator[Mapping[Any, Any]]:
    """Substitutions that run over the closed intervals: from each end to all but the other one. An end at
    which the formula has no value, whatever the rest is, is left out, as q = 0 is of p²/q."""
    forms: list[dict[Any, Any]] = [{}]
    for one in closed:
        low, high = (
            None if end is None else _rational(end) for end in (one.span.low, one.span.high)
        )
        from_low, from_high = (
            sympy.Dummy("w", nonnegative=True, positive=_has_no_value(formula, one, end) or None)
            for end in (low, high)
        )
        if low is None and high is None:  # ends that are other inputs: anywhere
            ways = [one.symbol]
        elif low is None or high is None:
            ways = [from_low if low == 0 else low + from_low if high is None else high - from_high]
        else:
            ways = [
                (low + high * from_low) / (1 + from_low),
                (high + low * from_high) / (1 + from_high),
            ]
        forms = [{**form, one.symbol: way} for form in forms for way in ways]
    yield from forms


def _has_no_value(formula: Any, one: Variable, end: Any) -> bool:
    return end is not None and bool(formula.xreplace({one.symbol: end}).has(sympy.zoo, sympy.nan))


def _is_continuous_at(formula: Any) -> bool:
    for node in sympy.preorder_traversal(formula):
        if isinstance(node, sympy.Pow) and node.base != sympy.E:
            if node.exp.is_integer and node.exp.is_nonnegative:
                continue
            if not (is_positive(node.base) or (node.exp.is_positive and is_nonnegative(node.base))):
                return False
        elif isinstance(node, sympy.log):
            if not is_positive(node.args[0]):
                return False
        elif node.args and not isinstance(node, (sympy.Add, sympy.Mul, sympy.Pow, *_CONTINUOUS)):
            return False
    return True


def _rational(value: Fraction) -> Any:
    return sympy.Rational(value.numerator, value.denominator)
