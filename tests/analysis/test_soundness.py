"""No prover is believed alone: what is proved of the library is attacked with drawn inputs."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from pathlib import Path

import pytest

import objc.library
from objc.analysis import Facts, analyse, counterexamples
from objc.analysis.subject import Subject
from objc.analysis.values.evaluation import is_finite, outputs_of_all
from objc.analysis.values.samples import samples
from objc.ir.program import Program
from objc.passes.lower import lower
from objc.syntax import parse, read_source

_ROUNDING = 1e-9


@functools.cache
def _module(path: Path) -> dict[str, Program]:
    return dict(lower(parse(read_source(path))).programs)


def _library() -> Iterator[tuple[Path, str]]:
    for folder in objc.library.__path__:
        for path in sorted(Path(folder).glob("*.objc")):
            if path.stem != "prelude":
                for name in _module(path):
                    yield path, name


LIBRARY = list(_library())


@functools.cache
def _facts(path: Path, name: str) -> Facts:
    return analyse(_module(path)[name])


@pytest.fixture(params=LIBRARY, ids=lambda one: one[1])
def declared(request: pytest.FixtureRequest) -> tuple[Path, str]:
    found: tuple[Path, str] = request.param
    return found


@pytest.fixture
def program(declared: tuple[Path, str]) -> Program:
    path, name = declared
    return _module(path)[name]


@pytest.fixture
def facts(declared: tuple[Path, str]) -> Facts:
    return _facts(*declared)


def test_the_library_has_no_errors(facts: Facts) -> None:
    assert [one for one in facts.diagnostics if one.severity == "error"] == []


def test_values_stay_in_range(program: Program) -> None:
    subject = Subject(program)
    bounds = subject.range
    low, high = float(bounds.low), float(bounds.high)
    drawn = list(samples(subject.program, 60, seed=7))
    for found in outputs_of_all(subject.program, drawn):
        value = None if found is None else found["total"]
        if value is not None and is_finite(value):
            room = _ROUNDING * (1 + abs(value))
            assert low - room <= value <= high + room


def test_no_chord_contradicts_a_proof(program: Program, facts: Facts) -> None:
    subject = Subject(program)
    for fact in facts:
        if fact.kind != "curvature" or fact.verdict != "proved":
            continue
        word = fact.statement.split()[0]
        names = fact.of
        if word in ("convex", "affine"):
            assert counterexamples.chord(subject, names) is None
        if word in ("concave", "affine"):
            assert counterexamples.chord(subject, names, concave=True) is None
