"""Provers of what happens far out: `coercive`, `tends A B` (at minus infinity and at infinity), and
`redescending`, where the influence of an error goes to zero as the error grows.

A loss is looked at as a function of one number with the rest held fixed, whatever that is: each label by
itself, and from a target on, where there is one.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import sympy

from objc.analysis.decision import Decision, proved, refuted
from objc.analysis.facts import Fact
from objc.analysis.shape.ends import end_of
from objc.analysis.shape.invariance import factor_of, moves
from objc.analysis.signs.elementary import is_zero
from objc.analysis.subject import Subject
from objc.analysis.values.evaluation import certified, is_finite
from objc.analysis.values.samples import samples, shown
from objc.ir.program import Claim, Input
from objc.ir.symbols import Expression, Read
from objc.ir.text import Text

_LABELS = {"sign": (-1, 1), "binary": (0, 1)}
_MOST_CASES = 4
_CONES = frozenset({"real", "positive", "nonnegative"})
_TRIES = 12
_INFINITE = (sympy.oo, -sympy.oo)


@dataclass(frozen=True)
class Side:
    """What a formula tends to on one side, for one value of the labels; None is unknown. `told` is the
    value in the text's own words."""

    value: Any
    sign: int
    labels: str
    told: str = field(default="", compare=False)

    def in_words(self, name: str) -> str:
        there = "∞" if self.sign > 0 else "-∞"
        at = f", at {self.labels}" if self.labels else ""
        value = str(self.value).replace("oo", "∞") if self.value in _INFINITE else self.told
        return f"it tends to {value} as {name} goes to {there}{at}"


def coercive_on_its_line(subject: Subject, claim: Claim) -> Decision | None:
    """A function of one number on the line: by its limits on both sides."""
    if len(claim.inputs) != 1 or subject.program.input[claim.inputs[0]].domain.kind != "real":
        return None
    sides = sides_of(subject, claim.inputs[0], subject.value)
    for one in sides:
        if one.value is not None and one.value != sympy.oo:
            return refuted(one.in_words(claim.inputs[0]))
    if sides and all(one.value == sympy.oo for one in sides):
        return proved("it grows without bound to both sides")
    return None


def strong_convexity(subject: Subject, claim: Claim) -> Decision | None:
    """What is strongly convex on the whole space is coercive."""
    if len(claim.inputs) != 1 or subject.program.input[claim.inputs[0]].domain.kind != "real":
        return None
    if subject.is_short and subject.bounds(claim.inputs[0]).low.is_positive:
        return proved("it is strongly convex, by the structure of the Hessian")
    return None


def flat_directions(subject: Subject, claim: Claim) -> Decision | None:
    """What no shift, or no scaling, changes does not grow along it; nor does what is bounded above."""
    domains = {subject.program.input[name].domain.kind for name in claim.inputs}
    if domains != {"real"}:
        return None
    if subject.range.high < float("inf"):
        return refuted("it is bounded above")
    for kind, how in (("shift", "adding one number to all entries"), ("scale", "a scaling")):
        if subject.is_short and moves(
            subject, Claim(False, ("invariant", kind), (), None, claim.inputs)
        ):
            return refuted(f"{how} changes nothing, however far it goes")
    return None


def limits(subject: Subject, claim: Claim) -> Decision | None:
    """`tends A B`: the limits on both sides, the same for all labels."""
    wanted = {-1: claim.arguments[0], 1: claim.arguments[1]}
    sides = sides_of(subject, claim.inputs[0], subject.value) if len(claim.inputs) == 1 else []
    for one in sides:
        if one.value is not None and not _is_same(one.value, wanted[one.sign]):
            is_decided = not (one.value.free_symbols or wanted[one.sign].free_symbols)
            return refuted(one.in_words(claim.inputs[0])) if is_decided else None
    if sides and all(one.value is not None for one in sides):
        return proved("by its leading term on both sides")
    return None


def vanishing_slope(subject: Subject, claim: Claim) -> Decision | None:
    """`redescending`: the slope goes to zero on both sides."""
    (name,) = claim.inputs
    first = subject.slope(name)
    sides = [] if first is None else sides_of(subject, name, first)
    for one in sides:
        if one.value in (sympy.oo, -sympy.oo) or (one.value is not None and one.value.is_nonzero):
            return refuted(f"of the slope, {one.in_words(name)}")
    if sides and all(one.value == 0 for one in sides):
        return proved("the slope goes to zero on both sides")
    return None


def degree(subject: Subject, claim: Claim) -> Decision | None:
    """`homogeneous N`: scaling the inputs by c > 0 multiplies the value by cᴺ."""
    found = factor_of(subject.program, claim.inputs)
    if found is None:
        return None
    factor, by = found
    (wanted,) = claim.arguments
    if is_zero(sympy.log(factor) - wanted * sympy.log(by)):
        return proved(f"scaling by c multiplies each part in turn, the whole by c^{wanted}")
    return None


# ------------------------------------------------------------------ what is looked for


def sides_as_claims(subject: Subject, word: str, names: tuple[str, ...]) -> Iterator[Claim]:
    """`tends A B` with what is found on both sides."""
    sides = sides_of(subject, names[0], subject.value) if len(names) == 1 else []
    if not sides:
        return
    found = []
    for sign in (-1, 1):
        values = {one.value for one in sides if one.sign == sign}
        value = values.pop() if len(values) == 1 else None
        if value is None or not _is_of_hyperparameters(subject, value):
            return
        found.append(value)
    yield Claim(False, (word,), tuple(found), None, names)


def degrees_as_claims(subject: Subject, word: str, names: tuple[str, ...]) -> Iterator[Claim]:
    """`homogeneous N` with the degree by which a scaling multiplies the value."""
    found = factor_of(subject.program, names) if subject.is_short else None
    if found is None:
        return
    factor, by = found
    power = sympy.simplify(by * sympy.diff(sympy.log(factor), by))
    if not power.has(by) and _is_of_hyperparameters(subject, power):
        yield Claim(False, (word,), (power,), None, names)


def no_degree(
    subject: Subject, word: str, names: tuple[str, ...], facts: Sequence[Fact]
) -> Decision | None:
    """No `homogeneous N` holds where the values at x, 2x and 4x are no geometric sequence."""
    if any(subject.program.input[name].domain.kind not in _CONES for name in names):
        return None
    for drawn in samples(subject.program, _TRIES):
        places = [
            {**drawn, **{name: _scaled(drawn[name], by) for name in names}} for by in (1, 2, 4)
        ]
        found = [certified(subject.program, one) for one in places]
        values = [one["total"] for one in found if one is not None and is_finite(one["total"])]
        if len(values) < 3:
            continue
        gap, size = abs(values[1] ** 2 - values[0] * values[2]), max(map(abs, values))
        if gap > 1e-6 * (1 + size) ** 2:
            told = ", ".join(f"{float(one):.6g}" for one in values)
            text = f"{told} are no geometric sequence, at 1, 2 and 4 times {shown(drawn, names)}"
            others = shown(drawn, set(drawn) - set(names))
            return refuted(text + (f", at {others}" if others else ""))
    return None


def no_extreme(
    subject: Subject, word: str, names: tuple[str, ...], facts: Sequence[Fact]
) -> Decision | None:
    """There is no greatest value, or no least, of what runs to an infinity in some input."""
    end = "∞" if word in ("maximum", "supremum") else "-∞"
    for one in facts:
        if one.verdict != "proved":
            continue
        if one.property == "coercive" and end == "∞":
            return refuted(f"it grows without bound in {', '.join(one.of)}")
        if one.property == "tends" and end in (one.value or "").split():
            return refuted(f"it tends to {end} in {', '.join(one.of)}")
    return None


def _scaled(value: Any, by: int) -> Any:
    return [_scaled(one, by) for one in value] if isinstance(value, list) else value * by


# ------------------------------------------------------------------ sides


def sides_of(subject: Subject, name: str, formula: Any) -> list[Side]:
    """The limits on both sides, for each value of the labels."""
    one = subject.program.input[name]
    if one.dimensions or one.domain.kind != "real" or not subject.is_short:
        return []
    if any(name in subject.reaching(read.tensor) for read in formula.atoms(Read)):
        return []
    t = sympy.Dummy("t", positive=True)
    found = []
    for labels, here in _cases(subject, formula):
        start = _start(subject, one, here)
        for sign in (-1, 1):
            far = here.xreplace({one.read(): start + sign * t})
            far = far if not far.has(one.read()) else far.xreplace({one.read(): sign * t})
            end = end_of(far, t)
            found.append(Side(end, sign, labels, _told(subject, end)))
    return found


def _told(subject: Subject, value: Any) -> str:
    if value is None or value in _INFINITE:
        return str(value)
    return Text(subject.program).scalar(value).text


def _start(subject: Subject, one: Input, formula: Any) -> Any:
    """The target from which on a loss of a difference is looked at; else zero."""
    others = [read for read in formula.atoms(Read) if read != one.read() and not read.positions]
    data = [
        read for read in others
        if read.tensor in subject.program.input
        and subject.program.input[read.tensor].role == "data"
        and subject.program.input[read.tensor].domain.kind == "real"
    ]  # fmt: skip
    if len(data) != 1:
        return sympy.Integer(0)
    t = sympy.Dummy("t", positive=True)
    is_free = not formula.xreplace({one.read(): data[0] + t}).has(data[0])
    return data[0] if is_free else sympy.Integer(0)


def _cases(subject: Subject, formula: Any) -> Iterator[tuple[str, Any]]:
    """The formula for each value of the labels in it."""
    cases = [("", formula)]
    for read in sorted(formula.atoms(Read), key=str):
        one = subject.program.input.get(read.tensor)
        if one is None or read.positions or one.domain.kind not in _LABELS:
            continue
        cases = [
            (
                f"{text}{', ' if text else ''}{one.name} = {y}",
                here.xreplace({read: sympy.Integer(y)}),
            )
            for text, here in cases
            for y in _LABELS[one.domain.kind]
        ]
    yield from cases[:_MOST_CASES] if len(cases) <= _MOST_CASES else [("", formula)]


def _is_same(one: Expression, other: Expression) -> bool:
    return bool(one == other) or (one.is_finite is not False and is_zero(one - other))


def _is_of_hyperparameters(subject: Subject, value: Any) -> bool:
    known = {one.name for one in subject.program.inputs if one.role == "hyperparameter"}
    return all(isinstance(one, Read) and one.tensor in known for one in value.free_symbols)
