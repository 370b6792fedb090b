"""Programs of one example, built by hand, with inputs for them: for whoever tests what runs programs.

Those of `passes/programs.py` have every construct with a derivative; here are the constructs at their
edges: guards that leave nothing, gathers behind guards, counts, argmax, ties, several outputs. The
recurrences are read from `recurrences.objc`.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import sympy

from objc.atoms import Branch, iverson
from objc.compiler import Variant, derive, lower, parse
from objc.ir.domain import Domain
from objc.ir.index import Position, at
from objc.ir.program import Input, Let, Program, Term
from objc.ir.symbols import IndexValue
from objc.syntax import read_source

from .passes import oracle
from .passes.programs import Case, K, T, cases, i, j, k, t

VARIANTS = {
    "value_and_grad": ("value", "gradient"),
    "per_example": ("per_example",),
    "hessian_diagonal": ("hessian_diagonal",),
}
REAL, COUNT = Domain("real"), Domain("count")


@functools.cache
def all_cases() -> tuple[Case, ...]:
    return (
        *cases(), cross_entropy(), accuracy(), chain_score(), masked_best(), ranking(),
        nothing_guarded(), *recurrences(),
    )  # fmt: skip


@functools.cache
def recurrences() -> tuple[Case, ...]:
    source = read_source(Path(__file__).parent / "recurrences.objc")
    lowered = lower(parse(source)).programs
    return tuple(
        Case(name, lowered[name], inputs, tuple(one.name for one in lowered[name].differentiable))
        for name, inputs in RECURRENCES.items()
    )


RECURRENCES: dict[str, Callable[[np.random.Generator], dict[str, Any]]] = {
    "chain": lambda g: {
        "emission": g.normal(size=(3, 5, 4)), "transition": g.normal(size=(4, 4)),
        "tag": g.integers(0, 4, (3, 5)), "length": np.array([5, 1, 3]),
    },
    "advantage": lambda g: {
        "value": g.normal(size=(3, 5)), "last": g.normal(size=3), "reward": g.normal(size=(3, 5)),
    },
    "mutual": lambda g: {"x": g.normal(size=(3, 4))},
    "warped": lambda g: {"x": g.normal(size=(2, 4, 2)), "y": g.normal(size=(3, 2))},
    "aligned": lambda g: {
        "logits": g.normal(size=(2, 4, 3)), "state": np.array([0, 1, 0, 2, 0]),
        "skip": np.array([0, 0, 0, 1, 0]),
    },
    "followed": lambda g: {
        "x": g.normal(size=(2, 4, 3)), "before": g.integers(0, 3, (2, 4, 3)),
    },
    "recurrent": lambda g: {
        "x": g.normal(size=(3, 4, 2)), "w": g.normal(size=(3, 2)), "u": g.normal(size=(3, 3)),
        "target": g.normal(size=(3, 3)),
    },
    "gated": lambda g: {
        "x": g.normal(size=(3, 4, 2)), "w": g.normal(size=(3, 2)), "u": g.normal(size=(3, 3)),
        "target": g.normal(size=(3, 3)),
    },
    "several": lambda g: {"x": g.normal(size=(2, 3, 4))},
}  # fmt: skip


def derived(case: Case, results: tuple[str, ...], inputs: dict[str, object]) -> Program:
    """The program as a target gets it, for these inputs."""
    variant = Variant(results, case.wrt, oracle.batched_inputs(case.program, inputs))
    program, made = _derived.get((case.name, variant), (None, None))
    if made is None or program is not case.program:
        made = derive(case.program, variant)
        _derived[case.name, variant] = case.program, made
    return made


_derived: dict[tuple[str, Variant], tuple[Program, Program]] = {}
"""What was derived before of a case, from which program: every target asks for the same."""


def program(
    name: str, inputs: tuple[Input, ...], *lets: Let, kind: str = "loss", key: str = "per_example"
) -> Program:
    final = lets[-1].name
    terms = (Term("value", final),) if key == "per_example" else ()
    return Program(name, inputs, lets, {key: final}, kind, terms)


def real(name: str, *dimensions: object) -> Input:
    return Input(name, dimensions, REAL, "differentiable")


def labels(dimension: object, *dimensions: object, name: str = "label") -> Input:
    return Input(name, dimensions, Domain("index", dimension=dimension), "data")


def cross_entropy() -> Case:
    logits, label = real("logits", K), labels(K)
    z = Let("z", (), logits.read(k), "logsumexp", (k,))
    loss = Let("loss", (), z.read() - logits.read(Position(label.read())))
    return Case(
        "cross_entropy",
        program("cross_entropy", (logits, label), z, loss),
        lambda g: {"logits": g.normal(size=(6, 5)), "label": g.integers(0, 5, 6)},
        ("logits",),
    )


def accuracy() -> Case:
    """A metric: the first of several largest logits is the answer."""
    logits, label = real("logits", K), labels(K)
    best = Let("best", (), logits.read(k), "argmax", (k,), domain=Domain("index", dimension=K))
    hit = Let("hit", (), iverson(sympy.Eq(best.read(), label.read())))
    return Case(
        "accuracy",
        program("accuracy", (logits, label), best, hit, kind="metric"),
        lambda g: {"logits": g.integers(0, 3, (9, 4)) * 1.0, "label": g.integers(0, 4, 9)},
        (),
    )


def chain_score() -> Case:
    """Gathers along a chain, of which the first would lie before the start."""
    transition, tag = real("transition", K, K), labels(K, T, name="tag")
    step = transition.read(Position(tag.read(at(t, -1))), Position(tag.read(t)))
    loss = Let("loss", (), step**2, "sum", (t,), IndexValue(t) > 0)
    return Case(
        "chain_score",
        program("chain_score", (transition, tag), loss),
        lambda g: {"transition": g.normal(size=(3, 3)), "tag": g.integers(0, 3, (4, 6))},
        ("transition",),
    )


def masked_best() -> Case:
    """The largest entry at which a mask holds; the -inf of a mask that holds nowhere counts 0."""
    x = real("x", K)
    mask = Input("mask", (K,), Domain("binary"), "data")
    best = Let("best", (), x.read(k), "max", (k,), mask.read(k) > 0)
    body = Branch(best.read() < -100, sympy.Integer(0), best.read() ** 3)
    return Case(
        "masked_best",
        program("masked_best", (x, mask), best, Let("loss", (), body)),
        lambda g: {
            "x": g.normal(size=(5, 4)),
            "mask": np.vstack([g.integers(0, 2, (4, 4)), np.zeros((1, 4))]) * 1.0,
        },
        ("x",),
    )


def ranking() -> Case:
    """Counts of integers in arithmetic, and pairs under a guard."""
    score = real("score", i.dimension)
    gain = Input("gain", (i.dimension,), COUNT, "data")
    above = iverson(score.read(j) > score.read(i))
    rank = Let("rank", (i,), above, "count", (j,), domain=COUNT)
    weight = 2 ** gain.read(i) / (1 + rank.read(i))
    margin = sympy.log(1 + sympy.exp(score.read(j) - score.read(i)))
    loss = Let("loss", (), weight * margin, "sum", (i, j), gain.read(i) > gain.read(j))
    return Case(
        "ranking",
        program("ranking", (score, gain), rank, loss),
        lambda g: {"score": g.normal(size=(3, 5)), "gain": g.integers(0, 4, (3, 5))},
        ("score",),
    )


def nothing_guarded() -> Case:
    """logsumexp over nothing is -inf, whose exponential is 0."""
    x, bound = real("x", K), Input("bound", (), COUNT, "data")
    low = Let("low", (), x.read(k), "logsumexp", (k,), IndexValue(k) < bound.read())
    loss = Let("loss", (), sympy.exp(low.read()))
    return Case(
        "nothing_guarded",
        program("nothing_guarded", (x, bound), low, loss),
        lambda g: {"x": g.normal(size=(4, 3)), "bound": np.array([0, 1, 2, 3])},
        ("x",),
    )


__all__ = ["VARIANTS", "Case", "all_cases", "derived", "labels", "program", "real"]
