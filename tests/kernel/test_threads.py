"""The number of threads, as people set it."""

from __future__ import annotations

import numpy as np
import pytest

import objc
from objc.library import cross_entropy


def test_threads_are_in_the_hands_of_the_caller(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OBJC_NUM_THREADS", "3")
    objc.set_threads(None)  # whatever was measured before in this process
    assert objc.get_threads() == 3
    objc.set_threads(2)
    try:
        assert objc.get_threads() == 2
        with pytest.raises(ValueError, match="from 1 to 4096, not 0"):
            objc.set_threads(0)
    finally:
        objc.set_threads(None)
    assert objc.get_threads() == 3


@pytest.mark.parametrize("classes", [5, 40])
def test_threads_change_no_bit(classes: int) -> None:
    """Rows side by side, and rows one after the other."""
    generator = np.random.default_rng(0)
    logits = generator.normal(size=(300_000 // classes, classes)).astype(np.float32)
    label = generator.integers(classes, size=len(logits))
    found = []
    try:
        for count in (1, 2, 3):
            objc.set_threads(count)
            found.append(cross_entropy.value_and_grad(logits, label))
    finally:
        objc.set_threads(None)
    for value, gradient in found[1:]:
        assert value == found[0][0]
        np.testing.assert_array_equal(gradient, found[0][1])
