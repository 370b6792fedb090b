"""Where the formatter breaks a long call: at its groups, then at their commas, never within a subscript."""

from __future__ import annotations

import re

import pytest

from objc.source import Source
from objc.syntax.format import format_source

CALL = "surrogate({0}[g, t] | old_{0}[g, t], advantage[g]; epsilon=epsilon)"


@pytest.mark.parametrize("size", range(4, 80, 3))
@pytest.mark.parametrize("rest", ["", " - beta", " * weight[g, t] + 1"])
def test_no_line_ends_within_a_subscript(size: int, rest: str) -> None:
    call = CALL.format("x" * size)
    text = f"objective o(a: real[G, T] |) =\n    minimize mean(gain)\n    where gain[g, t] = {call}{rest}\n"
    found = format_source(Source("t", text))
    for inside in re.findall(r"\[[^]]*\]", found):
        assert "\n" not in inside
    assert format_source(Source("t", found)) == found


def test_groups_are_broken_before_their_commas() -> None:
    name = "log_probability_of_the_answer"
    text = f"loss o(a: real) =\n    {CALL.format(name)}\n"
    assert format_source(Source("t", text)) == (
        "loss o(a: real) =\n"
        "    surrogate(\n"
        f"        {name}[g, t]\n"
        f"        | old_{name}[g, t], advantage[g]\n"
        "        ; epsilon=epsilon\n"
        "    )\n"
    )


def test_the_arguments_of_one_group_have_lines_of_their_own() -> None:
    names = ["first" * 8, "second" * 6, "third" * 8]
    found = format_source(Source("t", f"loss o(a: real) =\n    f({', '.join(names)})\n"))
    assert found == "loss o(a: real) =\n    f(\n        " + ",\n        ".join(names) + "\n    )\n"


def test_a_sum_behind_a_word_or_a_number_of_a_claim_is_in_brackets() -> None:
    text = "loss o(a: real | y: real; c: real = 1) =\n    a * y\n    claims {0}\n"
    claims = (
        "estimates quantile (1 - c), bounded c (c + 1), lipschitz 1 + c in a, bounded -1 2 * c,"
        " bounded 0 (1 - c)"
    )
    assert format_source(Source("t", text.format(claims))).split() == text.format(claims).split()
