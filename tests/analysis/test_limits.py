"""What limits keep: a hyperparameter at the end of its domain, values far out, a bound that is found."""

from __future__ import annotations

from decimal import ROUND_CEILING, ROUND_FLOOR
from typing import Any

import pytest
import sympy

from objc.analysis.claims import decide
from objc.analysis.subject import Subject
from objc.analysis.values.words import readable
from objc.ir.text import Text
from objc.passes.lower import lower
from objc.source import Source
from objc.syntax import parse

_HUBER = "if abs(x) <= d then x^2/2 else d*(abs(x)-d/2)"


def verdict(text: str) -> str:
    (program,) = lower(parse(Source("text", text + "\n"))).programs.values()
    (claim,) = program.claims
    return decide(Subject(program), claim).verdict


@pytest.mark.parametrize(
    ("value", "claims", "expected"),
    [
        (_HUBER, "convex in x", "proved"),
        (_HUBER, "lipschitz d in x", "proved"),
        (_HUBER, "smooth 1 in x", "proved"),
        (_HUBER, "smooth 9/10 in x", "refuted"),
        # What holds for d > 0, and not at d = 0.
        ("if d > 0 then x^2 else -x^2", "convex in x", None),
        ("if d == 0 then -x^2 else x^2", "convex in x", None),
        ("(sign(d) - 1/2)*x^2", "convex in x", None),
        ("(0^d - 1)*-x^2 - 0^d*x^2", "convex in x", None),
        ("x^2*tanh(1/d) - x^2/(1 + 1/d)", "nonnegative", None),
        (_HUBER, "not convex in x", "refuted"),
        (_HUBER, "not smooth 1 in x", "refuted"),
        (_HUBER, "not smooth 1/2 in x", "proved"),
        ("x^2 - 2*x^2*d^d", "concave in x", None),
        ("if x^2 + d > 0 then x^2 else 5", "convex in x", None),
        ("if x^2 + d > 0 then x^2 else -5", "nonnegative", "refuted"),
        ("if d*x == 0 then -x^2 else x^2", "convex in x", "refuted"),
        ("x^2*exp(-1/d) - x^2*[d == 0]", "nonnegative", None),
        ("x^2*(1 - exp(-d)) - x^2*exp(-d)*(1 - tanh(d*1e30))", "convex in x", "refuted"),
        ("(2*c - 1)*x^2 where c = sign(b)\n b = d", "convex in x", "refuted"),
        ("if abs(x) <= d then x^2/2 + e*x^2 else d*(abs(x)-d/2)+e*x^2", "convex in x", "proved"),
        ("x^2*(2*sign(d + e) - 1)", "convex in x", "refuted"),
        # At d = 0 there is no value, straight or not.
        ("d*exp(-x/d)", "strictly_convex in x", "unknown"),
    ],
)
def test_of_a_hyperparameter_that_may_be_zero(
    value: str, claims: str, expected: str | None
) -> None:
    head = "x: real |; d: nonnegative = 1, e: nonnegative = 1"
    found = verdict(f"loss f({head}) = {value}\n    claims {claims}")
    assert found == expected if expected else found != "proved"


@pytest.mark.parametrize(
    "weight",
    [
        "2*[any[j](d*(1 + x[j]^2) > 0)] - 1",
        "2*[count[j](d*(1 + x[j]^2) > 0) > 0] - 1",
        "prod[j](2*sign(d*(1 + x[j]^2)) - 1)",
        "(if max[j](d*(1 + x[j]^2)) > 0 then 1 else -1)",
        "(if sum[j](d*(1 + x[j]^2)) > 0 then 1 else -1)",
        "(if norm(x)*d + d > 0 then 1 else -1)",
        "sum[j | d*(1 + x[j]^2) > 0](2/3) - 1",
    ],
)
@pytest.mark.parametrize("claims", ["convex in x", "nonnegative"])
def test_of_reductions_that_change_at_zero(weight: str, claims: str) -> None:
    head = "x: real[3] |; d: nonnegative = 1"
    assert verdict(f"loss f({head}) = w*sum[i](x[i]^2)\n where w = {weight}\n claims {claims}") in (
        "refuted",
        "unknown",
    )


@pytest.mark.parametrize(
    ("value", "claims", "expected"),
    [
        ("x^2/(1+x^2)", "bounded 0 0.9999999", "refuted"),
        ("x^2/(1+x^2)", "bounded 0 1", "proved"),
        ("tanh(x)", "bounded (-1) 0.999999999999", "refuted"),
        ("x^2/(1+x^2)", "robust in x", "proved"),
        ("1-exp(-x^2/2)", "robust in x", "proved"),
        ("x^2/(1+abs(x)/1000000)", "robust in x", "unknown"),
        ("x^2", "robust in x", "refuted"),
    ],
)
def test_far_from_the_origin(value: str, claims: str, expected: str) -> None:
    assert verdict(f"loss f(x: real |) = {value} claims {claims}") == expected


@pytest.mark.parametrize(
    ("number", "outward", "expected"),
    [
        (sympy.Rational(10**40 + 1, 3 * 10**40), ROUND_CEILING, "166667/500000"),
        (sympy.Rational(10**40 + 1, 3 * 10**40), ROUND_FLOOR, "333333/1000000"),
        (3 * sympy.sqrt(3) / 8, ROUND_CEILING, "3 · √(3) / 8"),
        (2 * sympy.Integer(10) ** 300, ROUND_CEILING, "2e300"),
        (sympy.Rational(-1234567, 10**20), ROUND_CEILING, "-1.23456e-14"),
        (sympy.sqrt(sympy.Rational(2 * 10**40 + 1, 10**40)), ROUND_CEILING, "141423/100000"),
    ],
)
def test_long_numbers_are_rounded_outward(number: Any, outward: str, expected: str) -> None:
    found = readable(number, outward)
    assert (found >= number) if outward == ROUND_CEILING else (found <= number)
    (program,) = lower(parse(Source("text", "loss f(x: real) = x\n"))).programs.values()
    assert Text(program).scalar(found).text == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("u: real[3] | v: real[3]) = norm(u-v)^2 claims smooth 1.9 in u", "refuted"),
        ("u: real[3] | v: real[3]) = norm(u-v)^2 claims smooth 2 in u", "proved"),
        ("z: real[3] | y: index(3)) = logsumexp[i](z[i])-z[y] claims smooth 0.499 in z", "refuted"),
        ("z: real[3] | y: index(3)) = logsumexp[i](z[i])-z[y] claims smooth 1/2 in z", "proved"),
        ("z: real[3] |) = sum[i](z[i]) claims lipschitz 1.7 in z", "refuted"),
        ("x: nonnegative |) = sqrt(x) claims lipschitz 100 in x", "refuted"),
        ("x: interval(-1, 0) |) = sqrt(-x) claims lipschitz 100 in x", "refuted"),
        ("x: real |) = if x<=1 then x^2 else 2*x-1 claims differentiable 2 in x", "refuted"),
        ("x: real |) = if x<=1 then x^2 else 2*x-1 claims differentiable 1 in x", "proved"),
        ("x: real |) = abs(x)^3 claims differentiable 3 in x", "refuted"),
        ("x: real |) = abs(x)^4 claims differentiable 3 in x", "proved"),
        ("x: real |) = x^4-2e-9*x^2 claims convex in x", "refuted"),
        ("x: real |) = 2e-9*x^2-x^4 claims concave in x", "refuted"),
        ("x: real |) = if x == 0 then -x^2 else x^2 claims convex in x", "proved"),
        # The text's own constants, and what float64 shows as nothing.
        ("x: real |; t: count = 3) = if t == 7 then -x^2 else x^2 claims convex in x", "refuted"),
        ("x: interval(-1, 1) |) = if x == 0.3 then 5 else x^2 claims bounded 0 1", "refuted"),
        ("x: interval(-1, 1) |) = if x == 0.3 then 5 else x^2 claims quasiconvex in x", "refuted"),
        ("x: real |) = if abs(x) < 1e-6 then -x^2 else x^2 - 2e-12 claims nonnegative", "refuted"),
        ("x: real[3] |) = sum[i](if x[i] == 0.3 then 5 else x[i]^2) claims convex in x", "refuted"),
        (
            "m: real, s: positive |) = log(s) + (1 + m^2)/(2*s^2) - 0.5000000001 claims nonnegative",
            "refuted",
        ),
        ("x: real |) = x^2/2 + 1e-9*abs(x) claims strongly_convex 1.000000001 in x", "refuted"),
        ("x: real |) = x^2/2 + 1e-9*abs(x) claims strongly_convex 1 in x", "proved"),
    ],
)
def test_of_slivers_and_of_many_entries(text: str, expected: str) -> None:
    assert verdict(f"loss f({text}") == expected
