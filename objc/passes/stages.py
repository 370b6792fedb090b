"""The passes that go together: bringing a program to stable form, and tidying up derivatives."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from objc.ir.program import Program
from objc.ir.verify import verify
from objc.passes.derivatives.lengths import slopes_of_lengths
from objc.passes.evaluation.probabilities.responsibilities import name_responsibilities
from objc.passes.stable.common_scales import name_common_scales
from objc.passes.stable.complements import rests_of_softmaxes
from objc.passes.stable.differences import name_differences
from objc.passes.stable.exchanged_sums import sums_without_softmaxes
from objc.passes.stable.gamma_entropies import entropies_of_gammas
from objc.passes.stable.kinks_of_powers import branch_at_kinks
from objc.passes.stable.label_cases import labels_by_cases
from objc.passes.stable.label_sides import distances_by_sides, sides_of_labels
from objc.passes.stable.logits import name_logits
from objc.passes.stable.margins import margins_within
from objc.passes.stable.mixtures import ratios_to_mixtures, without_equal_shares
from objc.passes.stable.nest import nest_extremes
from objc.passes.stable.odds import ratios_of_odds
from objc.passes.stable.overlaps import overlaps_by_the_rest
from objc.passes.stable.own_places import read_own_places
from objc.passes.stable.places import tell_places
from objc.passes.stable.power_norms import name_power_norms
from objc.passes.stable.renormalized import quotients_by_the_rest
from objc.passes.stable.shares import shares_by_the_rest
from objc.passes.stable.simplices import (
    complements_of_squares,
    greatest_exponents,
    logs_of_the_rest,
)
from objc.passes.stable.squares import differences_of_squares
from objc.passes.stable.stabilise import stabilise
from objc.passes.stable.steep_powers import exponentials_of_powers
from objc.passes.stable.totals import totals_by_logarithms
from objc.passes.stable.weighted_logits import name_weighted_logits
from objc.passes.stable.written_softmaxes import softmaxes_by_normalizers
from objc.passes.tidying.demand import guard_by_demand, guard_places
from objc.passes.tidying.idle import without_idle_indices
from objc.passes.tidying.inline import inline_all, inline_same_loop
from objc.passes.tidying.prune import prune
from objc.passes.tidying.reach import limit_recurrences
from objc.passes.tidying.share import multiples_of_numbers, same_numbers, same_sums
from objc.passes.tidying.simplify import fixed_sums, simplify, sums_within_cases

Step = tuple[str, Callable[[Program], Program]]


def stable(program: Program) -> Program:
    """The program with its formulas whole and in safe arithmetic."""
    steps = (
        ("places", tell_places),
        ("nest", nest_extremes),
        ("inline", inline_all),
        ("fixed", fixed_sums),
        ("labels", labels_by_cases),
        ("distances", distances_by_sides),
        ("inline", inline_all),
        ("own places", read_own_places),
        ("prune", prune),
        ("margins", margins_within),
        ("written softmaxes", softmaxes_by_normalizers),
        ("softmaxes", sums_without_softmaxes),
        ("rests of softmaxes", rests_of_softmaxes),
        ("scales", name_common_scales),
        ("reach", limit_recurrences),
        ("demand", guard_by_demand),
        ("overlaps", overlaps_by_the_rest),
        ("cases", sums_within_cases),
        ("squares", differences_of_squares),
        ("powers", exponentials_of_powers),
        ("entropies", entropies_of_gammas),
        ("mixtures", ratios_to_mixtures),
        ("totals", totals_by_logarithms),
        ("extremes", greatest_exponents),
        ("weighted logits", name_weighted_logits),
        ("complements", complements_of_squares),
        ("shares", shares_by_the_rest),
        ("renormalized", quotients_by_the_rest),
        ("norms", name_power_norms),
        ("prune", prune),
        ("stabilise", stabilise),
        ("sums", same_sums),
        ("sides", sides_of_labels),
        ("kinks", branch_at_kinks),
        ("rests", logs_of_the_rest),
        ("odds", ratios_of_odds),
        ("logits", name_logits),
        ("differences", partial(name_differences, known=program)),
        ("responsibilities", name_responsibilities),
        ("demand", guard_places),
    )
    return checked(program, *steps)


def tidy(program: Program, *, final: bool = True) -> Program:
    """A program with derivatives: whole formulas, δ and diagonals resolved, in safe arithmetic
    again. `stop_gradient` goes if it is the `final` derivative."""
    steps = (
        ("idle", without_idle_indices),
        ("inline", inline_same_loop),
        ("prune", prune),
        ("lengths", slopes_of_lengths),
        ("shares", without_equal_shares),
        ("numbers", same_numbers),
        ("multiples", multiples_of_numbers),
        ("simplify", simplify),
        ("inline", inline_same_loop),
        ("prune", prune),
        ("stabilise", partial(stabilise, differentiated=final)),
    )
    return checked(program, *steps)


def checked(program: Program, *steps: Step) -> Program:
    """The program after these steps, verified after each that changes it."""
    for name, step in steps:
        before, program = program, step(program)
        if program != before or name == "expand":  # which is to leave less than others may
            verify(program, after=name)
    return program
