"""Objectives as a whole: shape of the sum, rays to −∞, flat directions, terms that nothing reaches."""

from __future__ import annotations

import mpmath
import pytest

from objc.analysis import Facts, analyse, errors
from objc.analysis.objectives.flat import flat_moves
from objc.analysis.objectives.runaway import runaway
from objc.analysis.subject import Subject
from objc.ir.evaluate import evaluate
from objc.ir.program import Program
from objc.passes.lower import lower
from objc.source import Source
from objc.syntax import parse


def _program(text: str) -> Program:
    return lower(parse(Source("whole.objc", text))).programs["f"]


def _facts(text: str) -> Facts:
    return analyse(_program(text))


_LINEAR = "| x: real[D], y: real; learn w: real[D], learn b: real, a: positive = 1"
_SCORES = "| x: real[D], k: index(K); learn w: real[K, D], learn b: real[K]"


@pytest.mark.parametrize(
    ("head", "body", "word", "verdict"),
    [
        (_LINEAR, "(dot(w, x) + b - y)^2", "convex", "proved"),
        (_LINEAR, "-(dot(w, x) + b - y)^2", "convex", "refuted"),
        (_LINEAR, "-(dot(w, x) + b - y)^2", "concave", "proved"),
        # No rule of composition knows this loss to be convex; in the model's output it is.
        (_LINEAR, "(dot(w, x) + b - y)^2 + log(1 + (dot(w, x) + b - y)^2)", "convex",
         "proved"),
        (_LINEAR, "(dot(w, x) + b - y)^2 / 10 + log(1 + (dot(w, x) + b - y)^2)", "convex",
         "refuted"),
        (_LINEAR, "(dot(w, x) * b - y)^2 + log(1 + (dot(w, x) + b - y)^2)", "convex",
         "refuted"),
        # The output is affine in w alone, and in b alone, not in both.
        (_LINEAR, "(b * dot(w, x) - y)^2", "convex", "refuted"),
        (_LINEAR, "(tanh(dot(w, x)) + b - y)^2", "convex", "refuted"),
        (_SCORES, "logsumexp[j](dot(w[j], x) + b[j]) - dot(w[k], x) - b[k]", "convex", "proved"),
        (_SCORES, "logsumexp[j](dot(w[j], x)^2 + b[j]) - dot(w[k], x)^2 - b[k]", "convex",
         "refuted"),
    ],
)  # fmt: skip
def test_shape_through_a_model(head: str, body: str, word: str, verdict: str) -> None:
    found = _facts(f"objective f({head}) = minimize {body}").ask
    assert found is not None
    names = ("w", "b")
    assert found(word, names, None).verdict == verdict


def test_a_sum_is_as_convex_as_its_terms() -> None:
    text = (
        f"objective f({_LINEAR}) =\n    minimize\n        fit: r^2 + log(1 + r^2)\n"
        "        ridge: {} sum[d](w[d]^2) over parameters\n    where r = dot(w, x) + b - y\n"
    )
    facts = _facts(text.format("a *"))
    assert facts.convex("w", "b").verdict == "proved"
    assert {one.value for one in facts if one.property == "convex" and one.kind == "objective"} == {
        "term fit", "term ridge",
    }  # fmt: skip
    mutated = _facts(text.format("-a *"))
    assert mutated.convex("w", "b").verdict == "refuted"
    ridge = next(one for one in mutated if one.value == "term ridge")
    assert ridge.verdict == "refuted"


@pytest.mark.parametrize(
    ("text", "ray", "always"),
    [
        ("objective f(w: real[D] | x: real) = minimize -sum[d](w[d])", "w = [t, t", True),
        ("objective f(a: real) = maximize a - exp(-a)", "a = t", True),
        ("objective f(a: real | r: real) = maximize a * r", "a = ", False),
        ("objective f(| y: real; learn s: positive = 1) = minimize log(s)", "s = 1/(t + 1)", True),
        # Where the mean fits a datum exactly, the variance goes to nothing.
        ("objective f(| y: real; learn m: real, learn s: positive = 1) ="
         " minimize log(s) + (y - m)^2 / (2 * s^2)", "s = 1/(t + 1)", False),
        ("objective f(a: real | y: sign) = minimize -log(1 + a^2)", "a = ", True),
        ("objective f(a: real | y: sign) = minimize log(1 + exp(-y * a)) - abs(a)", "a = ", False),
        ("objective f(x: real[D], z: real[D]) = maximize sum[d](x[d] - z[d])", "x = ", True),
        ("objective f(a: real | y: real) = minimize (if a > y then -a else a^2)", "a = t", True),
        # Concave in what is learned, whatever the data: so is the mean over them.
        ("objective f(| x: real[D], y: real; learn w: real[D]) = minimize -y * dot(w, x)", "w = [",
         True),
        ("objective f(| x: real, y: real; learn w: real) = maximize (w * x - y)^2", "w = ", True),
        ("objective f(| x: real[D]; learn w: real[D]) =\n maximize\n  fit: dot(w, x)^2\n"
         "  ridge: -2 * dot(w, w) over parameters", "w = [", False),
        ("objective f(| x: real; learn w: positive) = minimize -x * log(1 + w)", "w = t + 1", False),
        # A small square is more than what grows like a line, but far out only.
        ("objective f(| x: real; learn w: real) =\n minimize\n  fit: log(1 + exp(-w * x))\n"
         "  pen: -w^2 / 100 over parameters", "w = ", True),
        ("objective f(| x: real, y: sign; learn w: real) = minimize -log(1 + exp(-y * w * x))", "w = ",
         True),
        # What overflows on all of a ray rises.
        ("objective f(| x: real; learn w: real) = minimize exp(w * x) - w", "w = ", False),
        # At the rest of the data it stays as it is.
        ("objective f(| x: real, y: real; learn w: real) = minimize w * max(0, x)", "w = -t", True),
        ("objective f(| x: real, y: real; learn w: real) = minimize abs(w) - w * y", "w = ", False),
        # The variance goes to nothing where the model fits: overflow on the way does not hide it.
        ("objective f(| x: real, y: real; learn w: real, learn s: real) ="
         " minimize (w * x - y)^2 * exp(-2 * s) + s", "s = -t, t → ∞, with w = 0", False),
    ],
)  # fmt: skip
def test_rays_without_end(text: str, ray: str, always: bool) -> None:
    program = _program(text)
    found = runaway(Subject(program))
    assert found is not None
    assert found.ray.startswith(ray)
    assert found.always == always
    found_errors = [one.code for one in analyse(program).diagnostics if one.severity == "error"]
    assert found_errors == (["E0261"] if always else [])
    # What stops a compilation is the same.
    assert [one.code for one in errors(program)] == found_errors


@pytest.mark.parametrize(
    "body",
    [
        "minimize (a - y)^2",
        "minimize (a - y)^2 - 100 * a",
        "minimize exp(a) - 50 * a",
        "minimize a^4 - 1000 * a^2",
        "minimize a - a * tanh(a) + exp(-a)",
        # It falls for ever, towards a number.
        "minimize exp(-a) + 1 / (1 + a^2)",
        "minimize -atan(a)",
        "minimize 1 / sqrt(1 + a^2)",
        "maximize -log(1 + exp(-a)) - a^2",
        "minimize (if a > 1000000 then a else -a) + a^2 / 1000",
    ],
)
def test_no_ray_where_there_is_a_bound(body: str) -> None:
    program = _program(f"objective f(a: real | y: real) = {body}")
    assert runaway(Subject(program)) is None


def test_data_that_hold_a_mean() -> None:
    """Of learned variances only data that are fitted exactly let the mean run away; of data that pull to two
    sides it is not said that they hold each other."""
    head = "objective f(| x: real, y: real; learn w: real, learn s: real)"
    (fact,) = (
        one
        for one in _facts(f"{head} = minimize (w * x - y)^2 * exp(-2 * s) + s")
        if one.property == "bounded_below"
    )
    assert fact.verdict == "refuted"
    assert fact.argument.endswith(
        "to ∞ along the same at x = 36, y = -27, and so does the mean of both"
    )
    (fact,) = (
        one
        for one in _facts(f"{head} = minimize abs(w) + s^2 - w * y")
        if one.property == "bounded_below"
    )
    assert fact.verdict == "refuted" and "mean" not in fact.argument


@pytest.mark.parametrize(
    ("head", "payoff", "verdict", "codes"),
    [
        ("a: real, b: real", "a * b - a^2", "refuted", ["W0255"]),
        ("a: real, b: real", "(a - b)^2 + 3 * a", "proved", []),
        ("a: positive, b: real", "(a - b)^2 - a", "unknown", []),
        ("a: real, b: real", "-a * b", "refuted", []),
        ("a: real, b: real", "exp(a) - a * b", "refuted", []),
        ("a: real, b: real", "log(1 + exp(-a))", "proved", []),
        ("| x: real; learn a: real, learn b: real", "b - a * x", "refuted", ["E0261"]),
    ],
)
def test_players_against_the_others(head: str, payoff: str, verdict: str, codes: list[str]) -> None:
    text = f"game g({head}) =\n first minimizes {payoff} over a\n second minimizes b^2 - a * b over b\n"
    programs = lower(parse(Source("game.objc", text))).programs
    facts = analyse(programs["g.first"])
    (fact,) = (one for one in facts if one.property == "bounded_below")
    assert fact.verdict == verdict
    assert [one.code for one in facts.diagnostics] == codes
    stopping = [one.code for one in errors(programs["g.first"])]
    assert stopping == [one for one in codes if one.startswith("E")]
    assert not errors(programs["g.second"])


def test_a_ray_is_as_it_is_said_to_be() -> None:
    """What is proved by a limit is so in 50 digits, ever further out."""
    program = _program(
        "objective f(w: real[D] | x: real[D]) = minimize log(1 + exp(-w[0])) - w[0] / 3"
    )
    found = runaway(Subject(program))
    assert found is not None and found.ray.startswith("w = [t,")
    values = [
        evaluate(program, {"w": [mpmath.mpf(10) ** k, 0, 0], "x": [1, 2, 3]}, 50)["per_example"]
        for k in (2, 6, 12)
    ]
    assert values[0] > values[1] > values[2] < -(10**11)


@pytest.mark.parametrize(
    ("text", "kind", "names", "broken_by"),
    [
        (f"objective f({_SCORES}) = minimize logsumexp[j](dot(w[j], x) + b[j]) - dot(w[k], x) - b[k]",
         "shift", ("w",), ()),
        (f"objective f({_SCORES}) =\n minimize\n  fit: logsumexp[j](dot(w[j], x) + b[j]) - dot(w[k], x)"
         " - b[k]\n  ridge: sum[j, d](w[j, d]^2) over parameters", "shift", ("w",), ("ridge",)),
        ("objective f(| x: real[D], y: real; learn a: real[H, D], learn v: real[H]) ="
         " minimize (sum[h](v[h] * relu(dot(a[h], x))) - y)^2", "scale", ("a", "v"), ()),
        ("objective f(| x: real[D], y: real; learn a: real[H, D], learn v: real[H]) ="
         " minimize (sum[h](v[h] * tanh(dot(a[h], x))) - y)^2", "permutation", ("a", "v"), ()),
        ("objective f(| x: real, y: real; learn a: real, learn b: real) = minimize (a + b - y)^2",
         "shift", ("a", "b"), ()),
        ("objective f(| x: real[D], y: real; learn w: real[D]) = minimize (cosine(w, x) - y)^2",
         "scale", ("w",), ()),
    ],
)  # fmt: skip
def test_flat_directions(
    text: str, kind: str, names: tuple[str, ...], broken_by: tuple[str, ...]
) -> None:
    found = flat_moves(Subject(_program(text)))
    assert (kind, names, broken_by) in [(one.kind, one.names, one.broken_by) for one in found]


@pytest.mark.parametrize(
    "text",
    [
        f"objective f({_LINEAR}) = minimize (dot(w, x) + b - y)^2",
        f"objective f({_SCORES}) = minimize logsumexp[j](dot(w[j], x) + b[j]) - 2 * dot(w[k], x) - 2 * b[k]",
        "objective f(| x: real[D], y: real; learn a: real[H, D], learn v: real[H]) ="
        " minimize (sum[h](v[h] * tanh(dot(a[h], x))) + v[0] - y)^2",
        "objective f(| x: real, y: real; learn a: real, learn b: real) = minimize (a + 2 * b - y)^2",
        "objective f(| x: real, y: real; learn a: real, learn b: real) = minimize (a * b - y)^2 + a^2",
        "objective f(| y: real; learn a: real[H], learn v: real[H]) ="
        " minimize (sum[h | h > 0](v[h] * tanh(a[h])) - y)^2",
        "objective f(| y: real[H]; learn a: real[H], learn v: real[H]) ="
        " minimize sum[h]((v[h] * tanh(a[h]) - y[h])^2)",
    ],
)  # fmt: skip
def test_nothing_is_flat(text: str) -> None:
    assert flat_moves(Subject(_program(text))) == []


def test_terms_that_nothing_reaches() -> None:
    text = (
        f"objective f({_LINEAR}) =\n    minimize\n        fit: (dot(w, x) + b - y)^2\n"
        "        still: y^2\n        step: [b > 0]\n        last: a * stop_gradient(b)^2\n"
    )
    told = [one for one in _facts(text).diagnostics if one.code == "W0253"]
    assert [one.title().split("`")[1] for one in told] == ["still", "step", "last"]
