"""The library's texts: they compile, are formatted, cite their sources, and keep their interface."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from oracles import ROWS, STATED
from oracles.record import Argument

import objc.library
from objc.passes.lower import lower
from objc.source import Source
from objc.syntax import format_source, parse, tree

FOLDER = Path(objc.library.__file__).parent
FILES = sorted(FOLDER.rglob("*.objc"))
PRELUDE = ("softmax", "log_softmax", "dot", "norm", "cosine", "normalize")


@cache
def file(path: Path) -> tree.File:
    return parse(Source(path.name, path.read_text(encoding="utf-8")))


def declarations(*names: str) -> list[tree.Declaration]:
    return [
        one for path in FILES if not names or path.stem in names for one in file(path).declarations
    ]


def name_of(path: Path) -> str:
    return str(path.relative_to(FOLDER))


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_compiles_without_a_warning(path: Path) -> None:
    module = lower(file(path))
    found = dict.fromkeys(name.partition(".")[0] for name in module.programs)  # games by player
    assert [one.name for one in file(path).declarations] == list(found)
    assert list(module.warnings) == []


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_formats_to_itself(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert format_source(Source(path.name, text)) == text


DECLARATIONS = [one for one in declarations() if one.name not in PRELUDE]
SCALARS = [one for one in DECLARATIONS if isinstance(one, tree.Scalar)]


def each(declarations: list[tree.Declaration]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("one", declarations, ids=lambda one: one.name)


@each(DECLARATIONS)
def test_cites_its_source(one: tree.Declaration) -> None:
    assert one.docstring is not None
    assert re.search(r"\b(1[78]|19|20)\d\d\b", one.docstring), one.docstring
    assert max(map(len, one.docstring.splitlines())) <= 100


def test_every_file_has_a_docstring_of_its_own() -> None:
    assert [path.name for path in FILES if not file(path).docstring] == []


# ---------------------------------------------------------------------------- interface


def _arguments(one: tree.Declaration) -> Iterator[Argument]:
    parts = one.signature
    for role, group in (
        ("differentiable", parts.inputs),
        ("data", parts.data),
        ("hyperparameter", parts.hyperparameters),
    ):
        for each in group:
            assert each.type is not None, "the library states every type"
            arguments = ", ".join(one.span.text for one in each.type.arguments)
            shape = ", ".join(one.span.text for one in each.type.shape)
            default = each.default.span.text if each.default is not None else None
            domain = each.type.domain + f"({arguments})" * bool(arguments)
            yield Argument(each.name, domain, shape, "learned" if each.learn else role, default)


@each([one for one in DECLARATIONS if not isinstance(one, tree.Game)])
def test_has_an_oracle_and_keeps_its_signature(one: tree.Declaration) -> None:
    assert one.name in ROWS, f"tests/library/oracles has no row for {one.name}"
    assert tuple(_arguments(one)) == ROWS[one.name].arguments


def test_each_stands_in_the_file_of_its_row() -> None:
    for name, row in ROWS.items():
        assert name in [one.name for one in declarations(row.file)]


def test_the_docstring_says_where_it_differs() -> None:
    text = {one.name: " ".join((one.docstring or "").split()) for one in DECLARATIONS}
    for name, row in STATED.items():
        for difference in row.differs:
            assert difference.why in text[name], (name, difference.why)


# ------------------------------------------------------------------------------- claims


@each(SCALARS)
def test_makes_claims_about_what_is_there(one: tree.Scalar) -> None:
    metrics = {one.name for one in declarations("metrics")}
    inputs = {each.name for each in (*one.signature.inputs, *one.signature.data)}
    assert one.claims
    for claim in one.claims:
        assert {each.name for each in claim.inputs} <= inputs, claim.span.text
        assert claim.subject is None or claim.subject in metrics, claim.span.text


def test_surrogates_name_a_loss_and_a_metric() -> None:
    losses = {one.name for one in SCALARS} - {one.name for one in declarations("metrics")}
    lines = [item for path in FILES for item in file(path).items
             if isinstance(item, tree.Surrogate)]  # fmt: skip
    assert {one.metric.name for one in lines} == {one.name for one in declarations("metrics")}
    assert {one.loss.name for one in lines} <= losses
