"""The distribution of the target of which a loss is the negative logarithm of the density.

exp(−L), times a factor that only the target reaches, has to be of the family and to integrate over the
target to a constant that no prediction reaches. Families are recognized by their form in the target y:
normal by a quadratic, Laplace by a slope on each side of the location, Cauchy, Student and logistic by
their derivative, exponential families by L = A + y·B + c(y), in which A and B belong together.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import sympy

from objc.analysis.decision import Decision, proved, refuted, unknown
from objc.analysis.signs.elementary import is_positive, is_zero, parametrized, pieces, plain
from objc.analysis.statistics.normalizers import contradiction
from objc.analysis.subject import Subject
from objc.ir.program import Claim, Input

_BUT_FOR = "times what no prediction reaches"
_COUNTABLE = frozenset({"count"})
LABELS = {"binary": (1, 0), "sign": (1, -1)}


@dataclass(frozen=True)
class Density:
    """A loss of one scalar target, as a formula of it and of predictions."""

    subject: Subject
    target: Input
    value: Any

    @property
    def y(self) -> Any:
        return self.target.read()

    @property
    def predictions(self) -> list[Any]:
        return [one.read() for one in self.subject.program.inputs if one.is_differentiable]

    def is_free(self, expression: Any) -> bool:
        """Whether no prediction reaches an expression."""
        return all(is_zero(sympy.diff(expression, one)) for one in self.predictions)

    def is_positive(self, expression: Any) -> bool:
        names = tuple(one.tensor for one in self.predictions)
        forms = parametrized(self.subject.program, expression, names, self.value)
        return all(is_positive(expression.xreplace(form)) for form in forms)


def likelihood(subject: Subject, claim: Claim) -> Decision:
    family = claim.words[1]
    density = density_of(subject)
    if density is None:
        return unknown("a formula of one scalar target")
    prover = _FAMILIES.get(family)
    how = prover(density) if prover else None
    if how is not None:
        return proved(how)
    found = contradiction(density, family) or _of_another_family(density, family)
    return refuted(found) if found else unknown(f"the form of the {family} density in the target")


def _of_another_family(density: Density, family: str) -> str | None:
    """How a loss is known to be of a family that has no density in common with this one."""
    for other, prover in _FAMILIES.items():
        if frozenset((family, other)) in _OVERLAPPING or other == family:
            continue
        if (how := prover(density)) is not None:
            return f"it is of another family, {other.replace('_', ' ')}: {how}"
    return None


def density_of(subject: Subject) -> Density | None:
    data = [one for one in subject.program.inputs if one.role == "data"]
    scalars = all(not one.dimensions for one in subject.program.inputs)
    if len(data) != 1 or not scalars or len(subject.program.lets) != 1:
        return None
    return Density(subject, data[0], plain(subject.value))


# ------------------------------------------------------------------ real targets


def _gaussian(density: Density) -> str | None:
    found = quadratic(density)
    if found is None or not density.is_positive(found[0]):
        return None
    curve, tilt, here = found
    normalizer = tilt**2 / (4 * curve) - here - sympy.log(curve) / 2
    if not density.is_free(normalizer):
        return None
    mean, variance = sympy.simplify(-tilt / (2 * curve)), sympy.simplify(1 / (2 * curve))
    return _told(density, f"normal, of mean {mean} and variance {variance}", normalizer, sympy.pi)


def quadratic(density: Density) -> tuple[Any, Any, Any] | None:
    """A, B and C of a loss A·y² + B·y + C of a real target."""
    parts = pieces(density.value, density.subject.ranges)
    if density.target.domain.kind != "real" or parts is None or len(parts) != 1:
        return None
    value, y = sympy.expand(parts[0][1]), density.y
    curve = sympy.simplify(sympy.diff(value, y, 2) / 2)
    if curve.has(y):
        return None
    here = value.xreplace({y: sympy.Integer(0)})
    tilt = sympy.diff(value, y).xreplace({y: sympy.Integer(0)})
    return (curve, tilt, here) if is_zero(value - curve * y**2 - tilt * y - here) else None


def _told(density: Density, what: str, normalizer: Any, factor: Any = 1) -> str:
    """`normalizer` is its logarithm, up to half the logarithm of the factor."""
    total = sympy.simplify(sympy.exp(normalizer) * sympy.sqrt(factor))
    integral = "sums" if density.target.domain.kind in _COUNTABLE else "integrates"
    return f"exp(-loss) {integral} over {density.target.name} to {total}, and is {what}"


def _asymmetric_laplace(density: Density) -> str | None:
    return _two_exponentials(density, is_symmetric=False)


def _laplace(density: Density) -> str | None:
    return _two_exponentials(density, is_symmetric=True)


def _two_exponentials(density: Density, is_symmetric: bool) -> str | None:
    for q, (left, right), t in _beside(density):
        slopes = [sympy.simplify(sympy.diff(one, t)) for one in (left, right)]
        ends = [one.xreplace({t: sympy.Integer(0)}) for one in (left, right)]
        if any(one.has(t) or not density.is_positive(one) for one in slopes):
            continue
        if not is_zero(ends[0] - ends[1]) or (is_symmetric and not is_zero(slopes[0] - slopes[1])):
            continue
        normalizer = sympy.log(1 / slopes[0] + 1 / slopes[1]) - ends[0]
        if density.is_free(normalizer):
            name = "Laplace" if is_symmetric else "asymmetric Laplace"
            what = f"{name}, of location {q} and slopes {slopes[0]} and {slopes[1]}"
            return _told(density, what, normalizer)
    return None


def _beside(density: Density) -> Iterator[tuple[Any, tuple[Any, Any], Any]]:
    """The loss at targets t below and above a prediction, for every prediction that is a location."""
    if density.target.domain.kind != "real":
        return
    for q in density.predictions:
        t = sympy.Dummy("t", positive=True)
        sides = []
        for sign in (-1, 1):
            parts = pieces(
                density.value.xreplace({density.y: q + sign * t}), density.subject.ranges
            )
            if parts is not None and len(parts) == 1:
                sides.append(sympy.simplify(parts[0][1]))
        if len(sides) == 2:
            yield q, (sides[0], sides[1]), t


def _of_location(density: Density, name: str) -> str | None:
    """Cauchy, Student and logistic densities: by the derivative in the distance from the location."""
    for q, (left, right), t in _beside(density):
        if not is_zero(left - right):
            continue
        first = sympy.diff(right, t)
        second, fourth = (_at_zero(sympy.diff(right, t, order), t) for order in (2, 4))
        here = _at_zero(right, t)
        if second is None or fourth is None or here is None or not density.is_positive(second):
            continue
        found = _matched(density, name, first, (second, fourth), t)
        if found is None:
            continue
        what, logarithm = found
        if density.is_free(logarithm - here):
            return _told(density, f"{what}, of location {q}", logarithm - here)
    return None


def _at_zero(expression: Any, t: Any) -> Any:
    here = sympy.simplify(expression.subs(t, 0))
    return None if here.has(sympy.zoo, sympy.nan, sympy.oo) else here


def _matched(
    density: Density, name: str, first: Any, derivatives: tuple[Any, Any], t: Any
) -> tuple[str, Any] | None:
    """What the family's parameters are, with the logarithm of the integral."""
    second, fourth = derivatives
    if name == "logistic":
        scale = sympy.sqrt(1 / (2 * second))
        matches = is_zero((first - sympy.tanh(t / (2 * scale)) / scale).rewrite(sympy.exp))
        return (f"logistic, of scale {scale}", sympy.log(scale / 4)) if matches else None
    width = sympy.simplify(-fourth / (6 * second))
    if width == 0 or not density.is_positive(width):
        return None
    power = sympy.simplify(second / (2 * width))
    if not is_zero(first - 2 * power * width * t / (1 + width * t**2)):
        return None
    if name == "cauchy":
        scale = sympy.sqrt(1 / width)
        integral = sympy.log(sympy.pi * scale)
        return (f"Cauchy, of scale {scale}", integral) if power == 1 else None
    if not density.is_positive(2 * power - 1):
        return None
    half = sympy.Rational(1, 2)
    integral = (
        sympy.log(sympy.pi / width) / 2 + sympy.loggamma(power - half) - sympy.loggamma(power)
    )
    return f"Student's, of {sympy.simplify(2 * power - 1)} degrees of freedom", integral


# ------------------------------------------------------------------ exponential families


def _parts(density: Density) -> tuple[Any, Any, Any] | None:
    """A, B and the only prediction q of L = A + y·B + c(y)."""
    if len(density.predictions) != 1 or pieces(density.value) != [(sympy.true, density.value)]:
        return None
    (q,), y = density.predictions, density.y
    value = sympy.expand(density.value)
    own = sympy.diff(value, y)
    constant, rest = own.as_independent(q, as_Add=True)
    rate = sympy.simplify(rest + constant.as_independent(y, as_Add=True)[0])
    if rate.has(y):
        return None
    left = sympy.simplify(value - y * rate)
    rest_of_y = left.as_independent(q, as_Add=True)
    return (rest_of_y[1], rate, q) if not rest_of_y[1].has(y) else None


def _poisson(density: Density) -> str | None:
    found = _parts(density) if density.target.domain.kind == "count" else None
    if found is None:
        return None
    offset, rate, q = found
    growth = sympy.diff(sympy.exp(-rate), q)
    share = sympy.simplify(sympy.diff(offset, q) / growth) if growth != 0 else sympy.Integer(0)
    if share.has(q) or not density.is_positive(share):
        return None
    mean = sympy.simplify(share * sympy.exp(-rate))
    name = density.target.name
    return f"exp(-loss) / {name}! is Poisson's probability of mean {mean}, but for what {q} does not reach"


def _gamma_shape(density: Density) -> tuple[Any, Any] | None:
    found = _parts(density) if density.target.domain.kind == "positive" else None
    if found is None:
        return None
    offset, rate, q = found
    slope = sympy.diff(rate, q)
    if slope == 0 or not density.is_positive(rate):
        return None
    shape = sympy.simplify(-sympy.diff(offset, q) * rate / slope)
    return None if shape.has(q) or not density.is_positive(shape) else (shape, rate)


def _gamma(density: Density) -> str | None:
    found = _gamma_shape(density)
    if found is None:
        return None
    return f"exp(-loss) is a gamma density of shape {found[0]} and rate {found[1]}, {_BUT_FOR}"


def _exponential(density: Density) -> str | None:
    found = _gamma_shape(density)
    if found is None or found[0] != 1:
        return None
    return f"exp(-loss) is an exponential density of rate {found[1]}, {_BUT_FOR}"


def _tweedie(density: Density) -> str | None:
    found = _parts(density) if density.target.domain.kind == "nonnegative" else None
    if found is None:
        return None
    offset, rate, q = found
    slope = sympy.diff(rate, q)
    if slope == 0 or not density.is_positive(-slope):
        return None
    mean = sympy.simplify(-sympy.diff(offset, q) / slope)
    variance = sympy.simplify(-sympy.diff(mean, q) / slope)
    power = sympy.simplify(sympy.diff(variance, q) * mean / (variance * sympy.diff(mean, q)))
    inside = (mean, power - 1, 2 - power)
    if power.has(q) or not all(density.is_positive(one) for one in inside):
        return None
    return f"exp(-loss) is Tweedie's density of mean {mean} and power {power}, {_BUT_FOR}"


def _bernoulli(density: Density) -> str | None:
    labels = LABELS.get(density.target.domain.kind)
    if labels is None:
        return None
    values = [pieces(density.value.xreplace({density.y: sympy.Integer(one)})) for one in labels]
    if any(one is None or len(one) != 1 for one in values):
        return None
    total = sympy.Add(*(sympy.exp(-one[0][1]) for one in values if one))
    if not density.is_free(total):
        return None
    return f"exp(-loss) sums over the two outcomes to {sympy.simplify(total)}"


_FAMILIES: Mapping[str, Callable[[Density], str | None]] = {
    "gaussian": _gaussian,
    "laplace": _laplace,
    "asymmetric_laplace": _asymmetric_laplace,
    "cauchy": lambda density: _of_location(density, "cauchy"),
    "student": lambda density: _of_location(density, "student"),
    "logistic": lambda density: _of_location(density, "logistic"),
    "poisson": _poisson,
    "gamma": _gamma,
    "exponential": _exponential,
    "tweedie": _tweedie,
    "bernoulli": _bernoulli,
}

_OVERLAPPING = frozenset(
    map(
        frozenset,
        (
            ("laplace", "asymmetric_laplace"),
            ("cauchy", "student"),
            ("exponential", "gamma"),
            ("gamma", "tweedie"),
            ("poisson", "tweedie"),
            ("bernoulli", "categorical"),
            ("bernoulli", "logistic"),
            ("poisson", "negative_binomial"),
            ("exponential", "laplace"),
            ("exponential", "asymmetric_laplace"),
        ),
    )
)
"""Families that share densities, have a limit in common, or are of targets that may be both."""
