"""Each invariant is broken once, and the violation is named."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import sympy

from objc.errors import InternalError
from objc.ir.domain import Domain
from objc.ir.index import Dimension, Index, Position
from objc.ir.program import Input, Let, Program
from objc.ir.symbols import Extent, IndexValue, Read
from objc.ir.verify import verify

from ..programs import all_cases

K, M = Dimension("K"), Dimension("M")
k, m = Index("k", K), Index("m", M)
x = Input("x", (K,), Domain("real"), "differentiable")
w = Input("w", (M,), Domain("positive"), "data")
INDEX = Domain("index", dimension=K)
good = Let("loss", (), x.read(k) ** 2, "sum", (k,))


def _program(*lets: Let, **changes: Any) -> Program:
    outputs = {"per_example": lets[-1].name}
    return replace(Program("p", (x, w), lets, outputs), **changes)


BROKEN = {
    "two tensors are named `x`": _program(Let("x", (), sympy.Integer(1))),
    "two dimensions are named `K`": _program(good, inputs=(x, replace(w, dimensions=(Dimension("K", 3),)))),
    "the index `k` stands for two dimensions": _program(
        good, Let("b", (Index("k", M),), sympy.Integer(1))
    ),
    "differentiable and holds integers": _program(good, inputs=(replace(x, domain=INDEX), w)),
    "`later` reads a tensor that is not defined before": _program(
        Let("loss", (), Let("later", (), sympy.Integer(0)).read())
    ),
    "has 0 positions for 1 axes": _program(Let("loss", (), x.read())),
    "assumes other than the domain": _program(
        Let("loss", (k,), Read("x", x.read(k).positions, {"positive": True}))
    ),
    "is read at `k`, which is not bound": _program(Let("loss", (), x.read(k))),
    "is read at `m` of M on an axis of K": _program(Let("loss", (m,), x.read(m))),
    "holds no integers": _program(Let("loss", (m,), x.read(Position(w.read(m))))),
    "read at the end of B, which belongs to no input": _program(
        Let("loss", (), x.read(Position(Dimension("B"), -1)))
    ),
    "the index `k` is not bound": _program(Let("loss", (), IndexValue(k))),
    "the dimension B belongs to no input": _program(Let("loss", (), Extent(Dimension("B")))),
    "`k` is bound twice": _program(replace(good, free=(k,))),
    "reduced over without a reduction": _program(replace(good, reduction=None)),
    "a guard without a reduction": _program(
        Let("loss", (k,), x.read(k), guard=x.read(k) > 0)
    ),
    "`median` is no reduction": _program(replace(good, reduction="median")),
    "sum reduces over nothing": _program(replace(good, over=(), free=(k,))),
    "argmax has the domain real": _program(replace(good, reduction="argmax")),
    "argmax reduces over more than one index": _program(
        replace(good, reduction="argmax", over=(k, m), domain=INDEX)
    ),
    "(NaN) may not stand in a body": _program(Let("loss", (), sympy.nan)),
    "(ComplexInfinity) may not stand in a body": _program(Let("loss", (), sympy.zoo)),
    "(Float) may not stand in a body": _program(Let("loss", (), sympy.Float(0.5))),
    "(ImaginaryUnit) may not stand in a body": _program(Let("loss", (), sympy.I)),
    "(Symbol) may not stand in a body": _program(Let("loss", (), sympy.Symbol("q"))),
    "(Derivative) may not stand in a body": _program(
        Let("loss", (k,), sympy.Derivative(sympy.Abs(x.read(k)), x.read(k)))
    ),
    "polygamma has the order 3": _program(Let("loss", (m,), sympy.polygamma(3, w.read(m)))),
    "may not stand in a condition": _program(
        replace(good, guard=sympy.Symbol("q"))
    ),
    "the output `per_example` is no let": _program(good, outputs={"per_example": "x"}),
    "the output key `loss` is unknown": _program(good, outputs={"loss": "loss"}),
    "has not the shape of `x`": _program(good, outputs={"gradient:x": "loss"}),
    "belongs to no input": _program(good, outputs={"gradient:q": "loss"}),
    "the output `value` is no scalar": _program(
        Let("loss", (k,), x.read(k)), outputs={"value": "loss"}
    ),
}  # fmt: skip


@pytest.mark.parametrize("problem", BROKEN)
def test_a_broken_program_is_refused(problem: str) -> None:
    with pytest.raises(InternalError) as caught:
        verify(BROKEN[problem], after="share")
    message = str(caught.value).splitlines()[0]
    assert problem in message
    assert message.startswith("`p` is not a valid program after share: ")


def test_unexpanded_reductions_are_refused_after_expand() -> None:
    program = _program(replace(good, reduction="logsumexp"))
    verify(program)
    with pytest.raises(InternalError, match="has not been expanded"):
        verify(program, after="expand")


@pytest.mark.parametrize("case", all_cases(), ids=lambda case: case.name)
def test_valid_programs_pass(case: Any) -> None:
    verify(case.program)


def test_reads_at_places_that_assume_unlike_things_are_unlike() -> None:
    """SymPy's cache outlives a program: were they equal, one program would get the places of another."""
    count, whole = (
        Input("place", (), domain, "data").read() for domain in (Domain("count"), Domain("integer"))
    )
    assert x.read(Position(count)) != x.read(Position(whole))
