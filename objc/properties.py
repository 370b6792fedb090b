"""The properties that can be claimed of a declaration: one row each, from its words to what decides it.

A prover is named by its place below `objc.analysis`, `module:function`, and takes a subject and a claim.
It returns a decision, or None where it has nothing to say. They are tried in the order given, what is
cheap first; what proves and what refutes stand side by side.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Property:
    """What a property takes: numbers, one of some qualifying words (each with its own numbers), a metric,
    names after `in` (at least so many; none where `least` is None); and its provers.

    Its `lens` is what `objc check --why` looks at the parts of a formula through.

    `is_sought` says that it is looked for where nobody claims it. Where it takes numbers, `candidates` is a
    function of a subject, the property and inputs that gives the statements to try, the strongest first.
    Where it `is_quiet`, it is not listed among what was left undecided: of most declarations it says nothing.

    `impossible` is a function of the same that refutes it for all numbers.

    It is looked for in each input alone (in numbers only, where it is `of_scalars`) and in all of them,
    `with_data` also in these and the data together, but where something that is known implies it.

    A property of each input holds of several if it holds of each. One that `transforms` is not asked of a
    formula that is too long to be transformed as a whole.
    """

    provers: tuple[str, ...]
    numbers: int = 0
    qualifiers: Mapping[str, int] | None = None
    metric: bool = False
    least: int | None = None
    lens: Literal[
        "", "curvature", "range", "slope", "derivative", "limits", "moves", "exchange"
    ] = ""
    candidates: str | None = None
    is_sought: bool = False
    is_quiet: bool = False
    impossible: str | None = None
    of_scalars: bool = False
    with_data: bool = False
    implied_by: tuple[str, ...] = ()
    of_each: bool = False
    transforms: bool = False

    @property
    def stands_alone(self) -> bool:
        """Whether its name is all that is written of it."""
        takes = self.numbers or self.qualifiers or self.metric
        return self.least is None and not takes

    def form(self, words: Sequence[str]) -> str:
        """How a claim of it is written that begins with these words: `lipschitz NUMBER in INPUT`."""
        numbers = self.numbers
        said = list(words[:1])
        if self.qualifiers is not None:
            known = words[1] if len(words) > 1 and words[1] in self.qualifiers else None
            said.append(known or "|".join(self.qualifiers))
            numbers = self.qualifiers[known] if known else 0
        said += ["NUMBER"] * numbers
        if self.metric:
            said += [*(["for"] if words[0] == "calibrated" else []), "METRIC"]
        if self.least is not None:
            said.append("in INPUT" + ", INPUT" * (self.least - 1))
        return " ".join(said)


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
    *_in("statistics.contrast", "own_part_of_the_sum"),
    *_in(
        "bounds.direct", "interval_arithmetic", "divergence", "f_divergence", "pieces_on_the_line"
    ),
    *_in("bounds.direct", "signs_of_the_terms"),
    *_in("bounds.sums", "difference_as_one_sum"),
    *_in("bounds.nonempty", "something_is_there"),
    *_in("bounds.gibbs", "gibbs_inequality"),
    *_in("bounds.products", "cauchy_schwarz"),
    *_in("bounds.members", "member_of_a_sum"),
    *_in("bounds.averages", "means_and_extremes"),
    *_in("bounds.paths", "path_through_a_chain"),
    *_in("bounds.kernels", "means_in_the_space_of_a_kernel"),
    *_in("bounds.rearrangement", "gains_over_the_best"),
    *_in("bounds.differences", "function_of_a_difference"),
    *_in("bounds.equality", "least_at_equality"),
    *_in("bounds.direct", "drawn_inputs", "limits_of_the_value"),
    *_in("bounds.apart", "distributions_apart"),
    *_in("bounds.direct", "each_end"),
    *_in("shape.limits", "limit_of_hyperparameters"),
)
_CURVATURE = (
    *_in("shape.convexity", "composition", "drawn_chords"),
    *_in("hessians.bending", "wrong_directions"),
    *_in("shape.convexity", "second_derivative", "f_divergence"),
    *_in("shape.convexity", "structure_of_the_hessian", "second_derivative_on_its_line"),
    *_in("hessians.composition", "parts_by_their_hessians"),
    *_in("hessians.ranks", "diagonal_and_low_rank"),
    *_in("objectives.models", "affine_model"),
    *_in("objectives.terms", "each_term"),
    *_in("shape.convexity", "broken_seams", "least_second_derivative"),
    *_in("shape.limits", "limit_of_hyperparameters"),
)
_PROPRIETY = (
    *_in("statistics.distributions", "by_its_entries"),
    *_in("statistics.entropies", "by_its_entropy"),
    *_in("statistics.distributions", "at_drawn_shares"),
    *_in("statistics.links", "by_another_link"),
)


def _bounded(of_vectors: str, of_numbers: str) -> Property:
    """A bound on the first derivative, or the second, with its provers of vectors and of several numbers."""
    return Property(
        (
            *_in("shape.steepness", "short_derivative", "extremes_of_the_derivative"),
            *_in("shape.steepness", "derivative", of_vectors, "ends_of_the_data"),
            *_in("shape.steepness", "lengths_in_each"),
            *_in("hessians.strictness", of_numbers),
            *_in("shape.steepness", "derivative_on_its_line"),
            *_in("shape.steepness", "drawn_slopes", "greater_extremes", "jumps"),
            *_in("shape.differences", "steep_at_an_end", "second_differences"),
            *_in("shape.limits", "limit_of_hyperparameters"),
        ),
        numbers=1,
        candidates="shape.constants:steepest",
        is_sought=True,
        impossible="shape.constants:no_bound",
        least=1,
        lens="slope",
    )


PROPERTIES: Mapping[str, Property] = {
    "convex": Property(_CURVATURE, least=1, lens="curvature"),
    "concave": Property(_CURVATURE, least=1, lens="curvature"),
    "affine": Property(
        _in("shape.convexity", "composition", "convex_and_concave"), least=1, lens="curvature"
    ),
    "strictly_convex": Property(
        (
            *_in("shape.strictness", "second_derivative", "convexity", "structure_of_the_hessian"),
            *_in("shape.alone", "in_one_alone"),
            *_in("shape.strictness", "flat_directions", "chords_that_are_met"),
            *_in("shape.strictness", "second_derivative_on_its_line", "pieces_on_the_line"),
            *_in("shape.strictness", "drawn_chords"),
            *_in("hessians.strictness", "leading_minors"),
            *_in("shape.strictness", "least_second_derivative"),
        ),
        is_sought=True,
        least=1,
        lens="curvature",
    ),
    "quasiconvex": Property(
        (
            *_in("shape.alone", "in_one_alone"),
            *_in("shape.convexity", "convexity", "one_descent_one_ascent", "drawn_chords"),
            *_in("shape.convexity", "one_turn_on_its_line", "broken_seams"),
        ),
        implied_by=("convex", "strictly_convex", "strongly_convex"),
        is_sought=True,
        least=1,
        lens="curvature",
    ),
    "lipschitz": _bounded("length_of_the_gradient", "gradient_in_all_numbers"),
    "smooth": _bounded("structure_of_the_hessian", "between_two_squares"),
    "robust": Property(
        _in(
            "shape.robustness",
            "bounded_derivative",
            "lipschitz_constant",
            "finite_extremes",
            "unbounded_slope",
            "constant_that_is_found",
        ),
        implied_by=("lipschitz",),
        is_sought=True,
        least=1,
        lens="slope",
        of_each=True,
    ),
    "differentiable": Property(
        _in(
            "shape.differentiability",
            "no_kinks",
            "pieces_on_the_line",
            "pieces_for_every_scale",
            "kinks",
            "jumping_derivatives",
        ),
        numbers=1,
        least=1,
        of_each=True,
        lens="derivative",
    ),
    "coercive": Property(
        (
            *_in("shape.growth", "coercive_on_its_line", "strong_convexity", "flat_directions"),
            *_in("shape.alone", "in_one_alone"),
            *_in("shape.coercivity", "coercive_in_each_part"),
        ),
        least=1,
        is_sought=True,
        lens="limits",
    ),
    "strongly_convex": Property(
        (
            *_in("shape.strictness", "second_derivative", "structure_of_the_hessian"),
            *_in("hessians.strictness", "less_the_square"),
            *_in("shape.strictness", "convexity", "drawn_chords"),
        ),
        numbers=1,
        candidates="shape.constants:moduli",
        is_sought=True,
        impossible="shape.constants:no_modulus",
        least=1,
        lens="curvature",
    ),
    "tends": Property(
        _in("shape.growth", "limits"),
        numbers=2,
        least=1,
        candidates="shape.growth:sides_as_claims",
        of_each=True,
        of_scalars=True,
        is_sought=True,
        lens="limits",
    ),
    "redescending": Property(
        _in("shape.growth", "vanishing_slope"),
        least=1,
        of_each=True,
        of_scalars=True,
        is_sought=True,
        lens="limits",
    ),
    "homogeneous": Property(
        _in("shape.growth", "degree"),
        numbers=1,
        least=1,
        candidates="shape.growth:degrees_as_claims",
        with_data=True,
        is_sought=True,
        impossible="shape.growth:no_degree",
        transforms=True,
        lens="moves",
    ),
    "minimum": Property(
        _in("bounds.attained", "reached"),
        numbers=1,
        candidates="bounds.attained:candidates",
        impossible="shape.growth:no_extreme",
        is_sought=True,
        lens="range",
    ),
    "maximum": Property(
        _in("bounds.attained", "reached"),
        numbers=1,
        candidates="bounds.attained:candidates",
        impossible="shape.growth:no_extreme",
        is_sought=True,
        lens="range",
    ),
    "infimum": Property(
        _in("bounds.attained", "approached", "reached"),
        numbers=1,
        candidates="bounds.attained:candidates",
        impossible="shape.growth:no_extreme",
        is_sought=True,
        implied_by=("minimum",),
        lens="range",
    ),
    "supremum": Property(
        _in("bounds.attained", "approached", "reached"),
        numbers=1,
        candidates="bounds.attained:candidates",
        impossible="shape.growth:no_extreme",
        is_sought=True,
        implied_by=("maximum",),
        lens="range",
    ),
    "bounded": Property(_BOUNDS, numbers=2, lens="range"),
    "nonnegative": Property(_BOUNDS, lens="range"),
    "symmetric": Property(
        _in("shape.symmetry", "same_formula", "same_formulas", "drawn_inputs"),
        least=2,
        lens="exchange",
    ),
    "divergence": Property(
        (
            *_in("statistics.perspectives", "rising_function_of_an_f_divergence"),
            *_in("statistics.divergences", "divergence"),
        ),
        least=2,
        transforms=True,
        lens="range",
    ),
    "triangle": Property(
        (
            *_in("statistics.distances", "norm_of_a_difference"),
            *_in("statistics.roots", "root_of_an_f_divergence"),
            *_in("statistics.distances", "three_points"),
        ),
        least=2,
        transforms=True,
    ),
    "invariant": Property(
        _in("shape.invariance", "moves", "drawn_moves"),
        qualifiers={"shift": 0, "scale": 0, "permutation": 0},
        least=1,
        transforms=True,
        lens="moves",
    ),
    "bounds": Property(
        _in("statistics.calibration", "bounds"), metric=True, transforms=True, lens="range"
    ),
    "calibrated": Property(
        ("statistics.rankings:calibrated", "statistics.calibration:calibrated"),
        metric=True,
        transforms=True,
        lens="derivative",
    ),
    "noise_tolerant": Property(
        _in("statistics.noise", "sum_over_two_labels", "sum_over_classes", "drawn_sums"),
        transforms=True,
        lens="range",
    ),
    "proper": Property(
        (*_PROPRIETY, *_in("statistics.propriety", "proper")),
        transforms=True,
        lens="derivative",
    ),
    "strictly_proper": Property(
        (*_PROPRIETY, *_in("statistics.propriety", "strictly_proper")),
        transforms=True,
        lens="derivative",
    ),
    "proper_composite": Property(
        _in("statistics.links", "through_its_link"),
        numbers=1,
        candidates="statistics.links:own_links",
        is_sought=True,
        is_quiet=True,
        transforms=True,
    ),
    "information_bound": Property(
        _in("statistics.contrast", "of_a_batch"),
        numbers=1,
        candidates="statistics.contrast:most_information",
        is_sought=True,
        is_quiet=True,
    ),
    "estimates": Property(
        _in("statistics.elicitation", "estimates"),
        qualifiers=_STATISTICS,
        transforms=True,
        lens="derivative",
    ),
    "likelihood": Property(
        _in("statistics.likelihoods", "likelihood"),
        qualifiers=_DISTRIBUTIONS,
        transforms=True,
        lens="derivative",
    ),
}
