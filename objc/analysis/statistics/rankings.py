"""Pairwise losses of scores, and the area under the receiver operating characteristic.

φ(sᵢ − sⱼ) of pairs with a positive i and a negative j is consistent with that area if φ is convex, bounded
below and differentiable, never increases, and φ′(0) < 0 (Gao and Zhou 2015, theorem 2). A φ that is linear
between whole numbers is refuted exactly, by the probabilities of a few instances and whole scores that
minimize the expected loss in another order: there it is linear on the cones of one order of the scores, so
that they are a minimum if no subset can be raised, nor lowered, with profit.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import sympy

from objc.analysis.decision import Decision, proved, refuted
from objc.analysis.shape import curves
from objc.analysis.signs.elementary import is_zero, plain
from objc.analysis.statistics.margins import Margin, is_negative, never_increases
from objc.analysis.subject import Subject
from objc.atoms import maximum, minimum
from objc.ir.domain import REAL
from objc.ir.index import Index
from objc.ir.program import Claim, Input, Let, Names, Program, Term
from objc.ir.symbols import iverson, reads

_SHARES = ("7/10 11/20 1/2", "3/4 1/2 1/4", "4/5 2/5 1/5", "9/10 1/2 2/5")
_TALLEST = 2


@dataclass(frozen=True)
class Pairs:
    """φ, the loss of a pair, as one of the score of the positive less that of the negative."""

    subject: Subject
    margin: Margin


def is_area(metric: Program) -> bool:
    """Whether a metric is how often a positive scores above a negative, equals counted half."""
    program = Subject(metric).program
    scores = [one for one in program.inputs if one.is_differentiable]
    labels = [one for one in program.inputs if one.role == "data"]
    if len(scores) != 1 or len(labels) != 1 or len(program.inputs) != 2:
        return False
    (score,), (label,) = scores, labels
    is_list = len(score.dimensions) == 1 and score.dimensions == label.dimensions
    if not is_list or label.domain.kind != "binary":
        return False
    kinds = [_kind_of(let, score, label) for let in program.lets[:-1]]
    by_kind = {kind: let.read() for kind, let in zip(kinds, program.lets, strict=False)}
    if sorted(kinds, key=str) != ["negatives", "pairs", "positives"]:
        return False
    wanted = by_kind["pairs"] / (by_kind["positives"] * by_kind["negatives"])
    return bool(program.lets[-1].body == wanted)


def _kind_of(let: Let, score: Input, label: Input) -> str | None:
    if let.free or (let.guard != sympy.true and let.reduction != "sum"):
        return None
    if let.reduction == "count" and len(let.over) == 1:
        (i,) = let.over
        for number, kind in ((1, "positives"), (0, "negatives")):
            if let.body in (
                iverson(sympy.Eq(label.read(i), number)),
                sympy.Eq(label.read(i), number),
            ):
                return kind
    if let.reduction == "sum" and len(let.over) == 2:
        for i, j in itertools.permutations(let.over):
            above = score.read(i), score.read(j)
            halves = iverson(sympy.Gt(*above)) + iverson(sympy.Eq(*above)) / 2
            guard = sympy.And(sympy.Eq(label.read(i), 1), sympy.Eq(label.read(j), 0))
            if let.body == halves and let.guard == guard:
                return "pairs"
    return None


def pairs_of(subject: Subject) -> Pairs | None:
    """A loss of the difference of two scores that never increases in it, or a sum of one over pairs of
    which one item is more relevant."""
    found = _of_list(subject.program)
    if found is not None:
        return _of_difference(subject.program, *found)
    for value, scores in _of_two(subject.program):
        pairs = _of_difference(subject.program, value, scores)
        # Which of two scores belongs to the better item its slope tells.
        if pairs is not None and never_increases(pairs.subject, pairs.margin):
            return pairs
    return None


def _of_difference(program: Program, value: Any, scores: tuple[Any, Any]) -> Pairs | None:
    output = Input(Names.of(program).fresh("difference"), (), REAL, "differentiable")
    first, second = scores
    phi = value.xreplace({first: output.read() + second})
    phi = phi if not phi.has(second) else sympy.expand(phi)
    known = {one.name for one in program.inputs if one.role == "hyperparameter"}
    others = [one for one in reads(phi) if one != output.read() and one.tensor not in known]
    if others or not phi.has(output.read()):
        return None
    total = Let("total", (), phi)
    kept = (output, *(one for one in program.inputs if one.role == "hyperparameter"))
    terms = (Term("value", "total"),)
    outer = Program("pair", kept, (total,), {"per_example": "total"}, "loss", terms)
    return Pairs(Subject(outer), Margin(phi, output.read(), output.name))


def _of_two(program: Program) -> Iterator[tuple[Any, tuple[Any, Any]]]:
    """A loss of two scores alone, in both orders."""
    scores = [one for one in program.inputs if one.is_differentiable]
    is_bare = all(one.role in ("differentiable", "hyperparameter") for one in program.inputs)
    if len(scores) != 2 or not is_bare or len(program.lets) != 1:
        return
    if any(one.dimensions or one.domain.kind != "real" for one in scores):
        return
    first, second = (one.read() for one in scores)
    yield program.lets[0].body, (first, second)
    yield program.lets[0].body, (second, first)


def _of_list(program: Program) -> tuple[Any, tuple[Any, Any]] | None:
    """A positive multiple of a sum over all pairs of which the first is more relevant."""
    if len(program.lets) != 2 or program.lets[0].reduction not in ("sum", "mean"):
        return None
    pairs, last = program.lets
    scores = [one for one in program.inputs if one.is_differentiable]
    targets = [one for one in program.inputs if one.role == "data"]
    if len(pairs.over) != 2 or len(scores) != 1 or len(targets) != 1 or last.body != pairs.read():
        return None
    (score,), (target,) = scores, targets
    if score.dimensions != target.dimensions or len(score.dimensions) != 1:
        return None
    for i, j in itertools.permutations(pairs.over):
        if _says_more(pairs.guard, target, i, j) and target not in _tensors(program, pairs.body):
            return pairs.body, (score.read(i), score.read(j))
    return None


def _says_more(guard: Any, target: Input, i: Index, j: Index) -> bool:
    first, second = target.read(i), target.read(j)
    binary = sympy.And(sympy.Eq(first, 1), sympy.Eq(second, 0))
    return guard in (sympy.Gt(first, second), sympy.Lt(second, first), binary)


def _tensors(program: Program, body: Any) -> list[Input]:
    names = {one.tensor for one in reads(body)}
    return [one for one in program.inputs if one.name in names]


# ------------------------------------------------------------------ consistency


def calibrated(subject: Subject, claim: Claim) -> Decision | None:
    """Whether minimizing the loss of pairs brings the scores in the order of the probabilities."""
    if claim.metric is None or not is_area(claim.metric):
        return None
    pairs = pairs_of(subject)
    return None if pairs is None else in_order(pairs)


def in_order(pairs: Pairs) -> Decision | None:
    """Whether the scores of least expected loss of a pair are in the order of the probabilities."""
    slopes = pairs.margin.slope(-1), pairs.margin.slope(1)
    if _is_consistent(pairs, slopes):
        return proved(
            "it is of pairs, by the difference of their scores: convex, bounded below, differentiable, never"
            f" increasing, with a derivative of {slopes[1]} < 0 where they are equal"
        )
    found = _wrong_order(pairs)
    return None if found is None else refuted(found)


def _is_consistent(pairs: Pairs, slopes: tuple[Any, Any]) -> bool:
    left, right = slopes
    if left is None or right is None or not is_zero(left - right) or not is_negative(right):
        return False
    subject, name = pairs.subject, pairs.margin.name
    is_smooth = subject.is_smooth(name, 1) and not subject.smoothness(name).ends_at_edge
    is_bounded = subject.range.low > -float("inf")
    if not is_smooth or not is_bounded or not never_increases(subject, pairs.margin):
        return False
    return subject.curvature(name).convex or curves.is_curved(subject, name, sympy.Integer(0))


def _wrong_order(pairs: Pairs) -> str | None:
    """Instances of given probabilities and whole scores that minimize the expected loss of a pair, in
    another order than that of the probabilities."""
    phi = _at_defaults(pairs)
    if phi is None or not _is_whole(phi, pairs.margin.score):
        return None
    convex = pairs.subject.curvature(pairs.margin.name).convex
    for text in _SHARES if convex else ():
        shares = [Fraction(one) for one in text.split()]
        for scores in itertools.product(range(_TALLEST + 1), repeat=len(shares)):
            wrong = _misplaced(scores, shares)
            if min(scores) == 0 and wrong is not None and _is_minimum(phi, pairs, scores, shares):
                better, worse = wrong
                return (
                    f"with instances of probabilities {_listed(shares)} of being positive the scores"
                    f" {_listed(scores)} are a minimum of the expected loss of a pair: the one of"
                    f" {shares[better]} is not above the one of {shares[worse]}"
                )
    return None


def _at_defaults(pairs: Pairs) -> Any:
    values = {}
    for one in pairs.subject.program.inputs:
        if one.role == "hyperparameter":
            if one.default is None or not one.default.is_Rational:
                return None
            values[one.read()] = one.default
    return plain(pairs.margin.phi).xreplace(values)


def _is_whole(phi: Any, d: Any) -> bool:
    """Whether φ is made of lines by sums and extremes, with folds at whole numbers alone."""
    for node in sympy.preorder_traversal(phi):
        if not node.args or not node.has(d):
            continue
        if isinstance(node, sympy.Add):
            continue
        if isinstance(node, sympy.Mul):
            if len([one for one in node.args if one.has(d)]) > 1:
                return False
        elif isinstance(node, maximum | minimum | sympy.Abs):
            first, second = node.args if len(node.args) == 2 else (node.args[0], sympy.Integer(0))
            line = sympy.expand(first - second)
            slope = sympy.diff(line, d)
            if slope.has(d) or slope == 0 or not (line.subs(d, 0) / slope).is_Integer:
                return False
        else:
            return False
    return True


def _misplaced(scores: Sequence[int], shares: Sequence[Fraction]) -> tuple[int, int] | None:
    for better, worse in itertools.permutations(range(len(shares)), 2):
        if shares[better] > shares[worse] and scores[better] <= scores[worse]:
            return better, worse
    return None


def _is_minimum(phi: Any, pairs: Pairs, scores: Sequence[int], shares: Sequence[Fraction]) -> bool:
    here = _expected(phi, pairs, [sympy.Integer(one) for one in scores], shares)
    for chosen in itertools.product((0, 1), repeat=len(shares)):
        for step in (sympy.Rational(1, 4), sympy.Rational(-1, 4)):
            moved = [one + step * sign for one, sign in zip(scores, chosen, strict=True)]
            if _expected(phi, pairs, moved, shares) < here:
                return False
    return True


def _expected(phi: Any, pairs: Pairs, scores: Sequence[Any], shares: Sequence[Fraction]) -> Any:
    total = sympy.Integer(0)
    for (one, first), (other, second) in itertools.permutations(
        zip(shares, scores, strict=True), 2
    ):
        weight = one * (1 - other)
        value = phi.xreplace({pairs.margin.score: first - second})
        total += sympy.Rational(weight.numerator, weight.denominator) * value
    return total


def _listed(values: Sequence[Any]) -> str:
    return ", ".join(map(str, values))
