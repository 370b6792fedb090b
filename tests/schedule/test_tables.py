"""What all examples share is computed once a call: counted in the loops, compared in numbers."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
import sympy

import objc
from objc.atoms import Branch
from objc.compiler import Variant, derive, lower, parse
from objc.ir.index import BATCH
from objc.ir.program import Let, Program
from objc.ir.symbols import indices_of
from objc.schedule import schedule
from objc.schedule.cost import operations
from objc.schedule.loops import Parallel
from objc.source import Source

MIXTURE = """-logsumexp[k](lw[k] - logsumexp[j](lw[j])
    - sum[d](ls[k, d] + (x[d] - mu[k, d])^2*exp(-2*ls[k, d])/2))"""
TEXTS = {
    "mixture": (f"mu: real[K, D], ls: real[K, D], lw: real[K] | x: real[D]) = {MIXTURE}", "x"),
    "residual": ("w: real[K] | x: real[K]) = sum[k](exp(w[k])*(x[k] - tanh(w[k]))^2)", "x"),
    "scaled": (
        "m: real[K], s: positive[K] | x: real[K]) = sum[k](log(s[k]) + (x[k] - m[k])^2/s[k]^1.5)",
        "x",
    ),
    "steps": (
        """w: real[K] | x: real[T, K]) = sum[k](h[T-1, k]^2)
    where h[0, k] = x[0, k]
          h[t, k] = h[t-1, k]*sigmoid(w[k]) + x[t, k]""",
        "x",
    ),
    "discounted": ("x: real[K]) = sum[k](exp(x[k])/log(k + 2))", "x"),
}


def loss(text: str) -> Program:
    return lower(parse(Source("f.objc", f"loss f({text}"))).programs["f"]


def derived(name: str) -> Program:
    program = loss(TEXTS[name][0])
    wrt = tuple(one.name for one in program.differentiable)
    return derive(program, Variant(("value", "gradient"), wrt, frozenset(TEXTS[name][1])))


def per_example(program: Program) -> Iterator[tuple[Let, sympy.Expr]]:
    """The functions that a loop over the examples has of what is no example's."""
    for let in program.lets:
        if any(one.dimension == BATCH for one in let.indices):
            for part in let.body.atoms(sympy.Function, sympy.Pow):
                indices = indices_of(part)
                plain = isinstance(part, Branch) or (part.is_Pow and part.exp.is_Integer)
                if indices and not plain and not any(one.dimension == BATCH for one in indices):
                    yield let, part


@pytest.mark.parametrize("name", TEXTS)
def test_no_example_computes_what_all_share(name: str) -> None:
    assert not list(per_example(derived(name)))


def test_a_mixture_counts_fewer_operations() -> None:
    (step,) = (
        one for one in schedule(derived("mixture")).steps
        if isinstance(one, Parallel) and one.index.dimension == BATCH
    )  # fmt: skip
    assert operations(step)["D", "K"] <= 60  # with three exponentials 85


@pytest.mark.parametrize("name", TEXTS)
def test_a_table_is_no_larger_than_what_is_read(name: str) -> None:
    program = derived(name)
    tables = [let for let in program.lets if let.name.startswith("table")]
    assert tables or name == "discounted"  # which has it as a let already
    for table in tables:
        assert any(set(table.dimensions) <= set(one.dimensions) for one in program.inputs)


@pytest.mark.parametrize(
    "text",
    [
        "a: real[K] | x: real[K]) = sum[k]((x[k] - 2*a[k])^2)",  # cheap
        "a: real[K], b: real[L] | x: real) = sum[k, l]((x - exp(a[k] - b[l]))^2)",  # larger than what is read
        "a: real[K] | x: real[K]) = sum[k](x[k]^2/a[k])",  # divided by, not multiplied with a reciprocal
        "a: real[K] | x: real[K]) = sum[k | k > 0](x[k]*exp(a[k-1]))",  # out of range elsewhere
        "a: real[K] | y: index(K)) = exp(a[y])",  # an example's own entry
    ],
)
def test_what_is_left_where_it_is(text: str) -> None:
    variant = Variant(("value",), (), frozenset({"x", "y"}))
    assert not [one for one in derive(loss(text), variant).lets if one.name.startswith("table")]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", TEXTS)
def test_the_numbers_are_those_of_examples_with_rows_of_their_own(name: str, dtype: str) -> None:
    """A kernel whose parameters have the batch axis has no tables."""
    text, _ = TEXTS[name]
    kernel = objc.compile(f"loss f({text}")["f"]
    rng = np.random.default_rng(3)
    sizes = {"K": 5, "D": 4, "T": 6}
    shared, own = [], []
    for one in kernel.program.inputs:
        shape = tuple(sizes[axis.name] for axis in one.dimensions)
        full = (7, *shape)
        if one.name == "x":
            shared.append(rng.normal(size=full).astype(dtype))
            own.append(shared[-1])
        else:
            value = rng.uniform(0.5, 1.5, size=shape).astype(dtype)
            shared.append(value)
            own.append(np.broadcast_to(value, full).copy())
    wrt = [one.name for one in kernel.program.differentiable]
    value, gradient = kernel.value_and_grad(*shared, wrt=wrt)
    other, rows = kernel.value_and_grad(*own, wrt=wrt)
    assert value == pytest.approx(other, rel=2 * float(np.finfo(dtype).eps))
    for name_, part in zip(wrt, gradient, strict=True):
        row = rows[wrt.index(name_)]
        whole = row if name_ == "x" else row.astype("float64").sum(0)
        np.testing.assert_allclose(
            part, whole, rtol=1e-5 if dtype == "float32" else 1e-13, atol=1e-7
        )
