"""What is wrong with `gradient(f, x)` (E014x)."""

from __future__ import annotations

from dataclasses import dataclass

from objc.errors import Diagnostic


@dataclass(frozen=True)
class GradientOfNoFunction(Diagnostic):
    """`gradient` takes a function and a place; what stands first is no function.

        loss wrong(x: real[D]) = norm(gradient(a, x))
            where a = sum(x^2)

    Write it as a function of what the derivative is taken by: `a(v) = sum(v^2)` under `where`.
    """

    code = "E0138"
    text: str

    def title(self) -> str:
        return f"`{self.text}` is not a function, and `gradient` takes the derivative of one"

    def label(self) -> str:
        return "not a function"

    def help(self) -> str | None:
        return "define a function of one argument under `where`, `f(v) = …`, and write `gradient(f, x)`"


@dataclass(frozen=True)
class GradientOfSeveral(Diagnostic):
    """The function whose derivative is taken has more than one argument, or none.

        loss wrong(w: real[D] | x: real[D], y: real) = norm(gradient(fit, w))
            where fit(a, b) = (dot(a, x) - b)^2

    `gradient(f, x)` differentiates by the one argument of f. Hold the others in a function of one:
    `at(v) = fit(v, y)` under `where`, then `gradient(at, w)`.
    """

    code = "E0139"
    name: str
    parameters: tuple[str, ...]

    def title(self) -> str:
        number = len(self.parameters) or "no"
        plural = "" if len(self.parameters) == 1 else "s"
        return (
            f"`{self.name}` has {number} argument{plural}, and `gradient` takes a function of one"
        )

    def label(self) -> str:
        return f"a function of {', '.join(self.parameters)}" if self.parameters else "of nothing"

    def help(self) -> str | None:
        if not self.parameters:
            return None
        by, *others = self.parameters
        places = ", ".join([by, *("…" for _ in others)])
        return (
            f"hold the others: `g({by}) = {self.name}({places})` under `where`, with a value for "
            f"{_listed(others)} in place of …, and `gradient(g, …)`"
        )


def _listed(names: list[str]) -> str:
    return " and for ".join(f"`{name}`" for name in names)


@dataclass(frozen=True)
class GradientOfTensor(Diagnostic):
    """The function whose derivative is taken has a tensor for its value.

        loss wrong(x: real[D]) = norm(gradient(f, x))
            where f(v) = v^2

    The derivative of a scalar is a tensor like the argument; that of a tensor is a matrix. Take the
    derivative of one entry, `f(v) = (v^2)[0]`, or of a sum of entries.
    """

    code = "E0140"
    name: str
    shape: str

    def title(self) -> str:
        has = f"the value of `{self.name}` has the shape {self.shape}"
        return f"{has}, and `gradient` takes a scalar function"

    def label(self) -> str:
        return f"its value has the shape {self.shape} here"

    def help(self) -> str | None:
        return "differentiate one entry, a sum of them, or their product with a vector"


@dataclass(frozen=True)
class GradientAtNoReal(Diagnostic):
    """The place at which a derivative is taken is no real number: it has no neighbours.

    loss wrong(x: real[K] | label: index(K)) = gradient(f, label)
        where f(v) = v^2

    """

    code = "E0141"
    what: str

    def title(self) -> str:
        return (
            f"a derivative is taken at a real number or a tensor of them, and this is {self.what}"
        )

    def label(self) -> str:
        return self.what


@dataclass(frozen=True)
class GradientIsZero(Diagnostic):
    """A derivative that is zero wherever there is one: the function counts, compares or picks.

    loss wrong(x: real[K]) = norm(gradient(rank, x))
        where rank(v) = count[k](v[k] > v[0])

    """

    code = "E0142"
    name: str
    reason: str

    def title(self) -> str:
        return f"`{self.name}` has no derivative but zero: {self.reason}"

    def label(self) -> str:
        return "nothing to differentiate"

    def help(self) -> str | None:
        return "differentiate a smooth surrogate of it"
