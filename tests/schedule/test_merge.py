"""Branches that share their elementary functions."""

from __future__ import annotations

import numpy as np
import pytest
import sympy

from objc.atoms import Branch, sigmoid
from objc.ir.domain import Domain
from objc.ir.evaluate import evaluate
from objc.ir.index import Dimension, Index, Position
from objc.ir.program import Input, Let, Program
from objc.ir.symbols import Expression
from objc.schedule.cost import is_costly
from objc.schedule.merge import merged

N = Dimension("N")
i = Index("i", N)
X = Input("x", (N,), Domain("real"), "differentiable")
Y = Input("y", (N,), Domain("real"), "data")
C = Input("c", (), Domain("real"), "hyperparameter")
LABEL = Input("label", (N,), Domain("index", dimension=N), "data")
x, y, c = X.read(i), Y.read(i), C.read()
gathered = X.read(Position(LABEL.read(i)))
first = sympy.Gt(y, 0)


def program(body: Expression) -> Program:
    let = Let("f", (i,), body)
    return Program("f", (X, Y, C, LABEL), (let,), {"result": "f"}, "function")


def costly(body: Expression) -> int:
    return sum(map(is_costly, set(sympy.preorder_traversal(body))))


@pytest.mark.parametrize(
    ("body", "before", "after"),
    [
        (Branch(first, sympy.exp(x), sympy.exp(-x)), 2, 1),
        (Branch(first, sympy.log(1 + sympy.exp(x)), sympy.log(1 + sympy.exp(2 * y))), 4, 2),
        (Branch(first, sigmoid(x) ** c * x, 3 * sigmoid(-x) ** c), 4, 2),
        (Branch(first, sympy.exp(x) * sigmoid(x), sympy.exp(x) * sigmoid(y)), 3, 2),
        (Branch(first, Branch(y > 1, sympy.exp(x), sympy.exp(y)), sympy.exp(-x)), 3, 1),
        (Branch(first, sympy.exp(x), sigmoid(x)), 2, 2),
        (Branch(first, x**c, x ** (c + 1)), 2, 2),
        (Branch(first, sympy.polygamma(0, x), sympy.polygamma(1, x)), 2, 2),
        (Branch(first, sympy.polygamma(1, x), sympy.polygamma(1, 2 * x)), 2, 1),
        (Branch(c > 0, sympy.exp(x), sympy.exp(-x)), 2, 2),  # one loop or the other
        (Branch(first, sympy.exp(gathered), sympy.exp(x)), 2, 2),  # a position may leave its axis
    ],
    ids=str,
)
def test_one_function_does_for_two_branches(body: Expression, before: int, after: int) -> None:
    made = merged(program(body))
    assert (costly(body), costly(made.let["f"].body)) == (before, after)
    generator = np.random.default_rng(1)
    inputs = {
        "x": generator.uniform(0.1, 2, 9),
        "y": generator.normal(size=9),
        "c": 1.5,
        "label": generator.integers(9, size=9),
    }
    expected = evaluate(program(body), inputs)["result"]
    np.testing.assert_allclose(evaluate(made, inputs)["result"], expected, rtol=1e-14)


def test_the_branch_that_is_not_taken_adds_nothing() -> None:
    made = merged(program(Branch(first, sympy.log(x), sympy.log(-x))))
    inputs = {"x": np.array([2.0, -2.0]), "y": np.array([1.0, -1.0]), "c": 1.0, "label": [0, 1]}
    np.testing.assert_allclose(evaluate(made, inputs)["result"], np.log(2.0))
