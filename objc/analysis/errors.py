"""E0250 to E0269 and W0250 on: what the analyses find in a declaration that is well formed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from objc.errors import Diagnostic, Label, Severity
from objc.source import Span


@dataclass(frozen=True)
class OutsideDomain(Diagnostic):
    """A function is taken of something outside its domain, at inputs inside theirs.

        loss bad(p: real | y: probability) = -y * log(p)
        error[E0250]: `log` needs something positive, and `p` may be outside
          = note: a witness: p = -1

    The inputs of the note lie in the declared domains, and the result there is not a number: the
    witness was evaluated in 50 digits. Mend it by declaring the domain that is meant (`p: probability`,
    `scale: positive`, `hits: count(trials)`, `upper: interval(lower, inf)`, `theta: ordered[K]`), by a
    function that stays inside (`log(sigmoid(z))` instead of `log(p)`), or by a branch: `if p > 0 then
    log(p) else 0` evaluates the logarithm only where it exists.
    """

    code: ClassVar[str] = "E0250"

    argument: str
    witness: str
    function: str
    needs: str
    declared: str | None = None

    def title(self) -> str:
        function = self.function if self.function.startswith("a ") else f"`{self.function}`"
        return f"{function} needs something {self.needs}, and `{self.argument}` may be outside"

    def label(self) -> str:
        return "not a number for some inputs of the declared domains"

    def notes(self) -> Sequence[str]:
        return (f"a witness: {self.witness}",)

    def help(self) -> str | None:
        return _help(self.declared)


@dataclass(frozen=True)
class DividesByZero(Diagnostic):
    """Something is divided by what is zero inside the declared domains, changing sign there.

        loss ratio(a: real | b: real) = abs(a / b - 1)
        error[E0251]: `b` divides, and may be 0

    On both sides of the zero the quotient runs to infinities of opposite sign, so the loss has no
    sensible value there. A divisor that only touches zero at the edge of its range (a norm, a count, a
    probability) is not reported. Mend it by declaring the domain (`b: positive`) or by a branch.
    """

    code: ClassVar[str] = "E0251"

    argument: str
    witness: str
    declared: str | None = None

    def title(self) -> str:
        return f"`{self.argument}` divides, and may be 0"

    def label(self) -> str:
        return "infinite or not a number for some inputs of the declared domains"

    def notes(self) -> Sequence[str]:
        return (f"a witness: {self.witness}",)

    def help(self) -> str | None:
        return _help(self.declared)


def _help(declared: str | None) -> str:
    guard = "or guard the place with `if … then … else …`"
    if declared is None:
        return f"declare the domain that is meant, {guard}"
    return f"if that is meant, declare `{declared}`; {guard}"


@dataclass(frozen=True)
class ClaimRefuted(Diagnostic):
    """A claim of the text is false: there is a counterexample.

        loss bumpy(x: real) = x^4 - x^2
            claims convex in x
        error[E0260]: `bumpy` is not convex in x
          = note: a counterexample: …

    The counterexample lies in the declared domains and was confirmed in 50 digits. Take the claim out,
    claim what does hold (`not convex in x` is a claim too), or mend the formula.
    """

    code: ClassVar[str] = "E0260"

    loss: str
    claim: str
    reason: str

    def title(self) -> str:
        return f"the claim `{self.claim}` of `{self.loss}` is refuted"

    def label(self) -> str:
        return "this does not hold"

    def notes(self) -> Sequence[str]:
        return (self.reason,)


@dataclass(frozen=True)
class NoInfluence(Diagnostic):
    """The gradient with respect to an input that is learned through is zero everywhere.

        loss flat(score: real | label: sign) = [label * score <= 0]
        warning[W0250]: the gradient of `flat` in `score` is 0 everywhere

    Counting, comparing, `argmax`, `sign` and `stop_gradient` pass no gradient on. Training through this
    input changes nothing. Use a surrogate that has a slope (hinge, logistic), or declare a `metric`, or
    put the input behind the bar if it is data.
    """

    code: ClassVar[str] = "W0250"
    severity: ClassVar[Severity] = "warning"

    loss: str
    input: str

    def title(self) -> str:
        return f"the gradient of `{self.loss}` in `{self.input}` is 0 everywhere"

    def label(self) -> str:
        return "nothing is learned through this input"


@dataclass(frozen=True)
class UnusedInput(Diagnostic):
    """An input is declared and never read.

        loss shift(x: real | y: real; margin: real = 1) = (x - y)^2
        warning[W0251]: `margin` of `shift` is never used

    The caller has to give it, and it changes nothing. Take it out, or use it.
    """

    code: ClassVar[str] = "W0251"
    severity: ClassVar[Severity] = "warning"

    loss: str
    input: str

    def title(self) -> str:
        return f"`{self.input}` of `{self.loss}` is never used"

    def label(self) -> str:
        return "declared here"


@dataclass(frozen=True)
class ClaimsUndecided(Diagnostic):
    """Claims that could be neither proved nor refuted.

    Each of them is shown with what was tried. An undecided claim does no harm: the kernel is the same.
    It is a warning, so that nobody takes it for proved. `objc check --strict` makes it count.
    """

    code: ClassVar[str] = "W0252"
    severity: ClassVar[Severity] = "warning"

    loss: str
    claims: tuple[tuple[str, str, Span], ...]

    def title(self) -> str:
        if len(self.claims) == 1:
            return f"the claim `{self.claims[0][0]}` of `{self.loss}` is undecided"
        return f"{len(self.claims)} claims of `{self.loss}` are undecided"

    def label(self) -> str:
        return self.claims[0][1]

    def labels(self) -> Sequence[Label]:
        return tuple(Label(span, tried) for _, tried, span in self.claims[1:])
