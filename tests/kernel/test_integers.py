"""Arrays of integers beside floating ones: used as they are, or refused; never rounded."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import objc
from objc.errors import InputError
from objc.target import DType, inexact

RANDOM = np.random.default_rng(5)
START = 1_700_000_000

TEXT = """
loss cox(score: real[N] | event: binary[N], time: real[N]) =
    sum[i | event[i] == 1](logsumexp[j | time[j] >= time[i]](score[j]) - score[i])
loss since(x: real | start: real; end: real = 0) = x * (end - start)
"""


@pytest.fixture(scope="module", params=["numpy", "cpu"])
def module(request: pytest.FixtureRequest) -> Any:
    return objc.compile(TEXT, target=request.param)


def cox(score: Any, event: Any, time: Any) -> float:
    """By the definition, of integers of any size."""
    total = 0.0
    for i in np.flatnonzero(event):
        kept = [float(s) for s, t in zip(score, time, strict=True) if int(t) >= int(time[i])]
        total += float(np.logaddexp.reduce(kept)) - float(score[i])
    return total


@pytest.mark.parametrize("count", [30, 200])
def test_keys_of_seconds_are_not_rounded(count: int, module: Any) -> None:
    """1 700 000 000 seconds have steps of 128 in float32, so that all of these would be ties."""
    score = RANDOM.normal(size=count).astype(np.float32)
    event = RANDOM.integers(2, size=count)
    time = START + RANDOM.permutation(count)
    with pytest.raises(InputError, match=r"E0432.*`time` is 17\d+ at \[\d+\], which float32 would"):
        module.cox(score, event, time)
    expected = cox(score, event, time)
    for same in (time.astype(np.float64), time - START, time.astype(np.int64) - time.min()):
        assert module.cox(score, event, same) == pytest.approx(expected, rel=1e-5)
    assert module.cox(score.astype(float), event, time) == pytest.approx(expected, rel=1e-12)


def test_in_every_way_to_give_them(module: Any) -> None:
    score, event = np.zeros(3, np.float32), [1, 1, 1]
    time = [START, START + 1, START + 2]
    for given in (time, tuple(time), np.array(time, np.uint32), np.array(time, ">i8")):
        for call in (module.cox, module.cox.value_and_grad, module.cox.per_example):
            with pytest.raises(InputError, match="E0432"):
                call(score, event, given)
    assert module.cox([0.0, 0.0, 0.0], event, time) == pytest.approx(np.log(6))
    module.cox(score, event, [2**24, 2**30, 2**62])  # which float32 holds
    with pytest.raises(InputError, match=r"`start` is 9007199254740993, which float64 would round"):
        module.since(1.0, 2**53 + 1)
    with pytest.raises(InputError, match=r"`end` is 9007199254740993, which float64 would round"):
        module.since(1.0, 0.0, end=2**53 + 1)
    assert module.since(2.0, 2**53 + 2, end=2**53 + 4) == 4.0


def test_those_of_weight_0_are_not_looked_at(module: Any) -> None:
    start, x = np.array([1, START + 1]), np.ones(2, np.float32)
    assert module.since(x, start, mask=[True, False]) == -1.0
    with pytest.raises(InputError, match=r"at \[1\], which float32 would round to 1700000000"):
        module.since(x, start)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("kind", ["i1", "u2", "i4", "u4", "i8", "u8"])
def test_what_a_type_holds(kind: str, dtype: DType) -> None:
    info = np.iinfo(kind)
    near = [
        s * 2**n + d for n in range(65) for s in (-1, 1, 3, 2**23 + 1) for d in (-2, -1, 0, 1, 3)
    ]
    held = [one for one in near if info.min <= one <= info.max]
    held += [info.min, info.max, 0]
    expected = [int(np.dtype(dtype).type(one)) != one for one in held]
    found = inexact(np.array(held, kind), dtype)
    np.testing.assert_array_equal(np.zeros(len(held), bool) if found is None else found, expected)
    for one, is_lost in zip(held, expected, strict=True):
        assert (inexact(np.array(one, kind), dtype) is not None) == is_lost
