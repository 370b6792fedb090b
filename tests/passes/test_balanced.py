"""Slopes that add up to zero since the value sees no common shift of the logits: the one of a class that is
sure is that of all others, whatever the loss makes of the softmax."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from typing import Any

import mpmath
import numpy as np
import pytest

import objc
from objc.compiler import Variant, differentiated, lower, parse
from objc.source import Source

from .central import value_and_slope

Numbers = Sequence[Any]


def _softmax(z: Numbers) -> list[Any]:
    powers = [mpmath.exp(one - max(z)) for one in z]
    return [one / mpmath.fsum(powers) for one in powers]


def _ranked(z: Numbers, y: int) -> Any:
    p = _softmax(z)
    return sum((sum(p[: j + 1]) - (y <= j)) ** 2 for j in range(len(p)))


def _greatest_gap(z: Numbers, y: int) -> Any:
    p = _softmax(z)
    return max(one for k, one in enumerate(p) if k != y) - p[y]


def _hinges(z: Numbers, y: int) -> Any:
    p = _softmax(z)
    return sum(max(0, mpmath.mpf("0.75") + one - p[y]) ** 2 for k, one in enumerate(p) if k != y)


def _survival(z: Numbers, y: int) -> Any:
    p = _softmax(z)
    return -mpmath.log(p[y]) + sum(sum(p[j + 1 :]) for j in range(len(p))) / 8


LOSSES: dict[str, Callable[[Numbers, int], Any]] = {
    # the ranked probability score (Epstein 1969)
    "sum[j]((sum[k | k <= j](p[k]) - (if y <= j then 1 else 0))^2)": _ranked,
    "max[k | k != y](p[k]) - p[y]": _greatest_gap,
    "sum[k | k != y](max(0, 0.75 + p[k] - p[y])^2)": _hinges,
    "-log(p[y]) + sum[j](sum[k | k > j](p[k])) / 8": _survival,
}
ROWS = ([16.0, -1.0, 0.5], [0.25, 17.0, -1.5], [-1.0, 0.5, 40.0], [0.5, 1.5, -0.25])


@pytest.mark.parametrize("text", LOSSES)
def test_the_slope_of_a_class_that_is_sure(text: str) -> None:
    source = f"loss f(z: real[K] | y: index(K)) = {text}\n    where p[k] = softmax(z)[k]\n"
    kernel = objc.compile(source, target="numpy").f
    for z, y in itertools.product(ROWS, range(3)):
        slopes = value_and_slope(lambda at: LOSSES[text](at, y), z)[1]  # noqa: B023
        for dtype, digits in ((np.float32, 2e-5), (np.float64, 1e-12)):
            found = kernel.gradient(np.array(z, dtype), y)
            least = max(1e-37, 1e-3 * np.abs(slopes).max())
            for one, slope in zip(found, slopes, strict=True):
                assert float(one) == pytest.approx(slope, rel=digits) or abs(slope) < least


def test_paths_that_are_sure() -> None:
    """The connectionist temporal classification (Graves et al. 2006) by all paths there are."""
    ctc = objc.compile(
        """use structured (ctc)
loss f(logits: real[T, V] | target: index(V)[U], frames: count, symbols: count) =
    ctc(logits, target, frames, symbols)
""",
        target="numpy",
    ).f
    logits = [[20.0, 0.5, -1.0], [0.25, 19.0, 1.0], [-1.5, 0.0, 21.0]]

    def loss(z: Any) -> Any:
        rows = [_softmax(list(one)) for one in z]
        total = mpmath.mpf(0)
        for path in itertools.product(range(3), repeat=3):
            said = [one for one, _ in itertools.groupby(path)]
            if [one for one in said if one != 0] == [1, 2]:
                total += mpmath.fprod(rows[t][v] for t, v in enumerate(path))
        return -mpmath.log(total)

    slopes = value_and_slope(loss, logits)[1]
    for dtype, digits in ((np.float32, 2e-5), (np.float64, 1e-12)):
        found = ctc.gradient(np.array(logits, dtype), np.array([1, 2]), 3, 2)
        assert found == pytest.approx(slopes, rel=digits, abs=digits * np.abs(slopes).max())


@pytest.mark.parametrize(
    ("text", "is_balanced"),
    [
        ("-log(softmax(z)[y])", True),
        ("-log(softmax(z)[y]) + z[y]", False),
        ("-log(softmax(z)[y]) + z[y] - mean[k](z[k])", True),
        ("-log(softmax(z)[y]) * (max[k](z[k]) - z[y])", True),
        ("-log(softmax(z)[y]) * (2 * z[0] - z[y])", False),
        ("-log(softmax(z)[y]) + (if z[0] > z[1] then 1 else 0) * z[0]", False),
        ("if z[0] > 1 then -log(softmax(z)[y]) else 0", False),
        ("-log(softmax(z)[y]) + sum[k](z[k]^2)", False),
        ("-log(softmax(z)[y]) + stop_gradient(z[0])", False),
        ("-sum[k](t[k] * log(softmax(z)[k]))", True),
        ("-sum[k | k != y](t[k] * z[k]) + logsumexp[k](z[k])", False),
    ],
)
def test_what_sees_no_shift_is_told(text: str, *, is_balanced: bool) -> None:
    source = f"loss f(z: real[K] | y: index(K), t: simplex[K]) = {text}"
    program = lower(parse(Source("f.objc", source))).programs["f"]
    batched = frozenset({"z", "y", "t"})
    derived = differentiated(program, Variant(("value", "gradient"), ("z",), batched))
    name = derived.outputs["gradient:z"]
    assert any(one == name for one, _ in derived.balanced) == is_balanced
