"""Signs of formulas of several variables, each on an open interval.

A formula is brought to forms that show a sign: exponentials become powers of positive symbols, x becomes
t·y where y is positive (so that what is homogeneous becomes a function of t alone), and each factor is
decided by itself: by the assumptions of its symbols, on its line where it is one of a single variable, or
as a quadratic form a·x² + b·x + c with 4ac ≥ b².
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from fractions import Fraction
from typing import Any, TypeAlias

import sympy

from objc.analysis.formulas import is_short
from objc.analysis.signs.elementary import is_nonnegative, plain
from objc.analysis.signs.lines import is_nonnegative_inside
from objc.analysis.signs.roots import Span

Spans: TypeAlias = "Mapping[Any, Span]"
"""The open interval of each variable; a symbol that is none of them has its assumptions only."""

LINE = Span(None, None)
RAY = Span(Fraction(0), None)
_GREATEST = 150
"""Operations beyond which a formula isn't looked at."""
_GREATEST_FACTOR = 60
_DEEPEST = 2


def is_nonnegative_over(formula: Any, spans: Spans) -> bool:
    """Whether a formula that is smooth for all values of its symbols is at least zero for all of them.
    False where nothing that is tried tells."""
    formula = plain(formula)
    if formula.is_nonnegative:
        return True
    if formula.count_ops() > _GREATEST or not is_short(formula):
        return False
    return any(_sign(form, here) == 1 for form, here in _forms(formula, spans))


def _forms(formula: Any, spans: Spans) -> Iterator[tuple[Any, Spans]]:
    yield formula, spans
    if formula.has(sympy.exp):
        yield _through_exponentials(formula, spans)
    if any(span not in (LINE, RAY) for span in spans.values()):
        yield _unbounded(formula, spans)
    own = [one for one in spans if formula.has(one)]
    for x, y in itertools.permutations(own, 2):
        if spans[y] == RAY and spans[x] in (RAY, LINE):
            t = sympy.Dummy("t", real=True, positive=True if spans[x] == RAY else None)
            yield formula.xreplace({x: t * y}), {**spans, t: spans[x]}
        elif spans[x] == spans[y] == LINE:
            r = sympy.Dummy("r", real=True)
            yield formula.xreplace({x: y + r}), {**spans, r: LINE}


def _through_exponentials(formula: Any, spans: Spans) -> tuple[Any, Spans]:
    """With x = log u for each variable on the whole line."""
    logs, over = {}, dict(spans)
    for one, span in spans.items():
        if span == LINE:
            u = sympy.Dummy("u", positive=True)
            logs[one], over[u] = sympy.log(u), RAY
    return sympy.expand_power_exp(formula).xreplace(logs), over


def _unbounded(formula: Any, spans: Spans) -> tuple[Any, Spans]:
    """With x = (low + high·u)/(1 + u) for each variable between two numbers, u positive."""
    moved, over = {}, dict(spans)
    for one, span in spans.items():
        low, high = _ends(span)
        if low.is_finite and high.is_finite:
            u = sympy.Dummy("u", positive=True)
            moved[one], over[u] = (low + high * u) / (1 + u), RAY
    return formula.xreplace(moved), over


def _sign(formula: Any, spans: Spans, depth: int = 0) -> int | None:
    """1 where a formula is at least zero everywhere, -1 where it is at most zero; 0 where it is zero."""
    try:
        form = sympy.factor(sympy.together(sympy.powsimp(formula)))
    except sympy.PolynomialError:
        form = formula
    if form == 0:
        return 1
    sign = 1
    for factor in sympy.Mul.make_args(form):
        found = _sign_of_factor(factor, spans, depth)
        if found is None:
            return None
        sign *= found
    return sign


def _sign_of_factor(factor: Any, spans: Spans, depth: int) -> int | None:
    base, power = factor.as_base_exp()
    if base == sympy.E:
        return 1 if power.is_extended_real else None
    if power.is_even:
        return 1 if base.is_extended_real else None
    found = _sign_of_base(base, spans, depth)
    # A broken power has a value where its base is at least zero only.
    return found if power.is_integer or found == 1 else None


def _sign_of_base(base: Any, spans: Spans, depth: int) -> int | None:
    for sign in (1, -1):
        if (sign * base).is_nonnegative:
            return sign
    if base.count_ops() > _GREATEST_FACTOR:
        return None
    if isinstance(base, sympy.Mul):
        return _sign(base, spans, depth + 1) if depth < _DEEPEST else None
    for sign in (1, -1):
        if is_nonnegative(sign * base) or _is_nonnegative_on_its_line(sign * base, spans):
            return sign
    if depth >= _DEEPEST:
        return None
    for sign in (1, -1):
        if _is_quadratic_form(sympy.expand(sign * base), spans, depth + 1):
            return sign
    return None


def _is_nonnegative_on_its_line(base: Any, spans: Spans) -> bool:
    (variable, *others) = base.free_symbols or (None,)
    if others or variable not in spans:
        return False
    return is_nonnegative_inside(base, variable, *_ends(spans[variable]))


def _is_quadratic_form(base: Any, spans: Spans, depth: int) -> bool:
    """Whether a·x² + b·x + c has a ≥ 0, c ≥ 0 and 4ac ≥ b², in one of the variables."""
    for x in spans:
        if not base.has(x) or not base.is_polynomial(x) or sympy.degree(base, x) != 2:
            continue
        c, b, a = (base.coeff(x, power) for power in range(3))
        if all(_sign(one, spans, depth) == 1 for one in (a, c, 4 * a * c - b**2)):
            return True
    return False


def _ends(span: Span) -> tuple[Any, Any]:
    low, high = (
        None if end is None else sympy.Rational(end.numerator, end.denominator)
        for end in (span.low, span.high)
    )
    return (-sympy.oo if low is None else low), (sympy.oo if high is None else high)
