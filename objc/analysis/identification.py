"""What the slope of a part says of the statistic that a loss estimates, or of the probability it is proper
for: its values at both outcomes, or on both sides of the target, and what is left of them where they are to
cancel.

The slope of an expected loss is the sum of those of its terms: a term that leaves something where the whole
loss is to leave nothing is what moves the minimum.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

import sympy

from objc.analysis.facts import Fact
from objc.analysis.signs.elementary import is_smooth_formula, is_zero, pieces, plain
from objc.ir.program import Input, Program
from objc.ir.symbols import Read, reads
from objc.ir.text import Text

Look: TypeAlias = "Callable[[Any], tuple[str, bool] | None]"
"""Of a slope: what it says, and whether it is as the property wants it."""

_HALF = sympy.Rational(1, 2)
_OUTCOMES = {"binary": (1, 0), "sign": (1, -1)}
_GREATEST = 80
"""Operations of a slope beyond which it isn't looked at."""


def look_of(program: Program, fact: Fact, name: str | None) -> Look | None:
    """What a property looks for in the slope in one number; None where it looks for nothing more."""
    data = [one for one in program.inputs if one.role == "data"]
    if name is None or len(data) != 1 or data[0].dimensions:
        return None
    prediction, (target,) = program.input[name], data
    if fact.property in ("proper", "strictly_proper"):
        return _balance(program, prediction, target)
    statistic, _, _ = (fact.value or "").partition(" ")
    if statistic == "mean":
        return _at_target(program, prediction, target)
    if statistic in ("median", "quantile", "expectile"):
        return _on_both_sides(program, prediction, target, next(iter(fact.arguments), _HALF))
    return None


def terms_of(program: Program) -> frozenset[Any]:
    """The expressions that are terms of the loss, times numbers and hyperparameters perhaps: what a term
    leaves over is left over by the whole."""
    found: set[Any] = set()
    waiting = [program.lets[-1].body]
    plain_inputs = {one.name for one in program.inputs if one.role == "hyperparameter"}
    while waiting:
        one = waiting.pop()
        found.add(one)
        if isinstance(one, sympy.Add):
            waiting.extend(one.args)
        elif isinstance(one, sympy.Mul):
            varying = [each for each in one.args if {r.tensor for r in reads(each)} - plain_inputs]
            waiting.extend(varying if len(varying) == 1 else [])
        elif isinstance(one, Read) and one.tensor in program.let:
            let = program.let[one.tensor]
            waiting.extend([let.body] if let.reduction is None and not let.free else [])
    return frozenset(found)


def _balance(program: Program, prediction: Input, target: Input) -> Look | None:
    """At both outcomes, weighed by the probability that is predicted."""
    q, text = prediction.read(), Text(program)
    shares = {"probability": q, "real": 1 / (1 + sympy.exp(-q))}
    if target.domain.kind not in _OUTCOMES or prediction.domain.kind not in shares:
        return None
    p, labels = shares[prediction.domain.kind], _OUTCOMES[target.domain.kind]

    def look(slope: Any) -> tuple[str, bool] | None:
        formula = plain(slope)
        if slope.count_ops() > _GREATEST or not is_smooth_formula(formula, q):
            return None
        first, second = (formula.xreplace({target.read(): sympy.Integer(one)}) for one in labels)
        left = sympy.simplify(p * first + (1 - p) * second)
        is_balanced = is_zero(left)
        if is_zero(first - second) and not is_balanced:
            return (
                f"slope {text.scalar(slope).text} at either outcome, and so in expectation",
                False,
            )
        told = ", ".join(
            f"{text.scalar(sympy.simplify(one)).text} at {target.name} = {label}"
            for one, label in zip((first, second), labels, strict=True)
        )
        rest = "0" if is_balanced else text.scalar(left).text
        return f"slope {told}, which p and 1 - p weigh to {rest}", is_balanced

    return look


def _at_target(program: Program, prediction: Input, target: Input) -> Look:
    """Where the prediction is the target, and how it goes on from there."""
    q, y, text = prediction.read(), target.read(), Text(program)

    def look(slope: Any) -> tuple[str, bool] | None:
        if slope.count_ops() > _GREATEST or not is_smooth_formula(slope, y):
            return None
        if not slope.has(y):
            return f"slope {text.scalar(slope).text} whatever {target.name} is", is_zero(slope)
        here = sympy.simplify(slope.xreplace({y: q}))
        height = sympy.simplify(-sympy.diff(plain(slope), y))
        told = f"slope {text.scalar(slope).text}"
        if not is_zero(here):
            rest = text.scalar(here).text
            return f"{told}, {rest} where {prediction.name} is {target.name}", False
        if height.has(y):
            return f"{told}, not linear in {target.name}", False
        if height == 1:
            return told, True
        return f"{told} = {text.scalar(height).text} · ({prediction.name} - {target.name})", True

    return look


def _on_both_sides(program: Program, prediction: Input, target: Input, level: Any) -> Look:
    """For a target below the prediction and above it, weighed by the level."""
    q, y, text = prediction.read(), target.read(), Text(program)
    t = sympy.Dummy("t", positive=True)

    def look(slope: Any) -> tuple[str, bool] | None:
        if slope.count_ops() > _GREATEST:
            return None
        sides = []
        for sign in (-1, 1):
            found = pieces(plain(slope).xreplace({y: q + sign * t}))
            if found is None or len(found) != 1:
                return None
            sides.append(sympy.simplify(found[0][1].xreplace({t: sign * (y - q)})))
        below, above = sides
        left = sympy.simplify(level * below + (1 - level) * above)
        if below == above:
            return f"slope {text.scalar(below).text}", is_zero(left)
        told = (
            f"slope {text.scalar(below).text} where {target.name} < {prediction.name},"
            f" {text.scalar(above).text} where it is greater"
        )
        return told, is_zero(left)

    return look
