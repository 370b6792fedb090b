"""The last stage of the passes: the same value in better arithmetic, and no derivatives are taken any more.

What the rules of `objc.passes.rewrites` make is differentiated again; what is made here isn't. A series
stands for what cancels around zero, a sum of squares for a divergence, a ratio for a square that would
leave the range: each is a form of the number, not of the function. `keep_digits` comes before sharing,
while the formulas are whole, and `keep_range` after everything, when products are what they will be.
"""

from __future__ import annotations

from objc.ir.program import Program
from objc.passes.evaluation.differences.cancellation import expand_at_zero
from objc.passes.evaluation.differences.combinations import combine_differences
from objc.passes.evaluation.differences.common_factors import factor_differences
from objc.passes.evaluation.differences.counts import counts_over_counts
from objc.passes.evaluation.differences.excess import beyond_tangents
from objc.passes.evaluation.differences.fractions import over_common_denominators
from objc.passes.evaluation.differences.near_arguments import (
    differences_at_near_arguments,
    differences_of_powers,
)
from objc.passes.evaluation.differences.near_one import less_one
from objc.passes.evaluation.differences.radicands import name_radicands
from objc.passes.evaluation.differences.root_differences import over_sums_of_roots
from objc.passes.evaluation.differences.settings import cancel_settings
from objc.passes.evaluation.differences.square_differences import factor_differences_of_squares
from objc.passes.evaluation.divergences.affinities import affinities_by_parts
from objc.passes.evaluation.divergences.distributions import divergences_by_parts
from objc.passes.evaluation.divergences.rates import log_ratios_near_one, rates_by_parts
from objc.passes.evaluation.divergences.relative_entropies import entropies_by_parts
from objc.passes.evaluation.divergences.sigmoids import divergences_of_sigmoids
from objc.passes.evaluation.divergences.soft_labels import divergences_from_labels
from objc.passes.evaluation.divergences.soft_targets import soft_targets_by_parts
from objc.passes.evaluation.gammas.differences import differences_of_gammas
from objc.passes.evaluation.gammas.far import gammas_beside_logarithms
from objc.passes.evaluation.known_arms import open_known_arms
from objc.passes.evaluation.powers.compound import compound
from objc.passes.evaluation.powers.exponentials import powers_of_one_exponential
from objc.passes.evaluation.powers.reciprocals import powers_of_one_reciprocal
from objc.passes.evaluation.powers.sigmoid_powers import powers_of_sigmoids
from objc.passes.evaluation.powers.small_exponents import powers_near_one
from objc.passes.evaluation.powers.small_shapes import shapes_near_zero
from objc.passes.evaluation.powers.two_sides import powers_of_two_sides
from objc.passes.evaluation.probabilities.complements import complements_of_probabilities
from objc.passes.evaluation.probabilities.confident import ask_the_others
from objc.passes.evaluation.probabilities.curvatures import curvatures_near_one
from objc.passes.evaluation.probabilities.jensen_gaps import measure_gaps
from objc.passes.evaluation.probabilities.label_distances import distances_from_labels
from objc.passes.evaluation.probabilities.levels import count_from_levels
from objc.passes.evaluation.probabilities.means import center_means
from objc.passes.evaluation.probabilities.moments import variances_as_squares
from objc.passes.evaluation.probabilities.normalizers import subtract_normalizers
from objc.passes.evaluation.probabilities.offsets import compare_without_offsets
from objc.passes.evaluation.probabilities.own_scores import scores_less_the_own
from objc.passes.evaluation.probabilities.power_complements import complements_of_powers
from objc.passes.evaluation.probabilities.responsibilities import shares_of_steep_sums
from objc.passes.evaluation.probabilities.softmaxes import compare_softmaxes
from objc.passes.evaluation.ranges.products import keep_range
from objc.passes.evaluation.ranges.scales import scale_last
from objc.passes.evaluation.vectors.cosine_complements import complements_of_cosines
from objc.passes.evaluation.vectors.deviations import center_twice
from objc.passes.evaluation.vectors.learned_sides import slopes_by_sides
from objc.passes.evaluation.vectors.lengths import divide_by_lengths
from objc.passes.evaluation.vectors.projections import project_by_the_rest
from objc.passes.evaluation.vectors.unit_entries import divide_entries_by_lengths
from objc.passes.evaluation.vectors.weighted_squares import weigh_by_roots
from objc.passes.stable.squares import differences_of_squares

__all__ = ["keep_digits", "keep_range", "scale_last"]


def keep_digits(program: Program) -> Program:
    """The program without the subtractions of nearly equal numbers that have another form."""
    program = curvatures_near_one(scores_less_the_own(program))
    program = counts_over_counts(beyond_tangents(divergences_from_labels(name_radicands(program))))
    program = center_means(open_known_arms(gammas_beside_logarithms(program)))
    program = differences_of_powers(project_by_the_rest(variances_as_squares(program)))
    program = powers_near_one(shapes_near_zero(slopes_by_sides(program)))
    program = complements_of_cosines(complements_of_powers(complements_of_probabilities(program)))
    program = combine_differences(
        over_common_denominators(divergences_by_parts(rates_by_parts(program)))
    )
    program = distances_from_labels(differences_of_squares(program))
    program = soft_targets_by_parts(entropies_by_parts(ask_the_others(program)))
    program = expand_at_zero(compare_softmaxes(measure_gaps(affinities_by_parts(program))))
    program = over_sums_of_roots(log_ratios_near_one(differences_of_gammas(program)))
    program = factor_differences_of_squares(count_from_levels(program))
    program = differences_at_near_arguments(divergences_of_sigmoids(program))
    program = powers_of_sigmoids(powers_of_two_sides(compound(program)))
    program = less_one(subtract_normalizers(program))
    program = shares_of_steep_sums(program)
    program = center_twice(weigh_by_roots(divide_by_lengths(program)))
    program = divide_entries_by_lengths(program)
    program = cancel_settings(compare_without_offsets(program))
    return factor_differences(powers_of_one_reciprocal(powers_of_one_exponential(program)))
