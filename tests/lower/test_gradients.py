"""`gradient(f, x)` against torch's double backward, in value and in gradient, on every target."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
import torch

import objc
from objc.compiler import Variant, derive
from objc.ir.evaluate import evaluate
from objc.passes.lower import lower
from objc.source import Source
from objc.syntax import parse

RANDOM = np.random.default_rng(5)
S, D, H, B, Q = 6, 4, 5, 3, 7
Torch = Callable[..., Any]


def normal(*shape: int) -> Any:
    return RANDOM.normal(size=shape)


def slope(function: Callable[[Any], Any], at: Any) -> Any:
    """torch's derivative of a scalar, to be differentiated in turn."""
    at = at.clone() if at.requires_grad else at.detach().requires_grad_()
    (found,) = torch.autograd.grad(function(at), at, create_graph=True)
    return found


def expected(function: Torch, inputs: dict[str, Any]) -> tuple[float, dict[str, Any]]:
    given = {
        name: torch.tensor(value, requires_grad=np.asarray(value).dtype.kind == "f")
        for name, value in inputs.items()
    }
    value = function(**given)
    value.backward()
    return value.item(), {
        name: np.zeros(np.shape(inputs[name])) if one.grad is None else one.grad.numpy()
        for name, one in given.items()
        if one.requires_grad
    }


def found(text: str, inputs: dict[str, Any], how: str) -> tuple[float, dict[str, Any]]:
    """Value and gradients by the interpreter, or by the kernel of a target."""
    program = list(lower(parse(Source("<text>", text))).programs.values())[-1]
    wrt = tuple(one.name for one in program.differentiable)
    if how == "interpreter":
        values = evaluate(derive(program, Variant(("value", "gradient"), wrt)), inputs)
        return float(values["value"]), {one: values[f"gradient:{one}"] for one in wrt}
    kernel = getattr(objc.compile(text, target=how), program.name)
    value, gradient = kernel.value_and_grad(**inputs)
    return value, {wrt[0]: gradient} if len(wrt) == 1 else gradient._asdict()


CRITIC = """
model critic(x: real[D]; learn hidden: real[H, D], learn bias: real[H], learn head: real[H]) =
    sum[h](head[h] * tanh(a[h]))
    where a[h] = sum[d](hidden[h, d] * x[d]) + bias[h]
"""
NET = {"hidden": normal(H, D), "bias": normal(H), "head": normal(H)}


def critic(hidden: Any, bias: Any, head: Any) -> Callable[[Any], Any]:
    return lambda x: (head * torch.tanh(hidden @ x + bias)).sum()


def wgan_gp(real_x: Any, fake_x: Any, mix: Any, **net: Any) -> Any:
    score = critic(**net)
    steepness = slope(score, mix * real_x + (1 - mix) * fake_x).norm()
    return score(fake_x) - score(real_x) + 10 * (steepness - 1) ** 2


def r1(real_x: Any, **net: Any) -> Any:
    score = critic(**net)
    return torch.nn.functional.softplus(-score(real_x)) + 5 * (slope(score, real_x) ** 2).sum()


def sobolev(x: Any, y: Any, dy: Any, **net: Any) -> Any:
    score = critic(**net)
    fits = [
        (score(a) - b) ** 2 + 0.5 * ((slope(score, a) - c) ** 2).sum()
        for a, b, c in zip(x, y, dy, strict=True)
    ]
    return torch.stack(fits).mean()


def mean_squares(x: Any, y: Any) -> Callable[[Any], Any]:
    return lambda w: ((x @ w - y) ** 2).mean()


def maml(w: Any, xs: Any, ys: Any, xq: Any, yq: Any, rates: Any) -> Any:
    for rate in rates:
        w = w - rate * slope(mean_squares(xs, ys), w)
    return mean_squares(xq, yq)(w)


def curvature_along(w: Any, u: Any, x: Any, y: Any) -> Any:
    fit = lambda v: torch.log1p(torch.exp(-y * (x @ v))).mean()  # noqa: E731
    return (slope(lambda v: slope(fit, v) @ u, w) ** 2).sum()


def matrix(w: Any, x: Any, label: Any) -> Any:
    fit = lambda v: torch.logsumexp(v @ x, 0) - (v @ x)[label]  # noqa: E731
    found = slope(fit, w)
    return (found**3).sum() + found[0, 1] * w[1, 0]


def closing_over(x: Any, y: Any) -> Any:
    scale = (x * y).sum() / 3
    fit = lambda v: torch.exp(scale * v[0]) * (v**2).sum() + (v * y).sum() ** 3  # noqa: E731
    return sum((slope(fit, x * i + y) * x).sum() * torch.sin(x[i]) for i in range(len(x)))


def picked(x: Any, label: Any) -> Any:
    fit = lambda v: v.max() ** 3 * v[label] + v.prod() + (v[:-1] * v[1:]).sum()  # noqa: E731
    return (slope(fit, x) ** 2).sum()


def shifted(x: Any) -> Any:
    steps = [torch.log(slope(lambda v: (v**4).sum(), x[t - 1]).norm()) for t in range(1, len(x))]
    return sum(steps) * x[0, 0]


def three(x: Any) -> Any:
    sine = lambda v: torch.sin(v) * v**3  # noqa: E731
    return slope(lambda a: slope(lambda b: slope(sine, b) ** 2, a) * a, x) ** 2


def detached(x: Any) -> Any:
    return slope(lambda v: v**2 * v.detach() ** 3 * x, x)


def along(x: Any, a: Any) -> Any:
    def last(v: Any) -> Any:
        state = v[0]
        for one in v[1:]:
            state = torch.tanh(a * state) + one
        return state**2

    return (slope(last, x) * x).sum()


def marginals(scores: Any, y: Any) -> Any:
    def total(one: Any) -> Any:
        state = one[0]
        for before, here in pairwise(one):
            state = here + torch.logsumexp(state + before / 10, 0)
        return torch.logsumexp(state, 0)

    return -(y * slope(total, scores)).sum()


def through_iterations(w: Any, q: Any) -> Any:
    def final(state: Any) -> Any:
        for _ in range(3):
            state = torch.tanh(w @ state)
        return (state**2).sum()

    return (slope(final, q) ** 2).sum()


CASES: dict[str, tuple[str, Torch, dict[str, Any]]] = {
    "wgan_gp": (
        CRITIC + "objective f(| real_x: real[D], fake_x: real[D], mix: probability) =\n"
        "    minimize\n"
        "        distance: critic(fake_x) - critic(real_x)\n"
        "        penalty: 10 * (norm(gradient(critic, between)) - 1)^2\n"
        "    where between[d] = mix * real_x[d] + (1 - mix) * fake_x[d]\n",
        wgan_gp,
        {"real_x": normal(D), "fake_x": normal(D), "mix": np.array(0.3), **NET},
    ),
    "r1": (
        CRITIC + "objective f(| real_x: real[D]) =\n"
        "    minimize softplus(-critic(real_x)) + 10 / 2 * sum(gradient(critic, real_x)^2)\n",
        r1,
        {"real_x": normal(D), **NET},
    ),
    "sobolev": (
        CRITIC + "objective f(| x: real[N, D], y: real[N], dy: real[N, D]) =\n"
        "    minimize mean[i]((critic(x[i]) - y[i])^2 + sum[d]((g[i, d] - dy[i, d])^2) / 2)\n"
        "    where g[i, d] = gradient(critic, x[i])[d]\n",
        sobolev,
        {"x": normal(B, D), "y": normal(B), "dy": normal(B, D), **NET},
    ),
    "maml": (
        "objective f(| xs: real[S, D], ys: real[S], xq: real[Q, D], yq: real[Q], rates: real[N];"
        " learn w: real[D]) =\n"
        "    minimize mean[q]((dot(second, xq[q]) - yq[q])^2)\n"
        "    where first[d] = w[d] - rates[0] * gradient(inner, w)[d]\n"
        "          second[d] = first[d] - rates[1] * gradient(inner, first)[d]\n"
        "          inner(v) = mean[s]((dot(v, xs[s]) - ys[s])^2)\n",
        maml,
        {"xs": normal(S, D), "ys": normal(S), "xq": normal(Q, D), "yq": normal(Q),
         "rates": np.array([0.1, 0.2]), "w": normal(D)},
    ),
    "maml along an index": (
        "objective f(| xs: real[S, D], ys: real[S], xq: real[Q, D], yq: real[Q], rates: real[N];"
        " learn w: real[D]) =\n"
        "    minimize mean[q]((dot(adapted[N-1], xq[q]) - yq[q])^2)\n"
        "    where adapted[0, d] = w[d] - rates[0] * gradient(inner, w)[d]\n"
        "          adapted[n, d] = adapted[n-1, d] - rates[n] * gradient(inner, adapted[n-1])[d]\n"
        "          inner(v) = mean[s]((dot(v, xs[s]) - ys[s])^2)\n",
        maml,
        {"xs": normal(S, D), "ys": normal(S), "xq": normal(Q, D), "yq": normal(Q),
         "rates": np.array([0.1, 0.05, 0.2]), "w": normal(D)},
    ),
    "curvature along a vector": (
        "loss f(w: real[D] | u: real[D], x: real[S, D], y: sign[S]) = sum(gradient(along, w)^2)\n"
        "    where fit(v) = mean[s](log(1 + exp(-y[s] * dot(x[s], v))))\n"
        "          along(v) = dot(gradient(fit, v), u)\n",
        curvature_along,
        {"w": normal(D), "u": normal(D), "x": normal(S, D), "y": RANDOM.choice([-1.0, 1], S)},
    ),
    "matrix": (
        "function fit(v: real[K, D], x: real[D] | label: index(K)) = -log(softmax(s)[label])\n"
        "    where s[k] = dot(v[k], x)\n"
        "loss f(w: real[K, D] | x: real[D], label: index(K)) = sum(g^3) + g[0, 1] * w[1, 0]\n"
        "    where g = gradient(at, w)\n"
        "          at(v) = fit(v, x | label)\n",
        matrix,
        {"w": normal(3, D), "x": normal(D), "label": 2},
    ),
    "closing over": (
        "loss f(x: real[N], y: real[N]) ="
        " sum[i](sum[n](gradient(fit, i * x + y)[n] * x[n]) * sin(x[i]))\n"
        "    where scale = dot(x, y) / 3\n"
        "          fit(v) = exp(scale * v[0]) * sum(v^2) + dot(v, y)^3\n",
        closing_over,
        {"x": normal(4) / 3, "y": normal(4) / 3},
    ),
    "picked": (
        "loss f(x: real[K] | label: index(K)) = sum(gradient(fit, x)^2)\n"
        "    where fit(v) = max(v)^3 * v[label] + prod(v) + sum[k | k > 0](v[k-1] * v[k])\n",
        picked,
        {"x": normal(5), "label": 1},
    ),
    "marginals of a chain": (
        "function total(s: real[T, K]) = logsumexp[k](a[T-1, k])\n"
        "    where a[0, k] = s[0, k]\n"
        "          a[t, k] = s[t, k] + logsumexp[j](a[t-1, j] + s[t-1, j] / 10)\n"
        "loss f(scores: real[T, K] | y: real[T, K]) ="
        " -sum[t, k](y[t, k] * gradient(total, scores)[t, k])\n",
        marginals,
        {"scores": normal(4, 3), "y": normal(4, 3)},
    ),
    "through iterations": (
        "function roll(q: real[D], w: real[D, D]; steps: count = 3) = sum[d](h[steps, d]^2)\n"
        "    where h[0, d] = q[d]\n"
        "          h[n, d] = tanh(sum[c](w[d, c] * h[n-1, c]))\n"
        "loss f(w: real[D, D], q: real[D]) = sum(gradient(final, q)^2)\n"
        "    where final(v) = roll(v, w)\n",
        through_iterations,
        {"w": normal(3, 3), "q": normal(3)},
    ),
    "shifted": (
        "loss f(x: real[T, D]) = x[0, 0] * sum[t | t > 0](log(norm(gradient(fit, x[t-1]))))\n"
        "    where fit(v) = sum(v^4)\n",
        shifted,
        {"x": normal(4, 3)},
    ),
    "three times": (
        "loss f(x: real) = gradient(a, x)^2\n"
        "    where sine(v) = sin(v) * v^3\n"
        "          b(v) = gradient(sine, v)^2\n"
        "          a(v) = gradient(b, v) * v\n",
        three,
        {"x": np.array(0.8)},
    ),
    "detached": (
        "loss f(x: real) = gradient(fit, x)\n"
        "    where fit(v) = v^2 * stop_gradient(v)^3 * x\n",
        detached,
        {"x": np.array(1.3)},
    ),
    "a recurrence inside": (
        "function last(v: real[T], a: real) = s[T-1]^2\n"
        "    where s[0] = v[0]\n"
        "          s[t] = tanh(a * s[t-1]) + v[t]\n"
        "loss f(x: real[T], a: real) = dot(gradient(at, x), x)\n"
        "    where at(v) = last(v, a)\n",
        along,
        {"x": normal(5), "a": np.array(0.7)},
    ),
}  # fmt: skip


# The two targets are held to each other by their own tests.
@pytest.mark.parametrize(
    "how", ["interpreter", pytest.param("numpy", marks=pytest.mark.slow), "cpu"]
)
@pytest.mark.parametrize("name", CASES)
@pytest.mark.share(1 / 2)
def test_against_torch(name: str, how: str) -> None:
    text, function, inputs = CASES[name]
    value, gradients = found(text, inputs, how)
    wanted, slopes = expected(function, inputs)
    assert value == pytest.approx(wanted, rel=1e-12)
    for one, gradient in gradients.items():
        np.testing.assert_allclose(gradient, slopes[one], rtol=1e-10, atol=1e-12, err_msg=one)
