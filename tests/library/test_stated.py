"""Every declaration with an oracle in torch or scikit-learn: value and gradient of the interpreter
and the targets, to 1e-10 in float64, at the points of draws.py."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

import numpy as np
import pytest
from draws import Arrays, point, points, settings
from numpy.typing import NDArray
from oracles import STATED
from oracles.record import Stated
from programs import program_of, run

torch = pytest.importorskip("torch")

Results = Mapping[str, NDArray[Any]]


def differentiable(row: Stated) -> list[str]:
    if program_of(row.name).kind in ("metric", "function"):
        return []
    return [one.name for one in row.of_role("differentiable", "learned")]


def kept(row: Stated, single: bool, parameters: Mapping[str, float]) -> list[int]:
    number = len(next(iter(points(row.name, single).values())))
    every = [{**point(row.name, single, n), **parameters} for n in range(number)]
    return [n for n, one in enumerate(every) if not any(each.where(one) for each in row.differs)]


@cache
def expected(name: str, single: bool, setting: int) -> Results:
    """What the oracle says of the points kept: values, and gradients with a first axis of points,
    those of learned hyperparameters too."""
    row = STATED[name]
    parameters, wrt = settings(row)[setting], differentiable(row)
    rows: list[dict[str, Any]] = []
    for n in kept(row, single, parameters):
        given = {**point(name, single, n), **parameters}
        if program_of(name).kind == "metric":
            rows.append({"per_example": row.value(*(given[one.name] for one in row.arguments))})
            continue
        tensors = {key: torch.tensor(np.asarray(value)) for key, value in given.items()}
        leaves = [tensors[key].double().requires_grad_() for key in wrt]
        tensors |= dict(zip(wrt, leaves, strict=True))
        value = row.value(*(tensors[one.name] for one in row.arguments))
        if not wrt:
            rows.append({"per_example": value.detach().numpy()})
            continue
        slopes = torch.autograd.grad(value, leaves, allow_unused=True, materialize_grads=True)
        rows.append({"per_example": value.item()} | {
            f"gradient:{key}": slope.numpy() for key, slope in zip(wrt, slopes, strict=True)
        })  # fmt: skip
    return (
        {key: np.stack([np.asarray(each[key]) for each in rows]) for key in rows[0]} if rows else {}
    )


def computed(name: str, single: bool, setting: int, target: str) -> Results:
    row = STATED[name]
    parameters = settings(row)[setting]
    chosen = kept(row, single, parameters)
    given: Arrays = {key: value[chosen] for key, value in points(name, single).items()}
    learned = {one.name for one in row.of_role("learned")}
    given = {**given, **{k: np.full(len(chosen), parameters[k]) for k in learned}}
    rest = {k: v for k, v in parameters.items() if k not in learned}
    found = run(name, target, "float64", given, rest)
    return {"per_example" if key == "result" else key: each for key, each in found.items()}


def misses(name: str, single: bool, setting: int, target: str) -> Iterator[str]:
    row = STATED[name]
    with np.errstate(all="ignore"):
        wanted, found = expected(name, single, setting), computed(name, single, setting, target)
    chosen = kept(row, single, settings(row)[setting])
    for key, each in wanted.items():
        for n, number in enumerate(chosen):
            if key != "per_example" and not np.isfinite(wanted["per_example"][n]):
                continue
            if not near(found[key][n], each[n]):
                at = {**point(name, single, number), **settings(row)[setting]}
                yield f"{target} {key} at {at}: expected {each[n]}, got {found[key][n]}"


def near(found: Any, wanted: Any) -> bool:
    """To 1e-10 of the greatest entry."""
    finite = np.abs(wanted[np.isfinite(wanted)])
    scale = max(1.0, float(finite.max())) if finite.size else 1.0
    return bool(np.allclose(found, wanted, rtol=1e-10, atol=1e-10 * scale, equal_nan=True))


@pytest.mark.parametrize("name", STATED)
@pytest.mark.share(1 / 5)
def test_value_and_gradient(name: str) -> None:
    found = [
        line
        for target in ("interpreter", "numpy", "cpu")
        for single in (False, True)
        for setting in range(len(settings(STATED[name])))
        for line in misses(name, single, setting, target)
    ]
    assert not found, "\n".join([f"{len(found)} misses", *found[:8]])
