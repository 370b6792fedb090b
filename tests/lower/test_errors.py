"""Every diagnostic of lowering, pinned beside its case."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from pathlib import Path

import pytest

from objc.errors import Diagnostic, ObjcError
from objc.passes.lower import errors, lower
from objc.source import Source, Span
from objc.syntax import parse, tree

FOLDER = Path(__file__).parent / "errors"
CASES = sorted(path for path in FOLDER.glob("E*.objc"))


def beside(path: str, span: Span) -> tree.File:
    """The files of this folder, then the library, under names without this machine's folders."""
    from objc.passes.lower.loading import default_loader

    here = FOLDER / f"{path}.objc"
    if here.exists():
        return parse(Source(here.name, here.read_text("utf-8")))
    return default_loader("<text>")(path, span)


@pytest.mark.parametrize("case", CASES, ids=lambda path: path.stem)
def test_diagnostics(case: Path, golden: Callable[[Path, str], None]) -> None:
    file = parse(Source(case.name, case.read_text("utf-8")))
    with pytest.raises(ObjcError) as caught:
        lower(file, beside)
    code = case.stem.split("_")[0]
    assert all(one.code == code for one in caught.value.diagnostics), str(caught.value)
    golden(case.with_suffix(".err"), str(caught.value))


@pytest.mark.parametrize("case", sorted(FOLDER.glob("W*.objc")), ids=lambda path: path.stem)
def test_warnings(case: Path, golden: Callable[[Path, str], None]) -> None:
    warnings = lower(parse(Source(case.name, case.read_text("utf-8"))), beside).warnings
    assert {one.code for one in warnings} == {case.stem.split("_")[0]}
    golden(case.with_suffix(".err"), "\n\n".join(one.render() for one in warnings))


def classes() -> list[type[Diagnostic]]:
    return [
        one
        for _, one in inspect.getmembers(errors, inspect.isclass)
        if issubclass(one, Diagnostic) and one.code and one.severity == "error"
    ]


def test_every_diagnostic_has_a_case() -> None:
    covered = {path.stem.split("_")[0] for path in CASES}
    assert {one.code for one in classes()} <= covered


def test_every_diagnostic_teaches() -> None:
    for one in classes():
        text = inspect.getdoc(one) or ""
        assert len(text) > 80, f"{one.__name__} explains nothing"
