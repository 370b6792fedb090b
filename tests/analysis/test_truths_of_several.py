"""The truth table of several inputs: what is decided is right, and holds at points."""

from __future__ import annotations

import random
from typing import Any

import pytest

from objc.analysis.claims import decide
from objc.analysis.statements import stated
from objc.analysis.subject import Subject
from objc.analysis.values.evaluation import is_finite, outputs
from objc.passes.lower import lower
from objc.source import Source
from objc.syntax import parse
from tests.analysis.truths_of_several import TRUTHS

_PARTS = 4
_CHORDS = 12


def subject_of(head: str, formula: str) -> Subject:
    text = f"loss f({head} | w: simplex[K], u: simplex[K]) = {formula}\n"
    if "w[" not in formula:
        text = text.replace(" | w: simplex[K], u: simplex[K]", "")
    return Subject(lower(parse(Source("truth.objc", text))).programs["f"])


@pytest.mark.parametrize("part", range(_PARTS))
def test_shapes_are_decided_and_right(part: int) -> None:
    """At most one in twenty is left open; none is wrong; what is proved holds on random chords."""
    undecided = []
    table = TRUTHS[part::_PARTS]
    for head, formula, kind in table:
        subject = subject_of(head, formula)
        names = [one.name for one in subject.declared.differentiable]
        for word in ("convex", "concave"):
            verdict = decide(subject, stated(word, *names)).verdict
            if verdict == "unknown":
                undecided.append((head, formula, word))
                continue
            assert (verdict == "proved") == (kind in (word, "affine")), (head, formula, word)
            if verdict == "proved":
                assert _least_gap(subject, -1 if word == "concave" else 1) > -1e-30, formula
    assert 20 * len(undecided) <= 2 * len(table), undecided


@pytest.mark.parametrize(
    ("head", "formula"),
    [
        # Not for one entry; not with the weights of another distribution; not at the edge.
        ("v: real[K]", "sum(v^2) - mean(v)^2 * 1.5"),
        ("v: real[K]", "sum[k](w[k] * v[k]^2) - sum[k](u[k] * v[k])^2"),
        ("v: real[K]", "sum[k](w[k] * v[k]^2) - 1.01 * sum[k](w[k] * v[k])^2"),
        ("v: nonnegative[K]", "sum(v^2) - [v[0] == 0]"),
        ("v: nonnegative, u: nonnegative", "v^2 + u^2 - [v * u == 0]"),
        ("v: nonnegative, u: nonnegative", "if v > 0 then v^2 + u^2 else u^2 - 1/1000000000"),
        ("v: nonnegative", "if v > 0 then v^2 else -1/1000000000"),
        ("v: probability", "if v < 1 then v^2 else 1 - 1/1000000000"),
        ("v: nonnegative[K]", "sum[k](if v[k] > 0 then v[k]^2 else -1/1000000000)"),
        ("v: nonnegative[K]", "mean[k](v[k]^2) - mean[k](v[k] + [v[k] == 0] / 1000000000)^2"),
        ("v: real, u: real", "(v + u)^2 - (v - u)^2 / 1000000"),
        ("v: real, u: positive", "v^2 / u - u^2 / 1000000"),
        ("v: real, u: real", "abs(v * u)"),
        ("v: real, u: real", "sqrt(v^2 + u^2 - 2.000001 * v * u + 1)"),
        ("v: real, u: real", "sqrt(v^2 + u^2 + 2 * v * u - 1/100)"),
        ("v: interval(-1, 1), u: interval(-1, 1)", "v^2 + u^2 + v * u * 2.0001"),
    ],
)
def test_what_just_fails_is_not_proved(head: str, formula: str) -> None:
    subject = subject_of(head, formula)
    names = [one.name for one in subject.declared.differentiable]
    claims = ("convex", "strictly_convex")
    assert "proved" not in {decide(subject, stated(word, *names)).verdict for word in claims}


def _least_gap(subject: Subject, sign: int) -> Any:
    """How far the chord is above the function at the least, at drawn points and shares in 60 digits."""
    generator = random.Random(str(subject.value))
    gaps = [1]
    for _ in range(_CHORDS):
        size = generator.choice((2, 3, 5))
        one, other = (_drawn(subject, generator, size) for _ in range(2))
        share = generator.choice((0.5, 0.25, 0.875))
        middle = {name: _between(one[name], other[name], share) for name in one}
        values = [outputs(subject.program, each, 60) for each in (one, other, middle)]
        first, second, here = (sign * each["total"] if each else float("nan") for each in values)
        if all(map(is_finite, (first, second, here))):
            gap = share * first + (1 - share) * second - here
            gaps.append(gap / (1 + abs(first) + abs(second)))
    return min(gaps)


def _drawn(subject: Subject, generator: random.Random, size: int) -> dict[str, Any]:
    scale = generator.choice((0.125, 1, 64))
    return {
        one.name: [_entry(one.domain.kind, generator, scale) for _ in range(size)]
        if one.dimensions and one.domain.kind != "simplex"
        else _shares(generator, size)
        if one.dimensions
        else _entry(one.domain.kind, generator, scale)
        for one in subject.program.inputs
    }


def _entry(kind: str, generator: random.Random, scale: float) -> float:
    if kind in ("probability", "interval"):
        return generator.randint(1, 63) / 64
    away = generator.randint(-512, 512) / 256 * scale
    return away if kind == "real" else abs(away) or scale


def _shares(generator: random.Random, size: int) -> list[float]:
    counts = [1] * size
    for _ in range(64 - size):
        counts[generator.randrange(size)] += 1
    return [one / 64 for one in counts]


def _between(one: Any, other: Any, share: float) -> Any:
    if isinstance(one, list):
        return [_between(a, b, share) for a, b in zip(one, other, strict=True)]
    return share * one + (1 - share) * other
