"""Random sums of products and of differences: vectors, matrices, shared, fixed and gathered reads, guards;
batches and none.

The schedule decides from reads alone what is a product of matrices. Here each text is compared with the other
target, which multiplies nothing in blocks; values with those of the text as it stands, of each example alone
in the interpreter; and slopes, which both targets have from one derivation, with differences of values.
"""

from __future__ import annotations

import random
from typing import Any

import numpy as np
import pytest

import objc
from objc.compiler import lower, parse
from objc.ir.evaluate import evaluate
from objc.source import Source

SIGNATURE = (
    "x: real[N, D], y: real[N, D], g: real[D], u: real[N], book: real[N, D], cube: real[N, D, D]"
    " | mask: binary[N], kind: index(3)[N], p: index(N)"
)
ROWS = (
    "x[i, d]",
    "y[i, d]",
    "tanh(x[i, d])",
    "x[i, d] * g[d]",
    "u[i] * y[i, d]",
    "(x[i, d] + y[i, d])",
)
COLUMNS = (
    "y[j, d]",
    "x[j, d]",
    "book[j, d]",
    "x[j, d] * u[j]",
    "tanh(book[j, d]) / 2",
    "book[j, d]^2",
)
VECTORS = ("g[d]", "x[0, d]", "x[N - 1, d]", "book[1, d]", "x[p, d]", "g[d]^2", "y[0, d] * g[d]")
GUARDS = (
    "j <= i", "i < j", "j != i", "mask[j] == 1", "mask[i] == 1 and j <= i", "kind[i] == kind[j]",
    "i < j + 3 and j < i + 3", "mask[j] == 1 and j < i", "x[j, 0] > 0",
)  # fmt: skip
WEIGHTS = (
    "tanh(s[i, j])",
    "exp(-s[i, j]^2)",
    "s[i, j]",
    "sigmoid(s[i, j]) / n[i]",
    "u[i] * s[i, j]",
)
VALUES = (
    "x[j, e]", "y[j, e]", "book[j, e]", "y[j, e] * u[j]", "(x[j, e] - y[i, e])", "(book[i, e] - x[j, e])",
    "u[i] * (y[j, e] - book[i, e])",
)  # fmt: skip
PAIRS = ("{} * {}", "({} - {})^2", "(x[i, d] - {1})^2", "{1} - (book[i, d] - y[j, d])^2 * u[j]")
TERMS = (
    "mean[i, j](tanh(s[i, j]))", "sum[i](tanh(r[i]))", "logsumexp[i](r[i]) - r[p]", "sum[d](tanh(c[d]))",
    "sum[i, e](tanh(o[i, e]))", "mean[i](logsumexp[j](s[i, j]) - s[i, i])", "sum[d](tanh(c[d] * g[d]))",
    "sum[i, e](tanh(sum[d](cube[i, e, d] * g[d])))", "mean[i, j](tanh(s[i, 0] - s[j, 0]))",
    "sum[i](tanh(r[i] * u[i]))", "sum[i, e | mask[i] == 1](tanh(o[i, e] + x[i, e]))",
    "mean[j, l](tanh(sum[d](book[j, d]^2 * book[l, d])))", "sum[d](tanh(sum[j](u[j] * book[j, d])))",
    "mean[j, l | l < j](sum[d](tanh(book[j, d]) / 2 * book[l, d])^2)",
    "mean[j, l](exp(-sum[d]((book[j, d] - book[l, d])^2)))", "sum[i](tanh(sum[d]((x[i, d] - g[d])^2)))",
    "mean[i, l](log(1 + exp(u[i] - u[l])))", "sum[i, l | i != l](tanh(sum[d]((x[i, d] - x[l, d])^2)))",
    "sum[j, l | kind[j] != kind[l]](log(1 + sum[d]((x[j, d] - y[l, d])^2)))",
)  # fmt: skip


def _text(drawn: random.Random) -> str:
    guard, other = (f" | {drawn.choice(GUARDS)}" if drawn.random() < 0.6 else "" for _ in "ab")
    inner = other if "i" not in other.replace("kind", "") and "j" in other else ""
    terms = " + ".join(drawn.sample(TERMS, 3))
    return f"""loss drawn({SIGNATURE}) = {terms}
    where s[i, j] = sum[d]({drawn.choice(PAIRS).format(drawn.choice(ROWS), drawn.choice(COLUMNS))})
          r[i] = sum[d]({drawn.choice(ROWS)} * {drawn.choice(VECTORS)})
          c[d] = sum[j{inner}]({drawn.choice(COLUMNS)} * {drawn.choice(("u[j]", "r[j]", "g[d]"))})
          n[i] = sum[j{guard}](1 + 0 * u[i] * u[j])
          o[i, e] = sum[j{guard}]({drawn.choice(WEIGHTS)} * {drawn.choice(VALUES)})
"""


def _arguments(drawn: random.Random, batch: int, rows: int, depth: int) -> dict[str, Any]:
    made = np.random.default_rng(drawn.randrange(2**30))
    shapes = {"x": (rows, depth), "y": (rows, depth), "g": (depth,), "u": (rows,), "book": (rows, depth),
              "cube": (rows, depth, depth)}  # fmt: skip
    given: dict[str, Any] = {}
    for name, shape in shapes.items():
        shared = name not in ("x", "y") and drawn.random() < 0.3
        entries = made.normal(size=shape if shared else (batch, *shape)) / 2
        given[name] = np.where(
            np.abs(entries) < 0.01, 0.01, entries
        )  # a guard asks for their signs
    given["mask"] = made.integers(0, 2, (batch, rows))
    given["kind"] = made.integers(0, 3, (batch, rows))
    given["p"] = made.integers(0, rows, batch)
    return given


@pytest.mark.parametrize(
    "seed", [*range(3), *(pytest.param(one, marks=pytest.mark.slow) for one in range(3, 12))]
)
def test_random_sums(seed: int) -> None:
    drawn = random.Random(seed)
    text = _text(drawn)
    ours, other = (objc.compile(text, target=target).drawn for target in ("cpu", "numpy"))
    (program,) = lower(parse(Source("drawn", text))).programs.values()
    for batch, rows, depth in ((4, 11, 3), (3, 2, 5), (2, 133, 2)):
        given = _arguments(drawn, batch, rows, depth)
        value, slopes = ours.value_and_grad(**given, reduction="sum")
        expected, wanted = other.value_and_grad(**given, reduction="sum")
        np.testing.assert_allclose(value, expected, rtol=1e-11, atol=1e-10, err_msg=text)
        for one, theirs in zip(slopes, wanted, strict=True):
            scale = np.nanmax(np.abs(theirs), initial=1e-3)
            np.testing.assert_allclose(one, theirs, rtol=0, atol=1e-10 * scale, err_msg=text)
        along = [np.random.default_rng(seed).normal(size=np.shape(one)) for one in slopes]
        names = [name for name in given if name not in ("mask", "kind", "p")]
        ends = [
            ours(
                **{**given, **{k: given[k] + at * v for k, v in zip(names, along, strict=True)}},
                reduction="sum",
            )
            for at in (-2e-4, -1e-4, 1e-4, 2e-4)
        ]
        slope = (ends[0] - 8 * ends[1] + 8 * ends[2] - ends[3]) / (12 * 1e-4)
        moved = sum(float((one * v).sum()) for one, v in zip(slopes, along, strict=True))
        assert moved == pytest.approx(slope, rel=1e-6, abs=1e-6), text
        if rows < 20:
            each = ours(**given, reduction="none")
            for n in range(batch):
                alone = {k: a[n] if a.ndim and a.shape[0] == batch and _has_batch(k, a) else a
                         for k, a in given.items()}  # fmt: skip
                exact = evaluate(program, alone)["per_example"]
                np.testing.assert_allclose(
                    each[n], float(exact), rtol=1e-9, atol=1e-12, err_msg=text
                )


def _has_batch(name: str, array: Any) -> bool:
    axes = {"x": 2, "y": 2, "g": 1, "u": 1, "book": 2, "cube": 3, "mask": 1, "kind": 1, "p": 0}
    return int(array.ndim) > axes[name]
