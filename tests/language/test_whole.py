"""The examples of the language as one text: each compiles, and its kernels agree with the interpreter
and with differences of it."""

from __future__ import annotations

import functools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import objc
from objc.ir.domain import number_of
from objc.ir.evaluate import evaluate
from objc.ir.index import Dimension
from objc.ir.program import Input, Program
from objc.source import Source
from objc.syntax import parse, tree

HERE = Path(__file__).parent
IMPORTS = "use regression (squared_error, absolute_error)\n"
SIZES = {"K": 3, "T": 4, "V": 5, "B": 3, "N": 4, "D": 2, "H": 3, "S": 3, "Q": 2}
STEP = 1e-3


def whole() -> str:
    texts = [one.read_text("utf-8") for one in sorted(HERE.glob("*.objc"))]
    header = '"""Losses for regression."""\n'  # of one file, which isn't the first here
    return IMPORTS + "\n\n".join(text.removeprefix(header) for text in texts)


@functools.cache
def module(target: str) -> objc.Module:
    return objc.compile(whole(), target=target)


def kernels() -> list[str]:
    names = []
    for one in parse(Source("whole.objc", whole())).declarations:
        players = one.players if isinstance(one, tree.Game) else ()
        names += [f"{one.name}.{player.name}" for player in players] or [one.name]
    return names


def kernel(target: str, name: str) -> Any:
    first, _, player = name.partition(".")
    found = module(target)[first]
    return getattr(found, player) if player else found


def test_every_example_is_there() -> None:
    text = "".join(one.read_text("utf-8") for one in HERE.glob("*.objc"))
    kinds = ("loss ", "metric ", "function ", "model ", "objective ", "game ", "stages ")
    written = sum(line.startswith(kinds) for line in text.splitlines())
    assert len(list(module("numpy"))) == written


def drawn(program: Program, seed: int) -> dict[str, Any]:
    generator = np.random.default_rng(seed)
    sizes: dict[Dimension, int] = {
        one: one.size if one.size is not None else SIZES.get(one.name, 3)
        for one in program.dimensions
    }
    values: dict[str, Any] = {}
    for one in sorted(program.inputs, key=lambda one: one.role != "hyperparameter"):
        if one.default is not None and one.role == "hyperparameter":
            value = number_of(one.default, values, sizes)
            assert value is not None
            values[one.name] = int(value) if one.domain.is_integer else value
        else:
            values[one.name] = _entries(one, sizes, generator)
    return values


def _entries(one: Input, sizes: dict[Dimension, int], generator: np.random.Generator) -> Any:
    shape = tuple(sizes[axis] for axis in one.dimensions)
    match one.domain.kind:
        case "index":
            assert one.domain.dimension is not None
            value = generator.integers(sizes[one.domain.dimension], size=shape)
        case "count":
            value = generator.integers(1, 4, size=shape)
        case "sign":
            value = generator.choice([-1.0, 1.0], size=shape)
        case "real":
            value = generator.normal(size=shape)
        case kind:
            assert kind in ("positive", "nonnegative", "probability", "binary", "interval"), kind
            value = generator.uniform(0.2, 0.8, size=shape)
    return np.asarray(value)


@pytest.mark.parametrize("name", kernels())
@pytest.mark.parametrize("target", ["cpu", "numpy"])
@pytest.mark.share(1 / 2)
def test_value_and_gradient(target: str, name: str) -> None:
    found = kernel(target, name)
    program = found.program
    inputs = drawn(program, 1)
    if not found.signature.is_scalar:
        keywords = {found.signature.input[key].keyword: value for key, value in inputs.items()}
        result = evaluate(program, inputs)["result"]
        np.testing.assert_allclose(found(**keywords), result, rtol=1e-13)
        return
    value, _, gradients = found.evaluate(inputs, wrt=learned(found))
    plain, slopes = differences(name)
    np.testing.assert_allclose(value, plain, rtol=1e-13)
    is_plain = all(one.is_plain and not one.over_parameters for one in program.terms)
    if is_plain and "per_example" in program.outputs:
        expected = evaluate(program, inputs)["per_example"]
        np.testing.assert_allclose(value, expected, rtol=1e-12)
    assert list(gradients) == list(slopes)
    for wanted, gradient in gradients.items():
        np.testing.assert_allclose(gradient, slopes[wanted], rtol=1e-7, atol=1e-8)


def learned(found: Any) -> tuple[str, ...]:
    return () if found.kind == "metric" else found.signature.differentiable


@functools.cache
def differences(name: str) -> tuple[float, dict[str, np.ndarray]]:
    """The value by the plain target, and five-point differences of it in every entry of every input."""
    found = kernel("numpy", name)
    inputs = drawn(found.program, 1)

    def value(given: dict[str, Any]) -> float:
        return found.evaluate(given)[0]

    return value(inputs), {one: slope(value, inputs, one) for one in learned(found)}


def slope(
    value: Callable[[dict[str, Any]], float], inputs: dict[str, Any], name: str
) -> np.ndarray:
    base = np.asarray(inputs[name], float)
    result = np.zeros(base.shape)
    for place in np.ndindex(base.shape):
        values = []
        for steps in (-2, -1, 1, 2):
            moved = base.copy()
            moved[place] += steps * STEP
            values.append(value({**inputs, name: moved}))
        result[place] = (values[0] - 8 * values[1] + 8 * values[2] - values[3]) / (12 * STEP)
    return result
