"""What `objc show --stage loops` says of memory is what the kernel takes."""

from __future__ import annotations

import math
import re

import pytest
from objc.targets.cpu.emission import Kernel, scheduled

from .. import programs
from .running import given

CASES = {case.name: case for case in programs.all_cases()}


def said(listing: str, sizes: dict[str, int]) -> int:
    """The bytes of a thread that a listing speaks of."""
    found = re.findall(r"\], ([\w*]+) bytes a thread", listing)
    return sum(
        math.prod(int(sizes.get(factor, factor)) for factor in one.split("*")) for one in found
    )


def extent(of: str | int | tuple[str, int], sizes: dict[str, int]) -> int:
    """An extent in the table: a size, or the rows of a block."""
    return sizes["block"] if isinstance(of, tuple) else int(sizes.get(str(of), of))


@pytest.mark.parametrize("name", CASES)
def test_bytes_of_a_thread(name: str) -> None:
    program, _ = given(CASES[name], "value_and_grad")
    loops = scheduled(program, "float64")
    slots = Kernel(loops, "float64").metadata()["slots"]
    sizes = {one.name: 37 + n for n, one in enumerate(program.dimensions) if one.size is None}
    sizes["block"] = 31
    taken = sum(
        slot[3] * math.prod(extent(one, sizes) for one in slot[2])
        for slot in slots
        if slot[0] == "scratch" and not slot[1].startswith("packed_")  # of a constant size
    )
    assert said(str(loops), sizes) == taken
