"""Losses that nobody wrote for a test: drawn from a grammar of what papers write, value, gradient and Hessian
products in both floating types beside the text in many digits.

At numbers of a few units nothing may be lost; where one class of each row is sure, every result is a number
that is one, and the value right wherever `objc check` says nothing of it.
"""

from __future__ import annotations

import pytest

from objc.accuracy.cancellation import cancellation
from objc.target import DType

from .natural import loss
from .trials import Trial

TOLERANCES: dict[DType, float] = {"float32": 1e-4, "float64": 1e-11}
CONFIDENT = 1e-3
QUICK = (38, 41, 45, 49, 58)


@pytest.mark.parametrize(
    "seed",
    [pytest.param(one, marks=[] if one in QUICK else [pytest.mark.slow]) for one in range(60)],
)
def test_gentle(seed: int) -> None:
    trial = Trial(text := loss(seed), "gentle")
    for dtype, tolerance in TOLERANCES.items():
        assert not (found := [*trial.wrong(dtype, tolerance, seed)]), f"{text}{found[0]}"


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(60))
def test_confident(seed: int) -> None:
    trial = Trial(text := loss(seed), "confident")
    for dtype in TOLERANCES:
        for one in trial.wrong(dtype, CONFIDENT, seed):
            assert not one.is_no_number, f"{text}{one}"
            if one.output == "per_example" and dtype == "float64":
                assert cancellation(trial.program) is not None, f"{text}{one}"


def test_a_number_tells_a_loss() -> None:
    assert loss(7) == loss(7)
    assert len({loss(seed) for seed in range(200)}) > 150
