"""The cases by name: the code of what they raise, and what is done."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from objc.training import fit

from .. import kernels
from ..test_fit import regression_data

CASES: dict[str, Callable[[pytest.MonkeyPatch], object]] = {}


def case(function: Callable[[pytest.MonkeyPatch], object]) -> Callable[..., object]:
    CASES[function.__name__] = function
    return function


def ridge(**changes: Any) -> Any:
    """A run whose data has these columns changed."""
    return fit(kernels.ridge(), {**regression_data(10), **changes})
