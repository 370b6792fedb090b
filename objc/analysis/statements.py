"""Claims and what was decided of them, as facts; and the questions of those who ask for a fact."""

from __future__ import annotations

from typing import Any

import sympy

from objc.analysis.claims import decide
from objc.analysis.decision import Decision
from objc.analysis.facts import Fact, Kind
from objc.analysis.question_errors import NotAQuestion
from objc.analysis.subject import Subject
from objc.errors import InputError
from objc.ir.program import Claim
from objc.ir.symbols import Expression
from objc.ir.text import Text
from objc.properties import PROPERTIES


def fact_of(subject: Subject, claim: Claim, kind: Kind, decision: Decision | None = None) -> Fact:
    """A claim, as it stands in the text or as asked for, with its verdict."""
    found = decision or decide(subject, claim)
    return Fact(
        kind,
        _words(claim, subject),
        found.verdict,
        found.argument,
        claim.words[0],
        claim.inputs,
        _value(claim, subject),
        found.counterexample,
        claim.negated,
        kind == "claim",
        claim.span,
    )


def stated(word: str, *inputs: str, arguments: tuple[Any, ...] = ()) -> Claim:
    """A claim that stands in no text."""
    return Claim(False, (word,), arguments, None, inputs)


def _value(claim: Claim, subject: Subject) -> str | None:
    text = Text(subject.program)
    numbers = [text.scalar(one).text for one in claim.arguments]
    if len(numbers) > 1:
        numbers = [f"({one})" if " " in one else one for one in numbers]
    parts = [*claim.words[1:], *numbers]
    return " ".join(parts + ([claim.subject] if claim.subject else [])) or None


def _words(claim: Claim, subject: Subject) -> str:
    """A claim as it was written."""
    if claim.span is not None:
        return " ".join(claim.span.text.split())
    value = _value(claim, subject)
    word = "calibrated for" if claim.words[0] == "calibrated" else claim.words[0]
    words = ["not"] * claim.negated + [word] + ([value] if value else [])
    return " ".join(words) + (f" in {', '.join(claim.inputs)}" if claim.inputs else "")


# ------------------------------------------------------------------ questions


def answer(subject: Subject, word: str, inputs: tuple[str, ...], value: str | None) -> Fact:
    """The fact on a property of some inputs (by default of all that are differentiable, jointly).

    Raises:
        InputError: there is no such property or input, or the value isn't what it takes.
    """
    declared = subject.declared
    if word not in PROPERTIES:
        raise _refused(subject, f"there is no property `{word}`", sorted(PROPERTIES))
    for one in inputs:
        if one not in declared.input:
            raise _refused(subject, f"there is no input `{one}`", list(declared.input))
    if not inputs and PROPERTIES[word].least is not None:
        inputs = tuple(one.name for one in declared.differentiable)
    return fact_of(subject, _claim(subject, word, inputs, (value or "").split()), "asked")


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
            reason = f"`{word}` takes a value: facts.{word}(value=…)"
            raise _refused(subject, reason, list(row.qualifiers))
        wanted = row.qualifiers.get(parts[0], 0)
        words, parts = (word, parts[0]), parts[1:]
    if len(parts) != wanted:
        reason = f"`{' '.join(words)}` takes {_counted(wanted)}, and is given {len(parts)}"
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
        raise _refused(subject, reason, list(known)) from None


def _refused(subject: Subject, reason: str, known: list[str]) -> InputError:
    return InputError(NotAQuestion(None, subject.declared.name, reason, tuple(known)))


def _counted(number: int) -> str:
    return {0: "no value", 1: "a number"}.get(number, f"{number} numbers")
