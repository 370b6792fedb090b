"""Partial likelihoods and products of choices whose events are sure: each has the greatest score of those
at risk, and its own slope is what is left of one."""

from __future__ import annotations

from typing import Any

import mpmath
import numpy as np
import pytest

import objc

AT_RISK = "logsumexp[j | time[j] >= time[i]](s[j])"
IN_EXPONENTIALS = "log(sum[j | time[j] >= time[i]](exp(s[j])))"
TEXTS = {
    "a mask as a factor": f"-sum[i](e[i] * (s[i] - {AT_RISK}))",
    "a mask as a guard": f"sum[i | e[i] == 1]({AT_RISK} - s[i])",
    "a mask as a case": f"6 * mean[i](if e[i] == 1 then {IN_EXPONENTIALS} - s[i] else 0)",
    "two sums": f"-sum[i](e[i] * s[i]) + sum[i](e[i] * {AT_RISK})",
    "an average": f"-sum[i | e[i] == 1](s[i] - {IN_EXPONENTIALS}) / sum[i](e[i]) * 4",
}
"""Cox (1972), ties as by Breslow (1974)."""
TIME = np.array([1.0, 2, 3, 3, 5, 6])
EVENT = np.array([1.0, 1, 0, 1, 1, 0])


def _losses(scores: Any, e: Any) -> Any:
    every = range(len(scores))
    sets = [[j for j in every if TIME[j] >= TIME[i]] for i in every]
    return mpmath.fsum(
        mpmath.mpf(e[i]) * (mpmath.log(mpmath.fsum(mpmath.exp(scores[j]) for j in sets[i])) - scores[i])
        for i in every
    )  # fmt: skip


def _slopes(scores: Any, e: Any) -> list[Any]:
    at = [mpmath.mpf(float(one)) for one in scores]
    return [
        mpmath.diff(lambda x, k=k: _losses([*at[:k], x, *at[k + 1 :]], e), at[k])
        for k in range(len(at))
    ]


@pytest.mark.parametrize("text", TEXTS)
def test_slopes_where_every_event_is_sure(text: str) -> None:
    kernel = objc.compile(
        f"loss cox(s: real[N] | time: positive[N], e: binary[N]) = {TEXTS[text]}", target="numpy"
    ).cox
    for step in (1, 20, 37):
        for dtype, digits in ((np.float32, 3e-6), (np.float64, 1e-13)):
            scores = (-step * np.arange(6) + np.array([0.5, 0.75, 0, -0.5, 0.75, 1])).astype(dtype)
            with mpmath.workdps(300):
                slopes = [float(one) for one in _slopes(scores, EVENT)]
            found = kernel.gradient(scores, time=TIME.astype(dtype), e=EVENT.astype(dtype))
            np.testing.assert_allclose(found, slopes, rtol=digits)


def test_slopes_by_what_scores_are_made_of() -> None:
    """The slope of a matrix's entry has the difference inside of a sum."""
    kernel = objc.compile(
        f"loss cox(x: real[N, D] | time: positive[N], e: binary[N]; learn w: real[D]) ="
        f" -sum[i](e[i] * (s[i] - {AT_RISK})) where s[i] = dot(w, x[i])",
        target="numpy",
    ).cox
    scores = np.array([0.0, -20, -41, -60, -82, -100])
    x, w = np.stack([scores, 0 * scores], 1)[None], np.array([1.0, 0.5])
    with mpmath.workdps(300):
        slopes = [float(one) for one in _slopes(scores, EVENT)]
    by_x = kernel.gradient(x, TIME[None], EVENT[None], w, wrt="x")[0]
    np.testing.assert_allclose(by_x, np.outer(slopes, w), rtol=1e-13)
    by_w = kernel.gradient(x, TIME[None], EVENT[None], w, wrt="w")
    np.testing.assert_allclose(by_w, [np.dot(scores, slopes), 0], rtol=1e-13)


def test_choices_that_count_are_sure_too() -> None:
    """Plackett (1975), the first three choices, and with weights."""
    texts = "loss first(s: real[N]) = -sum[i | i < 3](s[i] - logsumexp[j | j >= i](s[j]))\n" + (
        "loss weighed(s: real[N] | m: real[N]) = -sum[i](m[i] * (s[i] - logsumexp[j | j >= i](s[j])))"
    )
    module = objc.compile(texts, target="numpy")
    scores, weights = -np.array([0.0, 30, 61, 94, 120]), np.array([2.0, 0.5, 0.25, 0, 0])
    shares = np.tril(np.ones((5, 5)), -1).T * np.exp(scores - scores[:, None])
    for found, m in (
        (module.first.gradient(scores), np.array([1.0, 1, 1, 0, 0])),
        (module.weighed.gradient(scores, weights), weights),
    ):
        np.testing.assert_allclose(found, m @ shares - m * shares.sum(1), rtol=1e-12)
