"""How a likelihood is refuted: two predictions whose losses differ by what no two densities of the family
do, or densities of the right form whose integrals no factor of the target makes the same.

The logarithms of two densities of a family differ by a function of the target from a space that is known:
a polynomial for the normal, 1, y and log y for the gamma; two lines' ends for Laplace, a quotient of
quadratic functions for Cauchy. Determinants over a few targets tell that a difference is not in it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from fractions import Fraction
from typing import TYPE_CHECKING, Any, TypeAlias

import mpmath
import sympy

from objc.analysis.statistics.risks import Risk, risks
from objc.analysis.values.evaluation import PRECISION, is_finite
from objc.ir.domain import number_of

if TYPE_CHECKING:
    from objc.analysis.statistics.likelihoods import Density

_Row: TypeAlias = "Callable[[Any, Any], list[Any]]"
"""From a target and the difference of two losses there to the functions that have to be dependent."""

_PLACES = (0, 1, 2, -1, 3)
_TARGETS = (1, 2, 3, 5, 8, 13, 21)
_REAL_TARGETS = (-5, Fraction(1, 2), 3, -2, 8, Fraction(1, 4), -13)
_INTERVALS = tuple(range(-9, 15, 3))
_SMALL = mpmath.mpf("1e-20")

_ROWS: Mapping[str, _Row] = {
    "gaussian": lambda y, d: [1, y, y**2, d],
    "poisson": lambda y, d: [1, y, d],
    "exponential": lambda y, d: [1, y, d],
    "tweedie": lambda y, d: [1, y, d],
    "gamma": lambda y, d: [1, y, mpmath.log(y), d],
    "cauchy": lambda y, d: [one * part for part in (1, mpmath.exp(d)) for one in (1, y, y**2)],
}
_OF_REAL_TARGETS = frozenset({"gaussian", "cauchy"})
_FORMS = {
    "gaussian": "no polynomial of degree 2 in {0}", "poisson": "no line in {0}",
    "exponential": "no line in {0}", "tweedie": "no line in {0}",
    "gamma": "no sum of multiples of 1, {0} and log({0})",
    "cauchy": "not the logarithm of a quotient of two quadratic functions of {0}",
}  # fmt: skip


def contradiction(density: Density, family: str) -> str | None:
    """Why a loss is no likelihood of a family, where that is found."""
    with mpmath.workdps(PRECISION):
        for risk in _risks(density):
            prediction = density.subject.program.input[risk.prediction]
            low, high = prediction.domain.bounds
            places = [one for one in _PLACES if low < one < high]
            found = _by_difference(density, risk, places, family)
            if found is None and family in ("laplace", "asymmetric_laplace"):
                found = _by_bends(density, risk, places)
            if found is None and family == "bernoulli":
                found = _by_sums(density, risk, places)
            if found is not None:
                return found
        return _by_normalizer(density) if family == "gaussian" else None


def _risks(density: Density) -> Iterator[Risk]:
    """The loss as one of each prediction, and of the target."""
    program = density.subject.program
    for one in density.predictions:
        if len(density.predictions) == 1:
            yield from risks(density.subject, program.input[one.tensor], density.target)


def _by_difference(density: Density, risk: Risk, places: Sequence[int], family: str) -> str | None:
    is_real = density.target.domain.kind == "real"
    if family not in _ROWS or len(places) < 2 or is_real != (family in _OF_REAL_TARGETS):
        return None
    row = _ROWS[family]
    size = len(row(mpmath.mpf(1), mpmath.mpf(0)))
    rows = []
    targets = _REAL_TARGETS if is_real else _TARGETS
    for target in targets[:size]:
        difference = _difference(risk, places, target)
        if difference is None:
            return None
        rows.append(row(mpmath.mpf(target.numerator) / target.denominator, difference))
    if not _is_regular(rows):
        return None
    form = _FORMS[family].format(density.target.name)
    return f"{_less(risk, places)} is {form}"


def _difference(risk: Risk, places: Sequence[int], target: int | Fraction) -> Any:
    values = [risk.loss(place, target) for place in places[:2]]
    if any(one is None or not is_finite(one) for one in values):
        return None
    return values[0] - values[1]


def _less(risk: Risk, places: Sequence[int]) -> str:
    return f"the loss at {risk.prediction} = {places[0]} less that at {places[1]}"


def _is_regular(rows: Sequence[Sequence[Any]]) -> bool:
    """Whether a determinant is away from zero, by the size of its rows."""
    scale = mpmath.mpf(1)
    for row in rows:
        scale *= max(map(abs, row))
    return bool(abs(_determinant([list(row) for row in rows])) > _SMALL * scale)


def _determinant(rows: list[list[Any]]) -> Any:
    """By elimination, with the greatest entry of a column as its pivot."""
    found = mpmath.mpf(1)
    for column in range(len(rows)):
        below = max(range(column, len(rows)), key=lambda k: abs(rows[k][column]))
        if rows[below][column] == 0:
            return mpmath.mpf(0)
        if below != column:
            rows[column], rows[below] = rows[below], rows[column]
            found = -found
        pivot = rows[column][column]
        found *= pivot
        for k in range(column + 1, len(rows)):
            share = rows[k][column] / pivot
            rows[k] = [a - share * b for a, b in zip(rows[k], rows[column], strict=True)]
    return found


def _by_bends(density: Density, risk: Risk, places: Sequence[int]) -> str | None:
    """The difference of two losses with one corner each is a line on all but two of any intervals that
    have no inner point in common."""
    from objc.analysis.statistics.likelihoods import quadratic

    if density.target.domain.kind != "real" or len(places) < 2:
        return None
    if quadratic(density) is not None:
        ends = [_difference(risk, places, target) for target in (0, 1)]
        if None not in ends and abs(ends[0] - ends[1]) > _SMALL:
            return (
                f"{_less(risk, places)} is a polynomial in {density.target.name}, without a corner"
            )
    bent = 0
    for start in _INTERVALS:
        values = [_difference(risk, places, start + step) for step in (0, 1, 2)]
        if None in values:
            return None
        bend = values[0] - 2 * values[1] + values[2]
        bent += bool(abs(bend) > _SMALL * (1 + max(map(abs, values))))
    if bent < 3:
        return None
    return f"{_less(risk, places)} bends on more than two intervals of {density.target.name}"


def _by_sums(density: Density, risk: Risk, places: Sequence[int]) -> str | None:
    """For two outcomes, three predictions of which no factors of the target bring exp(−loss) to one sum."""
    from objc.analysis.statistics.likelihoods import LABELS

    labels = LABELS.get(density.target.domain.kind)
    if labels is None or len(places) < 3:
        return None
    rows = []
    for place in places[:3]:
        values = [risk.loss(place, label) for label in labels]
        if any(one is None or not is_finite(one) for one in values):
            return None
        rows.append([*(mpmath.exp(-one) for one in values), mpmath.mpf(1)])
    if not _is_regular(rows):
        return None
    return (
        f"no factors of the two outcomes make exp(-loss) sum to 1 at all of {risk.prediction} ="
        f" {', '.join(map(str, places[:3]))}"
    )


# ------------------------------------------------------------------ the normal distribution


def _by_normalizer(density: Density) -> str | None:
    """A loss A·y² + B·y + C, times exp(−a·y² − b·y) at most, for which no a and b make the integral of
    exp(−loss) the same at all predictions.

    Where predictions leave A as it is, (B + b)² − 4(A + a)C has to be constant: linear equations in b, a
    and the constant. What they leave is tried where A is another.
    """
    from objc.analysis.statistics.likelihoods import quadratic

    found = quadratic(density)
    values = _defaults(density)
    if found is None or values is None:
        return None
    for one in density.predictions:
        # Predictions that move the location: A does not know them.
        if found[0].has(one):
            continue
        told = _no_factor(density, found, one, values)
        if told is not None:
            return told
    return None


def _defaults(density: Density) -> dict[Any, Any] | None:
    values = {}
    for one in density.subject.program.inputs:
        if one.role == "hyperparameter":
            known = None if one.default is None else number_of(one.default, {}, {})
            if known is None:
                return None
            values[one.read()] = sympy.Rational(str(known))
    return values


def _no_factor(density: Density, found: Any, moving: Any, values: Mapping[Any, Any]) -> str | None:
    others = [one for one in density.predictions if one != moving]
    at_first = {**values, **{one: sympy.Integer(1) for one in others}}
    domain = density.subject.program.input[moving.tensor].domain
    places = (-2, 1, 2, 5) if domain.kind == "real" else (1, 2, 3, 5)
    tried = (_row(found, {**at_first, moving: sympy.Integer(k)}) for k in places)
    rows = [row for row in tried if row is not None]
    if len(rows) < 4:
        return None
    name = moving.tensor
    if _is_regular(rows):
        return (
            "no factor of the target makes exp(-loss) integrate to the same at"
            f" {name} = {', '.join(map(str, places))}{_and(others)}"
        )
    system = mpmath.matrix([row[1:] for row in rows[:3]])
    if not _is_regular([row[1:] for row in rows[:3]]):
        return None
    b, a, _ = mpmath.lu_solve(system, mpmath.matrix([-row[0] for row in rows[:3]]))
    for other in others:
        if not found[0].has(other):
            continue
        sides = [
            _logarithm(found, {**at_first, moving: sympy.Integer(1), other: sympy.Integer(k)}, a, b)
            for k in (1, 2)
        ]
        if None not in sides and abs(sides[0] - sides[1]) > mpmath.mpf("1e-15"):
            return (
                f"exp(-loss) integrates to different values at {other.tensor} = 1 and 2, and no factor of the"
                f" target mends that for all of {name}"
            )
    return None


def _row(found: Any, values: Mapping[Any, Any]) -> list[Any] | None:
    numbers = [_number(one, values) for one in found]
    if any(one is None for one in numbers):
        return None
    curve, tilt, here = numbers
    return [tilt**2 - 4 * curve * here, 2 * tilt, -4 * here, mpmath.mpf(1)]


def _logarithm(found: Any, values: Mapping[Any, Any], a: Any, b: Any) -> Any:
    """The logarithm of the integral, with the factor exp(−a·y² − b·y), less log √π."""
    numbers = [_number(one, values) for one in found]
    if any(one is None for one in numbers):
        return None
    curve, tilt, here = numbers
    if curve + a <= 0:
        return None
    return (tilt + b) ** 2 / (4 * (curve + a)) - here - mpmath.log(curve + a) / 2


def _number(expression: Any, values: Mapping[Any, Any]) -> Any:
    value = sympy.sympify(expression).xreplace(values)
    if not value.is_number:
        return None
    number = sympy.N(value, PRECISION)
    return mpmath.mpf(str(number)) if number.is_real and number.is_finite else None


def _and(others: Sequence[Any]) -> str:
    return "".join(f", {one.tensor} = 1" for one in others)
