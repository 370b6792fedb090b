"""The claims of what is held to torch, at drawn pairs of points: no proof, but a false claim about
curvature, slopes, bounds, symmetry or invariance is caught here."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np
import pytest
from draws import SIZES, draw, settings
from oracles import STATED
from oracles.record import Stated
from test_files import SCALARS

from objc.syntax import tree

torch = pytest.importorskip("torch")

Point = dict[str, Any]

CLAIMS = [
    pytest.param(STATED[one.name], claim, id=f"{one.name}: {claim.span.text}")
    for one in SCALARS
    if one.name in STATED
    for claim in one.claims
    if claim.words[0] != "calibrated"  # for an area: held to minimizers in tests/analysis
]
DRAWS = 24
SLACK = 1e-9


def value(row: Stated, point: Point) -> float:
    if row.file == "metrics":
        return float(row.value(*(point[one.name] for one in row.arguments)))
    return float(row.value(*(torch.as_tensor(point[one.name]) for one in row.arguments)))


def gradient(row: Stated, point: Point, name: str) -> Any:
    tensors = {key: torch.as_tensor(x) for key, x in point.items()}
    tensors[name] = tensors[name].double().requires_grad_()
    at = row.value(*(tensors[one.name] for one in row.arguments))
    slopes = torch.autograd.grad(at, tensors[name], allow_unused=True, materialize_grads=True)
    return slopes[0].numpy()


def points(row: Stated) -> Iterator[Point]:
    """Ordinary points; what is learned in the second half of the draws is far out."""
    rng = np.random.default_rng(7)
    arguments = row.of_role("differentiable", "data")
    for n in range(DRAWS):
        scale = 1.0 if n < DRAWS / 2 else 8.0
        drawn = {one.name: draw(one, scale, SIZES, rng, 1.0) for one in arguments}
        yield {**drawn, **settings(row)[n % len(settings(row))]}


def pairs(row: Stated, names: list[str]) -> Iterator[tuple[Point, Point, Point]]:
    """Two points that differ in those inputs, and what lies half way."""
    every = list(points(row))
    for first, other in zip(every, every[len(settings(row)) :], strict=False):
        second = {**first, **{name: other[name] for name in names}}
        middle = {name: (first[name] + second[name]) / 2 for name in names}
        yield first, second, {**first, **middle}


def names(claim: tree.Claim) -> list[str]:
    return [one.name for one in claim.inputs]


def number(argument: tree.Expression, point: Point) -> float:
    known = {"sqrt": math.sqrt, "exp": math.exp, "log": math.log, "max": max, **point}
    return float(eval(argument.span.text.replace("^", "**"), {"__builtins__": {}}, known))


def convex(row: Stated, claim: tree.Claim, sign: float = 1) -> bool:
    strength = claim.words[0] == "strongly_convex"
    for first, second, middle in pairs(row, names(claim)):
        ends = [value(row, first), value(row, second)]
        apart = sum(np.sum((first[one] - second[one]) ** 2) for one in names(claim))
        bend = number(claim.arguments[0], first) * apart / 8 if strength else 0
        gap = sign * (sum(ends) / 2 - value(row, middle)) - bend
        if gap < -SLACK * (1 + sum(map(abs, ends))):
            return False
    return True


def concave(row: Stated, claim: tree.Claim) -> bool:
    return convex(row, claim, -1)


def lipschitz(row: Stated, claim: tree.Claim) -> bool:
    (name,) = names(claim)
    return all(
        np.linalg.norm(gradient(row, point, name)) <= number(claim.arguments[0], point) + SLACK
        for point in points(row)
    )


def smooth(row: Stated, claim: tree.Claim) -> bool:
    (name,) = names(claim)
    for first, second, _ in pairs(row, [name]):
        moved = np.linalg.norm(gradient(row, first, name) - gradient(row, second, name))
        apart = np.linalg.norm(np.asarray(first[name] - second[name]))
        if moved > number(claim.arguments[0], first) * apart + SLACK * (1 + moved):
            return False
    return True


def nonnegative(row: Stated, claim: tree.Claim) -> bool:
    return not any(value(row, point) < -SLACK for point in points(row))  # NaN where undefined


def bounded(row: Stated, claim: tree.Claim) -> bool:
    for point in points(row):
        low, high = (number(one, point) for one in claim.arguments)
        found = value(row, point)
        if not (math.isnan(found) or low - SLACK <= found <= high + SLACK):
            return False
    return True


def symmetric(row: Stated, claim: tree.Claim) -> bool:
    one, other = names(claim)
    return all(
        near(value(row, point), value(row, {**point, one: point[other], other: point[one]}))
        for point in points(row)
    )


def divergence(row: Stated, claim: tree.Claim) -> bool:
    """Not negative, nothing where the two agree, and something where they do not."""
    one, other = names(claim)
    return all(
        value(row, point) > 0 and near(value(row, {**point, one: point[other]}), 0)
        for point in points(row)
    )


def invariant(row: Stated, claim: tree.Claim) -> bool:
    moved = {"shift": lambda x: x + 3.0, "scale": lambda x: x * 3.0}[claim.words[1]]
    return all(
        near(value(row, point), value(row, {**point, **{n: moved(point[n]) for n in names(claim)}}))
        for point in points(row)
    )


def near(first: float, second: float) -> bool:
    if first == second:  # infinities too
        return True
    if math.isnan(first):
        return math.isnan(second)
    return abs(first - second) <= 1e-8 * (1 + abs(first))


def differentiable(row: Stated, claim: tree.Claim) -> bool:
    """Whether so many derivatives are finite at the points."""
    for point in points(row):
        values = {name: torch.as_tensor(one) for name, one in point.items()}
        wanted = [values[name].requires_grad_() for name in names(claim)]
        found = row.value(*(values[one.name] for one in row.arguments))
        for _ in range(2):
            slopes = torch.autograd.grad(found, wanted, create_graph=True)
            if not all(bool(torch.isfinite(one).all()) for one in slopes):
                return False
            found = torch.stack([one.sum() for one in slopes]).sum()
    return True


def triangle(row: Stated, claim: tree.Claim) -> bool:
    """The direct way is no longer than the one over a third point."""
    one, other = names(claim)
    every = list(points(row))
    for first, second in itertools.combinations(every, 2):
        for a, b, c in itertools.permutations((first[one], second[one], first[other])):
            legs = ((a, b), (b, c), (a, c))
            ab, bc, ac = (value(row, {**first, one: x, other: y}) for x, y in legs)
            if ac > ab + bc + SLACK * (1 + ac):
                return False
    return True


def strictly_proper(row: Stated, claim: tree.Claim) -> bool:
    """Of probabilities between 0 and 1 the expected loss is least at that of the label."""
    predicted, label = (one.name for one in row.arguments)
    steps = np.linspace(0.05, 0.95, 19)
    for share in steps:
        risks = [
            share * value(row, {predicted: q, label: np.float64(1)})
            + (1 - share) * value(row, {predicted: q, label: np.float64(0)})
            for q in steps
        ]
        if steps[int(np.argmin(risks))] != share:
            return False
    return True


CHECKS: Mapping[str, Callable[[Stated, tree.Claim], bool]] = {
    "convex": convex,
    "strictly_convex": convex,
    "strongly_convex": convex,
    "concave": concave,
    "lipschitz": lipschitz,
    "smooth": smooth,
    "nonnegative": nonnegative,
    "bounded": bounded,
    "symmetric": symmetric,
    "divergence": divergence,
    "invariant": invariant,
    "differentiable": differentiable,
    "triangle": triangle,
    "strictly_proper": strictly_proper,
}


@pytest.mark.parametrize(("row", "claim"), CLAIMS)
def test_holds_at_points(row: Stated, claim: tree.Claim) -> None:
    assert CHECKS[claim.words[0]](row, claim) != claim.negated
