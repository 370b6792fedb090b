"""Divergences: at least zero, and zero exactly where two inputs are equal.

A sum over the entries is one if each term is. Over two distributions of one axis it also is one if the
term is p·f(q/p) with f(1) = 0 and f strictly convex: with c = f′(1) the terms p·(f(t) − c(t − 1)) are
at least zero, zero at t = 1 only, and what is taken away sums to zero; where the sum leaves out p = 0, to
no less, if c ≤ 0 (Csiszár 1967). Terms at the ends of the simplex are the limits (0·log 0 = 0).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import sympy

from objc.analysis.decision import Decision, proved, refuted, unknown
from objc.analysis.signs.elementary import is_nonnegative, is_positive, is_zero, pieces, plain
from objc.analysis.subject import Subject
from objc.analysis.values.evaluation import certified, is_finite
from objc.analysis.values.samples import samples, shown
from objc.ir.program import Claim, Let, Program
from objc.ir.symbols import Read, reads

_TRIES = 24


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
    terms = terms_of(subject, *claim.inputs[:2])
    if terms is not None and len(claim.inputs) == 2:
        how = _by_term(terms) or _by_generator(terms)
        if how is not None:
            return proved(how)
    found = contradiction(subject.program, *claim.inputs[:2])
    return (
        refuted(found) if found else unknown("the sign of each term, f-divergences, drawn inputs")
    )


def is_divergence(subject: Subject) -> str | None:
    """Why a loss of two distributions is at least zero, if it is a divergence of them."""
    names = [one.name for one in subject.program.inputs if one.domain.kind == "simplex"]
    if len(names) != 2:
        return None
    terms = terms_of(subject, names[0], names[1])
    return None if terms is None else _by_generator(terms)


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
    return inside and sympy.limit(term, at, 0, "+") == sympy.oo


def _positive(name: str) -> Any:
    return sympy.Dummy(name, positive=True)


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
            return is_zero(sympy.limit(sympy.expand(edge), *end))
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
    return None
