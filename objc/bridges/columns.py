"""The columns of a batch that a predictor reads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from numpy.typing import NDArray

from objc.errors import ObjcError, did_you_mean
from objc.training.errors import BadPrediction


def columns(
    predictor: str, names: Sequence[str], batch: Mapping[str, NDArray[Any]]
) -> list[NDArray[Any]]:
    """The columns with these names, in order. Raises ObjcError (E0520) for one that the data has not."""
    for name in names:
        if name not in batch:
            listed = ", ".join(f"`{one}`" for one in batch)
            problem = f"reads `{name}`, and the data has {listed or 'nothing'}"
            raise ObjcError(
                BadPrediction(None, predictor, problem, did_you_mean(name, tuple(batch)))
            )
    return [batch[name] for name in names]
