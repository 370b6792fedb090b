"""What the tests of targets share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from objc.targets.cpu import division, driver, sharing


@pytest.fixture
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Many chunks, and threads for the smallest work."""
    monkeypatch.setattr(division, "CHUNK", 40)
    monkeypatch.setattr(sharing, "ALWAYS", 0)
    yield
    driver.set_threads(None)
