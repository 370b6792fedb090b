"""Tolerance of label noise: a loss of which the sum over the labels is constant.

Under symmetric noise, at which a label becomes each of the K − 1 others at a rate below (K − 1)/K in all,
the expected loss is then a positive multiple of the one without noise, plus a constant, so that its
minimizers are the same (Ghosh, Kumar and Sastry 2017, theorem 1; for two labels Manwani and Sastry 2013).
"""

from __future__ import annotations

from typing import Any

import mpmath
import sympy

from objc.analysis.decision import Decision, proved, refuted
from objc.analysis.shape.stretches import is_within_by_stretches
from objc.analysis.signs.elementary import (
    innermost_fold,
    is_smooth_formula,
    is_zero,
    pieces,
    plain,
)
from objc.analysis.statistics.classes import classes_of, of_probability
from objc.analysis.statistics.decompositions import parts_of
from objc.analysis.statistics.distributions import distribution_of
from objc.analysis.statistics.softmaxes import of_softmax
from objc.analysis.subject import Subject
from objc.analysis.values.evaluation import certified, is_finite
from objc.analysis.values.samples import Values, samples, shown
from objc.ir.index import Position
from objc.ir.program import Claim, Input
from objc.ir.symbols import Extent, Read, reads

_LABELS = {"sign": (-1, 1), "binary": (0, 1)}
_TRIES = 24


def sum_over_two_labels(subject: Subject, claim: Claim) -> Decision | None:
    label = _label(subject)
    if label is None or label.domain.kind not in _LABELS or len(subject.program.lets) != 1:
        return None
    ends = [
        plain(subject.value.xreplace({label.read(): sympy.Integer(one)}))
        for one in _LABELS[label.domain.kind]
    ]
    total = sympy.Add(*ends)
    predictions = [one for one in subject.program.inputs if one.is_differentiable]
    names = [one.name for one in predictions]
    if not all(
        subject.is_smooth(one, 0) and not subject.smoothness(one).ends_at_edge for one in names
    ):
        return None
    if not all(_is_constant(total, one) for one in predictions):
        return None
    words = " and ".join(map(str, _LABELS[label.domain.kind]))
    return proved(f"the losses at the labels {words} sum to what no prediction reaches")


def _is_constant(total: Any, one: Input) -> bool:
    q = one.read()
    if one.dimensions:
        return False
    if innermost_fold(total) is None:
        return is_zero(sympy.diff(total, q))
    if total.free_symbols - {q}:
        return False
    zeros = (sympy.Integer(0), sympy.Integer(0))
    ends, is_closed = one.domain.bounds, one.domain.kind != "positive"
    return is_within_by_stretches(total, q, *ends, 1, zeros, is_closed)


def sum_over_classes(subject: Subject, claim: Claim) -> Decision | None:
    """A loss that is affine in the label's probability, which sum to one."""
    case = classes_of(subject)
    found = of_probability(case) if case is not None else _of_simplex(subject)
    if found is None:
        return _by_entries(subject)
    value, u = found
    slope = sympy.simplify(sympy.diff(value, u)) if is_smooth_formula(value, u) else u
    if slope.has(u):
        return None
    return proved(
        "it is affine in the label's probability, and those of all labels sum to 1, so that the losses"
        " at all labels sum to what no prediction reaches"
    )


def _by_entries(subject: Subject) -> Decision | None:
    """A(p_label) + Σ over the others of B(p_k): over all labels that is Σ A(p_k) + (K − 1)·B(p_k), constant
    where the term is affine in p_k, since these sum to one."""
    scores = classes_of(subject)
    inner = of_softmax(scores) if scores is not None else None
    case = distribution_of(subject if inner is None else inner.subject)
    parts = parts_of(case) if case is not None else None
    if case is None or parts is None or parts.other.has(parts.mine):
        return None
    odds = sympy.Dummy("u", positive=True)
    inside = odds / (1 + odds)
    size = Extent(case.scores.dimensions[0])
    term = parts.own.xreplace({parts.mine: inside}) + (size - 1) * parts.other.xreplace(
        {parts.theirs: inside}
    )
    found = pieces(plain(term))
    if found is None or len(found) != 1:
        return None
    x = sympy.Dummy("x", positive=True)
    there = sympy.simplify(found[0][1].xreplace({odds: x / (1 - x)}))
    if not is_zero(sympy.diff(there, x, 2)):
        return None
    return proved(
        "over all labels the loss sums to a sum over the classes that is affine in their probabilities, which"
        " sum to 1: to what no prediction reaches"
    )


def _of_simplex(subject: Subject) -> tuple[Any, Any] | None:
    """The loss as one of the label's entry of a distribution."""
    label, program = _label(subject), subject.program
    predictions = [one for one in program.inputs if one.is_differentiable]
    if label is None or len(predictions) != 1 or len(program.lets) != 1:
        return None
    (one,) = predictions
    if one.domain.kind != "simplex" or one.dimensions != (label.domain.dimension,):
        return None
    u = sympy.Dummy("u", positive=True)
    entry = one.read(Position(label.read()))
    value = plain(subject.value).xreplace({entry: u})
    known = {each.name for each in program.inputs if each.role == "hyperparameter"}
    is_whole = all(isinstance(each, Read) and each.tensor in known for each in reads(value))
    return (value, u) if is_whole else None


def drawn_sums(subject: Subject, claim: Claim) -> Decision | None:
    """Two predictions at which the sums over the labels differ."""
    label = _label(subject)
    if label is None:
        return None
    names = [one.name for one in subject.program.inputs if one.is_differentiable]
    drawn = list(samples(subject.program, _TRIES))
    for values, other in zip(drawn, drawn[2:], strict=False):
        moved = {**values, **{name: other[name] for name in names}}
        totals = [_total(subject, label, one) for one in (values, moved)]
        if None in totals:
            continue
        before, after = totals
        if abs(after - before) > mpmath.mpf("1e-12") * (1 + abs(before) + abs(after)):
            where = shown(values, set(values) - {*names, label.name})
            return refuted(
                f"over all labels the loss sums to {float(before):.10g} at {shown(values, names)} and"
                f" to {float(after):.10g} at {shown(moved, names)}{', with ' + where if where else ''}"
            )
    return None


def _label(subject: Subject) -> Input | None:
    data = [one for one in subject.program.inputs if one.role == "data"]
    if len(data) != 1 or data[0].dimensions:
        return None
    kind = data[0].domain.kind
    return data[0] if kind in _LABELS or kind == "index" else None


def _labels(subject: Subject, label: Input, values: Values) -> range | tuple[int, ...]:
    if label.domain.kind in _LABELS:
        return _LABELS[label.domain.kind]
    dimension = label.domain.dimension
    if dimension is not None and dimension.size is not None:
        return range(dimension.size)
    for one in subject.program.inputs:
        if one.dimensions[:1] == (dimension,):
            return range(len(values[one.name]))
    return range(0)


def _total(subject: Subject, label: Input, values: Values) -> Any:
    labels = _labels(subject, label, values)
    total = mpmath.mpf(0) if labels else None
    for one in labels:
        found = certified(subject.program, {**values, label.name: one})
        if found is None or not is_finite(found["total"]):
            return None
        total += found["total"]
    return total
