"""Chains, alignments and transport, against all paths, PyTorch's CTC and its autograd through loops."""

from __future__ import annotations

from functools import cache
from itertools import pairwise, product
from typing import Any

import numpy as np
import pytest
from programs import FOLDER

import objc

torch = pytest.importorskip("torch")
F = torch.nn.functional
RANDOM = np.random.default_rng(8)
B, T, K = 4, 5, 3
EMISSION, TRANSITION = RANDOM.normal(size=(B, T, K)), RANDOM.normal(size=(K, K))
TAG, LENGTH = RANDOM.integers(0, K, (B, T)), np.array([5, 1, 3, 0])
PADDING = np.arange(T) >= LENGTH[:, None]
TARGETS = ("cpu", "numpy")


@cache
def module(file: str, target: str) -> Any:
    return objc.compile(FOLDER / f"{file}.objc", target=target)


def close(found: Any, expected: Any, rtol: float = 1e-10) -> None:
    np.testing.assert_allclose(found, expected, rtol=rtol, atol=rtol)


def paths(emission: Any, transition: Any) -> dict[tuple[int, ...], Any]:
    """The score of every path."""
    return {
        path: sum(emission[t, k] for t, k in enumerate(path))
        + sum(transition[j, k] for j, k in pairwise(path))
        for path in product(range(K), repeat=len(emission))
    }


def log_likelihood(emission: Any, transition: Any) -> Any:
    total = torch.zeros((), dtype=torch.float64)
    for row, tag, length in zip(emission, TAG, LENGTH, strict=True):
        if length:
            scores = paths(row[:length], transition)
            total = total + torch.logsumexp(torch.stack(list(scores.values())), 0)
            total = total - scores[tuple(tag[:length])]
    return total


@pytest.mark.parametrize("target", TARGETS)
def test_crf(target: str) -> None:
    """Over all paths; the padding holds what would show."""
    emission = torch.tensor(EMISSION, requires_grad=True)
    transition = torch.tensor(TRANSITION, requires_grad=True)
    expected = log_likelihood(emission, transition)
    expected.backward()
    padded, tag = EMISSION.copy(), TAG.copy()
    padded[PADDING], tag[PADDING] = np.nan, -100
    crf = module("structured", target).crf
    value, gradient = crf.value_and_grad(padded, TRANSITION, tag, LENGTH, reduction="sum")
    close(value, expected.item())
    close(gradient.emission, emission.grad)
    close(gradient.transition, transition.grad)
    assert not gradient.emission[PADDING].any()


@pytest.mark.parametrize("target", TARGETS)
def test_crf_viterbi(target: str) -> None:
    found = module("structured", target).crf_viterbi(EMISSION, TRANSITION, LENGTH)
    rows = zip(EMISSION, LENGTH, strict=True)
    close(found, [max(paths(row[:n], TRANSITION).values()) if n else 0 for row, n in rows])


@pytest.mark.parametrize("target", TARGETS)
def test_structured_hinge(target: str) -> None:
    emission = torch.tensor(EMISSION, requires_grad=True)
    total = 0.0
    for row, tag in zip(emission, TAG, strict=True):
        scores = paths(row, torch.tensor(TRANSITION))
        rivals = [v + sum(np.not_equal(path, tag)) for path, v in scores.items()]
        total = total + max(rivals) - scores[tuple(tag)]
    total.backward()
    hinge = module("structured", target).structured_hinge
    value, gradient = hinge.value_and_grad(
        EMISSION, TRANSITION, TAG, wrt="emission", reduction="sum"
    )
    close(value, total.item())
    close(gradient, emission.grad)
    assert hinge(1e4 * np.eye(K)[TAG], TRANSITION, TAG) == pytest.approx(0, abs=1e-9)


CTC_TARGET = np.array([[1, 2, 2], [3, 1, 4], [1, 1, 1], [2, 3, 1], [1, 2, 3]])
FRAMES, SYMBOLS = np.array([8, 6, 8, 3, 1]), np.array([3, 2, 3, 0, 1])


@pytest.mark.parametrize("blank", [0, 4])
@pytest.mark.parametrize("scale", [1.0, 300.0])
@pytest.mark.parametrize("target", TARGETS)
def test_ctc(target: str, scale: float, blank: int) -> None:
    """PyTorch's, with padding that would show; large logits; no symbol; one frame."""
    logits = scale * RANDOM.normal(size=(5, 8, 5))
    labels = np.where(blank == CTC_TARGET, 0, CTC_TARGET)
    given = torch.tensor(logits, requires_grad=True)
    expected = F.ctc_loss(
        F.log_softmax(given, -1).transpose(0, 1), torch.tensor(labels), torch.tensor(FRAMES),
        torch.tensor(SYMBOLS), blank=blank, reduction="none",
    )  # fmt: skip
    expected.sum().backward()
    padded, symbols = logits.copy(), labels.copy()
    padded[np.arange(8) >= FRAMES[:, None]] = np.nan
    symbols[np.arange(3) >= SYMBOLS[:, None]] = -1
    ctc = module("structured", target).ctc
    options = {"blank": blank, "reduction": "sum"}
    value, gradient = ctc.value_and_grad(padded, symbols, FRAMES, SYMBOLS, **options)
    close(value, expected.sum().item())
    close(gradient, given.grad)


@pytest.mark.slow  # half a minute to compile; what it is of is compared without
@pytest.mark.parametrize("seed", range(6))
def test_curvature_of_ctc(seed: int) -> None:
    """Against differences of the gradient: states that nothing leads to were no numbers there."""
    ctc = module("structured", "cpu").ctc
    drawn = np.random.default_rng(seed)
    logits, vector = drawn.normal(size=(2, 1, 5, 3))
    lengths = np.array([4 + seed % 2]), np.array([1 + seed % 2])
    given = drawn.integers(1, 3, size=(1, 3)), *lengths
    assert np.isfinite(ctc(logits, *given))
    step = 1e-5
    ends = [ctc.gradient(logits + sign * step * vector, *given) for sign in (1, -1)]
    found = ctc.hessian_vector_product(logits, *given, vector=vector)
    np.testing.assert_allclose(found, (ends[0] - ends[1]) / (2 * step), atol=1e-8)
    units = np.eye(logits.size).reshape(-1, *logits.shape)
    along = [ctc.hessian_vector_product(logits, *given, vector=one)[one == 1][0] for one in units]
    found = ctc.hessian_diagonal(logits, *given)
    np.testing.assert_allclose(found.ravel(), along, atol=1e-12)


def test_ctc_of_a_target_that_does_not_fit_is_infinite() -> None:
    ctc = module("structured", "cpu").ctc
    assert ctc(np.zeros((2, 3)), [1, 1], 2, 2) == np.inf


def transport(cost: Any, a: Any, b: Any, regularization: float, iterations: int) -> Any:
    f, g = torch.zeros_like(a), torch.zeros_like(b)
    for _ in range(iterations):
        f = regularization * (a.log() - torch.logsumexp((g - cost) / regularization, 1))
        g = regularization * (b.log() - torch.logsumexp((f[:, None] - cost) / regularization, 0))
    return (((f[:, None] + g - cost) / regularization).exp() * cost).sum()


@pytest.mark.parametrize("iterations", [0, 1, 60])
@pytest.mark.parametrize("target", TARGETS)
def test_sinkhorn(target: str, iterations: int) -> None:
    cost, a, b = RANDOM.random((4, 6)), RANDOM.dirichlet(np.ones(4)), RANDOM.dirichlet(np.ones(6))
    given = torch.tensor(cost, requires_grad=True)
    expected = transport(given, torch.tensor(a), torch.tensor(b), 0.2, iterations)
    expected.backward()
    value, gradient = module("divergence", target).sinkhorn.value_and_grad(
        cost, a, b, regularization=0.2, iterations=iterations
    )
    close(value, expected.item())
    close(gradient, given.grad)


def test_sinkhorn_comes_to_the_cost_of_the_best_assignment() -> None:
    optimize = pytest.importorskip("scipy.optimize")
    cost, even = np.random.default_rng(1).random((6, 6)), np.full(6, 1 / 6)
    rows, columns = optimize.linear_sum_assignment(cost)
    options = {"regularization": 1e-3, "iterations": 3000}
    found = module("divergence", "cpu").sinkhorn(cost, even, even, **options)
    assert found == pytest.approx(cost[rows, columns].mean(), abs=1e-5)


def alignment(cost: Any, gamma: float) -> Any:
    n, m = cost.shape
    r = {(i, -1): torch.tensor(np.inf).double() for i in range(-1, n)}
    r |= {(-1, j): torch.tensor(np.inf).double() for j in range(-1, m)}
    r[-1, -1] = torch.zeros((), dtype=torch.float64)
    for i, j in product(range(n), range(m)):
        near = torch.stack([r[i - 1, j - 1], r[i - 1, j], r[i, j - 1]])
        r[i, j] = cost[i, j] - gamma * torch.logsumexp(-near / gamma, 0)
    return r[n - 1, m - 1]


@pytest.mark.parametrize("shape", [(1, 1), (1, 4), (5, 3)])
@pytest.mark.parametrize("gamma", [1.0, 0.001])
@pytest.mark.parametrize("target", TARGETS)
def test_soft_dtw(target: str, gamma: float, shape: tuple[int, int]) -> None:
    cost = RANDOM.random(shape)
    given = torch.tensor(cost, requires_grad=True)
    expected = alignment(given, gamma)
    expected.backward()
    value, gradient = module("divergence", target).soft_dtw.value_and_grad(cost, gamma=gamma)
    close(value, expected.item())
    close(gradient, given.grad)
