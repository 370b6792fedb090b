"""Claims: which of them the analyses decide, and how.

Proofs come from ranges, curvature, kinks and slopes. Refutations come from drawn inputs, and count only
when they hold in 50 digits. What neither decides is unknown, with what was tried.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import sympy

from objc.analysis import counterexamples
from objc.analysis.decision import Decision, refuted
from objc.analysis.shape import curves, exchange, extremes, invariance
from objc.analysis.signs import terms
from objc.analysis.statistics import (
    calibration,
    divergences,
    elicitation,
    generators,
    likelihoods,
    propriety,
)
from objc.analysis.subject import Subject
from objc.ir.program import Claim, Let, Program
from objc.ir.symbols import Expression, Read

Prover = Callable[[Subject, Claim], Decision]


def decide(subject: Subject, claim: Claim) -> Decision:
    """The verdict on a claim. `not …` exchanges proved and refuted."""
    prover = PROVERS.get(claim.words[0])
    if prover is None:
        return _unknown("no prover decides this property yet")
    if claim.words[0] in TRANSFORMING and not subject.is_short:
        return _unknown("the formula is too long to be transformed")
    found = prover(subject, claim)
    if found.verdict == "unknown" and any(map(subject.is_recurrent, claim.inputs)):
        found = _unknown(f"{found.argument}; the definition is a recurrence")
    if not claim.negated or found.verdict == "unknown":
        return found
    if found.verdict == "refuted":
        return Decision("proved", f"by {found.argument}", found.counterexample)
    return Decision("refuted", f"the opposite is proved, {found.argument}")


def _unknown(tried: str) -> Decision:
    return Decision("unknown", tried)


def _each(subject: Subject, claim: Claim, one: Callable[[str], Decision]) -> Decision:
    """A claim about several inputs holds if it holds in each."""
    found = [one(name) for name in claim.inputs]
    for decision in found:
        if decision.verdict == "refuted":
            return decision
    for decision in found:
        if decision.verdict == "unknown":
            return decision
    return found[0]


def _refuted_or_unknown(counterexample: str | None, tried: str) -> Decision:
    if counterexample is not None:
        return refuted(counterexample)
    return _unknown(f"tried: {tried}, drawn inputs")


# ------------------------------------------------------------------ values


def _nonnegative(subject: Subject, claim: Claim) -> Decision:
    if subject.range.is_nonnegative:
        return Decision("proved", "by interval arithmetic")
    if (how := divergences.is_divergence(subject)) is not None:
        return Decision("proved", how)
    zero = sympy.Integer(0)
    if generators.is_within(subject, zero, sympy.oo):
        return Decision("proved", "by Jensen's inequality, as an f-divergence")
    if _is_within_on_a_line(subject, zero, sympy.oo):
        return Decision("proved", "by the values of each piece, on the line")
    if terms.is_nonnegative(subject):
        return Decision("proved", "by the signs of the terms, on the line")
    found = counterexamples.beyond(subject, zero, sympy.oo)
    return _refuted_or_unknown(found, "interval arithmetic")


def _bounded(subject: Subject, claim: Claim) -> Decision:
    low, high = claim.arguments
    if subject.is_at_least(subject.value, low) and subject.is_at_least(high, subject.value):
        return Decision("proved", "by interval arithmetic")
    if generators.is_within(subject, low, high):
        return Decision("proved", "as an f-divergence, of values from f(1) to f(0) + lim f(t)/t")
    if _is_within_on_a_line(subject, low, high):
        return Decision("proved", "by the values of each piece, on the line")
    return _refuted_or_unknown(counterexamples.beyond(subject, low, high), "interval arithmetic")


def _is_within_on_a_line(subject: Subject, low: Expression, high: Expression) -> bool:
    names = [one.name for one in subject.program.inputs if one.is_differentiable]
    return len(names) == 1 and curves.is_within_on_lines(subject, names[0], 0, low, high)


# ------------------------------------------------------------------ curvature


def _convex(subject: Subject, claim: Claim) -> Decision:
    return _shaped(subject, claim.inputs, is_concave=False)


def _concave(subject: Subject, claim: Claim) -> Decision:
    return _shaped(subject, claim.inputs, is_concave=True)


def _shaped(subject: Subject, names: tuple[str, ...], is_concave: bool) -> Decision:
    """What is cheap first: rules, drawn chords; then the provers, and the search where the bend is
    least."""
    shape = subject.curvature(*names)
    if shape.concave if is_concave else shape.convex:
        return Decision("proved", "by composition")
    if (found := counterexamples.chord(subject, names, concave=is_concave)) is not None:
        return refuted(found)
    how = _by_lines(subject, names, is_concave) if is_concave else how_convex(subject, *names)
    if how is not None:
        return Decision("proved", how)
    if len(names) == 1:
        found = counterexamples.bent(subject, names[0], concave=is_concave)
    return _refuted_or_unknown(found, "composition, the second derivative")


def _affine(subject: Subject, claim: Claim) -> Decision:
    if subject.curvature(*claim.inputs).affine:
        return Decision("proved", "by composition")
    convex, concave = _convex(subject, claim), _concave(subject, claim)
    for one in (convex, concave):
        if one.verdict == "refuted":
            return one
    if convex.verdict == concave.verdict == "proved":
        return Decision(
            "proved", f"it is convex, {convex.argument}, and concave, {concave.argument}"
        )
    return _unknown("tried: composition, drawn inputs")


def how_convex(subject: Subject, *names: str) -> str | None:
    """By what rule convexity in inputs, jointly, is proved, if one proves it."""
    if subject.curvature(*names).convex:
        return "by composition"
    if _is_curved_at_least(subject, names, sympy.Integer(0)):
        return "by the sign of the second derivative"
    if len(names) == 1 and generators.is_convex(subject, names[0]):
        return "as an f-divergence, f convex"
    if _bends_at_least(subject, names, sympy.Integer(0)):
        return "by the structure of the Hessian, which bounds its eigenvalues"
    return _by_lines(subject, names)


def _bends_at_least(subject: Subject, names: Sequence[str], least: Expression) -> bool:
    """Whether the Hessian in one input is known to be at least so much."""
    if len(names) != 1 or not subject.is_short:
        return False
    low = subject.bounds(names[0]).low
    return low != -sympy.oo and subject.is_at_least(low, least)


def _by_lines(subject: Subject, names: Sequence[str], is_concave: bool = False) -> str | None:
    """By what the shape in one scalar input is proved, on the line."""
    if len(names) != 1:
        return None
    if curves.is_curved(subject, names[0], sympy.Integer(0), is_concave=is_concave):
        return "by the sign of the second derivative, made rational"
    if curves.is_convex_on_lines(subject, names[0], is_concave):
        return "by the second derivative of each piece, and slopes that do not jump the wrong way"
    return None


def _second(subject: Subject, names: Sequence[str]) -> Expression | None:
    """The second derivative where there is one everywhere, in one scalar input."""
    if len(names) != 1 or not subject.is_smooth(names[0], 1):
        return None
    return subject.second_slope(names[0])


def _is_curved_at_least(subject: Subject, names: Sequence[str], least: Expression) -> bool:
    second = _second(subject, names)
    return second is not None and subject.is_at_least(second, least)


def _strictly_convex(subject: Subject, claim: Claim) -> Decision:
    second = _second(subject, claim.inputs)
    if second is not None and subject.inequalities.is_positive(second):
        return Decision("proved", "by the sign of the second derivative")
    zero = sympy.Integer(0)
    if len(claim.inputs) == 1 and subject.is_short and subject.bounds(claim.inputs[0]).is_strict:
        return Decision(
            "proved", "by the second derivatives of the terms, each of an entry of its own"
        )
    if len(claim.inputs) == 1 and curves.is_curved(subject, claim.inputs[0], zero, strictly=True):
        return Decision("proved", "by the sign of the second derivative, made rational")
    found = counterexamples.chord(subject, claim.inputs)
    if found is None and len(claim.inputs) == 1:
        found = counterexamples.bent(subject, claim.inputs[0])
    return _refuted_or_unknown(found, "the sign of the second derivative")


def _strongly_convex(subject: Subject, claim: Claim) -> Decision:
    (modulus,) = claim.arguments
    if _is_curved_at_least(subject, claim.inputs, modulus):
        return Decision("proved", "by a bound on the second derivative")
    if _bends_at_least(subject, claim.inputs, modulus):
        return Decision("proved", "by the structure of the Hessian, which bounds its eigenvalues")
    found = counterexamples.chord(subject, claim.inputs, modulus=modulus)
    return _refuted_or_unknown(found, "a bound on the second derivative")


def _quasiconvex(subject: Subject, claim: Claim) -> Decision:
    if (how := how_convex(subject, *claim.inputs)) is not None:
        return Decision("proved", f"{how}, which shows it convex")
    if len(claim.inputs) == 1 and extremes.falls_and_rises(subject, claim.inputs[0]):
        return Decision("proved", "it never falls above the target, nor rises below it")
    found = counterexamples.chord(subject, claim.inputs, quasi=True)
    return _refuted_or_unknown(found, "convexity")


# ------------------------------------------------------------------ slopes


def _lipschitz(subject: Subject, claim: Claim) -> Decision:
    (bound,) = claim.arguments
    if len(claim.inputs) > 1:
        return _unknown("no prover decides a slope in several inputs jointly yet")
    (name,) = claim.inputs
    first = subject.slope(name)
    if first is not None and subject.is_smooth(name, 0) and _is_within(subject, first, bound):
        return Decision("proved", "by a bound on the derivative")
    if subject.is_short and _is_no_longer_than(subject, name, bound):
        return Decision("proved", "by a bound on the length of the gradient")
    if subject.is_smooth(name, 0) and extremes.is_bounded_by(subject, name, 1, bound):
        return Decision("proved", "by the extremes of the derivative")
    if curves.is_within_on_lines(subject, name, 1, -bound, bound):
        return Decision("proved", "by a bound on the derivative of each piece, on the line")
    found = counterexamples.steep(subject, name, subject.value, bound)
    found = found or extremes.beyond(subject, name, 1, bound) or _break(subject, name, ("jump",))
    return _refuted_or_unknown(found, "a bound on the derivative")


def _smooth(subject: Subject, claim: Claim) -> Decision:
    (bound,) = claim.arguments
    if len(claim.inputs) > 1:
        return _unknown("no prover decides a slope in several inputs jointly yet")
    (name,) = claim.inputs
    first, second = subject.slope(name), _second(subject, claim.inputs)
    if second is not None and _is_within(subject, second, bound):
        return Decision("proved", "by a bound on the second derivative")
    if subject.is_short:
        bends = subject.bounds(name)
        if all(subject.is_at_least(bound, one) for one in (bends.high, -bends.low)):
            return Decision(
                "proved", "by the structure of the Hessian, which bounds its eigenvalues"
            )
    if subject.is_smooth(name, 1) and extremes.is_bounded_by(subject, name, 2, bound):
        return Decision("proved", "by the extremes of the second derivative")
    if curves.is_within_on_lines(subject, name, 2, -bound, bound):
        return Decision("proved", "by a bound on the second derivative of each piece, on the line")
    found = None if first is None else counterexamples.steep(subject, name, first, bound)
    found = found or extremes.beyond(subject, name, 2, bound) or _break(subject, name)
    return _refuted_or_unknown(found, "a bound on the second derivative")


def _is_no_longer_than(subject: Subject, name: str, bound: Expression) -> bool:
    longest = subject.bounds(name).squared_slope
    is_bound = subject.is_at_least(bound, sympy.Integer(0))
    return is_bound and longest != sympy.oo and subject.is_at_least(bound**2, longest)


def _break(subject: Subject, name: str, kinds: Sequence[str] = ("kink", "jump")) -> str | None:
    """Exact inputs at which the slope, or the value, jumps."""
    for one in subject.kinks(name):
        if one.order is None or one.order < 1:
            witness = subject.witness(name, one)
            if witness is not None and witness.kind in kinds:
                return f"a {witness.kind}, {witness.text}"
    return None


def _robust(subject: Subject, claim: Claim) -> Decision:
    def one(name: str) -> Decision:
        first = subject.slope(name)
        is_continuous = first is not None and subject.is_smooth(name, 0)
        if is_continuous and subject.ranges.of(first).is_bounded:
            return Decision("proved", "by a bound on the derivative")
        if is_continuous and _has_lipschitz_bound(subject, name, first):
            return Decision("proved", "by the Lipschitz constant that is claimed, and proved")
        if is_continuous and extremes.is_bounded(subject, name):
            return Decision("proved", "the extremes of the derivative are finite")
        return _unknown("tried: a bound on the derivative")

    return _each(subject, claim, one)


def _has_lipschitz_bound(subject: Subject, name: str, first: Expression) -> bool:
    """Whether a claimed bound, an expression of hyperparameters, holds for the derivative."""
    bounds = [
        one.arguments[0]
        for one in subject.declared.claims
        if one.words[0] == "lipschitz" and one.inputs == (name,) and not one.negated
    ]
    return any(_is_within(subject, first, bound) for bound in bounds)


def _is_within(subject: Subject, expression: Expression, bound: Expression) -> bool:
    return subject.inequalities.is_within(expression, bound)


def _differentiable(subject: Subject, claim: Claim) -> Decision:
    (order,) = claim.arguments

    def one(name: str) -> Decision:
        if subject.smoothness(name).ends_at_edge:
            return _unknown(
                "a function ends at the edge of the domain: its derivative may be infinite there"
            )
        if order.is_Integer and subject.is_smooth(name, int(order)):
            return Decision("proved", "no kink of that order")
        infinite = -sympy.oo, sympy.oo
        if order.is_Integer and curves.is_within_on_lines(subject, name, int(order) + 1, *infinite):
            return Decision("proved", "the derivatives of the pieces agree where they meet")
        found = _break(subject, name) if order.is_positive else None
        return refuted(found) if found else _unknown("tried: the kinks of the formula")

    return _each(subject, claim, one)


# ------------------------------------------------------------------ symmetry


def _symmetric(subject: Subject, claim: Claim) -> Decision:
    program = subject.program
    pairs = list(zip(claim.inputs, claim.inputs[1:], strict=False))
    if all(_is_swappable(subject, first, second) for first, second in pairs):
        return Decision("proved", "exchanging the two gives the same formula")
    if subject.is_short and all(
        exchange.is_unchanged(program, first, second) for first, second in pairs
    ):
        return Decision("proved", "exchanging the two gives the same formulas, in another order")
    found = None
    for first, second in pairs:
        if _is_alike(program, first, second):
            found = found or counterexamples.swapped(subject, first, second)
    return _refuted_or_unknown(found, "exchanging the two in the formula")


def _is_swappable(subject: Subject, first: str, second: str) -> bool:
    program = subject.program
    one, other = program.input[first], program.input[second]
    if one.dimensions or other.dimensions or not _is_alike(program, first, second):
        return False
    if any(_is_read_at(let, (first, second)) for let in program.lets):
        return False
    exchange = {one.read(): other.read(), other.read(): one.read()}
    inner = [let for let in program.lets if let.name != subject.let.name]
    if any(side.xreplace(exchange) != side for let in inner for side in (let.body, let.guard)):
        return False
    return bool(sympy.expand(subject.value.xreplace(exchange) - subject.value) == 0)


def _is_read_at(let: Let, names: Sequence[str]) -> bool:
    """Whether something is gathered at a position that one of these inputs gives."""
    positions = [position for read in let.reads for position in read.positions]
    return any(isinstance(one.base, Read) and one.base.tensor in names for one in positions)


def _is_alike(program: Program, first: str, second: str) -> bool:
    one, other = program.input[first], program.input[second]
    return one.domain == other.domain and one.dimensions == other.dimensions


PROVERS: Mapping[str, Prover] = {
    "nonnegative": _nonnegative,
    "bounded": _bounded,
    "convex": _convex,
    "concave": _concave,
    "affine": _affine,
    "strictly_convex": _strictly_convex,
    "strongly_convex": _strongly_convex,
    "quasiconvex": _quasiconvex,
    "lipschitz": _lipschitz,
    "smooth": _smooth,
    "robust": _robust,
    "differentiable": _differentiable,
    "symmetric": _symmetric,
    "calibrated": calibration.calibrated,
    "bounds": calibration.bounds,
    "proper": propriety.proper,
    "strictly_proper": propriety.strictly_proper,
    "divergence": divergences.divergence,
    "likelihood": likelihoods.likelihood,
    "invariant": invariance.invariant,
    "estimates": elicitation.estimates,
}
"""The properties that are decided here; the others have no prover yet."""

TRANSFORMING = frozenset({
    "calibrated", "bounds", "proper", "strictly_proper", "divergence", "likelihood", "invariant",
    "estimates",
})  # fmt: skip
"""Properties whose provers transform the whole formula."""
