"""Objectives: named terms, their weights, and what of them belongs to one example."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sympy

from objc.ir.program import Term
from objc.passes.lower import errors
from objc.passes.lower.builder import Wanted
from objc.passes.lower.combinations import shares_of
from objc.passes.lower.definitions import define_all
from objc.passes.lower.elementwise import scalar
from objc.passes.lower.names import Scope
from objc.passes.lower.resolve import number_of
from objc.passes.lower.values import Environment
from objc.syntax import tree

if TYPE_CHECKING:
    from objc.passes.lower.declarations import Lowering


def objective_body(
    declaration: tree.Objective, lowering: Lowering
) -> tuple[tuple[Term, ...], dict[str, str]]:
    """Lower the terms of an objective. Its `per_example` is the weighted sum of those that belong to
    an example."""
    scope = lowering.scope
    _check_names(declaration, scope)
    live = define_all(declaration, [one.value for one in declaration.terms], scope)
    values = [
        scalar(number_of(one.value, scope), scope, f"the term `{one.name}`")
        for one in declaration.terms
    ]
    shares = shares_of(declaration, lowering)
    lowering.resolve()
    for binding in live:
        binding.make(Environment())
    terms = []
    for one, value in zip(declaration.terms, values, strict=True):
        let = lowering.make(_let_name(one, lowering), value)
        share = shares[one.name]
        terms.append(Term(one.name, let, share.weight, one.over_parameters, share.offset))
    return tuple(terms), {"per_example": _per_example(terms, lowering)}


def _let_name(term: tree.Term, lowering: Lowering) -> str:
    """A term may have an input's name, `depth: absolute_error(depth | …)`: its let has another, and
    so has the only term of an objective, since `value` is that of the whole batch."""
    if term.name == "value":
        return "loss"
    return f"{term.name}_term" if term.name in lowering.scope.names else term.name


def _check_names(declaration: tree.Objective, scope: Scope) -> None:
    seen: dict[str, tree.Term] = {}
    for term in declaration.terms:
        if term.name in seen:
            what = "another term has it"
            scope.collector.add(
                errors.DuplicateName(term.span, term.name, what, seen[term.name].span)
            )
        seen[term.name] = term


def _per_example(terms: list[Term], lowering: Lowering) -> str:
    of_examples = [one for one in terms if not one.over_parameters]
    builder = lowering.builder
    if len(of_examples) == 1 and of_examples[0].is_plain:
        return of_examples[0].let
    lets = {one.name: one for one in builder.lets}
    body = sympy.Add(*(one.share(lets[one.let].read()) for one in of_examples))
    wanted = Wanted(builder.fresh("per_example"), exact=True)
    return builder.let(wanted, (), body, span=lowering.declaration.name_span).name
