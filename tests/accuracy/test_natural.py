"""Losses that nobody wrote for a test: drawn from a grammar of what papers write, value, gradient and Hessian
products in both floating types beside the text in many digits.

At numbers of a few units nothing may be lost; where one class of each row is sure, every result that is a
number is one, and the value right, or `objc check` says that it isn't.
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
    found = [one for dtype in TOLERANCES for one in trial.wrong(dtype, CONFIDENT, seed)]
    values = [one for one in found if one.output == "per_example" and one.dtype == "float64"]
    wrong = [*values, *(one for one in found if one.is_no_number)]
    assert not wrong or cancellation(trial.program) is not None, f"{text}{wrong[0]}"


def test_a_number_tells_a_loss() -> None:
    assert loss(7) == loss(7)
    assert len({loss(seed) for seed in range(200)}) > 150
