"""True statements and what a slip makes of them: the true one is proved, for every value of the
hyperparameters in it; the mutated one never is."""

from __future__ import annotations

import pytest

from tests.analysis.claimed import verdict

_PAIR = "q: real | y: real; d: positive = 1"
_LOGITS = "z: real[K] | k: index(K); g: nonnegative = 2"
_HUBER = "if abs(q - y) <= d then (q - y)^2 / 2 else d * (abs(q - y) - d / 2)"
_TWEEDIE = "exp((2 - p) * q) / (2 - p) - y * exp((1 - p) * q) / (1 - p)"
_LOG = "log(softmax(z)[k])"

# head, body, claim; then what one slip makes of it.
ROWS = {
    "a constant": (_PAIR, _HUBER, "lipschitz d in q", _PAIR, _HUBER, "lipschitz 99/100 * d in q"),
    "a branch": (
        _PAIR, _HUBER, "convex in q",
        _PAIR, _HUBER.replace("else d *", "else d / 2 *"), "convex in q",
    ),
    "a seam": (
        _PAIR, _HUBER, "differentiable 1 in q",
        _PAIR, _HUBER.replace("- d / 2", "- d / 3"), "differentiable 1 in q",
    ),
    "a comparison": (
        _PAIR, "if q > y then q - y else 2 * (y - q)", "convex in q",
        _PAIR, "if q > y then 3 * (y - q) else 2 * (y - q)", "convex in q",
    ),
    "a domain of a hyperparameter": (
        "q: real | y: nonnegative; p: interval(1, 2) = 3/2", _TWEEDIE, "convex in q",
        "q: real | y: nonnegative; p: interval(1, 5) = 3/2", _TWEEDIE, "convex in q",
    ),
    "a domain of the data": (
        "q: real | y: nonnegative; p: interval(1, 2) = 3/2", _TWEEDIE, "convex in q",
        "q: real | y: real; p: interval(1, 2) = 3/2", _TWEEDIE, "convex in q",
    ),
    "a domain": ("x: positive | ", "x * log(x)", "convex in x", "x: real | ", "x^3", "convex in x"),
    "a modulating factor": (
        _LOGITS, f"-(1 - softmax(z)[k])^0 * {_LOG}", "convex in z",
        _LOGITS, f"-(1 - softmax(z)[k])^g * {_LOG}", "convex in z",
    ),
    "a sign": (_LOGITS, f"-{_LOG}", "convex in z", _LOGITS, _LOG, "convex in z"),
    "a sign in a sum": (
        _PAIR, "log(1 + exp(q)) + q^2 * d", "strictly_convex in q",
        _PAIR, "log(1 + exp(q)) - q^2 * d", "strictly_convex in q",
    ),
    "a modulus": (
        _PAIR, "d * (q - y)^2 / 2 + log(1 + exp(q))", "strongly_convex d in q",
        _PAIR, "d * (q - y)^2 / 2 + log(1 + exp(q))", "strongly_convex d + 1/100 in q",
    ),
    "a smoothness constant": (
        "s: real | y: sign", "log(1 + exp(-y * s))", "smooth 1/4 in s",
        "s: real | y: sign", "log(1 + exp(-y * s))", "smooth 24/100 in s",
    ),
    "a smoothness constant of many entries": (
        _LOGITS, f"-{_LOG}", "smooth 1/2 in z", _LOGITS, f"-{_LOG}", "smooth 49/100 in z",
    ),
    "an end": (
        _PAIR, "1 - exp(-(q - y)^2 / d)", "bounded 0 1",
        _PAIR, "1 - exp(-(q - y)^2 / d)", "bounded 0 99/100",
    ),
    "a power": (
        _PAIR, "log(1 + (q - y)^2 / d^2)", "quasiconvex in q",
        _PAIR, "log(1 + (q^2 - y)^2 / d^2)", "quasiconvex in q",
    ),
    "an index": (
        _LOGITS, "logsumexp[j](z[j]) - z[k]", "nonnegative",
        _LOGITS, "logsumexp[j | j != k](z[j]) - z[k]", "nonnegative",
    ),
    "growth": (
        _PAIR, "d * abs(q - y) - q^2 / (1 + q^2)", "coercive in q",
        _PAIR, "d * abs(q - y) - q^2 / (1 + abs(q))", "coercive in q",
    ),
    "an influence": (
        _PAIR, "log(1 + (q - y)^2)", "redescending in q",
        _PAIR, "log(1 + (q - y)^2) + d * abs(q - y)", "redescending in q",
    ),
    "a least value": (
        _PAIR, "(q - y)^2 / d + 1", "minimum 1", _PAIR, "(q - y)^2 / d + 1", "minimum 0",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", ROWS)
def test_what_holds_is_proved_and_its_mutant_is_not(name: str) -> None:
    *statement, head, body, claim = ROWS[name]
    assert verdict(*statement) == "proved"
    assert verdict(head, body, claim) != "proved"


def test_focal_loss_is_convex_at_zero_alone() -> None:
    body = f"-(1 - softmax(z)[k])^g * {_LOG}"
    assert verdict(_LOGITS, body, "convex in z") == "refuted"
    assert verdict("z: real[K] | k: index(K)", body.replace("^g", "^0"), "convex in z") == "proved"
