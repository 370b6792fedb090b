"""What is known of a declaration: facts with their verdicts, and what follows for the user's text."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Literal

from objc.analysis.decision import Decision, Verdict
from objc.errors import Diagnostic
from objc.source import Span

Kind = Literal[
    "range", "curvature", "smoothness", "kink", "influence", "domain", "constant", "claim", "asked",
    "objective", "found",
]  # fmt: skip
_LONGEST = 400
"""Characters beyond which a line of the report is cut short."""


@dataclass(frozen=True)
class Fact:
    """One statement with its verdict.

    The statement is about `property`, in the words of claims, and the inputs `of` it, all of them
    together; `value` is the rest of it, a constant or a qualifier, as exact text. The verdict is on the
    statement, and `argument` says how it was decided, or what was tried. `claimed` marks a claim of the
    user's text; one that `is_negated` claims that the statement does not hold, and `reply` is the verdict
    on that.
    """

    kind: Kind
    statement: str
    verdict: Verdict
    argument: str
    property: str
    of: tuple[str, ...] = ()
    value: str | None = None
    counterexample: str | None = None
    is_negated: bool = False
    claimed: bool = False
    span: Span | None = field(default=None, compare=False, repr=False)
    arguments: tuple[Any, ...] = field(default=(), compare=False, repr=False)

    def said(self) -> str:
        """What is claimed: the statement, or that it does not hold."""
        return f"not {self.statement}" if self.is_negated else self.statement

    def reply(self) -> tuple[Verdict, str]:
        """The verdict on what is claimed, and how it was decided."""
        own = Decision(self.verdict, self.argument)
        found = own.opposite if self.is_negated else own
        return found.verdict, found.argument

    def __str__(self) -> str:
        verdict, argument = self.reply()
        return f"{self.said()}: {verdict}, {argument}"

    def as_data(self) -> dict[str, Any]:
        """The form that `--json` prints. `claim` is what the text claims, with the verdict on that, and null
        where it claims nothing; all else is about the statement itself."""
        claim = {"text": self.said(), "negated": self.is_negated, "verdict": self.reply()[0]}
        return {
            "property": self.property,
            "of": list(self.of),
            "verdict": self.verdict,
            "value": self.value,
            "argument": self.argument,
            "counterexample": self.counterexample,
            "kind": self.kind,
            "statement": self.statement,
            "claimed": self.claimed,
            "claim": claim if self.claimed else None,
        }


@dataclass(frozen=True)
class Facts:
    """Everything found of one program: facts in the order of the report, errors and warnings.

    A property of the language of claims is asked for by its name, `facts.convex("score").verdict` or
    `facts.lipschitz("prediction", "delta")`: inputs first, then the value, by itself or as `value=`. Without
    a value the strongest statement that is found answers, `facts.lipschitz("prediction").value`.
    """

    program: str
    facts: tuple[Fact, ...]
    diagnostics: tuple[Diagnostic, ...] = ()
    ask: Callable[[str, tuple[str, ...], str | None], Fact] | None = field(
        default=None, compare=False, repr=False
    )

    def __iter__(self) -> Iterator[Fact]:
        return iter(self.facts)

    def __str__(self) -> str:
        return "\n".join([self.program, *(f"  {line}" for line in self.lines())])

    def __getattr__(self, name: str) -> Callable[..., Fact]:
        ask = None if name.startswith("_") else self.__dict__.get("ask")
        if ask is None:
            raise AttributeError(name)

        def asked(*given: str | float, value: str | float | None = None) -> Fact:
            return ask(name, tuple(map(str, given)), None if value is None else str(value))

        return asked

    def lines(self) -> list[str]:
        """The report: a line a fact, a long argument cut short (`as_data` has all of it)."""
        return [_shortened(str(one)) for one in self.shown()]

    def shown(self) -> list[Fact]:
        """The facts of the report, claims last. What is claimed too stands once, and what nobody claimed
        and nothing decided is left out."""
        claimed = {one.statement for one in self.facts if one.claimed}
        return [
            one
            for one in self.facts
            if one.claimed
            or (one.statement not in claimed and (one.verdict != "unknown" or one.kind == "kink"))
        ]

    @property
    def undecided(self) -> list[str]:
        """What nobody claimed, and nothing decided: properties together that are open in the same inputs."""
        shown = self.shown()
        open_in: dict[str, list[str]] = {}
        for one in self.facts:
            if one.verdict == "unknown" and one not in shown:
                open_in.setdefault(one.property, []).append(", ".join(one.of))
        together: dict[tuple[str, ...], list[str]] = {}
        for word, inputs in open_in.items():
            together.setdefault(tuple(dict.fromkeys(inputs)), []).append(word)
        return [_in_inputs(words, inputs) for inputs, words in together.items()]


def _in_inputs(words: list[str], inputs: tuple[str, ...]) -> str:
    """`lipschitz, smooth in x / y / x, y`."""
    where = f" in {' / '.join(inputs)}" if any(inputs) else ""
    return ", ".join(words) + where


def _shortened(line: str) -> str:
    if len(line) <= _LONGEST:
        return line
    return f"{line[:_LONGEST].rsplit(' ', 1)[0]} … (--json has all of it)"
