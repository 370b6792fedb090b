"""The table of properties: each row is decided by provers that are there."""

from __future__ import annotations

import pytest

from objc.analysis.claims import prover
from objc.properties import PROPERTIES


@pytest.mark.parametrize("name", PROPERTIES)
def test_the_provers_of_a_row_are_functions(name: str) -> None:
    row = PROPERTIES[name]
    assert row.provers
    assert all(callable(prover(place)) for place in row.provers)
    assert len(set(row.provers)) == len(row.provers)
