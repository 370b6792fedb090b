"""What the tests of targets share."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from objc.targets.cpu import division, driver, sharing
from objc.targets.cuda import arrays, host, loading

import objc

from .pretended import TEXT, Pretended


@pytest.fixture
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Many chunks, and threads for the smallest work."""
    monkeypatch.setattr(division, "CHUNK", 40)
    monkeypatch.setattr(sharing, "ALWAYS", 0)
    yield
    driver.set_threads(None)


@pytest.fixture
def simulated(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    pytest.importorskip("numba_cuda")
    monkeypatch.setenv("NUMBA_ENABLE_CUDASIM", "1")
    yield


@pytest.fixture
def device(monkeypatch: pytest.MonkeyPatch) -> Pretended:
    """A device whose memory is the host's."""
    found = Pretended()

    def on_device(emitted: Any) -> Any:
        kernel = host.simulated(emitted)
        kernel.device = lambda: found
        return kernel

    monkeypatch.setattr(loading, "_on_device", on_device)
    monkeypatch.setattr(arrays, "driver", lambda: found)
    return found


@pytest.fixture(scope="module")
def losses() -> Any:
    return objc.compile(TEXT, target="cuda")
