"""What is wrong with the way in which an objective combines its terms (E0210–E0212)."""

from __future__ import annotations

from dataclasses import dataclass

from objc.errors import Diagnostic, did_you_mean

SYMBOLIC = ("sum", "uncertainty")
"""Combinations that are a formula of the terms' values."""

OF_GRADIENTS = ("gradnorm", "pcgrad", "mgda", "pareto")
"""Combinations that act on the gradients of the terms."""


@dataclass(frozen=True)
class UnknownCombination(Diagnostic):
    """A way to combine terms that there is not.

        objective fit(p: real | y: real) =
            minimize
                near:  (p - y)^2
                small: p^2
            combine uncertainity

    `combine sum` adds the terms, with weights; `combine uncertainty` learns a weight for each.
    """

    code = "E0210"
    name: str

    def title(self) -> str:
        return f"terms can't be combined by `{self.name}`"

    def label(self) -> str:
        return f"there are {', '.join((*SYMBOLIC, *OF_GRADIENTS))}"

    def help(self) -> str | None:
        return did_you_mean(self.name, (*SYMBOLIC, *OF_GRADIENTS))


@dataclass(frozen=True)
class GradientCombination(Diagnostic):
    """A combination that is no formula of the terms: it acts on their gradients, step by step.

        objective fit(p: real | y: real) =
            minimize
                near:  (p - y)^2
                small: p^2
            combine pcgrad

    `gradnorm`, `pcgrad`, `mgda` and `pareto` choose a direction from the gradients of all terms, so they
    belong to the training loop, and are not compiled in this version. `combine sum` and
    `combine uncertainty` are formulas. What the others need is there: `kernel.term_gradients(…)` gives the
    gradient of each term from one run.
    """

    code = "E0211"
    name: str

    def title(self) -> str:
        return f"`combine {self.name}` can't be compiled: it acts on the gradients of the terms"

    def label(self) -> str:
        return "belongs to the training loop, and is not there in this version"

    def help(self) -> str | None:
        return (
            "write `combine sum` or `combine uncertainty`; `kernel.term_gradients(…)` gives the"
            " gradient of each term"
        )


@dataclass(frozen=True)
class NothingToWeigh(Diagnostic):
    """Learned weights for an objective without a term of an example.

        objective small(w: real[D] |) =
            minimize ridge: sum[d](w[d]^2) over parameters
            combine uncertainty

    `combine uncertainty` weighs the terms that belong to an example; a term `over parameters` is added as
    it is.
    """

    code = "E0212"

    def title(self) -> str:
        return "`combine uncertainty` has no term to weigh: all are over the parameters"

    def label(self) -> str:
        return "weighs terms of an example"

    def help(self) -> str | None:
        return "leave it out, or take `over parameters` from a term that belongs to an example"
