"""The truth table of shapes, and the isolation of roots that it leans on, against 40 digits."""

from __future__ import annotations

import random
from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import mpmath
import pytest
import sympy

from objc.analysis.claims import decide
from objc.analysis.signs.lines import is_curved_inside
from objc.analysis.signs.roots import Line, Span
from objc.analysis.statements import stated
from objc.analysis.subject import Subject
from objc.passes.lower import lower
from objc.source import Source
from objc.syntax import parse
from tests.analysis import attack
from tests.analysis.truths import TRUTHS
from tests.analysis.violations import is_counterexample_found

_PARTS = 8


@pytest.mark.parametrize("part", range(_PARTS))
@pytest.mark.share(1 / 2)
def test_shapes_are_decided_and_right(part: int) -> None:
    """At most one in twenty is left open; none is wrong, which attacks and counterexamples show too."""
    undecided, refuted = [], 0
    table = TRUTHS[part::_PARTS]
    for domain, formula, kind in table:
        text = f"loss f(x: {domain}) = {formula}\n"
        subject = Subject(lower(parse(Source("truth.objc", text))).programs["f"])
        for word in ("convex", "concave"):
            verdict = decide(subject, stated(word, "x")).verdict
            if verdict == "unknown":
                undecided.append((domain, formula, word))
                continue
            holds = verdict == "proved"
            assert holds == (kind in (word, "affine")), (domain, formula, word)
            if holds:
                assert attack.contradiction(subject, ["x"], word == "concave") is None, formula
            else:
                refuted += is_counterexample_found(subject, stated(word, "x"))
    assert 20 * len(undecided) <= 2 * len(table), undecided
    assert refuted > len(table) / 2


X = sympy.Symbol("x", real=True)
_SPANS = ((-sympy.oo, sympy.oo), (0, sympy.oo), (0, 1), (-1, 2))


def _function(generator: random.Random, depth: int) -> Any:
    """A random exp–log function, smooth on the line."""
    if depth == 0:
        number = sympy.Rational(generator.randint(-5, 5), generator.randint(1, 4))
        return generator.choice((X, X, number, X**2))
    a, b = (_function(generator, depth - 1) for _ in range(2))
    small = a if a.count_ops() < 4 else X
    return generator.choice(
        (a + b, a - b, a * b, sympy.exp(small), sympy.log(1 + sympy.exp(small)), sympy.atan(a),
         a / (1 + b**2), sympy.log(1 + b**2), sympy.sqrt(1 + small**2), 1 / (1 + sympy.exp(small)))
    )  # fmt: skip


def _bends(function: Any, low: Any, high: Any) -> Iterator[Any]:
    """Second derivatives at points of every magnitude."""
    second = sympy.lambdify(X, sympy.diff(function, X, 2), "mpmath")
    ends = max(low, -40), min(high, 40)
    places = [ends[0] + (ends[1] - ends[0]) * mpmath.mpf(k) / 200 for k in range(1, 200)]
    places += [side * mpmath.mpf(2) ** -k for k in range(12) for side in (1, -1)]
    yield from (second(one) for one in places if low < one < high)


_ENDS = (None, Fraction(-2), Fraction(-1), Fraction(0), Fraction(1), Fraction(3, 2), Fraction(2))


@pytest.mark.parametrize("seed", range(60))
@pytest.mark.share(1 / 2)
def test_roots_are_those_inside_of_the_span(seed: int) -> None:
    """Roots beside one another, and beside the ends: SymPy's isolating intervals touch them."""
    generator = random.Random(seed)
    zeros = [
        sympy.Rational(generator.randint(-6, 6), generator.choice((1, 1, 2, 3, 4)))
        for _ in range(generator.randint(1, 4))
    ]
    irrational = generator.choice((1, X**2 - 2, X**2 - 3, X**2 + 1, X**2 - X - 1))
    function = sympy.expand(sympy.prod([X - one for one in zeros]) * irrational)
    for low in _ENDS:
        for high in (None, Fraction(4)):
            found = Line(X, Span(low, high)).roots(function)
            inside = [
                one
                for one in sorted(set(sympy.real_roots(sympy.Poly(function, X))), key=float)
                if (low is None or one > sympy.Rational(str(low))) and (high is None or one < 4)
            ]
            assert len(found) == len(inside), (function, low, high)
            for root, one in zip(found, inside, strict=True):
                assert sympy.Rational(str(root.low)) <= one <= sympy.Rational(str(root.high))


@pytest.mark.parametrize("seed", range(16))
@pytest.mark.share(1 / 2)
def test_what_is_bent_everywhere_is_so_at_points(seed: int) -> None:
    generator = random.Random(seed)
    function = _function(generator, generator.choice((2, 3))) + generator.randint(0, 2) * X**2
    low, high = (sympy.sympify(end) for end in generator.choice(_SPANS))
    with mpmath.workdps(40):
        least = min(map(mpmath.re, _bends(function, low, high)))
        if is_curved_inside(function, X, low, high):
            assert least >= -(mpmath.mpf(10) ** -30), function
        # No more than it is can be proved.
        beyond = sympy.Rational(mpmath.nstr(least, 8)) + sympy.Rational(1, 10**4)
        assert not is_curved_inside(function, X, low, high, beyond), function


@pytest.mark.parametrize(
    ("formula", "low", "expected"),
    [
        # Log of (exp(x) - 1)/x and the complementary log-log: no rulebook proves them.
        (sympy.log((sympy.exp(X) - 1) / X), 0, True),
        (-sympy.log(1 - sympy.exp(-sympy.exp(X))), -sympy.oo, True),
        (sympy.exp(X * sympy.log(X)), 0, True),
        # A root of the second derivative that only touches zero, and one that crosses it by little.
        (X**4 / 12 - X**3 / 3 + X**2 / 2, -sympy.oo, True),
        (X**4 / 12 - X**3 / 3 + sympy.Rational(499, 1000) * X**2, -sympy.oo, False),
        (sympy.exp(X) - sympy.Rational(3, 2) * X**2, 1, False),
        # Bent the wrong way from the end, which is a root too, up to √2.
        (X**5 / 20 - X**4 / 12 - X**3 / 3 + X**2, 1, False),
        # Poles and jumps inside: no second derivative tells there.
        (sympy.atan(1 / X), -sympy.oo, False),
        (1 / X**2, -sympy.oo, False),
        (sympy.log(X**2) + X**2 * 10, -sympy.oo, False),
        ((X**2) ** sympy.Rational(1, 4) + X**2 * 5, -sympy.oo, False),
        (sympy.atan(X) + sympy.atan(1 / X), -sympy.oo, False),
    ],
)
def test_hard_and_treacherous(formula: Any, low: Any, expected: bool) -> None:
    assert is_curved_inside(formula, X, sympy.sympify(low), sympy.oo) == expected
