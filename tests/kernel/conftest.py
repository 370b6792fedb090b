"""The kernels that the tests call, on each target."""

from __future__ import annotations

from functools import cache
from typing import Any

import pytest

import objc

from .texts import LOSSES


@cache
def _module(target: str) -> Any:
    return objc.compile(LOSSES, target=target)


@pytest.fixture(params=["numpy", "cpu"])
def module(request: pytest.FixtureRequest) -> Any:
    return _module(request.param)


@pytest.fixture
def plain() -> Any:
    """The kernels of one target, for what no target has a part in."""
    return _module("numpy")
