"""Random small losses of two numbers, or of the entries of a vector and a number: what is proved of both
together holds at points, in 60 digits."""

from __future__ import annotations

import random
from typing import Any

import mpmath
import pytest

from objc.analysis.claims import decide
from objc.analysis.effort import LEVELS
from objc.analysis.search import found_beside
from objc.analysis.statements import fact_of, stated
from objc.analysis.subject import Subject
from objc.analysis.values.evaluation import is_finite, outputs
from objc.passes.lower import lower
from objc.source import Source
from objc.syntax import parse

_DOMAINS = ("real", "real", "positive", "positive", "nonnegative", "probability", "interval(-1, 2)")
_SOUGHT = ("strictly_convex", "quasiconvex", "lipschitz", "smooth", "strongly_convex")
_CHORDS = 40


def _expression(generator: random.Random, domains: dict[str, str], depth: int) -> str:
    if depth == 0:
        return generator.choice(("x", "x", "y", "y", "1", "2", "1/2", "p"))
    one, other = (_expression(generator, domains, depth - 1) for _ in range(2))
    above = [f"{name}" for name, kind in domains.items() if kind == "positive"]
    forms = [
        f"({one} + {other})", f"({one} - {other})", f"({one})^2", f"({one} * {other})", f"exp({one})",
        f"({one})^2 / (1 + ({other})^2)", f"sqrt(1 + ({one})^2)", f"log(1 + exp({one}))",
        f"({one})^2 + ({other})^2", f"abs({one})", f"max({one}, {other})", "(x + y)^2", f"p * ({one})",
        f"(if x > {generator.choice(('0', '1', 'y'))} then {one} else {other})", "(x - p * y)^2",
        f"sqrt(({one})^2 + ({other})^2)",
    ]  # fmt: skip
    for name in above:
        forms += [f"({one})^2 / {name}", f"-log({name})", f"-sqrt({name})", f"{name} * log({name})"]
        forms += [f"{name} * exp(({one}) / {name})", f"-sqrt({name} * 2)", f"1 / {name}"]
    if len(above) == 2:
        forms += ["-sqrt(x * y)", "x * log(x / y)", "y * log(y / x)", "-x^0.4 * y^0.6", "x / y"] * 2
    return generator.choice(forms)


def _subject(seed: int) -> Subject:
    generator = random.Random(seed)
    domains = {name: generator.choice(_DOMAINS) for name in ("x", "y")}
    body = _expression(generator, domains, generator.choice((1, 2, 2, 3)))
    size = ""
    if generator.random() < 0.3:
        size, inner = (
            "[K]",
            body.replace("x", "x[k]").replace("ex[k]p", "exp").replace("max[k]", "max"),
        )
        body = f"{generator.choice(('sum', 'mean'))}[k]({inner} + 0 * x[k])"
        if generator.random() < 0.3:
            body = (
                f"mean[k](x[k]^2) - {generator.choice(('1', '1/2', '2'))} * mean[k](x[k])^2 + y^2"
            )
    rest = f"0 * x{'[0]' if size else ''} + 0 * y"
    text = f"loss f(x: {domains['x']}{size}, y: {domains['y']} | ; p: positive = 1) = {body} + {rest}\n"
    return Subject(lower(parse(Source("random.objc", text))).programs["f"], LEVELS["quick"])


def _number(kind: str, generator: random.Random) -> Any:
    ends = {"probability": (0, 1), "interval": (-1, 2)}.get(kind)
    if ends is not None:
        low, high = ends
        return (
            mpmath.mpf(low) + mpmath.mpf(high - low) * generator.choice((0, 1, 3, 5, 13, 16)) / 16
        )
    size = (
        mpmath.mpf(2) ** generator.choice((-12, -3, 0, 0, 1, 2, 6)) * generator.randint(1, 15) / 8
    )
    if kind == "nonnegative" and generator.random() < 0.25:
        return mpmath.mpf(0)
    return size if kind != "real" else size * generator.choice((-1, 1))


def _point(subject: Subject, generator: random.Random) -> dict[str, Any]:
    return {
        one.name: [_number(one.domain.kind, generator) for _ in range(3)]
        if one.dimensions
        else _number(one.domain.kind, generator)
        for one in subject.program.inputs
        if one.name != "p"
    }


def _between(one: Any, other: Any, share: Any) -> Any:
    if isinstance(one, list):
        return [_between(a, b, share) for a, b in zip(one, other, strict=True)]
    return share * one + (1 - share) * other


def _flat(point: dict[str, Any], names: tuple[str, ...]) -> list[Any]:
    values = [point[name] for name in names]
    return [entry for one in values for entry in (one if isinstance(one, list) else [one])]


@pytest.mark.parametrize(
    "seed", [one if one < 8 else pytest.param(one, marks=pytest.mark.slow) for one in range(200)]
)
def test_what_is_proved_of_both_holds_at_points(seed: int) -> None:
    subject = _subject(seed)
    names = ("x", "y")
    facts = [fact_of(subject, stated(word, *names), "found") for word in ("convex", "concave")]
    facts += found_beside(subject, facts, _SOUGHT)
    proved = [one for one in facts if one.verdict == "proved"]
    generator = random.Random(seed)
    with mpmath.workdps(60):
        for _ in range(_CHORDS if proved else 0):
            p, share = generator.choice((mpmath.mpf(1), mpmath.mpf(3) / 8)), mpmath.mpf(1) / 2
            one, other = (_point(subject, generator) for _ in range(2))
            middle = {name: _between(one[name], other[name], share) for name in names}
            for fact in proved:
                # Only what the fact is about moves.
                ends = [
                    {**one, **{name: each[name] for name in fact.of}}
                    for each in (one, other, middle)
                ]
                found = [outputs(subject.program, {**each, "p": p}, 60) for each in ends]
                values = [each["total"] if each else mpmath.nan for each in found]
                if all(map(is_finite, values)):
                    distance = sum(
                        (a - b) ** 2
                        for a, b in zip(
                            _flat(ends[0], fact.of), _flat(ends[1], fact.of), strict=True
                        )
                    )
                    _hold(fact, values, distance, p)


def _hold(fact: Any, values: list[Any], distance: Any, p: Any) -> None:
    one, other, middle = values
    room = mpmath.mpf(10) ** -40 * (1 + abs(one) + abs(other))
    gap = (one + other) / 2 - middle
    bound = None
    if fact.arguments:
        (read,) = fact.arguments[0].free_symbols or (None,)
        value = fact.arguments[0] if read is None else fact.arguments[0].subs(read, str(p))
        bound = mpmath.mpf(str(value.evalf(50)))
    match fact.property:
        case "convex":
            assert gap >= -room, fact
        case "concave":
            assert gap <= room, fact
        case "strictly_convex":
            assert gap >= -room and (gap > 0 or distance < 1e-6), fact
        case "quasiconvex":
            assert middle <= max(one, other) + room, fact
        case "lipschitz":
            assert (one - other) ** 2 <= bound**2 * distance * (1 + mpmath.mpf(10) ** -12) + room, (
                fact
            )
        case "strongly_convex":
            assert gap >= bound * distance / 8 * (1 - mpmath.mpf(10) ** -12) - room, fact
        case "smooth":
            assert abs(gap) <= bound * distance / 8 * (1 + mpmath.mpf(10) ** -12) + room, fact


def test_verdicts_are_found_in_both() -> None:
    """The losses are no empty set: some are proved convex in both together, some refuted."""
    verdicts = [decide(_subject(seed), stated("convex", "x", "y")).verdict for seed in range(12)]
    assert {"proved", "refuted"} <= set(verdicts)
