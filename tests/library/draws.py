"""Where the declarations held to torch and scikit-learn are compared: ordinary draws, and the ends.

A point is one example. The points of one batch have the same sizes.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from oracles import STATED
from oracles.record import Argument, Stated

SIZES = {
    "A": 3,
    "B": 4,
    "C": 3,
    "D": 3,
    "G": 2,
    "K": 4,
    "L": 3,
    "M": 3,
    "N": 5,
    "T": 4,
    "V": 3,
    "Z": 2,
}

ORDINARY = (0.1, 1.0, 1.0, 5.0)
EXTREME = ("ties", "zeros", "large", "low", "high")
"""Scales of the random draws; and everything equal, everything zero, ±1e4, and the ends of the
domains, where masks are empty or full, labels the first or the last and distributions certain."""

Draw = np.random.Generator
Arrays = Mapping[str, NDArray[Any]]


@cache
def points(name: str, single: bool) -> Arrays:
    """Inputs and data with a batch axis; `single`: every dimension has one entry."""
    row = STATED[name]
    rng = np.random.default_rng(int.from_bytes(name.encode(), "little") % 2**63)
    kinds = (*((1.0,) if single else ORDINARY), *EXTREME)
    sizes = dict.fromkeys(SIZES, 1) if single else SIZES
    arguments = row.of_role("differentiable", "data")
    drawn = [
        {one.name: draw(one, kind, sizes, rng, row.large) for one in arguments} for kind in kinds
    ]
    return {key: np.stack([np.asarray(each[key]) for each in drawn]) for key in drawn[0]}


def draw(
    one: Argument, kind: float | str, sizes: Mapping[str, int], rng: Draw, large: float
) -> Any:
    shape = tuple(sizes[name] for name in one.dimensions)
    domain, _, rest = one.domain.partition("(")
    match domain:
        case "index":
            return _index(kind, sizes[rest[:-1]], shape, rng)
        case "count":
            return rng.integers(4, size=shape) if kind != "low" else np.zeros(shape, np.int64)
        case "simplex":
            return _simplex(kind, shape[0], one.role == "data", rng)
        case "real":
            return _real(kind, shape, rng, large)
        case "interval":
            low, high = (float(end) for end in rest[:-1].split(","))
            return np.clip(_real(kind, shape, rng, large), low, high)
        case "positive" | "nonnegative":
            least = 2.0**-10 if domain == "positive" else 0.0
            return np.abs(_real(kind, shape, rng, large)) + least
    low, high = {"probability": (0, 1), "binary": (0, 1), "sign": (-1, 1)}[domain]
    if kind in ("low", "high"):
        return np.full(shape, float(low if kind == "low" else high))
    if domain == "probability":
        return rng.uniform(size=shape)
    return rng.choice([float(low), float(high)], size=shape)


def _index(kind: float | str, extent: int, shape: tuple[int, ...], rng: Draw) -> Any:
    match kind:
        case "low" | "ties":
            return np.zeros(shape, np.int64)
        case "high":
            return np.full(shape, extent - 1)
    return rng.integers(extent, size=shape)


def _real(kind: float | str, shape: tuple[int, ...], rng: Draw, large: float) -> Any:
    match kind:
        case "ties":
            return np.full(shape, 0.5)
        case "zeros":
            return np.zeros(shape)
        case "large":
            return rng.choice([-large, large, 1.0], size=shape)
        case "low" | "high":
            return rng.normal(size=shape)
    assert isinstance(kind, float)
    return rng.normal(size=shape) * kind


def _simplex(kind: float | str, size: int, data: bool, rng: Draw) -> Any:
    """`low`: zeros in what is learned; `high`: in what is given, in both for `large`."""
    thin = {"low": not data, "high": data, "large": True, "zeros": True}.get(str(kind), False)
    if kind == "ties" or size == 1:
        return np.full(size, 1 / size)
    if kind == "zeros":  # certain of one outcome, both of the same
        return np.eye(size)[0]
    drawn = rng.dirichlet(np.ones(size))
    if thin:
        drawn[: size // 2] = 0
    return drawn / drawn.sum()


def settings(row: Stated) -> list[dict[str, float]]:
    """The defaults, where every hyperparameter has one, and those of the row."""
    parameters = row.of_role("hyperparameter", "learned")
    found = [dict(one) for one in row.settings]
    if all(one.default is not None for one in parameters):
        found.insert(0, {one.name: _number(one.default or "") for one in parameters})
    defaults = {one.name: _number(one.default) for one in parameters if one.default is not None}
    whole = {one.name for one in parameters if one.domain == "count"}
    given = [{**defaults, **one} for one in found]
    return [{k: int(v) if k in whole else v for k, v in one.items()} for one in given]


def _number(text: str) -> float:
    return float(eval(text, {"__builtins__": {}, "log": np.log}))


def point(name: str, single: bool, number: int) -> dict[str, Any]:
    return {key: value[number] for key, value in points(name, single).items()}
