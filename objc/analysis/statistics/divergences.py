"""Divergences: at least zero, and zero exactly where two inputs are equal.

A sum over the entries is one if each term is. Over two distributions of one axis it also is one if the
term is p·f(q/p) with f(1) = 0 and f strictly convex: with c = f′(1) the terms p·(f(t) − c(t − 1)) are
at least zero, zero at t = 1 only, and what is taken away sums to zero; where the sum leaves out p = 0, to
no less, if c ≤ 0 (Csiszár 1967). Terms at the ends of the simplex are the limits (0·log 0 = 0).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import sympy

from objc.analysis.decision import Decision, proved, refuted, unknown
from objc.analysis.formulas import is_short
from objc.analysis.objectives.unrolled import NotUnrolled, exact, unrolled
from objc.analysis.signs.elementary import (
    is_nonnegative,
    is_positive,
    is_smooth_formula,
    is_zero,
    pieces,
    plain,
)
from objc.analysis.signs.far import limit_at
from objc.analysis.statistics.equality import away_from_equality
from objc.analysis.statistics.merging import merged
from objc.analysis.subject import Subject
from objc.analysis.values.evaluation import certified, is_finite
from objc.analysis.values.samples import Values, samples, shown
from objc.ir.program import Claim, Let, Program
from objc.ir.symbols import Read, reads

_TRIES = 24
_MOST_ENTRIES = 4


@dataclass(frozen=True)
class Terms:
    """A loss as an increasing function of a sum (or as one term): the term and what it reads."""

    term: Any
    first: Any
    second: Any
    guard: Any = sympy.true
    are_distributions: bool = False

    def at(self, first: Any, second: Any) -> Any:
        return self.term.xreplace({self.first: first, self.second: second})


def divergence(subject: Subject, claim: Claim) -> Decision:
    terms = terms_of(merged(subject), *claim.inputs[:2])
    if terms is not None and len(claim.inputs) == 2:
        how = _how(terms)
        if how is not None:
            return proved(how)
    found = contradiction(subject.program, *claim.inputs[:2])
    return (
        refuted(found) if found else unknown("the sign of each term, f-divergences, drawn inputs")
    )


def _how(terms: Terms) -> str | None:
    return _by_term(terms) or _by_generator(terms) or _by_equality(terms)


def is_divergence(subject: Subject) -> str | None:
    """Why a loss of two inputs of one kind is at least zero, if it is a divergence of them."""
    names = [one.name for one in subject.program.inputs if one.role != "hyperparameter"]
    if len(names) != 2 or not subject.is_short:
        return None
    terms = terms_of(merged(subject), names[0], names[1])
    return None if terms is None else _by_generator(terms) or _by_equality(terms)


def terms_of(subject: Subject, first: str, second: str) -> Terms | None:
    program = subject.program
    one, other = program.input[first], program.input[second]
    if one.domain.kind != other.domain.kind or one.dimensions != other.dimensions:
        return None
    if not one.dimensions:
        if len(program.lets) != 1 or one.domain.kind not in ("real", "positive", "nonnegative"):
            return None
        return Terms(plain(subject.value), one.read(), other.read())
    if len(program.lets) != 2 or len(one.dimensions) != 1:
        return None
    return _of_sum(program, program.lets[0], subject.value, first, second)


def _of_sum(program: Program, total: Let, value: Any, first: str, second: str) -> Terms | None:
    size = sympy.Dummy("s", positive=True)
    around = value.xreplace({total.read(): size})
    if not is_smooth_formula(around, size):
        return None
    is_rising = is_positive(sympy.diff(around, size)) and around.subs(size, 0) == 0
    if total.reduction != "sum" or len(total.over) != 1 or not is_rising:
        return None
    index, kind = total.over[0], program.input[first].domain.kind
    places = program.input[first].read(index), program.input[second].read(index)
    known = {one.name for one in program.inputs if one.role == "hyperparameter"}
    others = {one for side in (total.body, total.guard, value) for one in reads(side)}
    others -= {*places, total.read()}
    if any(one.tensor not in known for one in others) or kind not in _KINDS:
        return None
    return Terms(plain(total.body), *places, total.guard, kind == "simplex")


_KINDS = ("real", "positive", "nonnegative", "simplex")


def _by_term(terms: Terms) -> str | None:
    """Whether a term is zero where both are equal, and above zero where one is greater. With distributions
    as squares, their roots are rational."""
    if terms.guard not in (sympy.true, sympy.Ne(terms.first, terms.second)):
        return None
    is_real = terms.first.is_nonnegative is not True
    at, t = sympy.Dummy("x", real=True, nonnegative=None if is_real else True), _positive("t")
    low, high = (at, at + t) if is_real else (at**2, (at + t) ** 2)
    if terms.guard == sympy.true and not _is_at_equality(terms, low):
        return None
    for pair in ((low, high), (high, low)):
        parts = pieces(terms.at(*pair))
        if parts is None or not all(_is_above_zero(one, at) for _, one in parts):
            return None
    return "each term is at least 0, and 0 only where both entries are equal"


def _is_at_equality(terms: Terms, place: Any) -> bool:
    parts = pieces(terms.at(place, place))
    return parts is not None and all(is_zero(one) for _, one in parts)


def _is_above_zero(term: Any, at: Any) -> bool:
    """Above zero, infinite at the edge of the range perhaps."""
    if is_positive(term):
        return True
    if at.is_nonnegative is not True:
        return False
    inside = is_positive(term.xreplace({at: _positive("x")}))
    return inside and limit_at(term, at, 0) == sympy.oo


def _positive(name: str) -> Any:
    return sympy.Dummy(name, positive=True)


def _by_equality(terms: Terms) -> str | None:
    """Whether each term of two numbers, with an open domain, grows away from equality."""
    is_real = terms.first.is_nonnegative is not True
    is_open = is_real or terms.first.is_positive is True
    if terms.are_distributions or not is_open:
        return None
    if terms.guard not in (sympy.true, sympy.Ne(terms.first, terms.second)):
        return None
    how = away_from_equality(terms.term, terms.first, terms.second, is_real)
    return None if how is None else f"each term is {how}"


def _by_generator(terms: Terms) -> str | None:
    """Whether a term is p·f(q/p), in one of both orders, and its sum a divergence of distributions."""
    if not terms.are_distributions:
        return None
    p, t = _positive("p"), _positive("t")
    orders = ((p * t, p, terms.first, terms.second), (p, p * t, terms.second, terms.first))
    for first, second, moving, fixed in orders:
        parts = pieces(terms.at(first, second) / p)
        if parts is None or len(parts) != 1:
            continue
        generator = sympy.simplify(sympy.expand_log(sympy.expand(parts[0][1])))
        if generator.has(p) or not is_zero(generator.subs(t, 1)):
            continue
        if not is_positive(sympy.simplify(sympy.diff(generator, t, 2))):
            continue
        tangent = sympy.diff(generator, t).subs(t, 1)
        if _keeps_enough(terms.guard, moving, fixed, tangent):
            shown_name = sympy.Symbol("t", positive=True)
            return (
                f"it is an f-divergence: f(t) = {generator.xreplace({t: shown_name})} is strictly convex"
                f" with f(1) = 0, t = {moving.tensor}/{fixed.tensor}"
            )
    return None


def _keeps_enough(guard: Any, moving: Read, fixed: Read, tangent: Any) -> bool:
    """Whether what the guard leaves out is no loss."""
    if guard == sympy.true or guard == sympy.Ne(moving, fixed):
        return True
    if guard == sympy.Gt(fixed, 0):
        return is_zero(tangent) or is_nonnegative(-tangent)
    if not isinstance(guard, sympy.StrictGreaterThan) or guard.rhs != 0:
        return False
    weights = [sympy.diff(guard.lhs, one) for one in (moving, fixed)]
    is_mixture = is_zero(guard.lhs - weights[0] * moving - weights[1] * fixed)
    return is_mixture and all(is_positive(one) for one in weights)


def keeps_closure(guard: Any, moving: Read, fixed: Read, generator: Any, t: Any) -> bool:
    """Whether what a guard leaves out is zero, as the limits of the terms p·f(q/p) are there."""
    if guard == sympy.true:
        return True
    if guard in (sympy.Ne(moving, fixed), sympy.Ne(fixed, moving)):
        return is_zero(generator.subs(t, 1))
    for one, edge in ((fixed, generator / t), (moving, generator)):
        if guard == sympy.Gt(one, 0):
            # Where p is 0 the terms tend to q·lim f(u)/u, where q is 0 to p·f(0).
            end = (t, sympy.oo) if one == fixed else (t, 0, "+")
            return is_zero(limit_at(sympy.expand(edge), *end))
    if not isinstance(guard, sympy.StrictGreaterThan) or guard.rhs != 0:
        return False
    weights = [sympy.diff(guard.lhs, one) for one in (moving, fixed)]
    is_mixture = is_zero(guard.lhs - weights[0] * moving - weights[1] * fixed)
    return is_mixture and all(is_positive(one) for one in weights)


# ------------------------------------------------------------------ counterexamples


def contradiction(program: Program, first: str, second: str) -> str | None:
    """Inputs at which the value is negative, or not zero though both are equal, or exactly zero though
    they differ."""
    one, other = program.input[first], program.input[second]
    if one.domain != other.domain or one.dimensions != other.dimensions:
        return None
    for values in samples(program, _TRIES):
        for here in (values, {**values, second: values[first]}):
            found = certified(program, here)
            if found is None or not is_finite(found["total"]):
                continue
            value, is_equal = found["total"], here[first] == here[second]
            if value < -1e-12 or (is_equal and abs(value) > 1e-12) or (value == 0 and not is_equal):
                return f"{shown(here, here)} gives {float(value):.10g}"
    return _zero_elsewhere(program, first, second)


def _zero_elsewhere(program: Program, first: str, second: str) -> str | None:
    """Inputs that differ, at which the value is exactly zero."""
    if not all(is_short(one) for let in program.lets for one in (let.body, let.guard)):
        return None
    for values in samples(program, _TRIES):
        for other in _relatives(values[first], program.input[first].domain.kind):
            here = {**values, second: other}
            if other == values[first] or _size(other) > _MOST_ENTRIES:
                continue
            found = certified(program, here)
            if found is None or not is_finite(found["total"]) or abs(found["total"]) > 1e-20:
                continue
            if _is_exactly_zero(program, here):
                return f"{shown(here, here)} gives 0"
    return None


def _relatives(value: Any, kind: str) -> Iterator[Any]:
    """What a loss of even functions, of directions or of orders takes for equal."""
    if kind == "real":
        yield _times(value, -1)
    if kind in ("real", "positive", "nonnegative"):
        yield _times(value, 2)
    if isinstance(value, list):
        yield value[::-1]
        yield [*value[1:], value[0]]


def _times(value: Any, factor: int) -> Any:
    return [_times(one, factor) for one in value] if isinstance(value, list) else factor * value


def _size(value: Any) -> int:
    return sum(map(_size, value)) if isinstance(value, list) else 1


def _is_exactly_zero(program: Program, values: Values) -> bool:
    try:
        (value,) = unrolled(program, {name: _exact(one) for name, one in values.items()}).values()
    except NotUnrolled:
        return False
    return is_zero(value)


def _exact(value: Any) -> Any:
    return [_exact(one) for one in value] if isinstance(value, list) else exact(value)
