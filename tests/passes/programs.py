"""Programs of one example that between them hold every construct that has a derivative."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import sympy

from objc.atoms import Branch, iverson, loggamma, maximum, stop_gradient
from objc.ir.domain import Domain
from objc.ir.index import Dimension, Index, Position, at
from objc.ir.program import Input, Let, Program, Term
from objc.ir.symbols import IndexValue

K, T, D, B, H = (Dimension(name) for name in "KTDBH")
i, j = Index("i", B), Index("j", B)
k, t, d, h = Index("k", K), Index("t", T), Index("d", D), Index("h", H)
REAL, POSITIVE = Domain("real"), Domain("positive")


@dataclass(frozen=True)
class Case:
    name: str
    program: Program
    inputs: Callable[[np.random.Generator], dict[str, Any]]
    wrt: tuple[str, ...]


def _loss(name: str, inputs: tuple[Input, ...], *lets: Let) -> Program:
    final = lets[-1].name
    return Program(name, inputs, lets, {"per_example": final}, "loss", (Term("value", final),))


def _real(name: str, *dimensions: Dimension) -> Input:
    return Input(name, dimensions, REAL, "differentiable")


def _label(dimension: Dimension, *dimensions: Dimension) -> Input:
    return Input("label", dimensions, Domain("index", dimension=dimension), "data")


def cases() -> list[Case]:
    return [
        _huber(), _softmax_label(), _guarded_maximum(), _shifted(), _product_with_zero(),
        _norm_of_difference(), _masked_mean(), _pairs(), _network(), _gather_in_loop(),
        _minimum_of_two_indices(), _stopped(), _power_of_parameter(), _guarded_logsumexp(),
        _untaken_reduction(),
    ]  # fmt: skip


def _huber() -> Case:
    x, y = _real("prediction"), Input("target", (), REAL, "data")
    delta = Input("delta", (), POSITIVE, "hyperparameter", sympy.Integer(1))
    r = x.read() - y.read()
    body = Branch(
        sympy.Le(sympy.Abs(r), delta.read()),
        r**2 / 2,
        delta.read() * (sympy.Abs(r) - delta.read() / 2),
    )
    program = _loss("huber", (x, y, delta), Let("loss", (), body))
    return Case(
        "huber",
        program,
        lambda g: {"prediction": 3 * g.normal(size=5), "target": g.normal(size=5), "delta": 1.0},
        ("prediction",),
    )


def _softmax_label() -> Case:
    z, y = _real("logits", K), _label(K)
    total = Let("total", (), sympy.exp(z.read(k)), "sum", (k,), domain=POSITIVE)
    p = Let("p", (k,), sympy.exp(z.read(k)) / total.read(), domain=POSITIVE)
    chosen = p.read(Position(y.read()))
    loss = Let("loss", (), -((1 - chosen) ** 2) * sympy.log(chosen) + p.read(Position(None, 0)))
    return Case(
        "softmax_label",
        _loss("softmax_label", (z, y), total, p, loss),
        lambda g: {"logits": 3 * g.normal(size=(4, 3)), "label": np.array([0, 2, 1, 1])},
        ("logits",),
    )


def _guarded_maximum() -> Case:
    z, y = _real("score", K), _label(K)
    guard = sympy.Ne(IndexValue(k), y.read())
    best = Let("best", (), z.read(k), "max", (k,), guard)
    body = maximum(sympy.Integer(0), 1 + best.read() - z.read(Position(y.read()))) ** 2
    return Case(
        "guarded_maximum",
        _loss("guarded_maximum", (z, y), best, Let("loss", (), body)),
        lambda g: {"score": g.normal(size=(4, 5)), "label": np.array([0, 2, 4, 1])},
        ("score",),
    )


def _shifted() -> Case:
    x = _real("x", T)
    inside = sympy.Gt(IndexValue(t), 0)
    step = Let(
        "step", (t,), Branch(inside, x.read(t) - x.read(at(t, -1)), x.read(Position(T, -1)) ** 2)
    )
    loss = Let(
        "loss",
        (),
        sympy.log(1 + sympy.exp(step.read(t) * x.read(Position(None, 0)))) * IndexValue(t),
        "sum",
        (t,),
    )
    return Case(
        "shifted",
        _loss("shifted", (x,), step, loss),
        lambda g: {"x": g.normal(size=(3, 4))},
        ("x",),
    )


def _product_with_zero() -> Case:
    x = _real("x", K)
    loss = Let("loss", (), sympy.sin(x.read(k)), "prod", (k,))
    square = Let("square", (), loss.read() ** 2 + loss.read())

    def inputs(g: np.random.Generator) -> dict[str, Any]:
        x = g.normal(size=(3, 4))
        x[0, 1] = 0
        x[1, 0] = x[1, 3] = 0
        return {"x": x}

    return Case("product", _loss("product", (x,), loss, square), inputs, ("x",))


def _norm_of_difference() -> Case:
    a, b = _real("a", D), _real("b", D)
    square = Let(
        "square", (), (a.read(d) - b.read(d)) ** 2, "sum", (d,), domain=Domain("nonnegative")
    )
    loss = Let("loss", (), maximum(sympy.Integer(0), sympy.sqrt(square.read()) - 1))
    return Case(
        "norm",
        _loss("norm", (a, b), square, loss),
        lambda g: {"a": 2 * g.normal(size=(3, 4)), "b": g.normal(size=(3, 4))},
        ("a", "b"),
    )


def _masked_mean() -> Case:
    x = _real("x", T)
    mask = Input("mask", (T,), Domain("binary"), "data")
    mean = Let("mean", (), sympy.exp(x.read(t)), "mean", (t,), sympy.Eq(mask.read(t), 1), POSITIVE)
    loss = Let("loss", (), sympy.log(mean.read()) ** 2)
    return Case(
        "masked_mean",
        _loss("masked_mean", (x, mask), mean, loss),
        lambda g: {"x": g.normal(size=(2, 4)), "mask": np.array([[1, 0, 1, 1], [0, 0, 1, 0]])},
        ("x",),
    )


def _pairs() -> Case:
    query, key = _real("query", B, D), _real("key", B, D)
    score = Let("score", (i, j), query.read(i, d) * key.read(j, d), "sum", (d,))
    top = Let("top", (i,), score.read(i, j), "logsumexp", (j,))
    loss = Let("loss", (), top.read(i) - score.read(i, i), "mean", (i,))
    return Case(
        "pairs",
        _loss("pairs", (query, key), score, top, loss),
        lambda g: {"query": g.normal(size=(3, 2)), "key": g.normal(size=(3, 2))},
        ("query", "key"),
    )


def _network() -> Case:
    x = Input("x", (D,), REAL, "data")
    w = Input("w", (H, D), REAL, "learned")
    v = Input("v", (K, H), REAL, "learned")
    y = _label(K)
    a = Let("a", (h,), w.read(h, d) * x.read(d), "sum", (d,))
    z = Let("z", (k,), v.read(k, h) * sympy.tanh(a.read(h)), "sum", (h,))
    top = Let("top", (), z.read(k), "logsumexp", (k,))
    loss = Let("loss", (), top.read() - z.read(Position(y.read())))
    return Case(
        "network",
        _loss("network", (x, w, v, y), a, z, top, loss),
        lambda g: {
            "x": g.normal(size=(4, 3)),
            "w": g.normal(size=(2, 3)),
            "v": g.normal(size=(3, 2)),
            "label": np.array([0, 2, 1, 1]),
        },
        ("w", "v"),
    )


def _gather_in_loop() -> Case:
    table = _real("table", K, D)
    word = Input("word", (T,), Domain("index", dimension=K), "data")
    body = sympy.exp(table.read(Position(word.read(t)), d)) * (1 + IndexValue(t))
    loss = Let("loss", (), body, "sum", (t, d))
    return Case(
        "gather_in_loop",
        _loss("gather_in_loop", (table, word), loss),
        lambda g: {"table": g.normal(size=(3, 2)), "word": np.array([[0, 2, 2, 1], [1, 1, 0, 2]])},
        ("table",),
    )


def _minimum_of_two_indices() -> Case:
    x, y = _real("x", T), _real("y", K)
    low = Let("low", (), (x.read(t) - y.read(k)) ** 2, "min", (t, k), domain=Domain("nonnegative"))
    return Case(
        "minimum",
        _loss("minimum", (x, y), low, Let("loss", (), sympy.exp(low.read()))),
        lambda g: {"x": g.normal(size=(2, 3)), "y": g.normal(size=(2, 4))},
        ("x", "y"),
    )


def _stopped() -> Case:
    x = _real("x", K)
    body = stop_gradient(sympy.cos(x.read(k))) * 0 + sympy.atan(x.read(k)) * iverson(
        sympy.Gt(x.read(k), 0)
    )
    return Case(
        "stopped",
        _loss("stopped", (x,), Let("loss", (), body, "sum", (k,))),
        lambda g: {"x": g.normal(size=(2, 5))},
        ("x",),
    )


def _power_of_parameter() -> Case:
    x = Input("x", (), POSITIVE, "differentiable")
    p = Input("p", (), POSITIVE, "learned")
    body = x.read() ** p.read() / p.read() + loggamma(x.read() + p.read())
    return Case(
        "power",
        _loss("power", (x, p), Let("loss", (), body)),
        lambda g: {"x": g.uniform(0.5, 2, size=3), "p": 1.7},
        ("x", "p"),
    )


def _guarded_logsumexp() -> Case:
    z = _real("z", B)
    time = Input("time", (B,), REAL, "data")
    risk = Let("risk", (i,), z.read(j), "logsumexp", (j,), sympy.Ge(time.read(j), time.read(i)))
    loss = Let("loss", (), risk.read(i) - z.read(i), "sum", (i,))
    return Case(
        "guarded_logsumexp",
        _loss("guarded_logsumexp", (z, time), risk, loss),
        lambda g: {"z": g.normal(size=5), "time": np.array([1.0, 3.0, 2.0, 2.0, 0.5])},
        ("z",),
    )


def _untaken_reduction() -> Case:
    """The slope of the sum is infinite where its branch isn't taken."""
    x = Input("x", (K,), Domain("nonnegative"), "differentiable")
    use = Input("use", (), Domain("binary"), "data")
    roots = Let("roots", (), sympy.sqrt(x.read(k)), "sum", (k,), domain=Domain("nonnegative"))
    chosen = Branch(sympy.Eq(use.read(), 1), roots.read() ** 2, sympy.Integer(3))

    def inputs(g: np.random.Generator) -> dict[str, Any]:
        x = g.uniform(0.5, 2, size=(3, 4))
        x[1] = 0
        return {"x": x, "use": np.array([1.0, 0.0, 0.0])}

    program = _loss("untaken_reduction", (x, use), roots, Let("loss", (), chosen))
    return Case("untaken_reduction", program, inputs, ("x",))
