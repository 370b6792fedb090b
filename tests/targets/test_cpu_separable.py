"""Exponentials of sums as products of exponentials: the same results, in every range of the parts."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from objc.targets.cpu.separable import REACH, separated

import objc
from objc.compiler import Variant, derive, lower, parse
from objc.source import Source

CHAIN = """
loss chain(emission: real[T, K], transition: real[K, K]) = logsumexp[k](alpha[T-1, k])
    where alpha[0, k] = emission[0, k]
          alpha[t, k] = emission[t, k] + logsumexp[j](alpha[t-1, j] + transition[j, k])
"""
SINKHORN = """
loss transport(cost: real[N, M] | a: real[N], b: real[M]; S: count = 4, e: positive = 1) =
    sum[i](f[S, i]) + sum[j](b[j] * g[S, j])
    where f[0, i] = a[i]
          g[0, j] = b[j]
          g[s, j] = b[j] - e * logsumexp[i]((f[s-1, i] - cost[i, j]) / e)
          f[s, i] = a[i] - e * logsumexp[j]((g[s-1, j] - cost[i, j]) / e)
"""


def drawn(scale: float, forbidden: float = 0.0) -> dict[str, Any]:
    generator = np.random.default_rng(5)
    transition = scale * generator.normal(size=(4, 4))
    transition[0, 1:3] -= forbidden
    emission = scale * generator.normal(size=(3, 6, 4))
    emission[1] *= 5
    return {"emission": emission, "transition": transition}


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(
    "values",
    [
        drawn(1),
        drawn(6),
        drawn(20),
        drawn(1e3),
        drawn(1, 1e4),
        drawn(1, REACH - 3),
        drawn(1, np.inf),
    ],
    ids=["narrow", "beside", "wide", "far", "forbidden", "at the reach", "infinite"],
)
def test_a_chain_in_every_range(values: dict[str, Any], dtype: str) -> None:
    """Some sequences within the reach, some not; each marginal for itself, however small."""
    given = {k: v.astype(dtype) if v.dtype == float else v for k, v in values.items()}
    exact = {k: v.astype(float) if v.dtype.kind == "f" else v for k, v in given.items()}
    found = objc.compile(CHAIN, target="cpu").chain.value_and_grad(**given, reduction="none")
    with np.errstate(all="ignore"):
        expected = objc.compile(CHAIN, target="numpy").chain.value_and_grad(
            **exact, reduction="none"
        )
    tolerance = 2e-5 if dtype == "float32" else 1e-12
    np.testing.assert_allclose(found[0], expected[0], rtol=tolerance)
    for one, other in zip(found[1], expected[1], strict=True):
        np.testing.assert_allclose(one, other, rtol=30 * tolerance, atol=1e-36)


def test_transitions_of_each_sequence_have_a_reach_of_their_own() -> None:
    values = drawn(1)
    values["transition"] = np.stack([values["transition"] * scale for scale in (1, 500, 2)])
    alone = {key: one[:1] for key, one in values.items()}
    kernel = objc.compile(CHAIN, target="cpu").chain
    found = kernel.value_and_grad(**values, reduction="none")
    with np.errstate(all="ignore"):
        expected = objc.compile(CHAIN, target="numpy").chain.value_and_grad(
            **values, reduction="none"
        )
    one = kernel.value_and_grad(**alone, reduction="none")
    for several, wanted, single in zip(found[1], expected[1], one[1], strict=True):
        np.testing.assert_allclose(several, wanted, rtol=1e-11, atol=1e-36)
        np.testing.assert_array_equal(several[:1], single)


def test_what_is_no_number_stays_none() -> None:
    values = drawn(1)
    values["emission"][1, 2, 3] = np.nan
    value, _ = objc.compile(CHAIN, target="cpu").chain.value_and_grad(**values, reduction="none")
    assert list(np.isnan(value)) == [False, True, False]


def test_an_iteration_of_sinkhorn() -> None:
    generator = np.random.default_rng(2)
    given = {"cost": generator.uniform(size=(2, 5, 3)), "a": generator.normal(size=(2, 5)),
             "b": generator.normal(size=(2, 3))}  # fmt: skip
    for e in (1.0, 0.05, 1e-3):
        one, other = (
            objc.compile(SINKHORN, target=target).transport for target in ("cpu", "numpy")
        )
        np.testing.assert_allclose(
            one.value_and_grad(**given, e=e)[1], other.value_and_grad(**given, e=e)[1],
            rtol=1e-9, atol=1e-12,
        )  # fmt: skip


def _derived(text: str) -> Any:
    (program,) = lower(parse(Source("any", text))).programs.values()
    wrt = tuple(one.name for one in program.differentiable)
    batched = frozenset(one.name for one in program.inputs) - {"transition"}
    return derive(program, Variant(("value", "gradient"), wrt, batched))


def test_each_factor_is_made_once() -> None:
    """What the sum and both gradients need of the transitions, and of the states, is the same."""
    program = separated(_derived(CHAIN))
    made = [let.name for let in program.lets if let.name.startswith("scaled_")]
    assert sorted(made) == ["scaled_alpha", "scaled_transition"]


@pytest.mark.parametrize(
    "text",
    [
        "loss f(z: real[K] | y: index(K)) = logsumexp[k](z[k]) - z[y]\n",
        "loss f(s: real[N]) = log(1 + sum[i, j](exp(s[i] - s[j])))\n",
        "loss f(a: real[N, D], b: real[M, D]) = sum[i](logsumexp[j](sum[d](a[i, d] * b[j, d])))\n",
    ],
)
def test_what_has_no_such_parts_stays(text: str) -> None:
    program = _derived(text)
    assert separated(program) is program
