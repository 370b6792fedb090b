"""Every declaration of the library on the CUDA target, without a device: as PTX, and in the simulator."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

import pytest
from cuda_agreement import TARGET, Host, agrees, derived
from objc.targets.cuda import ptx
from oracles import ROWS

# -------------------------------------------------------------- as PTX


LEFT_OUT = {
    "sm_80": r"_(block(_four|_held)?|spread_\d|tile)",
    "sm_90": r"_(warp(_four|_held)?|spread_four_\d|tile_four)",
}
"""Teams that are compiled for the other architecture: their functions differ in little else."""


FORM = r"_(thread|warp|block|tile|spread)(_four|_held)?(_\d)?$"


@cache
def text_of(name: str) -> str:
    return TARGET.emit(derived(name), "float32").text


def kernels(name: str, architecture: str) -> dict[str, str]:
    """The PTX of a declaration in float32, by the functions that can be launched."""
    head, *functions = text_of(name).split("@kernel\n")
    left_out = re.compile(rf"def \w+{LEFT_OUT[architecture]}\(")
    wanted = [one for one in functions if not left_out.match(one)]
    text = "@kernel\n".join([head, *wanted])
    found = ptx.compiled(text, architecture)
    assert f".target {architecture}" in found
    parts = re.split(r"\.visible \.entry (\w+)\(", found)
    return {"": parts[0], **dict(zip(parts[1::2], parts[2::2], strict=True))}


@pytest.mark.parametrize("architecture", ["sm_80", "sm_90"])
@pytest.mark.parametrize("name", ROWS)
def test_is_compiled_without_double_precision_and_local_memory(
    name: str, architecture: str
) -> None:
    """What runs over the batch; the few blocks' parts of a value are put together in float64."""
    found = kernels(name, architecture)
    over_the_batch = [one for one in found if re.search(FORM, one)]
    assert over_the_batch
    for one in over_the_batch:
        assert ".f64" not in found[one], one
    for one, text in found.items():
        assert "st.local" not in text and ".local " not in text, one
    assert ".extern .func" not in "".join(found.values())


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
)


@pytest.mark.usefixtures("_simulated")
@pytest.mark.parametrize("name", ROWS)
def test_agrees_with_the_interpreter_in_the_simulator(name: str) -> None:
    agrees(name, "float64", Host())


@pytest.mark.usefixtures("_simulated")
@_IN_OTHER_TYPES
def test_agrees_in_float32(name: str) -> None:
    agrees(name, "float32", Host())


@pytest.mark.usefixtures("_simulated")
@_IN_OTHER_TYPES
def test_agrees_where_arrays_are_stored_in_16_bits(name: str) -> None:
    """Only what is stored is rounded: numbers are as exact as in float32."""
    agrees(name, "bfloat16", Host())
