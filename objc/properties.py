"""The properties that can be claimed of a declaration: one row each, from its words to what decides it.

A prover is named by its place below `objc.analysis`, `module:function`, and takes a subject and a claim.
It returns a decision, or None where it has nothing to say. They are tried in the order given, what is
cheap first; what proves and what refutes stand side by side.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Property:
    """What a property takes: numbers, one of some qualifying words (each with its own numbers), a metric,
    names after `in` (at least so many; none where `least` is None); and its provers.

    A property of each input holds of several if it holds of each. One that `transforms` is not asked of a
    formula that is too long to be transformed as a whole.
    """

    provers: tuple[str, ...]
    numbers: int = 0
    qualifiers: Mapping[str, int] | None = None
    metric: bool = False
    least: int | None = None
    of_each: bool = False
    transforms: bool = False

    @property
    def stands_alone(self) -> bool:
        """Whether its name is all that is written of it."""
        takes = self.numbers or self.qualifiers or self.metric
        return self.least is None and not takes


def _in(module: str, *functions: str) -> tuple[str, ...]:
    return tuple(f"{module}:{one}" for one in functions)


_STATISTICS = {"mean": 0, "median": 0, "quantile": 1, "expectile": 1, "mode": 0, "log_odds": 0,
               "ratio": 0}  # fmt: skip
_DISTRIBUTIONS = dict.fromkeys(
    (
        "gaussian", "laplace", "bernoulli", "categorical", "poisson", "gamma", "exponential",
        "tweedie", "cauchy", "student", "logistic", "negative_binomial", "beta",
        "asymmetric_laplace",
    ),
    0,
)  # fmt: skip
_BOUNDS = (
    *_in("shape.bounds", "interval_arithmetic", "divergence", "f_divergence", "pieces_on_the_line"),
    *_in("shape.bounds", "signs_of_the_terms", "drawn_inputs"),
)
_CURVATURE = _in(
    "shape.convexity",
    "composition", "drawn_chords", "second_derivative", "f_divergence", "structure_of_the_hessian",
    "second_derivative_on_its_line", "least_second_derivative",
)  # fmt: skip

PROPERTIES: Mapping[str, Property] = {
    "convex": Property(_CURVATURE, least=1),
    "concave": Property(_CURVATURE, least=1),
    "affine": Property(_in("shape.convexity", "composition", "convex_and_concave"), least=1),
    "strictly_convex": Property(
        _in(
            "shape.strictness",
            "second_derivative",
            "structure_of_the_hessian",
            "second_derivative_on_its_line",
            "drawn_chords",
            "least_second_derivative",
        ),
        least=1,
    ),
    "strongly_convex": Property(
        _in("shape.strictness", "second_derivative", "structure_of_the_hessian", "drawn_chords"),
        numbers=1,
        least=1,
    ),
    "quasiconvex": Property(
        _in("shape.convexity", "convexity", "one_descent_one_ascent", "drawn_chords"), least=1
    ),
    "lipschitz": Property(
        _in(
            "shape.steepness",
            "derivative",
            "length_of_the_gradient",
            "extremes_of_the_derivative",
            "derivative_on_its_line",
            "drawn_slopes",
            "greater_extremes",
            "jumps",
        ),
        numbers=1,
        least=1,
    ),
    "smooth": Property(
        _in(
            "shape.steepness",
            "derivative",
            "structure_of_the_hessian",
            "extremes_of_the_derivative",
            "derivative_on_its_line",
            "drawn_slopes",
            "greater_extremes",
            "jumps",
        ),
        numbers=1,
        least=1,
    ),
    "robust": Property(
        _in("shape.robustness", "bounded_derivative", "lipschitz_constant", "finite_extremes"),
        least=1,
        of_each=True,
    ),
    "differentiable": Property(
        _in("shape.differentiability", "no_kinks", "pieces_on_the_line", "kinks"),
        numbers=1,
        least=1,
        of_each=True,
    ),
    "bounded": Property(_BOUNDS, numbers=2),
    "nonnegative": Property(_BOUNDS),
    "symmetric": Property(
        _in("shape.symmetry", "same_formula", "same_formulas", "drawn_inputs"), least=2
    ),
    "divergence": Property(_in("statistics.divergences", "divergence"), least=2, transforms=True),
    "invariant": Property(
        _in("shape.invariance", "moves", "drawn_moves"),
        qualifiers={"shift": 0, "scale": 0, "permutation": 0},
        least=1,
        transforms=True,
    ),
    "bounds": Property(_in("statistics.calibration", "bounds"), metric=True, transforms=True),
    "calibrated": Property(
        _in("statistics.calibration", "calibrated"), metric=True, transforms=True
    ),
    "proper": Property(_in("statistics.propriety", "proper"), transforms=True),
    "strictly_proper": Property(_in("statistics.propriety", "strictly_proper"), transforms=True),
    "estimates": Property(
        _in("statistics.elicitation", "estimates"), qualifiers=_STATISTICS, transforms=True
    ),
    "likelihood": Property(
        _in("statistics.likelihoods", "likelihood"), qualifiers=_DISTRIBUTIONS, transforms=True
    ),
}
