"""How errors of each size are weighed: the slope near an error of 0, of size 1, and far out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import sympy

from objc.analysis.claims import decided
from objc.analysis.shape.ends import end_of
from objc.analysis.signs.elementary import is_positive, is_zero, plain
from objc.analysis.signs.far import far_out
from objc.analysis.signs.near import germ
from objc.analysis.statistics.margins import margin_of
from objc.analysis.story.profile import Profile, residual
from objc.analysis.subject import Subject
from objc.ir.program import Input
from objc.ir.text import Text


def weighing(subject: Subject, shape: Profile | None) -> Iterator[str]:
    """Sentences on the slope, for a loss of a difference or of a margin; else of the drawn shape."""
    pair = residual(subject)
    if pair is not None:
        yield from _of_difference(subject, *pair, shape)
    elif margin_of(subject) is not None:
        yield from _of_margin(subject, shape)
    elif shape is not None:
        yield from of_shape(shape)


@dataclass(frozen=True)
class Ray:
    """The loss as a function of a distance t > 0 in one direction, and its slope there."""

    subject: Subject
    value: Any
    slope: Any
    t: Any

    def at(self, settings: Mapping[Any, Any]) -> Ray:
        """The same with hyperparameters at some values."""
        value, slope = (one.xreplace(dict(settings)) for one in (self.value, self.slope))
        return Ray(self.subject, value, slope, self.t)

    def near(self, order: int) -> Any:
        """A derivative in the distance, as it tends to 0."""
        form = germ(plain(self.value), self.t)
        if form is None:
            return None
        found = sympy.simplify(sympy.diff(form, self.t, order).subs(self.t, 0))
        return None if found.has(sympy.nan, sympy.zoo, sympy.oo, -sympy.oo) else found

    def far(self) -> Any:
        """What the derivative in the distance tends to as it grows."""
        return end_of(self.slope, self.t)

    def is_at_least_zero(self, formula: Any) -> bool:
        return is_zero(formula) or self.subject.is_at_least(formula, sympy.Integer(0))

    def is_still(self) -> bool:
        """Whether the slope is 0 from some distance on, at the defaults."""
        form = far_out(plain(self.slope.xreplace(_defaults(self.subject))), self.t)
        return form is not None and is_zero(form)

    def text(self, formula: Any) -> str:
        return Text(self.subject.program).scalar(formula).text


def _defaults(subject: Subject) -> dict[Any, Any]:
    return {
        one.read(): one.default
        for one in subject.program.inputs
        if one.default is not None and one.default.is_number
    }


def ray_of(subject: Subject, name: str, sign: int, fixed: dict[Any, Any]) -> Ray | None:
    slope = subject.slope(name)
    if slope is None:
        return None
    t = sympy.Dummy("t", positive=True)
    there = {**fixed, subject.program.input[name].read(): sign * t}
    return Ray(subject, subject.value.xreplace(there), sign * slope.xreplace(there), t)


# ------------------------------------------------------------------ differences


def _of_difference(
    subject: Subject, prediction: Input, target: Input, shape: Profile | None
) -> Iterator[str]:
    name, zero = prediction.name, {target.read(): sympy.Integer(0)}
    above, below = (ray_of(subject, name, sign, zero) for sign in (1, -1))
    if above is None or below is None:
        return
    said = [*_small(above, below), *_large(subject, above, below)]
    yield from said
    if not said and (settings := _defaults(subject)):
        told = ", ".join(f"{read.tensor} = {value}" for read, value in settings.items())
        above, below = (one.at(settings) for one in (above, below))
        for one in (*_small(above, below), *_large(subject, above, below)):
            yield f"{one[:-1]} (at {told})."
    if shape is not None:
        sizes = shape.at((-4, -1, -0.5, 0.5, 1, 4))
        yield f"Its slope, by {name} - {target.name}{_setting(shape)}: {sizes}."


def _setting(shape: Profile) -> str:
    return f" ({shape.fixed.removeprefix(', ')})" if shape.fixed else ""


def _small(above: Ray, below: Ray) -> Iterator[str]:
    slopes = above.near(1), below.near(1)
    if None in slopes or not all(map(above.is_at_least_zero, slopes)):
        return  # it does not rise on both sides: what is small is no error
    if all(is_zero(one) for one in slopes):
        bends = above.near(2), below.near(2)
        if None in bends:
            return
        if all(is_positive(one) for one in bends):
            yield "Small errors pull in proportion to their size."
        elif _is_flat(above) and _is_flat(below):
            yield "Small errors do not pull at all: it is flat there."
        elif all(is_zero(one) for one in bends):
            yield "Small errors hardly pull: less than in proportion to their size."
        return
    sizes = [above.text(sympy.Abs(one) if one.is_number else one) for one in slopes]
    for size, (this, other) in zip(sizes, (("above", "below"), ("below", "above")), strict=True):
        if size != "0" and "0" in sizes:
            yield (
                f"However small an error is, it pulls with the same slope, {size}, where the prediction is"
                f" {this} the target; where it is {other}, the less the smaller the error."
            )
            return
    told = f"{sizes[0]} for a prediction above the target and {sizes[1]} for one below it"
    told = sizes[0] if sizes[0] == sizes[1] else told
    yield f"However small an error is, it pulls with the same slope, {told}."


def _is_flat(ray: Ray) -> bool:
    form = germ(plain(ray.value), ray.t)
    return form is not None and is_zero(sympy.diff(form, ray.t))


def _large(subject: Subject, above: Ray, below: Ray) -> Iterator[str]:
    ends = above.far(), below.far()
    if None in ends:
        if decided(subject, "robust", inputs=(subject.declared.differentiable[0].name,)).is_proof:
            yield "No error pulls without bound: its influence is bounded."
        return
    if all(one == 0 for one in ends):
        how = "is" if above.is_still() and below.is_still() else "tends to"
        yield (
            f"The largest errors hardly pull: far out the slope {how} 0, so that outliers are left aside,"
            " and a bad start may be too."
        )
    elif all(one == sympy.oo for one in ends):
        yield "The larger an error, the harder it pulls, without bound: an outlier may outweigh all else."
    elif all(one.is_finite and above.is_at_least_zero(one) for one in ends):
        texts = [above.text(one) for one in ends]
        told = (
            texts[0]
            if texts[0] == texts[1]
            else f"{texts[0]} above the target and {texts[1]} below it"
        )
        yield f"The slope of a large error tends to {told}: its influence does not grow with its size."
    else:
        yield (
            f"As the prediction runs off above the target the slope tends to {above.text(ends[0])}, and"
            f" below it to {below.text(-ends[1])}."
        )


# ------------------------------------------------------------------ margins


def _of_margin(subject: Subject, shape: Profile | None) -> Iterator[str]:
    margin = margin_of(subject)
    assert margin is not None
    label = next(one for one in subject.program.inputs if one.role == "data")
    fixed = {label.read(): sympy.Integer(1)}
    right, wrong = (ray_of(subject, margin.name, sign, fixed) for sign in (1, -1))
    if right is not None and wrong is not None:
        yield from _right(right)
        yield from _wrong(wrong)
    if shape is not None:
        places = shape.at((-4, -1, 0, 1, 4))
        yield f"Its slope, by {label.name} · {margin.name}{_plain_setting(shape)}: {places}."


def _plain_setting(shape: Profile) -> str:
    parts = [one for one in shape.fixed.split(", ")[2:] if one]
    return f" ({', '.join(parts)})" if parts else ""


def _right(ray: Ray) -> Iterator[str]:
    end = ray.far()
    if end == 0:
        hardly = "do not pull at all" if ray.is_still() else "hardly pull"
        yield f"Examples far on the right side of the boundary {hardly}."
    elif end is not None and end.is_positive:
        yield "Examples far on the right side are pulled back: the slope there is above 0."


def _wrong(ray: Ray) -> Iterator[str]:
    end = ray.far()
    if end == 0:
        how = "is" if ray.is_still() else "tends to"
        yield f"Bad mistakes are given up: far on the wrong side the slope {how} 0."
    elif end is not None and end.is_infinite:
        yield "The worse a mistake, the harder it pulls, without bound."
    elif end is not None:
        size = ray.text(end)
        yield f"As a mistake grows worse its slope tends to {size} in size: none pulls without bound."


# ------------------------------------------------------------------ other shapes


def of_shape(shape: Profile) -> Iterator[str]:
    """The slope at a few places, and where it is steepest."""
    low, high = shape.points[0], shape.points[-1]
    places = [low + (high - low) * share for share in (0, 0.25, 0.5, 0.75, 1)]
    yield f"Its slope by {shape.across}{shape.fixed}: {shape.at(places)}."
    steep = max(zip(shape.slopes, shape.points, strict=True), key=lambda one: abs(one[0]))[1]
    if low < steep < high:
        yield f"Between {low:g} and {high:g} it is steepest near {steep:.2g}."
