"""Beside other tools: functions that none of them is known to prove are proved here."""

from __future__ import annotations

import pytest

from tests.analysis.peers import by_cvxpy, by_objc, by_sympy, main, program_of

HARD = (
    ("positive", "log((exp(x) - 1) / x)", "convex"),  # Bernoulli's log-partition function
    ("real", "-log(1 - exp(-exp(x)))", "convex"),  # the complementary log-log
    ("positive", "log(sinh(x) / x)", "convex"),  # von Mises and Fisher's, in three dimensions
    ("positive", "x / tanh(x)", "convex"),
    ("real", "log(log(1 + exp(x)))", "concave"),
)


@pytest.mark.parametrize(("domain", "formula", "word"), HARD)
def test_what_no_rulebook_proves(domain: str, formula: str, word: str) -> None:
    program = program_of(domain, formula)
    assert by_objc(program, word)
    assert by_sympy(program, word) is None


@pytest.mark.parametrize(("domain", "formula", "word"), HARD)
def test_disciplined_rules_do_not(domain: str, formula: str, word: str) -> None:
    pytest.importorskip("cvxpy")
    assert by_cvxpy(program_of(domain, formula), word) is None


def test_the_table_is_printed_side_by_side(capsys: pytest.CaptureFixture[str]) -> None:
    main(6, 9)
    lines = capsys.readouterr().out.splitlines()
    assert any(line.startswith("objc: 6 right, 0 wrong, 0 left open") for line in lines)
    assert any(line.startswith("sympy: ") for line in lines)
