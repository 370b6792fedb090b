"""Calls with anything at all end in a result or a diagnostic."""

from __future__ import annotations

import random
from fractions import Fraction
from typing import Any

import numpy as np

from objc.errors import ObjcError

POOL: list[Any] = [
    None, 0, 1, -1, 2.5, float("nan"), float("inf"), 10**30, True, "text", b"bytes", object(), [], [[]],
    [1.0, 2.0], [[1], [2, 3]], (1, 2), {}, {"a": 1}, {1, 2}, Fraction(1, 3), 1j, range(3),
    np.zeros(0), np.zeros(()), np.zeros(3), np.ones(3, int), np.zeros((3, 1)), np.zeros((3, 2)),
    np.ones((2, 3, 4)), np.zeros((0, 4)), np.zeros((3, 0)), np.array(["a"]), np.array([None]),
    np.ones(3, bool), np.ones(3, np.float16), np.zeros(3, "datetime64[s]"), np.ones(3, ">f8"),
    np.ma.array([1.0, 2.0, 3.0]), np.full(3, np.nan), np.array([1, 2**63], np.uint64), np.float32(1),
    np.zeros(3, [("a", float)]), np.broadcast_to(1.0, (3,)), memoryview(b"abc"), len, Ellipsis,
]  # fmt: skip

OPTIONS = [
    "weight", "mask", "reduction", "on_empty", "out", "wrt", "vector", "check_finite", "check",
    "delta", "nothing",
]  # fmt: skip

METHODS = [
    "__call__", "value_and_grad", "gradient", "hessian_diagonal", "hessian_vector_product",
    "per_example", "terms",
]  # fmt: skip

VALID = {"reduction": ["mean", "sum", "none"], "on_empty": ["error", "zero", "nan"]}


def test_any_call(plain: Any) -> None:
    draw = random.Random(11)
    kernels = list(plain)
    outcomes = {"result": 0, "diagnostic": 0}
    for _ in range(6000):
        kernel = draw.choice(kernels)
        count = len(kernel._signature.positional)
        arguments = [draw.choice(POOL) for _ in range(draw.choice([count, count, count, 1, 3]))]
        if draw.random() < 0.3:
            arguments = [np.abs(draw.choice([np.zeros(3), np.ones((3, 2))]))] * count
        keywords = {}
        for option in draw.sample(OPTIONS, draw.choice([0, 0, 1, 2])):
            keywords[option] = draw.choice(VALID.get(option, POOL) + POOL[:4])
        method = getattr(kernel, draw.choice(METHODS))
        try:
            method(*arguments, **keywords)
            outcomes["result"] += 1
        except ObjcError:
            outcomes["diagnostic"] += 1
    assert outcomes["result"] > 200 and outcomes["diagnostic"] > 2000, outcomes
