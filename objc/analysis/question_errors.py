"""E0268: questions about facts that can't be answered."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from objc.errors import Diagnostic


@dataclass(frozen=True)
class NotAQuestion(Diagnostic):
    """A fact was asked for that no claim could state.

        kernel.facts.convex("scores")
        error[E0268]: hinge: there is no input `scores`
          = help: one of score, label

    `kernel.facts` answers about the properties that claims are made of, and takes what they take: the
    names of inputs, and a value where there is one (`facts.lipschitz("score", value=1)`,
    `facts.estimates(value="quantile tau")`, `facts.calibrated(value="zero_one")`). Numbers and
    hyperparameters by name are values; a metric is one that the text makes a claim about.
    """

    code: ClassVar[str] = "E0268"

    loss: str
    reason: str
    known: tuple[str, ...]

    def title(self) -> str:
        return f"{self.loss}: {self.reason}"

    def help(self) -> str | None:
        return f"one of {', '.join(self.known)}" if self.known else None
