"""Modules that are written for people: they run without objc, and no name or text breaks out of them."""

from __future__ import annotations

import subprocess
import sys
import types
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import sympy

from objc.compiler import Variant, derive
from objc.ir.domain import Domain
from objc.ir.evaluate import evaluate
from objc.ir.index import Dimension, Index, Position
from objc.ir.program import Input, Let, Program, Term
from objc.target import load

from .. import programs

TARGET = load("numpy")
RESULTS: Mapping[str, tuple[Any, ...]] = {
    "value": ("value",),
    "value_and_grad": ("value", "gradient"),
    "per_example": ("per_example",),
    "hessian_diagonal": ("hessian_diagonal",),
}
LOGITS = np.array([[1.0, 2.0, 3.0], [0.0, -1.0, 4.0]])
LABELS = np.array([2, 0])


def variants(program: Program, weighted: bool = True) -> dict[str, Program]:
    data = [one.name for one in program.inputs if one.role in ("differentiable", "data")]
    wrt = tuple(one.name for one in program.differentiable)
    return {
        what: derive(
            program, Variant(results, wrt, frozenset(data), weighted and what != "per_example")
        )
        for what, results in RESULTS.items()
    }


def written(*declared: Program, dtype: Any = "float64", weighted: bool = True) -> str:
    return TARGET.module([(one, variants(one, weighted)) for one in declared], dtype)


def imported(text: str) -> Any:
    module = types.ModuleType("emitted")
    exec(compile(text, "<emitted>", "exec", dont_inherit=True), vars(module))
    return module


@pytest.fixture(scope="module")
def emitted() -> Any:
    return imported(written(programs.cross_entropy().program))


def expected(logits: np.ndarray, label: np.ndarray) -> np.ndarray:
    program = programs.cross_entropy().program
    pairs = zip(logits, label, strict=True)
    return np.array([evaluate(program, {"logits": x, "label": y})["per_example"] for x, y in pairs])


def test_values(emitted: Any) -> None:
    losses = expected(LOGITS, LABELS)
    assert emitted.cross_entropy(LOGITS, LABELS) == pytest.approx(losses.mean())
    np.testing.assert_allclose(emitted.cross_entropy_per_example(LOGITS, LABELS), losses)
    assert emitted.cross_entropy([1, 2, 3], 2) == pytest.approx(losses[0])
    weighted = emitted.cross_entropy(LOGITS, LABELS, weight=[3, 1])
    assert weighted == pytest.approx((3 * losses[0] + losses[1]) / 4)


def test_gradient_is_shaped_as_the_input(emitted: Any) -> None:
    p = np.exp(LOGITS) / np.exp(LOGITS).sum(1, keepdims=True)
    value, gradient = emitted.cross_entropy_value_and_grad(LOGITS, LABELS)
    assert value == pytest.approx(expected(LOGITS, LABELS).mean())
    np.testing.assert_allclose(gradient, (p - np.eye(3)[LABELS]) / 2)
    _, grid = emitted.cross_entropy_value_and_grad(LOGITS.reshape(2, 1, 3), LABELS.reshape(2, 1))
    np.testing.assert_allclose(grid, gradient.reshape(2, 1, 3))
    diagonal = emitted.cross_entropy_hessian_diagonal(LOGITS, LABELS)
    np.testing.assert_allclose(diagonal, p * (1 - p) / 2)


def test_an_input_without_batch_axes_is_shared(emitted: Any) -> None:
    both = np.stack([LOGITS[0], LOGITS[0]])
    _, each = emitted.cross_entropy_value_and_grad(both, LABELS)
    value, shared = emitted.cross_entropy_value_and_grad(LOGITS[0], LABELS)
    assert value == pytest.approx(emitted.cross_entropy(both, LABELS))
    np.testing.assert_allclose(shared, each.sum(0))


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ((LOGITS, [0, 3]), IndexError, "position 3 of axis 1, which has 3 entries, at example 1"),
        ((LOGITS, [0, 1, 2]), ValueError, "the batch axes of `label` are (3,), those of `logits` (2,)"),
        ((1.0, 0), ValueError, "`logits` has 0 axes and is declared with 1"),
        ((LOGITS, [0.5, 1]), TypeError, "`label` holds integers, and 0.5 at 0 is none"),
        ((LOGITS[:0], LABELS[:0]), ValueError, "the batch is empty"),
    ],
)  # fmt: skip
def test_wrong_arguments(emitted: Any, arguments: Any, error: Any, message: str) -> None:
    with pytest.raises(error) as caught:
        emitted.cross_entropy(*arguments)
    assert message in str(caught.value)


def test_wrong_weights(emitted: Any) -> None:
    with pytest.raises(ValueError, match="the weights have the shape"):
        emitted.cross_entropy(LOGITS, LABELS, weight=[1, 2, 3])
    with pytest.raises(ValueError, match="the weights sum to 0"):
        emitted.cross_entropy(LOGITS, LABELS, weight=[0, 0])
    without = imported(written(programs.cross_entropy().program, weighted=False))
    with pytest.raises(TypeError, match="compiled without weights"):
        without.cross_entropy(LOGITS, LABELS, weight=[1, 2])


def test_runs_without_objc(tmp_path: Any) -> None:
    """In a process where objc can't be imported."""
    (tmp_path / "losses.py").write_text(written(programs.cross_entropy().program), "utf-8")
    script = (
        "import sys; sys.modules['objc'] = sys.modules['sympy'] = None\n"
        f"sys.path.insert(0, {str(tmp_path)!r})\n"
        "import losses; print(losses.cross_entropy([1.0, 2.0, 3.0], 2))"
    )
    done = subprocess.run(
        [sys.executable, "-I", "-c", script], capture_output=True, text=True, check=False
    )
    assert done.stderr == ""
    assert float(done.stdout) == pytest.approx(expected(LOGITS, LABELS)[0])


def _renamed(names: Mapping[str, str], **changes: Any) -> Program:
    """Half the squared difference of two scalars under other names, times a hyperparameter."""
    real = Domain("real")
    left = Input(names["left"], (), real, "differentiable")
    right = Input(names["right"], (), real, "differentiable")
    rate = Input(names["rate"], (), Domain("positive"), "hyperparameter", sympy.Integer(2))
    body = rate.read() * (left.read() - right.read()) ** 2
    let = Let(names["let"], (), body)
    program = Program(
        names["program"], (left, right, rate), (let,), {"per_example": let.name},
        terms=(Term("value", let.name),),
    )  # fmt: skip
    return replace(program, **changes)


HOSTILE = [
    ["np", "Declaration", "weight", "arguments", "np"],
    ["lambda", "float", "None", "sizes", "class"],
    ["_square", "_square_value_kernel", "blocks", "results", "square"],
    ["float", "float_", "float__", "loss", "value"],
    ["v_left", "n_batch", "rows", "t_1", "scatter"],
    ["Any", "Variant", "namedtuple", "compute", "IndexOutOfRange"],
    ["δ", "λ", "ſ", "µ", "ψ"],
    ["a'b", 'x"]; import os; ["', "new\nline", "back\\slash", "{0}"],
]


@pytest.mark.parametrize("words", HOSTILE)
def test_no_name_reaches_what_is_not_its_own(words: list[str]) -> None:
    names = dict(zip(["left", "right", "rate", "let", "program"], words, strict=True))
    module = imported(written(_renamed(names)))
    value = next(
        one
        for one in module.__all__
        if not one.rstrip("_").endswith(("grad", "example", "diagonal"))
    )
    assert getattr(module, value)(3.0, 1.0) == 8.0
    gradient = next(one for one in module.__all__ if "value_and_grad" in one)
    weight = "weight_" if "weight" in words else "weight"
    found, parts = getattr(module, gradient)([3.0, 1.0], 1.0, **{weight: [1, 1]})
    assert found == 4.0
    np.testing.assert_allclose(parts[0], [4.0, 0.0])
    assert parts[1] == -4.0


def test_two_declarations_may_have_colliding_names() -> None:
    words = {"left": "x", "right": "y", "rate": "r", "let": "loss"}
    square = _renamed({**words, "program": "square"})
    other = _renamed({**words, "program": "square_value_and_grad"})
    module = imported(written(square, other))
    assert module.square(3.0, 1.0) == module.square_value_and_grad(3.0, 1.0) == 8.0
    assert module.square_value_and_grad_(3.0, 1.0)[0] == 8.0


@pytest.mark.parametrize(
    "docstring",
    ['"""\nimport os', 'ends in a "', "back\\slash\\", "\x00\x1b[31m\r", "\\N{DIGIT ONE}", "é λ"],
)
def test_docstrings_hold_any_text(docstring: str) -> None:
    words = {"left": "x", "right": "y", "rate": "r", "let": "loss", "program": "square"}
    module = imported(written(_renamed(words, docstring=docstring)))
    first = docstring.strip().splitlines()[0]
    assert module.square.__doc__.startswith(first)
    assert "os" not in vars(module)


def test_docstring_shows_formula_and_gradient(emitted: Any) -> None:
    assert "log Σ[k] exp(logits[k]) - logits[label]" in emitted.__doc__
    assert "∂cross_entropy/∂logits[n, k] = " in emitted.cross_entropy_value_and_grad.__doc__
    assert "logits: real[K]" in emitted.cross_entropy.__doc__


def test_functions_give_their_tensor() -> None:
    size = Dimension("D")
    d = Index("d", size)
    x = Input("x", (size,), Domain("real"), "differentiable")
    last = x.read(Position(size, -1))
    program = Program(
        "shift", (x,), (Let("r", (d,), x.read(d) - last),), {"result": "r"}, "function"
    )
    derived = derive(program, Variant(("result",), (), frozenset({"x"})))
    module = imported(TARGET.module([(program, {"result": derived})], "float32"))
    np.testing.assert_array_equal(module.shift([1, 2, 4]), np.float32([-3, -2, 0]))
    assert module.shift(np.ones((2, 5, 3))).shape == (2, 5, 3)
