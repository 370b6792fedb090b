"""What is said of a loss far out: limits against mpmath at large numbers, and properties with their near
misses."""

from __future__ import annotations

import random
from typing import Any

import mpmath
import pytest
import sympy

from objc.analysis.claims import decide
from objc.analysis.search import found_beside
from objc.analysis.shape.ends import end_of
from objc.analysis.statements import stated
from objc.analysis.subject import Subject
from objc.atoms import Branch, log_cosh, maximum, minimum, sigmoid, softplus
from objc.passes.lower import lower
from objc.source import Source
from objc.syntax import parse

T = sympy.Dummy("t", positive=True)
C = sympy.Symbol("c", positive=True)


def _formula(generator: random.Random, depth: int) -> Any:
    number = sympy.Rational(generator.randint(-4, 4), generator.randint(1, 3))
    if depth == 0:
        return generator.choice((T, T, -T, number, C, C * T, T**2))
    a, b = (_formula(generator, depth - 1) for _ in range(2))
    small = a if a.count_ops() < 5 else -T
    return generator.choice(
        (a + b, a - b, a * b, sympy.exp(-small), sympy.log(1 + a**2), softplus(small), sigmoid(a),
         log_cosh(small), maximum(a, b), minimum(a, number), sympy.tanh(a), sympy.Abs(a),
         sympy.sqrt(1 + a**2), a / (1 + b**2), Branch(sympy.Le(a, number), a, b), sympy.atan(a))
    )  # fmt: skip


def _number(formula: Any, place: Any) -> Any:
    """The value of a formula at a large t, each branch taken as it stands there."""
    here = formula.subs({T: place, C: sympy.Rational(7, 5)})
    here = here.replace(softplus, lambda u: sympy.log(1 + sympy.exp(u)))
    here = here.replace(sigmoid, lambda u: 1 / (1 + sympy.exp(-u)))
    here = here.replace(log_cosh, lambda u: sympy.log(sympy.cosh(u)))
    here = here.replace(maximum, sympy.Max).replace(minimum, sympy.Min)
    return mpmath.mpf(sympy.N(here, 30, maxn=4000))


@pytest.mark.parametrize("seed", range(60))
def test_limits_are_those_of_the_numbers(seed: int) -> None:
    generator = random.Random(seed)
    formula = _formula(generator, generator.choice((2, 3)))
    found = end_of(formula, T)
    if found is None:
        return
    far, farther = (_number(formula, place) for place in (600, 1200))
    if found in (sympy.oo, -sympy.oo):
        side = 1 if found == sympy.oo else -1
        assert side * farther > side * far, formula
        assert side * farther > 0, formula
    else:
        limit = mpmath.mpf(sympy.N(found.subs(C, sympy.Rational(7, 5)), 30))
        assert abs(farther - limit) <= abs(far - limit) + mpmath.mpf("1e-20"), formula
        assert abs(farther - limit) < mpmath.mpf("0.05") * (1 + abs(limit)), formula


def verdicts(text: str, word: str, *numbers: Any) -> str:
    (program,) = lower(parse(Source("text", text + "\n"))).programs.values()
    names = tuple(one.name for one in program.differentiable)
    claim = stated(word, *names, arguments=tuple(map(sympy.sympify, numbers)))
    return decide(Subject(program), claim).verdict


@pytest.mark.parametrize(
    ("text", "word", "numbers", "expected"),
    [
        ("loss f(x: real | y: real; c: positive = 1) = c * abs(x - y)", "coercive", (), "proved"),
        ("loss f(x: real | y: real; c: nonnegative = 1) = c * abs(x - y)", "coercive", (), "unknown"),
        ("loss f(x: real | y: sign) = log(1 + exp(-y * x))", "coercive", (), "refuted"),
        ("loss f(x: real | y: sign) = log(1 + exp(-y * x)) + x^2", "coercive", (), "proved"),
        ("loss f(x: real[D] | ) = sum[d](x[d]^2)", "coercive", (), "proved"),
        ("loss f(x: real[D] | ) = sum[d](x[d]^2) - x[0]", "coercive", (), "proved"),
        ("loss f(x: real[D] | k: index(D)) = x[k]^2", "coercive", (), "unknown"),
        ("loss f(x: real[K] | y: index(K)) = -log(softmax(x)[y])", "coercive", (), "refuted"),
        ("loss f(x: real | ) = exp(x) - x", "coercive", (), "proved"),
        ("loss f(x: real | ) = exp(x) - x^2", "coercive", (), "refuted"),
        ("loss f(x: real | ) = x^2 - x^4 / 1000", "coercive", (), "refuted"),
        ("loss f(x: real | y: real) = log(1 + (x - y)^2)", "redescending", (), "proved"),
        ("loss f(x: real | y: real) = abs(x - y)", "redescending", (), "refuted"),
        ("loss f(x: real | y: real) = tanh(x - y)^2", "redescending", (), "proved"),
        ("loss f(x: real | ) = log(1 + exp(x))", "redescending", (), "refuted"),
        ("loss f(x: real | ) = tanh(x)", "tends", (-1, 1), "proved"),
        ("loss f(x: real | ) = tanh(x)", "tends", (0, 1), "refuted"),
        ("loss f(x: real | y: real; c: positive = 1) = 1 - exp(-(x - y)^2 / c)", "tends", (1, 1), "proved"),
        ("loss f(x: real, y: real | ) = (x - y)^2", "homogeneous", (2,), "proved"),
        ("loss f(x: real, y: real | ) = (x - y)^2 + abs(x)", "homogeneous", (2,), "unknown"),
        ("loss f(x: real, y: real; p: positive = 1) = abs(x - y)^p", "homogeneous", (1,), "unknown"),
        ("loss f(x: real[D] | ) = norm(x)", "homogeneous", (1,), "proved"),
        ("loss f(x: real[D] | ) = norm(x) + 1", "homogeneous", (1,), "unknown"),
        ("loss f(x: real | y: sign) = exp(-y * x)", "robust", (), "refuted"),
    ],
)  # fmt: skip
def test_what_happens_far_out(
    text: str, word: str, numbers: tuple[Any, ...], expected: str
) -> None:
    text = text.replace("; p", " | ; p") if "|" not in text else text
    assert verdicts(text, word, *numbers) == expected


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (
            "loss f(x: real | y: sign) = log(1 + exp(-y * x))",
            {"lipschitz": "1", "smooth": "1/4"},
        ),
        (
            "loss f(x: real | y: real; delta: positive = 1) ="
            " if abs(x - y) <= delta then (x - y)^2 / 2 else delta * (abs(x - y) - delta / 2)",
            {"lipschitz": "delta", "smooth": "1", "tends": "∞ ∞"},
        ),
        (
            "loss f(x: real | y: real; c: positive = 1) = c / 2 * (x - y)^2",
            {"strongly_convex": "c", "smooth": "c"},
        ),
        ("loss f(x: real[K] | y: index(K)) = -log(softmax(x)[y])", {"lipschitz": "√(2)"}),
        ("loss f(x: real[D] | ) = 3 * norm(x)", {"homogeneous": "1"}),
    ],
)
def test_constants_are_found(text: str, found: dict[str, str]) -> None:
    (program,) = lower(parse(Source("text", text + "\n"))).programs.values()
    facts = found_beside(Subject(program), (), list(found))
    proved = {
        one.property: one.value for one in facts if one.verdict == "proved" and one.of == ("x",)
    }
    assert proved == found
