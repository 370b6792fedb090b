"""What is known of a declaration: facts with their verdicts, and what follows for the user's text."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Literal

from objc.errors import Diagnostic
from objc.source import Span

Verdict = Literal["proved", "refuted", "unknown"]
Kind = Literal[
    "range", "curvature", "smoothness", "kink", "influence", "domain", "claim"
]  # fmt: skip


@dataclass(frozen=True)
class Fact:
    """One statement with its verdict.

    `argument` says how it was decided, or what was tried. `claimed` marks a claim of the user's text.
    `input` is the input that the statement is about, where it is about one.
    """

    kind: Kind
    statement: str
    verdict: Verdict
    argument: str
    input: str | None = None
    claimed: bool = False
    span: Span | None = field(default=None, compare=False, repr=False)

    def __str__(self) -> str:
        return f"{self.statement}: {self.verdict}, {self.argument}"

    def as_data(self) -> dict[str, Any]:
        """The form that `--json` prints."""
        return {
            "kind": self.kind,
            "statement": self.statement,
            "verdict": self.verdict,
            "argument": self.argument,
            "input": self.input,
            "claimed": self.claimed,
        }


@dataclass(frozen=True)
class Facts:
    """Everything found of one program: facts in the order of the report, errors and warnings."""

    program: str
    facts: tuple[Fact, ...]
    diagnostics: tuple[Diagnostic, ...] = ()

    def __iter__(self) -> Iterator[Fact]:
        return iter(self.facts)

    def lines(self) -> list[str]:
        """The report: a line a fact, claims last. What is claimed too stands once, and what nobody
        claimed and nothing decided is left out."""
        claimed = {one.statement for one in self.facts if one.claimed}
        return [
            str(one)
            for one in self.facts
            if one.claimed
            or (one.statement not in claimed and (one.verdict != "unknown" or one.kind == "kink"))
        ]
