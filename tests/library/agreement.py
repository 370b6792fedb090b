"""How a computed result is held against the oracle, and what may excuse a difference."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from oracles import EXACT
from points import Case, batch, condition, example, reference

TOLERANCE = {"float64": 1e-12, "float32": 1e-6}


def disagreements(
    case: Case, dtype: str, found: Mapping[str, NDArray[Any]], where: str
) -> Iterator[str]:
    """Every result that misses the oracle: one line each with the inputs, expected and got."""
    for result, expected in reference(case, dtype).items():
        for place in np.argwhere(~_near(found[result], expected, dtype)):
            at = tuple(int(i) for i in place)
            got, wanted = float(found[result][at]), float(expected[at])
            if not _excused(case, dtype, result, at, got, wanted):
                inputs = {name: value[at[0]].tolist() for name, value in batch(case, dtype).items()}
                yield (
                    f"{where} {dtype} {case}: {result}{at[1:] or ''} at {inputs}:"
                    f" expected {wanted!r}, got {got!r}"
                )


def _near(found: NDArray[Any], expected: NDArray[np.float64], dtype: str) -> NDArray[np.bool_]:
    """|found − expected| ≤ tolerance · max(|expected|, smallest normal); infinities where the
    result is beyond the float range, anything up to the smallest normal where it is below."""
    limits = np.finfo(dtype)
    found = np.asarray(found, dtype=np.float64)
    beyond = np.abs(expected) > float(limits.max)
    below = np.abs(expected) < float(limits.tiny)
    allowed = TOLERANCE[dtype] * np.maximum(np.abs(expected), float(limits.tiny))
    with np.errstate(invalid="ignore"):
        near = np.abs(found - expected) <= allowed
    near = np.where(beyond, found == np.copysign(np.inf, expected), near)
    return np.where(below, np.abs(found) <= float(limits.tiny), near)


def _excused(
    case: Case, dtype: str, result: str, at: tuple[int, ...], got: float, wanted: float
) -> bool:
    """Whether the table excuses it: within so many units of roundoff of a stated magnitude."""
    kind, _, name = result.partition(":")
    oracle = EXACT[case.oracle]
    excuse = oracle.excuses.get(kind)
    if excuse is None or not (excuse.always or dtype == "float32"):
        return False
    point = example(case, dtype, at[0])
    if excuse.beyond(point):
        return True
    if not np.isfinite(got):
        return False
    if excuse.magnitude is not None:
        magnitude = float(excuse.magnitude(point, at[1] if len(at) > 1 else None))
    else:
        place = (name, at[1] if len(at) > 1 else None)
        if not name:
            first = oracle.of_role("differentiable")[0]
            place = (first.name, 0 if first.shape else None)
        magnitude = condition(case, dtype, at[0], place)[kind]
    return abs(got - wanted) <= excuse.ulps * float(np.finfo(dtype).eps) * magnitude
