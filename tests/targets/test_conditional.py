"""Lets that may be computed at every point stay lets; those that read out of range where untaken don't."""

from __future__ import annotations

import math

import numpy as np
import pytest
from objc.targets._conditional import computable_everywhere

import objc
from objc.compiler import Variant, derive, lower, parse
from objc.errors import ObjcError
from objc.source import Source

TEXT = """
loss certain(z: real[K] | y: index(K), w: positive[K]) =
    sum[k](if d < 0 then w[y] * exp(d) * z[k] else z[k]^2)
    where d = z[y] - logsumexp[k](z[k])
loss uncertain(z: real[K] | y: index(K), on: binary) =
    sum[k](if on == 1 then exp(d) * z[k] else z[k]^2)
    where d = z[y] - logsumexp[k](z[k])
"""


def _kept(name: str) -> set[str]:
    program = lower(parse(Source("text", TEXT))).programs[name]
    data = frozenset(one.name for one in program.inputs if one.role != "hyperparameter")
    derived = derive(program, Variant(("value", "gradient"), ("z",), data))
    return {let.name for let in computable_everywhere(derived).lets}


def test_what_is_taken_for_certain_is_computed_once() -> None:
    assert "d" in _kept("certain")
    assert "d" not in _kept("uncertain")


def test_a_place_of_certain_reads_is_blamed_and_of_others_only_where_taken() -> None:
    module = objc.compile(TEXT)
    z = np.random.default_rng(0).standard_normal((3, 4))
    with pytest.raises(ObjcError, match="y"):
        module.certain.value_and_grad(z, np.array([0, 4, 1]), np.ones((3, 4)))
    y, on = np.array([0, -100, 1]), np.array([1, 0, 1])
    gradient = module.uncertain.gradient(z, y, on)
    np.testing.assert_allclose(gradient[1], 2 * z[1] / 3)
    with pytest.raises(ObjcError, match="y"):
        module.uncertain.value_and_grad(z, y, np.array([1, 1, 1]))


def test_a_branch_within_softplus_is_no_sum() -> None:
    """Differences of log-odds are looked for in it, and there is none."""
    text = "loss f(x: real; n: count = 2) = softplus(if n > 1 then x else 2 * x)"
    value, slope = objc.compile(text).f.value_and_grad(np.ones(1))
    assert value == pytest.approx(math.log1p(math.e))
    assert slope == pytest.approx(1 / (1 + math.exp(-1)))
