"""The accuracy of the library is what `figures.json` says, and what falls short of the aim has a reason.

The aim is an error of 1e-6 in float32 and 1e-13 in float64, relative to the result or, near a root of it,
to what one rounding of every input changes: 4 and 9.8 bits lost. Where an entry is nearly a root and others
are not, the same is asked over a rounding of the largest.
"""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from .figures import DTYPES, kept, measured, names
from .reasons import REASONS, ROOTS

AIM = {"float32": 4.0, "float64": 9.8}
SLACK = 2.5
"""Bits between processors: their fused products round otherwise."""
SAMPLE = ("binary_cross_entropy", "huber", "kl_k3", "label_smoothed")
"""One of each kind: of a logit, of a residual, of rates, of a row with a label. A loss takes seconds, most of
them for many digits: the others are measured with `--slow`."""


def _cases() -> list[Any]:
    return [
        pytest.param(name, marks=[] if name in SAMPLE else [pytest.mark.slow]) for name in kept()
    ]


def test_every_loss_has_its_figures() -> None:
    assert set(kept()) == set(names())


def _short(place: int) -> set[str]:
    """The losses that lose more than the aim by the measure in this place of their rows."""
    return {
        name
        for name, figures in kept().items()
        for dtype in DTYPES
        for row in figures[dtype].values()
        if row[place] > AIM[dtype] or (place == 0 and row[2] > 0)
    }


def test_what_falls_short_has_a_reason_and_nothing_else_has() -> None:
    assert _short(0) == {*ROOTS, *REASONS}


def test_entries_that_are_roots_are_bounded_by_the_largest() -> None:
    assert _short(3) == set(REASONS)


@pytest.mark.parametrize("name", _cases())
def test_figures_are_those_of_the_kernels(name: str) -> None:
    before = kept()[name]
    found = json.loads(json.dumps(measured(name)))
    for dtype in DTYPES:
        assert set(found[dtype]) == set(before[dtype])
        for quantity, (bits, _, wrong, normwise) in found[dtype].items():
            old_bits, _, old_wrong, old_normwise = before[dtype][quantity]
            assert bits <= max(old_bits, AIM[dtype]) + SLACK, (quantity, dtype)
            assert normwise <= max(old_normwise, AIM[dtype]) + SLACK, (quantity, dtype)
            assert wrong <= old_wrong + 0.05, (quantity, dtype)
            assert np.isfinite(bits)
