"""Drawn programs: value, gradient and Hessian product against PyTorch's automatic derivatives."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

import objc

from .drawn import draw, drawn_inputs

SEEDS = [*[(seed, "numpy") for seed in range(8)], (100, "cpu")]
MANY = [
    *[(seed, "numpy") for seed in range(200, 510)],
    *[(seed, "cpu") for seed in (101, *range(550, 601))],
]


@pytest.mark.parametrize(("seed", "target"), SEEDS)
@pytest.mark.share(1 / 2)
def test_drawn_program(seed: int, target: str) -> None:
    require_agreement(seed, target)


@pytest.mark.slow
@pytest.mark.parametrize(("seed", "target"), MANY)
def test_many_drawn_programs(seed: int, target: str) -> None:
    require_agreement(seed, target)


def require_agreement(seed: int, target: str) -> None:
    """At two draws of inputs at which torch finds numbers, of six."""
    text, meaning = draw(seed)
    kernel = objc.compile(text, target=target)["f"]
    compared = 0
    for trial in range(6):
        moving, data = drawn_inputs(6 * seed + trial)
        along = {
            name: np.cos(np.arange(np.size(one))).reshape(np.shape(one))
            for name, one in moving.items()
        }
        value, gradient, product = _by_torch(meaning, moving, data, along)
        if not all(np.isfinite(one).all() for one in (value, *gradient, *product)):
            continue  # torch overflows where objc need not
        compared += 1
        moving["z"] = np.where(np.arange(3) < data["n"], moving["z"], np.nan)
        arguments = (*moving.values(), *data.values())
        found, slope = kernel.value_and_grad(*arguments)
        second = kernel.hessian_vector_product(*arguments, vector=tuple(along.values()))
        assert found == pytest.approx(value, rel=1e-9, abs=1e-9), text
        _require_close(text, moving, slope, gradient)
        _require_close(text, moving, second, product)
        if compared == 2:
            return
    assert compared, f"torch finds no number anywhere\n{text}"


def _require_close(text: str, names: Any, found: Any, expected: list[Any]) -> None:
    """Up to the rounding of what the entries are made of, which may cancel."""
    scale = 1 + max(float(np.abs(one).max()) for one in expected)
    for name, one in zip(names, expected, strict=True):
        own = getattr(found, name)
        assert np.allclose(own, one, rtol=1e-8, atol=1e-9 * scale), (text, name, own, one)


def _by_torch(
    meaning: Any, moving: Any, data: Any, along: Any
) -> tuple[float, list[Any], list[Any]]:
    inputs = [torch.tensor(one, dtype=torch.float64, requires_grad=True) for one in moving.values()]
    whole = {name: torch.tensor(one) if name in ("y", "m") else one for name, one in data.items()}
    value = meaning(*inputs, *whole.values(), 0.7) + sum(0 * one.sum() for one in inputs)
    gradient = torch.autograd.grad(value, inputs, create_graph=True)
    slope = sum(
        (one * torch.tensor(v)).sum() for one, v in zip(gradient, along.values(), strict=True)
    )
    product = [torch.zeros_like(one) for one in inputs]
    if slope.requires_grad:
        found = torch.autograd.grad(slope, inputs, allow_unused=True)
        product = [zero if one is None else one for one, zero in zip(found, product, strict=True)]
    return (
        value.item(),
        [one.numpy(force=True) for one in gradient],
        [one.numpy(force=True) for one in product],
    )
