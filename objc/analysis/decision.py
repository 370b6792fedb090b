"""What a prover answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

Verdict = Literal["proved", "refuted", "unknown"]


@dataclass(frozen=True)
class Violation:
    """A counterexample in words, and the places at which the values contradict a claim: the two ends of a
    chord and its midpoint, the two ends of a slope, one place that is out of bounds."""

    text: str
    places: tuple[Mapping[str, Any], ...]


@dataclass(frozen=True)
class Decision:
    """A verdict with its argument, and the counterexample where there is one."""

    verdict: Verdict
    argument: str
    counterexample: str | None = None
    places: tuple[Mapping[str, Any], ...] = ()

    @property
    def is_proof(self) -> bool:
        return self.verdict == "proved"

    @property
    def opposite(self) -> Decision:
        """The decision on the claim that it does not hold."""
        if self.verdict == "unknown":
            return self
        if self.verdict == "refuted":
            return Decision("proved", f"by {self.argument}", self.counterexample, self.places)
        return Decision("refuted", f"the opposite is proved, {self.argument}")


def proved(argument: str) -> Decision:
    return Decision("proved", argument)


def refuted(counterexample: str | Violation) -> Decision:
    found = (
        counterexample if isinstance(counterexample, Violation) else Violation(counterexample, ())
    )
    return Decision("refuted", f"a counterexample: {found.text}", found.text, found.places)


def unknown(tried: str) -> Decision:
    return Decision("unknown", f"tried: {tried}")
