"""E0261, W0253, W0255: what is wrong with an objective as a whole."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from objc.errors import Diagnostic, Severity


@dataclass(frozen=True)
class RunsAway(Diagnostic):
    r"""An objective has no bound: training would follow a ray for ever.

        objective critic(| x: real[D]; learn w: real[D]) = maximize -sum[d](w[d])
        error[E0261]: `critic` runs to ∞
          = note: it tends to ∞ along w = [-t, -t], t → ∞, at x = [1, 2]

    The objective goes to -∞ (∞, if it is maximized) along this ray of what is learned: that was shown by
    a limit, at the data that are given. It does so for a mean over any data as well, as far as it isn't
    constant there: at all data that were drawn it goes that way or stays as it is, or it is concave (convex,
    if it is maximized) in what is learned whatever the data, which leaves no other bound. Something has to
    hold it: a penalty on the parameters, a declared domain that is bounded, a loss that is bounded below.
    """

    code: ClassVar[str] = "E0261"

    objective: str
    upward: bool
    ray: str
    why: str = ""

    def title(self) -> str:
        return f"`{self.objective}` runs to {'∞' if self.upward else '-∞'}"

    def label(self) -> str:
        return "nothing bounds this"

    def notes(self) -> Sequence[str]:
        return tuple(one for one in (self.ray, self.why) if one)

    def help(self) -> str | None:
        return "add a penalty (`… over parameters`), or declare the domain that is meant"


@dataclass(frozen=True)
class PlayerRunsAway(RunsAway):
    r"""What a player of a game minimizes has no bound in what it moves.

        game duel(a: real, b: real) =
            first  minimizes a * b - a^2 over a
            second minimizes b^2 - a * b over b
        warning[W0255]: `duel.first` runs to -∞
          = note: it tends to -∞ along a = t, t → ∞, at b = 1

    Whatever the others do, this player goes on for ever. That is meant where the scores come from a
    network that is held otherwise, as the critic of a Wasserstein GAN is by a penalty on its gradient;
    else something has to hold it: a penalty, or a declared domain that is bounded. What a player has
    learned (`learn`) along such a ray is an error, as in an objective.
    """

    code: ClassVar[str] = "W0255"
    severity: ClassVar[Severity] = "warning"

    def help(self) -> str | None:
        return "bound what the player moves, or the scores that come from its network"


@dataclass(frozen=True)
class UnreachedTerm(Diagnostic):
    """A term of an objective has no gradient in anything that is learned.

        objective fit(w: real | x: real, y: real) =
            minimize
                error: (w * x - y)^2
                scale: y^2
        warning[W0253]: nothing that is learned reaches the term `scale` of `fit`

    Its value is added and logged, and training does not change it: only data and hyperparameters reach
    it, or what is learned does so through comparisons, counts or `stop_gradient` alone. Take the term
    out, or write it of what it was meant for.
    """

    code: ClassVar[str] = "W0253"
    severity: ClassVar[Severity] = "warning"

    objective: str
    term: str

    def title(self) -> str:
        return f"nothing that is learned reaches the term `{self.term}` of `{self.objective}`"

    def label(self) -> str:
        return "its gradient is 0 everywhere"
