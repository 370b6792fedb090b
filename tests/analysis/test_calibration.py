"""`calibrated for` and `bounds`: margin losses for which they are true, false, and not decided."""

from __future__ import annotations

import pytest

from tests.analysis.claimed import verdict

_HEAD = "s: real | y: sign; a: positive = 1"
_USE = "use metrics (zero_one)\n"


@pytest.mark.parametrize(
    ("body", "calibrated", "bounds"),
    [
        ("max(0, 1 - y * s)", "proved", "proved"),
        ("max(0, a - y * s)", "proved", "refuted"),
        ("max(0, 1 - y * s) / 2", "proved", "refuted"),
        ("max(0, 1 - y * s)^3", "proved", "proved"),
        ("0.999999999 * max(0, 1 - y * s)", "proved", "refuted"),
        ("log(1 + exp(-y * s)) / log(2)", "proved", "proved"),
        ("log(1 + exp(-y * s)) / 0.6931471805599454", "proved", "refuted"),
        ("log(1 + exp(-a * y * s))", "proved", "refuted"),
        ("exp(-y * s)", "proved", "proved"),
        ("exp(-y * s) - 1/100", "proved", "refuted"),
        ("(1 - y * s)^2", "proved", "proved"),
        ("1 - y * s", "proved", "refuted"),
        ("max(0, -y * s)", "refuted", "refuted"),
        # Both slopes at zero are negative, and unequal.
        ("max(1 - y * s, 1 - 2 * y * s)", "refuted", "refuted"),
        ("max(max(0, 1 - y * s), 1 - 2 * y * s)", "refuted", "proved"),
        # Strictly less for the right sign, never increasing, and flat at zero.
        ("max(0, -y * s)^2", "refuted", "refuted"),
        ("max(0, 1 + y * s)", "refuted", "refuted"),
        ("1 + s^2", "refuted", "proved"),
        ("abs(y * s) + 1", "refuted", "proved"),
        ("exp(-s^2)", "refuted", "refuted"),
        ("1 / (1 + exp(2 * y * s))^2", "proved", "refuted"),
        ("4 / (1 + exp(2 * y * s))^2", "proved", "proved"),
        ("1 - tanh(y * s)", "proved", "proved"),
        ("1 - atan(y * s)", "proved", "refuted"),
        ("1 + tanh(y * s)", "refuted", "refuted"),
        # Not convex, and flat at zero, where the second derivative would have to tell.
        ("1 - tanh(y * s)^3", "unknown", "proved"),
        ("2 - sin(y * s)", "unknown", "proved"),
        # Kinks at zero: steeper to the right, where it pays, or to the left.
        ("min(1, max(0, 1 - y * s))", "proved", "proved"),
        ("min(2, max(0, 1 - y * s))", "proved", "proved"),
        ("min(1, max(0, -y * s))", "unknown", "refuted"),
        # No end below: both sides fall for ever.
        ("if y * s > 0 then -y * s - (y * s)^2 else -y * s", "unknown", "refuted"),
        # Not of the margin alone.
        ("max(0, 1 - y * s) + s^2 * s", "unknown", "refuted"),
        ("max(0, 1 - y * s) + y", "proved", "refuted"),
    ],
)  # fmt: skip
def test_margins(body: str, calibrated: str, bounds: str) -> None:
    assert verdict(_HEAD, body, "calibrated for zero_one", _USE) == calibrated
    assert verdict(_HEAD, body, "bounds zero_one", _USE) == bounds
    opposite = {"proved": "refuted", "refuted": "proved", "unknown": "unknown"}
    assert verdict(_HEAD, body, "not calibrated for zero_one", _USE) == opposite[calibrated]


def test_the_metric_is_what_it_says_and_not_its_name() -> None:
    own = "metric zero_one(score: real | label: sign) = [label * score >= 0]\n"
    assert verdict(_HEAD, "max(0, 1 - y * s)", "calibrated for zero_one", own) == "unknown"
    assert verdict(_HEAD, "max(0, 1 - y * s)", "bounds zero_one", own) == "refuted"


def test_a_bound_on_another_metric() -> None:
    off = "metric off(p: real | y: real) = min(1, (p - y)^2)\n"
    assert verdict("p: real | y: real", "(p - y)^2", "bounds off", off) == "proved"
    assert verdict("p: real | y: real", "abs(p - y)", "bounds off", off) != "proved"
    assert verdict("p: real | y: real", "(p - y)^2 / 2", "bounds off", off) == "refuted"


@pytest.mark.parametrize(
    ("right", "wrong", "expected"),
    [
        ("log(1 + exp(-s))", "log(1 + exp(s))", "proved"),
        ("(1 - s)^2", "2 * log(1 + exp(2 * s))", "proved"),
        ("2 * log(1 + exp(-s))", "log(1 + exp(s))", "refuted"),
        ("1001/1000 * log(1 + exp(-s))", "log(1 + exp(s))", "refuted"),
        ("log(1 + exp(s))", "log(1 + exp(-2 * s)) / 2", "refuted"),
        ("a * log(1 + exp(-s))", "a * exp(s) / 2", "proved"),
        # A kink at zero, and a part that isn't convex.
        ("max(0, -s)", "max(s, 0)", "refuted"),
        ("max(0, -s)", "log(1 + exp(s))", "unknown"),
        ("1 - tanh(s)", "log(1 + exp(2 * s))", "unknown"),
    ],
)
def test_a_loss_for_each_label(right: str, wrong: str, expected: str) -> None:
    body = f"if y == 1 then {right} else {wrong}"
    assert verdict(_HEAD, body, "calibrated for zero_one", _USE) == expected
