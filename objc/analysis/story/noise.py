"""The noise that a loss stands for: the distribution of the target of which it is the negative logarithm."""

from __future__ import annotations

from collections.abc import Iterator

import sympy

from objc.analysis.claims import decided
from objc.analysis.signs.elementary import is_positive, is_zero
from objc.analysis.story.minimizer import counterexample_of
from objc.analysis.story.profile import residual
from objc.analysis.story.weighing import Ray, ray_of
from objc.analysis.subject import Subject
from objc.ir.program import Input

_FAMILIES = (
    "gaussian", "laplace", "asymmetric_laplace", "cauchy", "student", "logistic", "bernoulli", "poisson",
    "exponential", "gamma", "tweedie",
)  # fmt: skip


def noise(subject: Subject) -> Iterator[str]:
    """The distribution of the target that the loss is the negative logarithm of."""
    for family in _FAMILIES:
        found = decided(subject, "likelihood", family)
        if found.is_proof:
            yield f"It is the {family.replace('_', ' ')} noise model: {found.argument}."
            return
    data = [one for one in subject.program.inputs if one.role == "data"]
    if len(data) != 1 or data[0].dimensions or not subject.declared.differentiable:
        return
    if data[0].domain.kind == "real" and subject.range.high < float("inf"):
        yield (
            f"It stands for no noise: it is bounded above, so that exp(-loss) has no finite integral over"
            f" {data[0].name}."
        )
    elif (pair := residual(subject)) is not None:
        yield from _of_difference(subject, *pair)
    elif data[0].domain.kind in ("sign", "binary"):
        refuted = decided(subject, "likelihood", "bernoulli")
        if refuted.verdict == "refuted":
            yield f"It is no likelihood of {data[0].name}: {counterexample_of(refuted)}."


def _of_difference(subject: Subject, prediction: Input, target: Input) -> Iterator[str]:
    """A loss of a difference with a lower bound that rises on both sides, in the end by at least a slope
    above 0: exp(−loss) has a finite integral, and by moving the target the same for every prediction."""
    zero = {target.read(): sympy.Integer(0)}
    rays = [ray_of(subject, prediction.name, sign, zero) for sign in (1, -1)]
    known = [one for one in rays if one is not None]
    has_bound = subject.range.low > -float("inf") or decided(subject, "nonnegative").is_proof
    if len(known) < 2 or not has_bound or not subject.is_smooth(prediction.name, 0):
        return
    tails = {_tail(one) for one in known}
    if None in tails:
        return
    core = {_core(one) for one in known}
    is_known = len(core) == 1 and None not in core
    near = f"that is {core.pop()} near {prediction.name}, " if is_known else ""
    said = (
        f"with {tails.pop()} tails"
        if len(tails) == 1
        else "with an exponential tail on one side and a lighter one on the other"
    )
    yield (
        f"It stands for noise {near}{said}: exp(-loss) has a finite integral over {target.name},"
        f" the same for every {prediction.name}."
    )


def _tail(ray: Ray) -> str | None:
    end = ray.far()
    if end == sympy.oo:
        return "lighter than exponential"
    return "exponential (Laplace)" if end is not None and is_positive(end) else None


def _core(ray: Ray) -> str | None:
    slope, bend = ray.near(1), ray.near(2)
    if slope is None:
        return None
    if is_zero(slope):
        return "normal" if bend is not None and is_positive(bend) else None
    return "pointed" if is_positive(slope) else None
