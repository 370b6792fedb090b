"""The table of other tools: it is what was kept, and objc's row is what the tests of the forms show."""

from __future__ import annotations

import pytest

from .frameworks import PAGE, TOOLS, is_comparable, kept, measured, page_with, table
from .naive import FORMS, UNMENDED, UNMENDED_IN_FLOAT32

SAMPLE = ("log(1 + exp(x))", "1 - tanh(x)^2", "sqrt(x^2 + 1) - 1", "-log(softmax(z)[y])", "norm")  # fmt: skip


def test_every_tool_was_given_the_same_forms() -> None:
    names = {form.name for form in FORMS if is_comparable(form)}
    assert len(names) >= 60
    for tool, found in kept().items():
        assert tool in TOOLS
        assert set(found) == names, tool


def test_the_page_has_the_table() -> None:
    text = PAGE.read_text("utf-8")
    assert page_with(text, table(kept())) == text


def test_what_is_wrong_in_our_row_is_known_to_be_unmended() -> None:
    wrong = {name for name, one in kept()["objc"].items() if any(one.values())}
    assert wrong <= {*UNMENDED, *UNMENDED_IN_FLOAT32}


@pytest.mark.parametrize("tool", ["objc", "PyTorch"])
def test_rows_are_measured_again(tool: str) -> None:
    forms = [form for form in FORMS if form.name in SAMPLE]
    assert len(forms) == 5
    found = measured(tool, forms)
    assert found == {form.name: kept()[tool][form.name] for form in forms}
    assert any(any(one.values()) for one in found.values()) == (tool != "objc")


def test_a_relative_error_of_a_hundredth_is_wrong() -> None:
    from .frameworks import verdict

    assert verdict([[1.0, 2.02]], [[1.0, 2.0]]) == {"value": False, "gradient": True, "nan": False}
    assert verdict([[float("nan"), 2.0]], [[1.0, 2.0]])["nan"]
    assert not any(verdict([[1e-40, 2.0]], [[0.0, 2.0]]).values())
