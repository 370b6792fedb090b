"""Divergences of nearly equal distributions against 60 digits, and what only looks like one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import mpmath
import numpy as np
import pytest

from objc.compiler import Variant, derive, lower, parse
from objc.ir.evaluate import evaluate
from objc.ir.program import Program
from objc.passes.evaluation.divergences.distributions import divergences_by_parts
from objc.source import Source

BOTH = "q: simplex[K] | p: simplex[K]"
FORMS = {
    "kl": (BOTH, "sum[k | p[k] > 0](p[k] * log(p[k] / q[k]))", "kl(q, p)"),
    "kl of logarithms": (BOTH, "sum[k](p[k] * (log(p[k]) - log(q[k])))", "kl(q, p)"),
    "reversed": (BOTH, "sum[k](q[k] * log(q[k] / p[k]))", "kl(p, q)"),
    "jensen": (
        BOTH,
        "sum[k](p[k] * log(2 * p[k] / (p[k] + q[k])) + q[k] * log(2 * q[k] / (p[k] + q[k])))",
        "kl(half(q, p), p) + kl(half(q, p), q)",
    ),
    "a mixture by name": (
        BOTH,
        "sum[k](p[k] * log(p[k] / m[k]) + q[k] * log(q[k] / m[k]))\n"
        "    where m[k] = (p[k] + q[k]) / 2",
        "kl(half(q, p), p) + kl(half(q, p), q)",
    ),
    "jeffreys": (BOTH, "sum[k](p[k] * log(p[k] / q[k]) + q[k] * log(q[k] / p[k]))",
                 "kl(q, p) + kl(p, q)"),
    "weighed": (BOTH, "3 * sum[k](p[k] * log(p[k] / q[k]))", "3 * kl(q, p)"),
    "bernoulli": ("q: probability[K] | p: probability[K]",
                  "sum[k](p[k] * log(p[k] / q[k]) + (1 - p[k]) * log((1 - p[k]) / (1 - q[k])))",
                  "kl(q, p) + kl(rest(q), rest(p))"),
}  # fmt: skip

LEFT = {
    "no distributions": ("q: positive[K] | p: positive[K]", "sum[k](p[k] * log(p[k] / q[k]))"),
    "one distribution": ("q: positive[K] | p: simplex[K]", "sum[k](p[k] * log(p[k] / q[k]))"),
    "over another index": ("q: simplex[J, K] | p: simplex[J, K]",
                           "sum[j](p[j, 0] * log(p[j, 0] / q[j, 0]))"),
    "a negative weight": (BOTH, "sum[k](-(p[k] * log(p[k] / q[k])))"),
    "weights that vary": (BOTH + ", w: positive[K]", "sum[k](w[k] * p[k] * log(p[k] / q[k]))"),
    "a shift inside": (BOTH, "sum[k](p[k] * log((p[k] + 0.1) / q[k]))"),
}  # fmt: skip


def kl(q: Sequence[Any], p: Sequence[Any]) -> Any:
    return sum(b * mpmath.log(b / a) for a, b in zip(q, p, strict=True) if b)


def half(q: Sequence[Any], p: Sequence[Any]) -> Sequence[Any]:
    return [(a + b) / 2 for a, b in zip(q, p, strict=True)]


def rest(p: Sequence[Any]) -> Sequence[Any]:
    return [1 - one for one in p]


@pytest.mark.parametrize("apart", [1e-11, 1e-8, 1e-4, 0.04, 0.1, 0.4])
@pytest.mark.parametrize("name", FORMS)
def test_nearly_equal_distributions(name: str, apart: float) -> None:
    inputs, text, meaning = FORMS[name]
    q, p = _pairs(apart)
    derived = _derived(inputs, text)
    found = evaluate(derived, {"q": q, "p": p, "scale": 1.0})["per_example"]
    with mpmath.workdps(60):
        environment: dict[str, Callable[..., Any]] = {"kl": kl, "half": half, "rest": rest}
        for row in range(len(q)):
            exact = eval(meaning, environment, {
                "q": [mpmath.mpf(one) for one in q[row]], "p": [mpmath.mpf(one) for one in p[row]],
            })  # fmt: skip
            assert found[row] >= 0
            assert abs(found[row] - exact) <= 1e-13 * exact, (q[row], p[row])


def test_corners_of_the_simplex() -> None:
    q = np.array([[0.5, 0.5, 0.0], [0.0, 0.25, 0.75], [1.0, 0.0, 0.0], [0.0, 1.0, 0.0]])
    p = np.array([[0.0, 0.5, 0.5], [0.0, 0.75, 0.25], [1.0, 0.0, 0.0], [1.0, 0.0, 0.0]])
    found = evaluate(_derived(*FORMS["kl"][:2]), {"q": q, "p": p, "scale": 1.0})["per_example"]
    np.testing.assert_allclose(found, [np.inf, np.log(3) / 2, 0, np.inf], rtol=1e-15)
    found = evaluate(_derived(*FORMS["jensen"][:2]), {"q": q, "p": p, "scale": 1.0})["per_example"]
    np.testing.assert_allclose(found[[2, 3]], [0, 2 * np.log(2)], rtol=1e-15)


@pytest.mark.parametrize("name", LEFT)
def test_what_is_no_divergence_is_left(name: str) -> None:
    program = _lowered(*LEFT[name])
    batched = frozenset(one.name for one in program.inputs)
    before = derive(program, Variant(("per_example",), (), batched))
    assert divergences_by_parts(before) == before


def _lowered(inputs: str, text: str) -> Program:
    source = Source("form.objc", f"loss form({inputs}) = {text}\n")
    return lower(parse(source)).programs["form"]


def _derived(inputs: str, text: str) -> Program:
    return derive(_lowered(inputs, text), Variant(("per_example",), (), frozenset("qp")))


def _pairs(apart: float) -> tuple[np.ndarray, np.ndarray]:
    """Distributions that sum to one exactly, about so far apart."""
    generator = np.random.default_rng(0)
    p = generator.multinomial(2**40, [0.5, 0.2, 0.2, 0.07, 0.03], size=20) / 2**40
    step = np.round(apart * 2**51 * generator.uniform(-1, 1, size=p.shape) * p)
    step[:, 0] -= step.sum(axis=1)
    q = p + step / 2**51
    assert (q > 0).all()
    return q, p
