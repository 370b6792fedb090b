"""Random small losses with every trap in them: what is proved of them holds in 60 digits."""

from __future__ import annotations

import random
from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import mpmath
import pytest

from objc.analysis import Fact, analyse
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
        low, high = (0, mpmath.inf) if word == "nonnegative" else map(Fraction, rest[:2])
        yield from (one for one in points if not low - 1e-5 <= one[1] <= high + 1e-5)
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


@pytest.mark.parametrize("seed", range(60))
def test_what_is_proved_holds(seed: int) -> None:
    program = lower(parse(Source("random.objc", _text(seed)))).programs["f"]
    facts = [one for one in analyse(program) if one.verdict == "proved"]
    subject = Subject(program)
    with mpmath.workdps(_DIGITS):
        for y, p in (("0.5", 1), (-1, "0.5"), (2, 2)):
            line = _Line(subject, mpmath.mpf(y), mpmath.mpf(p))
            for fact in facts:
                if fact.kind != "kink" and not fact.statement.startswith("not "):
                    assert next(_violations(line, fact), None) is None, _text(seed)
        for fact in facts:
            if fact.kind == "kink":
                assert _is_broken_at_witness(subject, fact), _text(seed)
