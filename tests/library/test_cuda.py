"""Every declaration of the library on the CUDA target, without a device: as PTX, and in the simulator.

One declaration after the other, so that its program is derived and its text written once for all tests.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from cuda_agreement import Host, agrees, emitted
from objc.targets.cuda import ptx
from oracles import ROWS

EVERY = pytest.mark.parametrize("name", ROWS, scope="module")

# -------------------------------------------------------------- as PTX

FORM = re.compile(r"(\w+)_(thread|warp|block|tile|spread)(_four|_held)?(_\d)?")
TEAMS = {"sm_80": ("thread", "block"), "sm_90": ("warp", "tile")}
"""Teams that are compiled for an architecture, each in the form that does most at once: what has one
alone is compiled for both. Of two declarations that stand beside each other each is compiled for one, all
for both with `--slow`. Functions of the other teams and forms differ in little; all are compiled for both
with `--slow`, and rows that blocks share in `tests/targets/test_cuda_spread.py`."""


def functions_of(text: str) -> tuple[str, dict[str, str]]:
    """The head of a kernel's text, and its functions by name."""
    head, *functions = text.split("@kernel\n")
    return head, {one[len("def ") : one.index("(")]: one for one in functions}


def sampled(names: list[str], architecture: str) -> set[str]:
    """The functions among those of a kernel that are compiled for an architecture."""
    most: dict[tuple[str, str], str] = {}
    for name in sorted(names, key=lambda one: ("_held" in one, "_four" in one)):
        if (form := FORM.fullmatch(name)) is not None:
            most[form[1], form[2]] = name  # those that do more come later
    found = {name for (_, team), name in most.items() if team in TEAMS[architecture]}
    steps = {step for step, _ in most} - {FORM.fullmatch(one)[1] for one in found}  # type: ignore[index]
    found |= {name for (step, team), name in most.items() if step in steps and team != "spread"}
    return found | {name for name in names if not FORM.fullmatch(name)}


@pytest.mark.parametrize(
    ("name", "architecture"),
    [
        pytest.param(name, one, marks=[] if (place + 2 * turn) % 4 == 0 else pytest.mark.slow)
        for place, name in enumerate(ROWS)
        for turn, one in enumerate(TEAMS)
    ],
    scope="module",
)
@pytest.mark.share(1 / 2)
def test_is_compiled_without_double_precision_and_local_memory(
    name: str, architecture: str, request: pytest.FixtureRequest
) -> None:
    """What runs over the batch; the few blocks' parts of a value are put together in float64."""
    head, functions = functions_of(emitted(name, "float32").text)
    if not request.config.getoption("--slow"):
        wanted = sampled([*functions], architecture)
        functions = {one: functions[one] for one in functions if one in wanted}
    found = ptx.compiled("@kernel\n".join([head, *functions.values()]), architecture)
    assert f".target {architecture}" in found
    assert ".extern .func" not in found
    _, *parts = re.split(r"\.visible \.entry (\w+)\(", found)
    compiled = dict(zip(parts[::2], parts[1::2], strict=True))
    assert set(compiled) == set(functions)
    assert any(FORM.fullmatch(one) for one in compiled)
    for one, text in compiled.items():
        assert ".local" not in text, one
        assert not FORM.fullmatch(one) or ".f64" not in text, one


# -------------------------------------------------------------- in the simulator


@pytest.fixture
def _simulated(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    pytest.importorskip("numba_cuda")
    monkeypatch.setenv("NUMBA_ENABLE_CUDASIM", "1")
    yield


SEVERAL_TYPES = (
    "cross_entropy",
    "huber",
    "kl_logits",
    "info_nce",
    "triplet",
    "crf",
    "lambdarank",
    "vicreg",
    "masked_token",
)
"""One of each structure: rows, gathers, pairs, recurrences, sorting, results that are read again. They run
in every type each time, the others with `--slow`: what differs is what is converted."""

_IN_OTHER_TYPES = pytest.mark.parametrize(
    "name",
    [pytest.param(one, marks=[] if one in SEVERAL_TYPES else pytest.mark.slow) for one in ROWS],
    scope="module",
)


@pytest.mark.usefixtures("_simulated")
@EVERY
@pytest.mark.share(1 / 2)
def test_agrees_with_the_interpreter_in_the_simulator(name: str) -> None:
    """In float32: the text that is compiled above."""
    agrees(name, "float32", Host())


@pytest.mark.usefixtures("_simulated")
@_IN_OTHER_TYPES
def test_agrees_in_float64(name: str) -> None:
    agrees(name, "float64", Host())


@pytest.mark.usefixtures("_simulated")
@_IN_OTHER_TYPES
def test_agrees_where_arrays_are_stored_in_16_bits(name: str) -> None:
    """Only what is stored is rounded: numbers are as exact as in float32."""
    agrees(name, "bfloat16", Host())
