"""Every loss against its oracle in value, gradient and Hessian diagonal: the interpreter and the
targets, in float64 to 1e-12 and, with the defaults, in float32 to 1e-6, relative, at the points of
points.py."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
from agreement import disagreements
from numpy.typing import NDArray
from oracles import EXACT
from points import Case, batch, cases
from programs import run

from objc.target import DType

MOST = 12
"""So many disagreements are shown."""


def computed(case: Case, dtype: DType, target: str) -> Mapping[str, NDArray[Any]]:
    return run(case.oracle, target, dtype, batch(case, dtype), dict(case.parameters))


@pytest.mark.parametrize(
    ("target", "dtype"),
    [
        ("interpreter", "float64"),
        ("numpy", "float64"),
        pytest.param("numpy", "float32", marks=pytest.mark.slow),
        ("cpu", "float64"),
        ("cpu", "float32"),
    ],
)
@pytest.mark.parametrize("name", EXACT)
@pytest.mark.share(1 / 2)
def test_agrees_with_the_oracle(name: str, target: str, dtype: DType) -> None:
    found = []
    every = cases(EXACT[name])
    for case in every if dtype == "float64" else every[:1]:
        with np.errstate(all="ignore"):
            results = computed(case, dtype, target)
        found += disagreements(case, dtype, results, target)
    assert not found, "\n".join([f"{len(found)} disagreements", *found[:MOST]])


def test_a_wrong_result_is_seen() -> None:
    """The comparison itself: one entry moved by twice the tolerance, and a zero for what is tiny."""
    case = cases(EXACT["cross_entropy"])[0]
    results = {key: np.array(value) for key, value in computed(
        case, "float64", "interpreter").items()}  # fmt: skip
    assert list(disagreements(case, "float64", results, "")) == []
    tiny = int(np.argmin(np.where(results["per_example"] > 1e-300, results["per_example"], 1)))
    results["per_example"][tiny] = 0
    results["gradient:logits"][0, 0] *= 1 + 2e-12
    assert len(list(disagreements(case, "float64", results, ""))) == 2
