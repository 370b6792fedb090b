"""How an objective's terms become one value: the weight of each, and what is added beside it.

`combine sum` is Σ wₜ Lₜ. `combine uncertainty` (Kendall, Gal and Cipolla 2018, equation 10) learns a
log-variance sₜ for every term that belongs to an example:

    Σ wₜ (exp(−sₜ) Lₜ + sₜ/2)

It is exact for a term that is a negative log-likelihood at unit variance, such as half a squared error
with Gaussian noise of the variance exp(sₜ), and the paper's approximation for cross-entropy with logits
divided by exp(sₜ). At sₜ = 0, where it starts, the value is that of `combine sum`; at the best sₜ a term
weighs 1/(2 Lₜ). wₜ is 1 unless a weight is written. Terms over parameters are added plainly.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import sympy

from objc.ir.domain import REAL
from objc.ir.program import Input
from objc.ir.symbols import Expression
from objc.passes.lower import errors
from objc.passes.lower.combination_errors import OF_GRADIENTS, SYMBOLIC
from objc.passes.lower.names import Scope
from objc.passes.lower.shapes import of_hyperparameters
from objc.syntax import tree

if TYPE_CHECKING:
    from objc.passes.lower.declarations import Lowering

LOG_VARIANCE = "log_variance_"
"""The learned parameter of the term `depth` is `log_variance_depth`."""


@dataclass(frozen=True)
class Share:
    """What a term of the value L contributes: `weight · L + offset`."""

    weight: Expression = sympy.Integer(1)
    offset: Expression = sympy.Integer(0)


def shares_of(declaration: tree.Objective, lowering: Lowering) -> dict[str, Share]:
    """The share of every term, by name; learned parameters of the combination become inputs."""
    scope = lowering.scope
    weights = _weights(declaration, scope)
    shares = {one.name: Share(weights.get(one.name, Share.weight)) for one in declaration.terms}
    span = declaration.combine_span or declaration.span
    if declaration.combine in OF_GRADIENTS:
        scope.collector.add(errors.GradientCombination(span, declaration.combine))
    elif declaration.combine not in SYMBOLIC:
        scope.collector.add(errors.UnknownCombination(span, declaration.combine))
    elif declaration.combine == "uncertainty":
        weighed = [one for one in declaration.terms if not one.over_parameters]
        if not weighed:
            scope.collector.add(errors.NothingToWeigh(span))
        for term in weighed:
            shares[term.name] = _learned(declaration, term, shares[term.name].weight, lowering)
    return shares


def _learned(
    declaration: tree.Objective, term: tree.Term, weight: Expression, lowering: Lowering
) -> Share:
    """The share of a term with a learned log-variance. A reward is maximized, so its anchor is
    taken off."""
    s = _log_variance(term, lowering).read()
    half = s / 2 if declaration.direction == "minimize" else -s / 2
    return Share(weight * sympy.exp(-s), weight * half)


def _log_variance(term: tree.Term, lowering: Lowering) -> Input:
    """The learned parameter of a term, the user's own where one of that name is declared."""
    name = LOG_VARIANCE + term.name
    context = lowering.context
    declared = next((one for one in context.inputs if one.name == name), None)
    if declared is not None and declared.role == "learned" and not dict(context.input_axes)[name]:
        return declared
    made = Input(name, (), REAL, "learned", sympy.Integer(0), span=term.span)
    if not lowering.builder.take(name):
        what = "it is the log-variance that `combine uncertainty` learns for this term"
        other = None if declared is None else declared.span
        lowering.collector.add(errors.DuplicateName(term.span, name, what, other))
        return made
    context.inputs.append(made)
    context.input_axes.append((name, ()))
    return made


def _weights(declaration: tree.Objective, scope: Scope) -> dict[str, Expression]:
    names = tuple(one.name for one in declaration.terms)
    found: dict[str, Expression] = {}
    for keyword in declaration.weights:
        if keyword.name not in names:
            scope.collector.add(errors.BadTerm(keyword.span, keyword.name, names))
            continue
        if keyword.name in found:
            what = "its weight is given twice"
            scope.collector.add(errors.DuplicateName(keyword.span, keyword.name, what, None))
        where = f"the weight of `{keyword.name}`"
        found[keyword.name] = of_hyperparameters(keyword.value, scope, where)
    return found
