"""Recurrences are lowered here before the passes and targets take them."""

from __future__ import annotations

import pytest

from objc.passes.lower import definitions


@pytest.fixture(autouse=True)
def _recurrences_are_lowered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(definitions, "COMPILES_RECURRENCES", True)
