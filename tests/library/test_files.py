"""The library's texts: they compile, are formatted, cite their sources, and keep their interface."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import pytest

import objc.library
from objc.analysis import analyse
from objc.passes.lower import lower
from objc.source import Source
from objc.syntax import format_source, parse, tree

FOLDER = Path(objc.library.__file__).parent
FILES = sorted(FOLDER.rglob("*.objc"))


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


@pytest.mark.parametrize("one", declarations("regression", "classification", "metrics"),
                         ids=lambda one: one.name)  # fmt: skip
def test_cites_its_source(one: tree.Declaration) -> None:
    assert one.docstring is not None
    assert re.search(r"\b(1[78]|19|20)\d\d\b", one.docstring), one.docstring


def test_every_file_has_a_docstring_of_its_own() -> None:
    assert [path.name for path in FILES if not file(path).docstring] == []


# ---------------------------------------------------------------------------- interface


def _type(type: tree.Type) -> str:
    arguments = ", ".join(one.span.text for one in type.arguments)
    shape = ", ".join(one.span.text for one in type.shape)
    return type.domain + f"({arguments})" * bool(arguments) + f"[{shape}]" * bool(shape)


def _group(parameters: tuple[tree.Parameter, ...]) -> str:
    written = []
    for one in parameters:
        assert one.type is not None, "the library states every type"
        default = f" = {one.default.span.text}" if one.default is not None else ""
        written.append(f"{one.name}: {_type(one.type)}{default}")
    return ", ".join(written)


def signature(one: tree.Declaration) -> str:
    parts = one.signature
    text = f"{_group(parts.inputs)} | {_group(parts.data)}"
    return f"{text}; {_group(parts.hyperparameters)}" if parts.hyperparameters else text


def test_the_signatures_are_the_interface() -> None:
    found = {one.name: signature(one) for one in declarations("regression", "classification")}
    assert found == {name: oracle.signature for name, oracle in ORACLES.items()}


def test_each_loss_stands_in_its_file() -> None:
    for name, oracle in ORACLES.items():
        assert name in [one.name for one in declarations(oracle.file)]


METRICS = {
    "zero_one": "score: real | label: sign",
    "accuracy": "logits: real[K] | label: index(K)",
}


def test_the_metrics_that_claims_name() -> None:
    found = {one.name: signature(one) for one in declarations("metrics")}
    assert METRICS.items() <= found.items()


def test_every_loss_makes_a_claim() -> None:
    silent = [one.name for one in declarations("regression", "classification")
              if isinstance(one, tree.Scalar) and not one.claims]  # fmt: skip
    assert silent == []


def test_claims_name_inputs_and_metrics_that_are_there() -> None:
    metrics = {one.name for one in declarations("metrics")}
    for one in declarations("regression", "classification"):
        assert isinstance(one, tree.Scalar)
        inputs = {each.name for each in (*one.signature.inputs, *one.signature.data)}
        for claim in one.claims:
            assert {each.name for each in claim.inputs} <= inputs, (one.name, claim.span.text)
            assert claim.subject is None or claim.subject in metrics, (one.name, claim.span.text)


@pytest.mark.parametrize("name", ["regression", "classification"])
def test_no_claim_is_refuted(name: str) -> None:
    for program in lower(file(FOLDER / f"{name}.objc")).programs.values():
        found = analyse(program)
        assert [str(one) for one in found if one.claimed and one.verdict == "refuted"] == []
        assert [str(one) for one in found.diagnostics if one.severity == "error"] == []


def test_surrogates_name_a_loss_and_a_metric() -> None:
    losses = {one.name for one in declarations("regression", "classification")}
    metrics = {one.name for one in declarations("metrics")}
    lines = [item for path in FILES for item in file(path).items
             if isinstance(item, tree.Surrogate)]  # fmt: skip
    assert {one.metric.name for one in lines} == {"zero_one", "accuracy"}
    for one in lines:
        assert one.loss.name in losses and one.metric.name in metrics
