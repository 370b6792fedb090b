"""Units: what holds together, beside the goldens of what does not."""

from __future__ import annotations

from fractions import Fraction

import pytest

from objc.errors import ObjcError
from objc.passes.lower import lower
from objc.passes.lower.unit_algebra import NONE, Equations, unit_of
from objc.source import Source
from objc.syntax import parse

SOUND = {
    "powers and products": "loss f(v: real<m/s>, t: real<s> | a: real<m/s^2>, h: real<m>) ="
    " (v * t + a * t^2 / 2 - h)^2",
    "a hyperparameter takes what is missing": "loss f(x: real<m>, y: real<s>; w: positive = 1) ="
    " w * x^2 + y^2",
    "a learned weight too": "loss f(x: real<m>, y: real<s>; learn w: real = 1) = w * x^2 + y^2",
    "a declared weight fits": "loss f(x: real<m>, y: real<s>; w: positive<s^2/m^2> = 1) ="
    " w * x^2 + y^2",
    "exp of a ratio": "loss f(x: real<m>; scale: positive = 1) = exp(-(x / scale)^2)",
    "zero and infinity have any unit": "loss f(x: real<m>) ="
    " max(0, x) + (if x > 0 then x else 0) + min(inf, x)",
    "roots halve": "loss f(x: real<m>[D]) = sqrt(sum[d](x[d]^2)) + norm(x) + mean(abs(x))",
    "definitions and local functions": "loss f(x: real<m>, y: real<m> | t: real<s>) ="
    " speed(x) + speed(y) - r\n    where speed(z) = z / t\n          r = (x - y) / t",
    "recurrences": "loss f(x: real<m>[T]; rate: probability = 0.5) = a[T-1]\n"
    "    where a[0] = x[0]\n          a[t] = rate * a[t-1] + x[t]",
    "gathers and guards": "loss f(x: real<m>[K] | k: index(K)) ="
    " sum[j | j != k](x[j] - x[k]) + max[j](x[j])",
    "a call with a literal hyperparameter": "use regression (huber)\n"
    "loss f(x: real<m> | y: real<m>) = huber(x | y; delta=2) + huber(x | y)",
    "a derivative": "loss f(x: real<m>[D]) = sum[d](gradient(g, x)[d] * x[d]) + g(x)\n"
    "    where g(v) = sum[d](v[d]^3)",
    "units of inputs side by side": "loss f(a: real<m>, b | c: real<m>) = a + b - c",
    "probabilities are pure": "loss f(p: probability, x: real<m>) = p * x - log(p) * x",
}


@pytest.mark.parametrize("text", SOUND.values(), ids=SOUND)
def test_units_that_fit(text: str) -> None:
    assert "f" in lower(parse(Source("<text>", text))).programs


TERMS = """
use regression (absolute_error)
objective scene(depth: real<m>, score: real | true: real<m>, label: sign; alpha: positive = 2,
                beta: probability = 0.5) =
    minimize
        depth: absolute_error(depth | true)
        score: log(1 + exp(-label * score))
"""


@pytest.mark.parametrize(
    "combine",
    [
        "uncertainty",
        "sum(depth = 0.5)",
        "sum(score = alpha)",
        "sum(depth = 3 * alpha)",
        "sum(depth = beta, score = 1 - beta)",
    ],
)
def test_weighed_terms_add_up(combine: str) -> None:
    lower(parse(Source("<text>", f"{TERMS}    combine {combine}")))
    with pytest.raises(ObjcError, match="E0221"):
        lower(parse(Source("<text>", TERMS)))


def test_a_declared_weight_is_held_to_its_unit() -> None:
    text = TERMS.replace("alpha: positive", "alpha: positive<1/m>")
    lower(parse(Source("<text>", f"{text}    combine sum(depth = 2 * alpha)")))
    with pytest.raises(ObjcError, match="has the unit 1, and `depth` 1/m"):
        wrong = text.replace("alpha: positive<1/m>", "alpha: positive<1/m^2>")
        lower(parse(Source("<text>", f"{wrong}    combine sum(depth = alpha)")))


def test_an_unknown_unit_is_found_once() -> None:
    """w takes 1/m from the first sum, and does not fit the second."""
    text = "loss f(x: real<m>, y: real<s>; w: positive = 1) = (w * x + 1) * (w * y + 1)"
    with pytest.raises(ObjcError, match="units: s/m and 1"):
        lower(parse(Source("<text>", text)))


def test_the_algebra_of_units() -> None:
    meter, second = unit_of([("m", 1)]), unit_of([("s", 1)])
    assert str(meter / second.power(Fraction(2))) == "m/s^2"
    assert str((meter * second).power(Fraction(1, 2))) == "m^(1/2)*s^(1/2)"
    assert str(meter / meter) == str(NONE) == "1"
    equations = Equations()
    a, b = equations.unknown(), equations.unknown()
    assert equations.same(a * b.power(Fraction(2)), meter)
    assert equations.same(b, second)
    assert equations.solved(a) == meter / second.power(Fraction(2))
    assert not equations.same(a, second)
    assert equations.same(a / a, NONE)
