"""Recurrences in hand-built programs: their groups, and their values against plain NumPy loops."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product

import numpy as np
import pytest
import sympy
from scipy.special import logsumexp

from objc.atoms import Branch
from objc.errors import InternalError
from objc.ir.domain import Domain
from objc.ir.evaluate import evaluate
from objc.ir.index import Dimension, Index, Position, at
from objc.ir.latex import latex
from objc.ir.program import Input, Let, Program
from objc.ir.recurrence import CausalityError, arranged, groups, members
from objc.ir.symbols import Extent, IndexValue
from objc.ir.text import formula
from objc.ir.verify import verify
from objc.target import IndexOutOfRange

T, K, M = Dimension("T"), Dimension("K"), Dimension("M")
t, k, j, m = Index("t", T), Index("k", K), Index("j", K), Index("m", M)
RANDOM = np.random.default_rng(7)
FIRST, LAST = Position(None, 0), Position(T, -1)
REAL = Domain("real")
START = sympy.Eq(IndexValue(t), 0)


def real(name: str, *dimensions: Dimension) -> Input:
    return Input(name, dimensions, REAL, "differentiable")


x, y = real("x", T), real("y", M)
emission, transition = real("emission", T, K), real("transition", K, K)


def reader(name: str, *free: Index, domain: Domain = REAL) -> Let:
    """To read a let before it is defined."""
    return Let(name, free, sympy.Integer(0), domain=domain)


def program(inputs: tuple[Input, ...], *lets: Let) -> Program:
    return Program("p", inputs, lets, {"result": lets[-1].name}, "function")


def forward() -> Program:
    """The forward algorithm of a linear-chain conditional random field."""
    alpha = reader("alpha", t, k)
    body = alpha.read(at(t, -1), j) + transition.read(j, k)
    step = Let("step", (t, k), body, "logsumexp", (j,), IndexValue(t) > 0)
    later = emission.read(t, k) + step.read(t, k)
    alpha = Let("alpha", (t, k), Branch(START, emission.read(FIRST, k), later))
    log_z = Let("log_z", (), alpha.read(LAST, k), "logsumexp", (k,))
    return program((emission, transition), step, alpha, log_z)


def backward() -> Program:
    """Generalised advantage estimation of a sequence of errors."""
    after = reader("advantage", t).read(at(t, 1))
    last = sympy.Eq(IndexValue(t), Extent(T) - 1)
    return program((x,), Let("advantage", (t,), Branch(last, x.read(t), x.read(t) + after / 2)))


def mutual() -> Program:
    """a[t] = x[t] + b[t-1], b[t] = a[t]·b[t-1], both starting from x[0]; and a let in between."""
    b = reader("b", t)
    a = Let("a", (t,), Branch(START, x.read(FIRST), x.read(t) + b.read(at(t, -1))))
    between = Let("between", (t,), 2 * a.read(t))
    b = Let("b", (t,), Branch(START, a.read(t), a.read(t) * b.read(at(t, -1))))
    both = Let("both", (t,), between.read(t) + b.read(t))
    return program((x,), a, between, b, both)


def soft_dtw() -> Program:
    """Cuturi & Blondel (2017), with gamma = 1."""
    r = reader("r", t, m)
    up, left = IndexValue(t) > 0, IndexValue(m) > 0
    infinity = sympy.oo
    before = [
        Branch(sympy.And(up, left), r.read(at(t, -1), at(m, -1)), infinity),
        Branch(up, r.read(at(t, -1), m), infinity),
        Branch(left, r.read(t, at(m, -1)), infinity),
    ]
    least = -sympy.log(sum(sympy.exp(-one) for one in before))
    cost = (x.read(t) - y.read(m)) ** 2
    here = sympy.And(START, sympy.Eq(IndexValue(m), 0))
    r = Let("r", (t, m), Branch(here, cost, cost + least))
    return program((x, y), r)


def adjoint() -> Program:
    """The shape of the derivatives of `forward`: lets that run down, with an offset of one ahead."""
    moved = reader("d_alpha", t, k).read(at(t, 1), j) * transition.read(k, j)
    d_step = Let("d_step", (t, k), moved, "sum", (j,), IndexValue(t) + 1 < Extent(T))
    d_alpha = Let("d_alpha", (t, k), d_step.read(t, k) + emission.read(t, k))
    return program((emission, transition), d_step, d_alpha)


SHAPES: dict[str, tuple[Callable[[], Program], list[tuple[str, str, list[int]]]]] = {
    "forward": (forward, [("step alpha", "t", [1]), ("log_z", "", [])]),
    "backward": (backward, [("advantage", "t", [-1])]),
    "mutual": (mutual, [("a b", "t", [1]), ("between", "", []), ("both", "", [])]),
    "soft_dtw": (soft_dtw, [("r", "t m", [1, 1])]),
    "adjoint": (adjoint, [("d_step d_alpha", "t", [-1])]),
}


@pytest.mark.parametrize("name", SHAPES)
def test_groups(name: str) -> None:
    make, expected = SHAPES[name]
    made = make()
    verify(made)
    found = [
        (
            " ".join(let.name for let in one.lets),
            " ".join(index.name for index in one.indices),
            list(one.steps),
        )
        for one in groups(made)
    ]
    assert found == expected
    names = {name for lets, indices, _ in expected if indices for name in lets.split()}
    assert members(made) == names


def test_forward_is_the_sum_over_all_paths() -> None:
    e, p = RANDOM.normal(size=(5, 3)), RANDOM.normal(size=(3, 3))
    paths = [
        e[range(5), path].sum() + p[path[:-1], path[1:]].sum()
        for path in map(list, product(range(3), repeat=5))
    ]
    found = evaluate(forward(), {"emission": e, "transition": p})["result"]
    assert found == pytest.approx(logsumexp(paths), rel=1e-13)
    precise = evaluate(forward(), {"emission": e, "transition": p}, 40)["result"]
    assert float(precise) == pytest.approx(found, rel=1e-14)


def test_backward() -> None:
    v = RANDOM.normal(size=6)
    expected, after = np.zeros(6), 0.0
    for at_time in reversed(range(6)):
        expected[at_time] = after = v[at_time] + after / 2
    np.testing.assert_allclose(evaluate(backward(), {"x": v})["result"], expected, rtol=1e-14)


def test_mutual() -> None:
    v = RANDOM.normal(size=5)
    a, b = [v[0]], [v[0]]
    for one in v[1:]:
        a.append(one + b[-1])
        b.append(a[-1] * b[-1])
    expected = 2 * np.array(a) + b
    np.testing.assert_allclose(evaluate(mutual(), {"x": v})["result"], expected, rtol=1e-13)


def test_two_indices() -> None:
    v, w = RANDOM.normal(size=4), RANDOM.normal(size=3)
    padded = np.full((5, 4), np.inf)
    padded[0, 0] = 0
    for a, b in product(range(1, 5), range(1, 4)):
        near = np.array([padded[a - 1, b - 1], padded[a - 1, b], padded[a, b - 1]])
        padded[a, b] = (v[a - 1] - w[b - 1]) ** 2 - logsumexp(-near)
    found = evaluate(soft_dtw(), {"x": v, "y": w})["result"]
    np.testing.assert_allclose(found, padded[1:, 1:], rtol=1e-12)


def test_adjoint() -> None:
    e, p = RANDOM.normal(size=(4, 3)), RANDOM.normal(size=(3, 3))
    expected = e.copy()
    for at_time in (2, 1, 0):
        expected[at_time] += p @ expected[at_time + 1]
    found = evaluate(adjoint(), {"emission": e, "transition": p})["result"]
    np.testing.assert_allclose(found, expected, rtol=1e-13)


def test_integers_step_too() -> None:
    """Back pointers: which state each came from, read as a position one step later."""
    index = Domain("index", dimension=K)
    best = reader("best", t, domain=index)
    came = Branch(START, sympy.Integer(0), best.read(at(t, -1)))
    body = emission.read(t, k) + came * IndexValue(k)
    best = Let("best", (t,), body, "argmax", (k,), domain=index)
    e = np.array([[0.0, 1, 0], [1, 0, 0], [0, 0, -5], [3, 0, 0]])
    found = evaluate(program((emission,), best), {"emission": e})["result"]
    assert found.dtype == np.int64
    np.testing.assert_array_equal(found, [1, 2, 1, 0])


def test_a_step_before_the_start_is_a_fault() -> None:
    a = Let("a", (t,), x.read(t) + reader("a", t).read(at(t, -1)))
    with pytest.raises(IndexOutOfRange):
        evaluate(program((x,), a), {"x": [1.0, 2.0]})


def test_what_is_parallel_stays_parallel() -> None:
    """CTC reads other states of the step before: only time is an index of its recurrence."""
    a = reader("a", t, k)
    body = a.read(at(t, -1), k) + a.read(at(t, -1), at(k, -1)) + a.read(at(t, -1), at(k, -2))
    guard = sympy.And(IndexValue(t) > 0, IndexValue(k) > 1)
    made = program((emission,), Let("a", (t, k), Branch(guard, body, emission.read(t, k))))
    (group,) = groups(made)
    assert group.indices == (t,)


@pytest.mark.parametrize("name", SHAPES)
def test_any_order_can_be_arranged(name: str) -> None:
    made = SHAPES[name][0]()
    for order in (made.lets[::-1], sorted(made.lets, key=lambda let: let.name)):
        again = arranged(made.with_lets(order))
        verify(again)
        assert members(again) == members(made)


def test_what_is_computable_in_no_order() -> None:
    both = VIOLATIONS["a circle in one step"][0]
    with pytest.raises(CausalityError):
        arranged(program((x,), *both))


VIOLATIONS: dict[str, tuple[tuple[Let, ...], str]] = {
    "same step": ((Let("a", (t,), 1 + reader("a", t).read(t)),), "same_step"),
    "scalar": ((Let("a", (), 1 + reader("a").read()),), "same_step"),
    "both ways": (
        (Let("a", (t,), reader("a", t).read(at(t, -1)) + reader("a", t).read(at(t, 1))),),
        "both_ways",
    ),
    "crossed": (
        (
            Let(
                "a",
                (t, m),
                reader("a", t, m).read(at(t, -1), at(m, 1)) + reader("a", t, m).read(at(t, 1), at(m, -1)),
            ),
        ),
        "both_ways",
    ),
    "a circle in one step": (
        (
            Let("a", (t,), reader("b", t).read(at(t, -1)) + reader("b", t).read(t)),
            Let("b", (t,), reader("a", t).read(t)),
        ),
        "same_step",
    ),
    "ahead of the one before": (
        (
            Let("a", (t,), reader("b", t).read(at(t, -1))),
            Let("b", (t,), reader("a", t).read(at(t, 1))),
        ),
        "both_ways",
    ),
    "one place": ((Let("a", (t,), reader("a", t).read(FIRST)),), "no_index"),
    "all places": ((Let("a", (k,), reader("a", k).read(j), "sum", (j,)),), "no_index"),
    "another index": (
        (
            Let("a", (k,), reader("b", j).read(at(k, -1))),
            Let("b", (j,), reader("a", k).read(at(j, -1))),
        ),
        "no_index",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", VIOLATIONS)
def test_violations(name: str) -> None:
    lets, reason = VIOLATIONS[name]
    made = program((x, y, emission), *lets)
    with pytest.raises(CausalityError) as caught:
        groups(made)
    assert caught.value.reason == reason
    with pytest.raises(InternalError, match="depends on itself through"):
        verify(made)


def test_a_later_let_is_read_in_a_recurrence_only() -> None:
    made = program((x,), Let("a", (t,), reader("b", t).read(t)), Let("b", (t,), x.read(t)))
    assert [one.lets[0].name for one in groups(made)] == ["b", "a"]
    with pytest.raises(InternalError, match="not defined before"):
        verify(made)


def test_the_step_stands_in_its_equation() -> None:
    assert formula(forward()) == (
        "p(emission, transition) = log Σ[k] exp(alpha[T-1, k])\n"
        "  where alpha[t, k] = if t = 0 then emission[0, k] else"
        " emission[t, k] + log Σ[j | t > 0] exp(transition[j, k] + alpha[t-1, j])"
    )


def test_lets_that_reduce_over_each_other_are_written() -> None:
    a = Let("a", (t,), reader("b", t, k).read(at(t, -1), k), "sum", (k,), IndexValue(t) > 0)
    b = Let("b", (t, k), a.read(t) * emission.read(t, j), "max", (j,))
    made = program((emission,), a, b)
    assert formula(made) == (
        "p(emission)[t, k] = max[j](a[t] · emission[t, j])\n"
        "  where a[t] = Σ[k | t > 0] b[t-1, k]\n"
        "        b[t, k] = p(emission)[t, k]"
    )
    assert r"\sum" in latex(made)
