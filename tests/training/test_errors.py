"""Every diagnostic of training, raised by what a user would do, its text pinned beside."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from objc.errors import Diagnostic, ObjcError

from .mistakes import CASES

HERE = Path(__file__).parent / "errors"


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """An empty working directory, so that messages show no path of this machine."""
    before = Path.cwd()
    os.chdir(tmp_path)
    yield tmp_path
    os.chdir(before)


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize("name", CASES)
def test_message(name: str, golden: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ObjcError) as caught:
        CASES[name](monkeypatch)
    assert caught.value.diagnostics[0].code == name[:5].upper()
    golden(HERE / f"{name}.err", str(caught.value))


def test_every_code_has_a_case() -> None:
    codes = {code for code in Diagnostic.catalogue() if code.startswith("E05")}
    assert codes == {name[:5].upper() for name in CASES}
    for code in codes:
        assert Diagnostic.catalogue()[code].__doc__


def test_every_golden_has_a_case() -> None:
    assert {path.stem for path in HERE.glob("*.err")} == set(CASES)
