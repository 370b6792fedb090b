"""`objc check --why`: the parts of the text that bear on a fact, and the smallest that is responsible."""

from __future__ import annotations

import gc
import time

import pytest

from objc.analysis import analyse
from objc.analysis.effort import LEVELS, Clock, OutOfTime
from objc.analysis.reasons import Reason, reason
from objc.analysis.subject import Subject
from objc.passes.lower import lower
from objc.source import Source
from objc.syntax import parse


def reason_of(text: str, word: str) -> Reason:
    (program,) = lower(parse(Source("why.objc", text + "\n"))).programs.values()
    fact = next(
        one for one in analyse(program, LEVELS["thorough"], (word,)) if one.property == word
    )
    return reason(Subject(program), fact)


@pytest.mark.parametrize(
    ("text", "word", "responsible"),
    [
        ("loss f(x: real | ) = log(1 + exp(x)) - x^2 * sin(x)", "convex", "sin(x)"),
        ("loss f(x: real | ) = x^4 - x^2", "convex", "x^4 - x^2"),
        ("loss f(x: real | ) = exp(x^2) + exp(-abs(x))", "convex", "exp(-abs(x))"),
        ("loss f(x: real | ) = u + x^2\n    where u = sqrt(abs(x)) * x", "convex", "sqrt(abs(x))"),
        ("loss f(x: real | ) = x^2 + tanh(x)", "nonnegative", "tanh(x)"),
        ("loss f(x: real | ) = log(1 + x^2) + exp(x) / 2", "lipschitz", "exp(x)"),
        ("loss f(x: real | ) = x^2 + abs(x)", "kink", "abs(x)"),
        (
            "loss f(p: probability | y: binary) = (p - y)^2 + p / 10 claims proper",
            "proper",
            "p / 10",
        ),
        (
            "loss f(s: real | y: sign) = fit + s^2 / 9 where fit = log(1 + exp(-y * s))\n"
            "    claims proper",
            "proper",
            "s^2",
        ),
        (
            "loss f(q: real | y: real) = (q - y)^2 + q^2 / 5 claims estimates mean",
            "estimates",
            "q^2",
        ),
    ],
)
def test_the_smallest_part_is_pointed_at(text: str, word: str, responsible: str) -> None:
    found = reason_of(text, word).responsible
    assert found is not None
    assert found.span.text == responsible


def test_a_proof_is_told_from_the_inside_out() -> None:
    found = reason_of("loss f(s: real | y: sign) = log(1 + exp(-y * s))", "convex")
    told = [(one.span.text, one.says) for one in found.parts]
    assert told == [
        ("-y * s", "affine"),
        ("exp(-y * s)", "convex, log-convex, log-concave"),
        ("1 + exp(-y * s)", "convex, log-convex"),
        ("log(1 + exp(-y * s))", "convex in s"),
    ]
    assert found.as_data()[-1]["responsible"]
    assert "^" * len("log(1 + exp(-y * s))") in "\n".join(found.lines())


_HUBER = (
    "loss f(q: real | y: real; d: positive = 1) = "
    "if abs(r) <= d then r^2 / 2 else d * (abs(r) - d / 2) where r = q - y"
)


@pytest.mark.parametrize(
    ("text", "word", "part", "says"),
    [
        (_HUBER, "lipschitz", "r^2 / 2", "slope q - y, at most d in size where |q - y| ≤ d"),
        (_HUBER, "coercive", "d * (abs(r) - d / 2)", "tends to ∞ and ∞"),
        (_HUBER, "tends", "q - y", "tends to -∞ and ∞"),
        (_HUBER, "nonnegative", "d * (abs(r) - d / 2)", "nonnegative where |r| > d"),
        (_HUBER, "minimum", "r^2 / 2", "nonnegative"),
        (_HUBER, "symmetric", "q - y", "changes its sign"),
        ("loss f(q: real | y: real) = (q - y)^2 / 2", "estimates", "(q - y)^2 / 2",
         "slope q - y, so estimates mean"),
        ("loss f(q: real | y: real; t: probability = 0.5) = max(t * (y - q), (t - 1) * (y - q))"
         " claims estimates quantile t", "estimates", "max(t * (y - q), (t - 1) * (y - q))",
         "slope 1 - t where y < q, -t where it is greater, so estimates quantile t"),
        ("loss f(m: real, v: real | y: real) = exp(-v) * (m - y)^2 + v",
         "estimates", "exp(-v) * (m - y)^2 + v",
         "slope (2 · m - 2 · y) · exp(-v) = 2 · exp(-v) · (m - y), so estimates mean"),
        ("loss f(p: probability | y: binary) = (p - y)^2 claims proper", "proper", "(p - y)^2",
         "slope 2 · p - 2 at y = 1, 2 · p at y = 0, which p and 1 - p weigh to 0, so proper"),
        ("loss f(x: positive | ) = x^2 + x * abs(x)", "homogeneous", "x^2",
         "scaling by c multiplies it by c^2"),
        ("loss f(x: real[K] | ) = logsumexp(x) - mean(x)", "invariant", "logsumexp(x)",
         "adding c adds c"),
        ("loss f(x: real | ) = log(1 + x^2)", "redescending", "1 + x^2", "slope tends to -∞ and ∞"),
    ],
)  # fmt: skip
def test_every_lens_says_what_a_part_brings(text: str, word: str, part: str, says: str) -> None:
    claims = {
        "symmetric": "symmetric in q, y", "estimates": "estimates mean",
        "invariant": "invariant shift in x", "lipschitz": "lipschitz d in q",
        "nonnegative": "nonnegative",
    }  # fmt: skip
    if word in claims and "claims" not in text:
        text += f"\n    claims {claims[word]}"
    told = {(one.span.text, one.says) for one in reason_of(text, word).parts}
    assert any(one == says and part in where for where, one in told), told


def test_time_that_is_spent_stops_a_prover() -> None:
    clock = Clock(0.05)
    with pytest.raises(OutOfTime), clock.running():
        while True:
            pass
    assert clock.left <= 0
    with pytest.raises(OutOfTime), clock.running():
        raise AssertionError("no time is left")


def test_a_clock_within_another_does_not_stop_it() -> None:
    outer, inner = Clock(0.1), Clock(60.0)
    with pytest.raises(OutOfTime), outer.running():
        with inner.running():
            pass
        while True:
            pass
    with pytest.raises(OutOfTime), Clock(0.05).running(), inner.running():
        while True:
            pass


def test_a_limit_is_not_lost_where_python_forgets_what_is_raised() -> None:
    """The warning of what is forgotten would be an error of this test."""

    def spend(phase: str, about: dict[str, int]) -> None:
        until = time.process_time() + 0.1
        while time.process_time() < until:
            pass

    gc.callbacks.append(spend)
    try:
        with pytest.raises(OutOfTime), Clock(0.05).running():
            gc.collect()  # the limit rings in here
            until = time.process_time() + 1.0
            while time.process_time() < until:
                pass
            pytest.fail("the limit was lost")
    finally:
        gc.callbacks.remove(spend)


def test_what_time_leaves_undecided_is_said() -> None:
    text = "loss f(x: real[K] | y: index(K)) = -log(softmax(x)[y])^2\n"
    (program,) = lower(parse(Source("why.objc", text))).programs.values()
    facts = analyse(program, LEVELS["quick"], None)
    assert facts.undecided
    assert all(one.verdict != "unknown" for one in facts.shown() if one.kind == "found")
