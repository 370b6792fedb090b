"""What minimizing a loss gives, in sentences, and the shape of its gradient."""

from __future__ import annotations

import math

import pytest

from objc.analysis.effort import Effort
from objc.analysis.story import profile, story, telling
from objc.ir.program import Program
from objc.passes.lower import lower
from objc.source import Source
from objc.syntax import parse

_REAL = "loss f(q: real | y: real; a: positive = 0.5) = "
_LEVEL = "loss f(q: real | y: real; t: probability = 0.3) = "
_SIGN = "loss f(s: real | y: sign) = "
_CLASSES = "loss f(z: real[K] | k: index(K)) = "
_BATCH = "loss f(q: real[B, D], k: real[B, D]; t: positive = 1) = "
_LINE = "| x: real[D], y: real; learn w: real[D], learn b: real, l2: positive = 0.1"


@pytest.fixture(autouse=True)
def _time_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is told does not hang on how busy the machine is."""
    monkeypatch.setattr(telling, "_EFFORT", Effort(claim=30.0, found=6.0))


def _program(declaration: str) -> Program:
    return lower(parse(Source("told.objc", declaration))).programs["f"]


@pytest.mark.parametrize(
    ("declaration", "said", "unsaid"),
    [
        (_REAL + "(q - y)^2",
         ["minimizer is the mean", "gaussian noise", "in proportion to their size", "-8 at -4, -2 at -1",
          "without bound", "it is convex", "least value is 0"], ["does not grow", "ignores", "median"]),
        (_REAL + "abs(q - y)",
         ["minimizer is the median", "laplace noise", "However small an error is, it pulls with the same"
          " slope, 1", "tends to 1: its influence does not grow", "kink in q"], ["mean:", "outweigh"]),
        (_REAL + "log(1 + (q - y)^2)",
         ["neither the mean nor the median", "cauchy noise", "far out the slope tends to 0",
          "not convex"], ["it is convex", "stands for no noise"]),
        (_REAL + "if y > q then a * (y - q)^2 else (y - q)^2", ["the expectile at the level a / (1 + a)"],
         ["neither", "quantile"]),
        (_REAL + "if y > q then 3 * (y - q) else q - y", ["the quantile at the level 3/4"],
         ["neither", "expectile"]),
        (_LEVEL + "if y > q then t * (y - q)^2 else (1 - t) * (y - q)^2",
         ["the expectile at the level t"], ["neither"]),
        (_REAL + "max(0, q - y)", [], ["quantile"]),
        (_REAL + "if y < q then 3 * (q - y) else q - y", [], ["quantile"]),
        # What is refuted at the default of t is not said for all t.
        (_LEVEL + "if y > q then t * (y - q)^2 else (1 - t) * (y - q)^4", ["the mean of its slope is 0"],
         ["neither", "expectile", "which makes"]),
        (_REAL + "max(0, abs(q - y) - a)",
         ["Small errors do not pull at all", "-1 at -4, -1 at -1, 0 at -0.5, 0 at 0.5, 1 at 1"],
         ["in proportion", "mean:"]),
        (_REAL + "if abs(q - y) <= 1 then 1 - (1 - (q - y)^2)^3 else 1",
         ["far out the slope is 0", "stands for no noise", "between 0 and 1"], ["without bound"]),
        ("loss f(q: real | y: real; t: probability = 0.5) = max(t * (y - q), (t - 1) * (y - q))",
         ["1 - t for a prediction above the target and t for one below"], ["gaussian"]),
        (_REAL + "exp(q - y) - (q - y) - 1",
         ["exp(-q) is the mean of exp(-y)", "tends to ∞, and below it to -1"], ["outlier"]),
        (_REAL + "q - y", ["it is affine"], ["However small", "large error"]),
        (_REAL + "-(q - y)^2", ["it is concave"], ["is the mean", "in proportion"]),
        ("loss f(q: positive | y: positive) = (q / y - 1)^2",
         ["q is the mean of 1 / y over the mean of 1 / y²"], ["minimizer is"]),
        (_SIGN + "max(0, 1 - y * s)",
         ["sign of s decides", "psi(t) = t.", "best s is 1, which says nothing more of p",
          "do not pull at all", "no likelihood"], ["tolerates", "log(p"]),
        (_SIGN + "log(1 + exp(-y * s))",
         ["best s is log(p / (1 - p))", "sigmoid(s) is the probability that y is 1", "hardly pull"],
         ["no likelihood", "do not pull"]),
        (_SIGN + "min(1, max(0, (1 - y * s) / 2))",
         ["tolerates symmetric label noise", "given up: far on the wrong side the slope is 0"],
         ["psi", "best s"]),
        (_SIGN + "max(0, -y * s)", ["may decide for the less likely y"], ["psi", "sign of s decides"]),
        (_CLASSES + "logsumexp[j](z[j]) - z[k]",
         ["softmax(z) is the distribution", "greatest score decides for the likeliest",
          "adding one number to all of z", "Guessing costs log K",
          "-0.667 at 0"], ["kink", "noise"]),
        (_CLASSES + "sum[j | j != k](max(0, 1 + z[j] - z[k]))", ["a class that is not the likeliest"],
         ["decides for the likeliest"]),
        (_SIGN + "exp(-y * s)", ["best s is log(p / (1 - p)) / 2."], []),
        (_CLASSES + "1 - softmax(z)[k]",
         ["softmax(z) is not the distribution", "tolerates symmetric label noise", "steepest near 0.67"],
         ["Guessing"]),
        ("loss f(a: real, b: real) = log(1 + exp(b - a))",
         ["in the order of the probabilities", "both sum to 1", "adding one number to all of a and b"],
         ["wrong order"]),
        ("loss f(a: real, b: real) = max(0, 1 - a + b)", ["may stand in a wrong order"], ["sum to 1"]),
        ("loss f(q: simplex[K] | p: simplex[K]) = sum[k | p[k] > 0](p[k] * log(p[k] / q[k]))",
         ["0 only where q and p are equal", "another with q and p exchanged",
          "triangle inequality fails"], ["keeps the triangle"]),
        (_BATCH + "mean[i](logsumexp[j](dot(q[i], k[j]) / t) - dot(q[i], k[i]) / t)",
         ["log B less its expectation is a lower bound"], []),
        (_BATCH + "mean[i](logsumexp[j | j != i](dot(q[i], k[j]) / t) - dot(q[i], k[i]) / t)", [],
         ["log B less"]),
        (_BATCH + "mean[i](logsumexp[j](dot(q[i], k[j]) / t) - 2 * dot(q[i], k[i]) / t)", [],
         ["log B less"]),
        (_BATCH + "mean[i](logsumexp[j](s(i, j)) - s(i, i))\n    where s(i, j) = dot(q[i], k[j]) -"
         " max[l](dot(q[i], k[l]))", [], ["log B less"]),
        ("loss f(q: real | y: real, x: real) = log(1 + exp(-y * q * x))",
         ["Its slope by q, y = 1, x = 1: -0.993 at -5"], []),
        (_REAL + "if abs(q - y) <= a then (q - y)^2 / 2 else a * (abs(q - y) - a / 2)",
         ["normal near q, with exponential (Laplace) tails", "least value is 0"], ["noise model"]),
        (_REAL + "max(0, abs(q - y) - a)", ["noise with exponential (Laplace) tails"], ["normal near"]),
        ("loss f(q: real | y: positive) = abs(q - y) / y", ["median of y under the weights 1 / y"],
         ["minimizer is the mean"]),
        ("loss f(m: real, v: real | y: real) = exp(-v) * (y - m)^2 / 2 + v / 2",
         ["minimizer is the mean", "exp(v) is the mean of (y - m)²", "not convex, jointly"], []),
        ("loss f(z: real[K] | y: index(K); e: probability = 0.1) = (1 - e) * nll(y) + e * mean[j](nll(j))\n"
         "  where nll(c) = -log(softmax(z)[c])",
         ["At e = 1/10 the greatest score decides for the likeliest class", "mixed with the even one"], []),
        (_SIGN + "1 / (1 + exp(2 * y * s))^2", ["between 0 and 1", "It comes as near to 0 as one likes"],
         ["at least 0"]),
        (_SIGN + "exp(-y * s)", ["sigmoid(2 · s) is the probability that y is 1",
         "at least 0, and comes as near to 0 as one likes"], ["least value"]),
        ("loss f(q: positive, y: positive) = y / q - log(y / q) - 1",
         ["0 only where q and y are equal", "no distance"], []),
        ("loss f(q: real | y: real; t: probability = 0.3) ="
         " if y > q then t * (y - q)^2 else (1 - t) * (y - q)^2",
         ["expectile at the level t", "in proportion to their size (at t = 3/10)"], []),
        ("metric f(q: real | y: real) = abs(q - y)", ["evaluated, not minimized"], ["minimizer is"]),
    ],
)  # fmt: skip
@pytest.mark.share(1 / 2)
def test_sentences(declaration: str, said: list[str], unsaid: list[str]) -> None:
    text = " ".join(story(_program(declaration)))
    assert [one for one in said if one not in text] == []
    assert [one for one in unsaid if one in text] == []


@pytest.mark.parametrize(
    ("declaration", "said", "unsaid"),
    [
        (f"objective f({_LINE}) =\n  minimize\n    fit: (dot(w, x) + b - y)^2\n"
         "    ridge: l2 * sum[d](w[d]^2) over parameters",
         ["the sum of fit (averaged over the examples) and ridge (of the parameters)",
          "a loss of one number, output =", "minimizer is the mean", "convex in w, b jointly",
          "bounded below"], ["Nothing bounds", "changes nothing"]),
        (f"objective f({_LINE}) = minimize (tanh(dot(w, x)) * b - y)^2",
         ["not convex in w, b jointly", "held, it is convex in b", "affine in w, with b held",
          "b · tanh(output) is the mean of y"], ["affine in w and b"]),
        (f"objective f({_LINE}) =\n  minimize\n    fit: (dot(w, x) + b - y)^2\n"
         "    ridge: -l2 * sum[d](w[d]^2) over parameters\n    still: y^2",
         ["What is not convex: the term ridge", "Nothing that is learned reaches the term still"],
         ["jointly, each term"]),
        (f"objective f({_LINE}) =\n  minimize\n    fit: 100000 * (dot(w, x) + b - y)^2\n"
         "    ridge: l2 * sum[d](w[d]^2) over parameters",
         ["times as long as that of ridge"], []),
        ("objective f(| x: real[D]; learn w: real[D]) = maximize dot(w, x)",
         ["Nothing bounds it: it tends to ∞"], ["is bounded"]),
        ("objective f(| x: real[D], k: index(K); learn w: real[K, D]) ="
         " minimize logsumexp[j](dot(w[j], x)) - dot(w[k], x)",
         ["along K a number for each D changes nothing", "no penalty decides"], ["exchanging"]),
        ("objective f(| x: real[D], y: real; learn w: real[D], learn s: real) ="
         " minimize (dot(w, x) - y)^2 * exp(-2 * s) / 2 + s",
         ["affine in w, with s held", "minimizer is the mean", "gaussian noise model", "At some data it"
          " has no bound", "and so does the mean of both"], ["Nothing bounds it"]),
        ("objective f(| x: real[D], y: real; learn w: real[D]) = minimize -y * dot(w, x)",
         ["Nothing bounds it", "whatever the data, it is affine in w", "no minimum inside"],
         ["every local minimum"]),
    ],
)  # fmt: skip
@pytest.mark.share(1 / 2)
def test_sentences_on_objectives(declaration: str, said: list[str], unsaid: list[str]) -> None:
    text = " ".join(story(_program(declaration)))
    assert [one for one in said if one not in text] == []
    assert [one for one in unsaid if one in text] == []


def test_the_shape_is_the_derivative() -> None:
    shape = profile(_program(_SIGN + "log(1 + exp(-y * s))"))
    assert shape is not None
    for x, slope in zip(shape.points, shape.slopes, strict=True):
        assert slope == pytest.approx(-1 / (1 + math.exp(x)), rel=1e-5)
    classes = profile(_program(_CLASSES + "-log(softmax(z)[k])"))
    assert classes is not None
    for x, slope in zip(classes.points, classes.slopes, strict=True):
        assert slope == pytest.approx(-2 / (2 + math.exp(x)), rel=1e-4)


def test_the_shape_is_drawn() -> None:
    shape = profile(_program(_REAL + "max(0, abs(q - y) - a)"))
    assert shape is not None
    lines = shape.drawn()
    assert lines[0].startswith("       1 ┤") and lines[-3].startswith("      -1 ┤•")
    assert lines[-1].strip() == "slope in q, against q - y, a = 0.5"
    assert {line[11:].count("•") for line in lines[:-2]} <= set(range(62))


def test_no_shape_where_there_is_no_one_prediction() -> None:
    assert profile(_program("loss f(x: real[N] | y: real[N]) = mean((x - y)^2)")) is None
    assert profile(_program("metric f(q: real | y: real) = abs(q - y)")) is None
