"""Bounds on gradients and Hessians by structure: constants of the literature, near misses, and random
losses of a vector against differences in 60 digits."""

from __future__ import annotations

import random
from typing import Any

import mpmath
import pytest
import sympy

from objc.analysis.subject import Subject
from objc.analysis.values.evaluation import outputs
from objc.passes.lower import lower
from objc.source import Source
from objc.syntax import parse
from tests.analysis.claimed import verdict

_HEAD = "x: real[K] | y: index(K), w: real[K], p: simplex[K]; c: positive = 2, s: probability = 0.1"
_NLL = "(logsumexp[k](x[k]) - x[y])"


@pytest.mark.parametrize(
    ("body", "claim", "expected"),
    [
        (_NLL, "lipschitz sqrt(2) in x", "proved"),
        (_NLL, "lipschitz 1.41 in x", "unknown"),
        (_NLL, "smooth 1 / 2 in x", "proved"),
        (_NLL, "smooth 0.499 in x", "refuted"),
        (f"c * {_NLL}", "lipschitz sqrt(2) * c in x", "proved"),
        (f"c * {_NLL}", "smooth c / 2 in x", "proved"),
        (f"{_NLL} - {_NLL} / 2", "smooth 1 / 2 in x", "proved"),
        (f"w[y] * {_NLL}", "smooth 1 / 2 in x", "refuted"),
        ("logsumexp[k](c * x[k]) / c - x[y]", "smooth c / 2 in x", "proved"),
        ("logsumexp[k](c * x[k]) / c - x[y]", "lipschitz sqrt(2) in x", "proved"),
        ("logsumexp[k](w[k] * x[k])", "smooth 1 / 2 in x", "refuted"),
        ("logsumexp[k](x[k] - x[y])", "smooth 1 / 2 in x", "unknown"),
        ("logsumexp[k](x[k] - x[y])", "smooth 2 in x", "proved"),
        ("sum[k](p[k] * (logsumexp[j](x[j]) - x[k]))", "smooth 1 / 2 in x", "proved"),
        ("sum[k](w[k] * (logsumexp[j](x[j]) - x[k]))", "smooth 1 / 2 in x", "refuted"),
        ("sum[k](softmax(w)[k] * (logsumexp[j](x[j]) - x[k]))", "lipschitz sqrt(2) in x", "proved"),
        ("sum[k](exp(w[k]) * (logsumexp[j](x[j]) - x[k]))", "lipschitz sqrt(2) in x", "refuted"),
        (f"(1 - s) * {_NLL} + s * mean[k](-log(softmax(x)[k]))", "lipschitz sqrt(2) in x", "proved"),
        (f"(1 + s) * {_NLL} - s * mean[k](-log(softmax(x)[k]))", "lipschitz sqrt(2) in x", "refuted"),
        ("max[k](x[k] + [k != y]) - x[y]", "lipschitz sqrt(2) in x", "proved"),
        ("max[k](x[k] + [k != y]) - x[y]", "smooth 100 in x", "refuted"),
        ("max[k](2 * x[k] + [k != y]) - x[y]", "lipschitz sqrt(2) in x", "refuted"),
        ("sum((x - w)^2)", "strongly_convex 2 in x", "proved"),
        ("sum((x - w)^2)", "smooth 2 in x", "proved"),
        ("sum((x - w)^2)", "strongly_convex 2.01 in x", "refuted"),
        ("sum[k | k != y]((x[k] - w[k])^2)", "strongly_convex 1 in x", "refuted"),
        ("mean((x - w)^2)", "strongly_convex 2 in x", "refuted"),
        ("sum(x)^2", "strongly_convex 1 in x", "refuted"),
        ("sum(x)^2", "smooth 2 in x", "refuted"),
        ("(x[y] - 1)^2", "smooth 2 in x", "proved"),
        ("(x[y] - 1)^2", "strongly_convex 1 in x", "refuted"),
        ("(x[y] - 1)^2", "smooth 1.99 in x", "refuted"),
        ("sum((x - w)^2) - sum(x^2) / 2", "strongly_convex 1 in x", "proved"),
        ("sum(x^2) - c * sum(cos(x))", "strongly_convex 2 - c in x", "proved"),
        ("sum(x^2) - c * sum(cos(x))", "smooth 2 + c in x", "proved"),
        ("sum(exp(x) - x)", "strictly_convex in x", "proved"),
        ("sum[k | k != y](exp(x[k]))", "strictly_convex in x", "unknown"),
        ("sum(p * exp(x))", "strictly_convex in x", "unknown"),
        ("logsumexp(x) + sum(x^2) / 2", "strictly_convex in x", "proved"),
        ("logsumexp(x)", "strictly_convex in x", "unknown"),
        ("max(0, sum((x - w)^2) - sum((x + w)^2) + c)", "convex in x", "proved"),
        ("max(0, sum((x - w)^2) - 2 * sum((x + w)^2) + c)", "convex in x", "refuted"),
        ("sum(1 / x^2)", "convex in x", "refuted"),
    ],
)  # fmt: skip
def test_constants(body: str, claim: str, expected: str) -> None:
    assert verdict(_HEAD, body, claim) == expected


def _entry(generator: random.Random) -> str:
    return generator.choice(
        ("x[k]^2", "(x[k] - w[k])^2 / 2", "exp(x[k]) - x[k]", "log(cosh(x[k]))", "c * x[k]^2",
         "cos(c * x[k])", "x[k]^4", "abs(x[k])", "atan(x[k])", "x[k] * w[k]", "p[k] * x[k]^2",
         "sqrt(1 + x[k]^2)", "-s * x[k]^2", "w[k] * x[k]^2", "1 / (1 + x[k]^2)", "max(0, x[k])^2")
    )  # fmt: skip


def _body(generator: random.Random) -> str:
    plain = ("x[k]", "c * x[k] + w[k]", "x[k] - x[y]", "-x[k]", "s * (x[k] - c * [k == y])",
             "w[k] - x[k] / c", "p[k] * x[k]")  # fmt: skip
    return generator.choice((*plain, _entry(generator)))


def _scalar(generator: random.Random, depth: int) -> str:
    one, other = (
        (_scalar(generator, depth - 1) for _ in range(2)) if depth else ("x[y]", "sum(x * p)")
    )
    body, entry = _body(generator), _entry(generator)
    return generator.choice(
        (f"logsumexp[k]({body})", f"max[k]({body})", f"mean[k]({body})", f"sum[k](p[k] * ({body}))",
         f"sum[k]({entry})", f"sum[k | k != y]({entry})", f"sum[k](softmax(w)[k] * ({body}))",
         f"c * ({one})", f"(1 - s) * ({one}) + s * ({other})", f"({one}) + ({other})",
         f"({one}) - ({other})", f"max({one}, {other})", f"({one}) * w[y]", f"({one})^2",
         f"log(1 + exp({one}))", f"sigmoid({one})", f"sqrt(1 + ({one})^2)")
    )  # fmt: skip


def _slopes(value: Any, x: list[Any], along: list[Any]) -> tuple[Any, Any]:
    """First and second difference along a direction."""
    step = mpmath.mpf(10) ** -18
    ahead, here, behind = (
        value([a + side * step * b for a, b in zip(x, along, strict=True)]) for side in (1, 0, -1)
    )
    return (ahead - behind) / (2 * step), (ahead - 2 * here + behind) / step**2


def _number(value: Any) -> Any:
    return mpmath.mpf(str(sympy.N(value, 40)).replace("oo", "inf"))


@pytest.mark.parametrize("seed", range(40))
def test_bounds_hold_at_points(seed: int) -> None:
    generator = random.Random(seed)
    text = f"loss f({_HEAD}) = {_scalar(generator, generator.choice((0, 1, 2)))} + 0 * x[y]"
    subject = Subject(lower(parse(Source("random.objc", text))).programs["f"])
    bounds = subject.bounds("x")
    with mpmath.workdps(60):
        for _ in range(12):
            c, s = generator.choice((0.5, 2.0, 3.0)), generator.choice((0.0, 0.25, 1.0))
            data = {"y": generator.randrange(3), "w": [generator.gauss(0, 2) for _ in range(3)],
                    "p": generator.choice(([0.5, 0.25, 0.25], [1.0, 0.0, 0.0])), "c": c, "s": s}  # fmt: skip

            def value(x: list[Any], data: dict[str, Any] = data) -> Any:
                found = outputs(subject.program, {"x": x, **data}, 60)
                return None if found is None else found["total"]

            hyper = {one.read(): sympy.Rational(data[one.name]) for one in subject.program.inputs
                     if one.role == "hyperparameter"}  # fmt: skip
            slope, low, high = (
                _number(one.xreplace(hyper)) for one in
                (bounds.squared_slope, bounds.low, bounds.high)
            )  # fmt: skip
            x = [mpmath.mpf(generator.gauss(0, 1) * generator.choice((1, 10))) for _ in range(3)]
            axes = [_slopes(value, x, [mpmath.mpf(k == d) for k in range(3)])[0] for d in range(3)]
            assert sum(one**2 for one in axes) <= slope + mpmath.mpf(10) ** -9, text
            along = generator.choice((axes, [mpmath.mpf(generator.gauss(0, 1)) for _ in range(3)]))
            size = sum(one**2 for one in along)
            if size > mpmath.mpf(10) ** -6:
                bend = _slopes(value, x, along)[1] / size
                room = mpmath.mpf(10) ** -9 * (1 + abs(bend))
                assert low - room <= bend <= high + room, text
            if bounds.is_strict:
                assert low >= 0, text
