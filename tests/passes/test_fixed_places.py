"""What stands at a place that a loop doesn't move is read once before it, and written once after it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

import objc
from objc.compiler import Variant, derive, lower, parse
from objc.errors import ObjcError
from objc.ir.program import Program
from objc.ir.symbols import Read
from objc.source import Source

TEXT = """
loss margins(s: real[K] | y: index(K)) = sum[k](max(0, 1 + s[k] - s[y])^2) - 1
loss others(s: real[K] | y: index(K)) = sum[k | k != y](max(0, 1 + s[k] - s[y]))
loss weighed(s: real[K] | y: index(K), w: positive[K]) = sum[k](w[y] * w[k] * (s[k] - s[y])^2)
loss two(s: real[K, K] | y: index(K), z: index(K)) = sum[k, j](tanh(s[k, j] - s[y, z] * s[k, z]))
loss steps(s: real[T, K] | y: index(K)[T]) = mean[t](sum[k](exp(s[t, k] - s[t, y[t]])))
loss kept(s: real[T, K] | y: index(K), keep: binary[T]) =
    sum[t | keep[t] == 1](sum[k]((s[t, k] - s[0, y])^2))
loss behind(s: real[K] | y: index(K), on: binary) =
    if on == 1 then sum[k](max(0, s[k] - s[y])) else sum[k](s[k]^2)
loss ends(s: real[T, K]) = sum[t](log(1 + sum[u](exp(-abs(s[t, 0] - s[u, K-1])))))
loss moving(s: real[K] | y: index(K)[K]) = sum[k](s[k] * s[y[k]]^2)
"""


def _at(s: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    return s.gather(-1, y[..., None])


def _others(s: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    every = torch.relu(1 + s - _at(s, y))
    return every.sum(-1) - _at(every, y)[..., 0]


def _two(s: torch.Tensor, y: torch.Tensor, z: torch.Tensor) -> torch.Tensor:
    n = torch.arange(len(s))
    return torch.tanh(s - s[n, y, z][:, None, None] * s[n, :, z][:, :, None]).sum((1, 2))


def _kept(s: torch.Tensor, y: torch.Tensor, keep: torch.Tensor) -> torch.Tensor:
    return (((s - _at(s[:, 0], y)[:, None]) ** 2).sum(-1) * keep).sum(-1)


REFERENCES: dict[str, Callable[..., torch.Tensor]] = {
    "margins": lambda s, y: (torch.relu(1 + s - _at(s, y)) ** 2).sum(-1) - 1,
    "others": _others,
    "weighed": lambda s, y, w: (_at(w, y) * w * (s - _at(s, y)) ** 2).sum(-1),
    "two": _two,
    "steps": lambda s, y: torch.exp(s - _at(s, y)).sum(-1).mean(-1),
    "kept": _kept,
    "behind": lambda s, y, on: torch.where(
        on == 1, torch.relu(s - _at(s, y)).sum(-1), (s**2).sum(-1)
    ),
    "ends": lambda s: torch.log(
        1 + torch.exp(-abs(s[:, :, None, 0] - s[:, None, :, -1])).sum(-1)
    ).sum(-1),
    "moving": lambda s, y: (s * s.gather(-1, y) ** 2).sum(-1),
}
SHAPES: dict[str, tuple[tuple[int, ...], dict[str, tuple[int, ...]]]] = {
    "margins": ((5,), {"y": ()}),
    "others": ((5,), {"y": ()}),
    "weighed": ((5,), {"y": (), "w": (5,)}),
    "two": ((4, 4), {"y": (), "z": ()}),
    "steps": ((3, 5), {"y": (3,)}),
    "kept": ((3, 5), {"y": (), "keep": (3,)}),
    "behind": ((5,), {"y": (), "on": ()}),
    "ends": ((3, 5), {}),
    "moving": ((5,), {"y": (5,)}),
}


@pytest.fixture(scope="module")
def module() -> Any:
    return objc.compile(TEXT)


def _data(name: str, batch: int) -> dict[str, np.ndarray]:
    generator = np.random.default_rng(7)
    shape, others = SHAPES[name]
    data = {"s": generator.standard_normal((batch, *shape))}
    for key, own in others.items():
        full = (batch, *own)
        if key == "w":
            data[key] = generator.uniform(0.5, 2.0, full)
        else:
            data[key] = generator.integers(0, 2 if key in ("keep", "on") else shape[-1], full)
    return data


@pytest.mark.parametrize("name", list(REFERENCES))
def test_as_pytorch(module: Any, name: str) -> None:
    data = _data(name, batch=6)
    value, gradient = getattr(module, name).value_and_grad(**data)
    tensors = {key: torch.from_numpy(one) for key, one in data.items()}
    s = tensors["s"].requires_grad_()
    expected = REFERENCES[name](**tensors).mean()
    expected.backward()  # type: ignore[no-untyped-call]
    np.testing.assert_allclose(value, expected.item(), rtol=1e-13)
    assert s.grad is not None
    np.testing.assert_allclose(gradient, s.grad.numpy(), rtol=1e-12, atol=1e-14)


def _program(name: str) -> Program:
    program = lower(parse(Source("text", TEXT))).programs[name]
    every = frozenset(one.name for one in program.inputs if one.role != "hyperparameter")
    return derive(program, Variant(("value", "gradient"), ("s",), every))


def _moves(program: Program) -> bool:
    """Whether a loop over more than the batch reads or adds at a place of the data."""
    return any(
        isinstance(position.base, Read)
        for let in program.lets
        if any(index.dimension.name != "batch" for index in let.indices)
        for read in let.reads
        for position in read.positions
    )


@pytest.mark.parametrize("name", ["margins", "others", "weighed"])
def test_the_loop_over_a_row_knows_no_place(name: str) -> None:
    program = _program(name)
    assert not _moves(program)
    assert not any(len(let.free) == 2 and let.reduction for let in program.lets), str(program)


def test_pairs_know_no_place_of_a_row() -> None:
    for let in _program("ends").lets:
        if sum(index.dimension.name == "T" for index in let.indices) == 2:
            assert len(let.indices) == 3, str(let)
            assert all(one.index is not None for read in let.reads for one in read.positions), str(
                let
            )


def test_places_that_move_stay_in_the_loop() -> None:
    assert _moves(_program("moving"))


def test_a_place_that_nothing_reads_may_be_anywhere(module: Any) -> None:
    data = _data("kept", batch=4)
    data["keep"][2], data["y"][2] = 0, -100
    value, gradient = module.kept.value_and_grad(**data)
    assert np.isfinite(value) and not gradient[2].any()
    data = _data("behind", batch=4)
    data["on"][1], data["y"][1] = 0, -100
    value, gradient = module.behind.value_and_grad(**data)
    np.testing.assert_allclose(gradient[1], 2 * data["s"][1] / 4)


@pytest.mark.parametrize("name", ["margins", "others", "weighed", "two", "steps"])
def test_a_place_outside_is_an_error(module: Any, name: str) -> None:
    data = _data(name, batch=4)
    data["y"][3] = 5
    with pytest.raises(ObjcError, match="y"):
        getattr(module, name).value_and_grad(**data)


def test_a_row_of_one(module: Any) -> None:
    value, gradient = module.others.value_and_grad(np.array([[2.0]]), np.array([0]))
    assert value == 0 and gradient.tolist() == [[0.0]]
