"""What a prover answers."""

from __future__ import annotations

from dataclasses import dataclass

from objc.analysis.facts import Verdict


@dataclass(frozen=True)
class Decision:
    """A verdict with its argument, and the counterexample where there is one."""

    verdict: Verdict
    argument: str
    counterexample: str | None = None

    @property
    def is_proof(self) -> bool:
        return self.verdict == "proved"


def proved(argument: str) -> Decision:
    return Decision("proved", argument)


def refuted(counterexample: str) -> Decision:
    return Decision("refuted", f"a counterexample: {counterexample}", counterexample)


def unknown(tried: str) -> Decision:
    return Decision("unknown", f"tried: {tried}")
