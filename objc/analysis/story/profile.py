"""The shape of a loss's gradient: its slope in one prediction, over a range of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sympy

from objc.analysis.claims import decided
from objc.analysis.statistics.classes import classes_of
from objc.analysis.subject import Subject
from objc.analysis.values.evaluation import is_finite, outputs_of_all
from objc.analysis.values.samples import Values, samples
from objc.ir.domain import number_of
from objc.ir.program import Input, Program

_COLUMNS = 61
_ROWS = 9
_STEP = 1e-6
_CLASSES = 3
_LABELS = {"sign", "binary", "probability"}


@dataclass(frozen=True)
class Profile:
    """The slope in what `across` says, at points of it, where the rest stands as `fixed` says."""

    name: str
    across: str
    fixed: str
    points: tuple[float, ...]
    slopes: tuple[float, ...]

    def at(self, places: Sequence[float]) -> str:
        """`-1 at -4, -0.5 at 0`: the slopes at the points nearest to some places."""
        found = []
        for place in places:
            pairs = zip(self.points, self.slopes, strict=True)
            x, slope = min(pairs, key=lambda one: abs(one[0] - place))
            found.append(f"{slope:.3g} at {round(x, 9):.4g}")
        return ", ".join(found)

    def drawn(self) -> list[str]:
        """The shape in lines of text: the slope upwards, the prediction to the right."""
        low, high = min(0.0, *self.slopes), max(0.0, *self.slopes)
        span = high - low or 1.0
        rows = [round((slope - low) / span * (_ROWS - 1)) for slope in self.slopes]
        zero = round(-low / span * (_ROWS - 1))
        lines = []
        for row in range(_ROWS - 1, -1, -1):
            mark = {_ROWS - 1: f"{high:.3g}", 0: f"{low:.3g}", zero: "0"}.get(row, "")
            blank = "─" if row == zero else " "
            cells = "".join("•" if here == row else blank for here in rows)
            lines.append(f"{mark:>8} ┤{cells}")
        ends = f"{self.points[0]:g}", f"{self.points[-1]:g}"
        gap = " " * max(1, len(self.points) - len(ends[0]) - len(ends[1]))
        lines.append(" " * 10 + ends[0] + gap + ends[1])
        lines.append(f"          slope in {self.name}, against {self.across}{self.fixed}")
        return lines


@dataclass(frozen=True)
class _View:
    """An input that runs over a range, entry by entry as `put` says, and what it is called."""

    input: Input
    low: float
    high: float
    across: str
    set: Mapping[str, Any]
    entries: int | None = None
    fixed: str = ""

    def value(self, x: float) -> Any:
        return x if self.entries is None else [x] + [0.0] * (self.entries - 1)


def profile(program: Program) -> Profile | None:
    """The shape of the gradient at the defaults, where a loss has one prediction that it is of."""
    is_one = program.kind in ("loss", "player", "objective") and len(program.terms) == 1
    if not is_one:
        return None
    subject = Subject(program)
    view = _view(subject)
    return None if view is None else _seen(subject, view)


def residual(subject: Subject) -> tuple[Input, Input] | None:
    """A prediction and its target, where the loss is one of their difference."""
    moving = subject.declared.differentiable
    data = [one for one in subject.declared.inputs if one.role == "data"]
    if len(moving) != 1 or len(data) != 1 or len(subject.program.lets) != 1:
        return None
    (prediction,), (target,) = moving, data
    if prediction.dimensions or target.dimensions:
        return None
    if prediction.domain.kind != "real" or target.domain.kind != "real":
        return None
    q, y, c = prediction.read(), target.read(), sympy.Dummy("c", real=True)
    moved = _compared(subject.value.xreplace({q: q + c, y: y + c}))
    return (prediction, target) if not moved.has(c) or not sympy.expand(moved).has(c) else None


def _compared(value: Any) -> Any:
    """A formula of which the comparisons are of a difference with zero."""
    relations = value.atoms(sympy.core.relational.Relational)
    return value.xreplace({one: one.func(sympy.expand(one.lhs - one.rhs), 0) for one in relations})


def _view(subject: Subject) -> _View | None:
    inputs = [one for one in subject.declared.inputs if one.role != "hyperparameter"]
    moving = [one for one in inputs if one.is_differentiable]
    data = [one for one in inputs if not one.is_differentiable]
    if (case := classes_of(subject)) is not None:
        across = f"the label's entry of {case.scores.name}, those of the other classes 0"
        size = case.scores.dimensions[0].size or _CLASSES
        set_ = {case.label.name: 0}
        return _View(case.scores, -5, 5, across, set_, size, f", {size} classes")
    if any(one.dimensions for one in inputs):
        return None
    rest = {one.name: _reference(one) for one in data}
    if any(value is None for value in rest.values()):
        return None
    fixed = "".join(f", {name} = {value:g}" for name, value in rest.items())
    if len(moving) == 2 and all(one.domain.kind == "real" for one in moving):
        first, second = moving
        across = f"{first.name} - {second.name}"
        if not decided(subject, "invariant", "shift", inputs=(first.name, second.name)).is_proof:
            fixed = f", {second.name} = 1{fixed}"
            return _View(first, -5, 5, first.name, {**rest, second.name: 1.0}, fixed=fixed)
        return _View(first, -5, 5, across, {**rest, second.name: 0.0}, fixed=fixed)
    if len(moving) != 1:
        return None
    if len(data) == 1:
        return _of_target(subject, moving[0], data[0])
    (one,) = moving
    return _View(one, -5, 5, one.name, rest, fixed=fixed) if one.domain.kind == "real" else None


def _of_target(subject: Subject, prediction: Input, target: Input) -> _View | None:
    name, kind = prediction.name, prediction.domain.kind
    value = _reference(target)
    if value is None:
        return None
    set_, fixed = {target.name: value}, f", {target.name} = {value:g}"
    if kind == "real":
        if target.domain.kind == "real" and residual(subject) is not None:
            return _View(prediction, -5, 5, f"{name} - {target.name}", {target.name: 0.0})
        return _View(prediction, -5, 5, name, set_, fixed=fixed)
    if kind == "probability":
        return _View(prediction, 0.02, 0.98, name, set_, fixed=fixed)
    if kind in ("positive", "nonnegative"):
        return _View(prediction, 0.1, 5, name, set_, fixed=fixed)
    return None


def _reference(target: Input) -> float | None:
    kind = target.domain.kind
    is_known = kind in _LABELS or kind in ("real", "positive", "nonnegative", "count")
    return 1.0 if is_known else None


def _seen(subject: Subject, view: _View) -> Profile | None:
    base = _defaults(subject)
    if base is None:
        return None
    base |= view.set
    width = view.high - view.low
    points = [view.low + width * k / (_COLUMNS - 1) for k in range(_COLUMNS)]
    names = list(subject.program.input)
    if view.input.name not in names or any(
        base.get(one) is None for one in names if one != view.input.name
    ):
        return None
    here = {name: base.get(name) for name in names}
    slopes = _exact(subject, view, here, points) or _by_differences(subject, view, here, points)
    if slopes is None or not all(map(is_finite, slopes)):
        return None
    text = view.fixed + _settings(subject, base)
    rounded = tuple(float(f"{slope:.6g}") or 0.0 for slope in slopes)
    return Profile(view.input.name, view.across, text, tuple(points), rounded)


def _exact(subject: Subject, view: _View, here: Values, points: list[float]) -> list[Any] | None:
    """By the derivative, with what is taken for it at kinks."""
    slope = subject.slope(view.input.name)
    if slope is None:
        return None
    program = subject.extended({"slope": slope})
    places = [{**here, view.input.name: x} for x in points]
    found = [one["slope"] for one in outputs_of_all(program, places) if one is not None]
    return found if len(found) == len(points) else None


def _by_differences(
    subject: Subject, view: _View, here: Values, points: list[float]
) -> list[Any] | None:
    places = [
        {**here, view.input.name: view.value(x + step)} for x in points for step in (_STEP, -_STEP)
    ]
    found = [one["total"] for one in outputs_of_all(subject.program, places) if one is not None]
    if len(found) < len(places):
        return None
    return [(up - down) / (2 * _STEP) for up, down in zip(found[::2], found[1::2], strict=True)]


def _defaults(subject: Subject) -> Values | None:
    """Hyperparameters at their defaults; one that has none is as it is drawn first."""
    drawn = next(iter(samples(subject.program, 1)), None)
    if drawn is None:
        return None
    values: Values = {}
    for one in subject.program.inputs:
        if one.role == "hyperparameter":
            known = None if one.default is None else number_of(one.default, values, {})
            known = drawn[one.name] if known is None else known
            values[one.name] = int(known) if one.domain.is_integer else known
    return values


def _settings(subject: Subject, values: Values) -> str:
    used = [one.name for one in subject.program.inputs if one.role == "hyperparameter"]
    return "".join(f", {name} = {float(values[name]):.4g}" for name in used)
