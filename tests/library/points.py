"""Where the losses are compared: points of the declared domains, and what the oracles say there."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from jet import Jet, lift
from mpmath import mp, mpf, workdps
from numpy.typing import NDArray
from oracles import EXACT
from oracles.record import Argument, Exact

DIGITS = 400
"""Enough for differences as small as 1e-380 to keep their leading digits."""

RESULTS = ("per_example", "gradient", "hessian_diagonal")

SPECIAL: Mapping[str, list[float]] = {
    "real": [-1e4, -50.0, -1.0, 0.0, 1.0, 50.0, 1e4],
    "positive": [2.0**-10, 1.0, 50.0, 1e4],
    "nonnegative": [0.0, 2.0**-10, 1.0, 50.0, 1e4],
    "probability": [0.0, 2.0**-20, 0.5, 1 - 2.0**-20, 1.0],
    "sign": [-1.0, 1.0],
    "binary": [0.0, 1.0],
    "count": [0, 1, 7, 50, 10_000],
}
"""±50, ±1e4 and 0 as far as the domain has them, its ends, and 1, where most corners are."""

VECTORS = [
    [0.0, 0.0, 0.0, 0.0],
    [50.0, -50.0, 0.0, 1.0],
    [-50.0, 50.0, 50.0, -50.0],
    [1e4, -1e4, 0.0, 1.0],
    [1e4, 1e4, 1e4, 1e4],
    [1e4, 1e4, -1e4, 0.0],
    [-1e4, -1e4, -1e4, -50.0],
    [1.0, -1.0, 1.0, -1.0],
]


@dataclass(frozen=True)
class Case:
    """One loss at one setting of its hyperparameters and one length of its rows."""

    oracle: str
    parameters: tuple[tuple[str, float], ...]
    size: int  # of K or N; 1 where there is neither

    def __str__(self) -> str:
        setting = ", ".join(f"{name}={value:g}" for name, value in self.parameters)
        return f"{self.oracle}({setting}) at rows of {self.size}"


def cases(oracle: Exact) -> list[Case]:
    parameters = oracle.of_role("hyperparameter")
    settings = [dict(one) for one in oracle.settings]
    if all(one.default is not None for one in parameters):
        settings.insert(0, {one.name: float(one.default or 0) for one in parameters})
    rows = any(one.shape for one in oracle.arguments)
    found = [Case(oracle.name, tuple(one.items()), 4 if rows else 1) for one in settings]
    if rows:
        found += [Case(oracle.name, found[0].parameters, size) for size in (1, 9)]
    return found


@cache
def batch(case: Case, dtype: str) -> Mapping[str, NDArray[Any]]:
    """Inputs and data with a batch axis, exact in the dtype and inside their domains."""
    oracle = EXACT[case.oracle]
    rng = np.random.default_rng(abs(hash_of(case)))
    inputs = [one for one in oracle.arguments if one.role != "hyperparameter"]
    made = _rows(inputs, case, rng) if any(one.shape for one in inputs) else _scalars(inputs, rng)
    return {
        one.name: made[one.name].astype(
            np.int64 if one.domain.startswith(("index", "count")) else dtype
        )
        for one in inputs
    }


def hash_of(case: Case) -> int:
    """A seed that is the same in every process."""
    return int.from_bytes(repr(case).encode(), "little") % (2**63)


def _scalars(inputs: list[Argument], rng: np.random.Generator) -> dict[str, NDArray[Any]]:
    special = [SPECIAL[one.domain] for one in inputs]
    if len(inputs) > 2:
        special = [[x for x in values if abs(x) != 1] for values in special]
    columns = np.array(list(itertools.product(*special)), dtype=float).T
    random = np.array([_draw(one.domain, 48, rng) for one in inputs])
    if inputs[-1].domain in ("real", "positive", "nonnegative"):
        random[0, :8] = random[-1, :8]  # ties
    return {one.name: np.concatenate([columns[i], random[i]]) for i, one in enumerate(inputs)}


def _draw(domain: str, number: int, rng: np.random.Generator) -> NDArray[Any]:
    scale = np.resize([1e-3, 0.3, 3.0, 30.0], number)
    match domain:
        case "real":
            return rng.normal(size=number) * scale
        case "positive" | "nonnegative":
            return np.exp(rng.normal(size=number) * 2)
        case "probability":
            return rng.uniform(size=number)
        case "count":
            return rng.poisson(scale).astype(float)
        case "sign":
            return rng.choice([-1.0, 1.0], size=number)
        case "binary":
            return rng.choice([0.0, 1.0], size=number)
    raise ValueError(f"no draws from {domain}")


def _rows(inputs: list[Argument], case: Case, rng: np.random.Generator) -> dict[str, NDArray[Any]]:
    size = case.size
    number = 24 if size == 4 else 9
    rows = rng.normal(size=(number, size)) * np.resize([0.1, 3.0, 30.0], (number, 1))
    if size == 4:
        rows = np.concatenate([np.repeat(np.array(VECTORS), 4, axis=0), rows])
    number = len(rows)
    made: dict[str, NDArray[Any]] = {}
    for one in inputs:
        match one.domain.partition("(")[0]:
            case "real":
                made[one.name] = rows
            case "index":
                made[one.name] = np.resize(np.arange(size), number)
            case "simplex":
                made[one.name] = _simplex(number, size, rng)
            case "sign":
                made[one.name] = rng.choice([-1.0, 1.0], size=(number, size))
            case "binary":
                mask = rng.choice([0.0, 1.0], size=(number, size))
                if dict(case.parameters).get("smoothing") == 0:
                    mask[:, 0] = 1  # without smoothing an empty mask and image are 0/0
                made[one.name] = mask
    return made


def _simplex(number: int, size: int, rng: np.random.Generator) -> NDArray[Any]:
    """Multiples of 1/64 that sum to one exactly, every third row one-hot."""
    draws = rng.multinomial(64, rng.dirichlet(np.ones(size), size=number)) / 64
    draws[::3] = np.resize(np.eye(size), (len(draws[::3]), size))
    return draws


# --------------------------------------------------------------------------- references

Example = dict[str, Any]


def example(case: Case, dtype: str, number: int) -> Example:
    """One example in mpmath, hyperparameters as the dtype rounds them."""
    made: Example = {}
    for one in EXACT[case.oracle].arguments:
        if one.role == "hyperparameter":
            made[one.name] = mpf(float(np.dtype(dtype).type(dict(case.parameters)[one.name])))
        elif one.domain.startswith("index"):
            made[one.name] = int(batch(case, dtype)[one.name][number])
        else:
            value = batch(case, dtype)[one.name][number]
            made[one.name] = [mpf(float(x)) for x in value] if value.ndim else mpf(float(value))
    return made


def coordinates(oracle: Exact, point: Example) -> list[tuple[str, int | None]]:
    """Every entry of the differentiable inputs."""
    return [
        (one.name, k)
        for one in oracle.of_role("differentiable")
        for k in (range(len(point[one.name])) if one.shape else [None])
    ]


def along(oracle: Exact, point: Example, coordinate: tuple[str, int | None]) -> Jet:
    """The loss with its first two derivatives along one entry of an input."""
    arguments = dict(point)
    for one in oracle.of_role("differentiable"):
        values = point[one.name] if one.shape else [point[one.name]]
        jets = [Jet(x, mpf((one.name, k if one.shape else None) == coordinate))
                for k, x in enumerate(values)]  # fmt: skip
        arguments[one.name] = jets if one.shape else jets[0]
    return lift(oracle.value(**arguments))


@cache
def reference(case: Case, dtype: str) -> Mapping[str, NDArray[np.float64]]:
    """What the oracle says, rounded to float64, by result (derivatives as `gradient:INPUT`)."""
    oracle, inputs = EXACT[case.oracle], batch(case, dtype)
    number = len(next(iter(inputs.values())))
    made = {"per_example": np.empty(number)}
    for one in oracle.of_role("differentiable"):
        for kind in RESULTS[1:]:
            made[f"{kind}:{one.name}"] = np.empty(inputs[one.name].shape)
    with workdps(DIGITS):
        for n in range(number):
            point = example(case, dtype, n)
            for name, k in coordinates(oracle, point):
                jet = along(oracle, point, (name, k))
                place = n if k is None else (n, k)
                made["per_example"][n] = rounded(jet.value)
                made[f"gradient:{name}"][place] = rounded(jet.first)
                made[f"hessian_diagonal:{name}"][place] = rounded(jet.second)
    return made


def rounded(x: mpf) -> float:
    """The nearest float64. What lies below the digits carried is rounding, and is nothing."""
    return 0.0 if abs(x) < mpf(10) ** -(DIGITS - 20) else float(x)


@cache
def condition(
    case: Case, dtype: str, number: int, place: tuple[str, int | None]
) -> Mapping[str, float]:
    """Σ |x ∂R/∂x| over all inputs and hyperparameters of one example, by result R: what a relative
    change of one in each may change. Derivatives are those along `place`."""
    oracle = EXACT[case.oracle]
    parts = dict(zip(RESULTS, ("value", "first", "second"), strict=True))
    moved = dict.fromkeys(RESULTS, mpf(0))
    with workdps(DIGITS // 2):
        point, step = example(case, dtype, number), mpf(10) ** -60
        for one in oracle.arguments:
            if one.domain.startswith(("index", "sign", "binary")):
                continue
            for k in range(len(point[one.name])) if one.shape else [None]:
                if (point[one.name] if k is None else point[one.name][k]) == 0:
                    continue
                ends = [
                    along(oracle, _stretched(point, one.name, k, 1 + sign * step), place)
                    for sign in (1, -1)
                ]
                for result, part in parts.items():
                    high, low = (getattr(end, part) for end in ends)
                    if mp.isfinite(high) and mp.isfinite(low):
                        moved[result] += abs(high - low) / (2 * step)
        return {result: float(each) for result, each in moved.items()}


def _stretched(point: Example, name: str, entry: int | None, factor: mpf) -> Example:
    """An example with one entry multiplied."""
    if entry is None:
        return {**point, name: point[name] * factor}
    values = list(point[name])
    values[entry] *= factor
    return {**point, name: values}
