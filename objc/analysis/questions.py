"""The questions of those who ask for a fact by the name of a property."""

from __future__ import annotations

from collections.abc import Sequence

import sympy

from objc.analysis.effort import LEVELS, Clock
from objc.analysis.facts import Fact
from objc.analysis.question_errors import NotAQuestion
from objc.analysis.search import sought
from objc.analysis.statements import fact_of
from objc.analysis.subject import Subject
from objc.errors import InputError
from objc.ir.program import Claim
from objc.ir.symbols import Expression
from objc.properties import PROPERTIES


def answer(
    subject: Subject, known: Sequence[Fact], word: str, given: tuple[str, ...], value: str | None
) -> Fact:
    """The fact on a property of some inputs (by default of all that are differentiable, jointly). What is
    given beside names of inputs is its value; without one, the strongest statement is looked for.

    Raises:
        InputError: there is no such property or input, or the value isn't what it takes.
    """
    declared = subject.declared
    if word not in PROPERTIES:
        raise _refused(subject, f"there is no property `{word}`", sorted(PROPERTIES))
    row = PROPERTIES[word]
    inputs = tuple(one for one in given if one in declared.input)
    parts = [one for one in given if one not in inputs] + (value or "").split()
    takes_value = row.numbers or row.qualifiers or row.metric
    if not takes_value and parts:
        raise _refused(subject, f"there is no input `{parts[0]}`", list(declared.input))
    if inputs and row.least is None:
        raise _refused(subject, f"`{word}` is asked of no input by itself", [])
    if not inputs and row.least is not None:
        inputs = tuple(one.name for one in declared.differentiable)
    if row.candidates is not None and not parts:
        return _strongest(subject, known, word, inputs)
    return fact_of(subject, _claim(subject, word, inputs, parts), "asked")


def _strongest(subject: Subject, known: Sequence[Fact], word: str, inputs: tuple[str, ...]) -> Fact:
    for one in known:
        is_it = one.property == word and one.of == inputs
        if is_it and one.verdict != "unknown" and one.kind == "found":
            return one
    return sought(subject, word, inputs, Clock(LEVELS["thorough"].found), known)


def _claim(subject: Subject, word: str, inputs: tuple[str, ...], parts: list[str]) -> Claim:
    """A claim from its property and the words that follow."""
    row = PROPERTIES[word]
    if row.metric:
        metrics = {
            one.subject: one.metric for one in subject.declared.claims if one.metric and one.subject
        }
        if parts[:1] not in [[one] for one in metrics]:
            raise _refused(subject, f"`{word}` takes a metric that a claim names", sorted(metrics))
        return Claim(False, (word,), (), parts[0], inputs, metric=metrics[parts[0]])
    words: tuple[str, ...] = (word,)
    wanted = row.numbers
    if row.qualifiers is not None:
        if not parts:
            raise _refused(subject, f"`{word}` takes a word", list(row.qualifiers))
        if parts[0] not in row.qualifiers:
            raise _refused(subject, f"`{word}` has no `{parts[0]}`", list(row.qualifiers))
        wanted = row.qualifiers.get(parts[0], 0)
        words, parts = (word, parts[0]), parts[1:]
    if len(parts) != wanted:
        given = " ".join(parts) or "none"
        reason = f"`{' '.join(words)}` takes {_counted(wanted)}, and is given {given}"
        raise _refused(subject, reason, [])
    return Claim(False, words, tuple(_number(subject, one) for one in parts), None, inputs)


def _number(subject: Subject, text: str) -> Expression:
    known = {
        one.name: one.read() for one in subject.declared.inputs if one.role == "hyperparameter"
    }
    try:
        return known[text] if text in known else sympy.Rational(text)
    except (TypeError, ValueError):
        reason = f"`{text}` is neither a number nor a hyperparameter"
        raise _refused(subject, reason, [*known, *subject.declared.input]) from None


def _refused(subject: Subject, reason: str, known: list[str]) -> InputError:
    return InputError(NotAQuestion(None, subject.declared.name, reason, tuple(known)))


def _counted(number: int) -> str:
    return {0: "no value", 1: "a number"}.get(number, f"{number} numbers")
