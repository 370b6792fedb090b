"""Random small losses with every trap in them: what is proved of them holds in 60 digits."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from typing import Any

import mpmath
import pytest
import sympy

from objc.analysis import Fact, analyse
from objc.analysis.effort import LEVELS
from objc.analysis.subject import Subject
from objc.analysis.values.evaluation import is_finite, outputs
from objc.passes.lower import lower
from objc.source import Source
from objc.syntax import parse

_DIGITS = 60
_CLAIMS = (
    "nonnegative", "bounded -1 1", "bounded 0 4", "lipschitz 1 in x", "lipschitz p in x",
    "lipschitz 3 in x", "differentiable 1 in x", "convex in x", "concave in x", "robust in x",
)  # fmt: skip
_PLACES = sorted([Fraction(k, 4) for k in range(-12, 13)] + [Fraction(-100), Fraction(100)])


def _expression(generator: random.Random, depth: int) -> str:
    if depth == 0:
        return generator.choice(("x", "x", "x", "y", "p", "0", "1", "2", "1/2", "-1"))
    one, other, third = (_expression(generator, depth - 1) for _ in range(3))
    return generator.choice(
        (
            f"({one} + {other})", f"({one} - {other})", f"({one} * {other})", f"abs({one})",
            f"max({one}, {other})", f"min({one}, {other})", f"({one})^2", f"({one})^3",
            f"sigmoid({one})", f"exp({one})", f"sign({one})", f"atan({one})",
            f"sqrt(1 + ({one})^2)", f"log(1 + exp({one}))", f"({one} / (1 + ({other})^2))",
            f"(if {_condition(generator)} then {one} else {other})",
            f"(if {_condition(generator)} then {third} else {one})",
            f"[{_condition(generator)}] * {one}",
        )
    )  # fmt: skip


def _condition(generator: random.Random) -> str:
    relation = generator.choice(("<", "<=", "==", "!=", ">", ">="))
    left, right, factor = (_expression(generator, 0) for _ in range(3))
    form = generator.choice(("{0}", "abs({0})", "{1} * {0}", "{1} + {0}", "max({0}, {1})"))
    return f"{form.format(left, factor)} {relation} {right}"


def _text(seed: int) -> str:
    generator = random.Random(seed)
    domain = generator.choice(("real", "real", "nonnegative", "interval(-1, 2)"))
    body = _expression(generator, generator.choice((2, 3)))
    claims = ", ".join(generator.sample(_CLAIMS, 4))
    head = f"loss f(x: {domain} | y: real; p: positive = 1)"
    return f"{head} = {body} + 0 * y + 0 * x\n    claims {claims}\n"


class _Line:
    """The loss as a function of x, elsewhere fixed."""

    def __init__(self, subject: Subject, y: Any, p: Any) -> None:
        self.program = subject.program
        self.others = {"y": y, "p": p}
        low, high = (float(end) for end in self.program.input["x"].domain.bounds)
        self.places = [x for x in _PLACES if low <= x <= high]
        self.inner = [x for x in self.places if low < x < high]

    def __call__(self, x: Any) -> Any:
        values = {**self.others, "x": x}
        found = outputs(self.program, {k: values[k] for k in self.program.input}, _DIGITS)
        return None if found is None else found["total"]

    def slopes(self, x: Fraction) -> tuple[Any, Any] | None:
        """From the left and from the right; infinite where the value jumps."""
        step = mpmath.mpf(10) ** -25
        here = _number(x)
        left, middle, right = self(here - step), self(here), self(here + step)
        if not all(is_finite(one) for one in (left, middle, right)):
            return None
        return (middle - left) / step, (right - middle) / step


def _number(x: Fraction) -> Any:
    return mpmath.mpf(x.numerator) / x.denominator


def _violations(line: _Line, fact: Fact) -> Iterator[object]:
    word, *rest = fact.statement.split()
    known = [(x, line(_number(x))) for x in line.places]
    points = [(x, value) for x, value in known if is_finite(value)]
    if word in ("nonnegative", "bounded"):
        ends = map(_number, map(Fraction, rest[:2]))
        low, high = (mpmath.mpf(0), mpmath.inf) if word == "nonnegative" else ends
        room = mpmath.mpf("1e-40")  # ends that are told are rounded outward
        yield from (one for one in points if not low - room <= one[1] <= high + room)
    elif word in ("convex", "concave", "affine"):
        for (a, at_a), (b, at_b), (c, at_c) in zip(points, points[1:], points[2:], strict=False):
            share = _number((c - b) / (c - a))
            gap = at_b - share * at_a - (1 - share) * at_c
            room = 1e-40 * (1 + abs(at_a) + abs(at_c))
            if (word != "concave" and gap > room) or (word != "convex" and gap < -room):
                yield a, b, c
    elif word in ("lipschitz", "differentiable", "infinitely", "smooth"):
        bound = {"p": line.others["p"]}.get(rest[0], rest[0]) if word == "lipschitz" else None
        for x in line.inner:
            slopes = line.slopes(x)
            if slopes is None:
                continue
            if bound is not None and max(map(abs, slopes)) > mpmath.mpf(bound) + 1e-9:
                yield x, slopes
            # Where there is a jump, the quotient of one side is huge.
            if bound is None and abs(slopes[0] - slopes[1]) > 1e-9 * (1 + abs(slopes[0])):
                yield x, slopes


def _numbers(fact: Fact, line: _Line) -> list[Any]:
    """The numbers of a statement that was found, at a setting of the hyperparameter."""
    text = (fact.value or "").replace("√", "sqrt").replace("^", "**").replace("∞", "oo")
    text = text.replace("·", "*").replace("π", "pi")
    parts = (
        re.findall(r"\(.*?\)(?= |$)|\S+", text) if fact.property == "tends" else [text] * bool(text)
    )
    known = {"p": line.others["p"], "sigmoid": lambda u: 1 / (1 + sympy.exp(-u))}
    known["softplus"] = lambda u: sympy.log(1 + sympy.exp(u))
    found = [sympy.N(sympy.sympify(one, locals=known), _DIGITS) for one in parts]
    return [mpmath.mpf(str(one).replace("oo", "inf")) for one in found]


def _far_violations(line: _Line, fact: Fact) -> Iterator[object]:
    """Of what is said of the value far out, and of its ends."""
    numbers = _numbers(fact, line)
    near, far, farther = (
        [line(side * mpmath.mpf(10) ** n) for side in (-1, 1)] for n in (1, 12, 30)
    )
    match fact.property:
        case "coercive":
            yield from (pair for pair in zip(far, farther, strict=True) if not pair[0] < pair[1])
        case "tends":
            for end, value in zip(numbers, farther, strict=True):
                is_there = abs(value - end) < 1e-6 if is_finite(end) else value * end > 0
                if not is_there:
                    yield end, value
        case "redescending":
            slopes = [line.slopes(Fraction(side * 10**12)) for side in (-1, 1)]
            yield from (one for one in slopes if one and max(map(abs, one)) > 1e-6)
        case "homogeneous" if fact.of == ("x",):
            for x in (Fraction(-3), Fraction(1, 2), Fraction(5)):
                once, twice = line(_number(x)), line(_number(2 * x))
                if abs(twice - mpmath.mpf(2) ** numbers[0] * once) > 1e-9 * (1 + abs(once)):
                    yield x, once, twice
        case "minimum" | "infimum" | "maximum" | "supremum":
            side = 1 if fact.property in ("minimum", "infimum") else -1
            values = [line(_number(x)) for x in line.places] + near + far
            yield from (
                one for one in values if is_finite(one) and side * (one - numbers[0]) < -1e-9
            )
        case "lipschitz" | "smooth":
            for x in line.inner:
                slopes = line.slopes(x)
                if fact.property == "smooth" and slopes is not None:
                    after = line.slopes(x + Fraction(1, 10**6))
                    slopes = None if after is None else ((after[0] - slopes[0]) * 10**6,) * 2
                if slopes is not None and max(map(abs, slopes)) > numbers[0] * (1 + 1e-6) + 1e-6:
                    yield x, slopes


def _is_broken_at_witness(subject: Subject, fact: Fact) -> bool:
    place = dict(
        one.split(" = ") for one in fact.argument.split(" at ")[1].split(";")[0].split(", ")
    )
    values = {name: _number(Fraction(text)) for name, text in place.items()}
    line = _Line(subject, values.get("y", 0), values.get("p", 1))
    slopes = line.slopes(Fraction(place["x"]))
    assert slopes is not None
    is_jump = max(map(abs, slopes)) > 1e12
    return is_jump if fact.statement.startswith("jump") else abs(slopes[0] - slopes[1]) > 1e-9


def _seeds(every: int, each_time: int) -> list[Any]:
    """Most of the time goes into proofs: those beyond the first run with `--slow`."""
    return [
        pytest.param(seed, marks=[] if seed < each_time else [pytest.mark.slow])
        for seed in range(every)
    ]


@pytest.mark.parametrize("seed", _seeds(60, 24))
def test_what_is_proved_holds(seed: int) -> None:
    program = lower(parse(Source("random.objc", _text(seed)))).programs["f"]
    facts = [one for one in analyse(program) if one.verdict == "proved"]
    subject = Subject(program)
    with mpmath.workdps(_DIGITS):
        for y, p in (("0.5", 1), (-1, "0.5"), (2, 2)):
            line = _Line(subject, mpmath.mpf(y), mpmath.mpf(p))
            for fact in facts:
                if fact.kind != "kink":
                    assert next(_violations(line, fact), None) is None, _text(seed)
        for fact in facts:
            if fact.kind == "kink":
                assert _is_broken_at_witness(subject, fact), _text(seed)


@pytest.mark.parametrize("seed", range(100, 108))
def test_what_is_found_holds(seed: int) -> None:
    """Constants, limits and ends that nobody claims."""
    text = _text(seed).replace("nonnegative |", "real |").replace("interval(-1, 2) |", "real |")
    text = text.partition("\n    claims")[0] + "\n"
    program = lower(parse(Source("random.objc", text))).programs["f"]
    facts = analyse(program, LEVELS["normal"], None)
    subject = Subject(program)
    with mpmath.workdps(_DIGITS):
        for y, p in (("0.5", 1), (-1, "0.5"), (2, 2)):
            line = _Line(subject, mpmath.mpf(y), mpmath.mpf(p))
            for fact in facts:
                if fact.kind != "found" or fact.verdict != "proved":
                    continue
                assert next(_far_violations(line, fact), None) is None, (text, fact.statement)
                if fact.property == "strictly_convex":
                    convex = replace(fact, statement="convex")
                    assert next(_violations(line, convex), None) is None, text
