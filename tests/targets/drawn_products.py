"""Recurrences and sums of products, drawn at random with their layouts: text, and arrays for it.

One number tells one loss, on every machine. Nothing here knows how any of it is scheduled.
"""

from __future__ import annotations

from random import Random
from typing import Any

import numpy as np

Drawn = tuple[str, list[dict[str, Any]]]
"""A loss, and the arguments of some calls."""

EXTENTS = {
    "I": (2, 5, 17, 33),
    "J": (3, 9, 20),
    "K": (5, 11),
    "D": (4, 12, 40),
    "R": (3, 10),
    "T": (12, 30),
}
BATCHES = (1, 3, 18, 65)


def recurrence(seed: int) -> Drawn:
    """A state that matrices, gates and masks make of the one before; forwards or backwards."""
    random = Random(seed)
    is_backward, steps_last = random.random() < 0.4, random.random() < 0.4
    first, before, last = ("T - 1", "t + 1", "0") if is_backward else ("0", "t - 1", "T - 1")

    def at(step: str, index: str) -> str:
        return f"[{index}, {step}]" if steps_last else f"[{step}, {index}]"

    function = random.choice(("tanh", "sigmoid", "softplus", ""))
    given = random.choice((f"x{at('t', 'i')}", f"sum[d](u[i, d] * x{at('t', 'd')})"))
    h, own = f"h{at(before, 'j')}", f"h{at(before, 'i')}"
    made = random.choice(
        (
            f"sum[j](w[i, j] * {h})",
            f"sum[j](w[j, i] * {h})",
            f"sum[j](w[i, j] * g{at(before, 'j')} * {h})",
            f"sum[j](w[i, j] * {h}) - 0.1 * {own}",
            f"logsumexp[j]({h} + w[j, i])",
            f"sum[j](w[i, j] * {h}) * (1 - sum[j](v[i, j] * {h}))",
            f"max[j](w[i, j] * {h})",
        )
    )
    body = f"{function}({given} + {made})"
    if random.random() < 0.4:
        body = f"(if mask[t] == 1 then {body} else {own})"
    state, end = f"h{at('t', 'i')}", f"h{at(last, 'i')}"
    out = random.choice(
        (
            f"sum[i](({end} - y[i])^2)",
            f"sum[t, i](({state} - y[i])^2)",
            f"sum[t](log(1 + sum[i]({state}^2)))",
            f"sum[t, i]({state} * x{at('t', 'i')}) + sum[i]({end}^2)",
        )
    )
    axes = "H, T" if steps_last else "T, H"
    text = f"""
loss f(x: real[{axes}], g: real[{axes}] | y: real[H], mask: binary[T];
       learn w: real[H, H], learn v: real[H, H], learn u: real[H, H]) = {out}
    where {state} = if t == {first} then {function}({given}) else {body}
"""
    calls = []
    for batch, steps, states in ((1, 4, 3), (3, 5, 7), (17, 1, 9), (65, 6, 12), (40, 9, 20)):
        drawn = np.random.default_rng(seed)
        shape = (batch, states, steps) if steps_last else (batch, steps, states)
        arrays = {name: drawn.normal(size=shape) for name in "xg"}
        arrays |= {name: drawn.normal(size=(states, states)) / states**0.5 for name in "wvu"}
        arrays["y"] = drawn.normal(size=(batch, states))
        arrays["mask"] = (drawn.random((batch, steps)) < 0.7) * 1.0
        calls.append(arrays)
    return text, calls


def products(seed: int) -> Drawn:
    """A contraction of tensors with their axes in any order, or a convolution."""
    random = Random(seed)

    def axes(letters: str) -> tuple[str, str]:
        """How a tensor is read, and its shape."""
        order = random.sample(letters, len(letters))
        return f"[{', '.join(order)}]", ", ".join(one.upper() for one in order)

    (ij, IJ), (ik, IK), (jk, JK) = axes("ij"), axes("ik"), axes("jk")
    (ir, IR), (jr, JR), (kr, KR), (ijk, IJK) = axes("ir"), axes("jr"), axes("kr"), axes("ijk")
    (jd, JD), (rd, RD), (tid, TID), (dj, DJ) = axes("jd"), axes("rd"), axes("tid"), axes("dj")
    body, shapes = random.choice(
        (
            (f"sum[i, j](a{ij} * x[i] * y[j])", {"a": IJ, "x": "I", "y": "J"}),
            ("sum[i, l](a[i, l] * x[i] * x[l])", {"a": "I, I", "x": "I"}),
            (f"sum[i, j](a{ij} * tanh(sum[k](x{ik} * y{jk})))", {"a": IJ, "x": IK, "y": JK}),
            (f"sum[i, j, k]((sum[r](x{ir} * y{jr} * a{kr}) - z{ijk})^2)",
             {"a": KR, "x": IR, "y": JR, "z": IJK}),
            (f"sum[i, j](sum[r, d](x{ir} * y{jd} * a{rd})^2)", {"a": RD, "x": IR, "y": JD}),
            (f"sum[t, i, j](softplus(sum[d](x{tid} * a{dj})))", {"a": DJ, "x": TID}),
            ("sum[t | t >= 3]((x[t] + sum[k | k <= 3](a[k] * x[t - k]))^2)", {"a": "K", "x": "T"}),
            ("sum[t]((x[t] + sum[k | t - k >= 0](a[k] * x[t - k]))^2)", {"a": "K", "x": "T"}),
            ("sum[t | 2 * t + 3 < T](tanh(x[t] + sum[k | k <= 3](a[k] * x[2 * t + k])))",
             {"a": "K", "x": "T"}),
        )
    )  # fmt: skip
    given = ", ".join(f"{name}: real[{shape}]" for name, shape in shapes.items() if name != "a")
    text = f"loss f({given}; learn a: real[{shapes['a']}]) = {body}"
    is_batched = random.random() < 0.6
    calls = []
    for number in range(3):
        drawn = np.random.default_rng((seed, number))
        extents = {name: random.choice(some) for name, some in EXTENTS.items()}
        batch = [random.choice(BATCHES)] if is_batched else []
        calls.append(
            {
                name: drawn.normal(
                    size=[*(batch if name != "a" else []), *(extents[d] for d in shape.split(", "))]
                ) / 3
                for name, shape in shapes.items()
            }
        )  # fmt: skip
    return text, calls
