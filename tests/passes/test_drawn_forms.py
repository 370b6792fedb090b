"""Rewriting never changes the function: drawn expressions, before and after, in 60 digits."""

from __future__ import annotations

import random
from typing import Any

import mpmath
import pytest
import sympy
from sympy import Integer, Rational, cosh, erf, exp, log, sinh, sqrt, tanh

from objc.atoms import Branch, erfc, maximum, minimum, sigmoid, softplus
from objc.passes.rewrites import rewrite

from .test_rewrites import evaluated

x, z = sympy.symbols("x z", real=True)
w = sympy.Symbol("w", positive=True)
p = sympy.Symbol("p", nonnegative=True)
LEAVES = [
    *[x, z, w, p] * 3, Integer(1), Integer(2), Integer(-1), Integer(3), Rational(1, 2), Rational(3, 10),
    sqrt(2), sigmoid(Integer(2)), log(Integer(3)), 1 / (1 + sqrt(2)), softplus(Rational(3, 2)),
    tanh(Integer(1)), exp(Integer(-2)),
]  # fmt: skip
FUNCTIONS = [
    *[exp] * 3, sigmoid, softplus, sympy.Abs, tanh, cosh, sinh, erf, erfc,
    lambda t: log(1 + exp(t)), lambda t: log(1 + t**2), lambda t: sqrt(1 + t**2), lambda t: sqrt(t**2),
    lambda t: 1 / (1 + exp(t)), lambda t: exp(t) / (1 + exp(t)), lambda t: log(sigmoid(t)),
    lambda t: 1 - sigmoid(t), lambda t: log(1 - sigmoid(t)), lambda t: t**2, lambda t: t**3,
    lambda t: log(cosh(t)), lambda t: exp(t) - 1, lambda t: 1 - tanh(t) ** 2, lambda t: log(w) + t,
    lambda t: log(w * exp(t)), lambda t: w**t, lambda t: p**2 * log(w) * t, lambda t: t / (1 + w),
    lambda t: sqrt(t**2 + w**2) - w, lambda t: 1 - 1 / (1 + exp(t)), lambda t: Branch(x > z, t, w),
    lambda t: Branch(t > 0, t, Integer(0)), lambda t: maximum(t, z), lambda t: minimum(t, w),
    lambda t: log(erfc(t) / 2), lambda t: sympy.sign(x) * t, lambda t: t / w,
]  # fmt: skip


def drawn(generator: random.Random, depth: int) -> Any:
    if depth <= 0:
        return generator.choice(LEAVES)
    kind = generator.random()
    one = drawn(generator, depth - 1)
    if kind < 0.3:
        return one + drawn(generator, depth - 1)
    if kind < 0.5:
        return one * drawn(generator, depth - 1)
    if kind < 0.58:
        return one - drawn(generator, depth - 1)
    if kind < 0.66:
        return one / (1 + drawn(generator, depth - 1) ** 2)
    return generator.choice(FUNCTIONS)(one)


@pytest.mark.parametrize("seed", range(0, 3000, 20))
def test_value_stays(seed: int) -> None:
    require_equal(range(seed, seed + 1))


@pytest.mark.slow
def test_value_of_many_stays() -> None:
    require_equal(range(3000, 9000))


def require_equal(seeds: range) -> None:
    for seed in seeds:
        generator = random.Random(seed)
        before = drawn(generator, generator.randint(2, 4))
        after = rewrite(before)
        for _ in range(3):
            values = {
                one: mpmath.mpf(
                    generator.uniform(0.1 if one is w else 0.0 if one is p else -2.0, 2.0)
                )
                for one in (x, z, w, p)
            }
            with mpmath.workdps(60):
                expected = evaluated(before, values)
                if not mpmath.isfinite(expected) or abs(expected) > 1e200:
                    continue
                error = abs(evaluated(after, values) - expected)
                assert error <= mpmath.mpf("1e-25") * (1 + abs(expected)), (
                    seed,
                    before,
                    after,
                    values,
                )
